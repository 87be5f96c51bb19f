"""Rows that no partition takes: kept in the archive as they are, and put in again once one does.

They lie there as JSON, each column under its name of then and told by its number. The server says what its
partitions take. What still finds no place, or is not allowed where it would go, stays in the archive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from snapstore.adapter import PlanRequest
from snapstore.model import Fact, Hazard, HazardName, Json
from snapstore.rules import View
from snapstore_postgres.blocks import REFUSED
from snapstore_postgres.names import block, last, listed, literal, quote
from snapstore_postgres.relations.sizes import size
from snapstore_postgres.renaming import belonging
from snapstore_postgres.renaming.evidence import ids_of_table
from snapstore_postgres.renaming.names_before import former
from snapstore_postgres.rows.archived import archive
from snapstore_postgres.rows.partitions import bounds
from snapstore_postgres.rows.partitions.marks import UNMARKED, Marks

KIND = "rows"
"""That of their entries in the archive."""


def entry_of(
    request: PlanRequest, table: str, new: Sequence[Fact] = (), aside: Mapping[str, str] | None = None
) -> archive.Entry:
    """Where rows of a live table, given by identity, are kept, and how they are told. They may have new
    columns beside the live ones, some of which then lie ``aside`` under other names."""
    name, beside = table.partition(":")[2], aside or {}
    own = [f.name for f in request.live.parts.get(table, ()) if f.kind == "column"]
    columns = {beside.get(last(c), last(c)): belonging.ids_of(request.live_hints, c) for c in own}
    columns |= {last(c.name): belonging.ids_of(request.target_hints, c.name) for c in new}
    facts: Json = {"ids": ids_of_table(request.live_hints, table), "columns": columns}
    place = archive.place_of(request, f"{KIND}:{name}")
    return archive.Entry(place, former(table, request), KIND, facts)


def put(
    table: str,
    values: Mapping[str, str],
    by_itself: Mapping[str, str],
    source: str,
    entry: archive.Entry,
    marks: Marks = UNMARKED,
    closing: str = "",
) -> str:
    """A statement that puts rows of a source into a partitioned table, those that no partition takes into the
    archive. ``values`` are expressions by the names of columns; ``by_itself`` what is in the others. Where
    rows are to have marks, their place is there by the ``closing``, PL/pgSQL at the end."""
    into = f"{marks.begins}INSERT INTO {table} AS snap_put{listed(values)} OVERRIDING SYSTEM VALUE"
    insert = f"{into} SELECT {', '.join(values)} FROM"
    rows = _typed({**by_itself, **values}, source)
    all_at_once = f"""IF NOT {bounds.any_elsewhere(table)} THEN
    BEGIN
      {insert} {rows};
      RETURN;
    EXCEPTION WHEN check_violation THEN NULL; END;
  END IF;"""
    return block(
        f"""#variable_conflict use_column
DECLARE bounds text;
BEGIN
  {marks.room or all_at_once}
  {bounds.of_leaves(table)}
  EXECUTE pg_catalog.format({text(f"{insert} {rows} WHERE ")} || '(%s)' || {text(marks.ends)}, bounds);
  {_kept(rows, entry)}
  {closing}
END"""
    )


def put_or_lost(
    table: str, values: Mapping[str, str], by_itself: Mapping[str, str], source: str, parted: bool
) -> str:
    """The same without an archive: rows that the table refuses, or no partition of it takes, are lost."""
    insert = f"INSERT INTO {table}{listed(values)} OVERRIDING SYSTEM VALUE SELECT {', '.join(values)} FROM"
    sources = (source, f"(SELECT * FROM {source} WHERE ctid = $1)")
    typed = (_typed({**by_itself, **values}, rows) for rows in sources)
    all_rows, one = (
        f"pg_catalog.format({text(f'{insert} {rows} WHERE ')} || '(%s)', bounds)" for rows in typed
    )
    return block(
        f"""DECLARE bounds text; row record;
BEGIN
  {bounds.of_leaves(table) if parted else "bounds := 'true';"}
  BEGIN EXECUTE {all_rows}; RETURN;
  EXCEPTION WHEN {REFUSED} THEN NULL; END;
  FOR row IN SELECT t.ctid AS place FROM {source} t LOOP
    BEGIN EXECUTE {one} USING row.place;
    EXCEPTION WHEN {REFUSED} THEN NULL; END;
  END LOOP;
END"""
    )


def _typed(values: Mapping[str, str], source: str) -> str:
    """Rows ``t`` with these expressions, by the names of columns, beside what they are as a whole."""
    typed = "".join(f", {value} AS {name}" for name, value in values.items())
    return f"(SELECT pg_catalog.row_to_json(snap_row) AS snap_value{typed} FROM {source} snap_row) t"


def lost(table: str, view: View, which: str = "that no partition takes") -> Hazard:
    """That such rows of a table are lost, where they do not go to the archive."""
    rows, bytes_ = size(view, f"table:{table}")
    return Hazard(HazardName.DATA_LOSS, f"rows of {table} {which}", rows, bytes_)


def _kept(rows: str, entry: archive.Entry) -> str:
    """PL/pgSQL that has those in the archive that ``bounds`` do not take."""
    value = "pg_catalog.row_number() OVER () AS no, snap_value AS value"
    kept = f"CREATE TABLE {entry.rows} AS SELECT {value} FROM {rows} WHERE ("
    return f"""CREATE SCHEMA {quote(entry.place)};
  EXECUTE pg_catalog.format({text(kept)} || '%s) IS NOT TRUE', bounds);
  {archive.register(entry.place, entry.identity, entry.kind, entry.facts)};"""


def text(statement: str) -> str:
    """A string for ``format`` that gives the statement."""
    return literal(statement.replace("%", "%%"))
