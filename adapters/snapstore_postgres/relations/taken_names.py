"""Names of constraints that are taken on a table by what is no fact.

That is a foreign key of a partition by one of a table above, whose name the server gave, or that one had
once; a part of a foreign key to a partitioned table (``hidden_keys.py``); and what stands for a constraint
trigger, which keeps its name when the trigger gets another one.
"""

from __future__ import annotations

from snapstore.adapter import PlanRequest
from snapstore.model import Fact
from snapstore_postgres.names import aside, block, literal, unquote
from snapstore_postgres.relations import server_version
from snapstore_postgres.relations.hidden_keys import may_take
from snapstore_postgres.relations.inheritance import ancestors


def freed(table: str, name: str, request: PlanRequest) -> list[str]:
    """Before a constraint of a live table gets this name: another one for what may have it there."""
    parts = request.live.parts.get(f"table:{table}", ())
    above = (request.live.get(f"constraint:{parent}.{name}") for parent in ancestors(table, request.live))
    copied = any(key is not None and key.attrs["type"] == "f" for key in above)
    if not copied and not any(_may_have(part, name, request) for part in parts):
        return []
    found = (
        f"SELECT FROM pg_catalog.pg_constraint WHERE conrelid = {literal(table)}::pg_catalog.regclass"
        f" AND (contype = 't' OR contype = 'f' AND conparentid <> 0) AND conname = {literal(unquote(name))}"
    )
    rename = f"ALTER TABLE {table} RENAME CONSTRAINT {name} TO {aside(name)}"
    return [block(f"BEGIN IF EXISTS ({found}) THEN {rename}; END IF; END")]


def _may_have(part: Fact, name: str, request: PlanRequest) -> bool:
    if part.kind == "trigger":
        return "constraint" in part.attrs
    return part.kind == "constraint" and may_take(part, name, request.live, server_version(request))
