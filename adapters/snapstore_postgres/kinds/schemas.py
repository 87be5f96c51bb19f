"""Rules for schemas."""

from __future__ import annotations

from snapstore.model import Fact
from snapstore.rules import Alteration, Draft, Rule, View
from snapstore_postgres.kinds.types.alike import dropped
from snapstore_postgres.relations import owner_statement


def _create_schema(fact: Fact, view: View) -> Draft:
    return Draft(
        statements=[f"CREATE SCHEMA {fact.name}", *owner_statement("SCHEMA", fact.name, fact)],
        undo=[f"DROP SCHEMA {fact.name}"],
    )


def _alter_schema(before: Fact, after: Fact, view: View) -> Alteration:
    same = before.attrs.get("owner") == after.attrs.get("owner")
    return Alteration(statements=() if same else owner_statement("SCHEMA", after.name, after))


RULES: dict[str, Rule] = {
    "schema": Rule(_create_schema, lambda f, v: dropped(f"SCHEMA {f.name}"), _alter_schema, rank=1)
}
