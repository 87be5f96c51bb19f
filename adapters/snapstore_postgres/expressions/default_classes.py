"""What is made behind the default operator classes that it uses without a word.

``GROUP BY``, ``DISTINCT``, a partition key, statistics and much else compare by the default class of a type.
The server keeps a dependency on the class, on its operators, or on nothing at all; and where the class is not
there yet, or still there, it takes another one without a word: a type that is cast to one of its own kind has
that one's. This orders actions only where nothing else does: what would make a circle is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Action, Fact, Verb
from snapstore.ordering import softly
from snapstore_postgres.expressions.immutable import made
from snapstore_postgres.expressions.reaching import types_below
from snapstore_postgres.expressions.resolution import PRINTED

_COMPARING = {*PRINTED, "statistics", "aggregate"}


def behind_classes(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, each that makes what may use a class behind its coming, or behind its going for good."""
    coming = {f.id: f for a in actions for f in _default_classes(a.produces, request.target)}
    going = {
        _gone(f): f for a in actions for f in _default_classes(a.destroys, request.live) if f.id not in coming
    }
    changing = {name: fact.attrs["type"] for name, fact in (coming | going).items()}
    if not changing:
        return list(actions)
    wanted: dict[str, set[str]] = {}
    for action in actions:
        if action.verb is not Verb.DROP:
            wanted.setdefault(action.subject, set()).update(_used(action, request, changing))
    return softly([_telling(action, request.live, going) for action in actions], wanted)


def _default_classes(identities: Iterable[str], side: Facts) -> list[Fact]:
    found = (side[i] for i in identities if i.startswith("operator_class:") and i in side)
    return [fact for fact in found if fact.attrs.get("default")]


def _used(action: Action, request: PlanRequest, changing: Mapping[str, str]) -> set[str]:
    facts = [fact for fact in made(action, request) if fact.kind in _COMPARING]
    types = types_below(facts, request.target) if facts else set()
    return {name for name, of in changing.items() if of in types}


def _telling(action: Action, live: Facts, going: Mapping[str, Fact]) -> Action:
    told = [_gone(fact) for fact in _default_classes(action.destroys, live) if _gone(fact) in going]
    return structs.replace(action, produces=(*action.produces, *told)) if told else action


def _gone(fact: Fact) -> str:
    return f"gone:{fact.id}"
