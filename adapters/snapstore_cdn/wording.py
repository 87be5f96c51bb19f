"""How plans tell of the parts of a cache's configuration."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher, unified_diff

from snapstore.model import SEALED, Fact, Json

_CONTEXT = 2
_NOTHING: Json = object()
"""What is not there, which is not the same as null."""


def named(identity: str) -> str:
    """An identity as people say it: ``param default_ttl``."""
    kind, _, name = identity.partition(":")
    return f"{kind} {name}"


def lines(before: Fact | None, after: Fact | None) -> Iterator[str]:
    """What goes and what comes, a line each; of texts of many lines those that differ and what is around."""
    old, new = (side.attrs if side is not None else {} for side in (before, after))
    return _differences(old, new, "")


def _differences(old: Json, new: Json, place: str) -> Iterator[str]:
    if _has_parts(old) and _has_parts(new):
        for name in sorted(old.keys() | new.keys()):
            below = f"{place}.{name}" if place else name
            yield from _differences(old.get(name, _NOTHING), new.get(name, _NOTHING), below)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _of_lists(old, new, place)
    elif any(isinstance(value, str) and "\n" in value for value in (old, new)):
        yield from _of_text(place, *(value if isinstance(value, str) else "" for value in (old, new)))
    elif old != new:
        yield from (f"- {line}" for line in _places(old, place))
        yield from (f"+ {line}" for line in _places(new, place))


def _of_lists(old: Sequence[Json], new: Sequence[Json], place: str) -> Iterator[str]:
    """Each that goes by where it was, each that comes by where it is; others only move up or down."""
    before, after = ([json.dumps(item, sort_keys=True) for item in side] for side in (old, new))
    for what, i, j, k, n in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "replace" and j - i == n - k:
            for one, other, number in zip(old[i:j], new[k:n], range(k, n), strict=True):
                yield from _differences(one, other, f"{place}[{number}]")
        elif what != "equal":
            for number in range(i, j):
                yield from _differences(old[number], _NOTHING, f"{place}[{number}]")
            for number in range(k, n):
                yield from _differences(_NOTHING, new[number], f"{place}[{number}]")


def _has_parts(value: Json) -> bool:
    return isinstance(value, dict) and value.keys() != {SEALED}


def _places(value: Json, place: str) -> Iterator[str]:
    """Every single value and where it is; of what has no parts that it is there."""
    if value is _NOTHING:
        return
    if value == {}:
        yield from filter(None, [place])
    elif _has_parts(value):
        for name in sorted(value):
            yield from _places(value[name], f"{place}.{name}" if place else name)
    elif value and isinstance(value, list):
        for number, item in enumerate(value):
            yield from _places(item, f"{place}[{number}]")
    else:
        yield f"{place}: {_told(value)}"


def _told(value: Json) -> str:
    if isinstance(value, dict):
        return "«sealed»"
    return value if isinstance(value, str) else json.dumps(value)


def _of_text(place: str, before: str, after: str) -> Iterator[str]:
    found = list(unified_diff(before.splitlines(), after.splitlines(), n=_CONTEXT, lineterm=""))
    yield f"  {place}:"
    yield from (f"{line[:1]} {line[1:]}" for line in found[2:])
