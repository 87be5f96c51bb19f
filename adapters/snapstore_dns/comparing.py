"""What differs between two captures, by where it is, and which of that a restore is about."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import msgspec

from snapstore.model import UNMODELLED, Fact, FactChange, Json, ResourceChanges
from snapstore_dns.facts import Place, content_of, place_of

Hints = Mapping[str, Json]


class Difference(msgspec.Struct):
    """What is different at a place, and the identities under which it is told. A record set goes by another
    identity when a zone comes closer to it. ``untold`` is why one of the two captures could not tell it."""

    place: Place
    ids: set[str]
    before: Fact | None = None
    after: Fact | None = None
    untold: str = ""

    @property
    def subject(self) -> str:
        return (self.after or self.before or _NOTHING).id


_NOTHING = Fact("")
_PLAIN = ("ttl", "records", "unicode")
_OWN = frozenset({"ALIAS", "LUA"})
"""Types that are for one server alone, which answers with something else."""


def differences(changes: ResourceChanges, live: Hints, target: Hints) -> list[Difference]:
    """All that a restore owes, sorted by place."""
    return [one for one in _all(changes, live, target) if _is_owed(one, live, target)]


def left(changes: ResourceChanges, live: Hints, target: Hints) -> list[Difference]:
    """What is there, and stays as it is: the capture of the target could not tell it."""
    asked = [one for one in _all(changes, live, target) if _is_asked(one, live, target)]
    return [one for one in asked if one.untold and one.before is not None]


def _all(changes: ResourceChanges, live: Hints, target: Hints) -> list[Difference]:
    found: dict[Place, Difference] = {}
    for change in changes.facts:
        for place, side, fact in _sides(change):
            difference = found.setdefault(place, Difference(place, set()))
            difference.ids.add(change.id)
            setattr(difference, side, fact)
    seen = {change.id for change in changes.facts if _is_unmodelled(change) and change.after is not None}
    for one in found.values():
        if _seen_as(one.place) in seen:
            one.untold = "was seen, and not told, when the snapshot was taken"
        if is_foreign(live, target) and one.place.type != "SOA":
            _take_plain(one, target)
    return [found[place] for place in sorted(found)]


def is_foreign(live: Hints, target: Hints) -> bool:
    """Whether the two were read through different providers, which keep different things beside records."""
    return len({hints["provider"] for hints in (live, target) if "provider" in hints}) == 2


def _take_plain(one: Difference, target: Hints) -> None:
    """What one provider keeps beside records another one does not tell, so it stays as it is."""
    sides = [fact for fact in (one.before, one.after) if fact is not None]
    is_own = bool(one.place.variant) or one.place.type in _OWN
    if is_own or not all(fact.attrs["records"] for fact in sides):
        one.untold = f"is more than records, and the snapshot was taken through {target['provider']}"
    elif one.after is not None:
        beside = one.before.attrs if one.before is not None else {}
        kept = {name: value for name, value in beside.items() if name not in _PLAIN}
        plain = {name: value for name, value in one.after.attrs.items() if name in _PLAIN}
        one.after = msgspec.structs.replace(one.after, attrs=plain | kept)


def _seen_as(place: Place) -> str:
    return f"{UNMODELLED}:{place.owner}/{place.type}"


def _sides(change: FactChange) -> Iterator[tuple[Place, str, Fact]]:
    for side, fact in (("before", change.before), ("after", change.after)):
        if fact is not None and fact.kind != UNMODELLED:
            yield place_of(fact), side, fact


def _is_asked(difference: Difference, live: Hints, target: Hints) -> bool:
    return all(_covers(hints, difference.place.zone) for hints in (live, target))


def _is_owed(difference: Difference, live: Hints, target: Hints) -> bool:
    before, after = difference.before, difference.after
    if not _is_asked(difference, live, target) or (difference.untold and after is None):
        return False
    if before is None or after is None:
        return True
    sides = content_of(before), content_of(after)
    told = None not in sides and sides[0] != sides[1]
    return told or before.attrs.get("signed") != after.attrs.get("signed")


def _covers(hints: Hints, zone: str) -> bool:
    """Whether a capture was asked for a zone; one without hints is taken to have been."""
    serials = hints.get("serials")
    return serials is None or zone in serials


def beyond(changes: ResourceChanges, live: Hints, target: Hints) -> Collection[str]:
    """The identities of the differences that no restore owes anybody: zones that one of the two captures was
    not asked for, record sets that are told under another name, and those that it could not tell."""
    owed = {identity for one in differences(changes, live, target) for identity in one.ids}
    told = {_seen_as(one.place) for one in left(changes, live, target)}
    return {
        change.id
        for change in changes.facts
        if change.id not in owed and (not _is_unmodelled(change) or change.id in told)
    }


def _is_unmodelled(change: FactChange) -> bool:
    return change.id.partition(":")[0] == UNMODELLED
