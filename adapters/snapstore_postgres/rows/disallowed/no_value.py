"""Rows that have no value in a column that may not be NULL: where it may be now, or where it is computed."""

from __future__ import annotations

from collections.abc import Iterator

from snapstore.model import Fact
from snapstore_postgres.names import last
from snapstore_postgres.rows.disallowed.unfit import is_readable
from snapstore_postgres.rows.looks.future_rows import columns_of, look, rows_with
from snapstore_postgres.rows.looks.looking import Look
from snapstore_postgres.rows.looks.stage import Stage
from snapstore_postgres.rows.looks.staying import with_below


def without_value(column: Fact, stage: Stage) -> Iterator[Look]:
    before = stage.request.live.get(column.id)
    if before is None or _allows_null(column) or not _allows_null(before):
        return
    yield from without_any_value(column, "it may not be NULL", stage)


def without_value_below(column: Fact, stage: Stage) -> Iterator[Look]:
    """The same in tables that had the column themselves before it comes to one above, with its NOT NULL."""
    target = stage.request.target
    if column.id not in stage.request.live:
        for table in sorted(with_below(column.parent or "", target)):
            own = target.get(f"column:{table.partition(':')[2]}.{last(column.name)}")
            if own is not None and own.id not in stage.touched:
                yield from without_value(own, stage)


def without_any_value(column: Fact, why: str, stage: Stage) -> Iterator[Look]:
    rows, is_null = rows_with(column.parent or "", [], stage), stage.is_null(column)
    if rows and is_null and stage.has_rows(column.parent or ""):
        bad = f"SELECT {rows.place.expression} AS place FROM {rows.table} t WHERE {is_null}"
        yield look(rows, bad, f"fit, in {last(stage.now(column.id))}", why)


def computed_as_null(column: Fact, stage: Stage) -> Iterator[Look]:
    """Rows for which nothing is computed in a column that has to have a value."""
    before, computed = stage.request.live.get(column.id), column.attrs.get("generated")
    if computed is None or _allows_null(column) or not stage.has_rows(column.parent or ""):
        return
    if before is not None and read_from(before) == read_from(column):
        return
    text = computed["expression"]
    rows = rows_with(column.parent or "", columns_of(column, stage), stage)
    if rows and is_readable(column, text, stage):
        bad = f"SELECT place FROM {rows.source} t WHERE ({text}) IS NULL"
        yield look(rows, bad, f"fit, in {last(column.name)}", "it may not be NULL, and is computed as that")


def in_primary_key(key: Fact, stage: Stage) -> Iterator[Look]:
    """Rows without a value in a column of a primary key, whose NOT NULL comes with it."""
    for column in columns_of(key, stage) if key.attrs.get("type") == "p" else ():
        if column.id not in stage.touched:
            yield from without_value(column, stage)


def _allows_null(column: Fact) -> bool:
    not_null = column.attrs.get("not_null")
    return not not_null or (isinstance(not_null, dict) and "not_valid" in not_null)


def read_from(column: Fact) -> list[object]:
    """What decides which values are read from a column."""
    return [column.attrs.get(key) for key in ("type", "collation", "generated")]
