"""Archived tables that a target wants: taken as live ones, and what moves them back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.model import Action, DataMode, Fact, FactChange, Verb
from snapstore_postgres import archive
from snapstore_postgres.names import last, parts, quote


def take_back(
    request: PlanRequest, slots: Callable[[Fact], Sequence[str]]
) -> tuple[PlanRequest, list[Action]]:
    """The request, with the archived tables that the target wants as live ones, and what moves them back.
    ``slots`` are the names that a fact takes besides its own."""
    if request.options.data is DataMode.DISCARD:
        return request, []
    newest = {e.identity: e for e in archive.entries(request.live_hints) if e.kind == "table"}
    back = [e for i, e in newest.items() if i in request.target and i not in request.live]
    if not back:
        return request, []
    live = dict(request.live)
    for entry in back:
        live.update({fact.id: fact for fact in _facts(entry)})
    changes = [
        FactChange(identity, live.get(identity), request.target.get(identity))
        for identity in sorted(live.keys() | request.target.keys())
        if live.get(identity) != request.target.get(identity)
    ]
    changed = msgspec.structs.replace(request.changes, facts=changes)
    return msgspec.structs.replace(request, live=live, changes=changed), [
        _moved_back(request, entry, slots) for entry in back
    ]


def _facts(entry: archive.Entry) -> list[Fact]:
    return msgspec.convert(entry.facts, list[Fact])


def _moved_back(request: PlanRequest, entry: archive.Entry, slots: Callable[[Fact], Sequence[str]]) -> Action:
    facts = _facts(entry)
    name = entry.identity.partition(":")[2]
    schema = parts(name)[0]
    return Action(
        resource=request.resource,
        verb=Verb.CREATE,
        subject=entry.identity,
        summary=f"take table {name} with its rows back from the archive",
        statements=(
            f"ALTER TABLE {quote(entry.place)}.{last(name)} SET SCHEMA {schema}",
            f"DROP SCHEMA {quote(entry.place)}",
            archive.returned(entry),
        ),
        produces=(_token(entry), *(n for fact in facts for n in (fact.id, *slots(fact)))),
        needs=(f"schema:{schema}",),
        transactional=True,
        rank=-900,
    )


def _token(entry: archive.Entry) -> str:
    return f"archive:{entry.place}"


def after_return(request: PlanRequest, back: Sequence[Action], actions: Sequence[Action]) -> list[Action]:
    """The actions that take tables back and the others, each that works on such a table waiting for it."""
    waits: dict[str, str] = {}
    newest = {e.identity: e for e in archive.entries(request.live_hints) if e.kind == "table"}
    for entry in newest.values():
        waits.update({fact.id: _token(entry) for fact in _facts(entry)})
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
    return msgspec.structs.replace(kept, needs=(*kept.needs, *needs)) if needs else kept


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
