"""How plans tell of the parts of a cache's configuration."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import unified_diff

from snapstore.model import SEALED, Fact, Json

_CONTEXT = 2


def named(identity: str) -> str:
    """An identity as people say it: ``param default_ttl``."""
    kind, _, name = identity.partition(":")
    return f"{kind} {name}"


def lines(before: Fact | None, after: Fact | None) -> Iterator[str]:
    """What goes and what comes, a line each; of texts of many lines those that differ and what is around."""
    old, new = (dict(_places(side.attrs, "")) if side is not None else {} for side in (before, after))
    for place in sorted(old.keys() | new.keys()):
        if old.get(place) == new.get(place):
            continue
        values = old.get(place), new.get(place)
        if any("\n" in value for value in values if value is not None):
            yield from _of_text(place, *values)
            continue
        yield from (
            f"{sign} {place}: {value}" for sign, value in zip("-+", values, strict=True) if value is not None
        )


def _places(value: Json, place: str) -> Iterator[tuple[str, str]]:
    """Every single value by where it is."""
    if isinstance(value, dict) and value.keys() != {SEALED}:
        for name, item in value.items():
            yield from _places(item, f"{place}.{name}" if place else name)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _places(item, f"{place}[{number}]")
    else:
        yield place, _told(value)


def _told(value: Json) -> str:
    if isinstance(value, dict):
        return "«sealed»"
    return value if isinstance(value, str) else json.dumps(value)


def _of_text(place: str, before: str | None, after: str | None) -> Iterator[str]:
    old, new = ((text or "").splitlines() for text in (before, after))
    found = list(unified_diff(old, new, n=_CONTEXT, lineterm=""))
    yield f"  {place}:"
    yield from (f"{line[:1]} {line[1:]}" for line in found[2:])
