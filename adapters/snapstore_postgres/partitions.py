"""Partitions that are detached in a plan: what recursion would reach has to wait until it no longer does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, Verb
from snapstore_postgres.relations import detached

_RECURSIVE = ("column", "constraint", "index")
"""Kinds whose statements on a parent reach its partitions, and may not be changed in an attached one."""


def after_detaching(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, those on a detached partition and on what it was part of waiting for the detaching."""
    waits: dict[str, set[str]] = {}
    for action in actions:
        if action.verb is Verb.DROP and action.subject.startswith("partition:"):
            name = action.subject.partition(":")[2]
            for table in (name, *_ancestors(name, request.live)):
                waits.setdefault(f"table:{table}", set()).add(detached(name))
    return [_waiting(action, request, waits) for action in actions] if waits else list(actions)


def _ancestors(table: str, side: Mapping[str, Fact]) -> Iterator[str]:
    attachment = side.get(f"partition:{table}")
    if attachment is not None:
        yield attachment.attrs["of"]
        yield from _ancestors(attachment.attrs["of"], side)


def _waiting(action: Action, request: PlanRequest, waits: Mapping[str, set[str]]) -> Action:
    fact = request.live.get(action.subject) or request.target.get(action.subject)
    tokens = waits.get(fact.parent or "") if fact and fact.kind in _RECURSIVE else None
    if not tokens:
        return action
    return msgspec.structs.replace(action, needs=tuple(sorted({*action.needs, *tokens})))
