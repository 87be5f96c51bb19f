"""What becomes of each fact: from what has changed to all that has to go, come or change with it.

A changed fact is created, dropped, altered or, where its rule cannot alter, replaced. Then fates spread: what
is part of something replaced or dropped shares its fate, and what stands on it is rebuilt, as is what stands
on a fact whose alteration *displaces* dependents.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from snapstore.model import Fact
from snapstore.rules import Alteration, Fate, Rule, View, is_silent


def decide(rules: Mapping[str, Rule], view: View, replaced: Collection[str]) -> dict[str, Alteration]:
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
    """The work list of :func:`decide`: fates only ever get worse (alter → replace), so it ends."""

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
        for moved in (identity, *alteration.swaps, *alteration.reaches):
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
        if self.fates.get(identity) != Fate.ALTER:
            return False
        alteration = self.alterations[identity]
        return alteration.follows or not is_silent(alteration)

    def _must_rebuild(self, dependent: Fact, identity: str) -> bool:
        after = self.view.target.get(dependent.id)
        if after is None or self.fates.get(dependent.id) in (Fate.DROP, Fate.REPLACE):
            return False
        if identity not in after.needs and self._really_alters(dependent.id):
            return False  # altered in place until it no longer stands on what goes
        return self.rules[dependent.kind].rebuild(dependent, self.view.live[identity])
