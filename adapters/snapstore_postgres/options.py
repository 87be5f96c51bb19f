"""Options of foreign objects: ``OPTIONS (name 'value')``, of which some are secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping

from snapstore.adapter import Context
from snapstore.model import SEALED, Json, SealedRef
from snapstore_postgres.names import literal

_SECRET = re.compile(
    r"pass|pwd|secret|token|key|credential|auth|private|dsn|conn(ection)?_?str", re.IGNORECASE
)
_WITH_PASSWORD = re.compile(r"\w://[^/?#@\s]*:[^/?#@\s]+@|\bpassword\s*=", re.IGNORECASE)
"""In a value: the password of a URL, or that of a connection string."""


def is_secret(name: str, value: str) -> bool:
    """Whether an option or a setting holds something that nobody should read, by its name or its value."""
    return bool(_SECRET.search(name) or _WITH_PASSWORD.search(value))


def sealed_options(identity: str, options: Mapping[str, str], everything: bool, context: Context) -> Json:
    """The options with secrets sealed: all values where asked for, else those that say so."""
    return {
        name: context.seal(f"{identity}:{name}", value.encode())
        if everything or is_secret(name, value)
        else value
        for name, value in options.items()
    }


def constant(identity: str, name: str, value: Json) -> tuple[str, dict[str, SealedRef]]:
    """A string constant; of a sealed value, the placeholder that stands for it until it runs."""
    if not isinstance(value, dict):
        return literal(value), {}
    placeholder = f"«{identity}:{name}»"
    return placeholder, {placeholder: SealedRef(f"{identity}:{name}", value[SEALED])}


def options_clause(identity: str, options: Mapping[str, Json]) -> tuple[str, dict[str, SealedRef]]:
    """`` OPTIONS (a 'b', …)`` or nothing, and the secrets in it."""
    texts, secrets = [], {}
    for name, value in sorted(options.items()):
        text, found = constant(identity, name, value)
        texts.append(f"{name} {text}")
        secrets.update(found)
    return (f" OPTIONS ({', '.join(texts)})" if texts else ""), secrets


def altered_options(
    identity: str, was: Mapping[str, Json], now: Mapping[str, Json]
) -> tuple[str, dict[str, SealedRef]]:
    """`` OPTIONS (ADD …, SET …, DROP …)`` or nothing, and the secrets in it."""
    texts, secrets = [f"DROP {name}" for name in sorted(was.keys() - now.keys())], {}
    for name, value in sorted(now.items()):
        if was.get(name) != value:
            text, found = constant(identity, name, value)
            texts.append(f"{'SET' if name in was else 'ADD'} {name} {text}")
            secrets.update(found)
    return (f" OPTIONS ({', '.join(texts)})" if texts else ""), secrets
