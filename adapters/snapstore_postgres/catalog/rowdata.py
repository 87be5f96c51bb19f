"""The rows of the tables that ``data`` names, as facts: one for each row, known by its primary key.

``data:public.flags`` says that the rows of a table were captured, and what order changes of them need;
``row:public.flags["dark_mode"]`` is one of them, its values in the server's text form, as ``pg_dump`` prints
them. Generated columns are computed again and not captured.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from snapstore.adapter import Context
from snapstore.errors import SnapError
from snapstore.model import UNMODELLED, Fact, Json
from snapstore_postgres import catalog
from snapstore_postgres.server.connection import Connection
from snapstore_postgres.settings import Settings

ROWS, ROW = "data", "row"

Seal = Callable[[str, bytes], dict[str, str]]


class Chosen(NamedTuple):
    """A table whose rows are captured: an answer of ``data.sql``. ``key`` is None without a primary key."""

    name: str
    partitioned: bool
    key: list[str] | None
    columns: list[str]
    references: Json
    unique: Json


class Table(NamedTuple):
    """A chosen table and its rows, each value as text."""

    chosen: Chosen
    rows: list[tuple[str | None, ...]]


def read(connection: Connection, settings: Settings, resource: str) -> list[Table]:
    """The chosen tables that exist, in the snapshot of the connection's transaction.

    SnapError where one has more rows than ``data_limit``: such a table wants a backup, not a snapshot.
    """
    if not settings.data:
        return []
    sql = catalog.sql("data", connection.info.server_version)
    found = [Chosen(*row) for row in connection.execute(sql, [list(settings.data)]).fetchall()]
    return [Table(chosen, _rows(connection, chosen, settings, resource)) for chosen in found]


def _rows(
    connection: Connection, chosen: Chosen, settings: Settings, resource: str
) -> list[tuple[str | None, ...]]:
    if chosen.key is None:
        return []
    columns = ", ".join(f"{column}::text" for column in chosen.columns)
    only = "" if chosen.partitioned else "ONLY "
    query = f"SELECT {columns} FROM {only}{chosen.name} LIMIT {settings.data_limit + 1}"
    rows = connection.execute(query.encode()).fetchall()
    if len(rows) > settings.data_limit:
        raise SnapError(
            f"{chosen.name} has more than {settings.data_limit} rows, too many to keep in snapshots",
            where=f"{resource}: data",
            fix="leave it to your backups and take it off `data`, or raise `data_limit`",
        )
    return rows


def facts(tables: Sequence[Table], settings: Settings, context: Context) -> Iterator[Fact]:
    """The facts of all chosen tables; one without a primary key is told as unmodelled."""
    for chosen, rows in tables:
        if chosen.key is None:
            yield Fact(f"{UNMODELLED}:rows of {chosen.name}, which has no primary key")
            continue
        order = {"references": chosen.references, "unique": chosen.unique}
        attrs = {"key": chosen.key, **{name: value for name, value in order.items() if value}}
        yield Fact(f"{ROWS}:{chosen.name}", attrs, None, (f"table:{chosen.name}",))
        sealed = {column for column in chosen.columns if f"{chosen.name}.{column}" in settings.data_sealed}
        for row in rows:
            yield _fact(chosen, dict(zip(chosen.columns, row, strict=True)), sealed, context.seal)


def _fact(chosen: Chosen, values: dict[str, str | None], sealed: set[str], seal: Seal) -> Fact:
    key = json.dumps([values[column] for column in chosen.key or ()], ensure_ascii=False)
    identity = f"{ROW}:{chosen.name}{key}"
    attrs: dict[str, Json] = {
        column: seal(f"{identity}:{column}", value.encode())
        if column in sealed and value is not None
        else value
        for column, value in values.items()
    }
    return Fact(identity, attrs, f"{ROWS}:{chosen.name}")
