"""Filling a materialized view: what its query sees, and whose rights hold.

It reads what its owner may see of each table. That some owner of what it reads may do that no more, since a
table has another owner or a right was taken back, is no matter to one that has its rows: it has to be filled
all the same. Those who own views may read everything meanwhile, which only this transaction sees.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from snapstore_postgres.names import quote
from snapstore_postgres.server.connection import Connection
from snapstore_postgres.server.sight import meanwhile

_INHERITED_BY_WORD = 160000
"""The version from which on a grant of a role says itself whether its rights are used unasked."""
_OWNERS = """
SELECT DISTINCT r.rolname
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_roles r ON r.oid = c.relowner
 WHERE c.relkind IN ('v', 'm') AND NOT pg_catalog.pg_has_role(r.oid, 'pg_read_all_data', 'USAGE')
 ORDER BY 1"""


def fill(connection: Connection, statement: str) -> None:
    """Run what fills a materialized view. Where this role may let nobody read, by their own rights alone."""
    with meanwhile(connection, "row_security", "on", then="off"):
        try:
            with connection.transaction():
                connection.execute(statement.encode())
        except psycopg.errors.InsufficientPrivilege as error:
            if not _filled_by_readers(connection, statement):
                raise error from None


def _filled_by_readers(connection: Connection, statement: str) -> bool:
    try:
        with connection.transaction(), _everything_readable(connection):
            connection.execute(statement.encode())
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


@contextmanager
def _everything_readable(connection: Connection) -> Iterator[None]:
    """For all who own views, in a transaction that takes it back where it fails."""
    how = " WITH INHERIT TRUE" if connection.info.server_version >= _INHERITED_BY_WORD else ""
    owners = [quote(name) for (name,) in connection.execute(_OWNERS.encode()).fetchall()]
    for owner in owners:
        connection.execute(f"GRANT pg_read_all_data TO {owner}{how}".encode())
    yield
    for owner in owners:
        connection.execute(f"REVOKE pg_read_all_data FROM {owner}".encode())
