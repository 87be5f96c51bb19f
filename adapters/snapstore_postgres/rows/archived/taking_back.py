"""Archived tables that a target wants: taken as live ones, and what moves them back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, FactChange, Verb
from snapstore_postgres.names import parts
from snapstore_postgres.rows.archived.returning import Returning, returning


def take_back(
    request: PlanRequest, slots: Callable[[Fact], Sequence[str]]
) -> tuple[PlanRequest, list[Action]]:
    """The request, with the archived tables that the target wants as live ones, and what moves them back.
    ``slots`` are the names that a fact takes besides its own."""
    request, back = returning(request)
    if not back:
        return request, []
    held = _held(request, slots)
    back = [_without_namesakes(table, held, slots) for table in back]
    live = dict(request.live)
    for table in back:
        live.update({fact.id: fact for fact in table.facts})
    changes = [
        FactChange(identity, live.get(identity), request.target.get(identity))
        for identity in sorted(live.keys() | request.target.keys())
        if live.get(identity) != request.target.get(identity)
    ]
    changed = msgspec.structs.replace(request.changes, facts=changes)
    return msgspec.structs.replace(request, live=live, changes=changed), [
        _moved_back(request, table, slots) for table in back
    ]


_NAMED_AS_RELATIONS = ("table", "view", "matview", "sequence", "index", "constraint")


def _held(request: PlanRequest, slots: Callable[[Fact], Sequence[str]]) -> AbstractSet[str]:
    """The identities of live indexes, and the names of relations that have these now and in the target."""
    found = {fact.id for fact in request.live.kinds.get("index", ())}
    for kind in _NAMED_AS_RELATIONS:
        staying = (fact for fact in request.live.kinds.get(kind, ()) if fact.id in request.target)
        found.update(slot for fact in staying for slot in slots(fact))
    return found


def _without_namesakes(
    table: Returning, held: AbstractSet[str], slots: Callable[[Fact], Sequence[str]]
) -> Returning:
    """The table without its indexes and keys whose names others have by now."""
    own = (fact for fact in table.facts if fact.kind in ("index", "constraint"))
    left = [f for f in own if not held.isdisjoint((f.id, *slots(f)))]
    gone = {fact.id for fact in left}
    while more := {f.id for f in table.facts if not gone.isdisjoint((f.parent, *f.needs))} - gone:
        gone |= more
    return table._replace(facts=[fact for fact in table.facts if fact.id not in gone], left=left)


def _moved_back(request: PlanRequest, table: Returning, slots: Callable[[Fact], Sequence[str]]) -> Action:
    name = table.identity.partition(":")[2]
    return Action(
        resource=request.resource,
        verb=Verb.CREATE,
        subject=table.identity,
        summary=f"take table {name} with its rows back from the archive",
        statements=tuple(table.statements),
        payload={_RETURNED: [fact.id for fact in table.facts]},
        produces=(_FROM + table.entry.place, *(n for f in table.facts for n in (f.id, *slots(f)))),
        needs=(f"schema:{parts(name)[0]}",),
        transactional=True,
        rank=-900,
    )


_RETURNED = "returned"
"""Key of the payload of what takes a table back, while it is planned: the facts that come."""
_FROM = "archive:"
"""What begins the tokens that say: the table of this place is back."""


def comes_back(table: str, actions: Sequence[Action]) -> bool:
    """Whether a table, given by identity, is taken back by one of the actions."""
    return any(a.subject == table and place_of_return(a) is not None for a in actions)


def place_of_return(action: Action) -> str | None:
    """Where the table that an action takes back lies; None where it takes none."""
    return next((p.removeprefix(_FROM) for p in action.produces if p.startswith(_FROM)), None)


def after_return(back: Sequence[Action], actions: Sequence[Action]) -> list[Action]:
    """The actions that take tables back and the others, each that works on such a table waiting for it."""
    waits = {identity: action.produces[0] for action in back for identity in action.payload[_RETURNED]}
    gone: dict[str, set[str]] = defaultdict(set)
    for action in actions:
        for token in {waits[identity] for identity in action.destroys if identity in waits}:
            gone[token].update(action.destroys)
    slots = {name for action in back for name in action.produces if name not in waits}
    others = [_freeing(action, slots, waits) for action in actions]
    freed = {token for action in others for token in action.produces if token.startswith(_FREED)}
    return [
        *(_after_namesakes(action, _only_for_now(action, gone), freed) for action in back),
        *(_waiting(action, waits) for action in others),
    ]


_FREED = "freed:"
"""What begins the tokens that say: nothing has this name any more, of all that is not from the archive."""


def _freeing(action: Action, slots: Collection[str], waits: Mapping[str, str]) -> Action:
    freed = tuple(_FREED + name for name in action.destroys if name in slots)
    if not freed or _tokens(action, waits):
        return action
    return msgspec.structs.replace(action, produces=(*action.produces, *freed))


def _after_namesakes(action: Action, kept: Action, freed: Collection[str]) -> Action:
    """What is taken back comes when its names are free, even where it does not stay."""
    needs = tuple(_FREED + name for name in action.produces if _FREED + name in freed)
    return msgspec.structs.replace(kept, needs=(*kept.needs, *needs), payload={})


def _only_for_now(action: Action, gone: Mapping[str, Collection[str]]) -> Action:
    """What is made anew of that which came back, a column or all of it, is brought into being by that."""
    taken = {identity for token in action.produces for identity in gone.get(token, ())}
    kept = tuple(identity for identity in action.produces if identity not in taken)
    return msgspec.structs.replace(action, produces=kept)


def _waiting(action: Action, waits: Mapping[str, str]) -> Action:
    tokens = _tokens(action, waits)
    return msgspec.structs.replace(action, needs=(*action.needs, *tokens)) if tokens else action


def _tokens(action: Action, waits: Mapping[str, str]) -> list[str]:
    touched = (action.subject, *action.produces, *action.destroys, *action.needs, *action.releases)
    return sorted({waits[identity] for identity in touched if identity in waits})
