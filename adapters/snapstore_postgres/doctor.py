"""What ``snap doctor`` asks a database: can it be reached, and may this role do what a restore needs?"""

from __future__ import annotations

from snapstore.adapter import Context
from snapstore.errors import SnapError
from snapstore.model import Notice
from snapstore_postgres import profiles
from snapstore_postgres.server.connection import connect
from snapstore_postgres.settings import Settings

_FOREIGN = """
SELECT count(*), has_database_privilege(current_database(), 'CREATE')
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND NOT (n.nspname ~ ANY ($1)) AND NOT pg_has_role(c.relowner, 'USAGE')
   AND NOT EXISTS (SELECT FROM pg_depend d
                    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')"""


def clock(settings: Settings, context: Context) -> float:
    """The server's time."""
    query = "SELECT EXTRACT(epoch FROM pg_catalog.clock_timestamp())::float8"
    with connect(settings, context.resource, bare=True) as connection:
        return float(connection.execute(query).fetchall()[0][0])


def check(settings: Settings, context: Context) -> list[Notice]:
    """[] when the role can take and restore; otherwise what it cannot, by name."""
    try:
        profile = profiles.load(settings, context.root, f"resources.{context.resource}.profile")
        with connect(settings, context.resource) as connection:
            cursor = connection.execute(_FOREIGN.encode(), [profiles.schemas(settings, profile)])
            ((foreign, creates),) = cursor.fetchall()
            version = connection.info.server_version
    except SnapError as error:
        return [Notice(context.resource, error.what)]
    found = []
    if not creates:
        found.append(
            Notice(
                context.resource,
                "this role may not CREATE in the database: a restore cannot archive rows",
            )
        )
    if foreign:
        found.append(
            Notice(
                context.resource,
                f"{foreign} relations belong to roles that this one is no member of: a restore"
                " cannot change them",
            )
        )
    if version < 140000:
        found.append(
            Notice(context.resource, f"server version {version // 10000} is older than 14: not tested")
        )
    return found
