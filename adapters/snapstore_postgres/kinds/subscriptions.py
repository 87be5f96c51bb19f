"""Rules for subscriptions, and what they mean for the tables that they fill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from snapstore.model import Fact, Hazard, HazardName, SealedRef
from snapstore.rules import Alteration, Draft, Rule, View
from snapstore_postgres.options import constant
from snapstore_postgres.relations import owner_statement

_SUBSCRIPTION = (
    "slot_name",
    "synchronous_commit",
    "binary",
    "streaming",
    "two_phase",
    "disable_on_error",
    "password_required",
    "run_as_owner",
    "origin",
    "failover",
)


def _subscription(fact: Fact) -> tuple[str, Mapping[str, SealedRef]]:
    """Not connected: the publisher may not be there, or not be meant to be asked, during a restore."""
    a = fact.attrs
    connection, secrets = constant(fact.id, "connection", a["connection"])
    options = ["connect = false", *(f"{key} = {a[key]}" for key in _SUBSCRIPTION if key in a)]
    text = (
        f"CREATE SUBSCRIPTION {fact.name} CONNECTION {connection} PUBLICATION {', '.join(a['publications'])}"
    )
    return f"{text} WITH ({', '.join(options)})", secrets


def _create_subscription(fact: Fact, view: View) -> Draft:
    text, secrets = _subscription(fact)
    enable = [f"ALTER SUBSCRIPTION {fact.name} ENABLE"] if fact.attrs.get("enabled") else []
    return Draft(
        statements=[text, *owner_statement("SUBSCRIPTION", fact.name, fact), *enable],
        undo=[f"DROP SUBSCRIPTION {fact.name}"],
        secrets=secrets,
        hazards=[Hazard(HazardName.DOWNTIME, f"{fact.name} has to be refreshed by hand before rows arrive")],
    )


@dataclass(frozen=True)
class Subscribers:
    """The subscriptions that fill a table and are there when it goes: names, those first that still copy its
    rows. While they do, PostgreSQL does not let it be dropped."""

    copying: list[str]
    others: list[str]
    before: list[str]
    """What to wait for: subscriptions that this plan drops."""

    def hazards(self, table: str, again: bool) -> Iterator[Hazard]:
        what = (
            f"has to be refreshed by hand before rows arrive in {table}"
            if again
            else (f"stops at the next row for {table}")
        )
        for name in (*self.copying, *self.others):
            yield Hazard(HazardName.DOWNTIME, f"subscription {name} {what}")


def subscribers(table: str, view: View) -> Subscribers:
    """Those of a table, by its identity."""
    found = view.request.live_hints.get("subscribed", {}).get(table, {})
    going = {name for name in found if view.vanishes(f"subscription:{name}")}
    staying = sorted(found.keys() - going)
    return Subscribers(
        copying=[name for name in staying if found[name]],
        others=[name for name in staying if not found[name]],
        before=[_ended(name) for name in sorted(going)],
    )


def _ended(subscription: str) -> str:
    """What is provided by dropping a subscription: from then on, its tables can go."""
    return f"ended:{subscription}"


def _drop_subscription(fact: Fact, view: View) -> Draft:
    """The slot stays on the publisher: dropping it needs the publisher, and could not be undone."""
    return Draft(
        statements=[
            f"ALTER SUBSCRIPTION {fact.name} DISABLE",
            f"ALTER SUBSCRIPTION {fact.name} SET (slot_name = NONE)",
            f"DROP SUBSCRIPTION {fact.name}",
        ],
        provides=[_ended(fact.name)],
        hazards=[Hazard(HazardName.DOWNTIME, f"{fact.name} ends; its slot stays on the publisher")],
    )


_FIXED = ("slot_name", "two_phase", "failover")
_SUBSCRIPTION_DEFAULTS = {"synchronous_commit": "off", "password_required": "true", "origin": "any"}


def _alter_subscription(before: Fact, after: Fact, view: View) -> Alteration | None:
    old, new = before.attrs, after.attrs
    if any(old.get(key) != new.get(key) for key in _FIXED):
        return None
    alter = f"ALTER SUBSCRIPTION {after.name}"
    connection, secrets = constant(after.id, "connection", new["connection"])
    statements = [f"{alter} CONNECTION {connection}"] if old["connection"] != new["connection"] else []
    if old["publications"] != new["publications"]:
        names = ", ".join(new["publications"])
        statements.append(f"{alter} SET PUBLICATION {names} WITH (refresh = false)")
    statements += [
        f"{alter} SET ({key} = {new.get(key, _SUBSCRIPTION_DEFAULTS.get(key, 'false'))})"
        for key in _SUBSCRIPTION
        if old.get(key) != new.get(key)
    ]
    if old.get("owner") != new.get("owner"):
        statements += owner_statement("SUBSCRIPTION", after.name, after)
    if old.get("enabled") != new.get("enabled"):
        statements.append(f"{alter} {'ENABLE' if new.get('enabled') else 'DISABLE'}")
    return Alteration(statements=statements, secrets=secrets)


RULES: dict[str, Rule] = {
    "subscription": Rule(_create_subscription, _drop_subscription, _alter_subscription, rank=92),
}
