"""The advisory lock by which two restores of one database exclude each other, and who holds other locks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

import psycopg

from snapstore.adapter import Context
from snapstore.errors import Exit, SnapError
from snapstore_postgres.server.connection import Connection, connect
from snapstore_postgres.settings import Settings

ADVISORY_KEY = int.from_bytes(b"snapstor", "big")
"""All restores of one database share it: "snapstor" read as a number."""

WORKER_KEY = ADVISORY_KEY + 1
"""Held by the session that does the work. It outlives a ``snap`` that was killed until the server notices."""

Session = tuple[int, datetime]
"""A server process: its id and when it began, since ids are used again."""

_OURS: set[Session] = set()
"""Sessions of this process that hold the lock: a restore may work on several resources of one database."""

_OWN = "SELECT pid, backend_start FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid()"
_HOLDER = """
SELECT a.pid, a.backend_start, a.application_name, a.client_addr::text
  FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid)
 WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
   AND l.classid = $1::bigint >> 32 AND l.objid = $1::bigint & 4294967295
   AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())"""

_EXCLUSIVE = """
SELECT coalesce(n.nspname || '.' || c.relname, l.relation::text), a.pid, a.application_name, a.state,
       l.granted, pg_catalog.pg_blocking_pids(a.pid)
  FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid)
  LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND a.pid <> pg_catalog.pg_backend_pid()
   AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
   AND (c.oid IS NULL OR c.relkind IN ('r', 'p', 'm', 'v', 'f', 't', 'S'))
 ORDER BY l.granted DESC, a.xact_start, 1 LIMIT 1"""


def _require_primary(connection: Connection, resource: str) -> None:
    if connection.execute("SELECT pg_catalog.pg_is_in_recovery()").fetchall()[0][0]:
        raise SnapError(
            "the server is a standby (it is in recovery): nothing can be changed there",
            where=f"resources.{resource}.url",
            fix="use the address of the primary, or name all hosts and target_session_attrs=read-write",
        )


@contextmanager
def lock(settings: Settings, context: Context) -> Iterator[None]:
    """The advisory lock of a database, on a connection of its own. SnapError LOCKED when another has it.

    Another resource of the same restore on the same database shares it.
    """
    with connect(settings, context.resource) as connection:
        _require_primary(connection, context.resource)
        row = connection.execute("SELECT pg_catalog.pg_try_advisory_lock($1)", [ADVISORY_KEY]).fetchone()
        if not row or not row[0]:
            _require_ours(connection, context.resource)
            yield
            return
        _await_workers(connection, settings, context.resource)
        own: Session = connection.execute(_OWN).fetchall()[0]
        _OURS.add(own)
        try:
            yield
        finally:
            _OURS.discard(own)


def _require_ours(connection: Connection, resource: str) -> None:
    row = connection.execute(_HOLDER, [ADVISORY_KEY]).fetchone()
    if row and row[:2] in _OURS:
        return
    holder = f": process {row[0]}{f' from {row[3]}' if row[3] else ''}" if row else ""
    raise SnapError(
        f"another restore is working on this database{holder}",
        where=resource,
        fix="wait for it; its session holds the advisory lock shown in pg_locks",
        code=Exit.LOCKED,
    )


def _await_workers(connection: Connection, settings: Settings, resource: str) -> None:
    """Wait until the work of a restore that was killed has ended: what it does last must not surprise us."""
    try:
        with connection.transaction():
            connection.execute(f"SET LOCAL lock_timeout = {round(settings.retry_for * 1000)}".encode())
            connection.execute("SELECT pg_catalog.pg_advisory_xact_lock($1)", [WORKER_KEY])
    except psycopg.errors.LockNotAvailable as error:
        row = connection.execute(_HOLDER, [WORKER_KEY]).fetchone()
        place = f" in process {row[0]}" if row else ""
        raise SnapError(
            f"a step of a restore that was interrupted is still at work{place}",
            where=resource,
            fix="wait for it, or end it with pg_terminate_backend",
            code=Exit.LOCKED,
        ) from error


def mark_as_worker(connection: Connection) -> None:
    """Marks a session as one that does the work of a restore; it ends soon after its ``snap`` is gone."""
    # Where the server's system cannot tell whether a client is there, it refuses anything but 0.
    with suppress(psycopg.Error):
        connection.execute("SET client_connection_check_interval = '2s'")
    connection.execute("SELECT pg_catalog.pg_advisory_lock_shared($1)", [WORKER_KEY])


def exclusive_holder(connection: Connection) -> str:
    """Who keeps readers out of which relation now, as a clause of a message; "" when nobody does any more."""
    row = connection.execute(_EXCLUSIVE.encode()).fetchone()
    if row is None:
        return ""
    relation, pid, application, state, granted, blockers = row
    who = f"process {pid}" + (f" ({application}, {state})" if application else f" ({state})")
    if granted:
        return f"{relation} is locked by {who}"
    behind = ", ".join(str(blocker) for blocker in blockers)
    return f"{who} waits for an exclusive lock on {relation}, behind process {behind}"
