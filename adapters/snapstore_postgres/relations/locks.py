"""Statements that keep others from the rows of a table, or from a sequence, while it is changed."""

from __future__ import annotations

from snapstore_postgres.names import block, literal
from snapstore_postgres.relations import STRONGEST


def held_still(table: str) -> str:
    """A statement after which nobody else changes rows of a table, or of those below it: what is read of them
    then is all that there is when they are written anew."""
    return f"LOCK TABLE {table} IN {STRONGEST} MODE"


def held_unlisted(relation: str) -> str:
    """The same for a sequence, of which numbers are drawn, and for a materialized view, which is refreshed:
    ``LOCK TABLE`` takes neither. That its owner is to have it changes nothing but takes the lock."""
    given = "pg_catalog.format('ALTER TABLE %s OWNER TO %I', c.oid::pg_catalog.regclass, r.rolname)"
    return block(
        f"BEGIN EXECUTE (SELECT {given} FROM pg_catalog.pg_class c JOIN pg_catalog.pg_roles r"
        f" ON r.oid = c.relowner WHERE c.oid = {literal(relation)}::pg_catalog.regclass); END"
    )


def unwritten(table: str) -> str:
    """A statement after which others only read a table: what is copied of it is what is then deleted."""
    return f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"
