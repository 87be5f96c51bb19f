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
from typing import Any, NamedTuple

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, FactChange, Hazard, HazardName, Json, ResourceChanges, Verb
from snapstore_postgres.names import qualifier

Hints = Mapping[str, Json]
Attrs = dict[str, Any]


def beyond(changes: ResourceChanges, live: Hints, target: Hints) -> set[str]:
    """Of the differences, those that only say that two versions tell the same fact in their own way."""
    of, by = _major(target), _major(live)
    pairs = [(c.before, c.after) for c in changes.facts if c.before and c.after] if _differ(of, by) else []
    return {now.id for now, then in pairs if _without_name(_as_told(then, now, by), by) == now}


def fitted(request: PlanRequest) -> tuple[PlanRequest, dict[str, str]]:
    """The request with a target that the live server can have, and what that server cannot have: identities
    with the reason."""
    of, by = _major(request.target_hints), _major(request.live_hints)
    if not _differ(of, by):
        return request, {}
    changed = {c.id: c.after for c in request.changes.facts if c.after is not None}
    told = {name: _as_told(fact, request.live.get(name), by) for name, fact in changed.items()}
    kept, lacking = _possible(told, request.target, by)
    gone = {name for name in lacking if name not in kept}
    without = _standing_on(gone, request.target)
    target = {name: fact for name, fact in {**request.target, **kept}.items() if name not in without}
    names = sorted({*(c.id for c in request.changes.facts), *without})
    pairs = [FactChange(name, request.live.get(name), target.get(name)) for name in names]
    changes = structs.replace(request.changes, facts=[c for c in pairs if c.before != c.after])
    return structs.replace(request, target=target, changes=changes), lacking


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
    return {**_without_maintain(then), "default": others} if "MAINTAIN" in default else then


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


class Feature(NamedTuple):
    """Something that came with a major version. ``mend`` gives the attributes without it; None leaves the
    whole fact out."""

    since: int
    kinds: Collection[str]
    text: str
    used: Callable[[Attrs], bool]
    mend: Callable[[Attrs], Attrs] | None = None
    partitioned: bool = False
    """Whether only partitioned tables could not have it."""


def _possible(
    facts: Mapping[str, Fact], target: Mapping[str, Fact], by: int
) -> tuple[dict[str, Fact], dict[str, str]]:
    """The facts as far as that version can have them, and what it cannot have."""
    kept, lacking = {}, {}
    for name, told in facts.items():
        fact: Fact | None = told
        for feature in _lacking(told, target, by):
            lacking[name] = f"{feature.text} needs PostgreSQL {feature.since}, this server is {by}"
            fact = structs.replace(fact, attrs=feature.mend(fact.attrs)) if fact and feature.mend else None
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
            fact.id for fact in facts.values() if fact.parent in found or found.intersection(fact.needs)
        }
    return found


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


def _says(key: str, pattern: str) -> Callable[[Attrs], bool]:
    found = re.compile(pattern)
    return lambda attrs: bool(found.search(attrs.get(key) or ""))


def _has(key: str) -> Callable[[Attrs], bool]:
    return lambda attrs: attrs.get(key) is not None


def _drop(*keys: str) -> Callable[[Attrs], Attrs]:
    return lambda attrs: {key: value for key, value in attrs.items() if key not in keys}


def _not_null(key: str) -> Callable[[Attrs], bool]:
    return lambda attrs: isinstance(attrs.get("not_null"), dict) and key in attrs["not_null"]


def _attribute(since: int, kind: str, key: str) -> Feature:
    return Feature(since, (kind,), f"{key.replace('_', ' ')} of a {kind}", _has(key), _drop(key))


def _plain_not_null(attrs: Attrs) -> Attrs:
    return {**attrs, "not_null": True}


def _is_virtual(attrs: Attrs) -> bool:
    return bool(attrs.get("generated", {}).get("kind") == "v")


def _stored(attrs: Attrs) -> Attrs:
    return {**attrs, "generated": {**attrs["generated"], "kind": "s"}}


def _without_maintain(attrs: Attrs) -> Attrs:
    return {**attrs, "privileges": [p for p in attrs["privileges"] if p.rstrip("*") != "MAINTAIN"]}


def _maintains(attrs: Attrs) -> bool:
    return any(p.rstrip("*") == "MAINTAIN" for p in attrs.get("privileges") or ())


def _invokes(attrs: Attrs) -> bool:
    return any(option.startswith("security_invoker=") for option in attrs.get("options") or ())


