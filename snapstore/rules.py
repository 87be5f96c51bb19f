"""From changed facts to actions, by a table of rules: one entry per kind of fact.

The adapter says, kind by kind, how one fact is created, dropped and altered. What follows from that for
everything else is worked out here, once: what stands on a replaced fact is taken down and put back, what is
part of it comes and goes with it, and every action declares what it produces, needs, releases and destroys.

The steps of :func:`actions`:

1. every changed fact gets a *fate*: created, dropped, altered or, where its rule cannot alter, replaced;
2. fates spread: what is part of something replaced or dropped shares its fate, and what stands on it is
   rebuilt; what stands on a fact whose alteration *displaces* dependents is rebuilt too;
3. rules write the drafts; a container's creation may absorb its parts, and a dropped container takes its
   parts along;
4. drafts become actions. Where they would wait for each other in a circle, the parts are dropped one by one,
   and if that is not enough, parts that would be altered are dropped and created again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from itertools import chain
from typing import Any

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, Hazard, Json, SealedRef, Verb
from snapstore.ordering import CircularActions, order


class Fate(Enum):
    """What becomes of a fact; facts without one stay as they are."""

    CREATE = "create"
    DROP = "drop"
    ALTER = "alter"
    REPLACE = "replace"


@dataclass(frozen=True)
class Draft:
    """One operation as a rule writes it; ordering is added here.

    ``absorbs`` are parts that come into being with it and need no action of their own. ``needs`` is
    added to what the fact itself needs, ``provides`` to what others may need. ``rank`` takes the place of
    the rule's where this fact has a place of its own. No statements and no payload: it happens by itself,
    no action.
    """

    statements: Sequence[str] = ()
    summary: str = ""
    undo: Sequence[str] = ()
    absorbs: Sequence[Fact] = ()
    needs: Sequence[str] = ()
    provides: Sequence[str] = ()
    rank: int | None = None
    hazards: Sequence[Hazard] = ()
    lock: str | None = None
    rows: int | None = None
    bytes: int | None = None
    transactional: bool = True
    payload: Mapping[str, Json] = field(default_factory=dict)
    secrets: Mapping[str, SealedRef] = field(default_factory=dict)


@dataclass(frozen=True)
class Alteration(Draft):
    """An alteration in place. ``displaces(dependent)`` says which facts that stand on this one have to be
    taken down before it and put back after; ``swaps`` are facts that are altered by the same operation."""

    displaces: Callable[[Fact], bool] = lambda dependent: False
    swaps: Sequence[str] = ()


NOTHING = Draft()


@dataclass(frozen=True)
class Rule:
    """How facts of one kind change. ``alter`` gives None where the fact has to be replaced.

    ``rank`` breaks ties between actions that do not depend on each other (drops run in reverse rank).
    ``slots`` are names that it shares with facts of other kinds: of two with the same slot, one has to go
    before the other can come.
    ``separable`` parts can be dropped before their container, where dropping both at once makes a circle.
    ``rebuild`` says whether a fact of this kind has to be rebuilt when ``on``, which it needs, is replaced.
    ``along`` are facts that have to be replaced where this one is created, anew or again, though they do
    not stand on it; ``behind`` those where it goes for good.
    """

    create: Callable[[Fact, View], Draft]
    drop: Callable[[Fact, View], Draft]
    alter: Callable[[Fact, Fact, View], Alteration | None] = lambda before, after, view: None
    rank: int = 0
    separable: bool = False
    slots: Callable[[Fact], Sequence[str]] = lambda fact: ()
    rebuild: Callable[[Fact, Fact], bool] = lambda dependent, on: True
    along: Callable[[Fact, View], Iterable[str]] = lambda fact, view: ()
    behind: Callable[[Fact, View], Iterable[str]] = lambda fact, view: ()


@dataclass(frozen=True)
class View:
    """What a rule may look at besides its own fact: both sides, and what becomes of the other facts."""

    request: PlanRequest
    fates: Mapping[str, Fate]
    memo: dict[str, Any] = field(default_factory=dict)
    """What rules work out once for a plan."""

    @property
    def live(self) -> Mapping[str, Fact]:
        return self.request.live

    @property
    def target(self) -> Mapping[str, Fact]:
        return self.request.target

    def appears(self, identity: str) -> bool:
        """Whether this plan brings the fact into being, anew or again."""
        return self.fates.get(identity) in (Fate.CREATE, Fate.REPLACE)

    def vanishes(self, identity: str) -> bool:
        """Whether this plan takes the fact away, for good or for a moment."""
        return self.fates.get(identity) in (Fate.DROP, Fate.REPLACE)

    def stays(self, identity: str) -> bool:
        """Whether the fact exists before and after, without being taken down in between."""
        return identity in self.live and identity in self.target and not self.vanishes(identity)

    @cached_property
    def live_parts(self) -> Mapping[str, list[Fact]]:
        return _by_parent(self.live)

    @cached_property
    def target_parts(self) -> Mapping[str, list[Fact]]:
        return _by_parent(self.target)

    @cached_property
    def live_dependents(self) -> Mapping[str, list[Fact]]:
        """The facts that need an identity, by that identity."""
        return _by_need(self.live)

    @cached_property
    def target_dependents(self) -> Mapping[str, list[Fact]]:
        return _by_need(self.target)

    @cached_property
    def live_kinds(self) -> Mapping[str, list[Fact]]:
        return _by_kind(self.live)

    def either(self, identity: str) -> Fact | None:
        """The fact as it will be, or as it is where it goes."""
        return self.target.get(identity) or self.live.get(identity)


def _by_need(facts: Mapping[str, Fact]) -> dict[str, list[Fact]]:
    dependents: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts.values():
        for need in fact.needs:
            dependents[need].append(fact)
    return dependents


def _by_kind(facts: Mapping[str, Fact]) -> dict[str, list[Fact]]:
    kinds: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts.values():
        kinds[fact.kind].append(fact)
    return kinds


def _by_parent(facts: Mapping[str, Fact]) -> dict[str, list[Fact]]:
    parts: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts.values():
        if fact.parent:
            parts[fact.parent].append(fact)
    return parts


def actions(rules: Mapping[str, Rule], request: PlanRequest, anew: Collection[str] = ()) -> list[Action]:
    """The actions that lead from the live facts to the target facts. KeyError for a kind without a rule.

    The facts of ``anew`` are replaced even where they could be altered or need no change.
    """
    replaced = set(anew)
    while True:
        found, circle = _attempt(rules, request, replaced)
        if circle is None:
            return found
        altered = {a.subject for a in circle.actions if a.verb is Verb.ALTER} - replaced
        stuck = {i for i in altered if rules[i.partition(":")[0]].separable} or altered
        if not stuck:
            raise circle
        replaced |= stuck


def _attempt(
    rules: Mapping[str, Rule], request: PlanRequest, replaced: Collection[str]
) -> tuple[list[Action], CircularActions | None]:
    """All actions, with these facts replaced instead of altered; and the circle where there is no way out."""
    view = View(request, fates={})
    alterations = _decide(rules, view, replaced)
    circle = None
    for explicit in (False, True):
        found = _draft(rules, view, alterations, explicit)
        try:
            order(found)
        except CircularActions as error:
            circle = error
        else:
            return found, None
    return [], circle


def _decide(rules: Mapping[str, Rule], view: View, replaced: Collection[str]) -> dict[str, Alteration]:
    """Fill ``view.fates`` until nothing spreads any more; the alterations by identity."""
    spread = _Spread(rules, view)
    for identity in replaced:
        spread.mark(identity, Fate.REPLACE)
    for change in view.request.changes.facts:
        if change.before is None:
            spread.mark(change.id, Fate.CREATE)
        elif change.after is None:
            spread.mark(change.id, Fate.DROP)
    for change in view.request.changes.facts:
        if change.before is not None and change.after is not None:
            spread.alter(change.before, change.after)
    spread.run()
    while spread.reconsidered():
        spread.run()
    altered = {i: a for i, a in spread.alterations.items() if spread.fates.get(i) == Fate.ALTER}
    # Once all fates are known a rule may leave out what happens by itself.
    return {
        i: rules[view.live[i].kind].alter(view.live[i], view.target[i], view) or a for i, a in altered.items()
    }


class _Spread:
    """The work list of :func:`_decide`: fates only ever get worse (alter → replace), so it ends."""

    def __init__(self, rules: Mapping[str, Rule], view: View) -> None:
        self.rules = rules
        self.view = view
        self.fates: dict[str, Fate] = view.fates  # type: ignore[assignment]  # filled here, read elsewhere
        self.alterations: dict[str, Alteration] = {}
        self.queue: list[str] = []

    def mark(self, identity: str, fate: Fate) -> None:
        if self.fates.get(identity) in (Fate.DROP, Fate.REPLACE):
            return
        self.fates[identity] = fate
        self.queue.append(identity)

    def take_down(self, identity: str) -> None:
        self.mark(identity, Fate.REPLACE if identity in self.view.target else Fate.DROP)

    def alter(self, before: Fact, after: Fact) -> None:
        alteration = self.rules[before.kind].alter(before, after, self.view)
        if alteration is None:
            self.mark(before.id, Fate.REPLACE)
        elif self.fates.get(before.id) not in (Fate.DROP, Fate.REPLACE):
            self.fates[before.id] = Fate.ALTER
            self.alterations[before.id] = alteration
            self.queue.append(before.id)

    def reconsidered(self) -> bool:
        """Ask the rules again, now that more is known of the facts around; whether an answer was another."""
        altered = [i for i, fate in self.fates.items() if fate == Fate.ALTER]
        known = {i: self.alterations[i].statements for i in altered}
        for identity in altered:
            self.alter(self.view.live[identity], self.view.target[identity])
        return any(
            self.fates[i] != Fate.ALTER or list(known[i]) != list(self.alterations[i].statements)
            for i in altered
        )

    def run(self) -> None:
        while self.queue:
            identity = self.queue.pop()
            if self.fates[identity] == Fate.ALTER:
                self._displace(identity)
            else:
                self._topple(identity)

    def _displace(self, identity: str) -> None:
        alteration = self.alterations[identity]
        for moved in (identity, *alteration.swaps):
            for dependent in self._standing_on(moved):
                if dependent.id not in alteration.swaps and alteration.displaces(dependent):
                    self.take_down(dependent.id)

    def _standing_on(self, identity: str) -> Iterable[Fact]:
        yield from self.view.live_dependents.get(identity, ())
        yield from self.view.live_parts.get(identity, ())

    def _topple(self, identity: str) -> None:
        """Take down what is part of a vanishing fact and what stands on it, and what has to come along."""
        after = self.view.target.get(identity)
        for other in self.rules[after.kind].along(after, self.view) if after else ():
            self.take_down(other)
        if self.fates[identity] == Fate.CREATE:
            return
        before = self.view.live[identity]
        for other in () if after else self.rules[before.kind].behind(before, self.view):
            self.take_down(other)
        for part in self.view.live_parts.get(identity, ()):
            after = self.view.target.get(part.id)
            moves_out = after is not None and after.parent != identity and self._really_alters(part.id)
            if not moves_out:
                self.take_down(part.id)
        for part in self.view.target_parts.get(identity, ()):
            if part.id not in self.view.live:
                self.fates.setdefault(part.id, Fate.CREATE)
        for dependent in self.view.live_dependents.get(identity, ()):
            if self._must_rebuild(dependent, identity):
                self.take_down(dependent.id)

    def _really_alters(self, identity: str) -> bool:
        return self.fates.get(identity) == Fate.ALTER and not _is_silent(self.alterations[identity])

    def _must_rebuild(self, dependent: Fact, identity: str) -> bool:
        after = self.view.target.get(dependent.id)
        if after is None or self.fates.get(dependent.id) in (Fate.DROP, Fate.REPLACE):
            return False
        if identity not in after.needs and self._really_alters(dependent.id):
            return False  # altered in place until it no longer stands on what goes
        return self.rules[dependent.kind].rebuild(dependent, self.view.live[identity])


def _draft(
    rules: Mapping[str, Rule], view: View, alterations: Mapping[str, Alteration], explicit: bool
) -> list[Action]:
    """All actions; ``explicit`` drops separable parts of a dropped container by actions of their own."""
    creates, silent = _drafts(view, rules, view.target, (Fate.CREATE, Fate.REPLACE), "create")
    drops, _ = _drafts(view, rules, view.live, (Fate.DROP, Fate.REPLACE), "drop")
    by_themselves = _by_parent({fact.id: fact for fact in silent})
    found = [_created(rules, view, fact, draft, by_themselves) for fact, draft in creates]
    implied = {fact.id for fact, _ in drops if _is_implied(rules, view, fact, explicit)}
    for fact, draft in drops:
        if fact.id not in implied:
            found.append(_dropped(rules, view, fact, draft, implied))
    for identity, alteration in alterations.items():
        if not _is_silent(alteration):
            found.append(_altered(rules, view, identity, alteration))
    return found


def _drafts(
    view: View, rules: Mapping[str, Rule], side: Mapping[str, Fact], fates: Collection[Fate], write: str
) -> tuple[list[tuple[Fact, Draft]], list[Fact]]:
    """What the rules write for the facts of one side that no others absorb; and those that are silent."""
    drafts = [
        (side[identity], getattr(rules[side[identity].kind], write)(side[identity], view))
        for identity, fate in view.fates.items()
        if fate in fates
    ]
    absorbed = {part.id for _, draft in drafts for part in draft.absorbs}
    own = [(fact, draft) for fact, draft in drafts if fact.id not in absorbed]
    silent = [fact for fact, draft in own if _is_silent(draft)]
    return [(fact, draft) for fact, draft in own if not _is_silent(draft)], silent


def _is_silent(draft: Draft) -> bool:
    return not draft.statements and not draft.payload


def _is_implied(rules: Mapping[str, Rule], view: View, fact: Fact, explicit: bool) -> bool:
    if not fact.parent or not view.vanishes(fact.parent):
        return False
    return not (explicit and rules[fact.kind].separable and _ties(fact, view))


def _ties(fact: Fact, view: View) -> bool:
    """Whether the fact stands on something of another container that vanishes too: that can make a circle."""
    return any(
        view.vanishes(need) and _container(need, view) != _container(fact.id, view) for need in fact.needs
    )


def _container(identity: str, view: View) -> str:
    fact = view.live.get(identity)
    return _container(fact.parent, view) if fact and fact.parent else identity


def _created(
    rules: Mapping[str, Rule], view: View, fact: Fact, draft: Draft, silent: Mapping[str, list[Fact]]
) -> Action:
    """``silent`` parts come into being with what they are part of, without a word."""
    made = (fact, *draft.absorbs)
    produces = {f.id for f in chain(made, *(silent.get(f.id, ()) for f in made))}
    return _action(
        view,
        fact,
        draft,
        Verb.CREATE,
        rank=rules[fact.kind].rank,
        produces=sorted(produces | _slots(rules, made) | set(draft.provides)),
        needs=sorted((_stands_on(made) | set(draft.needs)) - produces),
    )


def _dropped(
    rules: Mapping[str, Rule], view: View, fact: Fact, draft: Draft, implied: Collection[str]
) -> Action:
    gone = [*_taken_along(view, fact, implied)]
    for part in draft.absorbs:
        gone += _taken_along(view, part, implied)
    destroys = {f.id for f in gone}
    return _action(
        view,
        fact,
        draft,
        Verb.DROP,
        rank=-rules[fact.kind].rank,
        destroys=sorted(destroys | _slots(rules, gone)),
        produces=sorted(draft.provides),
        needs=sorted(draft.needs),
        releases=sorted(_stands_on(gone) - destroys),
    )


def _slots(rules: Mapping[str, Rule], facts: Iterable[Fact]) -> set[str]:
    return {slot for fact in facts for slot in rules[fact.kind].slots(fact)}


def _stands_on(facts: Iterable[Fact]) -> set[str]:
    return {need for fact in facts for need in (*fact.needs, fact.parent) if need}


def _taken_along(view: View, fact: Fact, implied: Collection[str]) -> list[Fact]:
    """The fact and all its parts that vanish with it without an action of their own."""
    found = [fact]
    for part in view.live_parts.get(fact.id, ()):
        if part.id in implied:
            found += _taken_along(view, part, implied)
    return found


def _altered(rules: Mapping[str, Rule], view: View, identity: str, alteration: Alteration) -> Action:
    before, after = view.live[identity], view.target[identity]
    moved = sorted({identity, *alteration.swaps})
    displaced = alteration.swaps or _displaces_any(view, identity, alteration)
    return _action(
        view,
        after,
        alteration,
        Verb.ALTER,
        rank=rules[after.kind].rank,
        produces=[*moved, *alteration.provides],
        destroys=moved if displaced else [],
        needs=sorted((_stands_on([after]) | set(alteration.needs)) - set(moved)),
        releases=sorted(_stands_on([before]) - _stands_on([after]) - set(moved)),
    )


def _displaces_any(view: View, identity: str, alteration: Alteration) -> bool:
    around = (*view.live_dependents.get(identity, ()), *view.live_parts.get(identity, ()))
    return any(view.vanishes(fact.id) and alteration.displaces(fact) for fact in around)


def _action(view: View, fact: Fact, draft: Draft, verb: Verb, *, rank: int, **ordering: Any) -> Action:
    return Action(
        resource=view.request.resource,
        verb=verb,
        subject=fact.id,
        summary=draft.summary or f"{verb} {fact.kind} {fact.name}",
        statements=tuple(draft.statements),
        payload=dict(draft.payload),
        undo=tuple(draft.undo),
        hazards=tuple(draft.hazards),
        lock=draft.lock,
        rows=draft.rows,
        bytes=draft.bytes,
        transactional=draft.transactional,
        secrets=dict(draft.secrets),
        rank=rank if draft.rank is None else draft.rank,
        **{name: tuple(value) for name, value in ordering.items()},
    )
