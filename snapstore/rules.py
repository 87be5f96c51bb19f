"""From changed facts to actions, by a table of rules: one entry per kind of fact.

The adapter says, kind by kind, how one fact is created, dropped and altered. What follows from that for
everything else is worked out here, once: what stands on a replaced fact is taken down and put back, what is
part of it comes and goes with it, and every action declares what it produces, needs, releases and destroys.

``fates`` decides what becomes of each fact, ``drafting`` makes actions of that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts, Groups
from snapstore.model import Fact, Hazard, Json, SealedRef


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
    taken down before it and put back after, and those that stand on the parts which it ``reaches``; ``swaps``
    are facts that are altered by the same operation. Where it ``follows``, another one's alteration does what
    has to be done. It comes between all that goes and comes on what it alters, where it displaces any of it;
    ``behind`` are those of which it is enough to come behind them."""

    displaces: Callable[[Fact], bool] = lambda dependent: False
    swaps: Sequence[str] = ()
    reaches: Sequence[str] = ()
    follows: bool = False
    behind: Sequence[str] = ()


NOTHING = Draft()


def is_silent(draft: Draft) -> bool:
    return not draft.statements and not draft.payload


@dataclass(frozen=True)
class Halves:
    """Statements for a fact in two steps, where in one it would be part of a circle. ``bare`` makes it
    without some of what it stands on, so that it only ``needs`` the rest, and ``completed`` adds that; before
    it goes, ``stripped`` takes it off again."""

    bare: Sequence[str]
    completed: Sequence[str]
    stripped: Sequence[str]
    needs: Collection[str]


@dataclass(frozen=True)
class Rule:
    """How facts of one kind change. ``alter`` gives None where the fact has to be replaced.

    ``rank`` breaks ties between actions that do not depend on each other (drops run in reverse rank).
    ``slots`` are names that it shares with facts of other kinds: of two with the same slot, one has to go
    before the other can come.
    ``separable`` gives the facts that come or go before or after their containers, each by an action of its
    own, where all at once would make a circle: a fact, and what can only go with it; ``halves`` how to do in
    two steps what makes one by itself.
    ``rebuild`` says whether a fact of this kind has to be rebuilt when ``on``, which it needs, is replaced.
    ``along`` are facts that have to be replaced where this one is created, anew or again, though they do
    not stand on it; ``behind`` those where it goes for good.
    """

    create: Callable[[Fact, View], Draft]
    drop: Callable[[Fact, View], Draft]
    alter: Callable[[Fact, Fact, View], Alteration | None] = lambda before, after, view: None
    rank: int = 0
    separable: Callable[[Fact, View], Collection[str]] = lambda fact, view: ()
    halves: Callable[[Fact, View], Halves | None] = lambda fact, view: None
    slots: Callable[[Fact], Sequence[str]] = lambda fact: ()
    rebuild: Callable[[Fact, Fact], bool] = lambda dependent, on: True
    along: Callable[[Fact, View], Iterable[str]] = lambda fact, view: ()
    behind: Callable[[Fact, View], Iterable[str]] = lambda fact, view: ()


def by_itself(fact: Fact, view: View) -> tuple[str, ...]:
    """For what is separable without more ado."""
    return (fact.id,)


@dataclass
class Apart:
    """What gets actions of its own, or two of them, so that no circle is left; found out while drafting."""

    coming: set[str] = field(default_factory=set)
    going: set[str] = field(default_factory=set)
    made: dict[str, Halves] = field(default_factory=dict)
    gone: dict[str, Halves] = field(default_factory=dict)
    content_with_bare: dict[str, set[str]] = field(default_factory=dict)
    """What was in a circle with something ``made`` in halves, by the identity of that."""


@dataclass(frozen=True)
class View:
    """What a rule may look at besides its own fact: both sides, and what becomes of the other facts."""

    request: PlanRequest
    fates: Mapping[str, Fate]
    apart: Apart = field(default_factory=Apart)
    memo: dict[str, Any] = field(default_factory=dict)
    """What rules work out once for a plan."""

    @property
    def live(self) -> Facts:
        return self.request.live

    @property
    def target(self) -> Facts:
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

    @property
    def live_parts(self) -> Groups:
        return self.request.live.parts

    @property
    def target_parts(self) -> Groups:
        return self.request.target.parts

    @property
    def live_dependents(self) -> Groups:
        """The facts that need an identity, by that identity."""
        return self.request.live.dependents

    @property
    def target_dependents(self) -> Groups:
        return self.request.target.dependents

    @property
    def live_kinds(self) -> Groups:
        return self.request.live.kinds

    def either(self, identity: str) -> Fact | None:
        """The fact as it will be, or as it is where it goes."""
        return self.target.get(identity) or self.live.get(identity)
