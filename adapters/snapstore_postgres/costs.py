"""What an action costs those who use its relation, where its rule does not say: lock, size, scan of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, Hazard, HazardName, Verb
from snapstore_postgres.relations import STRONGEST

_RELATIONS = ("table", "matview", "view", "sequence")
_LOCKS = {
    "cluster": "SHARE UPDATE EXCLUSIVE",
    "comment": "SHARE UPDATE EXCLUSIVE",
    "depends_on_extension": STRONGEST,
    "identity_sequence": "SHARE UPDATE EXCLUSIVE",
    "label": "SHARE UPDATE EXCLUSIVE",
    "publication_member": "SHARE UPDATE EXCLUSIVE",
    "statistics": "SHARE UPDATE EXCLUSIVE",
    "trigger_state": "SHARE ROW EXCLUSIVE",
}
"""What PostgreSQL takes on a relation for facts of these kinds; for all others what a reader takes."""
_SCANS = re.compile(r" ALTER COLUMN .* SET NOT NULL$| ADD (CONSTRAINT .* )?NOT NULL [^ ]+$")


def stated(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, each on a relation with its lock, and with the relation's rows and bytes where it is there
    already; with a hazard where everybody waits while it is scanned."""
    return [_stated(action, request) for action in actions]


def _stated(action: Action, request: PlanRequest) -> Action:
    lock = _lock(action, request)
    relation = relation_of(action.subject, request)
    if lock != action.lock:
        action = msgspec.structs.replace(action, lock=lock)
    size = request.live_hints.get("relations", {}).get(relation) if relation and lock else None
    if not size:
        return action
    rows = size["rows"] if action.rows is None else action.rows
    bytes_ = size["bytes"] if action.bytes is None else action.bytes
    return msgspec.structs.replace(action, rows=rows, bytes=bytes_, hazards=_hazards(action, rows, bytes_))


def _hazards(action: Action, rows: int | None, bytes_: int | None) -> tuple[Hazard, ...]:
    scans = action.lock == STRONGEST and any(_SCANS.search(text) for text in action.statements)
    checked = any(" DROP CONSTRAINT snapstore_filled_" in text for text in action.statements)
    if not scans or not bytes_ or checked:
        return action.hazards
    table = action.subject.partition(":")[2].rpartition(".")[0]
    hazard = Hazard(HazardName.BLOCKING_LOCK, f"scans {table} to check NOT NULL", rows=rows, bytes=bytes_)
    return (*action.hazards, hazard)


def _lock(action: Action, request: PlanRequest) -> str | None:
    """The strongest lock that the action takes on a relation that is there; None where it takes none."""
    kind = action.subject.partition(":")[0]
    if kind == "sequence" and any(" OWNER TO " in text for text in action.statements):
        return STRONGEST
    if _is_about_domain(action, request):
        return "SHARE"  # on the tables that have it
    if action.lock or relation_of(action.subject, request) is None:
        return action.lock
    if kind == "sequence" and action.verb is Verb.DROP:
        return STRONGEST
    return _LOCKS.get(kind, "ACCESS SHARE")


def _is_about_domain(action: Action, request: PlanRequest) -> bool:
    fact = _fact(action.subject, request)
    if fact is None or fact.kind not in ("domain", "constraint") or action.lock == STRONGEST:
        return False
    if fact.kind == "domain":
        return action.verb is Verb.ALTER
    return (fact.parent or "").startswith("domain:") and action.verb is not Verb.DROP


def relation_of(subject: str, request: PlanRequest) -> str | None:
    """The identity of the relation that a fact is or belongs to; None where there is none."""
    fact = _fact(subject, request)
    while fact is not None and fact.kind not in _RELATIONS:
        if fact.kind in ("publication_member", "statistics"):
            needed = filter(None, (relation_of(need, request) for need in fact.needs))
            if found := next(needed, None):
                return found  # those of a materialized view are part of it
        fact = _fact(fact.parent or "", request)
    return fact.id if fact else None


def _fact(identity: str, request: PlanRequest) -> Fact | None:
    sides: Sequence[Mapping[str, Fact]] = (request.live, request.target)
    return next((side[identity] for side in sides if identity in side), None)
