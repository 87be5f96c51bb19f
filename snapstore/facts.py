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
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from snapstore.model import Fact, FactChange

Groups: TypeAlias = Mapping[str, Sequence[Fact]]
_WAYS = ("kinds", "parts", "dependents")


class _Before(NamedTuple):
    """Groups, or facts that can be grouped, and what has become other facts since, as it was then."""

    groups: Groups | Facts
    was: Mapping[str, Fact | None]


class Facts(dict[str, Fact]):
    """Facts by identity, not to be changed once they were looked for in any other way."""

    _before: Mapping[str, _Before] = MappingProxyType({})
    """Of facts that were made from others by :meth:`changed`: what is known of these in each way to look."""

    @classmethod
    def of(cls, facts: Mapping[str, Fact]) -> Facts:
        """These facts, whatever holds them."""
        return facts if isinstance(facts, Facts) else cls(facts)

    def changed(self, changes: Sequence[FactChange]) -> Facts:
        """The facts after these changes."""
        after, was = Facts(self), {change.id: self.get(change.id) for change in changes}
        after._before = {way: self._known(way, was) for way in _WAYS}
        for change in changes:
            if change.after is None:
                after.pop(change.id, None)
            else:
                after[change.id] = change.after
        return after

    def _known(self, way: str, was: Mapping[str, Fact | None]) -> _Before:
        """What facts that differ from these start from. No chain of all that went before: a plan may go from
        change to change a thousand times."""
        if way in self.__dict__ or way not in self._before:
            return _Before(self.__dict__.get(way, self), was)
        known = self._before[way]
        return _Before(known.groups, {**was, **known.was})

    @cached_property
    def kinds(self) -> Groups:
        """The facts of each kind."""
        return self._grouped("kinds", _by_kind)

    @cached_property
    def parts(self) -> Groups:
        """What is part of each fact, by its identity."""
        return self._grouped("parts", _by_whole)

    @cached_property
    def dependents(self) -> Groups:
        """What needs each fact, by its identity."""
        return self._grouped("dependents", _by_need)

    def _grouped(self, way: str, by: Callable[[Iterable[Fact]], Groups]) -> Groups:
        if way not in self._before:
            return by(self.values())
        groups, was = self._before[way]
        known: Groups = getattr(groups, way) if isinstance(groups, Facts) else groups
        gone = by(fact for fact in was.values() if fact is not None)
        come = by(self[identity] for identity in was if identity in self)
        return _laid_over(known, gone, come)


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
