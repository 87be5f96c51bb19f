"""Values that can stand in since a check compares them with what else is in the row: the same, and those next
to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.names import last

_LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
_STEPS = {
    **dict.fromkeys((*_LARGEST, "numeric", "real", "double precision", "date"), "1"),
    **dict.fromkeys(("timestamp without time zone", "timestamp with time zone"), "interval '1 day'"),
}


def beside(column: Fact, checks: Iterable[Fact], view: View) -> Iterator[str]:
    """Expressions on a row ``t``, of the columns of the same type that the checks read too."""
    kind = column.attrs["type"]
    read = (view.target.get(need) for check in checks for need in check.needs if need.startswith("column:"))
    for name in dict.fromkeys(last(other.name) for other in read if other and _may_be_equal(column, other)):
        yield f"t.{name}"
        if step := _STEPS.get(kind):
            yield f"{_with_room(name, kind, -1)} + {step}"
            yield f"{_with_room(name, kind, 1)} - {step}"


def _may_be_equal(column: Fact, other: Fact) -> bool:
    is_beside = other.id != column.id and other.parent == column.parent
    return is_beside and bool(other.attrs["type"] == column.attrs["type"])


def _with_room(name: str, kind: str, sign: int) -> str:
    """The value of a column, but for the one that nothing of the type lies behind."""
    if kind not in _LARGEST:
        return f"t.{name}"
    end = _LARGEST[kind] if sign < 0 else -_LARGEST[kind] - 1
    return f"nullif(t.{name}, '{end}')"
