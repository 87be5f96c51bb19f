"""Checks of domains that have to be there before columns hold their values inside of others.

PostgreSQL gives a domain no check while a column has it in an array, a row or a range.
"""

from __future__ import annotations

from collections.abc import Iterator

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.rows.held_rows import holds


def checks_before(column: Fact, view: View) -> list[str]:
    """The checks that come in this plan to domains inside of what a column of the target holds."""
    inside = _inside(column, column.attrs["type"].endswith("[]") or _is_held(column.parent or "", view), view)
    parts = (part for domain in dict.fromkeys(inside) for part in view.target_parts.get(domain, ()))
    return [part.id for part in parts if part.kind == "constraint" and view.appears(part.id)]


def _is_held(table: str, view: View) -> bool:
    return any(holds(fact, table) for fact in view.target_dependents.get(table, ()) if fact.kind == "column")


def _inside(fact: Fact, is_inside: bool, view: View) -> Iterator[str]:
    for need in fact.needs:
        kind = need.partition(":")[0]
        if kind in ("domain", "composite", "range") and need in view.target:
            if is_inside and kind == "domain":
                yield need
            below = view.target[need]
            many = kind != "domain" or str(below.attrs.get("type")).endswith("[]")
            yield from _inside(below, is_inside or many, view)