_CALLS = {
    18: "array_reverse|array_sort|casefold|crc32|crc32c|gamma|lgamma|uuidv4|uuidv7",
    17: "JSON_EXISTS|JSON_QUERY|JSON_SCALAR|JSON_SERIALIZE|JSON_TABLE|JSON_VALUE|MERGE_ACTION|to_bin|to_oct"
    "|unicode_assigned|uuid_extract_timestamp|uuid_extract_version|xmltext",
    16: "JSON_ARRAY|JSON_ARRAYAGG|JSON_OBJECT|JSON_OBJECTAGG|any_value|array_sample|array_shuffle|date_add"
    "|date_subtract|erf|erfc|pg_input_error_info|pg_input_is_valid|random_normal",
    15: "range_intersect_agg|regexp_count|regexp_instr|regexp_like|regexp_substr",
}
"""Functions that came with a version, of those that people write into what a server parses."""
_PARSED = (
    "view",
    "matview",
    "default",
    "constraint",
    "domain_constraint",
    "index",
    "policy",
    "rule",
    "trigger",
)


def _calls(since: int) -> Feature:
    found = re.compile(rf"(?<![\w.\"])({_CALLS[since]})\(")
    return Feature(
        since, _PARSED, "a function that it calls", lambda a: any(found.search(t) for t in _texts(a))
    )


def _texts(value: Json) -> Iterator[str]:
    """The texts in attributes, without their string constants."""
    if isinstance(value, str):
        yield re.sub(r"'(?:[^']|'')*'", "''", value)
    elif isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _is_parallel(attrs: Attrs) -> bool:
    return attrs.get("streaming") == "parallel"


_GRANTS = ("grant", "default_privileges")
FEATURES = (
    Feature(18, ("comment",), "a comment on a NOT NULL", _has("not_null")),
    Feature(18, ("column",), "a NOT NULL that is not valid", _not_null("not_valid"), _drop("not_null")),
    Feature(
        18, ("column",), "NOT NULL NO INHERIT", _not_null("no_inherit"), lambda a: {**a, "not_null": True}
    ),
    Feature(18, ("column",), "a virtual generated column (it is stored here)", _is_virtual, _stored),
    _calls(18),
    Feature(
        18,
        ("constraint",),
        "a foreign key of a partitioned table that is not valid",
        _says("definition", r"^FOREIGN KEY .* NOT VALID$"),
        partitioned=True,
    ),
    Feature(18, ("collation",), "PG_UNICODE_FAST", lambda a: a.get("locale") == "PG_UNICODE_FAST"),
    Feature(18, ("constraint",), "NOT ENFORCED", _says("definition", r" NOT ENFORCED$")),
    Feature(18, ("constraint",), "WITHOUT OVERLAPS", _says("definition", r"^[A-Z ]+\(.* WITHOUT OVERLAPS\)")),
    Feature(18, ("constraint",), "PERIOD", _says("definition", r"^FOREIGN KEY \(.*, PERIOD ")),
    _attribute(18, "publication", "generated_columns"),
    _calls(17),
    Feature(
        17,
        ("constraint",),
        "EXCLUDE on a partitioned table",
        _says("definition", r"^EXCLUDE "),
        partitioned=True,
    ),
    Feature(17, ("event_trigger",), "an event trigger ON login", lambda a: a.get("event") == "login"),
    Feature(17, _GRANTS, "the privilege MAINTAIN", _maintains, _without_maintain),
    Feature(17, ("collation",), "a collation of the provider builtin", lambda a: a.get("provider") == "b"),
    _attribute(17, "subscription", "failover"),
    _attribute(17, "domain", "not_null_name"),
    _calls(16),
    Feature(
        16,
        ("subscription",),
        "streaming = parallel (it is on here)",
        _is_parallel,
        lambda a: {**a, "streaming": "on"},
    ),
    Feature(16, ("collation",), "a collation with rules", _has("rules")),
    *(_attribute(16, "subscription", key) for key in ("password_required", "run_as_owner", "origin")),
    *(_attribute(16, "membership", key) for key in ("inherit", "set")),
    Feature(15, ("constraint", "index"), "NULLS NOT DISTINCT", _says("definition", r" NULLS NOT DISTINCT\b")),
    _calls(15),
    Feature(
        15, ("constraint",), "ON DELETE for some columns", _says("definition", r" ON DELETE SET [A-Z]+ \(")
    ),
    Feature(15, ("sequence",), "an unlogged sequence", _has("persistence"), _drop("persistence")),
    Feature(15, ("view",), "a view with security_invoker", _invokes),
    Feature(15, ("publication_schema",), "a publication of a schema", lambda a: True),
    *(_attribute(15, "publication_member", key) for key in ("where", "columns")),
    Feature(15, ("parameter",), "a privilege on a parameter", lambda a: True),
    *(_attribute(15, "subscription", key) for key in ("two_phase", "disable_on_error")),
)
"""What older servers that are still in use do not have, newest first."""
