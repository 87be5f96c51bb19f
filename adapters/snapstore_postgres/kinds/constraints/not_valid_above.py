"""How a new table gets a NOT NULL or a check of its parents that is not valid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.kinds.constraints.constraints import constraint_definition
from snapstore_postgres.kinds.tables.columns_above import Around
from snapstore_postgres.names import block, last, literal, unquote
from snapstore_postgres.relations import children, table_of
from snapstore_postgres.relations.inheritance import ancestors
from snapstore_postgres.relations.notnull import is_only_inherited
from snapstore_postgres.rows.disallowed.unvalidated import is_unvalidated, is_valid_check


def left_not_valid(fact: Fact, columns: Sequence[Fact], view: View) -> Around:
    """The parents are without it while the table is created, and get it again once that is there: what is not
    valid can only come to a table that is."""
    parts = [*(part for c in columns for part in _not_nulls(fact, c, view)), *_checks_above(fact, view)]
    around = Around([], [])
    for part, name, definition in parts:
        parent = table_of(part)
        around.before.append(f"ALTER TABLE {parent} DROP CONSTRAINT {name}")
        around.after.append(f"ALTER TABLE {parent} ADD CONSTRAINT {name} {definition}")
        around.after.extend(_valid_below(part, name, fact, view))
    return around


class _NotValid(NamedTuple):
    """A constraint of a parent that is not valid: the fact that tells of it, its name and its definition."""

    part: Fact
    name: str
    definition: str


def _not_nulls(table: Fact, column: Fact, view: View) -> Iterator[_NotValid]:
    """Those of the parents, at any height, that a column of the table has by inheriting it."""
    not_null = column.attrs.get("not_null")
    inherits = bool(table.attrs.get("inherits"))
    if not (inherits and isinstance(not_null, dict) and not_null.keys() == {"inherited", "not_valid"}):
        return
    for parent in dict.fromkeys(ancestors(table_of(column), view.target)):
        above = view.target.get(f"column:{parent}.{last(column.name)}")
        own = above.attrs.get("not_null") if above else None
        if above and isinstance(own, dict) and own.keys() >= {"name", "not_valid"}:
            yield _NotValid(above, own["name"], f"NOT NULL {last(column.name)} NOT VALID")


def _checks_above(table: Fact, view: View) -> Iterator[_NotValid]:
    """The same of checks: those of its parents that stay."""
    for parent in dict.fromkeys(ancestors(table.name, view.target)):
        for part in view.target_parts.get(f"table:{parent}", ()):
            own = part.kind == "constraint" and not part.attrs.get("inherited") and not view.appears(part.id)
            if own and is_unvalidated(view.target.get(f"constraint:{table.name}.{last(part.name)}")):
                yield _NotValid(part, last(part.name), constraint_definition(part))


def _valid_below(part: Fact, name: str, new: Fact, view: View) -> Iterator[str]:
    """Statements that validate it in tables below in which it was valid, since it came with them: in those
    that are there by now."""
    for child in children(part.parent or "", view.target_dependents):
        below = view.target.get(f"{part.kind}:{child}.{last(part.name)}")
        if below is None:
            continue
        if child != new.name and is_only_inherited(below):
            yield _validated(below)
        elif child != new.name and is_valid_check(below):
            yield f"ALTER TABLE IF EXISTS {child} VALIDATE CONSTRAINT {name}"
        yield from _valid_below(below, name, new, view)


def _validated(column: Fact) -> str:
    """The same for a NOT NULL, which may be known there by the name that another parent has given it."""
    table = literal(table_of(column))
    return block(
        f"""DECLARE held name;
BEGIN
  SELECT c.conname INTO held FROM pg_catalog.pg_constraint c
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
   WHERE c.conrelid = pg_catalog.to_regclass({table}) AND c.contype = 'n'
     AND a.attname = {literal(unquote(last(column.name)))};
  IF FOUND THEN EXECUTE pg_catalog.format('ALTER TABLE %s VALIDATE CONSTRAINT %I', {table}, held); END IF;
END"""
    )
