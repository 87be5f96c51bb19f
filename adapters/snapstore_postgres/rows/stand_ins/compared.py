"""Values that can stand in since a check compares them with what else is in the row: the same, and those next
to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.names import last
from snapstore_postgres.relations import table_of
from snapstore_postgres.rows.stand_ins.neutral import TEXTS, TIMES, base_of

_LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
_STEPS = {
    **dict.fromkeys((*_LARGEST, "numeric", "real", "double precision", "date"), "1"),
    **dict.fromkeys(("timestamp without time zone", "timestamp with time zone"), "interval '1 day'"),
}


_WIDER = {"smallint": (), "integer": ("smallint",), "bigint": ("smallint", "integer")}
"""Types of which every value is one of the type, too."""


def beside(column: Fact, checks: Iterable[Fact], view: View) -> Iterator[str]:
    """Expressions on a row ``t``, of the columns of such a type that the checks read too."""
    kind = column.attrs["type"]
    for name in _compared(column, checks, view):
        yield f"t.{name}"
        if step := _STEPS.get(kind):
            yield f"{_with_room(name, kind, -1)} + {step}"
            yield f"{_with_room(name, kind, 1)} - {step}"


def behind(column: Fact, checks: Iterable[Fact], view: View) -> Iterator[str]:
    """Another value in each row, numbered as ``k.snap_no``, that is more or less than all that these have."""
    if column.attrs["type"] in _STEPS:
        for name in _compared(column, checks, view):
            yield _behind(column, name, "greatest", "max", "+")
            yield _behind(column, name, "least", "min", "-")


def _behind(column: Fact, other: str, pick: str, most: str, sign: str) -> str:
    kind, is_time = column.attrs["type"], column.attrs["type"] in TIMES
    finite = " FILTER (WHERE isfinite(m.{}))" if is_time else ""
    ends = (f"({most}(m.{name}){finite.format(name)})::{kind}" for name in (last(column.name), other))
    start = "'1970-01-01'" if is_time else "0"
    end = f"coalesce({pick}({', '.join(ends)}), {start})"
    if kind in _LARGEST:
        room = f"least({end}, {_LARGEST[kind]} - count(*))"
        end = room if sign == "+" else f"greatest({end}, count(*) - {_LARGEST[kind]})"
    number = "k.snap_no::integer" if kind == "date" else f"k.snap_no * {_STEPS[kind]}"
    return f"(SELECT {end} FROM {table_of(column)} m) {sign} {number}"


def _compared(column: Fact, checks: Iterable[Fact], view: View) -> list[str]:
    """The names of the columns that the checks read too, of types whose values the column may have."""
    read = (view.target.get(need) for check in checks for need in check.needs if need.startswith("column:"))
    names = (last(other.name) for other in read if other and _may_be_equal(column, other))
    return [*dict.fromkeys(names)]


def _may_be_equal(column: Fact, other: Fact) -> bool:
    if other.id == column.id or other.parent != column.parent:
        return False
    kinds = other.attrs["type"], column.attrs["type"]
    alike = any({*map(base_of, kinds)} <= {*family} for family in (TEXTS, TIMES))
    return kinds[0] == kinds[1] or alike or kinds[0] in _WIDER.get(kinds[1], ())


def _with_room(name: str, kind: str, sign: int) -> str:
    """The value of a column, as one of the type, but for the one that nothing of it lies behind."""
    value = f"t.{name}::{kind}"
    if kind not in _LARGEST:
        return value
    end = _LARGEST[kind] if sign < 0 else -_LARGEST[kind] - 1
    return f"nullif({value}, '{end}')"
