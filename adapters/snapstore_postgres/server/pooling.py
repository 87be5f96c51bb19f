"""Whether a connection leads through a pooler that gives each transaction another session of the server.

PgBouncer calls it transaction mode. What a session has set, locked or prepared does then not belong to us: it
stays behind for the next client, and is gone for our next transaction.
"""

from __future__ import annotations

import select
from contextlib import closing
from typing import Any

import psycopg

_PATIENCE = 2.0
"""Seconds for a second client to get a session. It waits for ever where our first one keeps the only one."""


def is_shared(connection: psycopg.Connection[Any], url: str, timeout: int) -> bool:
    """Whether the server's session behind an idle connection is given to others, too.

    A pooler makes up the number that it tells its clients as that of their server process. Only then a second
    client is asked for: if it gets the very session that the first one has just had, it is shared.
    """
    number = process(connection)
    if number == connection.info.backend_pid:
        return False
    with closing(psycopg.connect(url, autocommit=True, connect_timeout=timeout)) as other:
        return _soon(other) == number or process(connection) != number


def process(connection: psycopg.Connection[Any]) -> int:
    """The server process that works for a connection, also where a pooler tells another."""
    return int(connection.execute("SELECT pg_catalog.pg_backend_pid()").fetchall()[0][0])


def _soon(connection: psycopg.Connection[Any]) -> int:
    """The server process that answers a connection; 0 when it does not in time."""
    connection.pgconn.send_query(b"SELECT pg_catalog.pg_backend_pid()")
    if not select.select([connection.fileno()], [], [], _PATIENCE)[0]:
        return 0
    connection.pgconn.consume_input()
    result = connection.pgconn.get_result()
    return int((result and result.get_value(0, 0)) or 0)
