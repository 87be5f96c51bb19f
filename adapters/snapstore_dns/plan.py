"""Changed facts to actions, one for each record set, in the order in which they are to be done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.errors import Exit, SnapError
from snapstore.facts import Facts
from snapstore.model import UNMODELLED, Action, Fact, Hazard, HazardName, Json, Verb
from snapstore_dns import hazards
from snapstore_dns.comparing import Difference, beyond, differences, is_foreign, left
from snapstore_dns.facts import ZONE, content_of, soa_from
from snapstore_dns.records import Change, RecordSet, Soa
from snapstore_dns.sequence import Sets, by_owner, in_order
from snapstore_dns.wording import duration, exchanged, lines, named

__all__ = ["beyond", "change_of", "plan"]

OCTODNS = "octodns"
_VERBS = {Verb.CREATE: "create", Verb.DROP: "delete", Verb.ALTER: "change"}


def plan(request: PlanRequest) -> list[Action]:
    sides = (request.changes, request.live_hints, request.target_hints)
    owed, stay = differences(*sides), left(*sides)
    if owed or stay:
        _require_same_words(request)
    found = [_impossible(request, one, f"{_named(one)} {one.untold}: it stays as it is") for one in stay]
    for zone, group in groupby(owed, key=lambda one: one.place.zone):
        some = list(group)
        missing = next((one for one in some if _is_missing(one)), None)
        if missing is not None:
            found.append(_impossible(request, missing, "the server has no such zone, and none is made here"))
            continue
        found += _signing(request, some)
        untold = [one for one in some if one.untold]
        found += [
            _impossible(request, one, f"{_named(one)} {one.untold}, and cannot be set") for one in untold
        ]
        found += _zone(request, zone, [one for one in some if not one.untold], len(found))
    return found


def _require_same_words(request: PlanRequest) -> None:
    """SnapError where one side has its records in the words of octoDNS, and the other one has not."""
    live, target = request.live_hints, request.target_hints
    if is_foreign(live, target) and OCTODNS in (live["provider"], target["provider"]):
        raise SnapError(
            f"the snapshot was taken through {target['provider']}, and the zones are reached through "
            f"{live['provider']} by now: octoDNS has other words for records",
            where=f"resources.{request.resource}.provider",
            fix=f'restore it with provider = "{target["provider"]}"',
            code=Exit.REFUSED,
        )


def _named(one: Difference) -> str:
    return named(_change(one))


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
    by_key = {one.place.key: one for one in some}
    changes = [_change(one) for one in by_key.values()]
    before, after = (_sets(facts, zone) for facts in (request.live, request.target))
    changed = in_order(zone, [change for change in changes if change.before != change.after], before, after)
    if not changed:
        return
    soa = soa_from(request.live[f"{ZONE}:{zone}"])
    whole = hazards.of_zone(zone, changed, before, request.settings.max_removed)
    for number, change in enumerate(changed):
        found = list(hazards.of_change(zone, change, after))
        if whole is not None and change.after is None:
            found, whole = [whole, *found], None
        seconds = hazards.seconds_to_effect(change, soa, before)
        yield _action(request, by_key[change.key], change, seconds, found, rank + number)


def _change(one: Difference) -> Change:
    owner, kind, variant = one.place.key
    return Change(owner, kind, _side(one.before), _side(one.after), variant)


def _sets(facts: Facts, zone: str) -> Sets:
    found = (content_of(fact) for fact in facts.parts.get(f"{ZONE}:{zone}", ()) if fact.kind != UNMODELLED)
    return by_owner(one for one in found if isinstance(one, RecordSet))


def _side(fact: Fact | None) -> RecordSet | Soa | None:
    return content_of(fact) if fact is not None else None


def _action(
    request: PlanRequest, one: Difference, change: Change, seconds: int, found: Sequence[Hazard], rank: int
) -> Action:
    verb = Verb.CREATE if one.before is None else Verb.DROP if one.after is None else Verb.ALTER
    text = f"{_VERBS[verb]} {named(change)}"
    values = exchanged(change.before, change.after)
    seen = f"resolvers may give the old answer for {duration(seconds)}"
    return Action(
        resource=request.resource,
        verb=verb,
        subject=one.subject,
        summary=f"{text}: {values} ({seen})" if values else f"{text} ({seen})",
        statements=(*lines(change.owner, change.before, "-"), *lines(change.owner, change.after, "+")),
        undo=(*lines(change.owner, change.after, "-"), *lines(change.owner, change.before, "+")),
        payload={"zone": one.place.zone, "effect": seconds, **_payload(change)},
        produces=tuple(sorted(one.ids)) if change.after is not None else (),
        destroys=tuple(sorted(one.ids)) if change.after is None else (),
        hazards=tuple(found),
        rank=rank,
    )


def _payload(change: Change) -> dict[str, Json]:
    plain: dict[str, Json] = msgspec.to_builtins(change)
    return plain


def change_of(payload: dict[str, Any]) -> Change:
    """The change that an action was made for."""
    kind: Any = Soa if payload["type"] == "SOA" else RecordSet
    before, after = (msgspec.convert(payload[side], kind | None) for side in ("before", "after"))
    return Change(payload["owner"], payload["type"], before, after, payload["variant"])
