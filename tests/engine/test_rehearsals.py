"""Rehearsals of toys: what is shown of a plan before it is carried out, and what a proof is worth."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from snapstore import adapter as adapters
from snapstore.adapter import Context, Stage
from snapstore.errors import Exit, SnapError
from snapstore.model import Action, Fact, FactChange, Plan, PlanOptions, ResourceChanges, Scope, Verb
from snapstore.rehearsal import keeping
from snapstore.rehearsal.model import wrongs
from snapstore.rehearsal.proof import How, Proof
from snapstore.rehearsal.rehearse import rehearse
from tests.engine import toys
from tests.engine.conftest import Place, change_everything


@contextmanager
def on_a_copy(
    settings: toys.ToySettings, context: Context, folder: Path, actions: Sequence[Action]
) -> Iterator[Stage]:
    """A toy system of its own in the scratch folder."""
    toys.save(folder / settings.path, toys.System({}, {}))
    yield Stage(settings=settings, root=folder, where="a scratch toy", version="1.0")


@pytest.fixture
def rehearsable(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Toys that can be rehearsed on scratch systems."""
    made = {n: msgspec.structs.replace(a, rehearse=on_a_copy) for n, a in toys.ADAPTERS.items()}
    monkeypatch.setattr(adapters, "load", made.__getitem__)
    return place


def run(place: Place, revision: str, *patterns: str) -> tuple[Plan, Proof]:
    plan, proof = rehearse(place.ws, revision, Scope(patterns), PlanOptions())
    assert proof is not None
    return plan, proof


def test_a_plan_is_shown_to_lead_there_and_the_live_systems_are_only_read(rehearsable: Place) -> None:
    old, _ = change_everything(rehearsable)
    before = {path: path.read_bytes() for path in rehearsable.root.glob("*.json")}
    plan, proof = run(rehearsable, old)
    assert {path: path.read_bytes() for path in rehearsable.root.glob("*.json")} == before
    assert proof.passed
    assert [(part.resource, part.how, part.version) for part in proof.parts] == [
        ("db", How.SCRATCH, "1.0"),
        ("web", How.SCRATCH, "1.0"),
    ]
    steps = [step for part in proof.parts for step in part.steps]
    assert [step.summary for step in steps] == [action.summary for action in plan.actions]
    assert all(step.seconds is not None for step in steps)
    assert not rehearsable.ws.store.workspace("rehearsal").exists()


def test_an_action_that_does_not_do_what_it_says_is_found(rehearsable: Place) -> None:
    old, _ = change_everything(rehearsable)
    _, first = run(rehearsable, old)
    assert first.passed
    toys.faults.on_action = lambda resource, action: _forget(action, "c")
    _, proof = run(rehearsable, old)
    assert not proof.passed
    assert [part.mismatches for part in proof.parts] == [[], ["web:c is not as promised"]]


def _forget(action: Action, subject: str) -> None:
    """From the moment on at which an action on it begins, it is not carried out any more."""
    if action.verb is Verb.DROP and action.subject == subject:
        toys.faults.skip.add(subject)


def test_an_action_that_fails_is_told_with_what_ran_before_it(rehearsable: Place) -> None:
    old, _ = change_everything(rehearsable)

    def fail(resource: str, action: Action) -> None:
        if action.subject == "t:b" and action.verb is Verb.ALTER:
            raise SnapError("the scratch system said no")

    toys.faults.on_action = fail
    _, proof = run(rehearsable, old)
    assert [part.error for part in proof.parts] == ["db: the scratch system said no", ""]
    assert [step.seconds is None for step in proof.parts[0].steps].count(True) >= 1
    assert not proof.passed


def test_a_part_of_the_state_is_rehearsed_with_all_else_laid_out(rehearsable: Place) -> None:
    old, _ = change_everything(rehearsable)
    _, proof = run(rehearsable, old, "web:v:*")
    assert proof.passed
    assert [step.summary for part in proof.parts for step in part.steps] == ["alter v:x"]


def test_where_there_is_no_scratch_system_the_facts_are_followed(place: Place) -> None:
    old, _ = change_everything(place)
    _, proof = run(place, old)
    assert proof.passed
    assert {part.how for part in proof.parts} == {How.MODEL}
    assert all(step.seconds is None for part in proof.parts for step in part.steps)


def test_nothing_is_rehearsed_where_there_is_nothing_to_do(place: Place) -> None:
    change_everything(place)
    _, proof = rehearse(place.ws, "HEAD", Scope(), PlanOptions())
    assert proof is None


# The model


def action(subject: str, verb: Verb = Verb.ALTER, **more: Any) -> Action:
    return Action("db", verb, subject, f"{verb} {subject}", **more)


def changed(*ids: str) -> ResourceChanges:
    facts = [FactChange(identity, None, Fact(identity)) for identity in ids]
    return ResourceChanges("db", "toy", facts)


def test_the_model_names_what_no_action_brings_about() -> None:
    made = action("t:a", Verb.CREATE, produces=("t:a",))
    assert wrongs([made], changed("t:a"), {}) == []
    assert wrongs([made], changed("t:a", "t:b"), {}) == ["t:b: no action brings it to the target"]


