"""A snapshot of one major version of PostgreSQL, restored on a server of another.

Most facts are the same everywhere, since an attribute that has its default is not told at all. Two things are
left. What the versions *tell otherwise* though it is the same is no change, and no verification fails for it.
What a version *does not have* is left out of the target, with all that stands on it; the plan says so
beforehand, one ``unverifiable`` hazard each, and the restore ends as one that does not match.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import pairwise

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, FactChange, Hazard, HazardName, Json, ResourceChanges, Verb
from snapstore_postgres import supply
from snapstore_postgres.features import FEATURES, Attrs, Feature, without_maintain
from snapstore_postgres.names import qualifier

Hints = Mapping[str, Json]


def beyond(changes: ResourceChanges, live: Hints, target: Hints) -> set[str]:
    """Of the differences, those that only say that two versions tell the same fact in their own way."""
    of, by = _major(target), _major(live)
    pairs = [(c.before, c.after) for c in changes.facts if c.before and c.after] if _differ(of, by) else []
    return {now.id for now, then in pairs if _without_name(_as_told(then, now, by), by) == now}


def fitted(request: PlanRequest) -> tuple[PlanRequest, dict[str, str]]:
    """The request with a target that the live server can have, and what that server cannot have: identities
    with the reason."""
    of, by = _major(request.target_hints), _major(request.live_hints)
    lacks = request.live_hints.get("lacks")
    if not _differ(of, by) and not lacks:
        return request, {}
    changed = {c.id: c.after for c in request.changes.facts if c.after is not None}
    lacking: dict[str, str] = {}
    kept = changed
    if _differ(of, by):
        told = {name: _as_told(fact, request.live.get(name), by) for name, fact in changed.items()}
        kept, lacking = _possible(told, request.target, by)
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


def _major(hints: Hints) -> int:
    """0 where the capture left no hints, as in a clone without its notes."""
    return int(hints.get("version") or 0) // 10000


def _differ(of: int, by: int) -> bool:
    return 0 not in (of, by) and of != by


# -- told otherwise ----------------------------------------------------------------------------------------


def _as_told(fact: Fact, live: Fact | None, by: int) -> Fact:
    """The fact as a server of version ``by`` tells of it, if ``live`` is how it tells of the same."""
    tell = _TOLD.get(fact.kind)
    return structs.replace(fact, attrs=tell(fact.attrs, live.attrs if live else {}, by)) if tell else fact


def _column(then: Attrs, now: Attrs, by: int) -> Attrs:
    """NOT NULL constraints have names since 18. Who does not know them takes what is there."""
    named = now.get("not_null")
    if by < 18 or then.get("not_null") is not True or not isinstance(named, dict):
        return then
    return {**then, "not_null": named} if named.keys() <= _NAMES else then


_NAMES = {"name", "inherited"}
"""What a NOT NULL may say about itself without being another one."""


def _query(then: Attrs, now: Attrs, by: int) -> Attrs:
    there = now.get("query")
    return {**then, "query": there} if there and same_query(then["query"], there) else then


def _grant(then: Attrs, now: Attrs, by: int) -> Attrs:
    """What an owner may without being told is one more since 17: MAINTAIN."""
    default = then.get("default") or ()
    if "TRIGGER" not in default:
        return then
    others = [privilege for privilege in default if privilege != "MAINTAIN"]
    if by >= 17:
        return {**then, "default": sorted([*others, "MAINTAIN"])}
    return {**without_maintain(then), "default": others} if "MAINTAIN" in default else then


def _membership(then: Attrs, now: Attrs, by: int) -> Attrs:
    """Since 16 it says what was always so before."""
    if by < 16:
        return {key: value for key, value in then.items() if not (key in _USUAL and value is True)}
    return {**{key: now[key] for key in _USUAL if key in now}, **then}


def _extension(then: Attrs, now: Attrs, by: int) -> Attrs:
    """Each server brings its own versions of extensions; pg_dump does not ask for one either."""
    others = {key: value for key, value in then.items() if key not in ("version", "configuration")}
    return {**others, **{key: now[key] for key in ("version", "configuration") if key in now}}


_USUAL = ("inherit", "set")
_TOLD: Mapping[str, Callable[[Attrs, Attrs, int], Attrs]] = {
    "column": _column,
    "view": _query,
    "matview": _query,
    "grant": _grant,
    "extension": _extension,
    "membership": _membership,
}

_TOKEN = re.compile(r"\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'|\w+|[^\w\s]")
_NAME = re.compile(r"[^\W\d]|\"")
_BEFORE_OTHERS = {"FROM", "JOIN", "ONLY", "COLLATE", ":", "."}
"""What stands before the qualified name of something that is no column."""


def same_query(one: str, other: str) -> bool:
    """Whether two printed queries differ in nothing but that one of them qualifies columns.

    Before 16 a view over one relation names it before each column, since then it does not.
    """
    left, right = _TOKEN.findall(one), _TOKEN.findall(other)
    if len(left) < len(right):
        left, right = right, left
    return _unqualified(left, right)


def _unqualified(long: Sequence[str], short: Sequence[str]) -> bool:
    """Whether ``short`` is ``long`` without some qualifiers of columns."""
    sources, at = _sources(long), 0
    for token in short:
        if long[at : at + 1] != [token] and _is_qualifier(long, at, sources):
            at += 2
        if long[at : at + 1] != [token]:
            return False
        at += 1
    return at == len(long)


def _sources(tokens: Sequence[str]) -> set[str]:
    """What may be the name or the alias of a relation behind the first FROM."""
    if "FROM" not in tokens:
        return set()
    behind = tokens[tokens.index("FROM") :]
    return {token for token, after in pairwise([*behind, ""]) if after != "."}


def _is_qualifier(tokens: Sequence[str], at: int, sources: Collection[str]) -> bool:
    if tokens[at + 1 : at + 2] != ["."] or tokens[at] not in sources:
        return False
    if not _NAME.match(tokens[at + 2]) or tokens[at + 3 : at + 4] == ["("]:
        return False
    before = tokens[at - 1] if at else ""
    return before not in _BEFORE_OTHERS or (before == "FROM" and _is_argument(tokens, at))


def _is_argument(tokens: Sequence[str], at: int) -> bool:
    """Whether the innermost parenthesis around it is that of a call, as in ``EXTRACT(epoch FROM t.at)``."""
    depth = 0
    for place in range(at - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(tokens[place], 0)
        if depth < 0:
            return tokens[place + 1] not in ("SELECT", "WITH")
    return False


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
    if not isinstance(named, dict) or not named.keys() <= _NAMES:
        return fact
    return structs.replace(fact, attrs={**fact.attrs, "not_null": True})


def _is_renamed(fact: Fact, kept: Fact) -> bool:
    return kept is not fact and "inherited" not in fact.attrs["not_null"]


def _has_parent(column: Fact, facts: Mapping[str, Fact]) -> bool:
    """Whether the name follows from that of another table."""
    table = qualifier(column.name)
    whole = facts.get(f"table:{table}")
    return f"partition:{table}" in facts or (whole is not None and "inherits" in whole.attrs)
