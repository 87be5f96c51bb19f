"""Checks of domains that have to be there before columns hold their values inside of others.

PostgreSQL gives a domain no check while a column has it in an array, a row or a range.
"""

from __future__ import annotations

from collections.abc import Iterator

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.rows.types.held_rows import holds


def checks_before(column: Fact, view: View) -> list[str]:
    """The checks that come in this plan to domains inside of what a column of the target holds."""
    is_inside = column.attrs["type"].endswith("[]") or _is_held(column.parent or "", view)
    parts = (p for domain in _domains(column, is_inside, view) for p in view.target_parts.get(domain, ()))
    return [part.id for part in parts if part.kind == "constraint" and view.appears(part.id)]


def _is_held(table: str, view: View) -> bool:
    return any(holds(fact, table) for fact in view.target_dependents.get(table, ()) if fact.kind == "column")


def _domains(column: Fact, is_inside: bool, view: View) -> list[str]:
    """The domains whose values are inside of others that a column holds, at any depth."""
    found: dict[tuple[str, bool], None] = {}
    left = [(column, is_inside)]
    while left:
        for below, inside in _below(*left.pop(), view):
            if (below.id, inside) not in found:
                found[below.id, inside] = None
                left.append((below, inside or _has_others_inside(below)))
    return [identity for identity, inside in found if inside and identity.startswith("domain:")]


def _has_others_inside(fact: Fact) -> bool:
    return fact.kind != "domain" or str(fact.attrs.get("type")).endswith("[]")


def _below(fact: Fact, is_inside: bool, view: View) -> Iterator[tuple[Fact, bool]]:
    """What a type or column stands on of that which holds values, and whether these are inside of others; of
    a table whose rows it holds, the columns."""
    for need in fact.needs:
        kind = need.partition(":")[0]
        if kind in ("domain", "composite", "range") and need in view.target:
            yield view.target[need], is_inside
        elif kind == "table" and need != fact.parent:
            yield from ((column, True) for column in view.target_parts.get(need, ()))
