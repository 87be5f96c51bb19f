"""How the actions of a plan that makes composite types grow hang together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Action, Verb
from snapstore_postgres.expressions.immutable import made
from snapstore_postgres.expressions.reaching import types_below
from snapstore_postgres.expressions.type_stages import Stage, growing, is_plain, older_in


@dataclass(frozen=True)
class GrowingPlan:
    """Actions, some of which make types grow; they are known by their places."""

    request: PlanRequest
    actions: Sequence[Action]

    @cached_property
    def growing(self) -> Mapping[str, Action]:
        """What makes each type grow that does."""
        return growing(self.actions, self.request)

    @cached_property
    def older(self) -> Mapping[int, Stage]:
        """The actions that make row constructors of an earlier stage of a type, and that stage."""
        if not self.growing:
            return {}
        found = ((i, older_in(a, self.request, self.growing)) for i, a in enumerate(self.actions))
        return {i: stage for i, stage in found if stage}

    @cached_property
    def using(self) -> Mapping[int, set[str]]:
        """The growing types that each of the other actions uses."""
        tables = {kind: _tables(kind, self.request.target) for kind in self.growing}
        others = ((i, action) for i, action in enumerate(self.actions) if i not in self.older)
        return {i: _used(action, self.request, tables) for i, action in others}

    @cached_property
    def _makers(self) -> Mapping[str, set[int]]:
        found: dict[str, set[int]] = defaultdict(set)
        for index, action in enumerate(self.actions):
            for name in action.produces:
                found[name].add(index)
        return found

    def upstream(self, start: Collection[int]) -> set[int]:
        """The actions that come before some, as far as these need something of them."""
        waiting, seen = [*start], {*start}
        while waiting:
            needs = self.actions[waiting.pop()].needs
            makers = (self._makers[need] for need in needs if need in self._makers)
            before = set[int]().union(*makers) - seen
            seen |= before
            waiting += before
        return seen - {*start}

    def bringing_values(self, index: int, kind: str) -> list[int]:
        """What comes before an action and brings values of the type, or makes such of others."""
        above = (i for i in sorted(self.upstream({index})) if kind in self.using.get(i, ()))
        return [i for i in above if self._has_values(i, kind) or self._makes_table_of(i, kind)]

    def _has_values(self, index: int, kind: str) -> bool:
        """Whether it does more than define something, and that of the type itself."""
        action = self.actions[index]
        return not is_plain(action) and any(kind in fact.needs for fact in made(action, self.request))

    def _makes_table_of(self, index: int, kind: str) -> bool:
        """Whether it makes a table of that type, whose columns are its attributes."""
        action = self.actions[index]
        facts = made(action, self.request) if action.verb is Verb.CREATE else ()
        return any(fact.kind == "table" and kind in fact.needs for fact in facts)


def _used(action: Action, request: PlanRequest, tables: Mapping[str, set[str | None]]) -> set[str]:
    """Those of the types that what an action makes stands on, be it by a table."""
    facts = [] if action.verb is Verb.DROP else [*made(action, request)]
    below = {f"composite:{name}" for name in types_below(facts, request.target, ("composite",))}
    around = {name for fact in facts for name in (fact.id, fact.parent)}
    return {kind for kind, those in tables.items() if kind in below or not those.isdisjoint(around)}


def _tables(kind: str, target: Facts) -> set[str | None]:
    return {fact.parent for fact in target.dependents.get(kind, ()) if fact.kind == "column"}
