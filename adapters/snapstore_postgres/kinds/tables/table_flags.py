"""What ALTER TABLE says of row security and of the identity of rows for replication."""

from __future__ import annotations

from collections.abc import Mapping

from snapstore.model import Fact, Json
from snapstore_postgres.words import row_security


def flag_statements(fact: Fact, before: Mapping[str, Json]) -> list[str]:
    alter = f"ALTER TABLE ONLY {fact.name}"
    found = []
    policies = {"row_security": ("ENABLE", "DISABLE"), "force_row_security": ("FORCE", "NO FORCE")}
    for key, (on, off) in policies.items():
        if bool(before.get(key)) != bool(fact.attrs.get(key)):
            found.append(row_security(fact.name, on if fact.attrs.get(key) else off))
    if before.get("replica_identity") != fact.attrs.get("replica_identity"):
        words = {"f": "FULL", "n": "NOTHING"}
        found.append(
            f"{alter} REPLICA IDENTITY {words.get(fact.attrs.get('replica_identity', ''), 'DEFAULT')}"
        )
    return found
