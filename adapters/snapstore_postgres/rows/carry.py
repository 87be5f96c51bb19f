"""Rows of a table that has to be made anew: set aside before, put into the new one after.

PostgreSQL cannot turn a plain table into a partitioned one, or back. What both have in common, by name of the
column, is carried over; values of columns that only the old table has go to the archive.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Action, DataMode, Fact, FactChange, Hazard, HazardName, Verb
from snapstore.rules import View
from snapstore_postgres.names import last, listed, quote, unquote
from snapstore_postgres.relations import STRONGEST, held_still, keys, table_of
from snapstore_postgres.relations.inheritance import ancestors, partitions_below
from snapstore_postgres.rows import (
    archive,
    archived_values,
    bounds,
    filling,
    fitting,
    gaps,
    homeless,
    leaving,
    parting,
    positions,
)
from snapstore_postgres.rows.as_json import portable
from snapstore_postgres.rows.casts import below_domains, cast, has_attributes
from snapstore_postgres.rows.from_json import from_json
from snapstore_postgres.rows.looking import numbered_key


def with_carried_rows(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, and for each non-empty table that they drop and create again, those that keep its rows."""
    again = [
        action.subject
        for action in actions
        if action.verb is Verb.DROP
        and action.subject.startswith("table:")
        and action.subject in request.target
    ]
    carried = [i for i in _by_themselves(again, request) if held(request, i) != 0]
    roots = {table: root for root in carried for table in (root, *partitions_below(root, request.target))}
    waiting = [_after_filling(request, action, roots) for action in actions]
    return [*waiting, *(a for identity in carried for a in _carry(request, identity))]


def _by_themselves(again: Collection[str], request: PlanRequest) -> list[str]:
    """The tables whose rows do not go along with those of one that they are in and stay in."""
    found, along = list[str](), set[str]()
    for identity in sorted(again, key=lambda i: sum(1 for _ in ancestors(i.partition(":")[2], request.live))):
        if identity not in along:
            found.append(identity)
            along |= {*partitions_below(identity, request.live)} - {*_leaving(request, identity)}
    return found


def _filled_again(identity: str) -> str:
    """What is provided by putting the rows into the new table."""
    return "filled:" + identity.partition(":")[2]


def _after_filling(request: PlanRequest, action: Action, roots: Mapping[str, str]) -> Action:
    """The action; foreign keys to a new table, its triggers, and what it is attached to wait until its rows
    are there. ``roots`` are the tables that rows are put into, by what these are then in."""
    fact = request.target.get(action.subject)
    if fact is None or action.verb is Verb.DROP:
        return action
    tables: set[str] = set()
    if fact.kind == "constraint" and fact.attrs.get("type") == "f":
        targets = (request.target[need] for need in fact.needs if need in request.target)
        tables = {target.parent or "" for target in targets}
    elif fact.kind in ("trigger", "rule"):
        tables = {fact.parent or ""}
    elif fact.kind == "partition" and not _is_parted(f"table:{fact.name}", request):
        tables = {f"table:{fact.name}"} & {*roots.values()}
    tokens = sorted({_filled_again(roots[table]) for table in tables if table in roots})
    return msgspec.structs.replace(action, needs=(*action.needs, *tokens)) if tokens else action


def held(request: PlanRequest, identity: str) -> int | None:
    """The size of a live table with its partitions, where it is known."""
    relations = request.live_hints.get("relations", {})
    sizes = [relations.get(i, {}).get("bytes") for i in (identity, *partitions_below(identity, request.live))]
    return None if None in sizes else sum(sizes)


def _columns(table: str, side: Facts) -> dict[str, Fact]:
    return {last(f.name): f for f in side.parts.get(table, ()) if f.kind == "column"}


