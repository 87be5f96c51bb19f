"""NOT NULL before 18: a flag of each column, with no name, that nobody inherits.

``ALTER TABLE`` sets or clears it in all tables below, whatever they had, unless it says ``ONLY``; above
partitions it cannot say that. A new column, and a new table, get it from their parents.
"""

from __future__ import annotations

from collections.abc import Sequence

from snapstore.model import Fact, Json
from snapstore.rules import View
from snapstore_postgres.names import last
from snapstore_postgres.relations import table_of, version
from snapstore_postgres.relations.inheritance import descendants
from snapstore_postgres.relations.notnull import gives, is_flag, is_inherited
from snapstore_postgres.relations.notnull_changes import not_null_statements


def flags_below(column: Fact, reached: Sequence[Fact], view: View) -> list[str]:
    """For a new column of a parent: what its children, which got its flag or constraint with it, have
    otherwise."""
    if not is_flag(column, view):
        held = {"inherited": True} if gives(column) else None
        own = (p for p in reached if not is_inherited(p.attrs.get("not_null")))
        alone = [p for p in own if not held or f"partition:{table_of(p)}" not in view.target]
        return [s for p in alone for s in not_null_statements(p, held, p.attrs.get("not_null"), view)]
    given = bool(column.attrs.get("not_null"))
    others = (part for part in reached if bool(part.attrs.get("not_null")) != given)
    return [s for p in others for s in not_null_statements(p, given or None, p.attrs.get("not_null"), view)]


def kept_below(column: Fact, was: Json, now: Json, view: View) -> list[str]:
    """The flags of partitions that have one of their own, which DROP NOT NULL on the parent takes along."""
    if not was or now or version(view) >= 180000 or is_flag(column, view):
        return []
    both = [p for p in descendants(column, view, live=True) if view.stays(p.id) and p.attrs.get("not_null")]
    kept = [view.target[part.id] for part in both if view.target[part.id].attrs.get("not_null")]
    return [s for part in kept for s in not_null_statements(part, None, True, view)]


def own_flag(column: Fact, view: View, *, inline: bool) -> list[str]:
    """The flag of a column of a new table, where neither its own clause nor its parents give it what it is to
    have."""
    if not is_flag(column, view):
        return []
    table, now = view.target[column.parent or ""], column.attrs.get("not_null")
    above = (view.target.get(f"column:{p}.{last(column.name)}") for p in table.attrs.get("inherits", ()))
    given = any(part is not None and part.attrs.get("not_null") for part in above)
    return not_null_statements(column, given or (inline and bool(now)) or None, now, view)
