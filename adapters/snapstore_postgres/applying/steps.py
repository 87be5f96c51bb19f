"""What cannot run inside a transaction: one action by itself."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import psycopg

from snapstore.model import Action
from snapstore_postgres.applying.retrying import with_retries
from snapstore_postgres.applying.session import NEW_OBJECTS, Session, milliseconds
from snapstore_postgres.applying.statements import Usual, run
from snapstore_postgres.online.scene import REFRESHING, UNNOTICED
from snapstore_postgres.server.connection import Connection


def run_step(session: Session, action: Action) -> None:
    """Run it, tried again while locks are held by others. Where its own lock keeps nobody waiting, it may
    wait for that for long."""
    settings = session.settings
    patient = action.lock in (UNNOTICED, REFRESHING)
    timeouts = {
        "lock_timeout": milliseconds(settings.wait_for_others if patient else settings.lock_timeout),
        "statement_timeout": milliseconds(settings.statement_timeout),
    }
    session.set({**NEW_OBJECTS, **timeouts}, local=False)
    usual: Usual = set()
    with_retries(session, [action], action.summary, partial(_attempt, session, action, usual))
    session.context.journal.committed()


def _attempt(session: Session, action: Action, usual: Usual, attempt: int) -> None:
    connection = session.connection
    try:
        run(session, action, usual)
    except Exception:
        if "builds" in action.payload and not connection.broken:
            with suppress(psycopg.Error):
                _clean_up(connection, action.payload["builds"])
        raise


_INVALID = """
SELECT 1 FROM pg_catalog.pg_index WHERE indexrelid = pg_catalog.to_regclass($1) AND NOT indisvalid"""


def _clean_up(connection: Connection, index: str) -> None:
    """Drop what a CREATE INDEX CONCURRENTLY that failed has left: it costs every writer and helps nobody."""
    if connection.execute(_INVALID, [index]).fetchone():
        connection.execute(f"DROP INDEX CONCURRENTLY {index}".encode())
