"""Rows that may not stay where they are once a partition is attached, by what it and others beside it take.

Where they may leave, they are taken out before, and put in through the root at the end; what nothing takes
is kept in the archive, or lost where the operator gives data up. Where they may not, they are counted before
anything is changed.
"""

from __future__ import annotations

from collections.abc import Iterable

from snapstore.model import DataMode, Fact, Hazard
from snapstore.rules import View
from snapstore_postgres.names import block, literal, quote, spare_name, unquote
from snapstore_postgres.relations.locks import unwritten
from snapstore_postgres.relations.sizes import Size, size
from snapstore_postgres.rows.archived import archive
from snapstore_postgres.rows.disallowed import deleting
from snapstore_postgres.rows.partitions import bounds
from snapstore_postgres.rows.partitions.entries_of_leaving import entry_before_attaching
from snapstore_postgres.rows.partitions.homeless import lost
from snapstore_postgres.rows.partitions.may_leave import may_be_taken_out, tables_to_leave
from snapstore_postgres.rows.partitions.stopping import beside, stopping_at
from snapstore_postgres.rows.undisturbed import LOUD, quiet

TAKEN_OUT = "taken_out"
"""Key of the payload of an action: the tables that rows may leave for the archive."""


def taken_out(fact: Fact, view: View) -> dict[str, str]:
    """Statements before a partition is attached, by the tables that rows leave: what it, or the default one
    beside it, may not have from then on is set aside, and put in through the root at the end."""
    if not may_be_taken_out(fact, view):
        return {}
    return {table: _out(fact, table, leaving, view) for table, leaving in tables_to_leave(fact, view)}


def must_fit(fact: Fact, view: View) -> list[str]:
    """Statements that stop with the number of rows that would have to leave, where they may not."""
    if may_be_taken_out(fact, view):
        return []
    return [stopping_at(fact, table, leaving, view) for table, leaving in tables_to_leave(fact, view)]


def hazard(out: Iterable[str], view: View) -> list[Hazard]:
    """That those of the rows are lost which nothing takes, where they do not go to the archive."""
    return [] if archive.wanted(view) else [lost(table, view) for table in out]


def moving(out: Iterable[str], view: View) -> Size:
    """How many rows and bytes are looked at to find those that move, from the catalog."""
    sizes = [size(view, f"table:{table}") for table in out]
    return Size(_sum(one.rows for one in sizes), _sum(one.bytes for one in sizes))


def _sum(numbers: Iterable[int | None]) -> int | None:
    known = [*numbers]
    return None if None in known or not known else sum(n for n in known if n)


def _out(fact: Fact, source: str, leaving: str, view: View) -> str:
    entry = entry_before_attaching(fact, source, view.request)
    key = view.target[f"table:{fact.attrs['of']}"].attrs["partition_key"]
    place, name = quote(entry.place), source.replace("%", "%%")
    proof = _is_proven(source, spare_name(fact.id, "fits" if leaving == "FALSE" else "leaves"))
    value = "pg_catalog.row_number() OVER () AS no, pg_catalog.row_to_json(snap_row) AS value"
    select = f"SELECT {value} FROM {name} snap_row"
    return block(
        f"""DECLARE bound text; leaving text; found bool; {deleting.VARIABLES}
BEGIN
  IF NOT EXISTS (SELECT FROM {source}) OR {proof} THEN RETURN; END IF;
  BEGIN
  {bounds.of_coming(fact, key, beside(fact, view))}
  EXCEPTION WHEN syntax_error_or_access_rule_violation THEN RETURN; END;
  bound := coalesce(nullif(pg_catalog.concat_ws(' AND ', bound, {bounds.above(fact)}), ''), 'true');
  leaving := pg_catalog.format('(%s) IS {leaving}', bound);
  EXECUTE pg_catalog.format({literal(f"SELECT EXISTS (SELECT FROM {name} WHERE %s)")}, leaving) INTO found;
  IF NOT found THEN RETURN; END IF;
  {unwritten(source)};
  CREATE SCHEMA {place};
  EXECUTE pg_catalog.format({literal(f"CREATE TABLE {place}.rows AS {select} WHERE %s")}, leaving);
  {_gone(source, view)}
  {_registered(entry) if archive.wanted(view) else ""}
END"""
    )


def _gone(source: str, view: View) -> str:
    """PL/pgSQL that deletes the rows that leave; where data is given up, with what refers to them."""
    name = source.replace("%", "%%")
    if view.request.options.data is DataMode.DISCARD:
        found = literal(f"SELECT {deleting.PLACES} FROM {name} t WHERE %s")
        return f"""EXECUTE pg_catalog.format({found}, leaving) INTO tables, places;
  {deleting.those_found()}"""
    delete = f"EXECUTE pg_catalog.format({literal(f'DELETE FROM {name} WHERE %s')}, leaving);"
    return f"{quiet(source)} {delete} {LOUD}"


def _registered(entry: archive.Entry) -> str:
    return archive.register(entry.place, entry.identity, entry.kind, entry.facts) + ";"


def _is_proven(table: str, check: str) -> str:
    """Whether a step before the transaction has found no such rows."""
    return (
        f"EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conname = {literal(unquote(check))}"
        f" AND conrelid = {literal(table)}::pg_catalog.regclass AND convalidated)"
    )
