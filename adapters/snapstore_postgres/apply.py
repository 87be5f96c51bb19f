"""Running actions: one transaction for all that can be in one, steps outside it, both tried again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby, takewhile

from snapstore.adapter import ApplyContext
from snapstore.model import Action
from snapstore_postgres.applying.looks import report_unseen, run_looks
from snapstore_postgres.applying.session import Session
from snapstore_postgres.applying.steps import run_step
from snapstore_postgres.applying.transaction import run_together
from snapstore_postgres.rows.looks.looking import LOOKS
from snapstore_postgres.server.connection import connect
from snapstore_postgres.server.locking import mark_as_worker
from snapstore_postgres.server.quiet import enforce_keys, switch_off
from snapstore_postgres.settings import Settings


def apply(settings: Settings, actions: Sequence[Action], context: ApplyContext) -> None:
    """Run the actions in order: looks first, then consecutive transactional ones in one transaction, others
    one by one.

    A lock that cannot be had within ``lock_timeout`` rolls the transaction (or the step) back, and it is
    tried again with growing, jittered pauses until ``retry_for`` has passed. SnapError names the statement
    that failed.
    """
    with connect(settings, context.resource) as connection:
        mark_as_worker(connection)
        enforce_keys(connection, context.resource)
        switch_off(connection)
        connection.add_notice_handler(partial(report_unseen, context.report))
        session = Session(connection, settings, context)
        looks = list(takewhile(lambda action: LOOKS in action.payload, actions))
        if looks:
            run_looks(session, looks)
        for transactional, batch in groupby(actions[len(looks) :], key=lambda action: action.transactional):
            if transactional:
                run_together(session, list(batch))
            else:
                for action in batch:
                    run_step(session, action)
