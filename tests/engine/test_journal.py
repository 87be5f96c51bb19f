"""A journal tells after any crash what has happened, and says so where it is damaged."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from snapstore import journal
from snapstore.errors import SnapError
from snapstore.journal import Begin, End, Finished, Journal, Result, Started
from snapstore.model import EVERYTHING, Action, Plan, PlanOptions, PlanSide, Verb


def begin(subject: str = "v:x") -> Begin:
    action = Action("web", Verb.CREATE, subject, "create it", payload={"n": [1, None]})
    plan = Plan(PlanSide("1" * 40), PlanSide("2" * 40, "3" * 40), EVERYTHING, PlanOptions(), [action])
    return Begin("restore", "3" * 40, "4" * 40, "refs/snapstore/safety/x", EVERYTHING, plan, (), 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store" / "journal"


@pytest.fixture
def written(folder: Path) -> Journal:
    record = journal.create(folder, begin())
    record.write(Started((0,), "web"))
    record.write(Finished((0,)))
    return record


def newest(folder: Path) -> Journal:
    return next(journal.history(folder))


@pytest.mark.parametrize("subject", ["v:x", "caf\udce9/\ud7ff☃", "a\nb"])
def test_what_was_written_is_read_again(folder: Path, subject: str) -> None:
    written = journal.create(folder, begin(subject))
    assert newest(folder) == written
    assert newest(folder).begin.plan.actions[0].subject == subject


def test_a_journal_is_open_until_its_end(folder: Path, written: Journal) -> None:
    assert journal.unfinished(folder) == written
    written.write(End(Result.DONE, None))
    assert journal.unfinished(folder) is None


def test_journals_are_read_newest_first(folder: Path) -> None:
    for _ in range(11):
        journal.create(folder, begin()).write(End(Result.DONE))
    assert [int(found.path.stem) for found in journal.history(folder)] == list(range(11, 0, -1))


def test_without_a_folder_nothing_is_unfinished(folder: Path) -> None:
    assert journal.unfinished(folder) is None


def test_a_record_cut_off_at_any_byte_is_as_if_it_had_not_been_written(
    folder: Path, written: Journal
) -> None:
    whole = written.path.read_bytes()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    for length in range(last, len(whole)):
        written.path.write_bytes(whole[:length])
        assert newest(folder).records == written.records[:-1]


def test_writing_goes_on_behind_the_last_whole_record(folder: Path, written: Journal) -> None:
    written.path.write_bytes(written.path.read_bytes() + b'{"record":"finis')
    found = newest(folder)
    found.write(End(Result.ABORTED))
    assert newest(folder).records == [*written.records, End(Result.ABORTED)]


def test_a_last_line_of_zeros_is_a_record_cut_off(folder: Path, written: Journal) -> None:
    written.path.write_bytes(written.path.read_bytes() + b"\0" * 30 + b"\n")
    assert newest(folder).records == written.records


def test_damage_before_the_last_line_is_an_error_that_names_it(folder: Path, written: Journal) -> None:
    lines = written.path.read_bytes().split(b"\n")
    lines[1] = lines[1].replace(b"started", b"st\xffrted")
    written.path.write_bytes(b"\n".join(lines))
    with pytest.raises(SnapError, match="line 2") as caught:
        journal.unfinished(folder)
    assert caught.value.where == str(written.path)


def test_a_journal_without_its_beginning_is_damaged(folder: Path, written: Journal) -> None:
    lines = written.path.read_bytes().split(b"\n")
    written.path.write_bytes(b"\n".join(lines[1:]))
    with pytest.raises(SnapError, match="line 1"):
        journal.unfinished(folder)


@pytest.mark.parametrize("length", [0, 10])
def test_a_journal_cut_off_in_its_first_record_is_of_a_restore_that_never_began(
    folder: Path, written: Journal, length: int
) -> None:
    written.path.write_bytes(written.path.read_bytes()[:length])
    assert journal.unfinished(folder) is None
    assert int(journal.create(folder, begin()).path.stem) == 2


def test_a_full_disk_is_an_error_and_the_journal_stays_readable(
    folder: Path, written: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = list(written.records)
    write = os.pwrite

    def full(descriptor: int, data: bytes, position: int) -> int:
        if len(data) > 5:
            return write(descriptor, data[:5], position)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(SnapError, match="No space left") as caught:
        written.write(End(Result.DONE))
    assert caught.value.where == str(written.path)
    monkeypatch.undo()
    assert newest(folder).records == before
    written.write(Finished((0,)))
    assert newest(folder).records == [*before, Finished((0,))]


def test_a_record_is_on_disk_before_the_call_returns(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    real: Callable[[int], Any] = os.fsync

    def watch(descriptor: int) -> None:
        real(descriptor)
        synced.append(os.fstat(descriptor).st_size if os.fstat(descriptor).st_mode & 0o100000 else -1)

    monkeypatch.setattr(os, "fsync", watch)
    written = journal.create(folder, begin())
    assert -1 in synced[synced.index(written.size) :], "the folder is synced after the file is there"
    written.write(Started((0,), "web"))
    assert synced[-1] == written.size == written.path.stat().st_size


def test_a_journal_is_readable_by_its_owner_only(written: Journal) -> None:
    assert written.path.stat().st_mode & 0o077 == 0


def test_a_transaction_that_was_tried_twice_may_be_committed_once_all_of_it_is_finished(
    folder: Path,
) -> None:
    together = [Action("web", Verb.CREATE, f"v:{i}", "create it", transactional=True) for i in range(2)]
    actions = [*together, Action("web", Verb.DROP, "v:2", "drop it")]
    numbers = {id(action): number for number, action in enumerate(actions)}
    log = journal.ActionLog(journal.create(folder, begin()), "web", numbers)
    log.started(together[0])
    log.finished(together[0])
    assert not log.may_be_committed(actions)
    for action in together:  # the first attempt was rolled back
        log.started(action)
        log.finished(action)
    assert log.may_be_committed(actions) and log.done == 0
    log.committed()
    assert not log.may_be_committed(actions) and log.done == 2
