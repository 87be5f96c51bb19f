"""How the values of a live column are read, with the places of their rows: as a plan calls them, or now."""

from __future__ import annotations

from typing import NamedTuple

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.names import last, qualifier
from snapstore_postgres.relations import children, local_rows
from snapstore_postgres.renaming.names_before import called_now
from snapstore_postgres.rows.looks.looking import Place, numbered_key, place_of


class Seen(NamedTuple):
    """A column of rows called ``t``."""

    table: str
    column: str
    place: Place
    rows: str


def seen(column: Fact, view: View) -> Seen:
    """When all has the names of the target."""
    table = qualifier(column.name)
    where = place(table, view)
    rows = local_rows.source(table, [*filter(None, [where.column]), last(column.name)], view)
    return Seen(table, last(column.name), where, rows)


def place(table: str, view: View) -> Place:
    """How people find the rows of a table, given by name, when all has the names of the target."""
    key = numbered_key(view.live_parts.get(f"table:{table}", ()), view.live)
    stays = key is not None and view.stays(key.id)  # this may run when what goes is gone
    return place_of(last(key.name) if key and stays else None, _has_others_below(table, view))


def seen_now(column: Fact, view: View) -> Seen | None:
    """Before anything is renamed; None where it cannot be said."""
    later, name = seen(column, view), called_now(column.id, view.request).partition(":")[2]
    types = [need for need in column.needs if not need.startswith("column:")]
    if any(called_now(need, view.request) != need for need in types):
        return None
    table = qualifier(name)
    if table != later.table and not local_rows.are_all(later.table, view):
        return None
    key = called_now(f"column:{later.table}.{later.place.column}", view.request).partition(":")[2]
    where = place_of(last(key) if later.place.column else None, _has_others_below(later.table, view))
    return Seen(table, last(name), where, later.rows if table == later.table else f"{table} t")


def _has_others_below(table: str, view: View) -> bool:
    return bool(children(f"table:{table}", view.live_dependents))
