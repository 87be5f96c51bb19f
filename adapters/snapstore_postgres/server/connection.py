"""Connections: session settings under which the server prints the same text everywhere, and its errors."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import psycopg
from psycopg import RawCursor
from psycopg.types.json import set_json_loads

from snapstore.errors import SnapError
from snapstore_postgres.blocks import DOES_NOT_FIT
from snapstore_postgres.server.address import for_libpq, refused_url
from snapstore_postgres.server.pooling import is_shared
from snapstore_postgres.settings import Settings

# What pg_get_expr and friends print depends on these; pg_dump fixes the same ones.
_SESSION = {
    "search_path": "",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "3",
    "lc_monetary": "C",
    "quote_all_identifiers": "off",
    "row_security": "off",
    "standard_conforming_strings": "on",
    "synchronize_seqscans": "off",
    "xmloption": "content",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "jit": "off",
    # What a statement means may depend on these, and whether it may do anything.
    "array_nulls": "on",
    "transform_null_equals": "off",
    "default_transaction_deferrable": "off",
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "plpgsql.extra_errors": "none",
}
_IF_KNOWN = {
    "createrole_self_grant": "",
    "restrict_nonsystem_relation_kind": "",
    "transaction_timeout": "0",
}
"""Settings that not every version has."""

Connection = psycopg.Connection[tuple[Any, ...]]

# A query that fails in a pipeline is told by its exception; psycopg logs it too, and Python prints that.
logging.getLogger("psycopg").addHandler(logging.NullHandler())


@contextmanager
def connect(settings: Settings, resource: str, *, bare: bool = False) -> Iterator[Connection]:
    """A connection in autocommit mode with the session settings above. SnapError when there is none, or when
    its session is shared with others.

    A ``bare`` one has no settings, and may be shared: what it does has to begin with a transaction and
    :func:`set_for_transaction`.
    """
    url = for_libpq(settings.url, resource)
    try:
        connection: Connection = psycopg.connect(
            url,
            autocommit=True,
            cursor_factory=RawCursor,
            connect_timeout=settings.connect_timeout,
            application_name="snapstore",
            client_encoding="utf8",
            prepare_threshold=None if bare else 5,
        )
    except (psycopg.OperationalError, psycopg.ProgrammingError) as error:
        raise _cannot_connect(error, url, resource) from None
    try:
        with connection:
            if not bare:
                _require_own_session(connection, url, settings.connect_timeout, resource)
                _set(connection, local=False)
            set_json_loads(msgspec.json.decode, connection)
            yield connection
    except psycopg.OperationalError as error:
        if connection.broken:
            raise SnapError(
                f"the connection to PostgreSQL was lost: {first_line(error)}",
                where=resource,
                fix="see whether the server is up, then run the command again",
            ) from error
        raise


def set_for_transaction(connection: Connection) -> None:
    """The session settings above, until the transaction ends."""
    _set(connection, local=True)


def _set(connection: Connection, *, local: bool) -> None:
    calls = [_setting(name, value, local) for name, value in _SESSION.items()]
    calls += [
        f"CASE WHEN pg_catalog.current_setting('{n}', true) IS NOT NULL THEN {_setting(n, v, local)} END"
        for n, v in _IF_KNOWN.items()
    ]
    connection.execute(f"SELECT {', '.join(calls)}".encode())


def _setting(name: str, value: str, local: bool) -> str:
    return f"pg_catalog.set_config('{name}', '{value}', {str(local).lower()})"


def _require_own_session(connection: Connection, url: str, timeout: int, resource: str) -> None:
    if is_shared(connection, url, timeout):
        raise SnapError(
            "the url leads through a pooler that shares sessions (PgBouncer in transaction mode):"
            " the locks and settings of a restore would be those of others",
            where=f"resources.{resource}.url",
            fix="use the server's own address, or a pool in session mode; take, diff and plan work as it is",
        )


def _cannot_connect(error: psycopg.Error, url: str, resource: str) -> SnapError:
    """libpq's message names host, port, user and database, never the password; the URL itself may hold it."""
    if isinstance(error, psycopg.ProgrammingError):
        return refused_url(resource, url, str(error))
    place = re.search(r"connection to server (.+?) failed: ", str(error))
    fix = "check the url, the PG* variables and the password file, and that the server is up"
    if "the database system is " in str(
        error
    ):  # starting up, in recovery, shutting down: no code comes along
        fix = "wait until it accepts connections, then run the command again"
    return SnapError(
        f"cannot connect to PostgreSQL{f' {place[1]}' if place else ''}: {first_line(error)}",
        where=resource,
        fix=fix,
    )


def first_line(error: BaseException) -> str:
    """What a server or libpq said, in its first line, without which attempt it was that failed.

    Where several attempts failed, that line is about the last one.
    """
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return line.rpartition("failed: ")[2] if line.startswith("connection ") else line


_ABOUT_DATA = ("21", "22", "23")
"""Classes of SQLSTATE whose messages quote values: cardinality, data exception, integrity constraint."""


def failed_statement(error: psycopg.Error, resource: str, what: str) -> SnapError:
    """What a server said to one of our statements, with its detail and hint; never a value of a row."""
    about_data = (error.sqlstate or "")[:2] in _ABOUT_DATA
    ours = error.sqlstate == DOES_NOT_FIT
    where = None if ours else error.diag.context
    said = [error.diag.message_primary or first_line(error), error.diag.message_detail, where]
    text = " — ".join(part.replace("\n", " ") for part in said if part)
    if about_data:
        text = f"{_without_values(error)} (SQLSTATE {error.sqlstate})"
    return SnapError(
        f"{what}: {text}",
        where=resource,
        fix=(None if about_data else error.diag.message_hint)
        or "nothing of this transaction was kept; see the plan for the statement",
    )


def _without_values(error: psycopg.Error) -> str:
    """The first line of a message about data: what it quotes may be a value, unless it names an object."""
    names = {
        error.diag.constraint_name,
        error.diag.column_name,
        error.diag.table_name,
        error.diag.datatype_name,
    }
    line = (error.diag.message_primary or "").splitlines()[:1]
    return re.sub(r'"([^"]*)"', lambda m: m[0] if m[1] in names else "…", "".join(line))


def is_about_data(error: BaseException) -> bool:
    """Whether the server's own text may quote rows, so that it must not be shown even while debugging."""
    return isinstance(error, psycopg.Error) and (error.sqlstate or "")[:2] in _ABOUT_DATA
