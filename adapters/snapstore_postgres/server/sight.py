"""Functions that find names by the ``search_path`` of whoever calls them.

Statements of ours run with an empty one, so that they mean what they say. A function that names a table or
another function without its schema finds nothing then, though it does where the application calls it. Such
a statement is run again with the path that this role has in this database (pg_restore fails there). The path
that an application with a schema of its own sets in each session is told by nothing, so the schemas of what
is made, and of what it stands on, come behind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg.pq import TransactionStatus

from snapstore_postgres.server.connection import Connection

_NOT_FOUND = ("42883", "42P01", "42704", "3F000")
"""Undefined function, table, object; invalid schema name."""
_IN_FUNCTION = re.compile(r"^(?:SQL|PL/\w+) function (?!inline_code_block)", re.MULTILINE)
_SCHEMA = re.compile(r'\w+:("(?:[^"]|"")*"|[^".:]+)\.')
"""The schema of what an identity names."""
_PATH = "SELECT reset_val FROM pg_catalog.pg_settings WHERE name = 'search_path'"


def is_out_of_sight(error: BaseException | None) -> bool:
    """Whether a function has not found what it names."""
    if not isinstance(error, psycopg.Error) or error.sqlstate not in _NOT_FOUND:
        return False
    return _IN_FUNCTION.search(error.diag.context or "") is not None


def usual_path(connection: Connection, identities: Iterable[str]) -> str:
    """The path of this role, and behind it the schemas in which these things are."""
    ((own,),) = connection.execute(_PATH).fetchall()
    schemas = (found[1] for found in map(_SCHEMA.match, identities) if found)
    return ", ".join(filter(None, dict.fromkeys([own, *schemas]))) or "''"


@contextmanager
def meanwhile(connection: Connection, setting: str, value: str, then: str) -> Iterator[None]:
    """The setting with this value for as long as this takes, and ``then`` again; a transaction that failed
    takes it back by itself."""
    connection.execute(f"SET {setting} = {value}".encode())
    try:
        yield
    finally:
        if connection.info.transaction_status in (TransactionStatus.IDLE, TransactionStatus.INTRANS):
            connection.execute(f"SET {setting} = {then}".encode())
