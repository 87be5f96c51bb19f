"""Rows that no partition takes: kept in the archive as they are, and put in again once one does.

They lie there as JSON, each column under its name of then and told by its number. The server says what its
partitions take. What still finds no place, or is not allowed where it would go, stays in the archive.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Action, DataMode, Fact, Json, Verb
from snapstore.rules import View
from snapstore_postgres import archive, belonging, bounds
from snapstore_postgres.casts import cast
from snapstore_postgres.evidence import by_id, ids_of_table
from snapstore_postgres.inheritance import ancestors, partitions_below
from snapstore_postgres.names import block, last, listed, literal, quote, unquote
from snapstore_postgres.online import spare_name
from snapstore_postgres.relations import size
from snapstore_postgres.undisturbed import LOUD, QUIET_VARIABLES, quiet
from snapstore_postgres.wording import former

_KIND = "rows"
_RANK = 4_000


def entry_of(request: PlanRequest, table: str, new: Sequence[Fact] = ()) -> archive.Entry:
    """Where rows of a live table, given by identity, are kept, and how they are told. They may have new
    columns beside the live ones."""
    name = table.partition(":")[2]
    columns = {f.name: request.live_hints for f in request.live.parts.get(table, ()) if f.kind == "column"}
    columns |= {column.name: request.target_hints for column in new}
    facts: Json = {
        "ids": ids_of_table(request.live_hints, table),
        "columns": {last(column): belonging.ids_of(hints, column) for column, hints in columns.items()},
    }
    place = archive.place_of(request, f"{_KIND}:{name}")
    return archive.Entry(place, former(table, request), _KIND, facts)


def put_or_kept(
    table: str, values: Mapping[str, str], by_itself: Mapping[str, str], source: str, entry: archive.Entry
) -> str:
    """A statement that puts rows of a source into a partitioned table, those that no partition takes into the
    archive. ``values`` are expressions by the names of columns; ``by_itself`` what is in the others."""
    typed = "".join(f", {value} AS {name}" for name, value in {**by_itself, **values}.items())
    insert = f"INSERT INTO {table}{listed(values)} OVERRIDING SYSTEM VALUE SELECT {', '.join(values)} FROM"
    rows = f"(SELECT pg_catalog.row_to_json(s) AS snap_value{typed} FROM {source} s) t"
    kept = (
        f"CREATE TABLE {quote(entry.place)}.rows AS SELECT pg_catalog.row_number() OVER () AS no,"
        f" snap_value AS value FROM {rows}"
    )
    return block(
        f"""#variable_conflict use_column
DECLARE bounds text;
BEGIN
  BEGIN
    {insert} {rows};
    RETURN;
  EXCEPTION WHEN check_violation THEN NULL; END;
  {bounds.of_leaves(table)}
  EXECUTE pg_catalog.format({_text(f"{insert} {rows} WHERE ")} || '%s', bounds);
  CREATE SCHEMA {quote(entry.place)};
  EXECUTE pg_catalog.format({_text(f"{kept} WHERE (")} || '%s) IS NOT TRUE', bounds);
  {archive.register(entry.place, entry.identity, entry.kind, entry.facts)};
