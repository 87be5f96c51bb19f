"""A snapshot of one version of PostgreSQL, restored on a server of another.

Most facts are the same everywhere, since an attribute that has its default is not told at all. Two things are
left. What the versions *tell otherwise* though it is the same (``telling.py``) is no change, and no
verification fails for it. What a version *does not have* is left out of the target, with all that stands on
it; the plan says so beforehand, one ``unverifiable`` hazard each, and the restore ends as one that does not
match.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, FactChange, Hazard, HazardName, Json, ResourceChanges, Verb
from snapstore_postgres import supply
from snapstore_postgres.features import FEATURES, Feature
from snapstore_postgres.names import qualifier
from snapstore_postgres.telling import NAMES, as_told

Hints = Mapping[str, Json]


def retold(changes: ResourceChanges, live: Hints, target: Hints) -> set[str]:
    """Of the differences, those that only say that two versions tell the same fact in their own way."""
    of, by = _version(target), _version(live)
    pairs = [(c.before, c.after) for c in changes.facts if c.before and c.after] if _differ(of, by) else []
    return {now.id for now, then in pairs if _without_name(as_told(then, now, of, by), _major(by)) == now}


def fitted(request: PlanRequest) -> tuple[PlanRequest, dict[str, str]]:
    """The request with a target that the live server can have, and what that server cannot have: identities
    with the reason."""
    of, by = _version(request.target_hints), _version(request.live_hints)
    lacks = request.live_hints.get("lacks")
    if not _differ(of, by) and not lacks:
        return request, {}
    kept = {c.id: c.after for c in request.changes.facts if c.after is not None}
    lacking: dict[str, str] = {}
    if _differ(of, by):
        kept = {name: as_told(fact, request.live.get(name), of, by) for name, fact in kept.items()}
    if _differ(_major(of), _major(by)):
        kept, lacking = _possible(kept, request.target, _major(by))
    kept, missing = supply.fitted(kept, request.live, lacks or {})
    lacking = {**missing, **lacking}
    kept = {name: _unless_as_live(fact, request.live.get(name), lacking) for name, fact in kept.items()}
    gone = {name for name in lacking if name not in kept}
    without = _standing_on(gone, request.target)
    target = {name: fact for name, fact in {**request.target, **kept}.items() if name not in without}
    target.update(_still_attached(without, target))
    names = sorted({*(c.id for c in request.changes.facts), *without})
    pairs = [FactChange(name, request.live.get(name), target.get(name)) for name in names]
    changes = structs.replace(request.changes, facts=[c for c in pairs if c.before != c.after])
    return structs.replace(request, target=target, changes=changes), lacking


def _unless_as_live(fact: Fact, live: Fact | None, lacking: Collection[str]) -> Fact:
    """The fact; as it is live where nothing else is left of it: what it lacks may have needed more."""
    same = live is not None and (fact.attrs, fact.parent) == (live.attrs, live.parent)
    return live if live is not None and same and fact.id in lacking else fact


def _still_attached(without: set[str], target: Mapping[str, Fact]) -> dict[str, Fact]:
    """Partitions that wait for a key of the parent, where there will be none."""
    waiting = [f for f in target.values() if f.kind == "partition" and not without.isdisjoint(f.needs)]
    needs = {fact.id: tuple(need for need in fact.needs if need not in without) for fact in waiting}
    return {fact.id: structs.replace(fact, needs=needs[fact.id]) for fact in waiting}


def with_lacking(resource: str, lacking: Mapping[str, str], actions: Sequence[Action]) -> list[Action]:
    """The actions, with a hazard for each thing that the server cannot have: on the action that concerns
    it, or on one that does nothing else."""
    subjects = {action.subject for action in actions}
    told = [_with(action, lacking) for action in actions]
    for name in sorted(lacking.keys() - subjects):
        nothing = Action(resource, Verb.ALTER, name, f"leave out {name}: {lacking[name]}", transactional=True)
        told.append(_with(nothing, lacking))
    return told


def _with(action: Action, lacking: Mapping[str, str]) -> Action:
    if action.subject not in lacking:
        return action
    hazard = Hazard(HazardName.UNVERIFIABLE, f"{action.subject}: {lacking[action.subject]}")
    return structs.replace(action, hazards=(*action.hazards, hazard))


def _version(hints: Hints) -> int:
    """As ``server_version_num``; 0 where the capture left no hints, as in a clone without its notes."""
    return int(hints.get("version") or 0)


def _major(version: int) -> int:
    return version // 10000


def _differ(of: int, by: int) -> bool:
    return 0 not in (of, by) and of != by


# -- not there ---------------------------------------------------------------------------------------------


def _possible(
    facts: Mapping[str, Fact], target: Mapping[str, Fact], by: int
) -> tuple[dict[str, Fact], dict[str, str]]:
    """The facts as far as that version can have them, and what it cannot have."""
    kept, lacking = {}, {}
    for name, told in facts.items():
        fact: Fact | None = told
        for feature in _lacking(told, target, by):
            lacking[name] = f"{feature.text} needs PostgreSQL {feature.since}, this server is {by}"
            attrs = feature.mend(fact.attrs) if fact and feature.mend else None
            fact = structs.replace(fact, attrs=attrs) if fact and attrs is not None else None
        if fact is not None:
            kept[name] = _without_name(fact, by)
            if _is_renamed(fact, kept[name]) and not _has_parent(fact, target):
                lacking[name] = f"the name of its NOT NULL needs PostgreSQL 18, this server is {by}"
    return kept, lacking


def _lacking(fact: Fact, target: Mapping[str, Fact], by: int) -> Iterator[Feature]:
    for feature in FEATURES:
        newer = by < feature.since and fact.kind in feature.kinds
        if newer and feature.used(fact.attrs) and (not feature.partitioned or _in_tree(fact, target)):
            yield feature


def _in_tree(part: Fact, facts: Mapping[str, Fact]) -> bool:
    """Whether it is part of a partitioned table."""
    table = facts.get(part.parent or "")
    return table is not None and "partition_key" in table.attrs


def _standing_on(gone: set[str], facts: Mapping[str, Fact]) -> set[str]:
    """Those, and all that is part of them or stands on them."""
    found, before = set(gone), -1
    while gone and len(found) != before:
        before = len(found)
        found |= {
            fact.id
            for fact in facts.values()
            if fact.parent in found or (found.intersection(fact.needs) and not _waits(fact, found))
        }
    return found


def _waits(fact: Fact, gone: set[str]) -> bool:
    """Whether a partition only waits for keys of its parent that go."""
    return fact.kind == "partition" and not any(need.startswith("table:") for need in gone & {*fact.needs})


def _without_name(fact: Fact, by: int) -> Fact:
    named = fact.attrs.get("not_null") if by < 18 and fact.kind == "column" else None
    if not isinstance(named, dict) or not named.keys() <= NAMES:
        return fact
    return structs.replace(fact, attrs={**fact.attrs, "not_null": True})


def _is_renamed(fact: Fact, kept: Fact) -> bool:
    return kept is not fact and "inherited" not in fact.attrs["not_null"]


def _has_parent(column: Fact, facts: Mapping[str, Fact]) -> bool:
    """Whether the name follows from that of another table."""
    table = qualifier(column.name)
    whole = facts.get(f"table:{table}")
    return f"partition:{table}" in facts or (whole is not None and "inherits" in whole.attrs)
