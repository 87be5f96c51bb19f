"""Where a sequence was when it went, or began to count otherwise: noted in the archive before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from snapstore.adapter import PlanRequest
from snapstore.model import Fact
from snapstore.rules import Draft, View
from snapstore_postgres.names import literal
from snapstore_postgres.relations.locks import held_still, held_unlisted
from snapstore_postgres.renaming.names_before import former
from snapstore_postgres.rows.archived import archive

D = TypeVar("D", bound=Draft)
USED = "used"
"""The hint that has the sequences of :func:`of_empty_tables` which have given out numbers."""


def of_empty_tables(request: PlanRequest) -> Iterator[str]:
    """The sequences that go with tables that have no rows, so that no value tells where they are."""
    sizes = request.live_hints.get("relations", {})
    gone = (change.before for change in request.changes.facts if change.before and change.after is None)
    for fact in gone:
        column = request.live.get(fact.parent or "") if fact.kind == "sequence" else fact
        name = fact.name if fact.kind == "sequence" else of_identity(fact)
        table = column.parent or "" if column else ""
        if name and table not in request.target and sizes.get(table, {}).get("bytes") == 0:
            yield name


def noting(sequence: str, draft: D, view: View) -> D:
    """The draft of what takes a sequence away, with its position noted before."""
    if not archive.wanted(view):
        return draft
    return replace(
        draft,
        statements=[held_unlisted(sequence), _note(sequence, view.request), *draft.statements],
        needs=[*draft.needs, archive.REGISTERED],
        provides=[*draft.provides, noted(sequence)],
        payload={"archive": True, **draft.payload},
    )


def noting_all(table: Fact, draft: D, view: View) -> D:
    """The draft of what drops a table that is not moved, with the positions of its sequences noted: where its
    rows are elsewhere, and where it has none but numbers were given out."""
    elsewhere, used = rows_are_elsewhere(table.id, view), view.request.live_hints.get(USED, ())
    going = [name for column in view.live_parts.get(table.id, ()) for name in _going_with(column, view)]
    return noting_of(table, [name for name in going if elsewhere or name in used], draft, view)


def noting_those_of(column: Fact, draft: D, view: View) -> D:
    """The draft of what drops a column, with the positions of its sequences noted."""
    return noting_of(view.live[column.parent or ""], _going_with(column, view), draft, view)


def noting_of(table: Fact, sequences: Sequence[str], draft: D, view: View) -> D:
    """The draft with these noted, which count rows of the table: who inserts locks that before them."""
    if not sequences or not archive.wanted(view):
        return draft
    for sequence in sequences:
        draft = noting(sequence, draft, view)
    held = [] if "foreign" in table.attrs else [held_still(table.name)]
    return replace(draft, statements=[*held, *draft.statements])


def _going_with(column: Fact, view: View) -> list[str]:
    """The sequences that go with a column."""
    owned = [part.name for part in view.live_parts.get(column.id, ()) if part.kind == "sequence"]
    names = [name for name in owned if view.vanishes(f"sequence:{name}")]
    return [*names, *filter(None, [of_identity(column)])]


def rows_are_elsewhere(table: str, view: View) -> bool:
    """Whether the rows of a table that goes are those of its partitions, or are carried into a new table."""
    return view.vanishes(table) and ("partition_key" in view.live[table].attrs or table in view.target)


def of_identity(column: Fact | None) -> str | None:
    """The sequence of an identity column, None for all else; a partition has that of its table."""
    if column is None or column.kind != "column":
        return None
    sequence: str | None = column.attrs.get("identity", {}).get("sequence")
    return sequence


def noted(sequence: str) -> str:
    return f"noted:{sequence}"


def _note(sequence: str, request: PlanRequest) -> str:
    identity = former(f"sequence:{sequence}", request)
    return (
        f"INSERT INTO {archive.REGISTRY}.entries (place, identity, kind, facts)"
        f" SELECT {literal(place_of(sequence, request))}, {literal(identity)}, 'sequence',"
        f" jsonb_build_object('last', last_value, 'called', is_called) FROM {sequence}"
    )


def place_of(sequence: str, request: PlanRequest) -> str:
    return archive.place_of(request, f"sequence:{sequence}")


def noted_at(places: Sequence[str]) -> str:
    """A query for the positions that are noted there."""
    return (
        "SELECT (facts->>'last')::bigint, (facts->>'called')::boolean"
        f" FROM {archive.REGISTRY}.entries WHERE place IN ({', '.join(map(literal, places))})"
    )
