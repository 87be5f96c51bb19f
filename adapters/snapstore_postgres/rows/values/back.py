"""Statements that give the rows of a column their values from the archive."""

from __future__ import annotations

from snapstore.adapter import PlanRequest
from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.blocks import REFUSED
from snapstore_postgres.names import block, last, literal, qualifier, quote
from snapstore_postgres.relations import local_rows, server_version
from snapstore_postgres.relations.inheritance import comes_by_several, is_made_anew_below
from snapstore_postgres.rows import archive
from snapstore_postgres.rows.as_json import as_json
from snapstore_postgres.rows.casts import read, written
from snapstore_postgres.rows.from_json import from_json
from snapstore_postgres.rows.undisturbed import undisturbed
from snapstore_postgres.rows.values.keys import key_columns, row_key, row_no
from snapstore_postgres.rows.values.places import INSTEAD, closed, kept_open, left_above, rows_with


def some_back(column: Fact, view: View) -> list[str]:
    """Statements that put back what :func:`set_aside` took from a column."""
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
    table = qualifier(fact.name)
    if not all(i in view.live or i in view.target for i in key_columns(fact, entry)):
        return []
    columns = [*entry.facts["key"], last(fact.name)]
    rows = local_rows.source(table, columns, view)
    return [_filling(to, rows, fact, entry, view.request) for to in local_rows.updated(table, view)]


def noted_instead(fact: Fact, entry: archive.Entry, view: View) -> list[str]:
    """Statements that note, beside the values which found no way back into a column that was made anew, what
    their rows got for them."""
    if INSTEAD not in entry.facts:
        return []
    key, rows = row_key(entry.facts["key"]), f"{quote(entry.place)}.rows"
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
    rows = f"{quote(entry.place)}.rows"
    value = (
        from_json("kept.value", kind, request.target)
        if by_name
        else f"SELECT {read('kept.value::text', kind)}"
    )
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
    name, kind, rows = last(column.name), column.attrs["type"], f"{quote(entry.place)}.rows"
    key, free, whole = row_key(entry.facts["key"]), f"t.{name} IS NULL", ""
    if "by_name" in entry.facts:
        now = f"pg_catalog.jsonb_strip_nulls({as_json(f't.{name}', kind, request.target)})"
        value = f"({from_json('a.value', kind, request.target)})"
        free = f"({free} OR a.value OPERATOR(pg_catalog.@>) {now})"  # it may have lost attributes since
        whole = f", {now} OPERATOR(pg_catalog.=) pg_catalog.jsonb_strip_nulls(a.value) AS whole"
    else:
        value, held = read("a.value::text", kind), written(f"t.{name}", kind)
        # A child may have kept the value as its own: then there is nothing to give back.
        others = [f"{held} OPERATOR(pg_catalog.=) a.value::text"]
        others += [f"{held} OPERATOR(pg_catalog.=) a.{INSTEAD}"] if INSTEAD in entry.facts else []
        free = f"({free} OR {' OR '.join(others)})"
        fits = f" AND pg_catalog.pg_input_is_valid(a.value::text, {literal(kind)})"
        free += fits if server_version(request) >= 160000 else ""
    return (
        f"WITH back AS (UPDATE {table} t SET {name} = {value} FROM ("
        f"SELECT t.tableoid AS part, t.ctid AS place, {key} AS row_key,"
        f" {row_no(column, entry, request)} AS row_no FROM {source}) k"
        f" JOIN {rows} a USING (row_key, row_no)"
        f" WHERE t.tableoid = k.part AND t.ctid = k.place AND {free}{which}"
        f" RETURNING a.ctid AS kept{whole})"
        f" DELETE FROM {rows} r USING back b WHERE r.ctid = b.kept"
        f"{' AND b.whole' if whole else ''}"
    )
