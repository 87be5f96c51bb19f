"""What a step that takes long is doing, for its user to see, and whether the standbys can keep up with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread

import psycopg

from snapstore.errors import SnapError
from snapstore_postgres.server.blockers import Blocker, blocking, names
from snapstore_postgres.server.connection import Connection, connect
from snapstore_postgres.server.pooling import process
from snapstore_postgres.settings import Settings

_EVERY = 1.0
"""Seconds between two looks. A step that is done before the first of them is not looked at."""

_INDEX = """
SELECT phase, CASE WHEN blocks_total > 0 THEN 100 * blocks_done / blocks_total
                   WHEN tuples_total > 0 THEN 100 * tuples_done / tuples_total END
  FROM pg_catalog.pg_stat_progress_create_index WHERE pid = $1"""

_BEHIND = """
SELECT application_name, pg_catalog.pg_wal_lsn_diff(
         CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_receive_lsn()
              ELSE pg_catalog.pg_current_wal_lsn() END, replay_lsn)::bigint
  FROM pg_catalog.pg_stat_replication WHERE replay_lsn IS NOT NULL ORDER BY 2 DESC LIMIT 1"""


def require_close_standbys(connection: Connection, settings: Settings, resource: str) -> None:
    """SnapError when a standby is further behind than ``max_replication_lag`` allows."""
    told = _too_far_behind(connection, settings)
    if told:
        raise lagging(told, resource)


def lagging(told: str, resource: str) -> SnapError:
    return SnapError(
        f"{told}, more than max_replication_lag allows",
        where=resource,
        fix="see pg_stat_replication; go on when it has caught up",
    )


def _too_far_behind(connection: Connection, settings: Settings) -> str:
    if not settings.max_replication_lag:
        return ""
    row = connection.execute(_BEHIND.encode()).fetchone()
    if row is None or row[1] <= settings.max_replication_lag:
        return ""
    return f"the standby {row[0]} is {row[1]:,} bytes of WAL behind"


@dataclass
class Watch:
    """A look from another connection at the one that works, every second.

    ``waited_for`` are those who last kept it waiting; ``lag`` says why it was cancelled.
    """

    settings: Settings
    resource: str
    pid: int
    summary: str
    report: Callable[[str], None]
    waited_for: Sequence[Blocker] = ()
    lag: str = ""
    done: Event = field(default_factory=Event)
    _told: Sequence[object] = ()

    def run(self) -> None:
        if self.done.wait(_EVERY):
            return
        # Whoever watches must not be what fails: the step goes on unseen.
        with suppress(SnapError, psycopg.Error), connect(self.settings, self.resource) as connection:
            while True:
                self.look(connection)
                if self.done.wait(_EVERY):
                    return

    def look(self, connection: Connection) -> None:
        blockers = blocking(connection, self.pid)
        self.waited_for = blockers or self.waited_for
        row = connection.execute(_INDEX, [self.pid]).fetchone()
        doing = [f"{row[0]}" + (f", {row[1] // 10 * 10} %" if row[1] is not None else "")] if row else []
        waiting = [f"waits for {names(blockers)}"] if blockers else []
        key = [*doing, *(blocker[:3] for blocker in blockers)]
        if key and key != self._told:
            self.report(f"{self.summary}: {'; '.join([*doing, *waiting])}")
            self._told = key
        self.lag = _too_far_behind(connection, self.settings)
        if self.lag:
            connection.execute("SELECT pg_catalog.pg_cancel_backend($1)", [self.pid])
            self.done.set()


@contextmanager
def watched(
    connection: Connection, settings: Settings, resource: str, summary: str, report: Callable[[str], None]
) -> Iterator[Watch]:
    """Look at the connection for as long as this is entered. SnapError when that showed a standby far behind,
    whatever became of the work."""
    watch = Watch(settings, resource, process(connection), summary, report)
    thread = Thread(target=watch.run, name="watch", daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        watch.done.set()
        thread.join()
        if watch.lag:
            raise lagging(watch.lag, resource)
