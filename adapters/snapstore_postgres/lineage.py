"""What a restore makes anew goes on being what it was: noted in the archive, since its ids are others.

A type whose labels change, a column that comes back, a table that is built again get new ids, by which no
earlier snapshot knows them. So the transaction that makes them notes which ids mean the same, for all that
later renamings are told by.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.model import Action, DataMode, Json, Verb
from snapstore_postgres.names import literal, qualifier
from snapstore_postgres.relations import children
from snapstore_postgres.relations.inheritance import partitions_below
from snapstore_postgres.renaming.evidence import LINEAGE
from snapstore_postgres.rows.archived.archive import REGISTERED, REGISTRY
from snapstore_postgres.rows.carried.carry import held

_DATABASE = "(SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())"
_ATTRIBUTES = (
    "(SELECT pg_catalog.jsonb_object_agg(pg_catalog.quote_ident(a.attname), a.attnum)"
    " FROM pg_catalog.pg_attribute a WHERE a.attrelid = {relation} AND a.attnum > 0 AND NOT a.attisdropped)"
)
_TYPES = ("enum:", "composite:", "domain:", "range:")
_LABELS = (
    "(SELECT pg_catalog.jsonb_object_agg(pg_catalog.quote_ident(e.enumlabel), e.oid::bigint)"
    " FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid)"
)


def noted(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, and one that notes the ids of what they make, where anything could be told by them."""
    if request.options.data is not DataMode.ARCHIVE or not _has_place(request):
        return list(actions)
    notes = [(i, was) for i in sorted({*_made(request, actions)}) if (was := list(_known(request, i)))]
    if not notes:
        return list(actions)
    made = {identity for action in actions for identity in action.produces}
    note = Action(
        resource=request.resource,
        verb=Verb.CREATE,
        subject=f"{LINEAGE}:",
        summary="note what was made anew, so that later restores know it again",
        statements=tuple(_statement(request, identity, was) for identity, was in notes),
        needs=(REGISTERED, *sorted(made & _parts(request, [i for i, _ in notes]))),
        payload={"archive": True},
        transactional=True,
        rank=10_000,
    )
    return [*actions, note]


def _has_place(request: PlanRequest) -> bool:
    """Whether there is an archive, or this role may make it. It is no reason to stop if not."""
    may = (request.live_hints.get("powers") or {}).get("creates", True)
    return bool(may or (request.live_hints.get("archive") or {}).get("exists"))


def _made(request: PlanRequest, actions: Sequence[Action]) -> Iterator[str]:
    """Types that change, and tables with rows of which columns or all are made anew; partitions with them.
    Tables that come for rows in the archive, which are found by them: partitioned ones, be they so before or
    after, and others into which rows go."""
    dropped = {action.subject for action in actions if action.verb is Verb.DROP}
    created = {action.subject for action in actions if action.verb is Verb.CREATE}
    found = {a.subject for a in actions if a.subject.startswith(_TYPES)} | created & dropped
    found |= {f"table:{qualifier(i.partition(':')[2])}" for i in created if i.startswith("column:")}
    if (request.live_hints.get("archive") or {}).get("exists"):
        filled = {f"table:{a.subject.partition(':')[2]}" for a in actions if a.subject.startswith("rows:")}
        tables = (f for f in request.target.kinds.get("table", ()) if f.id in created - found)
        yield from (f.id for f in tables if "partition_key" in f.attrs or f.id in filled)
    for identity in found & request.target.keys():
        if identity.startswith(_TYPES):
            yield identity
        elif identity.startswith("table:") and identity in request.live:
            tree = [identity, *_inheriting(identity, request)]
            if _is_partitioned(identity, request) or any(held(request, table) != 0 for table in tree):
                yield from tree
                yield from (p for p in partitions_below(identity, request.target) if p in created)


def _is_partitioned(table: str, request: PlanRequest) -> bool:
    return any("partition_key" in side[table].attrs for side in (request.live, request.target))


def _inheriting(table: str, request: PlanRequest) -> Iterator[str]:
    """The tables that inherit from a table, before and after: what becomes of its columns, does of theirs."""
    for name in children(table, request.live.dependents):
        child = f"table:{name}"
        if child in request.target and f"partition:{name}" not in request.target:
            yield child
            yield from _inheriting(child, request)


def _known(request: PlanRequest, identity: str) -> Iterator[dict[str, Json]]:
    """The ids by which the sides that are of this database know it and its parts. Of another one names alone
    tell what is what, and what they told once must not be taken for proof later. Those that it had before
    come first: they tell whose rows it has, where the other ones are known, too."""
    for hints in (request.live_hints, request.target_hints):
        if not _is_of_this_database(hints, request):
            continue
        known = hints.get("relations", {}).get(identity)
        if known:
            names, numbers = known.get("columns") or (), known.get("numbers") or ()
            yield {"oid": known["oid"], "parts": dict(zip(names, numbers, strict=False))}
        elif identity in hints.get("ids", {}):
            yield {"oid": f"{hints['database_id']}/{hints['ids'][identity]}", "parts": {}}


def _is_of_this_database(hints: Mapping[str, Json], request: PlanRequest) -> bool:
    here = request.live_hints
    return bool(here.get("system")) and all(
        hints.get(key) == here.get(key) for key in ("system", "database_id")
    )


def _parts(request: PlanRequest, wholes: Sequence[str]) -> set[str]:
    tables = {whole for whole in wholes if whole.startswith("table:")}
    columns = {f.id for f in request.target.values() if f.kind == "column" and f.parent in tables}
    return {*wholes, *columns}


def _statement(request: PlanRequest, identity: str, was: Sequence[Mapping[str, Json]]) -> str:
    number = (request.live_hints.get("archive") or {}).get("next", 1)
    place = f"{LINEAGE}_{number}_{hashlib.sha256(identity.encode()).hexdigest()[:8]}"
    kind, _, name = identity.partition(":")
    known = msgspec.json.encode(list(was), order="deterministic").decode()
    if kind == "table":
        source = f"pg_catalog.pg_class t WHERE t.oid = {literal(name)}::pg_catalog.regclass"
        parts = _ATTRIBUTES.format(relation="t.oid")
    else:
        source = f"pg_catalog.pg_type t WHERE t.oid = {literal(name)}::pg_catalog.regtype"
        parts = {"enum": _LABELS, "composite": _ATTRIBUTES.format(relation="t.typrelid")}.get(
            kind, "'{}'::jsonb"
        )
    now = f"pg_catalog.jsonb_build_object('oid', {_DATABASE} || '/' || t.oid, 'parts', {parts})"
    facts = f"pg_catalog.jsonb_build_object('was', {literal(known)}::jsonb, 'now', {now})"
    values = f"{literal(place)}, {literal(identity)}, '{LINEAGE}', {facts}"
    return f"INSERT INTO {REGISTRY}.entries (place, identity, kind, facts) SELECT {values} FROM {source}"
