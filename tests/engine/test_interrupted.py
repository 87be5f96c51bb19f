"""A restore that stops half-way says in which state each resource is, and can go on or back."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from snapstore import journal
from snapstore.errors import Exit, SnapError
from snapstore.interrupted import abort, resume
from snapstore.model import Action, Condition, HazardName, PlanOptions
from snapstore.restore import undo
from snapstore.restored import RestoreResult
from snapstore.take import live
from tests.engine import toys
from tests.engine.conftest import Place, change_everything

WAYS = ("snap restore --resume", "snap restore --abort")


@pytest.fixture
def three(new_place: Callable[..., Place]) -> tuple[Place, str, str]:
    """Resources a, b and c, each depending on the one before, and two commits that differ in all of them."""
    kinds = {"a": "shelf", "b": "shelf", "c": "ledger"}
    place = new_place(kinds, depends_on={"b": ("a",), "c": ("b",)})
    for name in kinds:
        place.put(name, {"v:1": {"n": 1}, "v:2": {"n": 1}})
    old = place.take("old")
    for name in kinds:
        place.put(name, {"v:1": {"n": 2}, "v:2": {"n": 2}})
    return place, old, place.take("new")


def fail_in_the_middle(place: Place, old: str) -> RestoreResult:
    toys.faults.fail_at["b"] = 1
    result = place.restore(old)
    toys.faults.fail_at.clear()
    return result


def tree(place: Place) -> str:
    return live(place.ws).tree


def tree_of(place: Place, commit: str) -> str:
    return place.ws.store.snapshot(commit).tree


def test_a_failure_leaves_each_resource_in_a_stated_condition_and_names_the_ways_out(
    three: tuple[Place, str, str],
) -> None:
    place, old, new = three
    result = fail_in_the_middle(place, old)
    assert result.exit is Exit.ERROR
    assert [(o.resource, o.condition, o.done, o.total) for o in result.outcomes] == [
        ("a", Condition.RESTORED, 2, 2),
        ("b", Condition.PARTIAL, 1, 2),
        ("c", Condition.UNCHANGED, 0, 2),
    ]
    assert "the system said no" in (result.outcomes[1].error or "")
    assert all(way in result.problems[0] for way in WAYS)
    assert (result.commit, result.verified, place.ws.store.head()) == (None, False, new)


def test_after_a_failure_resume_reaches_the_target(three: tuple[Place, str, str]) -> None:
    place, old, _ = three
    failed = fail_in_the_middle(place, old)
    result = resume(place.ws)
    assert (result.exit, result.verified, result.safety) == (Exit.DONE, True, failed.safety)
    assert tree(place) == tree_of(place, old)
    assert [outcome.resource for outcome in result.outcomes] == ["b", "c"]
    assert tree_of(place, result.commit or "") == tree_of(place, old)


def test_after_a_failure_abort_goes_back_to_the_state_before(three: tuple[Place, str, str]) -> None:
    place, old, new = three
    place.put("c", {"v:unseen": {}})
    before = tree(place)
    fail_in_the_middle(place, old)
    result = abort(place.ws)
    assert (result.exit, result.verified, result.commit) == (Exit.DONE, True, None)
    assert (tree(place), place.ws.store.head()) == (before, new)


def test_undo_after_a_resumed_restore_gives_the_state_before_it(three: tuple[Place, str, str]) -> None:
    place, old, _ = three
    before = tree(place)
    fail_in_the_middle(place, old)
    resume(place.ws)
    undo(place.ws, PlanOptions(), (), None)
    assert tree(place) == before


def test_undo_skips_a_restore_that_was_aborted(three: tuple[Place, str, str]) -> None:
    place, old, new = three
    place.restore(old)
    toys.faults.fail_at["b"] = 1
    place.restore(new)
    toys.faults.fail_at.clear()
    abort(place.ws)
    undo(place.ws, PlanOptions(), (), None)
    assert tree(place) == tree_of(place, new)


def test_a_resume_that_fails_can_be_resumed_and_aborted_again(three: tuple[Place, str, str]) -> None:
    place, old, _ = three
    before = tree(place)
    fail_in_the_middle(place, old)
    toys.faults.fail_at["c"] = 0
    assert resume(place.ws).exit is Exit.ERROR
    toys.faults.fail_at = {"b": 1}
    assert abort(place.ws).exit is Exit.ERROR
    toys.faults.fail_at.clear()
    assert abort(place.ws).verified
    assert tree(place) == before


@pytest.mark.parametrize("way", [resume, abort])
def test_a_resource_that_is_not_in_the_settings_any_more_is_asked_for(
    three: tuple[Place, str, str], way: Callable[..., RestoreResult]
) -> None:
    place, old, _ = three
    fail_in_the_middle(place, old)
    less = Place(toys.config(place.root, {"b": "shelf", "c": "ledger"}))
    with pytest.raises(SnapError, match="works on: a") as caught:
        way(less.ws)
    assert WAYS[0] in caught.value.fix
    assert way(place.ws).verified


def test_while_one_is_interrupted_no_other_restore_begins(three: tuple[Place, str, str]) -> None:
    place, old, new = three
    fail_in_the_middle(place, old)
    before = place.everything()
    attempts: list[Callable[[], Any]] = [
        lambda: place.restore(new),
        lambda: place.restore(new, confirm=lambda plan: True),
        lambda: undo(place.ws, PlanOptions(), (), None),
    ]
    for attempt in attempts:
        with pytest.raises(SnapError) as caught:
            attempt()
        assert caught.value.code is Exit.INTERRUPTED
        assert all(way in caught.value.fix for way in WAYS)
    assert place.everything() == before


@pytest.mark.parametrize("way", [resume, abort])
def test_without_an_interrupted_restore_there_is_nothing_to_end(
    place: Place, way: Callable[..., object]
) -> None:
    old, _ = change_everything(place)
    place.restore(old)
    with pytest.raises(SnapError, match="no restore was interrupted") as caught:
        way(place.ws)
    assert caught.value.code is Exit.ERROR


def test_a_failure_before_any_change_leaves_nothing_to_resume(place: Place, faults: toys.Faults) -> None:
    old, _ = change_everything(place)
    before = place.everything()
    faults.fail_at["db"] = 1
    result = place.restore(old)
    assert result.exit is Exit.ERROR
    assert {outcome.condition for outcome in result.outcomes} == {Condition.UNCHANGED}
    assert "nothing was changed" in result.problems[0]
    assert place.everything() == before
    faults.fail_at.clear()
    assert place.restore(old).verified


def test_a_lost_answer_to_the_commit_is_never_called_unchanged(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, _ = change_everything(place)

    def save_and_lose(path: object, system: object) -> None:
        raise OSError("connection lost")

    monkeypatch.setattr(toys, "save", save_and_lose)
    result = place.restore(old, "db")
    assert result.outcomes[0].condition is Condition.PARTIAL


@pytest.mark.parametrize("way", [resume, abort])
def test_what_somebody_else_changed_meanwhile_is_named_and_not_overwritten(
    three: tuple[Place, str, str], way: Callable[..., RestoreResult]
) -> None:
    place, old, _ = three
    fail_in_the_middle(place, old)
    place.put("c", {"v:1": {"n": 3}, "v:2": {"n": 2}})
    before = place.everything()
    with pytest.raises(SnapError, match=r"somebody else.*: c:v:1\n") as caught:
        way(place.ws)
    assert caught.value.code is Exit.STALE
    assert place.everything() == before


@pytest.mark.parametrize("way", [resume, abort])
def test_what_somebody_else_changed_can_be_given_up_and_is_kept(
    three: tuple[Place, str, str], way: Callable[..., RestoreResult]
) -> None:
    place, old, new = three
    fail_in_the_middle(place, old)
    place.put("c", {"v:1": {"n": 3}, "v:2": {"n": 2}})
    theirs = tree(place)
    assert way(place.ws, {HazardName.DATA_LOSS}).verified
    assert tree(place) == tree_of(place, old if way is resume else new)
    kept = place.ws.store.refs("refs/snapstore/safety/").values()
    assert theirs in {tree_of(place, commit) for commit in kept}


def test_what_an_action_left_half_done_is_not_taken_for_somebody_else(
    three: tuple[Place, str, str],
) -> None:
    place, old, _ = three

    def half_done(resource: str, action: Action) -> None:
        if (resource, action.subject) == ("b", "v:2"):
            place.put("b", {"v:1": {"n": 1}, "v:2": {"n": "half"}})
            raise SnapError("the system said no")

    toys.faults.on_action = half_done
    place.restore(old)
    toys.faults.on_action = toys.Faults().on_action
    assert resume(place.ws).verified


def test_ctrl_c_names_the_ways_out(three: tuple[Place, str, str]) -> None:
    place, old, _ = three

    def interrupt(resource: str, action: Action) -> None:
        if resource == "b":
            raise KeyboardInterrupt

    toys.faults.on_action = interrupt
    with pytest.raises(SnapError, match="interrupted") as caught:
        place.restore(old)
    assert caught.value.code is Exit.INTERRUPTED
    assert all(way in caught.value.fix for way in WAYS)
    toys.faults.on_action = toys.Faults().on_action
    assert resume(place.ws).verified


def test_a_system_that_is_gone_when_it_is_to_be_verified_can_be_resumed(
    three: tuple[Place, str, str],
) -> None:
    place, old, _ = three

    def gone(resource: str, action: Action) -> None:
        toys.faults.capture["a"] = "the server is gone"

    toys.faults.on_action = gone
    with pytest.raises(SnapError, match="the server is gone") as caught:
        place.restore(old)
    assert all(way in caught.value.fix for way in WAYS)
    toys.faults.on_action = toys.Faults().on_action
    toys.faults.capture.clear()
    result = resume(place.ws)
    assert (result.verified, result.outcomes) == (True, [])


def test_an_unexpected_error_of_an_adapter_names_its_resource_and_masks_secrets(
    three: tuple[Place, str, str],
) -> None:
    place, old, _ = three

    def crash(resource: str, action: Action) -> None:
        raise ZeroDivisionError("postgres://u:canary-7731@h/d")

    toys.faults.on_action = crash
    error = place.restore(old).outcomes[0].error or ""
    assert error.startswith("a: ")
    assert "ZeroDivisionError" in error
    assert "canary" not in error


def test_a_disk_that_is_full_at_any_record_can_be_freed_and_the_restore_resumed(
    three: tuple[Place, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place, old, new = three
    write = os.pwrite
    for room in range(40):
        left = iter(range(room))

        def full(descriptor: int, data: bytes, position: int, left: Iterator[int] = left) -> int:
            if next(left, None) is None:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return write(descriptor, data, position)

        with monkeypatch.context() as patched:
            patched.setattr(journal.os, "pwrite", full)
            ended = outcome_of(lambda: place.restore(old))
        if ended is Exit.DONE:
            return
        assert ended is Exit.ERROR
        if journal.unfinished(place.ws.store.workspace("journal")):
            assert resume(place.ws).verified
        else:
            assert tree(place) == tree_of(place, new)
        place.restore(new)
    pytest.fail("the restore never had room enough")


def outcome_of(attempt: Callable[[], RestoreResult]) -> Exit:
    try:
        return attempt().exit
    except SnapError as error:
        assert "No space left" in error.what
        return error.code
