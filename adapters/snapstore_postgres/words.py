"""How SQL names the object that a fact stands for: ``TABLE public.users``, ``POLICY p ON public.users``."""

from __future__ import annotations

from snapstore.model import Fact
from snapstore_postgres.names import last, qualifier

KEYWORDS = {
    "schema": "SCHEMA",
    "extension": "EXTENSION",
    "collation": "COLLATION",
    "enum": "TYPE",
    "composite": "TYPE",
    "range": "TYPE",
    "domain": "DOMAIN",
    "table": "TABLE",
    "column": "COLUMN",
    "index": "INDEX",
    "sequence": "SEQUENCE",
    "view": "VIEW",
    "matview": "MATERIALIZED VIEW",
    "function": "FUNCTION",
    "procedure": "PROCEDURE",
    "aggregate": "AGGREGATE",
    "trigger": "TRIGGER",
    "policy": "POLICY",
    "rule": "RULE",
    "constraint": "CONSTRAINT",
}
_ON_RELATION = ("trigger", "policy", "rule", "constraint")
_GRANT = {
    "enum": "TYPE",
    "composite": "TYPE",
    "range": "TYPE",
    "domain": "TYPE",
    "view": "TABLE",
    "matview": "TABLE",
}


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
    if fact.kind == "aggregate":
        return f"{plain(fact.name)}({fact.attrs['identity_arguments'] or '*'})"
    return fact.name


def designation(fact: Fact) -> str:
    """As in COMMENT ON, DROP and ALTER."""
    word = KEYWORDS[fact.kind]
    if fact.kind == "constraint" and fact.parent and fact.parent.startswith("domain:"):
        return f"CONSTRAINT {last(fact.name)} ON DOMAIN {qualifier(fact.name)}"
    if fact.kind in _ON_RELATION:
        return f"{word} {last(fact.name)} ON {qualifier(fact.name)}"
    return f"{word} {signature(fact)}"


def grantee_object(fact: Fact) -> str:
    """As in GRANT … ON."""
    return f"{_GRANT.get(fact.kind, KEYWORDS[fact.kind])} {signature(fact)}"
