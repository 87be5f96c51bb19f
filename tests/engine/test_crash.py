"""Killed at any instant, a restore leaves the old state, the new one, or a journal to go on or back from."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from snapstore import journal
from snapstore.errors import Exit, SnapError
from snapstore.interrupted import abort, resume
from snapstore.restored import RestoreResult
from snapstore.take import live, take
from tests.engine import crash, toys
from tests.engine.conftest import Place


@pytest.fixture
def template(place: Place) -> tuple[Place, str, str]:
    """Two commits, the live state being the second."""
    place.put("db", {"t:a": {"x": 1}}, {"one": "1"})
    place.put("web", {"v:x": {"n": 1}}, {"a": "old"})
    old = place.take("old")
    place.put("db", {"t:b": {"x": 1}})
    place.put("web", {"v:x": {"n": 2}}, {"a": "new"})
    return place, old, place.take("new")


def copy(place: Place, name: str) -> Place:
    root = place.root.with_name(name)
    shutil.copytree(place.root, root)
    return Place(toys.config(root, crash.KINDS))


def killed(template: Place, target: str, moment: str) -> Iterator[Place]:
    """A place for each instant at which a restore of it can be killed."""
    for nth in count():
        place = copy(template, f"killed-{moment}-{nth}")
        if not crash.restore_until(place.root, target, moment, nth):
            assert nth > 10
            return
        yield place


@pytest.mark.parametrize("moment", ["before", "torn", "after", "sync"])
def test_killed_at_every_boundary_it_can_go_on_and_back(
    template: tuple[Place, str, str], moment: str
) -> None:
    original, old, new = template
    trees = {commit: original.ws.store.snapshot(commit).tree for commit in (old, new)}
    interrupted = 0
    for place in killed(original, old, moment):
        if journal.unfinished(place.ws.store.workspace("journal")) is None:
            assert live(place.ws).tree in trees.values()
            assert place.restore(old).verified
            continue
        interrupted += 1
        for way, promised in ((resume, old), (abort, new)):
            ended = copy(place, f"{place.root.name}-{way.__name__}")
            check_ended(ended, way, trees[promised])
    assert interrupted > 5


def check_ended(place: Place, way: Callable[..., RestoreResult], tree: str) -> None:
    with pytest.raises(SnapError) as caught:
        place.restore("HEAD~1")
    assert caught.value.code is Exit.INTERRUPTED
    assert way(place.ws).verified
    assert live(place.ws).tree == tree
    assert [notice for notice in place.ws.store.check() if "harmless" not in notice.text] == []
    assert take(place.ws, "after").tree == tree


def test_two_restores_at_once_are_refused_and_the_first_is_not_disturbed(
    template: tuple[Place, str, str],
) -> None:
    place, old, _ = template
    ready, go = crash.event(), crash.event()
    first = crash.start(crash.hold_lock, place.root, ready, go)
    assert ready.wait(60)
    for attempt in (lambda: place.restore(old), lambda: resume(place.ws), lambda: abort(place.ws)):
        with pytest.raises(SnapError, match=f"process {first.pid}") as caught:
            attempt()
        assert caught.value.code is Exit.LOCKED
    go.set()
    first.join()
    assert first.exitcode == 0
    assert live(place.ws).tree == place.ws.store.snapshot(old).tree


def test_a_lock_ends_with_its_holder(template: tuple[Place, str, str]) -> None:
    place, old, _ = template
    assert crash.restore_until(place.root, old, "after", 0)
    assert resume(place.ws).verified


def test_it_goes_on_from_a_copy_of_the_folder(template: tuple[Place, str, str], tmp_path: Path) -> None:
    place, old, _ = template
    assert crash.restore_until(place.root, old, "after", 3)
    moved = copy(place, "moved")
    assert resume(moved.ws).verified