@dataclass(frozen=True)
class _Carried:
    """What is carried over from a table to the one that is made in its place."""

    request: PlanRequest
    identity: str
    pairs: Sequence[tuple[Fact, Fact]]
    """Columns of both tables, before and after."""
    lost: Sequence[Fact]
    back: Sequence[tuple[Fact, archive.Entry]]
    """New columns whose values are in the archive."""
    unknown: Sequence[Fact]
    """New columns that each row has to have a value in, which nobody knows."""

    @property
    def name(self) -> str:
        return self.identity.partition(":")[2]

    @property
    def place(self) -> str:
        return quote(f"{archive.REGISTRY}_rows_{hashlib.sha256(self.identity.encode()).hexdigest()[:8]}")

    def by_name(self, old: Fact, new: Fact) -> bool:
        return has_attributes(old, self.request.live) and has_attributes(new, self.request.target)


def _carry(request: PlanRequest, identity: str) -> tuple[Action, Action]:
    old, new = _columns(identity, request.live), _columns(identity, request.target)
    own, settable = _plain(old), _plain(new)
    entries = {c: _where_values_lie(new[c], request) for c in sorted(settable - own)}
    pairs = [(old[c], new[c]) for c in sorted(old.keys() & settable) if c in own or not entries[c]]
    known = {last(before.name) for before, _ in pairs}
    found = {c: [e for e in places if known.issuperset(e.facts["key"])] for c, places in entries.items()}
    back = [(new[c], places[0]) for c, places in found.items() if places]
    given = {*(last(after.name) for _, after in pairs), *(last(column.name) for column, _ in back)}
    view = View(request, fates={})
    unknown = [new[c] for c in sorted(settable - given) if gaps.needed(new[c], view)]
    carried = _Carried(request, identity, pairs, [old[c] for c in sorted(own - settable)], back, unknown)
    return _set_aside(carried), _put_in(carried)


def _where_values_lie(column: Fact, request: PlanRequest) -> list[archive.Entry]:
    """Its own place in the archive, else those of what it is inherited from: they have what went along in the
    tables below, and to this one their column comes without it, since it is made anew."""
    above = (f"column:{name}.{last(column.name)}" for name in ancestors(table_of(column), request.target))
    own, *others = (archive.kept(request, identity, "column") for identity in (column.id, *above))
    return [own] if own else [entry for entry in others if entry]


def _plain(columns: Mapping[str, Fact]) -> set[str]:
    """The names of the columns that hold values of their own."""
    return {name for name, column in columns.items() if "generated" not in column.attrs}


def _set_aside(carried: _Carried) -> Action:
    request, name, place = carried.request, carried.name, carried.place
    tables = [carried.identity, *partitions_below(carried.identity, request.live)]
    kept = {
        last(old.name): portable(old, carried.by_name(old, new), request.live) for old, new in carried.pairs
    }
    if _may_be_homeless(carried):
        kept |= {
            last(c.name): portable(c, has_attributes(c, request.live), request.live) for c in carried.lost
        }
    names, values = listed(kept), ", ".join(kept.values())
    source = _source(request, carried.identity)
    lost = ", ".join(last(column.name) for column in carried.lost)
    archived, statements, needs = _archived(carried)
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=f"rows:{name}",
        summary=f"set the rows of {name} aside",
        statements=(
            held_still(name),
            f"CREATE SCHEMA {place}",
            f"CREATE TABLE {place}.rows{names} AS SELECT {values} FROM {source}",
            *statements,
            *_taken_back(carried),
        ),
        payload={"archive": archived} if archived else {},
        produces=(f"rows:{name}",),
        needs=needs,
        releases=tuple(sorted({*tables, *(c.id for c, _ in carried.pairs), *(c.id for c in carried.lost)})),
        hazards=() if archived or not lost else (Hazard(HazardName.DATA_LOSS, f"columns {lost} of {name}"),),
        lock=STRONGEST,
        transactional=True,
        rank=-950,
    )


