"""A configuration file to start from, with comments."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from snapstore.adapter import Suggestion

_HEAD = """\
# What `snap take` captures and `snap restore` brings back. Every key: docs/configuration.md
# ${VAR} and ${VAR:-default} are read from the environment and never stored; $$ is a dollar sign.

[store]
path = "snapshots"      # a bare Git repository
branch = "main"         # one branch for each environment
"""
_EXAMPLE = """
# [resources.env]
# adapter = "dotenv"
# path = ".env.production"
"""
_TAIL = """
# [hooks]
# after_restore = [{ run = "systemctl --user restart web", timeout = 60 }]

# [restore]
# allow = ["downtime"]          # hazards that need no --allow
# refuse = ["blocking-lock"]    # hazards that do, though they normally don't
"""


def configuration(found: Sequence[tuple[str, Suggestion]]) -> str:
    """A whole ``snapstore.toml`` for suggested resources, each with the name of its adapter."""
    parts = [_HEAD, *(_resource(adapter, suggestion) for adapter, suggestion in found)]
    if not found:
        parts.append(_EXAMPLE)
    groups: dict[str, list[str]] = {}
    for _, suggestion in found:
        if suggestion.group:
            groups.setdefault(suggestion.group, []).append(suggestion.name)
    if groups:
        parts.append("\n[groups]\n" + "".join(_pair(name, members) for name, members in groups.items()))
    return "".join([*parts, _TAIL])


def _resource(adapter: str, suggestion: Suggestion) -> str:
    comment = f"# {' '.join(suggestion.comment.split())}\n" if suggestion.comment else ""
    pairs = {"adapter": adapter, **suggestion.settings}
    lines = "".join(_pair(key, value) for key, value in pairs.items())
    return f"\n{comment}[resources.{_key(suggestion.name)}]\n{lines}"


def _pair(key: str, value: Any) -> str:
    return f"{_key(key)} = {_value(value)}\n"


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _value(key)


def _value(value: Any) -> str:
    """A value in TOML. Its strings are JSON's, but for DEL, which TOML wants escaped."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_value(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(inner) for inner in value) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)
