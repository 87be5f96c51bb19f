"""Tables that a plan takes for empty: locked, and looked at once more, before anything relies on it."""

from __future__ import annotations

from collections.abc import Sequence

from snapstore.errors import SnapError
from snapstore.model import Action
from snapstore_postgres.applying.patience import Patience
from snapstore_postgres.applying.session import Session
from snapstore_postgres.applying.statements import told_as
from snapstore_postgres.relations.locks import held_still
from snapstore_postgres.rows.still_empty import EMPTY

_ORDINARY = """
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), c.oid
  FROM pg_catalog.unnest($1::text[]) name
  JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(name)
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' ORDER BY 1"""
_FILLED = "SELECT oid FROM pg_catalog.unnest($1::oid[]) t (oid) WHERE pg_catalog.pg_relation_size(oid) > 0"


def require_empty(session: Session, actions: Sequence[Action], patience: Patience) -> None:
    """Lock the tables that the actions take for empty. SnapError where one is not any more."""
    connection = session.connection
    asked = sorted({name for action in actions for name in action.payload.get(EMPTY, ())})
    there = {oid: name for name, oid in connection.execute(_ORDINARY, [asked])} if asked else {}
    if not there:
        return
    patience.before_lock()
    locked = ", ".join(f"ONLY {name}" for name in there.values())
    with told_as(f"locking {', '.join(there.values())} failed", session):
        connection.execute(held_still(locked).encode())
    filled = [there[oid] for (oid,) in connection.execute(_FILLED, [[*there]])]
    if filled:
        raise SnapError(
            f"{', '.join(filled)}: empty when the plan was made, and has rows by now",
            where=session.context.resource,
            fix="run the restore again; nothing of this transaction was kept",
        )
