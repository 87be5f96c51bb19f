"""Rules for the properties of the database itself."""

from __future__ import annotations

from snapstore.model import Fact
from snapstore.rules import NOTHING, Alteration, Draft, Rule, View
from snapstore_postgres.names import quote
from snapstore_postgres.words import database_name


def _alter_database(before: Fact, after: Fact, view: View) -> Alteration:
    old, new = before.attrs, after.attrs
    alter = f"ALTER DATABASE {database_name(view)}"
    statements = []
    for key, word, usual in (
        ("connection_limit", "CONNECTION LIMIT", -1),
        ("allow_connections", "ALLOW_CONNECTIONS", True),
        ("template", "IS_TEMPLATE", False),
    ):
        if old.get(key, usual) != new.get(key, usual):
            statements.append(f"{alter} {word} {str(new.get(key, usual)).lower()}")
    if old.get("owner") != new.get("owner"):
        statements.append(f"{alter} OWNER TO {quote(new['owner'])}")
    return Alteration(statements=statements)


def _nothing(fact: Fact, view: View) -> Draft:
    return NOTHING


RULES: dict[str, Rule] = {
    "database": Rule(_nothing, _nothing, _alter_database, rank=96),
}