def _archived(carried: _Carried) -> tuple[list[str], list[str], tuple[str, ...]]:
    """The places, the statements and what they need, by which columns without a successor are archived."""
    request = carried.request
    if request.options.data is not DataMode.ARCHIVE or not carried.lost:
        return [], [], ()
    key, source = _key(carried), _source(request, carried.identity)
    entries = [(column, archived_values.column_entry(request, column, key)) for column in carried.lost]
    copies = (archived_values.copied(column, entry, source, request) for column, entry in entries)
    statements = [statement for copy in copies for statement in copy]
    return [entry.place for _, entry in entries], statements, (archive.REGISTERED,)


def _key(carried: _Carried) -> list[str]:
    """The columns of the primary key, or of another, where all are carried over, else all that are."""
    live, table = carried.request.live, carried.identity
    carried_over = [last(old.name) for old, _ in carried.pairs]
    for columns in (keys.primary(live.parts.get(table, ())), *keys.others(table, live)):
        names = [last(column) for column in columns]
        if names and set(names) <= set(carried_over):
            return names
    return carried_over


def _taken_back(carried: _Carried) -> Iterator[str]:
    """Values from the archive, put beside the rows that they belong to."""
    rows, request = f"{carried.place}.rows", carried.request
    if carried.back or carried.unknown:  # a publication of all tables would not let it be filled
        yield f"ALTER TABLE {rows} REPLICA IDENTITY FULL"
    for column, entry in carried.back:
        yield f"ALTER TABLE {rows} ADD COLUMN {last(column.name)} {_kept_type(entry)}"
        as_kept = Fact(column.id, {"type": _kept_type(entry)}, column.parent)
        yield from archived_values.kept_open(entry)  # that of another column may be empty by then
        yield from archived_values.filled(rows, as_kept, entry, request)


def _kept_type(entry: archive.Entry) -> str:
    return "jsonb" if "by_name" in entry.facts else "text"


def _source(request: PlanRequest, identity: str) -> str:
    """A table without its children; a partitioned one with them, but not those that keep their rows or lie
    elsewhere."""
    name = identity.partition(":")[2]
    if "partition_key" not in request.live[identity].attrs:
        return f"ONLY {name} t"
    return _those_here(identity, request.live, _leaving(request, identity))


def _those_here(identity: str, side: Facts, leaving: Collection[str] = ()) -> str:
    """A partitioned table without those of its partitions that leave or lie elsewhere."""
    below = list(partitions_below(identity, side))
    own = [p for p in below if p not in leaving and "foreign" not in side[p].attrs]
    tables = [table.partition(":")[2] for table in (identity, *own)]
    if own == below:
        return f"{tables[0]} t"
    names = ", ".join(sorted(_columns(identity, side)))
    return f"({' UNION ALL '.join(f'SELECT {names} FROM ONLY {table}' for table in tables)}) t"


def _leaving(request: PlanRequest, identity: str) -> list[str]:
    """The live partitions of a table that are tables beside it in the target: their rows are their own."""
    below = set(partitions_below(identity, request.target))
    return [p for p in partitions_below(identity, request.live) if p in request.target and p not in below]


def _put_in(carried: _Carried) -> Action:
    request, name, rows = carried.request, carried.name, f"{carried.place}.rows"
    values = [_value(carried, old, new) for old, new in carried.pairs]
    values += [_returned(request, column, entry) for column, entry in carried.back]
    values += [last(column.name) for column in carried.unknown]
    columns = [
        *(new for _, new in carried.pairs),
        *(column for column, _ in carried.back),
        *carried.unknown,
    ]
    partitions = [
        f"partition:{table.partition(':')[2]}" for table in partitions_below(carried.identity, request.target)
    ]
    positions = [s for column in columns for s in _positions(request, column)]
    stand_in, referred, hazards = _standing_in(carried)
    above = {f"partition:{name}"} & request.target.keys() if _has_partitions(carried) else ()
    needs = {f"rows:{name}", carried.identity, *above, *partitions, *_filled(request, columns), *referred}
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=f"rows:{name}",
        summary=f"put the rows of {name} into the new table",
        statements=(
            *stand_in,
            _insert(carried, dict(zip((last(column.name) for column in columns), values, strict=True))),
            f"DROP TABLE {rows}",
            f"DROP SCHEMA {carried.place}",
            *positions,
        ),
        payload={"archive": True} if _may_be_homeless(carried) else _counts(carried),
        produces=(_filled_again(carried.identity),),
        needs=tuple(sorted(needs)),
        hazards=(
            *hazards,
            *_lost(carried),
        ),
        lock="ROW EXCLUSIVE",
        transactional=True,
        rank=46,
    )


