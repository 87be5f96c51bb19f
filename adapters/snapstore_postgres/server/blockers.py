"""Who keeps a session waiting, in words that say what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from snapstore_postgres.server.connection import Connection

_SHOWN = """
  SELECT a.pid, CASE WHEN a.backend_type <> 'client backend' THEN a.backend_type ELSE a.application_name END,
         coalesce(p.command, a.state, 'working'),
         extract(epoch FROM pg_catalog.clock_timestamp() - coalesce(a.xact_start, a.state_change))::int
    FROM pg_catalog.pg_stat_activity a LEFT JOIN pg_catalog.pg_stat_progress_create_index p USING (pid)"""

_PREPARED = """
  SELECT 0, p.gid, 'prepared', extract(epoch FROM pg_catalog.clock_timestamp() - p.prepared)::int
    FROM pg_catalog.pg_prepared_xacts p WHERE p.database = pg_catalog.current_database()"""

_OWN = "own.pid IS NULL AND own.transactionid = p.transaction"
"""The lock that a prepared transaction has on itself, by which its others are found."""

_BLOCKING = f"""
{_SHOWN} WHERE a.pid = ANY (pg_catalog.pg_blocking_pids($1))
UNION ALL {_PREPARED} AND 0 = ANY (pg_catalog.pg_blocking_pids($1)) AND EXISTS (
  SELECT FROM pg_catalog.pg_locks w JOIN pg_catalog.pg_locks own ON {_OWN}
    LEFT JOIN pg_catalog.pg_locks h
      ON h.virtualtransaction = own.virtualtransaction AND h.relation = w.relation
   WHERE w.pid = $1 AND NOT w.granted AND (h.relation IS NOT NULL OR w.transactionid = p.transaction
     OR w.virtualxid = own.virtualtransaction))
ORDER BY 4 DESC"""

_HOLDING = f"""
WITH held AS (
  SELECT pid, virtualtransaction FROM pg_catalog.pg_locks
   WHERE granted AND locktype = 'relation' AND pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
     AND relation IN (SELECT pg_catalog.to_regclass(name) FROM pg_catalog.unnest($1::text[]) name))
{_SHOWN} WHERE a.pid IN (SELECT pid FROM held)
     AND a.xact_start < pg_catalog.clock_timestamp() - $2::float8 * interval '1 second'
UNION ALL {_PREPARED} AND EXISTS (
  SELECT FROM pg_catalog.pg_locks own JOIN held USING (virtualtransaction) WHERE {_OWN})
ORDER BY 4 DESC"""


class Blocker(NamedTuple):
    """A session, by its process, or a prepared transaction; what it does, and for how many seconds."""

    process: int
    name: str
    doing: str
    seconds: int

    def __str__(self) -> str:
        if not self.process:
            return f"the prepared transaction {self.name}"
        told = [part for part in (self.name, self.doing, f"{self.seconds} s" if self.seconds else "") if part]
        return f"process {self.process} ({', '.join(told)})"

    @property
    def fix(self) -> str:
        if not self.process:
            return "end it with COMMIT PREPARED or ROLLBACK PREPARED"
        return f"wait for it, or end it: SELECT pg_terminate_backend({self.process})"


def blocking(connection: Connection, process: int) -> list[Blocker]:
    """Who keeps a process of the server waiting now, the oldest first."""
    return [Blocker(*row) for row in connection.execute(_BLOCKING.encode(), [process])]


def holding(connection: Connection, tables: Sequence[str], seconds: float) -> list[Blocker]:
    """Who else has locked one of these tables, in a transaction that is older than so many seconds."""
    return [Blocker(*row) for row in connection.execute(_HOLDING.encode(), [list(tables), seconds])]


def names(blockers: Sequence[Blocker], most: int = 3) -> str:
    """The first few of them, for a message."""
    more = [f"{len(blockers) - most} more"] if len(blockers) > most else []
    return ", ".join([*map(str, blockers[:most]), *more])
