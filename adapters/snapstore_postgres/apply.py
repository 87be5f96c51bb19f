"""Running actions: one transaction for all that can be in one, steps outside it, both tried again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from itertools import count, groupby, takewhile

import psycopg

from snapstore.adapter import ApplyContext
from snapstore.errors import SnapError
from snapstore.model import Action, Verb
from snapstore_postgres.blocks import DOES_NOT_FIT
from snapstore_postgres.names import literal, qualifier
from snapstore_postgres.online.scene import REFRESHING, UNNOTICED
from snapstore_postgres.relations import STRONGEST, held_still
from snapstore_postgres.rows.looking import LOOKS, NOT_LOOKED_AT, READERS
from snapstore_postgres.rows.still_empty import EMPTY
from snapstore_postgres.server.blockers import Blocker, holding, names
from snapstore_postgres.server.connection import Connection, connect, failed_statement, is_about_data
from snapstore_postgres.server.locking import mark_as_worker
from snapstore_postgres.server.quiet import enforce_keys, switch_off, without_event_triggers
from snapstore_postgres.server.sight import is_out_of_sight, meanwhile, usual_path
from snapstore_postgres.server.watching import require_close_standbys, watched
from snapstore_postgres.settings import Settings
from snapstore_postgres.words import is_filling

_LATER = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)
"""What may work when it is tried again."""


class _OutOfSight(Exception):  # no error: it is run again
    """An action whose functions want the usual ``search_path``, by which it has to run from now on."""


Usual = set[tuple[Verb, str]]
"""The actions that run with the usual ``search_path``, by verb and subject."""

_NEW_OBJECTS = {
    "check_function_bodies": "off",
    # A new object must not get what the settings of the server or the role would add to it.
    "default_table_access_method": "heap",
    "default_tablespace": "",
}


def apply(settings: Settings, actions: Sequence[Action], context: ApplyContext) -> None:
    """Run the actions in order: consecutive transactional ones in one transaction, others one by one.

    A lock that cannot be had within ``lock_timeout`` rolls the transaction (or the step) back, and it is
    tried again with growing, jittered pauses until ``retry_for`` has passed. SnapError names the statement
    that failed.
    """
    with connect(settings, context.resource) as connection:
        mark_as_worker(connection)
        enforce_keys(connection, context.resource)
        switch_off(connection)
        connection.add_notice_handler(partial(_not_looked_at, context.report))
        looks = list(takewhile(lambda action: LOOKS in action.payload, actions))
        if looks:
            attempt = partial(_looked, connection, settings, looks, context)
            _with_retries(connection, settings, context, looks, "the look at rows", attempt)
        for transactional, batch in groupby(actions[len(looks) :], key=lambda a: a.transactional):
            if transactional:
                _together(connection, settings, list(batch), context)
            else:
                for action in batch:
                    _step(connection, settings, action, context)


def _not_looked_at(report: Callable[[str], None], notice: psycopg.errors.Diagnostic) -> None:
    if notice.sqlstate == NOT_LOOKED_AT and notice.message_primary:
        report(notice.message_primary)


def _with_retries(
    connection: Connection,
    settings: Settings,
    context: ApplyContext,
    actions: Sequence[Action],
    summary: str,
    attempt: Callable[[int], None],
) -> None:
    """Call with 0, 1, … until it succeeds, or ``retry_for`` has passed."""
    deadline, pause = time.monotonic() + settings.retry_for, 0.2
    require_close_standbys(connection, settings, context.resource)
    with watched(connection, settings, context.resource, summary, context.report) as watch:
        for number in count():
            try:
                attempt(number)
            except _OutOfSight:
                continue
            except _LATER as error:
                if time.monotonic() + pause > deadline:
                    tables = sorted(locked_tables(actions))
                    waited = watch.waited_for or holding(connection, tables, settings.lock_timeout)
                    raise _no_lock(settings, context, error, waited) from error
                time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  # jitter, not a secret
                pause = min(pause * 2, 5.0)
            else:
                return


def _no_lock(
    settings: Settings, context: ApplyContext, error: psycopg.Error, waited_for: Sequence[Blocker]
) -> SnapError:
    said = error.diag.message_primary
    fix = waited_for[0].fix if waited_for else "see pg_stat_activity for who holds it"
    return SnapError(
        f"a lock could not be had within {settings.retry_for:g} s: {said}"
        + (f", behind {names(waited_for)}" if waited_for else ""),
        where=context.resource,
        fix=f"{fix}; then run the restore again",
    )


# -- the transaction ---------------------------------------------------------------------------------------


def _together(
    connection: Connection, settings: Settings, actions: Sequence[Action], context: ApplyContext
) -> None:
    usual: Usual = set()
    attempt = partial(_in_transaction, connection, settings, actions, context, usual)
    _with_retries(connection, settings, context, actions, "the transaction", attempt)
    context.journal.committed()


def _in_transaction(
    connection: Connection,
    settings: Settings,
    actions: Sequence[Action],
    context: ApplyContext,
    usual: Usual,
    attempt: int,
) -> None:
    """All actions or none."""
    with _transaction(connection, settings, actions, attempt) as patience:
        _require_empty(connection, actions, context, patience)
        for action in actions:
            _run(connection, action, context, usual, patience.before)


@contextmanager
def _transaction(
    connection: Connection, settings: Settings, actions: Sequence[Action], attempt: int
) -> Iterator[_Patience]:
    """Clients that use a table and then a view over it, within one transaction, deadlock with whoever locks
    the view and then the table, and others the other way round: attempts take turns.
    """
    with connection.transaction():
        values = {
            **_NEW_OBJECTS,
            "statement_timeout": _milliseconds(settings.statement_timeout),
            "idle_in_transaction_session_timeout": _milliseconds(settings.idle_timeout),
        }
        _set(connection, values, local=True)
        # A check that is put off is an event: no table can be altered while one is pending.
        connection.execute(b"SET CONSTRAINTS ALL IMMEDIATE")
        tables = _tables(connection, actions) if attempt else []
        _after_maintenance(connection, settings, tables)
        patience = _Patience(connection, settings.lock_timeout)
        for table in tables if attempt % 2 else ():
            patience.before_lock()
            connection.execute(held_still(table).encode())
        with without_event_triggers(connection, actions):
            yield patience


_ORDINARY = """
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), c.oid
  FROM pg_catalog.unnest($1::text[]) name
  JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(name)
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' ORDER BY 1"""
_FILLED = "SELECT oid FROM pg_catalog.unnest($1::oid[]) t (oid) WHERE pg_catalog.pg_relation_size(oid) > 0"


