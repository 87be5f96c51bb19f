"""How rows that lie in the archive are put into a table: those that it, or a partition of it, takes.

The server says what partitions take. A row whose key another one has by now stays in the archive, unless it
is the same in all columns: then it is there already, if there were not two before. Where anything else does
not allow the rows, all of them stay.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, Verb
from snapstore.rules import View
from snapstore_postgres.blocks import REFUSED
from snapstore_postgres.names import block, last, literal
from snapstore_postgres.relations.inheritance import partitions_below
from snapstore_postgres.renaming import belonging
from snapstore_postgres.renaming.evidence import ids_of_table
from snapstore_postgres.rows.archived import archive
from snapstore_postgres.rows.partitions import bounds
from snapstore_postgres.rows.partitions.homeless import text
from snapstore_postgres.rows.partitions.marks import UNMARKED, Marks
from snapstore_postgres.rows.stand_ins import filling, gaps
from snapstore_postgres.rows.undisturbed import LOUD, QUIET_VARIABLES, quiet
from snapstore_postgres.rows.values.of_coming_rows import looked_up, of_coming_rows, put_in_too
from snapstore_postgres.rows.values.places import kept_open

_RANK = 4_000


@dataclass(frozen=True)
class Rows:
    """Rows in the archive: the table that has them, the sources of a query that reads it, and what tells a
    row of it there, a column by the name of its source."""

    table: str
    source: str
    number: str
    values: Mapping[str, str]
    """Expressions by the names of the columns that they are put into."""
    only: str = "true"
    """Which of the rows may be put in at all."""
    closing: str = ""
    """PL/pgSQL at the end."""
    marks: Marks = UNMARKED
    """What they leave where they go."""
    copied: bool = False
    """Whether one that is the same in all columns as a row which was there before stays in the archive."""


def called(identity: str, ids: Sequence[str], names: Mapping[str, str], request: PlanRequest) -> str:
    """What the target calls a table that was once known by this identity, and by these ids; "" if it has
    nothing but another one of that name. One made anew by hand is known by its name, if it has partitions."""
    known = next((names[key] for key in ids if key in names), None)
    if known is None and identity in request.target and "partition_key" not in request.target[identity].attrs:
        databases = {key.rsplit("/", 2)[0] for key in (*ids_of_table(request.target_hints, identity), *ids)}
        known = "" if ids and len(databases) == 1 else None
    return identity if known is None else known


def columns(
    request: PlanRequest, table: str, kept: Mapping[str, Sequence[str]]
) -> list[tuple[str, Fact | None]]:
    """The columns that rows were kept with, and those of the target that they are now, if they have values of
    their own there: what their numbers tell comes before names."""
    name = table.partition(":")[2]
    known, found = belonging.columns_known(request.target_hints, name), list[tuple[str, Fact | None]]()
    told = {old: next((known[n] for n in ids if n in known), None) for old, ids in kept.items()}
    for old, new in told.items():
        now = new or (None if old in told.values() else old)
        fact = request.target.get(f"column:{name}.{now}")
        found.append((old, fact if fact is not None and "generated" not in fact.attrs else None))
    return found


def tree(table: str, request: PlanRequest) -> set[str]:
    """The names of a table and of its partitions, before and after."""
    sides = (request.live, request.target)
    below = (partition for side in sides for partition in partitions_below(table, side))
    return {identity.partition(":")[2] for identity in (table, *below)}


def has_rows(table: str, request: PlanRequest) -> bool:
    return table in request.target and "foreign" not in request.target[table].attrs


def put_back(request: PlanRequest, table: str, rows: Rows, what: str = "") -> Action:
    """The action that puts them in, and gives them values that lie in the archive apart from them."""
    name = table.partition(":")[2]
    around = (table, *partitions_below(table, request.target))
    lacking = [pair for of in around for pair in of_coming_rows(of, request)]
    opened = (text for _, values in lacking for text in kept_open(values))
    given = put_in_too(name, lacking, request)
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=f"rows:{name}",
        summary=what or f"put rows of {name} back from the archive, as far as it takes them",
        statements=(*opened, _moved(request, table, rows, lacking), *given),
        needs=(table,),
        lock="SHARE ROW EXCLUSIVE",
        transactional=True,
        rank=_RANK,
    )


def _moved(
    request: PlanRequest, table: str, rows: Rows, lacking: Sequence[tuple[Fact, archive.Entry]]
) -> str:
    name, apart = table.partition(":")[2], _values_apart(rows.values, lacking, request)
    standing = _standing_in(table, rows.values, request)
    typed, values = _typed(rows, apart, standing), dict.fromkeys([*rows.values, *apart, *standing])
    listed = ", ".join(values)
    marks = rows.marks
    unless_there = f" ON CONFLICT DO NOTHING{marks.ends}"
    into = f"{marks.begins}INSERT INTO {name} AS snap_put ({listed}) OVERRIDING SYSTEM VALUE"
    insert = f"{into} SELECT {listed} FROM {typed} WHERE "
    delete = f"DELETE FROM {rows.table} WHERE {last(rows.number)} IN (SELECT snap_no FROM {typed} WHERE "
    told = bounds.of_leaves(name) if "partition_key" in request.target[table].attrs else "bounds := 'true';"
    same = _same_in(name, values)
    return block(
        f"""DECLARE bounds text; two text[] := '{{}}'; {QUIET_VARIABLES}
