"""What the rules for tables, columns, constraints, indexes and views have in common."""

from __future__ import annotations

from snapstore.adapter import PlanRequest
from snapstore.facts import Groups
from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.names import qualifier, quote

STRONGEST = "ACCESS EXCLUSIVE"
"""The lock that lets nobody else even read."""


def table_of(fact: Fact) -> str:
    """The qualified, quoted name of the relation that a part of it belongs to."""
    return qualifier(fact.name)


def version(view: View) -> int:
    """That of the live server: :func:`server_version`."""
    return server_version(view.request)


def server_version(request: PlanRequest) -> int:
    """The live server's, as it numbers itself (``server_version_num``); 0 where it is not known."""
    return int(request.live_hints.get("version", 0))


def owner_statement(keyword: str, name: str, fact: Fact) -> list[str]:
    """What gives an object to the owner that its fact tells of, if it does."""
    return [f"ALTER {keyword} {name} OWNER TO {quote(fact.attrs['owner'])}"] if "owner" in fact.attrs else []


def is_elsewhere(column: Fact, view: View) -> bool:
    """Whether values of the column lie on another server, where a type is changed for this one only."""
    table = view.live.get(column.parent or "")
    if table is None or "foreign" in table.attrs:
        return table is not None
    below = (Fact(column.id, {}, f"table:{name}") for name in children(table.id, view.live_dependents))
    return any(is_elsewhere(part, view) for part in below)


def plain_stays_bound(view: View) -> bool:
    """Whether a computed column that is made plain still stands on what its expression read (before 15):
    dropping that function would silently drop the column."""
    return 0 < version(view) < 150000


def changes_persistence(table: str, view: View) -> bool:
    """Whether a table, given by identity, becomes logged or not, and the sequences of its columns with it."""
    if not view.stays(table) or version(view) < 150000:
        return False
    return view.live[table].attrs.get("persistence") != view.target[table].attrs.get("persistence")


def children(table: str, dependents: Groups) -> list[str]:
    """The names of the partitions of a table and of the tables that inherit from it."""
    return [
        fact.name
        for fact in dependents.get(table, ())
        if fact.kind == "partition"
        or (fact.kind == "table" and table.partition(":")[2] in fact.attrs.get("inherits", ()))
    ]
