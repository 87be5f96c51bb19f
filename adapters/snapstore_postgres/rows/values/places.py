"""Where the values of a column lie in the archive, and how: its entry, and the table at its place."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.names import block, last, qualifier, quote
from snapstore_postgres.relations import local_rows, plain_stays_bound, size
from snapstore_postgres.relations.inheritance import ancestors
from snapstore_postgres.renaming import belonging
from snapstore_postgres.renaming.names_before import former
from snapstore_postgres.rows import archive, archived_labels
from snapstore_postgres.rows.archived_attributes import ATTRIBUTES, shape_of
from snapstore_postgres.rows.as_json import portable
from snapstore_postgres.rows.casts import has_attributes
from snapstore_postgres.rows.values.keys import key_of, row_key, row_no


def column_entry(request: PlanRequest, fact: Fact, key: Sequence[str]) -> archive.Entry:
    """Where and how the values of a column are set aside, found again by the columns of the key."""
    after = request.target.get(fact.id)
    by_name = has_attributes(fact, request.live) and (after is None or has_attributes(after, request.target))
    facts = {"key": list(key), **belonging.told(request.live_hints, fact.name, key)}
    facts |= {"by_name": True} if by_name else {"type": fact.attrs["type"]}
    keys = {str(place): f"column:{qualifier(fact.name)}.{name}" for place, name in enumerate(key)}
    found = {place: request.live[i] for place, i in keys.items() if i in request.live}
    facts |= archived_labels.told({**found, **({} if by_name else {"value": fact})}, request)
    shape = shape_of(fact.attrs["type"], request) if by_name else {}
    facts |= {ATTRIBUTES: shape} if shape else {}
    return archive.Entry(archive.place_of(request, fact.id), former(fact.id, request), "column", facts)


def entry_of_dropped(fact: Fact, view: View) -> archive.Entry:
    """Of a column that is dropped; where it is only made anew, something may have to stand in."""
    entry = column_entry(view.request, fact, key_of(fact, view))
    return marked(entry, INSTEAD) if fact.id in view.target else entry


def marked(entry: archive.Entry, *marks: str) -> archive.Entry:
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
    key = row_key(entry.facts["key"])
    columns, made = ("row_key, row_no, value", "")
    value = portable(fact, "by_name" in entry.facts, request.live)
    if instead:
        columns, made = f"{columns}, {INSTEAD}", f" ({instead})::text AS {INSTEAD},"
    copy = (
        f"CREATE TABLE {quote(entry.place)}.rows AS SELECT {columns} FROM ("
        f"SELECT {key} AS row_key, {row_no(fact, entry, request)} AS row_no,{made}"
        f" {value} AS value, {which} AS goes FROM {source}) kept"
        " WHERE value IS NOT NULL AND goes"
    )
    return [
        f"CREATE SCHEMA {quote(entry.place)}",
        copy,
        # A publication of all tables has this one too, and would not let its rows go.
        f"ALTER TABLE {quote(entry.place)}.rows REPLICA IDENTITY FULL",
        archive.register(entry.place, entry.identity, "column", entry.facts),
    ]


INSTEAD = "instead"
"""In the facts of an entry: its rows have a column of that name, with what rows got for their values."""


def values_of(fact: Fact, view: View, *, own: bool) -> list[archive.Entry]:
    """Where values of a column that is created lie: set aside by this very plan, unless it has none of its
    own for that, or by an earlier one."""
    before = view.live.get(fact.id)
    if view.stays(fact.id) or "foreign" in view.target[fact.parent or ""].attrs:
        return []  # a column that becomes one with that of a parent, or whose rows are not here
    earlier = archive.kept(view.request, fact.id, "column")
    found = [earlier] if earlier else [entry for _, entry in left_above(fact, view)]
    if before is None or not own or not keeps_values(before, view):
        return found
    return [entry_of_dropped(before, view), *found]


def left_above(fact: Fact, view: View) -> list[tuple[str, archive.Entry]]:
    """Where values lie that went with the column of what its table has been a partition of, and leaves now,
    or comes to since that is made anew; and that column."""
    table = qualifier(fact.name)
    attachment = f"partition:{table}"
    if not view.either(attachment) or view.stays(attachment) or fact.id in view.live:
        return []
    new = (name for name in ancestors(table, view.target) if f"table:{name}" not in view.live)
    above = (f"column:{name}.{last(fact.name)}" for name in (*ancestors(table, view.live), *new))
    found = ((column, archive.kept(view.request, column, "column")) for column in above)
    return [(column, entry) for column, entry in found if entry]


def keeps_values(fact: Fact, view: View) -> bool:
    """Whether the values of a column that is dropped, but not its table, are set aside: they go to the
    archive, or back into the column when it is only made anew."""
    computed, alone = (
        "generated" in fact.attrs and not _becomes_plain(fact, view),
        not view.vanishes(fact.parent or ""),
    )
    wanted_or_again = archive.wanted(view) or fact.id in view.target
    return wanted_or_again and alone and not computed and size(view, fact.parent or "")[1] != 0


def _becomes_plain(fact: Fact, view: View) -> bool:
    """Whether a computed column goes for a plain one that is to have its values, not earlier ones."""
    after = view.target.get(fact.id)
    plain = after is not None and "generated" not in after.attrs
    return plain and plain_stays_bound(view) and archive.kept(view.request, fact.id, "column") is None


def kept_open(entry: archive.Entry) -> list[str]:
    """Statements after which there is the place of an entry, be it empty."""
    kind = "jsonb" if "by_name" in entry.facts else "text"
    columns = f"row_key jsonb, row_no bigint, value {kind}"
    columns += f", {INSTEAD} text" if INSTEAD in entry.facts else ""
    return [
        f"CREATE SCHEMA IF NOT EXISTS {quote(entry.place)}",
        f"CREATE TABLE IF NOT EXISTS {quote(entry.place)}.rows ({columns})",
        f"ALTER TABLE {quote(entry.place)}.rows REPLICA IDENTITY FULL",
    ]


def closed(entry: archive.Entry) -> str:
    return block(f"BEGIN {archive.closed_when_empty(entry)} END")


def rows_with(column: Fact, entry: archive.Entry, view: View, reads: Sequence[str] = ()) -> str:
    """The source of a query for rows called ``t``, with the columns that such an entry is about."""
    columns = [*entry.facts["key"], last(column.name), *reads]
    return local_rows.source(qualifier(column.name), columns, view)
