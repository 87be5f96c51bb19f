"""Where the values of a column lie in the archive, and how: its entry, and the table at its place."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.names import block, last, qualifier, quote
from snapstore_postgres.relations import local_rows
from snapstore_postgres.renaming import belonging
from snapstore_postgres.renaming.names_before import former
from snapstore_postgres.rows.archived import archive, earlier_labels
from snapstore_postgres.rows.archived.as_json import portable
from snapstore_postgres.rows.archived.earlier_attributes import ATTRIBUTES, shape_of
from snapstore_postgres.rows.types.casts import has_attributes
from snapstore_postgres.rows.values.keys import key_of, row_key, row_no

INSTEAD = "instead"
"""In the facts of an entry: its rows have a column of that name, with what rows got for their values."""


def column_entry(request: PlanRequest, fact: Fact, key: Sequence[str]) -> archive.Entry:
    """Where and how the values of a column are set aside, found again by the columns of the key."""
    after = request.target.get(fact.id)
    by_name = has_attributes(fact, request.live) and (after is None or has_attributes(after, request.target))
    facts = {"key": list(key), **belonging.told(request.live_hints, fact.name, key)}
    facts |= {"by_name": True} if by_name else {"type": fact.attrs["type"]}
    keys = {str(place): f"column:{qualifier(fact.name)}.{name}" for place, name in enumerate(key)}
    found = {place: request.live[i] for place, i in keys.items() if i in request.live}
    facts |= earlier_labels.told({**found, **({} if by_name else {"value": fact})}, request)
    shape = shape_of(fact.attrs["type"], request) if by_name else {}
    facts |= {ATTRIBUTES: shape} if shape else {}
    return archive.Entry(archive.place_of(request, fact.id), former(fact.id, request), "column", facts)


def entry_of_dropped(fact: Fact, view: View) -> archive.Entry:
    """Of a column that is dropped; where it is only made anew, something may have to stand in."""
    entry = column_entry(view.request, fact, key_of(fact, view))
    return marked(entry, INSTEAD) if fact.id in view.target else entry


def marked(entry: archive.Entry, *marks: str) -> archive.Entry:
    """The entry with these marks in its facts, such as :data:`INSTEAD`."""
    return msgspec.structs.replace(entry, facts={**entry.facts, **dict.fromkeys(marks, True)})


def copied(
    fact: Fact,
    entry: archive.Entry,
    source: str,
    request: PlanRequest,
    which: str = "true",
    instead: str = "",
) -> list[str]:
    """Statements that copy a column's values to their place, from rows called ``t``: all, or which, and
    beside them what they get instead.

    The line stays even where no value does: it says that they were NULL, so that neither an older line of the
    column gives back what it had earlier, nor anything has to stand in for values that nobody knows.
    """
    values = {
        "row_key": row_key(entry.facts["key"]),
        "row_no": row_no(fact, entry, request),
        "value": portable(fact, "by_name" in entry.facts, request.live),
        **({INSTEAD: f"({instead})::text"} if instead else {}),
    }
    selected = ", ".join(f"{value} AS {name}" for name, value in values.items())
    return [
        f"CREATE SCHEMA {quote(entry.place)}",
        f"CREATE TABLE {entry.rows} AS SELECT {', '.join(values)} FROM ("
        f"SELECT {selected}, {which} AS goes FROM {source}) kept WHERE value IS NOT NULL AND goes",
        # A publication of all tables has this one too, and would not let its rows go.
        f"ALTER TABLE {entry.rows} REPLICA IDENTITY FULL",
        archive.register(entry.place, entry.identity, "column", entry.facts),
    ]


def kept_open(entry: archive.Entry) -> list[str]:
    """Statements after which the place of an entry is there, even if it is empty."""
    kind = "jsonb" if "by_name" in entry.facts else "text"
    columns = f"row_key jsonb, row_no bigint, value {kind}"
    columns += f", {INSTEAD} text" if INSTEAD in entry.facts else ""
    return [
        f"CREATE SCHEMA IF NOT EXISTS {quote(entry.place)}",
        f"CREATE TABLE IF NOT EXISTS {entry.rows} ({columns})",
        f"ALTER TABLE {entry.rows} REPLICA IDENTITY FULL",
    ]


def closed(entry: archive.Entry) -> str:
    """The statement that takes the place of an entry away, if it is empty by then."""
    return block(f"BEGIN {archive.closed_when_empty(entry)} END")


def rows_with(column: Fact, entry: archive.Entry, view: View, reads: Sequence[str] = ()) -> str:
    """The source of a query for rows called ``t``, with the columns that such an entry is about."""
    columns = [*entry.facts["key"], last(column.name), *reads]
    return local_rows.source(qualifier(column.name), columns, view)
