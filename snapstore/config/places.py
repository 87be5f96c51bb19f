"""Where in a configuration a validation error of msgspec is: it leaves out the keys that may be any name."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from snapstore.config.source import Keys

_ANY = "..."


def place_of(error: msgspec.ValidationError, value: Any, kind: Any) -> tuple[Keys, bool]:
    """The keys that lead to what was refused, and whether it is the last of these itself, not its value."""
    said = str(error)
    is_key = " - at `key` in `$" in said
    parts = _parts(said.rpartition("`$")[2].rstrip("`") if "`$" in said else "")
    found: list[str | int] = []
    for part in [*parts, _ANY] if is_key else parts:
        if part == _ANY:
            part, value = _refused(value, kind, tuple(found))
        found.append(part)
    return tuple(found), is_key


def _parts(text: str) -> list[str | int]:
    """Of ``.store.path`` or ``.allow[1]``; ``[...]`` is any key."""
    named = re.findall(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]", text)
    return [key or (int(place) if place.isdigit() else _ANY) for key, place in named]


def _refused(value: Any, kind: Any, path: Keys) -> tuple[str, Any]:
    """The first key of the table at ``path`` that is refused by itself, and the value with it alone there."""
    for key, inner in _at(value, path).items():
        alone = _with(value, path, {key: inner})
        try:
            msgspec.convert(alone, kind)
        except msgspec.ValidationError:
            return key, alone
    return _ANY, value


def _at(value: Any, path: Keys) -> Any:
    for part in path:
        value = value[part]
    return value


def _with(value: Any, path: Keys, new: Any) -> Any:
    """A copy of ``value`` with ``new`` at ``path``."""
    if not path:
        return new
    copied = value.copy()
    copied[path[0]] = _with(value[path[0]], path[1:], new)
    return copied
