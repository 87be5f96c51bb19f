"""How circles of actions are taken apart: which facts get actions of their own, and which get two."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain

from msgspec import structs

from snapstore.model import Action, Fact, Verb
from snapstore.rules import Halves, Rule, View


def loosened(rules: Mapping[str, Rule], view: View, circles: Sequence[Sequence[Action]]) -> bool:
    """Note in ``view.apart`` what of all circles is to come or go by itself. Whether any of it is new."""
    actions = list(chain(*circles))
    gone = (view.live[i] for a in actions for i in a.destroys if i != a.subject and i in view.live)
    made = (view.target[i] for a in actions for i in a.produces if i != a.subject and i in view.target)
    going: set[str] = set()
    for fact in gone:
        if _ties(fact, view.live, view.vanishes):
            _let_go(rules, fact, view, going)
    coming = {i for f in made if _ties(f, view.target, view.appears) for i in _separable(rules, f, view)}
    if going <= view.apart.going and coming <= view.apart.coming:
        return False
    view.apart.going |= going
    view.apart.coming |= coming
    return True


def _let_go(rules: Mapping[str, Rule], fact: Fact, view: View, going: set[str]) -> None:
    """Note the fact, where it is separable, and what of the same container stands on it."""
    for identity in _separable(rules, fact, view):
        if identity not in going:
            going.add(identity)
            for dependent in view.live_dependents.get(identity, ()):
                if _container(dependent.id, view.live) == _container(identity, view.live):
                    _let_go(rules, dependent, view, going)


def _separable(rules: Mapping[str, Rule], fact: Fact, view: View) -> Collection[str]:
    return rules[fact.kind].separable(fact, view)


def _ties(fact: Fact, side: Mapping[str, Fact], moves: Callable[[str], bool]) -> bool:
    """Whether the fact stands on something of another container that comes or goes too: that can make a
    circle."""
    own = _container(fact.id, side)
    return any(moves(need) and _container(need, side) != own for need in fact.needs)


def _container(identity: str, side: Mapping[str, Fact]) -> str:
    fact = side.get(identity)
    return _container(fact.parent, side) if fact and fact.parent else identity


def halved(rules: Mapping[str, Rule], view: View, circles: Sequence[Sequence[Action]]) -> bool:
    """Note in ``view.apart`` one of each circle that is to be made, or to go, in two steps. Whether there is
    any."""
    return sum(_halved(rules, view, circle) for circle in circles) > 0


def _halved(rules: Mapping[str, Rule], view: View, circle: Sequence[Action]) -> bool:
    """Whether there is one in the circle that can still be made, or go, in two steps; it is noted."""
    for action in circle:
        if action.verb is Verb.CREATE:
            known, fact = view.apart.made, view.target.get(action.subject)
        elif action.verb is Verb.DROP:
            known, fact = view.apart.gone, view.live.get(action.subject)
        else:
            continue
        halves = rules[fact.kind].halves(fact, view) if fact and fact.id not in known else None
        if halves is not None:
            known[action.subject] = halves
            if known is view.apart.made:
                content = view.apart.content_with_bare.setdefault(action.subject, set())
                content.update(other.subject for other in circle if other.subject != action.subject)
            return True
    return False


# -- in two steps ------------------------------------------------------------------------------------------

_AT_ONCE = -3000
"""The rank of what completes something bare: nobody else should see it so."""


def in_halves(rules: Mapping[str, Rule], view: View, actions: Iterable[Action]) -> list[Action]:
    """The actions, with two for each fact that is to be made, or to go, in two steps."""
    found = (half for action in actions for half in _halves(rules, view, action))
    return [_content_with_bare(view, action) for action in found] if view.apart.made else list(found)


def _halves(rules: Mapping[str, Rule], view: View, action: Action) -> Iterable[Action]:
    if action.verb is Verb.CREATE and action.subject in view.apart.made:
        fact = view.target[action.subject]
        return _made_in_halves(action, fact, view.apart.made[fact.id], slots(rules, [fact]))
    if action.verb is Verb.DROP and action.subject in view.apart.gone:
        return _gone_in_halves(action, view.live[action.subject], view.apart.gone[action.subject])
    return (action,)


def _made_in_halves(action: Action, fact: Fact, halves: Halves, slots: Collection[str]) -> Iterator[Action]:
    yield structs.replace(
        action,
        summary=f"{action.summary}, not yet with all it stands on",
        statements=tuple(halves.bare),
        produces=(_bare(fact.id), *sorted(slots)),
        needs=tuple(sorted(halves.needs)),
    )
    yield structs.replace(
        action,
        verb=Verb.ALTER,
        summary=f"complete {fact.kind} {fact.name}",
        statements=tuple(halves.completed),
        undo=(),
        produces=tuple(name for name in action.produces if name not in slots),
        needs=(*action.needs, _bare(fact.id)),
        rank=_AT_ONCE,
    )


def _gone_in_halves(action: Action, fact: Fact, halves: Halves) -> Iterator[Action]:
    yield structs.replace(
        action,
        verb=Verb.ALTER,
        summary=f"take off {fact.kind} {fact.name} what it stands on",
        statements=tuple(halves.stripped),
        undo=(),
        produces=(_stripped(fact.id),),
        destroys=(),
        releases=tuple(name for name in action.releases if name not in halves.needs),
    )
    yield structs.replace(
        action,
        needs=(*action.needs, _stripped(fact.id)),
        releases=tuple(name for name in action.releases if name in halves.needs),
    )


def _content_with_bare(view: View, action: Action) -> Action:
    """The action; what is in a circle with something made in two steps takes that as soon as it is there."""
    content = view.apart.content_with_bare
    needs = (_bare(i) if action.subject in content.get(i, ()) else i for i in action.needs)
    return structs.replace(action, needs=tuple(needs))


def _bare(identity: str) -> str:
    return f"bare:{identity}"


def _stripped(identity: str) -> str:
    return f"stripped:{identity}"


def slots(rules: Mapping[str, Rule], facts: Iterable[Fact]) -> set[str]:
    return {slot for fact in facts for slot in rules[fact.kind].slots(fact)}
