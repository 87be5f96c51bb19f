"""Columns that hold rows of another table, which PostgreSQL does not write anew while they are there.

It refuses whatever rewrites a table, or gives values to a column that comes, while a column of another one
has its row type, be that inside an array, a domain, a composite type or a range. Values that come are then
written by an update; where there is no way but a rewrite, such columns go first, with their values set aside.
"""

from __future__ import annotations

from collections.abc import Iterator

from snapstore.model import Fact
from snapstore.rules import View

_STORED = ("column", "matview")


def holders(table: str, view: View) -> Iterator[str]:
    """The identities of what holds rows of a live table, given by identity."""
    return (fact.id for fact in view.live_dependents.get(table, ()) if holds(fact, table))


def holds(fact: Fact, table: str) -> bool:
    """Whether what stands on a table, given by identity, stores rows of it: only that has its type."""
    if fact.kind == "matview":
        return any(need.startswith(f"column:{table.partition(':')[2]}.") for need in fact.needs)
    return fact.kind == "column" and fact.parent != table
