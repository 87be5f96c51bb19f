"""A NOT NULL (since 18) that a parent has left to a child when its column went, and that nobody gives now.

The server counts it as inherited none the less, also when the child leaves the parent: it cannot be dropped,
and is not made anew with the column when that gets a type, which loses it.
"""

from __future__ import annotations

from snapstore.model import Fact, Json
from snapstore.rules import View
from snapstore_postgres.names import block, last, literal, unquote
from snapstore_postgres.relations import table_of, version
from snapstore_postgres.relations.notnull import gives, without_name


def left_to_children(column: Fact, view: View) -> list[str]:
    """Before a column goes that children keep: gives them its NOT NULL, so that none is left."""
    if version(view) < 180000 or not gives(column):
        return []
    alter = f"ALTER TABLE ONLY {table_of(column)} ALTER COLUMN {last(column.name)}"
    numbered = [f"{alter} DROP IDENTITY"] if "identity" in column.attrs else []
    return [*numbered, f"{alter} DROP NOT NULL"]


def released(column: Fact, not_null: Json, view: View) -> list[str]:
    """Makes one that may be left droppable: it is called the column's own, and the column is given its type
    once more, which makes it anew."""
    if not _may_be_left(column, not_null, view):
        return []
    collation = f" COLLATE {column.attrs['collation']}" if "collation" in column.attrs else ""
    typed = f"ALTER TABLE {table_of(column)} ALTER COLUMN {last(column.name)} TYPE {column.attrs['type']}"
    return [_if_left(column, told_own(column, not_null), f"{typed}{collation}")]


def kept_with_type(column: Fact, view: View) -> list[str]:
    """Before a live column gets a type: calls one that may be left its own, so that it is made anew."""
    not_null = column.attrs.get("not_null")
    if not _may_be_left(column, not_null, view):
        return []
    return [_if_left(column, told_own(column, not_null))]


def told_own(column: Fact, not_null: Json) -> str:
    """Makes one that was inherited the column's own, which ``SET NOT NULL`` would validate too."""
    if "not_valid" in without_name(not_null):
        return f"ALTER TABLE {table_of(column)} ADD NOT NULL {last(column.name)} NOT VALID"
    return f"ALTER TABLE {table_of(column)} ALTER COLUMN {last(column.name)} SET NOT NULL"


def _may_be_left(column: Fact, not_null: Json, view: View) -> bool:
    """Whether it has the name that it had in the parent, in a table that is no partition: these have their
    own."""
    named = isinstance(not_null, dict) and "name" in not_null
    return named and version(view) >= 180000 and f"partition:{table_of(column)}" not in view.live


def _if_left(column: Fact, *statements: str) -> str:
    """Runs them where the NOT NULL of a column counts as inherited."""
    return block(
        f"""BEGIN
  IF EXISTS (
    SELECT FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_attribute a
        ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
     WHERE k.conrelid = {literal(table_of(column))}::pg_catalog.regclass AND k.contype = 'n'
       AND k.coninhcount > 0 AND a.attname = {literal(unquote(last(column.name)))})
  THEN {"; ".join(statements)};
  END IF;
END"""
    )
