"""Rules for settings of the database and of roles."""

from __future__ import annotations

import re

from snapstore.model import Fact, SealedRef
from snapstore.rules import Alteration, Draft, Rule, View
from snapstore_postgres.names import literal, quote
from snapstore_postgres.options import constant
from snapstore_postgres.words import database_name

_LISTS = frozenset({
    "local_preload_libraries", "search_path", "session_preload_libraries", "shared_preload_libraries",
    "temp_tablespaces", "unix_socket_directories",
})  # fmt: skip
"""Settings whose value is kept as a list of quoted names (GUC_LIST_QUOTE): each has to be written alone."""
_ITEM = re.compile(r'"((?:[^"]|"")*)"|([^",\s]+)')


def _holder(fact: Fact, view: View) -> str:
    """Of what a setting is: ``ALTER DATABASE shop``, ``ALTER ROLE app IN DATABASE shop``."""
    if fact.kind == "role_setting":
        return f"ALTER ROLE {fact.attrs['role']}"
    database = f"DATABASE {database_name(view)}"
    role = fact.attrs.get("role")
    return f"ALTER ROLE {role} IN {database}" if role else f"ALTER {database}"


def _set(fact: Fact, view: View) -> tuple[str, dict[str, SealedRef]]:
    name = ".".join(map(quote, fact.attrs["name"].split(".")))
    value, secrets = constant(fact.id, "value", fact.attrs["value"])
    if fact.attrs["name"].lower() in _LISTS:
        found = [plain or quoted.replace('""', '"') for quoted, plain in _ITEM.findall(fact.attrs["value"])]
        value = ", ".join(map(literal, found)) or "''"
    return f"{_holder(fact, view)} SET {name} TO {value}", secrets


def _reset(fact: Fact, view: View) -> str:
    return f"{_holder(fact, view)} RESET {'.'.join(map(quote, fact.attrs['name'].split('.')))}"


def _create_setting(fact: Fact, view: View) -> Draft:
    statement, secrets = _set(fact, view)
    return Draft(statements=[statement], undo=[_reset(fact, view)], secrets=secrets)


def _drop_setting(fact: Fact, view: View) -> Draft:
    statement, _ = _set(fact, view)
    return Draft(statements=[_reset(fact, view)], undo=[statement])


def _alter_setting(before: Fact, after: Fact, view: View) -> Alteration:
    if before.attrs == after.attrs:
        return Alteration()
    statement, secrets = _set(after, view)
    return Alteration(statements=[statement], undo=[_set(before, view)[0]], secrets=secrets)


RULES: dict[str, Rule] = {
    "database_setting": Rule(_create_setting, _drop_setting, _alter_setting, rank=97),
    "role_setting": Rule(_create_setting, _drop_setting, _alter_setting, rank=97),
}
