"""Marks of rows that left a place in the archive, kept beside it: by these they are found where they went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from snapstore_postgres.names import literal, quote
from snapstore_postgres.rows.archived import archive


class Marks(NamedTuple):
    """How an INSERT of rows, as ``snap_put``, leaves marks of them: none, unless it says so."""

    room: str = ""
    """PL/pgSQL ahead of it, which makes room for them."""
    begins: str = ""
    """What the statement begins with."""
    ends: str = ""
    """What it ends with."""


UNMARKED = Marks()


def marked(place: str, among: Sequence[str] = ()) -> Marks:
    """Marks of rows from a place in the archive: of all, or of those that come into partitions ``among``
    these, given by name."""
    rows = marks_at(place)
    parts = ", ".join(f"{literal(name)}::pg_catalog.regclass::oid" for name in among)
    these = f" WHERE part = ANY (ARRAY[{parts}])" if among else ""
    mark = "pg_catalog.md5(snap_put::text) AS mark, snap_put.tableoid AS part"
    return Marks(
        room=f"CREATE SCHEMA IF NOT EXISTS {_schema(place)}; CREATE TABLE IF NOT EXISTS {rows} (mark text);",
        begins="WITH put AS (",
        ends=f" RETURNING {mark}) INSERT INTO {rows} SELECT mark FROM put{these}",
    )


def closed(entry: archive.Entry, *, marked: bool = False, parted: bool = False) -> str:
    """PL/pgSQL that takes a place away once nothing is left of its rows, and no row has a mark beside it:
    some may have, if they were just ``marked``; those that were ``parted`` need none any more."""
    rows = marks_at(entry.place)
    forgotten = f"DROP SCHEMA IF EXISTS {_schema(entry.place)} CASCADE;"
    first = f"IF NOT EXISTS (SELECT FROM {rows}) THEN {forgotten} END IF;" if marked else ""
    return (
        f"{forgotten if parted else first}"
        f" IF pg_catalog.to_regclass({literal(rows)}) IS NULL THEN {archive.closed_when_empty(entry)} END IF;"
    )


def marks_at(place: str) -> str:
    """The table of the marks beside a place, as statements name it."""
    return f"{_schema(place)}.rows"


def _schema(place: str) -> str:
    return quote(archive.marks_of(place))
