"""Which facts have a name in their identity, in that of their whole or of what they need.

A renaming changes few of a hundred thousand facts, and a plan may have hundreds, one after the other.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from itertools import combinations

from snapstore.facts import Facts, Groups
from snapstore.model import Fact
from snapstore_postgres.names import parts

_PART = r'(?:"(?:[^"]|"")+"|[\w$]+)'
_QUALIFIED = re.compile(rf"{_PART}(?:\.{_PART})+")


def mentioning(names: Collection[str], facts: Facts) -> list[Fact]:
    """The facts that mention one of these, each once; all facts where one is no qualified name."""
    if not all(map(_QUALIFIED.fullmatch, names)):
        return [*facts.values()]
    known = facts.by(_by_name)
    return [*{fact.id: fact for name in names for fact in known.get(name, ())}.values()]


def _by_name(facts: Iterable[Fact]) -> Groups:
    found: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        for name in set(_names_in(fact)):
            found[name].append(fact)
    return dict(found)


def _names_in(fact: Fact) -> Iterator[str]:
    for identity in (fact.id, fact.parent or "", *fact.needs):
        yield from _names(identity)


@lru_cache(maxsize=4096)
def _names(identity: str) -> tuple[str, ...]:
    """The qualified names in an identity, and those within these: of a column also that of its table."""
    return tuple(
        ".".join(found[begin:end])
        for found in map(parts, _QUALIFIED.findall(identity))
        for begin, end in combinations(range(len(found) + 1), 2)
        if end - begin > 1
    )
