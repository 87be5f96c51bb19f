"""How values of a column get into the archive: all before it is dropped, or those that it may not keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from snapstore.model import Fact
from snapstore.rules import Draft, View
from snapstore_postgres.names import last, qualifier
from snapstore_postgres.relations import local_rows
from snapstore_postgres.relations.locks import held_still
from snapstore_postgres.rows.archived import archive
from snapstore_postgres.rows.types.casts import written
from snapstore_postgres.rows.undisturbed import undisturbed
from snapstore_postgres.rows.values.keys import is_told_by_key, key_columns, key_of, row_key, row_no
from snapstore_postgres.rows.values.places import (
    INSTEAD,
    closed,
    column_entry,
    copied,
    entry_of_dropped,
    marked,
    rows_with,
)


def column_draft(fact: Fact, view: View, draft: Draft) -> Draft:
    """Before the column is dropped: copy it, with the key of each row, to its place."""
    entry = entry_of_dropped(fact, view)
    instead = "NULL" if INSTEAD in entry.facts else ""  # known once it is there again
    which = is_no_stand_in(fact, view)
    copies = copied(fact, entry, rows_with(fact, entry, view), view.request, which, instead)
    return replace(
        draft,
        summary=f"drop column {fact.name}, its values moved to the archive",
        statements=[held_still(qualifier(fact.name)), *copies, *draft.statements],
        needs=[*draft.needs, archive.REGISTERED],
        payload={"archive": entry.place},
        hazards=(),
    )


def is_no_stand_in(fact: Fact, view: View) -> str:
    """A condition on ``t``: what is in its column does not stand in for a value that lies in the archive, and
    that comes back as if there were none."""
    entry = archive.kept(view.request, fact.id, "column")
    if entry is None or INSTEAD not in entry.facts:
        return "true"
    if not all(column in view.live for column in key_columns(fact, entry)):
        return "true"
    row = f"{row_key(entry.facts['key'])}, {row_no(fact, entry, view.request)}"
    now = written(f"t.{last(fact.name)}", fact.attrs["type"])
    known = f"SELECT a.row_key, a.row_no, a.{INSTEAD} FROM {entry.rows} a"
    return f"({row}, {now}) NOT IN ({known} WHERE a.{INSTEAD} IS NOT NULL)"


def set_aside(
    column: Fact, which: str, view: View, instead: str = "", reads: Sequence[str] = ()
) -> list[str]:
    """Statements that empty a column in some rows, with those values moved to its place, if there are any.

    ``which`` is a condition on ``t``, and ``instead`` what such a row gets, where it may not be empty, from
    the columns that it ``reads``.
    """
    entry = column_entry(view.request, column, key_of(column, view))
    entry = marked(entry, archive.SOME, *((INSTEAD,) if instead else ()))
    update = (
        emptied(column, which, view, instead or "NULL")
        if is_told_by_key(column, entry, view.request)
        else _emptied_in_order(column, which, view, instead or "NULL", entry)
    )
    return [
        held_still(qualifier(column.name)),
        *copied(column, entry, rows_with(column, entry, view, reads), view.request, which, instead),
        *undisturbed(column, view, update),
        closed(entry),
    ]


def emptied(column: Fact, which: str, view: View, instead: str = "NULL") -> list[str]:
    """Updates that leave nothing in a column where a condition on ``t`` holds, or something else instead."""
    tables = local_rows.updated(qualifier(column.name), view)
    return [f"UPDATE {table} t SET {last(column.name)} = {instead} WHERE {which}" for table in tables]


def _emptied_in_order(column: Fact, which: str, view: View, instead: str, entry: archive.Entry) -> list[str]:
    """The same, where all rows are updated if some are."""
    tables, name = local_rows.updated(qualifier(column.name), view), last(column.name)
    value = f"CASE WHEN {which} THEN {instead} ELSE t.{name} END"
    return [
        f"UPDATE {table} t SET {name} = {value} WHERE EXISTS (SELECT FROM {entry.rows})" for table in tables
    ]
