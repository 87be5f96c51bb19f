"""What lies in a database's archive, and its removal for good."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from snapstore.adapter import Context
from snapstore.model import Archived
from snapstore_postgres.names import quote
from snapstore_postgres.rows.archived.archive import REGISTRY, marks_of
from snapstore_postgres.server.connection import connect, failed_statement
from snapstore_postgres.settings import Settings

_LISTED = f"""
SELECT e.place, e.identity, e.archived_at AT TIME ZONE 'UTC',
       (SELECT sum(greatest(c.reltuples, pg_stat_get_live_tuples(c.oid)))::bigint
          FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind = 'r'),
       (SELECT sum(pg_total_relation_size(c.oid))::bigint
          FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'm'))
  FROM {REGISTRY}.entries e LEFT JOIN pg_namespace n ON n.nspname = e.place
 WHERE e.returned_at IS NULL AND e.kind <> 'lineage'
 ORDER BY e.archived_at, e.place
"""


def archived(settings: Settings, context: Context) -> list[Archived]:
    """What restores have put aside and none has taken back, oldest first; rows as the server estimates."""
    with connect(settings, context.resource) as connection:
        registry = connection.execute(f"SELECT to_regclass('{REGISTRY}.entries')").fetchall()
        if registry == [(None,)]:
            return []
        try:
            found = connection.execute(_LISTED).fetchall()
        except psycopg.Error as error:
            raise failed_statement(error, context.resource, "cannot read the archive") from error
    return [
        Archived(place, identity, f"{at:%Y-%m-%dT%H:%M:%S}Z", rows, size)
        for place, identity, at, rows, size in found
    ]


def prune(settings: Settings, context: Context, places: Sequence[str]) -> None:
    """Remove these places of the archive with all that lies in them, all or none."""
    with connect(settings, context.resource) as connection:
        try:
            with connection.transaction():
                connection.execute(f"SET LOCAL lock_timeout = '{int(settings.lock_timeout * 1000)}ms'")
                for place in places:
                    for schema in (place, marks_of(place)):
                        connection.execute(f"DROP SCHEMA IF EXISTS {quote(schema)} CASCADE".encode())
                    # The line stays, so that no later place gets the same number.
                    done = f"UPDATE {REGISTRY}.entries SET returned_at = now() WHERE place = $1"
                    connection.execute(done.encode(), [place])
        except psycopg.Error as error:
            raise failed_statement(error, context.resource, "cannot remove it from the archive") from error
