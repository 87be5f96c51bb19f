"""Columns of which nobody knows the values, and that a check reads together: what stands in first leaves room
for what comes after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.names import last
from snapstore_postgres.rows.stand_ins.checked import checks_with, condition, filled_later
from snapstore_postgres.rows.stand_ins.compared import beside
from snapstore_postgres.rows.stand_ins.neutral import of_type


def leaving_room(column: Fact, view: View) -> list[str]:
    """Conditions on a value in ``snap``, under the name of the column: that something may be beside it."""
    return [_has_room(column, other, view) for other in filled_later(column, view)]


def wanted_beside(column: Fact, view: View) -> Iterator[str]:
    """What checks want of the columns that get theirs later."""
    for other in filled_later(column, view):
        yield from map(condition, checks_with(column, other, view))


def _has_room(column: Fact, other: Fact, view: View) -> str:
    checks = list(checks_with(column, other, view))
    kind, name = other.attrs["type"], last(other.name)
    values = _values(column, other, checks, view)
    listed = ", ".join(f"(({value})::{kind})" for value in values)
    may = " AND ".join(f"({condition(check)}) IS NOT FALSE" for check in checks)
    return f"EXISTS (SELECT FROM (VALUES {listed}) snap_later({name}) WHERE {may})"


def _values(column: Fact, other: Fact, checks: Iterable[Fact], view: View) -> Iterator[str]:
    """What could stand in for the other one beside a value of this one."""
    checks = list(checks)
    tests = " ".join(map(condition, checks))
    yield from of_type(other.attrs["type"], other, tests, view, False)
    here, there = f"t.{last(column.name)}", f"snap.{last(column.name)}"
    yield from (value.replace(here, there) for value in beside(other, checks, view) if here in value)