def _standing_in(carried: _Carried) -> tuple[list[str], list[str], tuple[Hazard, ...]]:
    """The statements that put something beside the rows for the columns that nobody knows the values of, with
    what they need, and that it is not proven."""
    if not carried.unknown:
        return [], [], ()
    rows, columns, view = f"{carried.place}.rows", carried.unknown, _beside_the_rows(carried)
    types = {last(c.name): below_domains(c.attrs["type"], carried.request.target) for c in columns}
    added = [f"ALTER TABLE {rows} ADD COLUMN {name} {kind}" for name, kind in types.items()]
    statements = [*added, *(filling.filling(column, rows, view) for column in columns)]
    needs = [need for column in columns for need in filling.needs(column, view)]
    return statements, needs, tuple(gaps.hazard(c, view) for c in columns)


def _beside_the_rows(carried: _Carried) -> View:
    """Both sides as those rows have them: with the columns alone that are there as they will be, and what is
    of no other ones."""
    request, table = carried.request, carried.identity
    there = {new.id for old, new in carried.pairs if not old.needs and old.attrs["type"] == new.attrs["type"]}
    known = there | {column.id for column in carried.unknown}
    other = {c.id for side in (request.live, request.target) for c in _columns(table, side).values()} - known
    target = [FactChange(p.id, p, None) for p in request.target.parts.get(table, ()) if other & {*p.needs}]
    live = [FactChange(c.id, c, None) for c in _columns(table, request.live).values() if c.id not in there]
    beside = msgspec.structs.replace(
        request, live=request.live.changed(live), target=request.target.changed(target)
    )
    return View(beside, fates={})


def _counts(carried: _Carried) -> dict[str, list[str]]:
    """The check that partitions take all rows, where none may go anywhere else."""
    request, name = carried.request, carried.name
    if not _has_partitions(carried) or request.options.data is not DataMode.REFUSE:
        return {}
    tables = [carried.identity, *partitions_below(carried.identity, request.target)]
    parts = [request.target[table.replace("table:", "partition:", 1)] for table in tables[1:]]
    facts = [request.target[table] for table in tables]
    keys = {f.name: str(f.attrs["partition_key"]) for f in facts if "partition_key" in f.attrs}
    rows = f"(SELECT t.* FROM {_source(request, carried.identity)}) t"
    key = numbered_key(request.live.parts.get(carried.identity, ()), request.live)
    column = last(key.name) if key is not None and key.id in request.target else None
    place = f"t.{column}" if column else "NULL"
    count = bounds.counted(name, rows, place, name, parts, keys, "'(' || leaves || ') IS NOT TRUE'")
    why = "they are kept, until one does, with --data archive, and lost with --data discard"
    return {
        fitting.COUNTS: [
            leaving.stopping(
                count, f"% rows of {name} do not fit: no partition takes them", why, unquote(column or "")
            )
        ]
    }


def _lost(carried: _Carried) -> list[Hazard]:
    """That rows which the new table refuses are gone."""
    if carried.request.options.data is not DataMode.DISCARD:
        return []
    which = "that no partition takes" if _has_partitions(carried) else "that it takes no more"
    return [homeless.lost(carried.name, View(carried.request, fates={}), which)]


def _may_be_homeless(carried: _Carried) -> bool:
    """Whether rows that no partition takes go to the archive."""
    return _has_partitions(carried) and carried.request.options.data is DataMode.ARCHIVE


