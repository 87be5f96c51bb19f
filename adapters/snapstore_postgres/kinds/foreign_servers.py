"""Rules for foreign servers: their wrappers, themselves, and who they take a user for."""

from __future__ import annotations

from snapstore.model import Fact
from snapstore.rules import Alteration, Draft, Rule, View
from snapstore_postgres.names import literal
from snapstore_postgres.options import altered_options, options_clause
from snapstore_postgres.relations import owner_statement
from snapstore_postgres.words import designation


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


RULES: dict[str, Rule] = {
    "fdw": Rule(_create_foreign, _drop_foreign, _alter_foreign, rank=14),
    "server": Rule(_create_foreign, _drop_foreign, _alter_foreign, rank=15),
    "user_mapping": Rule(_create_foreign, _drop_foreign, _alter_foreign, rank=16),
}
