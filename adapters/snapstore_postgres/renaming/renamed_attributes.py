"""The attributes of a fact as the server will tell them after a renaming."""

from __future__ import annotations

import re

from snapstore.model import Fact, Json
from snapstore_postgres.names import unquote
from snapstore_postgres.renaming import ROUTINES, Renaming
from snapstore_postgres.renaming.wording import Rewriter

_VERBATIM = {
    "comment", "label", "grant", "row", "enum", "collation", "database_setting", "role_setting",
    "role_password", "user_mapping", "subscription", "large_object", "parameter", "unmodelled", "role",
    "supplied",
}  # fmt: skip
"""Kinds that tell nothing in the words of SQL: what is in them stays as somebody has written it."""
_NO_TEXT = ("owner", "options", "foreign_options", "toast_options", "initcond", "minitcond", "connection")
"""The same of attributes."""
_CODES = ("kind", "command", "enabled", "provider", "publish", "roles")
"""Attributes, also inside of others, with letters and words of the server's own, or roles: a column may have
such a name."""
_WHOLE = {
    "schema": ("schema", "home"),
    "server": ("server",),
    "fdw": ("wrapper",),
    "publication": ("publication",),
    "tablespace": ("tablespace",),
    "role": ("owner", "extension_owner", "role", "grantee", "grantor", "member", "user", "roles"),
}
"""Attributes that are nothing but the name of something of that kind."""


def rewritten(fact: Fact, text: Rewriter, renaming: Renaming) -> dict[str, Json]:
    """The attributes as they will read. A view's columns keep the names they were given."""
    kept = ("columns",) if fact.kind in ("view", "matview") and renaming.kind == "column" else ()
    whole, verbatim = _WHOLE.get(renaming.kind, ()), fact.kind in _VERBATIM or renaming.kind == "role"
    found = {}
    for key, value in fact.attrs.items():
        if key in whole:
            found[key] = _named(value, renaming)
        elif key == "foreign" and "server" in whole:
            found[key] = {**value, "server": _named(value["server"], renaming)}
        elif verbatim or key in (*kept, *_NO_TEXT, *_CODES, "foreign") or _is_apart(fact, key, renaming):
            found[key] = value
        elif key == "definition" and fact.kind in ROUTINES:
            found[key] = _header_rewritten(value, text)
        else:
            found[key] = _deep(text, value)
    return found


def _is_apart(fact: Fact, key: str, renaming: Renaming) -> bool:
    """Of tables and columns themselves little tells of columns; their types may have such names, and so may
    those of constraints."""
    tells = {"table": "partition_key", "column": "generated", "constraint": "definition"}
    return renaming.kind == "column" and key != tells.get(fact.kind, key)


def _named(value: Json, renaming: Renaming) -> Json:
    """A value that is a name, or a list of them; that of an owner is not quoted."""
    if isinstance(value, list):
        return sorted(_named(item, renaming) for item in value)
    if value == unquote(renaming.old) != renaming.old:
        return unquote(renaming.new)
    return renaming.new if value == renaming.old else value


_BODY = re.compile(r"^(?:AS \$|BEGIN ATOMIC$|RETURN )", re.MULTILINE)


def _header_rewritten(definition: str, text: Rewriter) -> str:
    """The definition of a routine, whose body follows only where the server has parsed it."""
    body = _BODY.search(definition)
    if body is None or not body[0].startswith("AS $"):
        return text(definition)
    return text(definition[: body.start()]) + definition[body.start() :]


def _deep(text: Rewriter, value: Json) -> Json:
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list):
        return [_deep(text, item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: item if key in _CODES else _deep(text, item) for key, item in value.items()}
