"""Statements that give the rows of a column their values from the archive."""

from __future__ import annotations

from typing import NamedTuple

from snapstore.adapter import PlanRequest
from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.blocks import REFUSED
from snapstore_postgres.names import block, last, literal, qualifier
from snapstore_postgres.relations import local_rows, server_version
from snapstore_postgres.relations.inheritance import comes_by_several, is_made_anew_below
from snapstore_postgres.rows.archived import archive
from snapstore_postgres.rows.archived.as_json import as_json
from snapstore_postgres.rows.archived.from_json import from_json
from snapstore_postgres.rows.types.casts import read, written
from snapstore_postgres.rows.undisturbed import undisturbed
from snapstore_postgres.rows.values.keys import is_told_by_key, key_columns, row_key, row_no
from snapstore_postgres.rows.values.of_columns import left_above
from snapstore_postgres.rows.values.places import INSTEAD, closed, kept_open, rows_with


def some_back(column: Fact, view: View) -> list[str]:
    """Statements that put back what ``away.set_aside`` took from a column."""
    entry = archive.kept(view.request, column.id, "column")
    there = entry is not None and all(i in view.target for i in key_columns(column, entry))
    return put_back(column, entry, view) if entry and there and archive.SOME in entry.facts else []


def put_back(fact: Fact, entry: archive.Entry, view: View) -> list[str]:
    """Statements that fill a column that was just added from its place in the archive.

    What finds no row, or does not fit the type, stays in the archive. Columns of the key that go are there
    still.
    """
    updates = fillings(fact, entry, view)
    shared = comes_by_several(fact, view) or any(entry == other for _, other in left_above(fact, view))
    shared = shared or is_made_anew_below(fact.parent or "", view)
    opened = kept_open(entry) if shared else []  # it may be empty by then
    return [*opened, *undisturbed(fact, view, updates), closed(entry)] if updates else []


def fillings(fact: Fact, entry: archive.Entry, view: View) -> list[str]:
    """The updates that do so, one for each table that has such rows; none where the key is not known."""
    table = qualifier(fact.name)
    if not all(i in view.live or i in view.target for i in key_columns(fact, entry)):
        return []
    rows = rows_with(fact, entry, view)
    return [_filling(to, rows, fact, entry, view.request) for to in local_rows.updated(table, view)]


def noted_instead(fact: Fact, entry: archive.Entry, view: View) -> list[str]:
    """Statements that note, beside the values which found no way back into a column that was made anew, what
    their rows got for them."""
    if INSTEAD not in entry.facts:
        return []
    key, rows = row_key(entry.facts["key"]), entry.rows
    got = (
        f"SELECT {key} AS row_key, {row_no(fact, entry, view.request)} AS row_no,"
        f" {written(f't.{last(fact.name)}', fact.attrs['type'])} AS value FROM {rows_with(fact, entry, view)}"
    )
    return [
        block(
            f"""BEGIN
  IF pg_catalog.to_regclass({literal(rows)}) IS NULL THEN RETURN; END IF;
  UPDATE {rows} a SET {INSTEAD} = k.value FROM ({got}) k
   WHERE k.row_key = a.row_key AND k.row_no = a.row_no AND a.{INSTEAD} IS NULL;
END"""
        )
    ]


def filled(table: str, column: Fact, entry: archive.Entry, request: PlanRequest) -> tuple[str, str]:
    """Statements that fill a column of a table from its place, and that close the place where all fits."""
    return _filling(table, f"{table} t", column, entry, request), closed(entry)


def _filling(table: str, source: str, column: Fact, entry: archive.Entry, request: PlanRequest) -> str:
    """The statement for a table, whose rows get their numbers among those of the source."""
    update = _update(table, source, column, entry, request)
    by_name, kind = "by_name" in entry.facts, column.attrs["type"]
    if not by_name and server_version(request) >= 160000:
        return update  # which asks of each value whether it fits
    rows, text = entry.rows, f"SELECT {read('kept.value::text', kind)}"
    value = from_json("kept.value", kind, request.target) if by_name else text
    return block(
        f"""DECLARE kept record; BEGIN
  BEGIN {update}; RETURN;
  EXCEPTION WHEN {REFUSED} THEN NULL; END;
  ALTER TABLE {rows} ADD COLUMN IF NOT EXISTS unfit bool;
  FOR kept IN SELECT r.ctid AS place, r.value FROM {rows} r LOOP
    BEGIN PERFORM ({value}); UPDATE {rows} SET unfit = false WHERE ctid = kept.place;
    EXCEPTION WHEN {REFUSED} THEN
      UPDATE {rows} SET unfit = true WHERE ctid = kept.place; END;
  END LOOP;
  {_update(table, source, column, entry, request, " AND NOT a.unfit")};
END"""
    )


