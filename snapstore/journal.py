"""The record of one restore, on disk before each step it tells of.

A journal is a file of JSON lines, numbered in the order of the restores. Its first record says which
restore it is; `end` closes it. Only the newest can be open, since a restore does not begin while one is.
Each record is synced before the call returns, and the folder when a journal is created, so that after a
crash the file tells at least what has happened. A last line that is not whole was cut off by that crash:
it is as if it had not been written. Damage anywhere else is an error.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import msgspec

from snapstore.errors import Exit, SnapError
from snapstore.model import Action, HazardName, Outcome, Plan, Scope
from snapstore.store.durable import sync_folder, writing

SUFFIX = ".jsonl"


class Goal(StrEnum):
    """Where an operation leads: on to the target, or back to the safety snapshot."""

    TARGET = "target"
    SAFETY = "safety"


class Result(StrEnum):
    """How a restore ended. STOPPED: before anything was changed; ABORTED: gone back from half-way."""

    DONE = "done"
    MISMATCH = "mismatch"
    STOPPED = "stopped"
    ABORTED = "aborted"


class Begin(msgspec.Struct, frozen=True, tag="begin", tag_field="record"):
    """Which restore this is, and the scope that is captured for it, which may be wider than the plan's.

    ``safety`` is the commit taken before it, ``safety_ref`` keeps it. ``reason`` is why somebody wanted it,
    in their words.
    """

    purpose: str
    target: str
    safety: str
    safety_ref: str
    captured: Scope
    plan: Plan
    allow: tuple[HazardName, ...]
    time: int
    reason: str = ""


class Continued(msgspec.Struct, frozen=True, tag="continue", tag_field="record"):
    """Somebody resumed or aborted it; from here on ``plan`` is what runs."""

    goal: Goal
    plan: Plan
    allow: tuple[HazardName, ...]


class Started(msgspec.Struct, frozen=True, tag="started", tag_field="record"):
    """The actions with these indices in the current plan, all of one resource, are about to run."""

    actions: tuple[int, ...]
    resource: str


class Finished(msgspec.Struct, frozen=True, tag="finished", tag_field="record"):
    """These actions have run."""

    actions: tuple[int, ...]


class Committed(msgspec.Struct, frozen=True, tag="committed", tag_field="record"):
    """All that this resource's adapter has finished is durable."""

    resource: str


class Hooked(msgspec.Struct, frozen=True, tag="hook", tag_field="record"):
    """One attempt of a hook, whose ``failure`` is "" where it succeeded. ``output`` is the end of what it
    printed, secrets masked. It began at ``time``, in seconds since 1970, and took so many ``seconds``."""

    stage: str
    hook: str
    attempt: int
    failure: str
    output: str
    time: float
    seconds: float


class Left(msgspec.Struct, frozen=True, tag="outcome", tag_field="record"):
    """The execution is over; this is the state in which it left one resource."""

    outcome: Outcome


class Verified(msgspec.Struct, frozen=True, tag="verified", tag_field="record"):
    """The live state was captured again and compared; ``mismatches`` is empty when it is as promised."""

    tree: str
    mismatches: tuple[str, ...]


class End(msgspec.Struct, frozen=True, tag="end", tag_field="record"):
    """``problems`` are all that is not as promised, what hooks had to say included."""

    result: Result
    commit: str | None = None
    problems: tuple[str, ...] = ()


Record = Begin | Continued | Started | Finished | Committed | Hooked | Left | Verified | End


@dataclass
class Journal:
    """One restore's journal, open for appending: :meth:`write` has made its record durable on return."""

    path: Path
    begin: Begin
    records: list[Record] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    """When each record was written, in seconds since 1970: for reports, nothing depends on it."""
    size: int = 0
    """Length of the whole records in bytes; what is behind it in the file was cut off by a crash."""

    def write(self, record: Record) -> None:
        """SnapError when the disk does not take it; the next record then goes to the same place."""
        now = round(time.time(), 3)
        line = _encode(record, now)
        _write_at(self.path, self.size, line)
        self.records.append(record)
        self.times.append(now)
        self.size += len(line)

    @property
    def end(self) -> End | None:
        last = self.records[-1]
        return last if isinstance(last, End) else None

    @property
    def plan(self) -> Plan:
        """The plan that ran last."""
        return next(r.plan for r in reversed(self.records) if isinstance(r, Begin | Continued))

    @property
    def goal(self) -> Goal:
        """Where that plan leads."""
        return next((r.goal for r in reversed(self.records) if isinstance(r, Continued)), Goal.TARGET)

    @property
    def allow(self) -> frozenset[HazardName]:
        """All hazards allowed so far, by whoever began and continued it."""
        return frozenset(name for r in self.records if isinstance(r, Begin | Continued) for name in r.allow)

    def started(self) -> list[Action]:
        """All actions that have been started, by every plan that has run so far."""
        found: list[Action] = []
        plan = self.begin.plan
        for record in self.records:
            if isinstance(record, Continued):
                plan = record.plan
            elif isinstance(record, Started):
                found += [plan.actions[number] for number in record.actions]
        return found


