"""One graph, one deterministic order: what has to run before what, decided from declarations alone."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from msgspec import structs

from snapstore.errors import SnapError
from snapstore.model import Action, Verb

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
        circles = _circles(set(range(len(actions))) - set(found), after)
        in_order = [sorted(circle, key=position.__getitem__) for circle in circles]
        raise CircularActions([[actions[i] for i in circle] for circle in in_order])
    return [actions[i] for i in found]


def softly(actions: Sequence[Action], wanted: dict[str, set[str]]) -> list[Action]:
    """The actions with more needs, by what they are about; not those that go. What of these would make a
    circle is left out: nothing fails without them but what cannot be known."""
    while any(wanted.values()):
        found = [a if a.verb is Verb.DROP else _needing(a, wanted.get(a.subject, ())) for a in actions]
        try:
            order(found)
        except CircularActions as error:
            if not _let_go(wanted, error.circles):
                break
        else:
            return found
    return list(actions)


def _needing(action: Action, names: Collection[str]) -> Action:
    return structs.replace(action, needs=(*action.needs, *sorted(names))) if names else action


def _let_go(wanted: dict[str, set[str]], circles: Sequence[Sequence[Action]]) -> bool:
    """Leave out what is wanted inside of a circle. Whether there was any."""
    before = sum(map(len, wanted.values()))
    for circle in circles:
        made = {identity for action in circle for identity in action.produces}
        for action in circle:
            if action.subject in wanted:
                wanted[action.subject] -= made
    return sum(map(len, wanted.values())) < before


def _circles(left: Collection[int], after: Mapping[int, Iterable[int]]) -> list[list[int]]:
    """Of what could not be placed, all that can reach each other (Kosaraju); nothing that is between two
    circles or waits for one."""
    before: dict[int, set[int]] = defaultdict(set)
    for node in left:
        for follower in after.get(node, ()):
            before[follower].add(node)
    waiting, finished = set(left), []
    for node in sorted(left):
        finished += _reached(node, after, waiting)
    waiting = set(left)
    found = [_reached(node, before, waiting) for node in reversed(finished)]
    return [circle for circle in found if len(circle) > 1]


def _reached(start: int, edges: Mapping[int, Iterable[int]], waiting: set[int]) -> list[int]:
    """What of ``waiting`` can be reached, each behind those that it reaches; taken out of ``waiting``."""
    if start not in waiting:
        return []
    waiting.discard(start)
    found, path = [], [(start, iter(edges.get(start, ())))]
    while path:
        following = next((node for node in path[-1][1] if node in waiting), None)
        if following is None:
            found.append(path.pop()[0])
        else:
            waiting.discard(following)
            path.append((following, iter(edges.get(following, ()))))
    return found


class CircularActions(SnapError):
    """Actions that depend on each other in circles, which are its ``circles``."""

    def __init__(self, circles: list[list[Action]]) -> None:
        names = ", ".join(f"{a.verb} {a.subject}" for a in circles[0][:8])
        super().__init__(
            f"these actions depend on each other in a circle: {names}",
            where=circles[0][0].resource,
            fix="restore a part of it first with --only, and report this as a bug with the plan",
        )
        self.circles = circles


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
