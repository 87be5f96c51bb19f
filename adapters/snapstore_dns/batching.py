"""Changes to parts that a provider does as a whole, when it takes only so much at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import le

from snapstore_dns.records import Change

Cost = Callable[[Change], Sequence[int]]
"""What a change takes of each of the things that are limited."""


def batches(changes: Sequence[Change], cost: Cost, limits: Sequence[int]) -> Iterator[list[Change]]:
    """As few parts as hold the changes in their order; all of one owner in one part if they fit."""
    batch: list[Change] = []
    used = [0] * len(limits)
    for _, group in groupby(changes, key=lambda change: change.owner):
        for some in _fitting(list(group), cost, limits):
            more = _sum(some, cost)
            both = [before + now for before, now in zip(used, more, strict=True)]
            if batch and not _fits(both, limits):
                yield batch
                batch, both = [], more
            batch += some
            used = both
    if batch:
        yield batch


def _fitting(changes: list[Change], cost: Cost, limits: Sequence[int]) -> list[list[Change]]:
    """What cannot be in one part is in one for each record set."""
    return [changes] if _fits(_sum(changes, cost), limits) else [[change] for change in changes]


def _sum(changes: Sequence[Change], cost: Cost) -> list[int]:
    return [sum(parts) for parts in zip(*map(cost, changes), strict=True)]


def _fits(used: Sequence[int], limits: Sequence[int]) -> bool:
    return all(map(le, used, limits))
