"""Foreign keys that partitions have by one of a table above.

They have names that the server gave them, or that the one above had once. No fact tells these.
"""

from __future__ import annotations

from snapstore.rules import View
from snapstore_postgres.names import aside, block, literal, unquote
from snapstore_postgres.relations.inheritance import ancestors


def without_copy(table: str, name: str, view: View) -> list[str]:
    """Before a table gets a constraint of this name: another one for such a key, which may have it."""
    above = (view.live.get(f"constraint:{parent}.{name}") for parent in ancestors(table, view.live))
    if not any(key is not None and key.attrs["type"] == "f" for key in above):
        return []
    found = (
        f"SELECT FROM pg_catalog.pg_constraint WHERE conrelid = {literal(table)}::pg_catalog.regclass"
        f" AND contype = 'f' AND conparentid <> 0 AND conname = {literal(unquote(name))}"
    )
    rename = f"ALTER TABLE {table} RENAME CONSTRAINT {name} TO {aside(name)}"
    return [block(f"BEGIN IF EXISTS ({found}) THEN {rename}; END IF; END")]
