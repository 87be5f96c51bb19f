"""Whether what is there may be what was begun and cut off: partly as it was, partly as it is to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from snapstore.model import Json
from snapstore_cdn.provider import Attrs

SEVERAL = "several"
"""What a fact has that stands for more than one thing of the same name, in no order: all of them."""


def each_of(attrs: Attrs | None) -> Sequence[Attrs]:
    """The things that a fact stands for."""
    if attrs is None:
        return []
    found: Sequence[Attrs] = attrs.get(SEVERAL, [attrs])
    return found


def is_between(now: Json, before: Json, after: Json) -> bool:
    """Whether nothing is there that neither side has."""
    sides = (now, before, after)
    if now in (before, after):
        return True
    if any(isinstance(side, Mapping) and SEVERAL in side for side in sides):
        return are_between(*map(each_of, sides))
    if not all(isinstance(side, Mapping) for side in sides):
        return False
    names = now.keys() | before.keys() | after.keys()
    return all(is_between(*(side.get(name) for side in sides)) for name in names)


def are_between(now: Sequence[Attrs], before: Sequence[Attrs], after: Sequence[Attrs]) -> bool:
    """Whether there is nothing, and not more of it, than one side has, and all that both have."""
    fewest, most = sorted((len(before), len(after)))
    if not fewest <= len(now) <= most:
        return False
    if any(now.count(one) > max(before.count(one), after.count(one)) for one in now):
        return False
    return all(now.count(one) >= min(before.count(one), after.count(one)) for one in before)
