"""What proves that something live and something of a target are one: ids, and bodies that are alike.

The same database of the same cluster knows a thing by the same object id, of its kind, for as long as it is
there; a column or an attribute by its number, which is never used again, and a label of an enum by an id.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import eq

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Fact, Json
from snapstore_postgres.names import last, parts, qualifier
from snapstore_postgres.renaming import MISCOUNTED, ROUTINES, TYPES, schema_of

_SHARED = ("role", "tablespace")


def by_id(hints: Mapping[str, Json]) -> dict[str, str]:
    """Identities by all that tells them, from the hints of a capture."""
    system, database = hints.get("system"), hints.get("database_id")
    if not system:
        return {}  # another cluster may use the same ids for other things
    found = {
        f"{system}/{known['oid']}/{_CATALOGS.get(identity.partition(':')[0], 'pg_class')}": identity
        for identity, known in hints.get("relations", {}).items()
        if "oid" in known
    }
    for identity, oid in hints.get("ids", {}).items():
        kind = identity.partition(":")[0]
        home = "" if kind in _SHARED else database
        if home is not None:
            found[f"{system}/{home}/{oid}/{_CATALOGS.get(kind, kind)}"] = identity
    for note in _notes(hints):
        ending = _CATALOGS.get(note["identity"].partition(":")[0], "pg_class")
        now = found.get(f"{system}/{note['facts']['now']['oid']}/{ending}")
        for was in note["facts"]["was"] if now else ():
            found.setdefault(f"{system}/{was['oid']}/{ending}", now or "")
    return found


def ids_of_table(hints: Mapping[str, Json], table: str) -> list[str]:
    """The keys of :func:`by_id` that tell a table, given by identity."""
    system, oid = hints.get("system"), hints.get("relations", {}).get(table, {}).get("oid")
    if not system or not oid:
        return []
    notes = (note["facts"] for note in _notes(hints) if note["facts"]["now"]["oid"] == oid)
    earlier = (was["oid"] for note in notes for was in note["was"])
    return [f"{system}/{known}/pg_class" for known in dict.fromkeys([oid, *earlier])]


_CATALOGS = {**dict.fromkeys(ROUTINES, "pg_proc"), **dict.fromkeys(TYPES, "pg_type")}


LINEAGE = "lineage"
"""The kind of the entries of an archive that say which ids mean what had others before."""


def _notes(hints: Mapping[str, Json]) -> list[dict[str, Json]]:
    """What is noted of ids that something had before, the last first."""
    entries = (hints.get("archive") or {}).get("entries", ())
    return [entry for entry in reversed(entries) if entry["kind"] == LINEAGE]


def inside(hints: Mapping[str, Json], whole: str) -> dict[str, str]:
    """The columns of a relation, the attributes or labels of a type, by all that tells them."""
    known = hints.get("relations", {}).get(whole, {})
    numbers, names = known.get("numbers") or (), known.get("columns") or ()
    found = {f"{known.get('oid')}#{n}": name for n, name in zip(numbers, names, strict=False)}
    for note in _notes(hints):
        now = note["facts"]["now"]
        for name, number in now["parts"].items() if now["parts"] else ():
            there = found.get(f"{now['oid']}#{number}")
            for was in note["facts"]["was"] if there else ():
                if name in was["parts"]:
                    found.setdefault(f"{was['oid']}#{was['parts'][name]}", there or "")
    return found


def equal_inside(live: Mapping[str, Json], target: Mapping[str, Json]) -> Callable[[str], bool]:
    """Tells of a relation or type of both hints whether :func:`inside` says the same of it, without asking:
    mostly it does, and of a large schema it would say much."""
    relations = [hints.get("relations", {}) for hints in (live, target)]
    if _notes(live) != _notes(target):
        return lambda whole: False

    def equal(whole: str) -> bool:
        before, after = (known.get(whole, {}) for known in relations)
        return all(before.get(key) == after.get(key) for key in ("oid", "numbers", "columns"))

    return equal


def alike(request: PlanRequest, identity: str, wanted: str) -> bool:
    """Whether most columns of the same number have the same name or type: in a copy of a server, ids alone
    may agree by chance."""
    if not identity.startswith("table:"):
        return True
    live = _types(request.live, request.live_hints, identity)
    target = _types(request.target, request.target_hints, wanted)
    shared = live.keys() & target.keys()
    same = sum(any(map(eq, live[number], target[number])) for number in shared)
    return 2 * same > len(shared)


def _types(side: Mapping[str, Fact], hints: Mapping[str, Json], table: str) -> dict[str, tuple[str, str]]:
    found = {}
    for number, column in inside(hints, table).items():
        fact = side.get(f"column:{table.partition(':')[2]}.{column}")
        if fact:
            found[number] = column, fact.attrs["type"]
    return found


# -- names that are taken ----------------------------------------------------------------------------------

_RELATIONS = ("table", "matview", "view", "sequence", "index")


def holder(identity: str, request: PlanRequest) -> str | None:
    """The live fact that has a name, or one that it excludes; "" where the name cannot be had otherwise."""
    kind, _, name = identity.partition(":")
    schema = schema_of(kind, name)
    if schema and not {f"schema:{schema}"} & (request.live.keys() | request.target.keys()):
        return ""
    if kind in (*_RELATIONS, *TYPES):
        return _relation_or_type(kind, name, request)
    kinds = ROUTINES if kind in ROUTINES else (kind,)
    return next((f"{k}:{name}" for k in kinds if f"{k}:{name}" in request.live), None)


def _relation_or_type(kind: str, name: str, request: PlanRequest) -> str | None:
    """All relations but indexes are types, too, and composite types are relations."""
    plain = [k for k in TYPES if k != "composite"]
    apart = plain if kind == "index" else ("index",) if kind in plain else ()
    kinds = (k for k in (*_RELATIONS, *TYPES) if k not in apart)
    found = next((f"{k}:{name}" for k in kinds if f"{k}:{name}" in request.live), None)
    if found is not None:
        return found
    return "" if _is_implied(name, request.live) else None


def _is_implied(name: str, live: Facts) -> bool:
    """Whether a relation is part of a fact: the index of a key, the sequence of an identity column."""
    schema, ending = qualifier(name), f".{last(name)}"
    named = (f for f in live.kinds.get("constraint", ()) if f.id.endswith(ending))
    if any(f.attrs.get("type", "c") in "pux" and parts(f.name)[0] == schema for f in named):
        return True
    identities = (f.attrs["identity"] for f in live.kinds.get("column", ()) if "identity" in f.attrs)
    return any(identity.get("sequence") == name for identity in identities)


# -- columns and constraints that are shared ---------------------------------------------------------------


def below(request: PlanRequest, part: Fact) -> dict[str, str] | None:
    """The same column or constraint in the tables below that of ``part``, by the tables; None where it cannot
    be renamed there, since it comes from a table above, or one below has it from elsewhere too."""
    table, name = (part.parent or "").partition(":")[2], last(part.name)
    above, children = _trees(request.live)
    if part.id in request.live_hints.get(MISCOUNTED, {}):
        return None
    if _is_alone(part):
        return {}
    same = (request.live.get(f"{part.kind}:{parent}.{name}") for parent in above.get(table, ()))
    if any(other is not None and not _is_alone(other) for other in same):
        return None
    tree = list(_descendants(table, children))
    heirs = {t: f"{t}.{name}" for t in tree if f"{part.kind}:{t}.{name}" in request.live}
    for heir in heirs:
        others = set(above.get(heir, ())) - {table, *tree}
        if any(f"{part.kind}:{other}.{name}" in request.live for other in others):
            return None
        if f"{part.kind}:{heir}.{name}" in request.live_hints.get(MISCOUNTED, {}):
            return None
    return heirs


_ALONE = re.compile(r"\) NO INHERIT( NOT VALID| NOT ENFORCED)*$")


def _is_alone(part: Fact) -> bool:
    """Whether it is a constraint that no table below gets: one of its name there is another."""
    return part.kind == "constraint" and _ALONE.search(part.attrs["definition"]) is not None


def _trees(live: Facts) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The parents of each table that has some, and the children of each that has some."""
    above: dict[str, list[str]] = {}
    children: dict[str, list[str]] = {}
    for fact in (*live.kinds.get("partition", ()), *live.kinds.get("table", ())):
        parents = fact.attrs.get("inherits", ()) if fact.kind == "table" else [fact.attrs["of"]]
        for parent in parents:
            above.setdefault(fact.name, []).append(parent)
            children.setdefault(parent, []).append(fact.name)
    return above, children