END"""
    )


def _text(statement: str) -> str:
    """A string for ``format`` that gives the statement."""
    return literal(statement.replace("%", "%%"))


# -- what is in the way of attaching -----------------------------------------------------------------------


def taken_out(fact: Fact, view: View) -> dict[str, str]:
    """Statements before a partition is attached, by the tables that rows leave: what it, or the default one
    beside it, may not have from then on goes to the archive, and is put in through the root at the end."""
    return {table: _out(fact, table, leaving, view) for table, leaving in _sources(fact, view)}


def _sources(fact: Fact, view: View) -> Iterator[tuple[str, str]]:
    """Tables by name, with what the bound of the partition says of the rows that have to leave."""
    before = view.live.get(fact.id)
    if fact.attrs["bound"] == "DEFAULT" or not archive.wanted(view) or _is_referred(fact, view):
        return
    if (before is None or before.attrs != fact.attrs) and _may_leave(fact.name, view):
        yield fact.name, "FALSE"
    other = _defaults(view).get(fact.attrs["of"])
    if other is not None and view.stays(other.id) and _may_leave(other.name, view):
        yield other.name, "TRUE"


def _defaults(view: View) -> dict[str, Fact]:
    """The default partitions of the target, by the names of the tables that they are of."""
    if "default_partitions" not in view.memo:
        attached = view.target.kinds.get("partition", ())
        found = {fact.attrs["of"]: fact for fact in attached if fact.attrs["bound"] == "DEFAULT"}
        view.memo["default_partitions"] = found
    known: dict[str, Fact] = view.memo["default_partitions"]
    return known


def _may_leave(table: str, view: View) -> bool:
    identity = f"table:{table}"
    return (
        view.stays(identity) and "foreign" not in view.live[identity].attrs and size(view, identity)[1] != 0
    )


def _is_referred(fact: Fact, view: View) -> bool:
    """Whether a foreign key refers to the partition or to what it is in: a row that leaves, if only for a
    moment, might take others along."""
    if "referred" not in view.memo:
        view.memo["referred"] = {*_referred(view.live), *_referred(view.target)}
    names = (fact.name, *ancestors(fact.name, view.target))
    return any(f"table:{name}" in view.memo["referred"] for name in names)


def _referred(side: Facts) -> Iterator[str]:
    """The tables that foreign keys refer to."""
    for key in side.kinds.get("constraint", ()):
        if key.attrs.get("type") == "f":
            targets = (need for need in key.needs if need.startswith(("constraint:", "index:")))
            yield from (side[need].parent or "" for need in targets if need in side)


def _out(fact: Fact, source: str, leaving: str, view: View) -> str:
    entry = _entry_before_attaching(fact, source, view.request)
    key = view.target[f"table:{fact.attrs['of']}"].attrs["partition_key"]
    place, name = quote(entry.place), source.replace("%", "%%")
    proof = _is_proven(source, spare_name(fact.id, "fits" if leaving == "FALSE" else "leaves"))
    select = f"SELECT pg_catalog.row_number() OVER () AS no, pg_catalog.row_to_json(t) AS value FROM {name} t"
    return block(
        f"""DECLARE bound text; leaving text; found bool; {QUIET_VARIABLES}
BEGIN
  IF NOT EXISTS (SELECT FROM {source}) OR {proof} THEN RETURN; END IF;
  BEGIN
  {bounds.of_coming(fact, key)}
  EXCEPTION WHEN syntax_error_or_access_rule_violation THEN RETURN; END;
  bound := pg_catalog.concat_ws(' AND ', bound, {bounds.above(fact)});
  leaving := pg_catalog.format('(%s) IS {leaving}', bound);
  EXECUTE pg_catalog.format({literal(f"SELECT EXISTS (SELECT FROM {name} WHERE %s)")}, leaving) INTO found;
  IF NOT found THEN RETURN; END IF;
  CREATE SCHEMA {place};
  EXECUTE pg_catalog.format({literal(f"CREATE TABLE {place}.rows AS {select} WHERE %s")}, leaving);
  {quiet(source)}
  EXECUTE pg_catalog.format({literal(f"DELETE FROM {name} WHERE %s")}, leaving);
  {LOUD}
  {archive.register(entry.place, entry.identity, entry.kind, entry.facts)};
END"""
    )


def _is_proven(table: str, check: str) -> str:
    """Whether a step before the transaction has found no such rows."""
    return (
        f"EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conname = {literal(unquote(check))}"
        f" AND conrelid = {literal(table)}::pg_catalog.regclass AND convalidated)"
    )


def _entry_before_attaching(fact: Fact, source: str, request: PlanRequest) -> archive.Entry:
    """The rows are those of the root, with the target's names: by then, all have their columns."""
    root = _root(fact, request)
    there = msgspec.structs.replace(request, live=request.target, live_hints=request.target_hints)
    place = archive.place_of(request, f"{_KIND}:{fact.name}:{source}")
    return msgspec.structs.replace(entry_of(there, root), place=place)


