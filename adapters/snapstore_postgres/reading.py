"""The rows of all catalog queries, as of one moment, read ahead while earlier ones are worked on.

What is read ahead stays as compact as it came from the server: rows become Python values a batch at a time,
when they are asked for. A large schema would need several times the memory otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

import psycopg

from snapstore.errors import SnapError
from snapstore_postgres import catalog, cluster, rowdata
from snapstore_postgres.connection import Connection, connect, set_for_transaction
from snapstore_postgres.settings import Settings

Row = tuple[Any, ...]

_OTHERS = (
    "aliases", "generated", "comments", "labels", "privileges", "attached", "unmodelled", "notices",
    "dependencies", "relations", "subscribed",
)  # fmt: skip
_SUBSCRIPTIONS = "facts/subscription"
_LARGE_OBJECTS = "facts/large_object"
_PRINTED = ("constraint", "index", "matview", "policy", "rule", "trigger", "view")
_OPENING = {"relations", *(f"facts/{kind}" for kind in _PRINTED)}
"""Queries that print expressions or ask for sizes. For these a server loads what it knows of each table, so
that they are left to one connection; they take about half of the time."""
_LARGE = 2_000_000
"""Bytes of pg_attribute from which on a second connection is worth its while: some hundred tables."""
_BATCH = 2_000


class Server(NamedTuple):
    """The answer of ``server.sql``, behind the number of the server's version and what is not asked for."""

    version: int
    left_out: frozenset[str]
    schemas: str
    role: str
    version_name: str
    has_archive: bool
    may_read_connections: bool
    size: int
    database: str
    superuser: bool
    may_read_passwords: bool
    may_identify: bool
    roles: list[str] | None
    member_of: list[str] | None


class Answer(NamedTuple):
    """The names of a query's columns, and its rows, which can be gone through once."""

    names: list[str]
    rows: Iterator[Row]


class Answers:
    """What the queries answered; each can be asked for once, and its memory is free when it was read."""

    def __init__(
        self,
        server: Server,
        chosen: list[rowdata.Table],
        answers: dict[str, Future[Answer]],
        connection: Connection,
    ) -> None:
        self.server = server
        self.chosen = chosen
        self._answers = answers
        self._connection = connection

    def __getitem__(self, name: str) -> Answer:
        """The answer of one query, waiting for it where need be. psycopg.Error when it failed."""
        return self._answers.pop(name).result()

    def rows(self, name: str) -> Iterator[Row]:
        return self[name].rows

    def described(self, objects: Sequence[tuple[int, int]]) -> list[str]:
        """What the server calls these objects, given by class and oid. One query more."""
        if not objects:
            return []
        columns = [list(column) for column in zip(*objects, strict=True)]
        cursor = self._connection.execute(catalog.sql("describe", self.server.version), columns)
        return sorted(name for (name,) in cursor.fetchall() if name)


@contextmanager
def answers(settings: Settings, resource: str, excluded: list[str]) -> Iterator[Answers]:
    """All queries, on their way; not about schemas whose names match one of the ``excluded`` expressions.

    They are read in one REPEATABLE READ, READ ONLY transaction, or in two that share their snapshot.
    SnapError when the server cannot be reached.
    """
    with ExitStack() as stack:
        first = _begin(stack, settings, resource)
        server = _server(first, settings, excluded)
        chosen = rowdata.read(first, settings, resource)
        connections = [first]
        if server.size > _LARGE:
            connections += _companion(stack, first, settings, resource)
        yield Answers(server, chosen, _ask(stack, connections, server), first)


def fact_queries(server: Server) -> list[str]:
    """The names of the queries for facts that this server and role can answer."""
    names = catalog.facts(server.version)
    return [name for name in names if name not in server.left_out]


def _left_out(settings: Settings, may_read_connections: bool, may_read_passwords: bool) -> frozenset[str]:
    """The queries for facts that nobody asked for, or that this role may not send."""
    found = set() if settings.roles else set(cluster.QUERIES)
    found |= set() if settings.large_objects else {_LARGE_OBJECTS}
    found |= set() if may_read_connections else {_SUBSCRIPTIONS}
    return frozenset(found | (set() if may_read_passwords else {cluster.PASSWORDS}))


def others(server: Server) -> list[str]:
    """The names of the other queries."""
    found = [*_OTHERS, *(["archive"] if server.has_archive else [])]
    return [*found, *(["system"] if server.may_identify else [])]


def _ask(stack: ExitStack, connections: Sequence[Connection], server: Server) -> dict[str, Future[Answer]]:
    """Each connection answers its queries in turn; what has not begun when the stack ends never does."""
    pools = [ThreadPoolExecutor(1, thread_name_prefix="catalog") for _ in connections]
    for pool in pools:
        stack.callback(pool.shutdown, cancel_futures=True)
    found = {}
    for name in (*fact_queries(server), *others(server)):
        lane = 0 if name in _OPENING else -1
        found[name] = pools[lane].submit(_answer, connections[lane], server, name)
    return found


def _answer(connection: Connection, server: Server, name: str) -> Answer:
    sql = catalog.sql(name, server.version)
    cursor = connection.execute(sql, [server.schemas] if "$1" in sql else [])
    batches = iter(partial(cursor.fetchmany, _BATCH), [])
    return Answer([column.name for column in cursor.description or ()], chain.from_iterable(batches))


def _begin(stack: ExitStack, settings: Settings, resource: str, snapshot: str | None = None) -> Connection:
    connection = stack.enter_context(connect(settings, resource, bare=True))
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    stack.enter_context(connection.transaction())
    if snapshot:  # before anything else: the first query takes a snapshot of its own
        connection.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
    set_for_transaction(connection)
    # Workers cost more than they save where queries run side by side anyway.
    connection.execute("SET LOCAL max_parallel_workers_per_gather = 0")
    connection.execute(f"SET LOCAL lock_timeout = '{int(settings.read_lock_timeout * 1000)}ms'")
    return connection


def _server(connection: Connection, settings: Settings, excluded: list[str]) -> Server:
    version = connection.info.server_version
    cursor = connection.execute(catalog.sql("server", version), [excluded])
    row = cursor.fetchall()[0]
    known = Server(version, frozenset(), *row)
    return known._replace(left_out=_left_out(settings, known.may_read_connections, known.may_read_passwords))


def _companion(stack: ExitStack, first: Connection, settings: Settings, resource: str) -> list[Connection]:
    """A second connection that sees what the first one sees; none where the server has no room for it, or
    where another server answers."""
    snapshot = first.execute("SELECT pg_export_snapshot()").fetchall()[0][0]
    with ExitStack() as inner:
        try:
            second = _begin(inner, settings, resource, snapshot)
        except (SnapError, psycopg.Error):
            return []
        stack.push(inner.pop_all())
        return [second]
