"""By what a row is found again: its key as text, and which one it is of those that have the same."""

from __future__ import annotations

from collections.abc import Sequence

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.names import last, qualifier
from snapstore_postgres.relations import children, keys
from snapstore_postgres.rows.archived import archive


def key_of(fact: Fact, view: View) -> list[str]:
    """The columns that tell a row: those of the primary key, that of now or that of the target, or of another
    key of now, where they stay, else all others that stay.

    What is computed tells no more than what it is computed from, and may one day be computed from this one.
    """
    table = fact.parent or ""
    known = (keys.primary(side.get(table, ())) for side in (view.live_parts, view.target_parts))
    for columns in (*known, *keys.others(table, view.live)):
        if columns and all(view.stays(c) and c != fact.id for c in columns):
            return [last(c) for c in columns]
    return sorted(
        last(part.name)
        for part in view.live_parts.get(table, ())
        if part.kind == "column"
        and part.id != fact.id
        and view.stays(part.id)
        and "generated" not in part.attrs
    )


def key_columns(fact: Fact, entry: archive.Entry) -> list[str]:
    """The identities of the columns by which the rows are found that have values at a place."""
    return [f"column:{qualifier(fact.name)}.{name}" for name in entry.facts["key"]]


def row_key(key: Sequence[str]) -> str:
    """As text, so that a row is found again when a column of its key has got another type."""
    return f"jsonb_build_array({', '.join(f't.{column}::text' for column in key)})"


def row_no(fact: Fact, entry: archive.Entry, request: PlanRequest) -> str:
    """Which one it is of the rows that have the same key, as an expression on ``t``.

    All rows of a table are sorted to find that out. None are where it is a key of the table before as after,
    and of types whose values differ as text where they differ at all.
    """
    if is_told_by_key(fact, entry, request):
        return "1::bigint"
    same = row_key(entry.facts["key"])  # sorting by that alone would mix those that have it
    return f"row_number() OVER (PARTITION BY {same} ORDER BY t.tableoid, t.ctid)"


def is_told_by_key(fact: Fact, entry: archive.Entry, request: PlanRequest) -> bool:
    """Whether no two rows have the same key. Else they are told by the order in which they lie, so that what
    updates some of them has to update all: only then they stay in it."""
    names, sides = key_columns(fact, entry), (request.live, request.target)
    return all(_is_key(names, fact.parent or "", side) for side in sides)


def _is_key(columns: Sequence[str], table: str, side: Facts) -> bool:
    if table not in side or ("partition_key" not in side[table].attrs and children(table, side.dependents)):
        return False  # it says nothing of the rows of tables below
    known = (keys.primary(side.parts.get(table, ())), *keys.others(table, side))
    if not any(key and set(key) == {*columns} for key in known):
        return False
    return all(side[column].attrs["type"].partition("(")[0] in _TOLD_APART for column in columns)


_TOLD_APART = ("smallint", "integer", "bigint", "uuid", "date", "text", "character varying")
