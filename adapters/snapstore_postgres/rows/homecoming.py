"""The way back of rows that no partition took: from the archive to where one takes them by now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.model import Action, DataMode, Fact, Verb
from snapstore_postgres.names import block, last, literal, qualifier, quote
from snapstore_postgres.relations.inheritance import ancestors, partitions_below
from snapstore_postgres.renaming import belonging
from snapstore_postgres.renaming.evidence import by_id
from snapstore_postgres.renaming.wording import former
from snapstore_postgres.rows import archive, archived_values, bounds, parting
from snapstore_postgres.rows.casts import cast
from snapstore_postgres.rows.homeless import KIND, text
from snapstore_postgres.rows.leaving import SOURCE, TAKEN_OUT, entry_before_attaching, root_of
from snapstore_postgres.rows.undisturbed import LOUD, QUIET_VARIABLES, quiet

_RANK = 4_000
_ABOUT = ("table:", "partition:", "rows:")


def with_rows_back(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, and those that put rows in which may find a place by now: where anything about the tables
    changes, and for rows that the actions take out themselves."""
    if request.options.data is DataMode.DISCARD:
        return list(actions)
    found = [entry for entry in archive.entries(request.live_hints) if entry.kind == KIND]
    called = by_id(request.target_hints) if found else {}
    touched = {a.subject.partition(":")[2] for a in actions if a.subject.startswith(_ABOUT)}
    back = []
    for entry in found:
        identity = _home(entry, called, request)
        if not touched.isdisjoint(_tree(identity, request)) and _has_rows(identity, request):
            back.append(_put_back(request, identity, entry))
    for action in actions:
        for source in action.payload.get(TAKEN_OUT, ()):
            fact = request.target[action.subject]
            entry = entry_before_attaching(fact, source, request)
            again = _put_back(request, root_of(fact, request), entry)
            back.append(msgspec.structs.replace(again, lock=None))  # but for those that there are
    back += _of_archived(request, actions)
    parted = list(parting.parted(request, actions))
    back += [msgspec.structs.replace(_put_back(request, p.root, p.entry), lock=None) for p in parted]
    actions = _referring_after(back, parting.after_parting(parted, actions), request)
    return [*actions, *(p.action for p in parted), *(_told(action) for action in back)]


_BACK = "back:"
"""What begins the tokens that say: the rows of this table are back."""


def _told(action: Action) -> Action:
    return msgspec.structs.replace(action, produces=(_BACK + action.subject.partition(":")[2],))


def _referring_after(back: Sequence[Action], actions: Sequence[Action], request: PlanRequest) -> list[Action]:
    """The actions, those that make a foreign key waiting for the rows that come to what it refers to."""
    trees = {root: _tree(f"table:{root}", request) for root in (a.subject.partition(":")[2] for a in back)}

    def waited(action: Action) -> list[str]:
        fact = request.target.get(action.subject)
        if action.verb is not Verb.CREATE or fact is None or fact.attrs.get("type") != "f":
            return []
        tables = {qualifier(need.partition(":")[2]) for need in fact.needs if need.startswith("column:")}
        own = qualifier(fact.name)
        return [_BACK + root for root, tree in trees.items() if own not in tree and tables & tree]

    return [msgspec.structs.replace(a, needs=(*a.needs, *waited(a))) for a in actions] if back else [*actions]


def _home(entry: archive.Entry, called: Mapping[str, str], request: PlanRequest) -> str:
    """Where rows go: to the table that they were taken out of, once it is by itself again, or to its root."""
    root = _called(entry.identity, entry.facts["ids"], called)
    if SOURCE not in entry.facts:
        return root
    was, ids = entry.facts[SOURCE]
    source = _called(was, ids, called)
    attached = source.replace("table:", "partition:", 1) in request.target
    return source if source in request.target and not attached else root


def _called(identity: str, ids: Sequence[str], called: Mapping[str, str]) -> str:
    """What the target calls a table that was once known by this identity, and by these ids."""
    return next((called[key] for key in ids if key in called), identity)


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
                yield _taken_over(request, action, root, (place, there), columns)


def _may_take(root: str, request: PlanRequest) -> bool:
    """Whether there are other partitions than before. A default one that stays is none: where the partition
    that goes comes back, so do its rows."""
    below = partitions_below(root, request.target)
    attached = (partition.replace("table:", "partition:", 1) for partition in below)
    return any(request.live.get(i) != request.target[i] for i in attached)


def _shared(table: str, root: str, request: PlanRequest) -> list[tuple[Fact, Fact]]:
    """The columns that rows are carried by, before and after; none where a value would have no place."""
    was, now = (
        {last(f.name): f for f in side.parts.get(of, ()) if f.kind == "column" and "generated" not in f.attrs}
        for side, of in ((request.live, table), (request.target, root))
    )
    return [(was[c], now[c]) for c in was] if was.keys() <= now.keys() else []


