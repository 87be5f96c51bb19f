"""The rows of all catalog queries, as of one moment, read ahead while earlier ones are worked on.

What is read ahead stays as compact as it came from the server: rows become Python values a batch at a time,
when they are asked for. A large schema would need several times the memory otherwise.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from itertools import chain
from typing import Any, NamedTuple

import msgspec
import psycopg
from psycopg import Cursor

from snapstore.errors import SnapError
from snapstore_postgres import catalog
from snapstore_postgres.catalog import rowdata
from snapstore_postgres.server.connection import Connection, connect, set_for_transaction
from snapstore_postgres.settings import Settings

Row = tuple[Any, ...]

_OTHERS = (
    "aliases", "generated", "dependencies", "comments", "labels", "privileges", "attached", "unmodelled",
    "notices", "relations", "subscribed", "miscounted",
)  # fmt: skip
_BESIDES = {"archive", "miscounted", "notices", "relations", "subscribed", "system"}
"""Queries whose answers are hints, or told to the user: none of them becomes part of a fact."""
_SUBSCRIPTIONS = "facts/subscription"
_LARGE_OBJECTS = "facts/large_object"
_PRINTED = ("constraint", "index", "matview", "policy", "rule", "trigger", "view")
_OPENING = {"relations", *(f"facts/{kind}" for kind in _PRINTED)}
"""Queries that print expressions or ask for sizes. For these a server loads what it knows of each table, so
that they are left to one connection; they take about half of the time."""
_LARGE = 2_000_000
"""Bytes of pg_attribute from which on a second connection is worth its while: some hundred tables."""
_BATCH = 2_000
_DIGEST = 16
_as_bytes = msgspec.msgpack.encode


class Server(NamedTuple):
    """The answer of ``server.sql``, behind the server's version and the queries that are not sent."""

    version: int
    left_out: frozenset[str]
    schemas: str
    role: str
    version_name: str
    has_archive: bool
    archived: int
    """The greatest number of a place in the archive, be it known to its registry or not; 0 where none is."""
    may_read_connections: bool
    size: int
    database: str
    encoding: str
    has_plpgsql: bool
    superuser: bool
    may_read_passwords: bool
    may_identify: bool
    roles: list[str] | None
    member_of: list[str] | None
    may_become: list[str] | None
    powers: dict[str, Any] | None


_KNOWN_BY_ID = {
    f"facts/{kind}"
    for kind in (
        "aggregate", "base_type", "collation", "conversion", "domain", "event_trigger", "fdw", "function",
        "language", "operator", "operator_class", "operator_family", "publication", "range", "role", "schema",
        "sequence", "server", "statistics", "subscription", "tablespace", "ts_configuration", "ts_dictionary",
        "ts_parser", "ts_template", "view",
    )
}  # fmt: skip
"""Queries whose objects can be renamed, and have no hints of their own that tell by which id."""


class Answer:
    """The names of a query's columns, and its rows. Of the rows read so far are the ``digest``, together with
    the query, and the ``ids`` of their objects by identity, where they are wanted."""

    def __init__(self, name: str, sql: str, cursor: Cursor[Row]) -> None:
        self.digest = blake2b(sql.encode(), digest_size=_DIGEST)
        self.ids: dict[str, int] = {}
        self._has_ids = name in _KNOWN_BY_ID
        self._cursor = cursor

    @property
    def names(self) -> list[str]:
        return [column.name for column in self._cursor.description or ()]

    @property
    def rows(self) -> Iterator[Row]:
        """To be gone through once."""
        return chain.from_iterable(self.batches())

    def read_ahead(self) -> None:
        """Complete the digest; the rows can be gone through after that."""
        if self._cursor.rownumber == 0:
            deque(self.batches(), maxlen=0)

    def batches(self) -> Iterator[list[Row]]:
        """The rows, some at a time."""
        is_first = self._cursor.rownumber == 0
        if not is_first:
            self._cursor.scroll(0, "absolute")
        while batch := self._cursor.fetchmany(_BATCH):
            if is_first:
                self.digest.update(_as_bytes(batch))
                if self._has_ids:
                    self.ids.update((row[3], row[1]) for row in batch)
            yield batch