def _require_empty(
    connection: Connection, actions: Sequence[Action], context: ApplyContext, patience: _Patience
) -> None:
    """Lock the tables that the actions take for empty. SnapError where one is not any more."""
    asked = sorted({name for action in actions for name in action.payload.get(EMPTY, ())})
    there = {oid: name for name, oid in connection.execute(_ORDINARY, [asked])} if asked else {}
    if not there:
        return
    patience.before_lock()
    locked = ", ".join(f"ONLY {name}" for name in there.values())
    with _told_as(f"locking {', '.join(there.values())} failed", connection, context):
        connection.execute(held_still(locked).encode())
    filled = [there[oid] for (oid,) in connection.execute(_FILLED, [[*there]])]
    if filled:
        raise SnapError(
            f"{', '.join(filled)}: empty when the plan was made, and has rows by now",
            where=context.resource,
            fix="run the restore again; nothing of this transaction was kept",
        )


# -- looks -------------------------------------------------------------------------------------------------


def _looked(
    connection: Connection,
    settings: Settings,
    looks: Sequence[Action],
    context: ApplyContext,
    attempt: int,
) -> None:
    """All looks, then one SnapError for all rows that these found in the way. Nothing of them lasts, so that
    a restore which stops here has changed nothing."""
    found: list[SnapError] = []
    with _transaction(connection, settings, looks, attempt) as patience:
        for look in looks:
            context.journal.started(look)
            told = list(_in_the_way(connection, look, context, patience.before))
            found += told
            if not told:
                context.journal.finished(look)
    if found:
        raise _all_told(found)


def _in_the_way(
    connection: Connection, look: Action, context: ApplyContext, before: Callable[[Action], None]
) -> Iterator[SnapError]:
    for statement in look.statements:
        before(look)
        try:
            with connection.transaction():
                _execute(connection, statement, look, context)
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


# -- the transaction, and how long it waits ----------------------------------------------------------------


class _Patience:
    """What is left of ``lock_timeout`` for a whole transaction: whoever waits for its first lock waits for
    all the others with it."""

    def __init__(self, connection: Connection, seconds: float) -> None:
        self.connection = connection
        self.seconds = seconds
        self.since: float | None = None
        self.told: float | None = None

    def before(self, action: Action) -> None:
        if self.since is not None or action.lock not in (None, READERS):
            self.before_lock()

    def before_lock(self) -> None:
        """Tell the server, unless it knows well enough. Never less than a tenth: a chance."""
        now = time.monotonic()
        self.since = self.since or now
        left = max(self.seconds - (now - self.since), self.seconds / 10)
        if self.told is None or self.told - left > self.seconds / 20:
            self.connection.execute(f"SET LOCAL lock_timeout = {_milliseconds(left)}".encode())
            self.told = left


