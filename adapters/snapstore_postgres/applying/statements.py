"""How the statements of an action get to the server, and what comes of one that it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import psycopg

from snapstore.adapter import ApplyContext
from snapstore.errors import SnapError
from snapstore.model import Action, Verb
from snapstore_postgres.applying.session import Session
from snapstore_postgres.names import literal
from snapstore_postgres.server.connection import Connection, failed_statement, is_about_data
from snapstore_postgres.server.filling import fill
from snapstore_postgres.server.sight import is_out_of_sight, meanwhile, usual_path
from snapstore_postgres.words import is_filling

LATER = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)
"""What may work when it is tried again."""


class OutOfSight(Exception):  # no error: it is run again
    """An action whose functions want the usual ``search_path``, by which it has to run from now on."""


Usual = set[tuple[Verb, str]]
"""The actions that run with the usual ``search_path``, by verb and subject."""


def run(
    session: Session,
    action: Action,
    usual: Usual,
    before: Callable[[Action], None] = lambda action: None,
) -> None:
    """Run its statements, with a call of ``before`` ahead of each, and note it in the journal.

    SnapError names the statement that failed. OutOfSight where it may work as one of ``usual``, of which it
    is one then.
    """
    context, named = session.context, (action.verb, action.subject)
    context.journal.started(action)
    try:
        with _in_sight(session.connection, action) if named in usual else nullcontext():
            for statement in action.statements:
                before(action)
                execute(session, statement, action)
    except SnapError as error:
        if named in usual or not is_out_of_sight(error.__cause__):
            raise
        usual.add(named)
        context.report(f"{action.summary}: again with a search_path that its functions need")
        raise OutOfSight from error
    context.journal.finished(action)


def _in_sight(connection: Connection, action: Action) -> AbstractContextManager[None]:
    path = usual_path(connection, (action.subject, *action.needs))
    return meanwhile(connection, "search_path", path, then="''")


def execute(session: Session, statement: str, action: Action) -> None:
    """Run one statement of an action. SnapError where the server refuses it; LATER as they are."""
    with told_as(f"{action.summary} failed", session):
        _send(session.connection, _with_secrets(statement, action, session.context))


@contextmanager
def told_as(what: str, session: Session) -> Iterator[None]:
    """SnapError where the server refuses a statement, but not for what may work when it is tried again."""
    try:
        yield
    except LATER:
        raise
    except psycopg.Error as error:
        if session.connection.broken:
            raise
        cause = None if is_about_data(error) else error
        raise failed_statement(error, session.context.resource, what) from cause


def _with_secrets(statement: str, action: Action, context: ApplyContext) -> str:
    """The statement as the server gets it: placeholders replaced, at the last moment."""
    for placeholder, ref in action.secrets.items():
        if placeholder in statement:
            value = context.unseal(ref.identity, ref.token).decode()
            statement = statement.replace(placeholder, literal(value))
    return statement


def _send(connection: Connection, statement: str) -> None:
    """What fills a materialized view reads what its owner may see of each table, as for whoever made it; all
    else must fail rather than take some rows for all."""
    if is_filling(statement):
        fill(connection, statement)
    else:
        connection.execute(statement.encode())
