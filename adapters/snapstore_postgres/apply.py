"""Running actions: one transaction for all that can be in one, tried again when a lock is not to be had."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from itertools import groupby

import psycopg

from snapstore.adapter import ApplyContext
from snapstore.errors import SnapError
from snapstore.model import Action
from snapstore_postgres.connection import Connection, connect, failed_statement, is_about_data
from snapstore_postgres.names import literal
from snapstore_postgres.settings import Settings


def apply(settings: Settings, actions: Sequence[Action], context: ApplyContext) -> None:
    """Run the actions in order: consecutive transactional ones in one transaction.

    A lock that cannot be had within ``lock_timeout`` rolls the transaction back, and it is tried again with
    growing, jittered pauses until ``retry_for`` has passed. SnapError names the statement that failed.
    """
    with connect(settings, context.resource) as connection:
        for transactional, batch in groupby(actions, key=lambda action: action.transactional):
            if transactional:
                _with_retries(connection, settings, list(batch), context)
            else:
                _one_by_one(connection, list(batch), context)


def _with_retries(
    connection: Connection, settings: Settings, actions: Sequence[Action], context: ApplyContext
) -> None:
    deadline, pause = time.monotonic() + settings.retry_for, 0.2
    while True:
        try:
            _in_transaction(connection, settings, actions, context)
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
            if time.monotonic() + pause > deadline:
                raise SnapError(
                    f"a lock could not be had within {settings.retry_for:g} s: {error.diag.message_primary}",
                    where=context.resource,
                    fix="see pg_stat_activity for who holds it, then run the restore again",
                ) from error
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  # jitter, not a secret
            pause = min(pause * 2, 5.0)
        else:
            return context.journal.committed()


def _in_transaction(
    connection: Connection, settings: Settings, actions: Sequence[Action], context: ApplyContext
) -> None:
    with connection.transaction():
        connection.execute(f"SET LOCAL lock_timeout = '{int(settings.lock_timeout * 1000)}ms'")
        connection.execute(f"SET LOCAL statement_timeout = '{int(settings.statement_timeout * 1000)}ms'")
        connection.execute("SET LOCAL check_function_bodies = off")
        # A new object must not get what the settings of the server or the role would add to it.
        connection.execute("SET LOCAL default_table_access_method = 'heap'")
        connection.execute("SET LOCAL default_tablespace = ''")
        for action in actions:
            _run(connection, action, context)


def _one_by_one(connection: Connection, actions: Sequence[Action], context: ApplyContext) -> None:
    for action in actions:
        _run(connection, action, context)
        context.journal.committed()


def _with_secrets(statement: str, action: Action, context: ApplyContext) -> str:
    """The statement as the server gets it: placeholders replaced, at the last moment."""
    for placeholder, ref in action.secrets.items():
        if placeholder in statement:
            value = context.unseal(ref.identity, ref.token).decode()
            statement = statement.replace(placeholder, literal(value))
    return statement


def _run(connection: Connection, action: Action, context: ApplyContext) -> None:
    context.journal.started(action)
    for statement in action.statements:
        try:
            connection.execute(_with_secrets(statement, action, context).encode())
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            raise
        except psycopg.Error as error:
            if connection.broken:
                raise
            cause = None if is_about_data(error) else error
            raise failed_statement(error, context.resource, f"{action.summary} failed") from cause
    context.journal.finished(action)
