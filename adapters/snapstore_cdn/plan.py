"""Changed facts to actions, one for each."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.model import Action, FactChange, Hazard, HazardName, Json, Verb
from snapstore_cdn.comparing import beyond, owed, plain
from snapstore_cdn.provider import Traits, traits
from snapstore_cdn.sealing import secrets
from snapstore_cdn.wording import lines, named

__all__ = ["beyond", "plan"]

_VERBS = {Verb.CREATE: "create", Verb.DROP: "remove", Verb.ALTER: "change"}


def plan(request: PlanRequest) -> list[Action]:
    known = traits(request.settings)
    changes = owed(request.changes, request.live_hints, request.target_hints)
    return [_action(request, change, known) for change in changes if not known.goes_by_itself(plain(change))]


def _action(request: PlanRequest, change: FactChange, known: Traits) -> Action:
    """What cannot be done is said beforehand, and nothing is done about it."""
    one = plain(change, *(_version(hints, change) for hints in (request.live_hints, request.target_hints)))
    obstacle = known.obstacle(one, request.live_hints)
    verb = Verb.CREATE if change.before is None else Verb.DROP if change.after is None else Verb.ALTER
    text = f"{_VERBS[verb]} {named(change.id)}"
    if obstacle is not None:
        hazard = Hazard(HazardName.UNVERIFIABLE, f"{change.id}: {obstacle}")
        return Action(
            request.resource, Verb.ALTER, change.id, f"cannot {text}: {obstacle}", hazards=(hazard,)
        )
    return Action(
        resource=request.resource,
        verb=verb,
        subject=change.id,
        summary=text,
        statements=tuple(lines(change.before, change.after)),
        undo=tuple(lines(change.after, change.before)),
        payload=msgspec.structs.asdict(one),
        produces=(change.id,) if change.after is not None else (),
        destroys=(change.id,) if change.after is None else (),
        needs=change.after.needs if change.after is not None else (),
        releases=change.before.needs if change.before is not None else (),
        hazards=tuple(known.hazards(one)),
        secrets={**secrets(change.after), **secrets(change.before)},
        rank=known.rank(one),
    )


def _version(hints: Mapping[str, Json], change: FactChange) -> str | None:
    """That of the fact; of one that is not there, that of what it would be a part of."""
    versions: Mapping[str, str] = hints.get("versions", {})
    return versions.get(change.id) or versions.get(change.id.partition(":")[2].partition("/")[0])