def _descendants(table: str, children: Mapping[str, list[str]]) -> Iterator[str]:
    for child in children.get(table, ()):
        yield child
        yield from _descendants(child, children)


# -- bodies ------------------------------------------------------------------------------------------------


def bodies(kind: str, facts: Iterable[Fact], other: Mapping[str, Fact]) -> dict[str, str]:
    """What the facts of this kind are, without their names, by identity; only parts of what stays."""
    return {
        fact.id: f"{fact.parent} {nameless(fact)}"
        for fact in facts
        if fact.kind == kind and fact.parent in other
    }


_WORDS = {"index": "INDEX", "trigger": "TRIGGER", "rule": "RULE"}


def nameless(fact: Fact) -> str:
    """All of a fact but its name."""
    attrs = dict(fact.attrs)
    if fact.kind in _WORDS:
        text = rf"(?<= {_WORDS[fact.kind]} ){re.escape(last(fact.name))} "
        attrs["definition"] = re.sub(text, "", attrs["definition"], count=1)
    return repr(sorted(attrs.items()))


def is_settled(identity: str, request: PlanRequest) -> bool:
    """Whether it has the name already that it had in the target: it would only have to come back to that."""
    target = by_id(request.target_hints)
    return any(i == identity == target.get(key) for key, i in by_id(request.live_hints).items())
