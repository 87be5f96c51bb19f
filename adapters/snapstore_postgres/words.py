"""How SQL names the object that a fact stands for: ``TABLE public.users``, ``POLICY p ON public.users``."""

from __future__ import annotations

import re

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.names import last, qualifier, quote

_WORDS = {
    "enum": "TYPE",
    "composite": "TYPE",
    "range": "TYPE",
    "matview": "MATERIALIZED VIEW",
    "base_type": "TYPE",
    "shell_type": "TYPE",
    "shell_operator": "OPERATOR",
    "fdw": "FOREIGN DATA WRAPPER",
    "identity_sequence": "SEQUENCE",
    "ts_parser": "TEXT SEARCH PARSER",
    "ts_template": "TEXT SEARCH TEMPLATE",
    "ts_dictionary": "TEXT SEARCH DICTIONARY",
    "ts_configuration": "TEXT SEARCH CONFIGURATION",
}
"""Kinds whose word in SQL is not the kind itself."""
FIRING = {"O": "ENABLE", "D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}
"""When a trigger, an event trigger or a rewrite rule fires: as the catalogs say it, and as statements do
(https://www.postgresql.org/docs/current/catalog-pg-trigger.html)."""
_ON_RELATION = ("trigger", "policy", "rule", "constraint")
_GRANTED_AS = {
    "domain": "TYPE",
    "view": "TABLE",
    "matview": "TABLE",
    "server": "FOREIGN SERVER",
    "aggregate": "FUNCTION",
}
_SUPPLIED_GRANTED_AS = {
    "view": "TABLE",
    "materialized view": "TABLE",
    "foreign table": "TABLE",
    "server": "FOREIGN SERVER",
    "aggregate": "FUNCTION",
    "domain": "TYPE",
}
"""The same for what the server itself calls the kind (pg_identify_object)."""


def word(kind: str) -> str:
    """What SQL calls a kind of object, after CREATE or DROP."""
    return _WORDS.get(kind) or kind.upper().replace("_", " ")


def plain(name: str) -> str:
    """The name of a routine without its argument list."""
    depth, cut = 0, len(name)
    quoted = False
    for index, char in enumerate(name):
        if char == '"':
            quoted = not quoted
        elif char == "(" and not quoted and not depth:
            cut = index
            break
    return name[:cut]


def signature(fact: Fact) -> str:
    """The name by which a statement refers to the object."""
    if fact.kind == "supplied":
        return fact.name.partition(":")[2]
    if fact.kind == "aggregate":
        return f"{plain(fact.name)}({fact.attrs['identity_arguments'] or '*'})"
    return fact.name


def designation(fact: Fact) -> str:
    """As in COMMENT ON, DROP and ALTER."""
    if fact.kind == "user_mapping":
        return f"USER MAPPING FOR {fact.attrs['user']} SERVER {fact.attrs['server']}"
    if fact.kind == "supplied":
        return f"{fact.name.partition(':')[0].replace('-', ' ').upper()} {signature(fact)}"
    if "foreign" in fact.attrs:
        return f"FOREIGN TABLE {fact.name}"
    if fact.kind == "constraint" and fact.parent and fact.parent.startswith("domain:"):
        return f"CONSTRAINT {last(fact.name)} ON DOMAIN {qualifier(fact.name)}"
    if fact.kind in _ON_RELATION:
        return f"{word(fact.kind)} {last(fact.name)} ON {qualifier(fact.name)}"
    return f"{word(fact.kind)} {signature(fact)}"


def grantee_object(fact: Fact) -> str:
    """As in GRANT … ON."""
    if fact.kind == "supplied":
        kind = fact.name.partition(":")[0]
        word_ = _SUPPLIED_GRANTED_AS.get(kind) or kind.replace("-", " ").upper()
        return f"{word_} {signature(fact)}"
    return f"{_GRANTED_AS.get(fact.kind) or word(fact.kind)} {fact.name}"


_NOT_NAMED = ("schema", "language", "extension", "role")


def named_in(text: str, fact: Fact) -> list[str]:
    """What of that which a fact stands on a part of its text names, and what is named in none."""
    return [
        need
        for need in fact.needs
        if need.startswith(tuple(f"{kind}:" for kind in _NOT_NAMED))
        or re.search(rf'(?<![\w".]){re.escape(plain(need.partition(":")[2]))}(?![\w".])', text)
    ]


def database_name(view: View) -> str:
    """The live database's name, quoted: it is no part of a state, and statements need it."""
    return quote(view.request.live_hints.get("database", "current"))


def is_filling(statement: str) -> bool:
    """Whether it fills a materialized view."""
    return statement.startswith(("CREATE MATERIALIZED VIEW ", "REFRESH MATERIALIZED VIEW "))


def row_security(table: str, how: str) -> str:
    """The statement that says of a table how its policies hold: ENABLE, DISABLE, FORCE or NO FORCE."""
    return f"ALTER TABLE ONLY {table} {how} ROW LEVEL SECURITY"