class Answers:
    """What the queries answered. The memory of each is free when it was asked for and read."""

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
        self._digests: dict[str, blake2b] = {}
        self._ids: dict[str, dict[str, int]] = {}

    def __getitem__(self, name: str) -> Answer:
        """The answer of one query, waiting for it where need be. psycopg.Error when it failed."""
        answer = self._answers.pop(name).result()
        self._digests[name], self._ids[name] = answer.digest, answer.ids
        return answer

    def stamp(self) -> bytes:
        """What tells these answers from others: a digest of each of which facts are made."""
        return b"".join(map(self._digest, state_queries(self.server)))

    def have_stamp(self, stamp: bytes) -> bool:
        """Whether that is their stamp. They can still be read, and behind the first that differs none is."""
        names = state_queries(self.server)
        parts = [stamp[at : at + _DIGEST] for at in range(0, len(stamp), _DIGEST)]
        return len(names) == len(parts) and all(
            self._digest(n) == p for n, p in zip(names, parts, strict=True)
        )

    def _digest(self, name: str) -> bytes:
        if name in self._digests:
            return self._digests[name].digest()
        answer = self._answers[name].result()
        answer.read_ahead()
        self._ids[name] = answer.ids
        return answer.digest.digest()

    def rows(self, name: str) -> Iterator[Row]:
        return self[name].rows

    def ids(self) -> dict[str, int]:
        """The ids of objects, as far as their queries have been read."""
        return dict(chain.from_iterable(ids.items() for ids in self._ids.values()))

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
    """The names of the queries for facts that this server and role can answer, and that may find some."""
    names = catalog.facts(server.version)
    return [name for name in names if name not in server.left_out]


def state_queries(server: Server) -> list[str]:
    """The names of all queries from whose answers facts are made."""
    return [*fact_queries(server), *(name for name in others(server) if name not in _BESIDES)]


def _left_out(settings: Settings, may_read_connections: bool, may_read_passwords: bool) -> frozenset[str]:
    """The queries for facts that nobody asked for, or that this role may not send."""
    found = set() if settings.roles else set(catalog.OF_CLUSTER)
    found |= set() if settings.large_objects else {_LARGE_OBJECTS}
    found |= set() if may_read_connections else {_SUBSCRIPTIONS}
    return frozenset(found | (set() if may_read_passwords else {catalog.PASSWORDS}))


def others(server: Server) -> list[str]:
    """The names of the other queries."""
    found = [*_OTHERS, *(["archive"] if server.has_archive else [])]
    return [*found, *(["system"] if server.may_identify else [])]


def _ask(stack: ExitStack, connections: Sequence[Connection], server: Server) -> dict[str, Future[Answer]]:
    """Each connection answers its queries in turn; what has not begun when the stack ends never does."""
    if server.size <= _LARGE:
        return _ask_at_once(connections[0], server)
    pools = [ThreadPoolExecutor(1, thread_name_prefix="catalog") for _ in connections]
    for pool in pools:
        stack.callback(pool.shutdown, cancel_futures=True)
    found = {}
    for name in (*fact_queries(server), *others(server)):
        lane = 0 if name in _OPENING else -1
        found[name] = pools[lane].submit(_answer, connections[lane], server, name)
    return found


def _ask_at_once(connection: Connection, server: Server) -> dict[str, Future[Answer]]:
    """All queries in one go: of a server far away, each answer waited for is time that a user waits."""
    found: dict[str, Future[Answer]] = {}
    with connection.pipeline():
        sent = {name: _answer(connection, server, name) for name in (*fact_queries(server), *others(server))}
    for name, answer in sent.items():
        found[name] = Future()
        found[name].set_result(answer)
    return found


def _answer(connection: Connection, server: Server, name: str) -> Answer:
    sql = catalog.sql(name, server.version)
    return Answer(name, sql, connection.execute(sql, [server.schemas] if "$1" in sql else []))


def _begin(stack: ExitStack, settings: Settings, resource: str, snapshot: str | None = None) -> Connection:
    connection = stack.enter_context(connect(settings, resource, bare=True))
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    stack.enter_context(connection.transaction())
    with connection.pipeline():
        if snapshot:  # before anything else: the first query takes a snapshot of its own
            connection.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
        set_for_transaction(connection)
        # Workers cost more than they save where queries run side by side anyway.
        connection.execute("SET LOCAL max_parallel_workers_per_gather = 0")
        connection.execute(f"SET LOCAL lock_timeout = '{int(settings.read_lock_timeout * 1000)}ms'")
    return connection


def _server(connection: Connection, settings: Settings, excluded: list[str]) -> Server:
    version = connection.info.server_version
    presence, places = catalog.presence(version)
    with connection.pipeline():
        server = connection.execute(catalog.sql("server", version), [excluded])
        present = connection.execute(presence)
    known = Server(version, frozenset(), *server.fetchall()[0])
    (is_present,) = present.fetchall()[0]
    left_out = _left_out(settings, known.may_read_connections, known.may_read_passwords)
    return known._replace(left_out=left_out | {name for name, at in places.items() if not is_present[at]})


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
