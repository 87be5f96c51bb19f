"""Rules for what tables use their indexes for: to cluster by them, and to tell rows to subscribers."""

from __future__ import annotations

from snapstore.model import Fact
from snapstore.rules import NOTHING, Draft, Rule, View
from snapstore_postgres.relations import STRONGEST


def _set_cluster(fact: Fact, view: View) -> Draft:
    kind = "MATERIALIZED VIEW" if (fact.parent or "").startswith("matview:") else "TABLE"
    return Draft(
        statements=[f"ALTER {kind} {fact.name} CLUSTER ON {fact.attrs['index']}"],
        undo=[f"ALTER {kind} {fact.name} SET WITHOUT CLUSTER"],
        lock="SHARE UPDATE EXCLUSIVE",
    )


def _unset_cluster(fact: Fact, view: View) -> Draft:
    if view.vanishes(fact.attrs["identity"]):
        return NOTHING
    kind = "MATERIALIZED VIEW" if (fact.parent or "").startswith("matview:") else "TABLE"
    return Draft(statements=[f"ALTER {kind} {fact.name} SET WITHOUT CLUSTER"])


def _set_replica_identity(fact: Fact, view: View) -> Draft:
    return Draft(
        statements=[f"ALTER TABLE ONLY {fact.name} REPLICA IDENTITY USING INDEX {fact.attrs['index']}"],
        lock=STRONGEST,
    )


def _unset_replica_identity(fact: Fact, view: View) -> Draft:
    after = view.target.get(f"table:{fact.name}")
    if after is None or "replica_identity" in after.attrs:
        return NOTHING
    return Draft(statements=[f"ALTER TABLE ONLY {fact.name} REPLICA IDENTITY DEFAULT"], lock=STRONGEST)


RULES: dict[str, Rule] = {
    "cluster": Rule(_set_cluster, _unset_cluster, rank=80),
    "replica_identity": Rule(_set_replica_identity, _unset_replica_identity, rank=80),
}
