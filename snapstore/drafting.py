"""From the fates of facts to actions: rules write drafts, and what those stand on declares their order.

A container's creation may absorb its parts, and a dropped container takes its parts along. Where that makes
actions wait for each other in a circle, it is taken apart (see ``circles``). Where that does not help, what
would be altered is dropped and created again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any, TypeAlias

from snapstore.adapter import PlanRequest
from snapstore.circles import halved, in_halves, loosened, slots
from snapstore.fates import decide
from snapstore.model import Action, Fact, Json, Verb
from snapstore.ordering import CircularActions, order
from snapstore.rules import Alteration, Draft, Fate, Rule, View, is_silent

_NAMED = 3
_SHORT = 40
"""How many changes, and characters of a value, a summary tells."""

Finish: TypeAlias = Callable[[list[Action]], list[Action]]


def actions(
    rules: Mapping[str, Rule],
    request: PlanRequest,
    anew: Collection[str] = (),
    finish: Finish = lambda actions: actions,
) -> list[Action]:
    """The actions that lead from the live facts to the target facts. KeyError for a kind without a rule.

    The facts of ``anew`` are replaced even where they could be altered or need no change. ``finish`` makes
    all that has to be done of what the rules wrote; no circle is left in that.
    """
    replaced = set(anew)
    while True:
        view = View(request, fates={})
        alterations = decide(rules, view, replaced)
        try:
            return _without_circles(rules, view, alterations, finish)
        except CircularActions as error:
            altered = _altered_in(error, alterations)
            if not altered:
                raise
            replaced |= _separable(rules, view, altered) or altered


def _without_circles(
    rules: Mapping[str, Rule], view: View, alterations: Mapping[str, Alteration], finish: Finish
) -> list[Action]:
    while True:
        found = finish(_draft(rules, view, alterations))
        try:
            order(found)
        except CircularActions as error:
            if loosened(rules, view, error.circles):
                continue
            anew = _separable(rules, view, _altered_in(error, alterations))
            if anew or not halved(rules, view, error.circles):
                raise
        else:
            return found


def _altered_in(error: CircularActions, alterations: Mapping[str, Alteration]) -> set[str]:
    return {a.subject for a in chain(*error.circles) if a.verb is Verb.ALTER} & alterations.keys()


def _separable(rules: Mapping[str, Rule], view: View, identities: Iterable[str]) -> set[str]:
    facts = [view.live[identity] for identity in identities]
    return {fact.id for fact in facts if rules[fact.kind].separable(fact, view)}


def _draft(rules: Mapping[str, Rule], view: View, alterations: Mapping[str, Alteration]) -> list[Action]:
    creates, silent = _drafts(view, rules, view.target, (Fate.CREATE, Fate.REPLACE), "create")
    drops, ends = _drafts(view, rules, view.live, (Fate.DROP, Fate.REPLACE), "drop")
    come, go = _by_parent(silent), _by_parent(ends)
    found = [_created(rules, view, fact, draft, come) for fact, draft in creates]
    implied = {fact.id for fact, _ in drops if _is_implied(view, fact)}
    for fact, draft in drops:
        if fact.id not in implied:
            found.append(_dropped(rules, view, fact, draft, implied, go))
    for identity, alteration in alterations.items():
        if not is_silent(alteration):
            found.append(_altered(rules, view, identity, alteration))
    return in_halves(rules, view, found)


def _by_parent(facts: Iterable[Fact]) -> dict[str, list[Fact]]:
    found: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        found[fact.parent or ""].append(fact)
    return found


# -- drafts ------------------------------------------------------------------------------------------------


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
    silent = [fact for fact, draft in own if is_silent(draft)]
    return [(fact, draft) for fact, draft in own if not is_silent(draft)], silent


def _is_implied(view: View, fact: Fact) -> bool:
    return bool(fact.parent) and view.vanishes(fact.parent or "") and fact.id not in view.apart.going


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
        produces=sorted(produces | slots(rules, made) | set(draft.provides)),
        needs=sorted((_stands_on(made) | set(draft.needs)) - produces),
    )


def _dropped(
    rules: Mapping[str, Rule],
    view: View,
    fact: Fact,
    draft: Draft,
    implied: Collection[str],
    silent: Mapping[str, list[Fact]],
) -> Action:
    """``silent`` parts cease to be with what they are part of, without a word."""
    gone = [*_taken_along(view, fact, implied)]
    for part in draft.absorbs:
        gone += _taken_along(view, part, implied)
    destroys = {f.id for f in chain(gone, *(silent.get(f.id, ()) for f in gone))}
    return _action(
        view,
        fact,
        draft,
        Verb.DROP,
        rank=-rules[fact.kind].rank,
        destroys=sorted(destroys | slots(rules, gone)),
        produces=sorted(draft.provides),
        needs=sorted(draft.needs),
        releases=sorted(_stands_on(gone) - destroys),
    )


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
    by_itself = not alteration.follows
    displaced = by_itself and (alteration.swaps or _displaces_any(view, identity, alteration))
    was, now = slots(rules, [before]), slots(rules, [after])
    gone = (fact for fact in alteration.behind if view.vanishes(fact))
    how = replace(alteration, summary=alteration.summary or _in_short(before, after))
    return _action(
        view,
        after,
        how,
        Verb.ALTER,
        rank=rules[after.kind].rank,
        produces=[*moved, *gone, *alteration.provides, *sorted(now - was)],
        destroys=[*(moved if displaced else ()), *sorted(was - now)],
        needs=sorted((_stands_on([after]) | set(alteration.needs)) - set(moved)),
        releases=sorted(_stands_on([before]) - _stands_on([after]) - set(moved)),
    )


def _in_short(before: Fact, after: Fact) -> str:
    """``alter column public.users.score (type bigint → integer, not null)``"""
    keys = sorted(before.attrs.keys() | after.attrs.keys())
    changed = [key for key in keys if before.attrs.get(key) != after.attrs.get(key)]
    said = [_change(key, before.attrs.get(key), after.attrs.get(key)) for key in changed[:_NAMED]]
    more = ["…"] if len(changed) > _NAMED else []
    told = f" ({', '.join([*said, *more])})" if said else ""
    return f"{Verb.ALTER} {after.kind} {after.name}{told}"


def _change(key: str, old: Json, new: Json) -> str:
    """Values only where both are words: whatever is sealed is none, and texts are in the statements."""
    words = all(isinstance(value, str) and len(value) <= _SHORT and "\n" not in value for value in (old, new))
    return f"{key.replace('_', ' ')} {old} → {new}" if words else key.replace("_", " ")


def _displaces_any(view: View, identity: str, alteration: Alteration) -> bool:
    around = (
        fact
        for whole in (identity, *alteration.reaches)
        for fact in (*view.live_dependents.get(whole, ()), *view.live_parts.get(whole, ()))
    )
    others = (fact for fact in around if fact.id not in alteration.behind)
    return any(view.vanishes(fact.id) and alteration.displaces(fact) for fact in others)


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
