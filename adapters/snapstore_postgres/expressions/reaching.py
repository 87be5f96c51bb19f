"""What facts stand on, be it through others."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from snapstore.facts import Facts
from snapstore.model import Fact

TYPES = ("base_type", "enum", "composite", "domain", "range")


def types_below(facts: Iterable[Fact], side: Facts, kinds: Collection[str] = TYPES) -> set[str]:
    """The names of the types that these facts stand on, or what they are part of does."""
    waiting = [*facts]
    seen = {fact.id for fact in waiting}
    while waiting:
        below = waiting.pop()
        around = {*below.needs, below.parent or ""}
        new = {identity for identity in around - seen if identity in side}
        seen |= new
        waiting += [side[identity] for identity in new]
    named = (identity.partition(":") for identity in seen)
    return {name for kind, _, name in named if kind in kinds}