def test_the_model_names_what_comes_too_late() -> None:
    first = action("t:b", Verb.CREATE, produces=("t:b",), needs=("t:a",))
    second = action("t:a", Verb.CREATE, produces=("t:a",))
    assert wrongs([second, first], changed("t:a", "t:b"), {}) == []
    assert wrongs([first, second], changed("t:a", "t:b"), {}) == ["create t:b: t:a is not there yet"]


def test_the_model_lets_parts_come_and_go_with_the_whole() -> None:
    column = Fact("column:t.a", parent="table:t")
    dropped = ResourceChanges(
        "db", "toy", [FactChange(column.id, column, None), FactChange("table:t", Fact("table:t"), None)]
    )
    drop = action("table:t", Verb.DROP, destroys=("table:t",))
    assert wrongs([drop], dropped, {"table:t": Fact("table:t"), column.id: column}) == []


# What was left, and what is kept


def test_what_a_killed_rehearsal_left_is_cleared_by_the_next(
    rehearsable: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, _ = change_everything(rehearsable)
    left = rehearsable.ws.store.workspace("rehearsal") / "db"
    left.mkdir(parents=True)
    (left / "db.json").write_text("half")
    cleared: list[Path] = []
    load = adapters.load

    def with_clear(name: str) -> adapters.Adapter:
        return msgspec.structs.replace(load(name), clear=lambda settings, context, at: cleared.append(at))

    monkeypatch.setattr(adapters, "load", with_clear)
    assert run(rehearsable, old)[1].passed
    assert cleared == [left]
    assert not left.parent.exists()


def test_two_rehearsals_at_once_are_refused(rehearsable: Place) -> None:
    old, _ = change_everything(rehearsable)

    def meanwhile(resource: str, action: Action) -> None:
        toys.faults.on_action = lambda resource, action: None
        with pytest.raises(SnapError) as caught:
            run(rehearsable, old)
        assert caught.value.code is Exit.LOCKED

    toys.faults.on_action = meanwhile
    assert run(rehearsable, old)[1].passed


def test_a_proof_is_for_its_plan_alone(rehearsable: Place) -> None:
    old, _ = change_everything(rehearsable)
    plan, proof = run(rehearsable, old)
    ws = rehearsable.ws
    assert keeping.find(ws.store, ws.keys, plan).proof == proof
    rehearsable.put("web", {"v:x": {"n": 3}})
    other, _ = rehearse(ws, old, Scope(("web",)), PlanOptions())
    assert keeping.find(ws.store, ws.keys, other).proof is not None
    rehearsable.put("web", {"v:x": {"n": 4}})
    moved = rehearsal_of(rehearsable, old)
    found = keeping.find(ws.store, ws.keys, moved)
    assert found.proof is None
    assert "was of another state or plan" in found.problem


def rehearsal_of(place: Place, revision: str) -> Plan:
    from snapstore.restore import plan_restore

    return plan_restore(place.ws, revision, Scope(), PlanOptions())


def test_numbers_of_rows_that_move_leave_a_proof_valid(rehearsable: Place) -> None:
    old, _ = change_everything(rehearsable)
    plan, proof = run(rehearsable, old)
    grown = [msgspec.structs.replace(action, rows=7, bytes=1) for action in plan.actions]
    assert keeping.is_for(proof, msgspec.structs.replace(plan, actions=grown))
    renamed = [msgspec.structs.replace(action, statements=("other",)) for action in plan.actions]
    assert not keeping.is_for(proof, msgspec.structs.replace(plan, actions=renamed))


@pytest.mark.parametrize("edit", [("passed", False), ("time", "2000-01-01T00:00:00Z"), ("parts", [])])
def test_a_proof_that_was_edited_is_none(rehearsable: Place, edit: tuple[str, Any]) -> None:
    old, _ = change_everything(rehearsable)
    plan, proof = run(rehearsable, old)
    ws = rehearsable.ws
    path = keeping.keep(ws.store, proof)
    forged = {**json.loads(path.read_bytes()), edit[0]: edit[1]}
    path.write_bytes(keeping.encode(msgspec.convert(forged, Proof)))
    with pytest.raises(SnapError, match="was edited"):
        keeping.decode(path.read_bytes(), ws.keys)
    found = keeping.find(ws.store, ws.keys, plan)
    assert found.proof is None
    assert "was edited" in found.problem


def test_nobody_without_the_key_makes_a_proof(
    rehearsable: Place, new_place: Callable[..., Place], tmp_path: Path
) -> None:
    old, _ = change_everything(rehearsable)
    _, proof = run(rehearsable, old)
    (tmp_path / "elsewhere").mkdir()
    other = Place(toys.config(tmp_path / "elsewhere", {"db": "ledger"}))
    other.put("db", {})
    with pytest.raises(SnapError, match="cannot be checked"):
        keeping.decode(keeping.encode(proof), other.ws.keys)