def create(folder: Path, begin: Begin) -> Journal:
    """Begin a new journal after the newest one of the folder."""
    with writing(folder):
        _make_folder(folder)
    newest = max((_number(path) for path in _paths(folder)), default=0)
    journal = Journal(folder / f"{newest + 1:06}{SUFFIX}", begin)
    journal.write(begin)
    sync_folder(folder)
    return journal


def history(folder: Path) -> Iterator[Journal]:
    """All journals, newest first. SnapError names one that is damaged when its turn comes.

    A file without one whole record is of a restore that never began, and left out.
    """
    for path in sorted(_paths(folder), key=_number, reverse=True):
        written, size = _read(path)
        if written:
            first = written[0][0]
            if not isinstance(first, Begin):
                raise _damaged(path, 1)
            yield Journal(path, first, [record for record, _ in written], [at for _, at in written], size)


def unfinished(folder: Path) -> Journal | None:
    """The journal of the restore that was interrupted; usually None."""
    newest = next(history(folder), None)
    return newest if newest and newest.end is None else None


def require_finished(folder: Path) -> None:
    """SnapError with code INTERRUPTED, naming the ways on and back, when a restore is half-way."""
    journal = unfinished(folder)
    if journal is not None:
        begin = journal.begin
        raise SnapError(
            f"the {begin.purpose} to {begin.target[:10]} was interrupted",
            where=str(journal.path),
            fix=ways_out(),
            code=Exit.INTERRUPTED,
        )


def ways_out() -> str:
    """The two commands that end an interrupted restore."""
    return "go on with `snap restore --resume`, or back with `snap restore --abort`"


@dataclass
class ActionLog:
    """How an adapter reports into a journal (:class:`snapstore.adapter.Journal`), and what it has done.

    ``numbers`` are the positions of the plan's actions by object. ``done`` counts what is durable in the
    live system; ``begun`` says whether something outside a transaction was begun, finished or not.
    ``pending`` are the positions of what is finished in a transaction that nobody knows to be committed.
    """

    journal: Journal
    resource: str
    numbers: Mapping[int, int]
    done: int = 0
    begun: bool = False
    pending: set[int] = field(default_factory=set)

    def started(self, *actions: Action) -> None:
        numbers = self._numbers(actions)
        self.journal.write(Started(numbers, self.resource))
        self.begun = self.begun or not all(action.transactional for action in actions)
        # A transaction that was rolled back and is tried again begins with its first action.
        self.pending = {number for number in self.pending if number < min(numbers)}

    def finished(self, *actions: Action) -> None:
        self.journal.write(Finished(self._numbers(actions)))
        transactional = [action for action in actions if action.transactional]
        self.pending.update(self._numbers(transactional))
        self.done += len(actions) - len(transactional)

    def committed(self) -> None:
        self.journal.write(Committed(self.resource))
        self.done += len(self.pending)
        self.pending = set()

    def may_be_committed(self, actions: Sequence[Action]) -> bool:
        """Whether a transaction of these actions, all of the resource, was so far that its COMMIT may have
        been sent: then nobody knows whether it went through."""
        left = actions[self.done + len(self.pending) :]
        return bool(self.pending) and not (left and left[0].transactional)

    def _numbers(self, actions: Sequence[Action]) -> tuple[int, ...]:
        return tuple(self.numbers[id(action)] for action in actions)


def _paths(folder: Path) -> Collection[Path]:
    return [path for path in folder.glob(f"*{SUFFIX}") if path.stem.isdecimal()]


def _number(path: Path) -> int:
    return int(path.stem)


def _read(path: Path) -> tuple[list[tuple[Record, float]], int]:
    """The whole records of a journal with their times, and their length in bytes."""
    *lines, _ = path.read_bytes().split(b"\n")
    records: list[tuple[Record, float]] = []
    size = 0
    for number, line in enumerate(lines, 1):
        record = _decode(line)
        if record is None:
            # A crash may also leave the length of the last line on disk, but not its content.
            if number < len(lines):
                raise _damaged(path, number)
            break
        records.append(record)
        size += len(line) + 1
    return records, size


# The json module and not msgspec for the text: file names that are not UTF-8 hold surrogate escapes.


def _encode(record: Record, now: float) -> bytes:
    content = {**msgspec.to_builtins(record), "at": now}
    return json.dumps(content, separators=(",", ":")).encode("ascii") + b"\n"


def _decode(line: bytes) -> tuple[Record, float] | None:
    try:
        content = json.loads(line)
        record: Record = msgspec.convert(content, type=Record)
    except ValueError:
        return None
    return record, content.get("at", 0.0)  # journals of old have no times


def _damaged(path: Path, line: int) -> SnapError:
    return SnapError(
        f"line {line} of this restore's journal is damaged",
        where=str(path),
        fix="the state before it is kept under refs/snapstore/safety: move the journal away, "
        "and restore that with `snap restore REF`",
    )


def _write_at(path: Path, position: int, line: bytes) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(descriptor, position)
            _write_all(descriptor, line, position)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise SnapError(
            f"the journal cannot be written: {error.strerror}",
            where=str(path),
            fix="make it writable, or free some space",
        ) from error


def _write_all(descriptor: int, data: bytes, position: int) -> None:
    while data:
        written = os.pwrite(descriptor, data, position)
        data, position = data[written:], position + written


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        sync_folder(folder.parent)
