"""Which facts have a name in their identity, in that of their whole or of what they need.

A renaming changes few of a hundred thousand facts, and a plan may have hundreds, one after the other.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property, lru_cache
from itertools import combinations

from snapstore.facts import Facts
from snapstore.model import Fact, FactChange
from snapstore_postgres.names import parts

_PART = r'(?:"(?:[^"]|"")+"|[\w$]+)'
_QUALIFIED = re.compile(rf"{_PART}(?:\.{_PART})+")


class Mentions:
    """Facts by the names that they mention, kept up with one renaming after the other. They are looked
    through when first asked for: most plans rename nothing."""

    def __init__(self, facts: Facts) -> None:
        self._first = facts

    @cached_property
    def _facts(self) -> dict[str, dict[str, None]]:
        found: dict[str, dict[str, None]] = defaultdict(dict)
        for fact in self._first.values():
            for name in _names_in(fact):
                found[name][fact.id] = None
        return found

    def of(self, names: Collection[str], facts: Facts) -> list[Fact]:
        """The facts that mention one of these, each once; all facts where one is no qualified name."""
        if not all(map(_QUALIFIED.fullmatch, names)):
            return [*facts.values()]
        found = {identity: None for name in names for identity in self._facts.get(name, ())}
        return [facts[identity] for identity in found]

    def move(self, changes: Iterable[FactChange]) -> None:
        """Some facts have become others."""
        moved = [(change.before, change.after) for change in changes]
        for fact in (before for before, _ in moved if before):
            for name in _names_in(fact):
                self._facts[name].pop(fact.id, None)
        for fact in (after for _, after in moved if after):
            for name in _names_in(fact):
                self._facts[name][fact.id] = None


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
