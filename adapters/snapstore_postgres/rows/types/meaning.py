"""Columns whose values mean nothing in another type: they make way for one of it, and go to the archive."""

from __future__ import annotations

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.relations.sizes import size
from snapstore_postgres.rows.types.casts import akin, below_domains


def would_mean_nothing(before: Fact, after: Fact, view: View) -> bool:
    """Whether a column may have values, and none of them would be one of the other type."""
    return not _are_akin(before, after, view) and _may_have_rows(before, view)


def some_would_mean_nothing(before: Fact, after: Fact, view: View) -> bool:
    """The same of any column of a domain."""
    columns = (fact for fact in view.live_dependents.get(before.id, ()) if fact.kind == "column")
    return not _are_akin(before, after, view) and any(_may_have_rows(column, view) for column in columns)


def _are_akin(before: Fact, after: Fact, view: View) -> bool:
    old, new = before.attrs["type"], after.attrs["type"]
    return akin(below_domains(old, view.live), below_domains(new, view.target))


def _may_have_rows(column: Fact, view: View) -> bool:
    return size(view, column.parent or "")[1] != 0
