"""Rules for large objects."""

from __future__ import annotations

from snapstore.model import Fact, Hazard, HazardName
from snapstore.rules import Alteration, Draft, Rule, View
from snapstore_postgres.relations import owner_statement


def _create_large_object(fact: Fact, view: View) -> Draft:
    return Draft(
        statements=[
            f"SELECT pg_catalog.lo_create({fact.name})",
            *owner_statement("LARGE OBJECT", fact.name, fact),
        ],
        undo=[f"SELECT pg_catalog.lo_unlink({fact.name})"],
        hazards=[Hazard(HazardName.UNVERIFIABLE, f"large object {fact.name} comes back empty")],
    )


def _drop_large_object(fact: Fact, view: View) -> Draft:
    """Its content is not in a snapshot, and the archive keeps rows of tables only."""
    return Draft(
        statements=[f"SELECT pg_catalog.lo_unlink({fact.name})"],
        undo=["cannot be put back: its content is in no snapshot"],
        hazards=[Hazard(HazardName.DATA_LOSS, f"large object {fact.name}", rows=1)],
    )


def _alter_large_object(before: Fact, after: Fact, view: View) -> Alteration:
    same = before.attrs == after.attrs
    return Alteration(statements=() if same else owner_statement("LARGE OBJECT", after.name, after))


RULES: dict[str, Rule] = {
    "large_object": Rule(_create_large_object, _drop_large_object, _alter_large_object, rank=60),
}
