"""Rows of a table that comes back from the archive with less room than they take: told before anything runs.

What they are compared with has come since they went: labels that an enum has not, a type that is narrower.
"""

from __future__ import annotations

from collections.abc import Iterator

from snapstore.adapter import PlanRequest
from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.names import last, quote
from snapstore_postgres.rows.archived import earlier_labels
from snapstore_postgres.rows.archived.returning import Returning
from snapstore_postgres.rows.disallowed import lost_label_rows
from snapstore_postgres.rows.looks.looking import Look, Place, numbered_key, place_of
from snapstore_postgres.rows.looks.seen import Seen
from snapstore_postgres.rows.types.fit_checks import in_archive


def looks(table: Returning, request: PlanRequest) -> Iterator[Look]:
    """At those whose labels, which are text there, the target has not."""
    place, there = _place_there(table)
    for column, after in _columns_there(table, request):
        kind = after.attrs["type"]
        enum = request.target.get(f"enum:{kind.removesuffix('[]')}")
        if enum is None or column.attrs["type"] != "text":
            continue
        name = table.names_there[last(column.name)]
        labels = earlier_labels.names_there(table.entry, name, enum.attrs["labels"], request)
        fits = lost_label_rows.among(labels, kind.endswith("[]"))(f"t.{name}")
        bad = f"SELECT {place.expression} AS place FROM {there} t WHERE NOT ({fits})"
        why = f"they lie in the archive, with labels that {enum.name} has not"
        yield Look(bad, there, place, f"fit, in {name}", why)


def checks(table: Returning, request: PlanRequest) -> Iterator[str]:
    """What stops with those that do not fit the plain type which a column comes back with."""
    view, (place, there) = View(request, fates={}), _place_there(table)
    if table.identity.partition(":")[2] in getattr(request.settings, "data", ()):
        return
    for column, after in _columns_there(table, request):
        old, new = column.attrs["type"], after.attrs["type"]
        if "." not in old + new and not {"generated"} & {*column.attrs, *after.attrs}:
            name = table.names_there[last(column.name)]
            yield from in_archive(Seen(there, name, place, f"{there} t"), old, new, view)


def _columns_there(table: Returning, request: PlanRequest) -> Iterator[tuple[Fact, Fact]]:
    """The columns of a table in the archive, with those of the target that they will be."""
    for column in (fact for fact in table.facts if fact.kind == "column"):
        after = request.target.get(column.id)
        if after is not None:
            yield column, after


def _place_there(table: Returning) -> tuple[Place, str]:
    """How rows of a table in the archive are found, and where it lies."""
    key = numbered_key(table.facts, {fact.id: fact for fact in table.facts})
    place = place_of(table.names_there[last(key.name)] if key else None, False)
    return place, f"{quote(table.entry.place)}.{last(table.entry.identity.partition(':')[2])}"
