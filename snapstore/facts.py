"""All facts of one state of a resource, and the ways in which a plan looks for them.

A plan asks again and again what is part of a fact, what stands on it, and which facts are of a kind. Going
through a hundred thousand facts each time would take longer than everything else, so this is done once, when
first asked for. The two sides of a plan are nearly the same: what is found in one serves for the other, with
what has changed laid over it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TypeAlias

from snapstore.model import Fact, FactChange

Groups: TypeAlias = Mapping[str, Sequence[Fact]]


class Facts(dict[str, Fact]):
    """Facts by identity, not to be changed once they were looked for in any other way."""

    _before: tuple[Facts, list[str]] | None = None
    """The facts that these were made from by :meth:`changed`, and the identities of those that differ."""

    @classmethod
    def of(cls, facts: Mapping[str, Fact]) -> Facts:
        """These facts, whatever holds them."""
        return facts if isinstance(facts, Facts) else cls(facts)

    def changed(self, changes: Sequence[FactChange]) -> Facts:
        """The facts after these changes."""
        after, differing = Facts(self), [change.id for change in changes]
        after._before = self, differing
        if self._before is not None:  # no chain: a plan may go from change to change a thousand times
            after._before = self._before[0], [*self._before[1], *differing]
        for change in changes:
            if change.after is None:
                after.pop(change.id, None)
            else:
                after[change.id] = change.after
        return after

    @cached_property
    def kinds(self) -> Groups:
        """The facts of each kind."""
        return self._grouped(_by_kind, lambda before: before.kinds)

    @cached_property
    def parts(self) -> Groups:
        """What is part of each fact, by its identity."""
        return self._grouped(_by_whole, lambda before: before.parts)

    @cached_property
    def dependents(self) -> Groups:
        """What needs each fact, by its identity."""
        return self._grouped(_by_need, lambda before: before.dependents)

    def by(self, how: Callable[[Iterable[Fact]], Groups]) -> Groups:
        """The facts in another way that somebody else looks for them: grouped by ``how``."""
        if how not in self._others:
            self._others[how] = self._grouped(how, lambda before: before.by(how))
        return self._others[how]

    @cached_property
    def _others(self) -> dict[Callable[[Iterable[Fact]], Groups], Groups]:
        return {}

    def _grouped(self, by: Callable[[Iterable[Fact]], Groups], known: Callable[[Facts], Groups]) -> Groups:
        if self._before is None:
            return by(self.values())
        before, differing = self._before
        gone = by(before[identity] for identity in differing if identity in before)
        come = by(self[identity] for identity in differing if identity in self)
        return _laid_over(known(before), gone, come)


def _by_kind(facts: Iterable[Fact]) -> Groups:
    found: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        found[fact.id[: fact.id.index(":")]].append(fact)
    return dict(found)


def _by_whole(facts: Iterable[Fact]) -> Groups:
    found: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.parent is not None:
            found[fact.parent].append(fact)
    return dict(found)


def _by_need(facts: Iterable[Fact]) -> Groups:
    found: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        for need in fact.needs:
            found[need].append(fact)
    return dict(found)


def _laid_over(groups: Groups, gone: Groups, come: Groups) -> Groups:
    """The groups with facts gone and others come: in the place of what they were before, else at the end."""
    found = dict(groups)
    for key in gone.keys() | come.keys():
        new = {fact.id: fact for fact in come.get(key, ())}
        differing = {fact.id for fact in gone.get(key, ())} | new.keys()
        kept = [new.pop(f.id, None) if f.id in differing else f for f in groups.get(key, ())]
        found[key] = [*filter(None, kept), *new.values()]
    return found
