"""Changed facts to actions, one for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.errors import some
from snapstore.model import Action, FactChange, Hazard, HazardName, Json, Verb
from snapstore_cdn.comparing import beyond, has_told, owed, plain, unknown
from snapstore_cdn.provider import Traits, traits
from snapstore_cdn.sealing import secrets
from snapstore_cdn.wording import lines, named

__all__ = ["beyond", "plan"]

_NAMED = 5
_VERBS = {Verb.CREATE: "create", Verb.DROP: "remove", Verb.ALTER: "change"}


def plan(request: PlanRequest) -> list[Action]:
    known = traits(request.settings)
    sides = (request.changes, request.live_hints, request.target_hints)
    due = [change for change in owed(*sides) if not known.goes_by_itself(plain(change))]
    actions = [_action(request, change, known) for change in due]
    return [*actions, *(_left(request, *group) for group in unknown(*sides).items())]


def _left(request: PlanRequest, group: str, ids: Sequence[str]) -> Action:
    """It is said beforehand, and nothing is done."""
    text = f"{some(ids, _NAMED)}: the snapshot was taken without any {named(group)}, so it stays as it is"
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=group,
        summary=f"leave {named(group)} alone",
        hazards=(Hazard(HazardName.UNVERIFIABLE, text),),
    )


def _action(request: PlanRequest, change: FactChange, known: Traits) -> Action:
    """What cannot be done is said beforehand, and nothing is done about it."""
    one = plain(change, *(_version(hints, change) for hints in (request.live_hints, request.target_hints)))
    obstacle = known.obstacle(one, request.live_hints) or _untold(change, request.live_hints)
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


def _untold(change: FactChange, live: Mapping[str, Json]) -> str | None:
    """What nobody is told of cannot be written either."""
    if change.before is not None or has_told(live, change.id):
        return None
    return "nobody is told of any there, which a plan or the permissions of the key may be the reason for"


def _version(hints: Mapping[str, Json], change: FactChange) -> str | None:
    """That of the fact; of one that is not there, that of what it would be a part of."""
    versions: Mapping[str, str] = hints.get("versions", {})
    return versions.get(change.id) or versions.get(change.id.partition(":")[2].partition("/")[0])
