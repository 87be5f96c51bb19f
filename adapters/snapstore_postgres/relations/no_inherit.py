"""A NOT NULL for one table only, on a column that numbers rows or is in a primary key (since 18).

PostgreSQL takes an identity or a primary key only where the NOT NULL is for the tables that inherit too, and
lets that be changed behind. So such columns come with one for all, which is then made what it is to be.
"""

from __future__ import annotations

from collections.abc import Iterator

from snapstore.model import Fact, Json
from snapstore.rules import View
from snapstore_postgres.names import last
from snapstore_postgres.relations import children, table_of


def is_for_one_table(not_null: Json) -> bool:
    return isinstance(not_null, dict) and bool(not_null.get("no_inherit"))


def first_for_all(column: Fact, not_null: Json, view: View) -> Json:
    """What a column of the target first gets as its NOT NULL."""
    if not is_for_one_table(not_null) or not (_key(column, view) or _starts_numbering(column, view)):
        return not_null
    return {key: value for key, value in not_null.items() if key != "no_inherit"}


def around_identity(column: Fact, view: View) -> tuple[list[str], list[str]]:
    """Statements before and behind the one that makes a column number its rows."""
    if not _starts_numbering(column, view) or _key(column, view):
        return [], []
    return _around(column, view)


def around_key(key: Fact, view: View) -> tuple[list[str], list[str]]:
    """Statements before and behind the one that makes a constraint of a table."""
    before, behind = [], []
    for column in for_one_table(key, view):
        one, two = _around(column, view)
        before += one
        behind += two
    return before, behind


def for_one_table(key: Fact, view: View) -> Iterator[Fact]:
    """The columns of a primary key whose NOT NULL is for their table only once it is there."""
    if key.kind == "constraint" and key.attrs.get("type") == "p":
        columns = (view.target[need] for need in key.needs if need.startswith("column:"))
        yield from (c for c in columns if is_for_one_table(c.attrs.get("not_null")))


def _key(column: Fact, view: View) -> Fact | None:
    """The primary key that comes to a column."""
    keys = (part for part in view.target_parts.get(column.parent or "", ()) if view.appears(part.id))
    return next((key for key in keys if column in for_one_table(key, view)), None)


def _starts_numbering(column: Fact, view: View) -> bool:
    before = view.live.get(column.id)
    made = before is None or view.appears(column.id) or "identity" not in before.attrs
    return made and "identity" in column.attrs


def _around(column: Fact, view: View) -> tuple[list[str], list[str]]:
    not_null = column.attrs.get("not_null")
    if not isinstance(not_null, dict) or not is_for_one_table(not_null):
        return [], []
    alter = f"ALTER TABLE {table_of(column)} ALTER CONSTRAINT {not_null['name']}"
    stays = view.stays(column.id) and view.live[column.id].attrs.get("not_null") == not_null
    return [f"{alter} INHERIT"] if stays else [], [f"{alter} NO INHERIT", *_without(column, view)]


def _without(column: Fact, view: View) -> Iterator[str]:
    """Takes it off the columns below that had it for that moment."""
    for child in children(column.parent or "", view.live_dependents):
        below = view.target.get(f"column:{child}.{last(column.name)}")
        if below is not None and view.stays(below.id) and not below.attrs.get("not_null"):
            yield f"ALTER TABLE {child} ALTER COLUMN {last(column.name)} DROP NOT NULL"
