"""Which snapshots stay, and what their branch is when the others have gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from snapstore.store import Store, collect, commits, open_store, remote
from snapstore.store.history import Keep
from snapstore.store.remote import Move, Remote
from tests.store.making import assert_clean, contents, git, state, take, text

DAY = 86_400


@pytest.fixture(autouse=True)
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "YOUNG", -1)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The time at which the next snapshot is taken."""
    now = [1_700_000_000]
    signature = commits.signature
    monkeypatch.setattr(commits, "signature", lambda root: signature(root, now[0]))
    yield now


def fill(store: Store, number: int, clock: list[int] | None = None, step: int = DAY) -> list[str]:
    """That many snapshots, newest first, each with a file of its own name."""
    made = []
    for n in range(number):
        made.append(str(take(store, f"take {n}", a=state(text(f"{n}", f"{n}" * 500), n=n))))
        if clock:
            clock[0] += step
    return made[::-1]


def log(store: Store, revision: str = "HEAD") -> list[str]:
    return [info.commit for info in open_store(store.path).log(revision)]


def gc(store: Store, keep: Keep, needed: tuple[str, ...] = (), *, shared: bool = False) -> list[str]:
    gone = [info.commit for info in store.retain(keep, needed, shared=shared).goes]
    store.collect()
    return gone


def check(store: Store, stays: list[str], gone: list[str]) -> None:
    again = open_store(store.path)
    assert log(store) == stays
    assert not any(again.has(commit) for commit in gone)
    for number, commit in enumerate(stays):
        assert contents(again.snapshot(commit))
        assert again.resolve(f"HEAD~{number}") == commit
    assert_clean(store)


def test_the_newest_stay_under_their_ids(store: Store, tmp_path: Path) -> None:
    made = fill(store, 8)
    assert gc(store, Keep(3)) == made[3:]
    check(store, made[:3], made[3:])
    after = str(take(store, a=state(text("after"))))
    assert log(store) == [after, *made[:3]]
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--bare", f"file://{store.path}", str(clone)], check=True)
    assert [info.commit for info in open_store(clone).log()] == [after, *made[:3]]


def test_with_gaps_the_rest_is_one_history(store: Store, clock: list[int]) -> None:
    made = fill(store, 12, clock, step=DAY // 3)
    git(store, "tag", "v1", made[10])
    days: dict[int, str] = {}
    for info in open_store(store.path).log():
        days.setdefault((info.time + 60 * info.tz) // DAY, info.commit)
    stays = {*made[:2], *list(days.values())[:3], made[10]}
    gone = gc(store, Keep(2, 3))
    assert set(made) - stays == set(gone)
    check(store, [commit for commit in made if commit in stays], gone)
    assert gc(store, Keep(2, 3)) == []
    more = fill(store, 3, clock)
    assert made[10] in log(store)
    git(store, "gc", "-q")
    gc(store, Keep(1, 0))
    check(store, [more[0], made[10]], [*more[1:], made[0]])


def test_what_something_else_needs_stays(store: Store) -> None:
    made = fill(store, 10)
    git(store, "branch", "other", made[8])
    git(store, "update-ref", "refs/snapstore/safety/1", made[6])
    git(store, "update-ref", "refs/snapstore/plans/abc", made[5])
    assert gc(store, Keep(1), (made[3],)) == [made[n] for n in (1, 2, 4, 7)]
    check(store, [made[n] for n in (0, 3, 5, 6, 8, 9)], [made[n] for n in (1, 2, 4, 7)])
    assert log(store, "other") == [made[8], made[9]]


def test_what_a_branch_was_moved_away_from_stays_as_long_as_its_reflog(store: Store) -> None:
    made = fill(store, 4)
    git(store, "update-ref", "-m", "back", "refs/heads/main", made[2])
    assert gc(store, Keep(1)) == [made[3]]
    assert open_store(store.path).resolve("HEAD@{1}") == made[0]
    assert contents(open_store(store.path).snapshot(made[0]))
    assert_clean(store)


def test_a_shared_store_keeps_what_was_not_pushed_and_pushes_on(store: Store, tmp_path: Path) -> None:
    made = fill(store, 6)
    assert gc(store, Keep(1), shared=True) == []
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "remote")], check=True)
    where = Remote(str(tmp_path / "remote"))
    remote.push(store.path, where, {"refs/heads/main": Move(None, made[1])})
    git(store, "update-ref", "refs/remotes/origin/main", made[1])
    assert gc(store, Keep(1), shared=True) == made[2:]
    check(store, made[:2], made[2:])
    remote.push(store.path, where, {"refs/heads/main": Move(made[1], made[0])})
    assert git(tmp_path / "remote", "rev-list", "main").split() == made
    git(tmp_path / "remote", "fsck", "--full", "--strict")


KILLED = """
import os, signal, sys
from pathlib import Path
from snapstore.store import collect, durable, open_store, refs
from snapstore.store.history import Keep
collect.YOUNG = -1
left = int(sys.argv[2])
def counted(function):
    def called(*args, **more):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **more)
    return called
Path.replace, Path.unlink = counted(Path.replace), counted(Path.unlink)
store = open_store(Path(sys.argv[1]))
store.retain(Keep(2, 0), (), shared=False)
store.collect()
"""
STEP = int(os.environ.get("SNAPSTORE_GC_STEP", "9"))


def test_killed_before_any_change_of_a_file_the_next_run_completes_it(store: Store, tmp_path: Path) -> None:
    made = fill(store, 5)
    git(store, "tag", "v1", made[3])
    original = tmp_path / "original"
    store.path.rename(original)
    for number in range(0, 1000, STEP):
        subprocess.run(["rm", "-rf", str(store.path)], check=True)
        subprocess.run(["cp", "-a", str(original), str(store.path)], check=True)
        ran = subprocess.run(
            [sys.executable, "-c", KILLED, str(store.path), str(number)], capture_output=True, check=False
        )
        again = open_store(store.path)
        assert [notice for notice in again.check() if "harmless" not in notice.text] == []
        assert log(store) in (made, [*made[:2], made[3]])
        assert take(again, a=state(text("after")))
        gc(again, Keep(3))
        assert log(store)[1:] == [*made[:2], made[3]]
        git(store, "fsck", "--full", "--strict")
        if ran.returncode == 0:
            break
        assert ran.returncode == -signal.SIGKILL, ran.stderr
