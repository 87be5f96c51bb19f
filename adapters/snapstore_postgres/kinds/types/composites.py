"""Rules for composite types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from snapstore.model import Fact
from snapstore.rules import Alteration, Draft, Rule, View
from snapstore_postgres.kinds.types.alike import dropped
from snapstore_postgres.kinds.types.type_swap import columns_with
from snapstore_postgres.relations import STRONGEST, owner_statement
from snapstore_postgres.relations.slots import row_slots
from snapstore_postgres.rows.archived import archive

Attributes = Mapping[str, Mapping[str, str]]
_DISPLACED = ("table", "view", "matview", "function", "procedure", "policy", "rule")
"""Kinds that have to be away while a type changes they stand on; a table is one of the type."""


def attribute_text(attribute: Mapping[str, str]) -> str:
    """An attribute as it is declared."""
    return f"{attribute['name']} {_type_text(attribute)}"


def _type_text(attribute: Mapping[str, str]) -> str:
    collate = f" COLLATE {attribute['collation']}" if "collation" in attribute else ""
    return f"{attribute['type']}{collate}"


def _create_composite(fact: Fact, view: View) -> Draft:
    body = ", ".join(map(attribute_text, fact.attrs["attributes"]))
    return Draft(
        statements=[f"CREATE TYPE {fact.name} AS ({body})", *owner_statement("TYPE", fact.name, fact)],
        undo=[f"DROP TYPE {fact.name}"],
    )


def _alter_composite(before: Fact, after: Fact, view: View) -> Alteration | None:
    was = {a["name"]: a for a in before.attrs["attributes"]}
    now = {a["name"]: a for a in after.attrs["attributes"]}
    kept = [name for name in was if name in now]
    if list(now)[: len(kept)] != kept:
        return None
    columns = list(columns_with(before, view.live_dependents))
    loses = any(name not in now or now[name] != was[name] for name in was)
    returns = any(archive.kept(view.request, column.id, "column") for column in columns)
    if columns and (loses or (was != now and returns)):
        return None  # each value is set aside as a whole, and gets back by name what fits
    clauses = [*_clauses(was, now)]
    statements = [f"ALTER TYPE {after.name} {', '.join(clauses)}"] if clauses else []
    if before.attrs.get("owner") != after.attrs.get("owner"):
        statements += owner_statement("TYPE", after.name, after)
    return Alteration(
        statements=statements,
        displaces=lambda dependent: bool(clauses) and dependent.kind in _DISPLACED,
        lock=STRONGEST,
    )


def _clauses(was: Attributes, now: Attributes) -> Iterator[str]:
    """What ALTER TYPE says of the attributes that differ, by their names before and after."""
    yield from (f"DROP ATTRIBUTE {name} CASCADE" for name in was if name not in now)
    for name, attribute in now.items():
        if name not in was:
            yield f"ADD ATTRIBUTE {attribute_text(attribute)} CASCADE"
        elif attribute != was[name]:
            yield f"ALTER ATTRIBUTE {name} TYPE {_type_text(attribute)} CASCADE"


RULES: dict[str, Rule] = {
    "composite": Rule(
        _create_composite, lambda f, v: dropped(f"TYPE {f.name}"), _alter_composite, rank=12, slots=row_slots
    )
}
