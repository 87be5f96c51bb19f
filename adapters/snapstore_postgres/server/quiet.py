"""Event triggers of users are off during a restore: they would stop it, or do their part of it twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg

from snapstore.errors import SnapError
from snapstore.model import Action
from snapstore_postgres.names import quote, unquote
from snapstore_postgres.server.connection import Connection

_SINCE = 170000
"""The version from which on one setting switches all of them off."""
_OFF = """
SELECT pg_catalog.set_config('event_triggers', 'off', false)
 WHERE pg_catalog.has_parameter_privilege('event_triggers', 'SET')"""
_FIRING = """
SELECT v.oid, v.evtenabled::text, v.evtname
  FROM pg_catalog.pg_event_trigger v, pg_catalog.pg_roles r
 WHERE r.rolname = current_user AND r.rolsuper AND v.evtenabled IN ('O', 'A')"""
_DISABLED = "SELECT v.oid, v.evtname FROM pg_catalog.pg_event_trigger v WHERE v.evtenabled = 'D'"


def switch_off(connection: Connection) -> None:
    """For the whole session, where the server can do that and this role may."""
    if connection.info.server_version >= _SINCE:
        connection.execute(_OFF.encode())


_ENFORCED = """
SELECT pg_catalog.set_config('session_replication_role', 'origin', false)
 WHERE pg_catalog.current_setting('session_replication_role') <> 'origin'"""


def enforce_keys(connection: Connection, resource: str) -> None:
    """Let foreign keys hold for what the session writes. In the sessions of those who copy rows they may be
    set not to, by the role, the database or the url. SnapError where this role may not change that."""
    try:
        connection.execute(_ENFORCED.encode())
    except psycopg.errors.InsufficientPrivilege:
        raise SnapError(
            "session_replication_role is set for this role, so that foreign keys would not hold in a restore",
            where=resource,
            fix="take it off: ALTER ROLE … (or ALTER DATABASE …) RESET session_replication_role",
        ) from None


@contextmanager
def without_event_triggers(connection: Connection, actions: Sequence[Action]) -> Iterator[None]:
    """The same for a transaction of an older server: after it they are as the actions leave them, whatever
    they are called then."""
    if connection.info.server_version >= _SINCE:
        yield
        return
    firing = {oid: (when, name) for oid, when, name in connection.execute(_FIRING.encode())}
    for _, name in firing.values():
        connection.execute(f"ALTER EVENT TRIGGER {quote(name)} DISABLE".encode())
    yield
    switched = set(_switched(actions))
    for oid, name in connection.execute(_DISABLED.encode()).fetchall() if firing else ():
        if oid in firing and name not in switched:
            word = "ENABLE ALWAYS" if firing[oid][0] == "A" else "ENABLE"
            connection.execute(f"ALTER EVENT TRIGGER {quote(name)} {word}".encode())


def _switched(actions: Sequence[Action]) -> Iterator[str]:
    """The names of those that an action makes, enables or disables."""
    for action in actions:
        kind, _, name = action.subject.partition(":")
        if kind == "event_trigger" and any(_says_when(text) for text in action.statements):
            yield unquote(name)


def _says_when(statement: str) -> bool:
    return statement.startswith("CREATE ") or statement.endswith(
        (" DISABLE", " ENABLE", " ALWAYS", " REPLICA")
    )
