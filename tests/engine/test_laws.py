"""Whatever the states, a restore leads from one to the other and an undo leads back."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from snapstore.interrupted import resume
from snapstore.model import EVERYTHING, PlanOptions
from snapstore.plan import decode, encode
from snapstore.restore import plan_restore, undo
from snapstore.take import live
from tests.engine import toys
from tests.engine.conftest import Place

NAMES = [f"v:{letter}" for letter in "abcdefgh"]
TEXTS = ["a", "b/c", "b/d", "caf\udce9", "e f"]


@st.composite
def systems(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, str]]:
    """Facts that stand on earlier ones only, as parents or needs, and texts."""
    facts: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True)):
        below = sorted(facts)
        facts[name] = {
            "attrs": {"n": draw(st.integers(0, 2)), "text": draw(st.sampled_from(["", "x", "x\ny\n"]))},
            "needs": draw(st.lists(st.sampled_from(below), unique=True, max_size=3)) if below else [],
            "parent": draw(st.sampled_from([None, *below])),
        }
    return facts, draw(st.dictionaries(st.sampled_from(TEXTS), st.sampled_from(["", "1", "2\n"])))


both = st.fixed_dictionaries({"db": systems(), "web": systems()})


def fill(place: Place, state: dict[str, tuple[dict[str, Any], dict[str, str]]]) -> None:
    for name, (facts, texts) in state.items():
        place.put(name, facts, texts)


@pytest.fixture
def fresh(place: Place, tmp_path: Path) -> Place:
    """Made anew for each example by ``renew``."""
    for name in place.config.resources:
        place.config.resources[name].settings.documents = 3
    return place


def renew(place: Place) -> None:
    shutil.rmtree(place.config.store, ignore_errors=True)


# Each example makes a store and restores: shrinking and explaining one would take minutes.
relaxed = settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@relaxed
@given(old=both, new=both)
def test_restore_leads_to_the_taken_tree_and_undo_leads_back(fresh: Place, old: Any, new: Any) -> None:
    renew(fresh)
    fill(fresh, old)
    target = fresh.take()
    fill(fresh, new)
    before = live(fresh.ws).tree
    wanted = fresh.ws.store.snapshot(target).tree
    result = fresh.restore(target)
    assert (result.mismatches, result.verified) == ([], True)
    assert live(fresh.ws).tree == wanted
    if before != wanted:
        assert undo(fresh.ws, PlanOptions(), (), None).verified
        assert live(fresh.ws).tree == before


@relaxed
@given(old=both, new=both, nth=st.integers(0, 12), data=st.data())
def test_failing_at_any_action_and_resumed_it_still_leads_there(
    fresh: Place, old: Any, new: Any, nth: int, data: st.DataObject
) -> None:
    renew(fresh)
    fill(fresh, old)
    target = fresh.take()
    fill(fresh, new)
    toys.faults.fail_at = {data.draw(st.sampled_from(["db", "web"])): nth}
    failed = any(outcome.error for outcome in fresh.restore(target).outcomes)
    toys.faults.fail_at = {}
    from snapstore import journal

    if failed and journal.unfinished(fresh.ws.store.workspace("journal")):
        assert resume(fresh.ws).verified
    elif failed:
        assert fresh.restore(target).verified
    assert live(fresh.ws).tree == fresh.ws.store.snapshot(target).tree


@relaxed
@given(old=both, new=both)
def test_the_same_states_give_the_same_plan_and_it_survives_its_file(
    fresh: Place, old: Any, new: Any
) -> None:
    renew(fresh)
    fill(fresh, old)
    target = fresh.take()
    fill(fresh, new)
    plan = plan_restore(fresh.ws, target, EVERYTHING, PlanOptions())
    assert encode(plan_restore(fresh.ws, target, EVERYTHING, PlanOptions())) == encode(plan)
    assert decode(encode(plan)) == plan
