"""The rows of all catalog queries, as of one moment, read ahead while earlier ones are worked on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from queue import SimpleQueue
from typing import Any, NamedTuple

import psycopg

from snapstore.errors import SnapError
from snapstore_postgres import catalog
from snapstore_postgres.connection import Connection, connect
from snapstore_postgres.settings import Settings

Row = tuple[Any, ...]

_OTHERS = (
    "aliases", "generated", "comments", "privileges", "unmodelled", "dependencies", "relations",
)  # fmt: skip
_SUBSCRIPTIONS = "facts/subscription"
_LARGE = 2_000_000
"""Bytes of pg_attribute from which on a second connection is worth its while: some hundred tables."""


class Server(NamedTuple):
    """The answer of ``server.sql``, behind the number of the server's version."""

    version: int
    schemas: str
    role: str
    version_name: str
    has_archive: bool
    may_read_connections: bool
    size: int


class Answer(NamedTuple):
    """The names of a query's columns, and its rows."""

    names: list[str]
    rows: list[Row]


class Answers:
    """What the queries answered; each can be asked for once, so that memory holds few of them at a time."""

    def __init__(self, server: Server, answers: dict[str, Future[Answer]]) -> None:
        self.server = server
        self._answers = answers

    def __getitem__(self, name: str) -> Answer:
        """The answer of one query, waiting for it where need be. psycopg.Error when it failed."""
        return self._answers.pop(name).result()

    def rows(self, name: str) -> list[Row]:
        return self[name].rows


@contextmanager
def answers(settings: Settings, resource: str) -> Iterator[Answers]:
    """All queries, on their way. They are read in one REPEATABLE READ, READ ONLY transaction, or in two that
    share their snapshot. SnapError when the server cannot be reached.
    """
    with ExitStack() as stack:
        first = _begin(stack, settings, resource)
        server = _server(first, settings)
        connections = [first]
        if server.size > _LARGE:
            connections += _companion(stack, first, settings, resource)
        pool = ThreadPoolExecutor(len(connections), thread_name_prefix="catalog")
        stack.callback(pool.shutdown, cancel_futures=True)
        yield Answers(server, _ask(pool, connections, server))


def fact_queries(server: Server) -> list[str]:
    """The names of the queries for facts that this server and role can answer."""
    names = catalog.facts(server.version)
    return [name for name in names if name != _SUBSCRIPTIONS or server.may_read_connections]


def others(server: Server) -> list[str]:
    """The names of the other queries."""
    return [*_OTHERS, *(["archive"] if server.has_archive else [])]


def _ask(
    pool: ThreadPoolExecutor, connections: Sequence[Connection], server: Server
) -> dict[str, Future[Answer]]:
    free: SimpleQueue[Connection] = SimpleQueue()
    for connection in connections:
        free.put(connection)

    def answer(name: str) -> Answer:
        connection = free.get()
        try:
            sql = catalog.sql(name, server.version)
            cursor = connection.execute(sql, [server.schemas] if "$1" in sql else [])
            return Answer([column.name for column in cursor.description or ()], cursor.fetchall())
        finally:
            free.put(connection)

    return {name: pool.submit(answer, name) for name in (*fact_queries(server), *others(server))}


def _begin(stack: ExitStack, settings: Settings, resource: str) -> Connection:
    connection = stack.enter_context(connect(settings, resource))
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    stack.enter_context(connection.transaction())
    return connection


def _server(connection: Connection, settings: Settings) -> Server:
    version = connection.info.server_version
    cursor = connection.execute(catalog.sql("server", version), [list(settings.exclude_schemas)])
    return Server(version, *cursor.fetchall()[0])


def _companion(stack: ExitStack, first: Connection, settings: Settings, resource: str) -> list[Connection]:
    """A second connection that sees what the first one sees; none where the server has no room for it, or
    where another server answers."""
    snapshot = first.execute("SELECT pg_export_snapshot()").fetchall()[0][0]
    with ExitStack() as inner:
        try:
            second = _begin(inner, settings, resource)
            second.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
        except (SnapError, psycopg.Error):
            return []
        stack.push(inner.pop_all())
        return [second]
