"""Rows of a table as they will be: where they are there already, with the values that they will have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from snapstore.model import Fact
from snapstore_postgres.names import last
from snapstore_postgres.rows.looks.looking import Look, Place
from snapstore_postgres.rows.looks.stage import Stage


class Rows(NamedTuple):
    """The query for rows of a table as they will be: the columns of the target, and their ``place``."""

    table: str
    place: Place
    source: str


def rows_of(table: str, columns: Sequence[Fact], stage: Stage, only: bool) -> Rows | None:
    """None where they are not known, or nothing of them is read."""
    return rows_with(table, columns, stage, only) if columns else None


def rows_with(table: str, columns: Sequence[Fact], stage: Stage, only: bool = False) -> Rows | None:
    """None where they are not known; they may be wanted for their number alone."""
    values = {last(column.name): stage.value(column) for column in columns}
    return None if None in values.values() else _rows(table, values, stage, only)


def _rows(table: str, values: Mapping[str, str | None], stage: Stage, only: bool) -> Rows | None:
    """With these values, by the names of columns."""
    if not stage.keeps_rows(table):
        return None
    place = stage.place(table)
    one = "ONLY " if only else ""
    listed = ", ".join([f"{place.expression} AS place", *(f"{v} AS {name}" for name, v in values.items())])
    return Rows(stage.table(table), place, f"(SELECT {listed} FROM {one}{stage.table(table)} t)")


def rows_having(table: str, columns: Sequence[Fact], stage: Stage, only: bool) -> Rows | None:
    """As :func:`rows_of`, where all that is asked of values is whether there are any: of whatever type."""
    if not all(stage.value(column) or _becomes_another(column, stage) for column in columns):
        return None
    return _rows(table, {last(c.name): f"t.{last(stage.now(c.id))}" for c in columns}, stage, only)


def _becomes_another(column: Fact, stage: Stage) -> bool:
    """Whether its values become such of another type, each of them."""
    before = stage.request.live.get(column.id)
    return before is not None and stage.keeps_values(column) and before.attrs["type"] != column.attrs["type"]


def columns_of(fact: Fact, stage: Stage) -> list[Fact]:
    """The columns of its table that something reads."""
    found = (stage.request.target.get(n) for n in fact.needs if n.startswith("column:"))
    return [column for column in found if column is not None and column.parent == fact.parent]


def is_alone(table: str, stage: Stage) -> bool:
    """Whether what it has does not hold in tables below."""
    return "partition_key" not in stage.request.target[table].attrs


_PARTS = ("table", "column", "constraint", "index", "partition")


def others_stay(fact: Fact, stage: Stage) -> bool:
    """Whether what it calls and compares by is there as it will be."""
    others = (need for need in fact.needs if need.partition(":")[0] not in _PARTS)
    return stage.as_they_are(others)


def look(rows: Rows, bad: str, what: str, why: str) -> Look:
    return Look(bad, rows.table, rows.place, what, why)