_PARTS = ("column", "constraint", "default", "trigger", "policy", "rule")
_TABLES = """
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
  FROM pg_catalog.unnest($1::text[]) name
  JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(name)
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') ORDER BY pg_catalog.random()"""


def _tables(connection: Connection, actions: Sequence[Action]) -> list[str]:
    """The tables that are there already and that the actions lock against everybody, in any order."""
    return [name for (name,) in connection.execute(_TABLES, [sorted(locked_tables(actions))])]


def locked_tables(actions: Iterable[Action]) -> set[str]:
    """The names of the tables that actions lock against everybody, as far as their subjects tell."""
    found = set()
    for action in actions:
        kind, _, name = action.subject.partition(":")
        if action.lock == STRONGEST and kind in ("table", "partition", *_PARTS):
            found.add(name if kind in ("table", "partition") else qualifier(name))
    return found


_DEADLOCK_TIMEOUT = "SELECT setting::int FROM pg_catalog.pg_settings WHERE name = 'deadlock_timeout'"


def _after_maintenance(connection: Connection, settings: Settings, tables: Sequence[str]) -> None:
    """Wait for whoever vacuums, analyzes or builds indexes, by a lock that readers and writers do not notice.

    An autovacuum gives way only to those who wait for ``deadlock_timeout``, which is longer than anybody may
    be kept waiting by us.
    """
    if not tables:
        return
    ((timeout,),) = connection.execute(_DEADLOCK_TIMEOUT).fetchall()
    enough = min(max(settings.lock_timeout, timeout / 1000 + 1), settings.retry_for)
    connection.execute(f"SET LOCAL lock_timeout = {_milliseconds(enough)}".encode())
    for table in tables:
        connection.execute(f"LOCK TABLE {table} IN SHARE UPDATE EXCLUSIVE MODE".encode())


# -- steps -------------------------------------------------------------------------------------------------


def _step(connection: Connection, settings: Settings, action: Action, context: ApplyContext) -> None:
    """One action outside a transaction. Where its lock keeps nobody waiting it may wait long for its own."""
    patient = action.lock in (UNNOTICED, REFRESHING)
    values = {
        **_NEW_OBJECTS,
        "lock_timeout": _milliseconds(settings.wait_for_others if patient else settings.lock_timeout),
        "statement_timeout": _milliseconds(settings.statement_timeout),
    }
    _set(connection, values, local=False)
    usual: Usual = set()
    attempt = partial(_attempt, connection, action, context, usual)
    _with_retries(connection, settings, context, [action], action.summary, attempt)
    context.journal.committed()


def _attempt(
    connection: Connection, action: Action, context: ApplyContext, usual: Usual, attempt: int
) -> None:
    try:
        _run(connection, action, context, usual)
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


# -- both --------------------------------------------------------------------------------------------------


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))


def _set(connection: Connection, values: dict[str, str], *, local: bool) -> None:
    calls = ", ".join(
        f"pg_catalog.set_config('{name}', '{value}', {str(local).lower()})" for name, value in values.items()
    )
    connection.execute(f"SELECT {calls}".encode())


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
    rows = meanwhile(connection, "row_security", "on", then="off") if is_filling(statement) else nullcontext()
    with rows:
        connection.execute(statement.encode())


def _run(
    connection: Connection,
    action: Action,
    context: ApplyContext,
    usual: Usual,
    before: Callable[[Action], None] = lambda action: None,
) -> None:
    """_OutOfSight where it may work as one of ``usual``, of which it is one then."""
    context.journal.started(action)
    named = (action.verb, action.subject)
    try:
        with _in_sight(connection, action) if named in usual else nullcontext():
            for statement in action.statements:
                before(action)
                _execute(connection, statement, action, context)
    except SnapError as error:
        if named in usual or not is_out_of_sight(error.__cause__):
            raise
        usual.add(named)
        context.report(f"{action.summary}: again with a search_path that its functions need")
        raise _OutOfSight from error
    context.journal.finished(action)


def _in_sight(connection: Connection, action: Action) -> AbstractContextManager[None]:
    path = usual_path(connection, (action.subject, *action.needs))
    return meanwhile(connection, "search_path", path, then="''")


def _execute(connection: Connection, statement: str, action: Action, context: ApplyContext) -> None:
    with _told_as(f"{action.summary} failed", connection, context):
        _send(connection, _with_secrets(statement, action, context))


@contextmanager
def _told_as(what: str, connection: Connection, context: ApplyContext) -> Iterator[None]:
    """SnapError where the server refuses a statement, but not for what may work when it is tried again."""
    try:
        yield
    except _LATER:
        raise
    except psycopg.Error as error:
        if connection.broken:
            raise
        cause = None if is_about_data(error) else error
        raise failed_statement(error, context.resource, what) from cause
