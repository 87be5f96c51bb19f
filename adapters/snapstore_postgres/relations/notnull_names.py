"""The statements about the name of a NOT NULL (since 18), which may be taken, or known to the server alone.

See ``notnull.py`` for what is inherited, and what is a column's own.
"""

from __future__ import annotations

from collections.abc import Iterator

from snapstore.model import Fact, Json
from snapstore.rules import View
from snapstore_postgres.names import aside, block, last, literal, unquote
from snapstore_postgres.relations import children, table_of
from snapstore_postgres.relations.inheritance import descendants
from snapstore_postgres.relations.notnull import (
    beside,
    has_name,
    is_inherited,
    name_in,
    name_of_not_null,
    without_name,
)
from snapstore_postgres.relations.taken_names import freed
from snapstore_postgres.relations.usual_names import not_null_name


def not_null_rename(column: Fact, was: Json, now: Json, view: View) -> list[str]:
    """The statement that gives it its new name; that of a partition can change only while it is detached."""
    if not was or not now or was == now:
        return []
    old, new = (value["name"] if isinstance(value, dict) else not_null_name(column) for value in (was, now))
    if unquote(old) == unquote(new):
        return []
    if not name_is_wanted(column, view):
        rename = f"ALTER TABLE {table_of(column)} RENAME CONSTRAINT {old} TO {new}"
        return [_renamed_with_heirs(column, now, old, rename) if _has_heirs(column, was, view) else rename]
    return [_renamed_as(column, new)]


def renamed_as_own(column: Fact, now: Json, view: View) -> str:
    """The statement that gives one which was only inherited its column's own name, where it has another."""
    new = name_in(now, column)
    if not _has_heirs(column, now, view):
        return _renamed_as(column, new, unless=new)
    return _knowing_held(column, _unless_otherwise_below(column, now, "held", _rename(column, new)), new)


def _has_heirs(column: Fact, not_null: Json, view: View) -> bool:
    """Whether the tables below may have it too."""
    below = children(column.parent or "", view.live_dependents)
    return bool(below) and "no_inherit" not in without_name(not_null)


def _renamed_as(column: Fact, name: str, *, unless: str | None = None) -> str:
    return _knowing_held(column, _rename(column, name), unless)


def _rename(column: Fact, name: str) -> str:
    values = f"{table_literal(column)}, held, {literal(name)}"
    return f"EXECUTE pg_catalog.format('ALTER TABLE %s RENAME CONSTRAINT %I TO %s', {values});"


def not_null_comment(column: Fact, text: str) -> str:
    """The statement that comments on it; ``text`` is a literal or NULL. Only the server knows the name under
    which it was inherited."""
    if not is_inherited(column.attrs.get("not_null")):
        return f"COMMENT ON CONSTRAINT {name_of_not_null(column)} ON {table_of(column)} IS {text}"
    return with_held(
        column, "COMMENT ON CONSTRAINT %I ON %s IS %s", f"held, {table_literal(column)}, {literal(text)}"
    )


def table_literal(column: Fact) -> str:
    """The name of its table, as a literal."""
    return literal(table_of(column))


def with_held(column: Fact, statement: str, values: str) -> str:
    """A statement with ``values``, among which ``held`` is the name that the NOT NULL of a column has."""
    return _knowing_held(column, f"EXECUTE pg_catalog.format('{statement}', {values});")


def _knowing_held(column: Fact, run: str, unless: str | None = None) -> str:
    """Statements in which ``held`` is that name; none where it is ``unless``."""
    if unless is not None:
        run = f"IF held <> {literal(unquote(unless))} THEN {run} END IF;"
    return block(
        f"DECLARE held name; BEGIN SELECT c.conname INTO held FROM pg_catalog.pg_constraint c"
        f" JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]"
        f" WHERE c.conrelid = {table_literal(column)}::pg_catalog.regclass AND c.contype = 'n'"
        f" AND a.attname = {literal(unquote(last(column.name)))};"
        f" {run} END"
    )


def _renamed_with_heirs(column: Fact, now: Json, old: str, rename: str) -> str:
    return block(f"BEGIN {_unless_otherwise_below(column, now, literal(unquote(old)), f'{rename};')} END")