def _has_partitions(carried: _Carried) -> bool:
    return _is_parted(carried.identity, carried.request)


def _is_parted(table: str, request: PlanRequest) -> bool:
    """Whether the target has it partitioned."""
    return "partition_key" in request.target[table].attrs


def _insert(carried: _Carried, values: Mapping[str, str]) -> str:
    """The statement that puts the rows in, with these expressions by the names of columns."""
    name, source = carried.name, f"{carried.place}.rows"
    if _may_be_homeless(carried):
        new = [*(column for column, _ in carried.back), *carried.unknown]
        entry = homeless.entry_of(carried.request, carried.identity, new)
        joining = _joining(carried)
        if not joining:
            return homeless.put(name, values, _by_itself(carried), source, entry)
        told = {**entry.facts, leaving.SOURCE: [entry.identity, entry.facts["ids"]]}
        entry = msgspec.structs.replace(entry, facts=told)
        marks, closing = parting.marked(entry.place, joining), parting.closed(entry, marked=True)
        return homeless.put(name, values, _by_itself(carried), source, entry, marks, closing)
    if carried.request.options.data is DataMode.DISCARD:
        return homeless.put_or_lost(name, values, _by_itself(carried), source, _has_partitions(carried))
    selected = ", ".join(values.values())
    return f"INSERT INTO {name}{listed(values)} OVERRIDING SYSTEM VALUE SELECT {selected} FROM {source}"


def _joining(carried: _Carried) -> list[str]:
    """The names of partitions that were there with rows of their own, beside a table that was plain."""
    request, root = carried.request, carried.identity
    joining = [*parting.joining(root, request)] if "partition_key" not in request.live[root].attrs else []
    below = (part for table in joining for part in (table, *partitions_below(table, request.target)))
    return [part.partition(":")[2] for part in below]


def _by_itself(carried: _Carried) -> dict[str, str]:
    """What a new row has in each column that nothing is put into: a partition may be chosen by it."""
    facts, columns = carried.request.target, _columns(carried.identity, carried.request.target)
    defaults = {name: facts.get(f"default:{columns[name].name}") for name in _plain(columns)}
    values = {name: default.attrs["expression"] if default else "NULL" for name, default in defaults.items()}
    return {name: f"({value})::{columns[name].attrs['type']}" for name, value in sorted(values.items())}


def _value(carried: _Carried, old: Fact, new: Fact) -> str:
    name, kind = last(new.name), new.attrs["type"]
    if carried.by_name(old, new):
        return f"({from_json(name, kind, carried.request.target)})"
    return cast(name, "text" if old.needs else old.attrs["type"], kind)


def _returned(request: PlanRequest, column: Fact, entry: archive.Entry) -> str:
    """The value from the archive, or the default where there is none and must be one."""
    name, kind = last(column.name), column.attrs["type"]
    value = f"({from_json(name, kind, request.target)})" if "by_name" in entry.facts else f"{name}::{kind}"
    default = request.target.get(f"default:{column.name}")
    if default is None or not column.attrs.get("not_null"):
        return value
    return f"coalesce({value}, ({default.attrs['expression']})::{kind})"


def _filled(request: PlanRequest, columns: Sequence[Fact]) -> Iterator[str]:
    for column in columns:
        yield column.id
        yield from _sequences(request, column)


def _sequences(request: PlanRequest, column: Fact) -> list[str]:
    return [f.id for f in request.target.parts.get(column.id, ()) if f.kind == "sequence"]


def _positions(request: PlanRequest, column: Fact) -> list[str]:
    """The sequences behind a column, moved behind the values that it got."""
    names = [identity.partition(":")[2] for identity in _sequences(request, column)]
    names += [column.attrs["identity"]["sequence"]] if "sequence" in column.attrs.get("identity", {}) else []
    source = _those_here(column.parent or "", request.target)
    return [s for name in names for s in positions.behind_values(name, column, source)]
