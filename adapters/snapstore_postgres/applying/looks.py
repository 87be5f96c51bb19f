"""Looks at rows, before anything is changed: all of them, then one error for all that is in the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import psycopg

from snapstore.errors import SnapError
from snapstore.model import Action
from snapstore_postgres.applying.retrying import with_retries
from snapstore_postgres.applying.session import Session
from snapstore_postgres.applying.statements import execute
from snapstore_postgres.applying.transaction import transaction
from snapstore_postgres.blocks import DOES_NOT_FIT
from snapstore_postgres.rows.looks.looking import NOT_LOOKED_AT


def run_looks(session: Session, looks: Sequence[Action]) -> None:
    """Run all looks. One SnapError for all rows that these found in the way.

    Nothing of them lasts, so that a restore which stops here has changed nothing.
    """
    with_retries(session, looks, "the look at rows", partial(_looked, session, looks))


def report_unseen(report: Callable[[str], None], notice: psycopg.errors.Diagnostic) -> None:
    """A handler of notices that reports what a look did not see to the end."""
    if notice.sqlstate == NOT_LOOKED_AT and notice.message_primary:
        report(notice.message_primary)


def _looked(session: Session, looks: Sequence[Action], attempt: int) -> None:
    found: list[SnapError] = []
    with transaction(session, looks, attempt) as patience:
        for look in looks:
            session.context.journal.started(look)
            told = list(_in_the_way(session, look, patience.before))
            found += told
            if not told:
                session.context.journal.finished(look)
    if found:
        raise _all_told(found)


def _in_the_way(session: Session, look: Action, before: Callable[[Action], None]) -> Iterator[SnapError]:
    for statement in look.statements:
        before(look)
        try:
            with session.connection.transaction():
                execute(session, statement, look)
        except SnapError as error:
            if getattr(error.__cause__, "sqlstate", None) != DOES_NOT_FIT:
                raise
            yield error


def _all_told(found: Sequence[SnapError]) -> SnapError:
    """What several looks have found, each once, as one error."""
    told = {error.what: error for error in found}
    if len(told) == 1:
        return found[0]
    lines = "".join(f"\n  {what}" for what in told)
    fixes = dict.fromkeys(error.fix for error in found if error.fix)
    return SnapError(f"rows are in the way{lines}", where=found[0].where, fix="; ".join(fixes))
