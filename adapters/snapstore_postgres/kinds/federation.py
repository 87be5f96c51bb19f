"""Rules for what connects the database to others: publications, subscriptions, foreign servers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from snapstore.model import Fact, Hazard, HazardName, SealedRef
from snapstore.rules import Alteration, Draft, Rule, View
from snapstore_postgres.expressions import reparsable
from snapstore_postgres.names import literal
from snapstore_postgres.options import altered_options, constant, options_clause
from snapstore_postgres.relations import owner_statement
from snapstore_postgres.words import designation

# -- foreign-data wrappers, servers, user mappings ---------------------------------------------------------


def _head(fact: Fact) -> str:
    a = fact.attrs
    if fact.kind == "fdw":
        text = f"CREATE FOREIGN DATA WRAPPER {fact.name}"
        text += f" HANDLER {a['handler']}" if "handler" in a else ""
        return text + (f" VALIDATOR {a['validator']}" if "validator" in a else "")
    if fact.kind == "server":
        text = f"CREATE SERVER {fact.name}"
        text += f" TYPE {literal(a['type'])}" if "type" in a else ""
        text += f" VERSION {literal(a['version'])}" if "version" in a else ""
        return f"{text} FOREIGN DATA WRAPPER {a['wrapper']}"
    return f"CREATE USER MAPPING FOR {a['user']} SERVER {a['server']}"


def _create_foreign(fact: Fact, view: View) -> Draft:
    options, secrets = options_clause(fact.id, fact.attrs.get("options") or {})
    keyword = {"fdw": "FOREIGN DATA WRAPPER", "server": "SERVER"}.get(fact.kind, "")
    owner = owner_statement(keyword, fact.name, fact) if keyword else []
    return Draft(
        statements=[_head(fact) + options, *owner], undo=[f"DROP {designation(fact)}"], secrets=secrets
    )


def _drop_foreign(fact: Fact, view: View) -> Draft:
    return Draft(statements=[f"DROP {designation(fact)}"], undo=[_head(fact)])


def _foreign_clauses(before: Fact, after: Fact) -> list[str] | None:
    """What of the rest can be altered: a wrapper's functions, and a server's version."""
    old, new = before.attrs, after.attrs
    alter = f"ALTER {designation(after)}"
    found = []
    if after.kind == "fdw":
        for key in ("handler", "validator"):
            if old.get(key) != new.get(key):
                found.append(
                    f"{alter} {key.upper()} {new[key]}" if key in new else f"{alter} NO {key.upper()}"
                )
    elif any(old.get(key) != new.get(key) for key in ("type", "wrapper", "user", "server")):
        return None
    elif old.get("version") != new.get("version"):
        if "version" not in new:
            return None
        found.append(f"{alter} VERSION {literal(new['version'])}")
    return found


def _alter_foreign(before: Fact, after: Fact, view: View) -> Alteration | None:
    statements = _foreign_clauses(before, after)
    if statements is None:
        return None
    options, secrets = altered_options(
        after.id, before.attrs.get("options") or {}, after.attrs.get("options") or {}
    )
    statements += [f"ALTER {designation(after)}{options}"] if options else []
    if before.attrs.get("owner") != after.attrs.get("owner"):
        statements.append(f"ALTER {designation(after)} OWNER TO {after.attrs['owner']}")
    return Alteration(statements=statements, secrets=secrets)


# -- publications ------------------------------------------------------------------------------------------


def _publication(fact: Fact) -> str:
    a = fact.attrs
    text = f"CREATE PUBLICATION {fact.name}"
    text += " FOR ALL TABLES" if a.get("all_tables") else ""
    options = [f"publish = {literal(a['publish'])}"]
    options += ["publish_via_partition_root = true"] if a.get("via_root") else []
    options += [f"publish_generated_columns = {a['generated_columns']}"] if "generated_columns" in a else []
    return f"{text} WITH ({', '.join(options)})"


def _create_publication(fact: Fact, view: View) -> Draft:
    return Draft(
        statements=[_publication(fact), *owner_statement("PUBLICATION", fact.name, fact)],
        undo=[f"DROP PUBLICATION {fact.name}"],
    )


def _drop_publication(fact: Fact, view: View) -> Draft:
    return Draft(
        statements=[f"DROP PUBLICATION {fact.name}"],
        undo=[_publication(fact)],
        hazards=[Hazard(HazardName.DOWNTIME, f"subscribers of {fact.name} get no more changes")]
        if fact.id not in view.target
        else (),
    )


def _alter_publication(before: Fact, after: Fact, view: View) -> Alteration | None:
    old, new = before.attrs, after.attrs
    if old.get("all_tables") != new.get("all_tables"):
        return None
    statements = []
    if _publication(before) != _publication(after):
        settings = [f"publish = {literal(new['publish'])}"]
        settings.append(f"publish_via_partition_root = {'true' if new.get('via_root') else 'false'}")
        if "generated_columns" in old or "generated_columns" in new:
            settings.append(f"publish_generated_columns = {new.get('generated_columns', 'none')}")
        statements.append(f"ALTER PUBLICATION {after.name} SET ({', '.join(settings)})")
    if old.get("owner") != new.get("owner"):
        statements += owner_statement("PUBLICATION", after.name, after)
    return Alteration(statements=statements)


def _member(fact: Fact) -> str:
    a = fact.attrs
    if "schema" in a:
        return f"TABLES IN SCHEMA {a['schema']}"
    columns = f" ({', '.join(a['columns'])})" if a.get("columns") else ""
    which = f" WHERE ({reparsable(a['where'])})" if "where" in a else ""
    return f"TABLE ONLY {a['table']}{columns}{which}"


def _publish(fact: Fact, view: View) -> Draft:
    name = fact.attrs["publication"]
    return Draft(statements=[f"ALTER PUBLICATION {name} ADD {_member(fact)}"], undo=_unpublish_text(fact))


def _unpublish_text(fact: Fact) -> list[str]:
    a = fact.attrs
    what = f"TABLES IN SCHEMA {a['schema']}" if "schema" in a else f"TABLE ONLY {a['table']}"
    return [f"ALTER PUBLICATION {a['publication']} DROP {what}"]


def _unpublish(fact: Fact, view: View) -> Draft:
    return Draft(statements=_unpublish_text(fact), undo=[])


# -- subscriptions -----------------------------------------------------------------------------------------

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
    "fdw": Rule(_create_foreign, _drop_foreign, _alter_foreign, rank=14),
    "server": Rule(_create_foreign, _drop_foreign, _alter_foreign, rank=15),
    "user_mapping": Rule(_create_foreign, _drop_foreign, _alter_foreign, rank=16),
    "publication": Rule(_create_publication, _drop_publication, _alter_publication, rank=90),
    "publication_member": Rule(_publish, _unpublish, rank=91),
    "subscription": Rule(_create_subscription, _drop_subscription, _alter_subscription, rank=92),
}