def _root(fact: Fact, request: PlanRequest) -> str:
    return f"table:{[*ancestors(fact.name, request.target)][-1]}"


# -- the way back ------------------------------------------------------------------------------------------


def with_rows_back(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, and those that put rows in which may find a place by now: where anything about the tables
    changes, and for rows that the actions take out themselves."""
    if request.options.data is DataMode.DISCARD:
        return list(actions)
    found = [entry for entry in archive.entries(request.live_hints) if entry.kind == _KIND]
    called = by_id(request.target_hints) if found else {}
    touched = {a.subject.partition(":")[2] for a in actions if a.subject.startswith(_ABOUT)}
    back = []
    for entry in found:
        identity = next((called[key] for key in entry.facts["ids"] if key in called), entry.identity)
        if not touched.isdisjoint(_tree(identity, request)) and _has_rows(identity, request):
            back.append(_put_back(request, identity, entry))
    for action in actions:
        for source in action.payload.get(TAKEN_OUT, ()):
            fact = request.target[action.subject]
            entry = _entry_before_attaching(fact, source, request)
            again = _put_back(request, _root(fact, request), entry)
            back.append(msgspec.structs.replace(again, lock=None))  # but for those that there are
    back += _of_archived(request, actions)
    return [*actions, *back]


def _of_archived(request: PlanRequest, actions: Sequence[Action]) -> Iterator[Action]:
    """For partitions that go to the archive: what others take of their rows does not stay there."""
    gone = {identity for action in actions for identity in action.destroys}
    for action in actions:
        name = action.subject.partition(":")[2]
        place = action.payload.get("archive")
        if (
            not isinstance(place, str)
            or f"partition:{name}" not in request.live
            or action.verb is not Verb.DROP
        ):
            continue
        root = f"table:{[*ancestors(name, request.live)][-1]}"
        if root not in gone and _has_rows(root, request) and _may_take(root, request):
            columns = _shared(action.subject, root, request)
            if columns:
                there = last(former(action.subject, request).partition(":")[2])
                yield _taken_over(request, action, root, f"{quote(place)}.{there}", columns)


def _may_take(root: str, request: PlanRequest) -> bool:
    """Whether there are partitions for rows that had others. A default one that stays is none: where the
    partition that goes comes back, so do its rows."""
    below = partitions_below(root, request.target)
    attached = (partition.replace("table:", "partition:", 1) for partition in below)
    changed = (request.target[i] for i in attached if request.live.get(i) != request.target[i])
    return any(fact.attrs["bound"] != "DEFAULT" for fact in changed)


def _shared(table: str, root: str, request: PlanRequest) -> list[tuple[Fact, Fact]]:
    """The columns that rows are carried by, before and after; none where a value would have no place."""
    was, now = (
        {last(f.name): f for f in side.parts.get(of, ()) if f.kind == "column" and "generated" not in f.attrs}
        for side, of in ((request.live, table), (request.target, root))
    )
    return [(was[c], now[c]) for c in was] if was.keys() <= now.keys() else []


def _taken_over(
    request: PlanRequest, action: Action, root: str, source: str, pairs: Sequence[tuple[Fact, Fact]]
) -> Action:
    name, listed = root.partition(":")[2], ", ".join(last(column.name) for column, _ in pairs)
    values = ", ".join(f"{_value(old, new)} AS {last(new.name)}" for old, new in pairs)
    typed = f"(SELECT ctid AS snap_place, {values} FROM {source}) t"
    insert = f"INSERT INTO {name} ({listed}) OVERRIDING SYSTEM VALUE SELECT {listed} FROM {typed} WHERE "
    delete = f"DELETE FROM {source} WHERE ctid IN (SELECT snap_place FROM {typed} WHERE "
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=f"rows:{name}",
        summary=f"put what other partitions take of {action.subject.partition(':')[2]} into {name}",
        statements=(_moved(insert, delete, bounds.of_leaves(name), (name, source)),),
        needs=(root,),
        lock="SHARE ROW EXCLUSIVE",
        transactional=True,
        rank=_RANK,
    )


def _value(old: Fact, new: Fact) -> str:
    """A value of an archived table, in which those of types that may go are text."""
    return cast(last(new.name), "text" if old.needs else old.attrs["type"], new.attrs["type"])


def _moved(
    insert: str, delete: str, told: str, tables: tuple[str, str], unless: str = "", finally_: str = ""
) -> str:
    """Puts rows into the first table and takes them off the second, those of which ``bounds`` is true: what
    that is ``told`` finds out. The condition stands at the end of both; the second leaves a parenthesis
    open."""
    return block(
        f"""DECLARE bounds text; {QUIET_VARIABLES}
BEGIN
  {unless}
  {told}
  {quiet(tables[0])}
  {quiet(tables[1])}
  EXECUTE pg_catalog.format({_text(insert)} || '%s', bounds);
  EXECUTE pg_catalog.format({_text(delete)} || '%s)', bounds);
  {LOUD}
  {finally_}
EXCEPTION WHEN integrity_constraint_violation OR data_exception THEN
  NULL; -- what came to the table since is in their way, or they are in that of a constraint
END"""
    )


TAKEN_OUT = "taken_out"
"""Key of the payload of an action: the tables that rows may leave for the archive."""
_ABOUT = ("table:", "partition:", "rows:")


def _tree(table: str, request: PlanRequest) -> set[str]:
    sides = (request.live, request.target)
    below = (partition for side in sides for partition in partitions_below(table, side))
    return {identity.partition(":")[2] for identity in (table, *below)}


def _has_rows(table: str, request: PlanRequest) -> bool:
    return table in request.target and "foreign" not in request.target[table].attrs


def _put_back(request: PlanRequest, table: str, entry: archive.Entry) -> Action:
    name = table.partition(":")[2]
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=f"rows:{name}",
        summary=f"put rows of {name} back from the archive, as far as it takes them",
        statements=(_inserted(request, table, entry),),
        needs=(table,),
        lock="SHARE ROW EXCLUSIVE",
        transactional=True,
        rank=_RANK,
    )


def _inserted(request: PlanRequest, table: str, entry: archive.Entry) -> str:
    name, rows = table.partition(":")[2], f"{quote(entry.place)}.rows"
    pairs = list(_pairs(request, table, entry.facts["columns"]))
    columns = ", ".join(last(column.name) for _, column in pairs)
    read = ", ".join(f"{old} {column.attrs['type']}" for old, column in pairs)
    named = ", ".join(f"x.{old} AS {last(column.name)}" for old, column in pairs)
    typed = f"(SELECT r.no AS snap_no, {named} FROM {rows} r, pg_catalog.json_to_record(r.value) x({read})) t"
    insert = f"INSERT INTO {name} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {typed} WHERE "
    delete = f"DELETE FROM {rows} WHERE no IN (SELECT snap_no FROM {typed} WHERE "
    told = bounds.of_leaves(name) if "partition_key" in request.target[table].attrs else "bounds := 'true';"
    unless = f"IF pg_catalog.to_regclass({literal(rows)}) IS NULL THEN RETURN; END IF;"
    return _moved(insert, delete, told, (name, rows), unless, archive.closed_when_empty(entry))


def _pairs(
    request: PlanRequest, table: str, columns: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, Fact]]:
    """The columns that rows were kept with, and those of the target that they are now."""
    name = table.partition(":")[2]
    known = belonging.columns_known(request.target_hints, name)
    for old, ids in columns.items():
        new = next((known[n] for n in ids if n in known), old)
        fact = request.target.get(f"column:{name}.{new}")
        if fact is not None and "generated" not in fact.attrs:
            yield old, fact