BEGIN
  IF pg_catalog.to_regclass({literal(rows.table)}) IS NULL THEN RETURN; END IF;
  {marks.room}
  {told}
  {quiet(name)}
  {quiet(rows.table)}
  BEGIN
    EXECUTE pg_catalog.format({text(insert)} || '(%s)' || {text(marks.ends)}, bounds);
    EXECUTE pg_catalog.format({text(delete)} || '(%s))', bounds);
  EXCEPTION WHEN unique_violation OR exclusion_violation THEN
    {_copies(typed, same) if rows.copied else ""}
    EXECUTE pg_catalog.format({text(insert)} || '(%s)' || {text(unless_there)}, bounds);
    EXECUTE pg_catalog.format({text(delete)} || '(%s)' || {text(f" AND {same} AND {_NO_COPY})")}, bounds)
      USING two;
  END;
  {LOUD}
  {rows.closing}
EXCEPTION WHEN {REFUSED} THEN
  NULL; -- what came to the table since is in their way, or they are in that of a constraint
END"""
    )


def _typed(rows: Rows, apart: Mapping[str, str], standing: Mapping[str, str]) -> str:
    """The rows as a table ``t`` with their numbers, with values that lie ``apart`` from them, and with those
    that are ``standing`` in where there are none."""
    known = {"snap_no": rows.number, **rows.values, **apart}
    typed = f"(SELECT {_named(known)} FROM {rows.source} WHERE {rows.only}) t"
    if not standing:
        return typed
    others = {name: f"t.{name}" for name in known if name not in standing}
    given = {n: f"coalesce(t.{n}, {value})" if n in apart else value for n, value in standing.items()}
    return f"(SELECT {_named({**others, **given})} FROM {typed}) t"


_NO_COPY = "t.snap_no::text <> ALL ($1)"


def _same_in(table: str, values: Iterable[str]) -> str:
    """Whether a table has the row as it is, as an expression."""
    here, there = (f"ROW({', '.join(f'{of}.{c}' for c in values)})::text" for of in ("snap_put", "t"))
    return f"EXISTS (SELECT FROM {table} snap_put WHERE {here} OPERATOR(pg_catalog.=) {there})"


def _copies(typed: str, same: str) -> str:
    """PL/pgSQL that has ``two`` say which of the rows a table has besides."""
    found = f"SELECT ARRAY(SELECT t.snap_no::text FROM {typed} WHERE "
    return f"EXECUTE pg_catalog.format({text(found)} || '(%s)' || {text(f' AND {same})')}, bounds) INTO two;"


def _named(values: Mapping[str, str]) -> str:
    return ", ".join(f"{value} AS {name}" for name, value in values.items())


def _standing_in(table: str, row: Mapping[str, str], request: PlanRequest) -> dict[str, str]:
    """What rows called ``t`` get in columns that come anew to a table which is there, and have to have a
    value that nobody knows: then those that are there get one, too, and the plan says so."""
    view, found = View(request, fates={}), dict[str, str]()
    columns = (part for part in request.target.parts.get(table, ()) if part.kind == "column")
    for column in columns if table in request.live else ():
        if column.id not in request.live and last(column.name) not in row and gaps.needed(column, view):
            value = filling.of_row(column, row, view)
            found |= {last(column.name): value} if value else {}
    return found


def _values_apart(
    row: Mapping[str, str], lacking: Sequence[tuple[Fact, archive.Entry]], request: PlanRequest
) -> dict[str, str]:
    """What rows have in columns that come anew, whose values went to the archive before the rows: be it as
    those of the table or of a partition."""
    found: dict[str, list[str]] = defaultdict(list)
    for column, entry in lacking:
        if column.id not in request.live and last(column.name) not in row:
            value = looked_up(column, entry, row, request)
            found[last(column.name)] += [value] if value else []
    return {name: f"coalesce({', '.join(values)})" for name, values in found.items() if values}