def _update(
    table: str, source: str, column: Fact, entry: archive.Entry, request: PlanRequest, which: str = ""
) -> str:
    name = last(column.name)
    giving = (_as_json if "by_name" in entry.facts else _as_text)(column, entry, request)
    numbered = (
        f"(SELECT t.tableoid AS part, t.ctid AS place, {row_key(entry.facts['key'])} AS row_key,"
        f" {row_no(column, entry, request)} AS row_no FROM {source}) k"
    )
    update = _by_key if is_told_by_key(column, entry, request) else _in_order
    given = update(table, name, numbered, entry.rows, giving, which)
    return (
        f"WITH back AS (UPDATE {table} t SET {name} = {given})"
        f" DELETE FROM {entry.rows} r USING back b WHERE r.ctid = b.kept AND b.whole"
    )


def _by_key(table: str, name: str, numbered: str, rows: str, giving: _Giving, which: str) -> str:
    return (
        f"{giving.value} FROM {numbered} JOIN {rows} a USING (row_key, row_no)"
        f" WHERE t.tableoid = k.part AND t.ctid = k.place AND {giving.where}{which}"
        f" RETURNING a.ctid AS kept, {giving.whole} AS whole"
    )


def _in_order(table: str, name: str, numbered: str, rows: str, giving: _Giving, which: str) -> str:
    """The same, which updates all rows as they lie, whatever they get: so they stay in their order."""
    return (
        f"CASE WHEN a.gets THEN {giving.value} ELSE t.{name} END FROM (SELECT k.part, k.place, a.*,"
        f" a.ctid AS kept, coalesce({giving.where}{which}, false) AS gets"
        f" FROM {numbered} JOIN {table} t ON t.tableoid = k.part AND t.ctid = k.place"
        f" LEFT JOIN {rows} a USING (row_key, row_no) ORDER BY k.place) a"
        f" WHERE t.tableoid = a.part AND t.ctid = a.place"
        f" RETURNING a.kept, a.gets AND {giving.whole} AS whole"
    )


class _Giving(NamedTuple):
    """Expressions on a row ``t`` and what the archive has for it, ``a``."""

    value: str
    """What the row gets."""
    where: str
    """Whether it may: its column is free, and the value fits."""
    whole: str = "true"
    """Whether it gets all of it, so that nothing has to stay in the archive."""


def _as_json(column: Fact, entry: archive.Entry, request: PlanRequest) -> _Giving:
    name, kind = last(column.name), column.attrs["type"]
    there = f"t.{name}::{kind}"  # it may be text until all rows have their values
    now = f"pg_catalog.jsonb_strip_nulls({as_json(there, kind, request.target)})"
    return _Giving(
        value=f"({from_json('a.value', kind, request.target)})",
        # It may have lost attributes since.
        where=f"(t.{name} IS NULL OR a.value OPERATOR(pg_catalog.@>) {now})",
        whole=f"{now} OPERATOR(pg_catalog.=) pg_catalog.jsonb_strip_nulls(a.value)",
    )


def _as_text(column: Fact, entry: archive.Entry, request: PlanRequest) -> _Giving:
    name, kind = last(column.name), column.attrs["type"]
    # A child may have kept the value as its own: then there is nothing to give back.
    same = ["a.value::text", *([f"a.{INSTEAD}"] if INSTEAD in entry.facts else [])]
    held = written(f"t.{name}", kind)
    free = " OR ".join([f"t.{name} IS NULL", *(f"{held} OPERATOR(pg_catalog.=) {other}" for other in same)])
    asks = server_version(request) >= 160000
    fits = f" AND pg_catalog.pg_input_is_valid(a.value::text, {literal(kind)})" if asks else ""
    return _Giving(read("a.value::text", kind), f"({free}){fits}")