def _unless_otherwise_below(column: Fact, now: Json, old: str, rename: str) -> str:
    """PostgreSQL renames that of the tables below too. It does not where one has it under another name than
    ``old``, an expression, or from another parent as well, and facts do not tell that of what is only
    inherited: it is made anew."""
    table, name = table_of(column), last(column.name)
    valid = " NOT VALID" if "not_valid" in without_name(now) else ""
    return f"""
  IF EXISTS (
    WITH RECURSIVE below AS (
      SELECT inhrelid, inhparent FROM pg_catalog.pg_inherits
       WHERE inhparent = {literal(table)}::pg_catalog.regclass
       UNION
      SELECT i.inhrelid, i.inhparent FROM pg_catalog.pg_inherits i JOIN below b ON i.inhparent = b.inhrelid)
    SELECT FROM (SELECT inhrelid, pg_catalog.count(*) AS parents FROM below GROUP BY inhrelid) b
      JOIN pg_catalog.pg_attribute a ON a.attrelid = inhrelid AND a.attname = {literal(unquote(name))}
      JOIN pg_catalog.pg_constraint k ON k.conrelid = inhrelid AND k.contype = 'n' AND k.conkey[1] = a.attnum
     WHERE k.conname <> {old} OR k.coninhcount > parents)
  THEN
    ALTER TABLE {table} ALTER COLUMN {name} DROP NOT NULL;
    ALTER TABLE {table} ADD CONSTRAINT {name_in(now, column)} NOT NULL {name}{valid};
  ELSE {rename}
  END IF;
"""


def name_is_wanted(column: Fact, view: View) -> bool:
    """Whether another column is to have the name that this one's NOT NULL has now, and may have taken it."""
    before = view.live.get(column.id)
    return before is not None and any(
        has_name(other, name_of_not_null(before)) for other in beside(column, view.target_parts, view)
    )


def without_namesake(column: Fact, view: View) -> list[str]:
    """Another name for what has the one that the NOT NULL of this column gets: that of another one, or a
    foreign key from above."""
    if not column.attrs.get("not_null"):
        return []
    name, table = name_of_not_null(column), table_of(column)
    return [*freed(table, name, view.request), *_without_other(column, view)]


def _without_other(column: Fact, view: View) -> list[str]:
    name, table = name_of_not_null(column), table_of(column)
    others = [other for other in beside(column, view.live_parts, view) if _may_have(name, other, view)]
    if all(has_name(view.target.get(other.id), name) and view.stays(other.id) for other in others):
        return []
    found = (
        f"SELECT FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid"
        f" AND a.attnum = c.conkey[1] WHERE c.contype = 'n' AND c.conname = {literal(unquote(name))}"
        f" AND c.conrelid = {literal(table)}::pg_catalog.regclass"
        f" AND a.attname <> {literal(unquote(last(column.name)))}"
    )
    rename = f"ALTER TABLE {table} RENAME CONSTRAINT {name} TO {aside(name)}"
    return [block(f"BEGIN IF EXISTS ({found}) THEN {rename}; END IF; END")]


def namesakes_going(column: Fact, view: View) -> Iterator[str]:
    """The columns that are to lose a NOT NULL before this one gets its, since that has its name, be it in a
    table below: PostgreSQL renames none that is inherited."""
    for own in (column, *descendants(column, view, live=False)):
        name = name_of_not_null(own) if own.attrs.get("not_null") else ""
        for other in beside(own, view.live_parts, view) if name else ():
            after = view.target.get(other.id)
            goes = after is not None and not after.attrs.get("not_null")
            if goes and _may_have(name, other, view):
                yield other.id


def _may_have(name: str, column: Fact, view: View) -> bool:
    """Whether the NOT NULL of a live column has that name; nobody knows it of one that was only inherited,
    and goes or becomes its own."""
    if not is_inherited(column.attrs.get("not_null")):
        return has_name(column, name)
    after = view.target.get(column.id)
    return view.vanishes(column.id) or after is None or not is_inherited(after.attrs.get("not_null"))
