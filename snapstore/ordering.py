"""One graph, one deterministic order: what has to run before what, decided from declarations alone."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from snapstore.errors import SnapError
from snapstore.model import Action

T = TypeVar("T", str, int)
K = TypeVar("K", str, int)


def resource_order(depends_on: Mapping[str, Collection[str]]) -> list[str]:
    """Resource names, each after those it depends on, otherwise alphabetical.

    ``depends_on`` names only known resources and has no cycle (``config.load`` has seen to both).
    """
    after: dict[str, list[str]] = defaultdict(list)
    for name, needs in depends_on.items():
        for need in needs:
            after[need].append(name)
    return list(topological({n: len(set(d)) for n, d in depends_on.items()}, after, key=lambda n: n))


def order(actions: Sequence[Action]) -> list[Action]:
    """The actions of one resource, each after those it depends on, ties broken by rank and name.

    SnapError that names the actions where they depend on each other in a circle.
    """
    after = _edges(actions)
    waiting = [0] * len(actions)
    for followers in after.values():
        for follower in followers:
            waiting[follower] += 1
    ranks = sorted(range(len(actions)), key=lambda i: (actions[i].rank, actions[i].subject, actions[i].verb))
    position = {index: place for place, index in enumerate(ranks)}
    found = list(topological(dict(enumerate(waiting)), after, key=position.__getitem__))
    if len(found) < len(actions):
        left = _circular(set(range(len(actions))) - set(found), after)
        raise CircularActions([actions[i] for i in sorted(left, key=position.__getitem__)])
    return [actions[i] for i in found]


def _circular(left: set[int], after: Mapping[int, set[int]]) -> set[int]:
    """Of what could not be placed, what is part of a circle or between two; not what only waits for one."""
    while waiting := {index for index in left if not after.get(index, set()) & left}:
        left = left - waiting
    return left


class CircularActions(SnapError):
    """Actions that depend on each other in a circle, which are its ``actions``."""

    def __init__(self, actions: list[Action]) -> None:
        names = ", ".join(f"{a.verb} {a.subject}" for a in actions[:8])
        super().__init__(
            f"these actions depend on each other in a circle: {names}",
            where=actions[0].resource,
            fix="restore a part of it first with --only, and report this as a bug with the plan",
        )
        self.actions = actions


def _edges(actions: Sequence[Action]) -> dict[int, set[int]]:
    """Who must come after whom; the rules stand in the docstring of :class:`snapstore.model.Action`."""
    producers, destroyers = _index(actions, "produces"), _index(actions, "destroys")
    after: dict[int, set[int]] = defaultdict(set)
    for index, action in enumerate(actions):
        for identity in action.needs:
            made = producers.get(identity)
            for other in made or ():
                after[other].add(index)
            for other in () if made else destroyers.get(identity, ()):
                after[index].add(other)
        for identity in action.releases:
            for other in destroyers.get(identity, ()):
                after[index].add(other)
        for identity in action.produces:
            for other in destroyers.get(identity, ()):
                after[other].add(index)
    for index, followers in after.items():
        followers.discard(index)
    return after


def _index(actions: Sequence[Action], field: str) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for index, action in enumerate(actions):
        for identity in getattr(action, field):
            found[identity].append(index)
    return found


def topological(waiting: dict[T, int], after: Mapping[T, Iterable[T]], key: Callable[[T], K]) -> Iterator[T]:
    """Kahn's algorithm with a heap: of all that is ready, the smallest key first; a circle is left out."""
    ready = [(key(node), node) for node, count in waiting.items() if not count]
    heapq.heapify(ready)
    while ready:
        _, node = heapq.heappop(ready)
        yield node
        for follower in after.get(node, ()):
            waiting[follower] -= 1
            if not waiting[follower]:
                heapq.heappush(ready, (key(follower), follower))
