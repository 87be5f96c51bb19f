"""What is secret of the facts that a query tells of: sealed before anybody else sees them."""

from __future__ import annotations

from snapstore.adapter import Context
from snapstore.model import Fact
from snapstore_postgres.options import is_secret, sealed_options

_SECRETS = {
    "facts/fdw": "options",
    "facts/server": "options",
    "facts/user_mapping": "options",
    "facts/table": "foreign",
    "facts/column": "foreign_options",
    "facts/subscription": "connection",
    "facts/database_setting": "value",
    "facts/role_setting": "value",
    "facts/role_password": "verifier",
}
"""Queries that may tell secrets, and the attribute that does."""


def sealed(facts: list[Fact], query: str, context: Context) -> list[Fact]:
    """The facts that a query tells of, with what is secret in them sealed. SnapError without a key."""
    secret = _SECRETS.get(query)
    if secret is None:
        return facts
    return [_sealed(fact, context) if secret in fact.attrs else fact for fact in facts]


def _sealed(fact: Fact, context: Context) -> Fact:
    """The fact with what is secret in its connection, or in options of foreign objects, sealed."""
    if fact.kind == "subscription":
        return _with_sealed(fact, "connection", context)
    if fact.kind == "role_password":
        return _with_sealed(fact, "verifier", context)
    if fact.kind in ("database_setting", "role_setting"):
        secret = is_secret(fact.attrs["name"], fact.attrs["value"])
        return _with_sealed(fact, "value", context) if secret else fact
    if fact.kind == "column":
        return _with_sealed_options(fact, "foreign_options", context)
    if fact.kind != "table":
        return _with_sealed_options(fact, "options", context)
    foreign = fact.attrs["foreign"]
    if "options" not in foreign:
        return fact
    options = sealed_options(fact.id, foreign["options"], False, context)
    return Fact(fact.id, {**fact.attrs, "foreign": {**foreign, "options": options}}, fact.parent)


def _with_sealed_options(fact: Fact, key: str, context: Context) -> Fact:
    options = sealed_options(fact.id, fact.attrs[key], fact.kind == "user_mapping", context)
    return Fact(fact.id, {**fact.attrs, key: options}, fact.parent)


def _with_sealed(fact: Fact, name: str, context: Context) -> Fact:
    value = context.seal(f"{fact.id}:{name}", fact.attrs[name].encode())
    return Fact(fact.id, {**fact.attrs, name: value}, fact.parent)
