"""Changed variables to actions. Pure: it sees tokens, never a sealed value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from snapstore.adapter import PlanRequest
from snapstore.model import SEALED, Action, Fact, FactChange, Hazard, HazardName, Json, SealedRef, Verb
from snapstore_platform.comparing import beyond

_GONE, _COME = 0, 10
_EFFECT = {
    "vercel": "deployments to come have it, those that run do not",
    "heroku": "the app is restarted, once for all of them",
}


def plan(request: PlanRequest) -> list[Action]:
    """What goes comes first: a variable may be for the same environments as one that goes."""
    out = beyond(request.changes, request.live_hints, request.target_hints)
    due = [change for change in request.changes.facts if change.id not in out]
    return [action for change in due for action in _actions(request, change)]


def _actions(request: PlanRequest, change: FactChange) -> Iterator[Action]:
    before, after = change.before, change.after
    why = _impossible(before, after)
    if why:
        yield _nothing(request, change, why)
    elif before and after and before.attrs.get("type") != after.attrs.get("type"):
        yield _action(request, FactChange(change.id, before, None))
        yield _action(request, FactChange(change.id, None, after), _widened(before, after))
    else:
        yield _action(request, change)


def _impossible(before: Fact | None, after: Fact | None) -> str:
    """Why nobody but its keeper, or somebody who knows the value, can do this; "" where we can."""
    for fact in (before, after):
        if fact and "keeper" in fact.attrs:
            return f"is kept by {fact.attrs['keeper']}, and can be set by it alone"
    if after is None or "value" in after.attrs:
        return ""
    if before is None:
        return "its value could not be read when the snapshot was taken: it has to be set by hand"
    return "it was changed since, and what it was could not be read when the snapshot was taken"


def _nothing(request: PlanRequest, change: FactChange, why: str) -> Action:
    """It is said beforehand, and nothing is done."""
    return Action(
        resource=request.resource,
        verb=_verb(change),
        subject=change.id,
        summary=f"{_name(change)}: {why}",
        hazards=(Hazard(HazardName.UNVERIFIABLE, f"{change.id}: {why}"),),
    )


def _verb(change: FactChange) -> Verb:
    return Verb.CREATE if change.before is None else Verb.DROP if change.after is None else Verb.ALTER


def _name(change: FactChange) -> str:
    return change.id.partition(":")[2]


def _action(request: PlanRequest, change: FactChange, *hazards: Hazard | None) -> Action:
    verb = _verb(change)
    sides = {"before": change.before, "after": change.after}
    payload: dict[str, Json] = {side: fact.attrs if fact else None for side, fact in sides.items()}
    word = {Verb.CREATE: "set", Verb.DROP: "remove", Verb.ALTER: "change"}[verb]
    found = [hazard for hazard in (*hazards, _lost(change)) if hazard]
    return Action(
        resource=request.resource,
        verb=verb,
        subject=change.id,
        summary=f"{word} {_name(change)} ({_EFFECT[request.settings.provider]})",
        statements=(_line(change, change.after),),
        undo=(_line(change, change.before),),
        payload=payload,
        produces=(change.id,) if change.after else (),
        destroys=(change.id,) if not change.after else (),
        secrets=_secrets(change.after),
        hazards=tuple(found),
        rank=_COME if change.after else _GONE,
    )


def _lost(change: FactChange) -> Hazard | None:
    """What goes without its value being known cannot come back."""
    if change.before is None or change.after is not None or "value" in change.before.attrs:
        return None
    return Hazard(
        HazardName.IRREVERSIBLE, f"the value of {_name(change)} cannot be read: undo cannot set it again"
    )


def _widened(before: Fact, after: Fact) -> Hazard | None:
    if "value" in before.attrs:
        return None
    return Hazard(HazardName.SECURITY, f"{after.name} can be read again by whoever may see the project")


def _line(change: FactChange, side: Fact | None) -> str:
    if side is None:
        return f"- {_name(change)}"
    details = "".join(f" ({side.attrs[name]})" for name in ("type", "comment") if name in side.attrs)
    return f"{_name(change)}={_shown(side)}{details}"


def _shown(side: Fact) -> str:
    value: Any = side.attrs.get("value", "(not known)")
    return f"{{{side.id}}}" if isinstance(value, dict) else str(value)


def _secrets(side: Fact | None) -> dict[str, SealedRef]:
    value = side.attrs.get("value") if side else None
    if side is None or not isinstance(value, dict):
        return {}
    return {f"{{{side.id}}}": SealedRef(side.id, value[SEALED])}
