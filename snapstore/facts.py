"""All facts of one state of a resource, and the ways in which a plan looks for them.

A plan asks again and again what is part of a fact, what stands on it, and which facts are of a kind. Going
through a hundred thousand facts each time would take longer than everything else, so this is done once, when
first asked for. The two sides of a plan are nearly the same: what is found in one serves for the other, with
what has changed laid over it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple, TypeAlias

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

    @property
    def kinds(self) -> Groups:
        """The facts of each kind."""
        return self._found.kinds

    @property
    def parts(self) -> Groups:
        """What is part of each fact, by its identity."""
        return self._found.parts

    @property
    def dependents(self) -> Groups:
        """What needs each fact, by its identity."""
        return self._found.dependents

    @cached_property
    def _found(self) -> _Found:
        if self._before is None:
            return _grouped(self.values())
        before, differing = self._before
        gone = _grouped(before[identity] for identity in differing if identity in before)
        come = _grouped(self[identity] for identity in differing if identity in self)
        self._before = None  # what it is good for is done
        return _Found(*map(_laid_over, before._found, gone, come))


class _Found(NamedTuple):
    kinds: Groups
    parts: Groups
    dependents: Groups


def _grouped(facts: Iterable[Fact]) -> _Found:
    """All three in one go: most of what it takes is reaching each fact."""
    kinds, parts, dependents = (defaultdict[str, list[Fact]](list) for _ in range(3))
    for fact in facts:
        kinds[fact.id[: fact.id.index(":")]].append(fact)
        if fact.parent is not None:
            parts[fact.parent].append(fact)
        for need in fact.needs:
            dependents[need].append(fact)
    return _Found(dict(kinds), dict(parts), dict(dependents))


def _laid_over(groups: Groups, gone: Groups, come: Groups) -> Groups:
    """The groups with facts gone and others come: in the place of what they were before, else at the end."""
    found = dict(groups)
    for key in gone.keys() | come.keys():
        new = {fact.id: fact for fact in come.get(key, ())}
        differing = {fact.id for fact in gone.get(key, ())} | new.keys()
        kept = (new.pop(f.id, None) if f.id in differing else f for f in groups.get(key, ()))
        found[key] = [*filter(None, kept), *new.values()]
    return found
