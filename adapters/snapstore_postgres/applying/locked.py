"""Which tables actions lock against everybody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from snapstore.model import Action
from snapstore_postgres.names import qualifier
from snapstore_postgres.relations import STRONGEST
from snapstore_postgres.server.connection import Connection

_PARTS = ("column", "constraint", "default", "trigger", "policy", "rule")


def locked_tables(actions: Iterable[Action]) -> set[str]:
    """The names of the tables that actions lock against everybody, as far as their subjects tell."""
    found = set()
    for action in actions:
        kind, _, name = action.subject.partition(":")
        if action.lock == STRONGEST and kind in ("table", "partition", *_PARTS):
            found.add(name if kind in ("table", "partition") else qualifier(name))
    return found


_TABLES = """
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
  FROM pg_catalog.unnest($1::text[]) name
  JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(name)
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') ORDER BY pg_catalog.random()"""


def those_there(connection: Connection, actions: Sequence[Action]) -> list[str]:
    """The tables that are there already and that the actions lock against everybody, in random order."""
    return [name for (name,) in connection.execute(_TABLES, [sorted(locked_tables(actions))])]
