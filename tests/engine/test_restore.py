"""A restore brings back what was taken, proves it, and can be undone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from snapstore.errors import Exit, SnapError
from snapstore.model import Action, HazardName, PlanOptions, Scope
from snapstore.plan import decode, encode
from snapstore.restore import apply_plan, plan_restore, undo
from snapstore.store import CommitInfo
from snapstore.take import live, take
from tests.engine import toys
from tests.engine.conftest import Place, change_everything, yes


def commit_of(place: Place, revision: str) -> CommitInfo:
    return next(place.ws.store.log(revision, 1))


def undone(place: Place) -> None:
    assert undo(place.ws, PlanOptions(), (), None).exit is Exit.DONE


def test_after_a_restore_a_take_gives_the_same_tree(place: Place) -> None:
    old, _ = change_everything(place)
    result = place.restore(old)
    assert (result.exit, result.verified, result.mismatches) == (Exit.DONE, True, [])
    again = take(place.ws, "again")
    assert not again.changed
    assert again.tree == place.ws.store.snapshot(old).tree


def test_the_result_is_a_commit_that_names_its_source_and_the_safety_snapshot(place: Place) -> None:
    old, new = change_everything(place)
    result = place.restore(old)
    made = commit_of(place, result.commit or "")
    assert made.message.startswith(f"Restore {old[:10]} old")
    assert made.parents == (new,)
    assert made.trailers["Restored-From"] == old
    assert made.trailers["Safety"] == result.safety
    assert result.safety in place.ws.store.refs("refs/snapstore/safety/").values()


def test_the_safety_snapshot_is_the_state_before_even_where_it_was_never_taken(place: Place) -> None:
    old, _ = change_everything(place)
    place.put("db", {"t:unseen": {"x": 9}})
    before = live(place.ws).tree
    result = place.restore(old)
    assert place.ws.store.snapshot(result.safety or "").tree == before


def test_undo_brings_back_the_state_before_and_undone_again_the_one_after(place: Place) -> None:
    old, _ = change_everything(place)
    place.put("db", {"t:unseen": {"x": 9}})
    before = place.everything()
    place.restore(old)
    after = place.everything()
    undone(place)
    assert place.everything() == before
    undone(place)
    assert place.everything() == after


def test_undo_without_a_restore_says_so(place: Place) -> None:
    place.take()
    with pytest.raises(SnapError, match="no restore to undo"):
        undo(place.ws, PlanOptions(), (), None)


@pytest.mark.parametrize("confirm", [None, yes])
def test_nothing_to_do_says_so_and_leaves_no_safety_snapshot(place: Place, confirm: object) -> None:
    _, new = change_everything(place)
    said: list[str] = []
    result = place.restore(new, confirm=confirm, report=said.append)
    assert (result.exit, result.verified, result.safety, result.commit) == (Exit.DONE, True, None, None)
    assert "nothing to do" in said[-1]
    assert place.ws.store.refs("refs/snapstore/safety/") == {}


def test_a_restore_to_the_branch_tip_makes_no_new_commit(place: Place) -> None:
    _, new = change_everything(place)
    place.put("web", {"v:drift": {}})
    result = place.restore(new)
    assert (result.verified, result.commit) == (True, None)
    assert place.ws.store.head() == new


def test_planning_changes_nothing_and_applying_that_plan_restores(place: Place) -> None:
    old, _ = change_everything(place)
    before = place.everything()
    plan = plan_restore(place.ws, old, Scope(), PlanOptions())
    assert place.everything() == before
    result = apply_plan(place.ws, decode(encode(plan)), (), None)
    assert result.verified
    assert live(place.ws).tree == place.ws.store.snapshot(old).tree


def test_a_plan_is_refused_when_the_live_state_has_moved_on_and_names_what_moved(place: Place) -> None:
    old, _ = change_everything(place)
    plan = plan_restore(place.ws, old, Scope(), PlanOptions())
    place.put("web", {"v:x": {"n": 3}}, {"a/b": "new", "c": "come"})
    before = place.everything()
    with pytest.raises(SnapError, match=r"moved on.*web:v:x") as caught:
        apply_plan(place.ws, plan, (), None)
    assert caught.value.code is Exit.STALE
    assert place.everything() == before
    assert place.ws.store.refs("refs/snapstore/safety/") == {}


def test_a_plan_for_a_part_does_not_mind_what_moves_elsewhere(place: Place) -> None:
    old, _ = change_everything(place)
    plan = plan_restore(place.ws, old, Scope(("web",)), PlanOptions())
    place.put("db", {"t:elsewhere": {}})
    assert apply_plan(place.ws, plan, (), None).verified
    assert "t:elsewhere" in place.get("db").facts


def test_at_most_ten_names_are_listed(place: Place) -> None:
    old, _ = change_everything(place)
    plan = plan_restore(place.ws, old, Scope(), PlanOptions())
    place.put("db", {f"t:{n:02}": {} for n in range(30)})
    with pytest.raises(SnapError, match=r"t:08.* and \d+ more") as caught:
        apply_plan(place.ws, plan, (), None)
    assert caught.value.what.count("db:") == 10


def test_a_state_that_moves_while_the_plan_is_confirmed_is_refused(place: Place) -> None:
    old, _ = change_everything(place)

    def confirm(plan: object) -> bool:
        place.put("db", {"t:late": {}})
        return True

    with pytest.raises(SnapError, match="db:t:late") as caught:
        place.restore(old, confirm=confirm)
    assert caught.value.code is Exit.STALE
    assert list(place.get("db").facts) == ["t:late"]


def test_a_hazard_that_appears_while_the_plan_is_confirmed_is_refused(
    place: Place, faults: toys.Faults
) -> None:
    old, _ = change_everything(place)

    def confirm(plan: object) -> bool:
        faults.full.add("t:c")
        return True

    with pytest.raises(SnapError, match="another one by now") as caught:
        place.restore(old, confirm=confirm, allow=frozenset(HazardName))
    assert caught.value.code is Exit.STALE
    assert "t:c" in place.get("db").facts


def test_a_restore_that_is_not_confirmed_changes_nothing(place: Place) -> None:
    old, _ = change_everything(place)
    before = place.everything()
    with pytest.raises(SnapError, match="not confirmed"):
        place.restore(old, confirm=lambda plan: False)
    assert place.everything() == before
    assert place.ws.store.refs("refs/snapstore/safety/") == {}


def test_a_hazard_is_refused_with_its_numbers_and_the_flag_that_allows_it(
    place: Place, faults: toys.Faults
) -> None:
    old, _ = change_everything(place)
    faults.full.add("t:c")
    before = place.everything()
    with pytest.raises(SnapError, match=r"data-loss: t:c is not empty \(1,200 rows\)") as caught:
        place.restore(old)
    assert (caught.value.code, "--allow data-loss" in caught.value.fix) == (Exit.REFUSED, True)
    assert place.everything() == before


@pytest.mark.parametrize("where", ["command line", "configuration"])
def test_a_hazard_that_is_allowed_by_name_does_not_stop(
    place: Place, faults: toys.Faults, where: str
) -> None:
    old, _ = change_everything(place)
    faults.full.add("t:c")
    names = frozenset({HazardName.DATA_LOSS})
    if where == "configuration":
        place = place.with_config(allow=names)
    assert place.restore(old, allow=names if where == "command line" else ()).verified


def test_a_scope_leaves_everything_else_alone(place: Place) -> None:
    old, _ = change_everything(place)
    db, web = place.get("db"), place.get("web")
    result = place.restore(old, "web:a/*")
    assert result.verified
    assert place.get("db") == db
    assert place.get("web").facts == web.facts
    assert place.get("web").texts == {"a/b": "old", "a/gone": "soon", "c": "come"}


def test_a_scoped_restore_reads_only_the_resources_in_scope(place: Place, faults: toys.Faults) -> None:
    old, _ = change_everything(place)
    faults.capture["db"] = "the server is gone"
    assert place.restore(old, "web").verified


def test_a_change_outside_the_scope_is_a_mismatch(place: Place, faults: toys.Faults) -> None:
    old, _ = change_everything(place)

    def meddle(resource: str, action: Action) -> None:
        faults.on_action = lambda resource, action: None
        web = place.get("web")
        place.put("web", {**web.facts, "v:x": {"n": 99}}, web.texts)

    faults.on_action = meddle
    result = place.restore(old, "web:a/*")
    assert result.exit is Exit.MISMATCH
    assert result.mismatches == ["web:v:x has changed, outside the scope"]


@pytest.mark.parametrize(("pattern", "is_there"), [
    ("db:t:a", True), ("db:one", True), ("db:a", True), ("web:a/*", True),
    ("db:t:", False), ("db:*x*", False),
])  # fmt: skip
def test_a_part_that_neither_state_has_is_told(place: Place, pattern: str, is_there: bool) -> None:
    place.put("db", {"t:a": {"x": 1}}, {"one": "1"})
    place.put("web", {}, {"a/b": "same"})
    old = place.take()
    place.put("db", {}, {"one": "1"})
    said: list[str] = []
    place.restore(old, pattern, report=said.append)
    text = f"{pattern}: nothing is called so, neither now nor in {old[:10]}"
    assert said.count(text) == (0 if is_there else 1)


def test_undo_of_a_scoped_restore_stays_in_its_scope(place: Place) -> None:
    old, _ = change_everything(place)
    web = place.get("web")
    place.restore(old, "web")
    place.put("db", {"t:later": {}})
    undone(place)
    assert place.get("web") == web
    assert "t:later" in place.get("db").facts


def test_what_the_target_does_not_have_is_left_alone_and_reported(
    new_place: Callable[..., Place],
) -> None:
    place = new_place({"web": "shelf"})
    place.put("web", {"v:x": {}})
    old = place.take()
    place = new_place({"web": "shelf", "db": "ledger"})
    place.put("db", {"t:new": {}})
    said: list[str] = []
    result = place.restore(old, report=said.append)
    assert result.verified
    assert f"db: not in {old[:10]}, left alone" in said
    assert "t:new" in place.get("db").facts
    with pytest.raises(SnapError, match="has none of db"):
        place.restore(old, "db")


def test_what_is_no_longer_configured_is_left_alone_and_reported(place: Place) -> None:
    old, _ = change_everything(place)
    db = place.get("db")
    said: list[str] = []
    alone = place.with_config(resources={"web": place.config.resources["web"]})
    assert alone.restore(old, report=said.append).verified
    assert "db: no longer configured, left alone" in said
    assert place.get("db") == db


def test_a_resource_that_another_adapter_captured_is_refused(new_place: Callable[..., Place]) -> None:
    old = new_place({"web": "shelf"}).take()
    with pytest.raises(SnapError, match="'shelf', the configuration now says 'ledger'"):
        new_place({"web": "ledger"}).restore(old)


@pytest.mark.parametrize(("revision", "patterns", "text"), [
    ("live", (), "a restore leads to a snapshot"),
    ("nowhere", (), "nowhere"),
    ("HEAD", ("wbe",), "no resource named 'wbe'"),
])  # fmt: skip
def test_bad_input_gets_a_clear_error_and_changes_nothing(
    place: Place, revision: str, patterns: tuple[str, ...], text: str
) -> None:
    place.take()
    before = place.everything()
    with pytest.raises(SnapError, match=text):
        place.restore(revision, *patterns)
    assert place.everything() == before


def test_resources_run_after_those_they_depend_on(new_place: Callable[..., Place]) -> None:
    place = new_place({"a": "shelf", "b": "shelf", "c": "ledger"}, depends_on={"a": ("c",), "b": ("a",)})
    old = place.take()
    for name in "abc":
        place.put(name, {"v:x": {}})
    outcomes = place.restore(old).outcomes
    assert [outcome.resource for outcome in outcomes] == ["c", "a", "b"]


def test_a_result_that_does_not_match_is_named_and_can_be_undone(place: Place, faults: toys.Faults) -> None:
    old, new = change_everything(place)
    before = place.everything()
    faults.skip = {"t:b", "a/gone"}
    faults.skip.add("t:c")  # or the toy would refuse to drop what t:b stands on
    result = place.restore(old)
    assert result.exit is Exit.MISMATCH
    assert not result.verified
    assert result.mismatches == [
        "db:t:b is not as promised",
        "db:t:c is there, but should not be",
        "web:a/gone is missing",
    ]
    assert result.commit is None
    assert place.ws.store.head() == new
    assert (result.safety or "")[:10] in result.problems[-1]
    faults.skip = set()
    undone(place)
    assert place.everything() == before


def test_equal_facts_in_other_documents_are_a_mismatch_since_the_tree_would_differ(place: Place) -> None:
    place.config.resources["db"].settings.documents = 2
    place.put("db", {"t:a": {"attrs": {}, "shelf": 0}, "t:b": {"attrs": {}, "shelf": 1}})
    old = place.take()
    place.put("db", {"t:a": {"attrs": {}, "shelf": 1}, "t:b": {"attrs": {}, "shelf": 1}})
    place.put("web", {"v:x": {}})
    result = place.restore(old)
    assert result.mismatches == ["db: the same facts, but in other documents"]


def test_a_lock_that_somebody_else_has_stops_before_anything_is_changed(
    place: Place, faults: toys.Faults
) -> None:
    old, _ = change_everything(place)
    before = place.everything()
    faults.lock.add("web")
    with pytest.raises(SnapError, match="somebody else") as caught:
        place.restore(old)
    assert (caught.value.code, caught.value.where) == (Exit.LOCKED, "web")
    assert place.everything() == before
    assert place.ws.store.refs("refs/snapstore/safety/") == {}


def test_a_lock_that_is_lost_is_reported_and_does_not_hide_the_result(
    place: Place, faults: toys.Faults
) -> None:
    old, _ = change_everything(place)
    faults.lose_lock.add("db")
    said: list[str] = []
    assert place.restore(old, report=said.append).verified
    assert any("the lock was lost" in line and "db" in line for line in said)
