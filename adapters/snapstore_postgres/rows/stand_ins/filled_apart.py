"""By which statements the rows of a column that comes, and of those below it, get what stands in."""

from __future__ import annotations

from collections.abc import Iterable

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.relations.inheritance import given_by
from snapstore_postgres.rows.stand_ins.checked import checks_of
from snapstore_postgres.rows.stand_ins.gaps import needed


def lacking(column: Fact, reached: Iterable[Fact], view: View) -> list[Fact]:
    """Of a column that is made, and those that come below by its statement, all whose rows may be left
    without a value and get theirs by a statement of their own. Rows of one above are done with that one's,
    unless checks of their own table ask for more: then it is done before, of those furthest below first."""
    found = {c.id: c for c in (column, *reached) if needed(c, view)}
    below = [c for c in found.values() if not found.keys().isdisjoint(given_by(c, view))]
    first = [c for c in reversed(below) if _has_own_checks(c, view)]
    return [*first, *(c for c in found.values() if c not in below)]


def _has_own_checks(column: Fact, view: View) -> bool:
    return any("inherited" not in check.attrs for check in checks_of(column, view))
