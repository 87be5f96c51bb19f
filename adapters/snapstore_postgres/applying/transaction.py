"""What runs together: all actions of a transaction, or none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from snapstore.model import Action
from snapstore_postgres.applying.emptiness import require_empty
from snapstore_postgres.applying.locked import those_there
from snapstore_postgres.applying.patience import Patience
from snapstore_postgres.applying.retrying import with_retries
from snapstore_postgres.applying.session import NEW_OBJECTS, Session, milliseconds
from snapstore_postgres.applying.statements import Usual, run
from snapstore_postgres.relations.locks import held_still
from snapstore_postgres.server.quiet import without_event_triggers


def run_together(session: Session, actions: Sequence[Action]) -> None:
    """Run all actions in one transaction, tried again while locks are held by others."""
    usual: Usual = set()
    with_retries(session, actions, "the transaction", partial(_in_transaction, session, actions, usual))
    session.context.journal.committed()


def _in_transaction(session: Session, actions: Sequence[Action], usual: Usual, attempt: int) -> None:
    with transaction(session, actions, attempt) as patience:
        require_empty(session, actions, patience)
        for action in actions:
            run(session, action, usual, patience.before)


@contextmanager
def transaction(session: Session, actions: Sequence[Action], attempt: int) -> Iterator[Patience]:
    """A transaction for these actions, with how long it may still wait.

    Clients that use a table and then a view over it, within one transaction, deadlock with whoever locks the
    view and then the table, and others the other way round: attempts take turns.
    """
    connection, settings, _ = session
    with connection.transaction():
        timeouts = {
            "statement_timeout": milliseconds(settings.statement_timeout),
            "idle_in_transaction_session_timeout": milliseconds(settings.idle_timeout),
        }
        session.set({**NEW_OBJECTS, **timeouts}, local=True)
        # A check that is put off is an event: no table can be altered while one is pending.
        connection.execute(b"SET CONSTRAINTS ALL IMMEDIATE")
        tables = those_there(connection, actions) if attempt else []
        _after_maintenance(session, tables)
        patience = Patience(connection, settings.lock_timeout)
        for table in tables if attempt % 2 else ():
            patience.before_lock()
            connection.execute(held_still(table).encode())
        with without_event_triggers(connection, actions):
            yield patience


_DEADLOCK_TIMEOUT = "SELECT setting::int FROM pg_catalog.pg_settings WHERE name = 'deadlock_timeout'"


def _after_maintenance(session: Session, tables: Sequence[str]) -> None:
    """Wait for whoever vacuums, analyzes or builds indexes, by a lock that readers and writers do not notice.

    An autovacuum gives way only to those who wait for ``deadlock_timeout``, which is longer than anybody may
    be kept waiting by us.
    """
    if not tables:
        return
    connection, settings, _ = session
    ((timeout,),) = connection.execute(_DEADLOCK_TIMEOUT).fetchall()
    enough = min(max(settings.lock_timeout, timeout / 1000 + 1), settings.retry_for)
    connection.execute(f"SET LOCAL lock_timeout = {milliseconds(enough)}".encode())
    for table in tables:
        connection.execute(f"LOCK TABLE {table} IN SHARE UPDATE EXCLUSIVE MODE".encode())
