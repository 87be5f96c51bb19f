"""What the checks of a column that comes want of its values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.rows.gaps import needed

CALLED = ("function:", "operator:")
"""How what may not be there begins, before the column is."""


def checks_of(column: Fact, view: View) -> Iterator[Fact]:
    """The checks of the column, but for those that call or read what cannot be there before it. Of columns
    for whose values something stands in, the last one sees to what is said of all."""
    for part in view.target_parts.get(column.parent or "", ()):
        is_check = part.kind == "constraint" and part.attrs.get("type") == "c" and column.id in part.needs
        called = [need for need in part.needs if need.startswith(CALLED)] if is_check else []
        enforced = is_check and "NOT ENFORCED" not in part.attrs["definition"]
        beside = coming_beside(column, part.needs, view) if enforced else []
        later = [identity for identity in beside if identity > column.id and _is_filled(identity, view)]
        if enforced and not later and column.id not in _standing_under([*called, *beside], view):
            yield part


def coming_beside(column: Fact, needs: Iterable[str], view: View) -> list[str]:
    """Which of these are other columns that come to its table, which is there."""
    if view.appears(column.parent or ""):
        return []
    return [n for n in needs if n.startswith("column:") and n != column.id and view.appears(n)]


def _is_filled(column: str, view: View) -> bool:
    return column in view.target and needed(view.target[column], view)


def _standing_under(identities: list[str], view: View) -> set[str]:
    """All that these stand on, be it through others."""
    found: set[str] = set()
    waiting = [*identities]
    while waiting:
        fact = view.target.get(waiting.pop())
        waiting += [need for need in fact.needs if need not in found] if fact else []
        found.update(fact.needs if fact else ())
    return found


def condition(constraint: Fact) -> str:
    """What a check wants, as an expression."""
    text = re.sub(r"( NOT VALID| NO INHERIT)+$", "", constraint.attrs["definition"])
    return text.removeprefix("CHECK ")
