"""Trying again what a lock that others hold has stopped, with pauses, until there is no time left."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from itertools import count

import psycopg

from snapstore.errors import SnapError
from snapstore.model import Action
from snapstore_postgres.applying.locked import locked_tables
from snapstore_postgres.applying.session import Session
from snapstore_postgres.applying.statements import LATER, OutOfSight
from snapstore_postgres.server.blockers import Blocker, holding, names
from snapstore_postgres.server.watching import require_close_standbys, watched


def with_retries(
    session: Session, actions: Sequence[Action], summary: str, attempt: Callable[[int], None]
) -> None:
    """Call with 0, 1, … until it succeeds. SnapError, with who holds the lock, once ``retry_for`` is over."""
    connection, settings, context = session
    deadline, pause = time.monotonic() + settings.retry_for, 0.2
    require_close_standbys(connection, settings, context.resource)
    with watched(connection, settings, context.resource, summary, context.report) as watch:
        for number in count():
            try:
                attempt(number)
            except OutOfSight:
                continue
            except LATER as error:
                if time.monotonic() + pause > deadline:
                    tables = sorted(locked_tables(actions))
                    waited = watch.waited_for or holding(connection, tables, settings.lock_timeout)
                    raise _no_lock(session, error, waited) from error
            else:
                return
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  # jitter, not a secret
            pause = min(pause * 2, 5.0)


def _no_lock(session: Session, error: psycopg.Error, waited_for: Sequence[Blocker]) -> SnapError:
    said = error.diag.message_primary
    fix = waited_for[0].fix if waited_for else "see pg_stat_activity for who holds it"
    return SnapError(
        f"a lock could not be had within {session.settings.retry_for:g} s: {said}"
        + (f", behind {names(waited_for)}" if waited_for else ""),
        where=session.context.resource,
        fix=f"{fix}; then run the restore again",
    )