def _taken_over(
    request: PlanRequest,
    action: Action,
    root: str,
    there: tuple[str, str],
    pairs: Sequence[tuple[Fact, Fact]],
) -> Action:
    source = f"{quote(there[0])}.{there[1]}"
    name, listed = root.partition(":")[2], ", ".join(last(column.name) for column, _ in pairs)
    values = ", ".join(f"{_value(old, new)} AS {last(new.name)}" for old, new in pairs)
    typed = f"(SELECT ctid AS snap_place, {values} FROM {source}) t"
    into = f"{name} AS snap_put ({listed})"
    insert = f"INSERT INTO {into} OVERRIDING SYSTEM VALUE SELECT {listed} FROM {typed} WHERE "
    first, begins, ends = parting.marked(there[0]) if parting.mixes(root, request) else ("", "", "")
    delete = f"DELETE FROM {source} WHERE ctid IN (SELECT snap_place FROM {typed} WHERE "
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=f"rows:{name}",
        summary=f"put what other partitions take of {action.subject.partition(':')[2]} into {name}",
        statements=(
            _moved(begins + insert, delete, bounds.of_leaves(name), (name, source), first, ends=ends),
        ),
        needs=(root,),
        lock="SHARE ROW EXCLUSIVE",
        transactional=True,
        rank=_RANK,
    )


def _value(old: Fact, new: Fact) -> str:
    """A value of an archived table, in which those of types that may go are text."""
    return cast(last(new.name), "text" if old.needs else old.attrs["type"], new.attrs["type"])


def _moved(
    insert: str,
    delete: str,
    told: str,
    tables: tuple[str, str],
    first: str = "",
    finally_: str = "",
    ends: str = "",
) -> str:
    """Puts rows into the first table and takes them off the second, those of which ``bounds`` is true: what
    that is ``told`` finds out. The condition stands at the end of both, before what the first one ``ends``
    with; the second leaves a parenthesis open."""
    return block(
        f"""DECLARE bounds text; {QUIET_VARIABLES}
BEGIN
  {first}
  {told}
  {quiet(tables[0])}
  {quiet(tables[1])}
  EXECUTE pg_catalog.format({text(insert)} || '%s' || {text(ends)}, bounds);
  EXECUTE pg_catalog.format({text(delete)} || '%s)', bounds);
  {LOUD}
  {finally_}
EXCEPTION WHEN integrity_constraint_violation OR data_exception THEN
  NULL; -- what came to the table since is in their way, or they are in that of a constraint
END"""
    )


def _tree(table: str, request: PlanRequest) -> set[str]:
    sides = (request.live, request.target)
    below = (partition for side in sides for partition in partitions_below(table, side))
    return {identity.partition(":")[2] for identity in (table, *below)}


def _has_rows(table: str, request: PlanRequest) -> bool:
    return table in request.target and "foreign" not in request.target[table].attrs


def _put_back(request: PlanRequest, table: str, entry: archive.Entry) -> Action:
    name = table.partition(":")[2]
    around = (table, *partitions_below(table, request.target))
    lacking = [pair for of in around for pair in archived_values.of_coming_rows(of, request)]
    opened = (text for _, values in lacking for text in archived_values.kept_open(values))
    given = archived_values.put_in_too(name, lacking, request)
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=f"rows:{name}",
        summary=f"put rows of {name} back from the archive, as far as it takes them",
        statements=(*opened, _inserted(request, table, entry, lacking), *given),
        needs=(table,),
        lock="SHARE ROW EXCLUSIVE",
        transactional=True,
        rank=_RANK,
    )


def _inserted(
    request: PlanRequest, table: str, entry: archive.Entry, lacking: Sequence[tuple[Fact, archive.Entry]]
) -> str:
    name, rows = table.partition(":")[2], f"{quote(entry.place)}.rows"
    pairs = list(_pairs(request, table, entry.facts["columns"]))
    read = ", ".join(f"{old} {column.attrs['type']}" for old, column in pairs)
    values = {last(column.name): f"x.{old}" for old, column in pairs}
    values |= _values_apart(values, lacking, request)
    columns, named = ", ".join(values), ", ".join(f"{value} AS {new}" for new, value in values.items())
    typed = f"(SELECT r.no AS snap_no, {named} FROM {rows} r, pg_catalog.json_to_record(r.value) x({read})) t"
    insert = f"INSERT INTO {name} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {typed} WHERE "
    delete = f"DELETE FROM {rows} WHERE no IN (SELECT snap_no FROM {typed} WHERE "
    told = bounds.of_leaves(name) if "partition_key" in request.target[table].attrs else "bounds := 'true';"
    unless = f"IF pg_catalog.to_regclass({literal(rows)}) IS NULL THEN RETURN; END IF;"
    return _moved(insert, delete, told, (name, rows), unless, archive.closed_when_empty(entry))


def _values_apart(
    row: Mapping[str, str], lacking: Sequence[tuple[Fact, archive.Entry]], request: PlanRequest
) -> dict[str, str]:
    """What rows have in columns that come anew, whose values went to the archive before the rows: be it as
    those of the table or of a partition."""
    found: dict[str, list[str]] = defaultdict(list)
    for column, entry in lacking:
        if column.id not in request.live and last(column.name) not in row:
            value = archived_values.looked_up(column, entry, row)
            found[last(column.name)] += [value] if value else []
    return {name: f"coalesce({', '.join(values)})" for name, values in found.items() if values}


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
