"""What the checks of a column that comes want of its values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.rows.stand_ins.gaps import needed

CALLED = ("function:", "operator:")
"""How what may not be there begins, before the column is."""


def checks_of(column: Fact, view: View) -> Iterator[Fact]:
    """The checks of the column, but for those that call or read what cannot be there before it. Of columns
    for whose values something stands in, the last one sees to what is said of all."""
    for part in (check for check in _enforced(column.parent or "", view) if column.id in check.needs):
        called = [need for need in part.needs if need.startswith(CALLED)]
        beside = coming_beside(column, part.needs, view)
        later = _later(column, [other for other in beside if _is_filled(other, view)], view)
        if not later and column.id not in _standing_under([*called, *beside], view):
            yield part


def filled_later(column: Fact, view: View) -> list[Fact]:
    """The columns that get what stands in for them after this one, and that a check reads with it and nothing
    else that is not there by then."""
    found = {}
    for part in (check for check in _enforced(column.parent or "", view) if column.id in check.needs):
        beside = [c for c in coming_beside(column, part.needs, view) if _is_filled(c, view)]
        if len(beside) == 1 and _later(column, beside, view):
            found[beside[0]] = view.target[beside[0]]
    return list(found.values())


def checks_with(column: Fact, other: Fact, view: View) -> Iterator[Fact]:
    """The checks of another column that read it alone, or it and this one, and call nothing."""
    for part in (check for check in _enforced(other.parent or "", view) if other.id in check.needs):
        read = {need for need in part.needs if need.startswith(("column:", *CALLED))}
        if read <= {column.id, other.id}:
            yield part


def _enforced(table: str, view: View) -> Iterator[Fact]:
    for part in view.target_parts.get(table, ()):
        is_check = part.kind == "constraint" and part.attrs.get("type") == "c"
        if is_check and "NOT ENFORCED" not in part.attrs["definition"]:
            yield part


def coming_beside(column: Fact, needs: Iterable[str], view: View) -> list[str]:
    """Which of these are other columns that come to its table, which is there."""
    if view.appears(column.parent or ""):
        return []
    return [n for n in needs if n.startswith("column:") and n != column.id and view.appears(n)]


def _later(column: Fact, filled: list[str], view: View) -> list[str]:
    """Which of these other columns get their values after this one."""
    turns = _turns(column.parent or "", view) if filled else {}
    last = len(turns)
    return [c for c in filled if (turns.get(c, last), c) > (turns.get(column.id, last), column.id)]


def _turns(table: str, view: View) -> dict[str, int]:
    """When the columns of a table for whose values something stands in get theirs: first those that checks
    compare with what is known, or where there are none with a constant, and so on from there."""
    asked = [{n for n in check.needs if n.startswith("column:")} for check in _enforced(table, view)]
    waiting = {n for n in set().union(*asked) if view.appears(n) and _is_filled(n, view)}
    turns: dict[str, int] = {}
    while reached := _compared_with_known(asked, waiting) or {n for n in waiting if {n} in asked}:
        turns |= dict.fromkeys(reached, len({*turns.values()}))
        waiting -= reached
    return turns


def _compared_with_known(asked: list[set[str]], waiting: set[str]) -> set[str]:
    return {n for read in asked if read - waiting for n in read & waiting}


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
