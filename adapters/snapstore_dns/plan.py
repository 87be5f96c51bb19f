"""Changed facts to actions, one for each record set, in the order in which they are to be done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, Hazard, HazardName, Json, Verb
from snapstore_dns.comparing import Difference, beyond, differences
from snapstore_dns.facts import ZONE, content_of
from snapstore_dns.records import Change, RecordSet, Soa
from snapstore_dns.sequence import in_order
from snapstore_dns.wording import exchanged, lines, named

__all__ = ["beyond", "change_of", "plan"]

_VERBS = {Verb.CREATE: "create", Verb.DROP: "delete", Verb.ALTER: "change"}


def plan(request: PlanRequest) -> list[Action]:
    found: list[Action] = []
    owed = differences(request.changes, request.live_hints, request.target_hints)
    for zone, group in groupby(owed, key=lambda one: one.place.zone):
        some = list(group)
        missing = next((one for one in some if _is_missing(one)), None)
        if missing is not None:
            found.append(_impossible(request, missing, "the server has no such zone, and none is made here"))
            continue
        found += _signing(request, some)
        found += _zone(request, zone, some, len(found))
    return found


def _is_missing(one: Difference) -> bool:
    fact = one.before or one.after
    return fact is not None and fact.kind == ZONE and (one.before is None or one.after is None)


def _signing(request: PlanRequest, some: Iterable[Difference]) -> Iterator[Action]:
    for one in some:
        signed = [fact.attrs["signed"] for fact in (one.before, one.after) if fact and fact.kind == ZONE]
        if len(set(signed)) == 2:
            word = "signed" if signed[0] else "not signed"
            yield _impossible(request, one, f"the zone is {word} by now, which only its server can change")


def _impossible(request: PlanRequest, one: Difference, why: str) -> Action:
    """No restore can do this: it is said beforehand, and nothing is done."""
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=one.subject,
        summary=f"{one.place.zone}: {why}",
        hazards=(Hazard(HazardName.UNVERIFIABLE, f"{one.place.zone}: {why}"),),
    )


def _zone(request: PlanRequest, zone: str, some: Iterable[Difference], rank: int) -> Iterator[Action]:
    """Ranks say the order: the core leaves it alone where no action declares that it needs another."""
    by_key = {one.place[1:]: one for one in some}
    changes = [Change(*key, _side(one.before), _side(one.after)) for key, one in by_key.items()]
    changed = [change for change in changes if change.before != change.after]
    for number, change in enumerate(in_order(zone, changed)):
        yield _action(request, by_key[change.key], change, rank + number)


def _side(fact: Fact | None) -> RecordSet | Soa | None:
    return content_of(fact) if fact is not None else None


def _action(request: PlanRequest, one: Difference, change: Change, rank: int) -> Action:
    verb = Verb.CREATE if one.before is None else Verb.DROP if one.after is None else Verb.ALTER
    text = f"{_VERBS[verb]} {named(change.owner, change.type)}"
    values = exchanged(change.before, change.after)
    return Action(
        resource=request.resource,
        verb=verb,
        subject=one.subject,
        summary=f"{text}: {values}" if values else text,
        statements=(*lines(change.owner, change.before, "-"), *lines(change.owner, change.after, "+")),
        undo=(*lines(change.owner, change.after, "-"), *lines(change.owner, change.before, "+")),
        payload={"zone": one.place.zone, **_payload(change)},
        produces=tuple(sorted(one.ids)) if change.after is not None else (),
        destroys=tuple(sorted(one.ids)) if change.after is None else (),
        rank=rank,
    )


def _payload(change: Change) -> dict[str, Json]:
    plain: dict[str, Json] = msgspec.to_builtins(change)
    return plain


def change_of(payload: dict[str, Any]) -> Change:
    """The change that an action was made for."""
    kind: Any = Soa if payload["type"] == "SOA" else RecordSet
    before, after = (msgspec.convert(payload[side], kind | None) for side in ("before", "after"))
    return Change(payload["owner"], payload["type"], before, after)
