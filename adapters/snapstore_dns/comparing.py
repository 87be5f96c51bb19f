"""What differs between two captures, by where it is, and which of that a restore is about."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import msgspec

from snapstore.model import UNMODELLED, Fact, FactChange, Json, ResourceChanges
from snapstore_dns.facts import Place, content_of, place_of

Hints = Mapping[str, Json]


class Difference(msgspec.Struct):
    """What is different at a place, and the identities under which it is told. A record set goes by another
    identity when a zone comes closer to it."""

    place: Place
    ids: set[str]
    before: Fact | None = None
    after: Fact | None = None

    @property
    def subject(self) -> str:
        return (self.after or self.before or _NOTHING).id


_NOTHING = Fact("")


def differences(changes: ResourceChanges, live: Hints, target: Hints) -> list[Difference]:
    """All that a restore owes, sorted by place."""
    found: dict[Place, Difference] = {}
    for change in changes.facts:
        for place, side, fact in _sides(change):
            difference = found.setdefault(place, Difference(place, set()))
            difference.ids.add(change.id)
            setattr(difference, side, fact)
    return [found[place] for place in sorted(found) if _is_owed(found[place], live, target)]


def _sides(change: FactChange) -> Iterator[tuple[Place, str, Fact]]:
    for side, fact in (("before", change.before), ("after", change.after)):
        if fact is not None and fact.kind != UNMODELLED:
            yield place_of(fact), side, fact


def _is_owed(difference: Difference, live: Hints, target: Hints) -> bool:
    zone = difference.place.zone
    if not all(_covers(hints, zone) for hints in (live, target)):
        return False
    before, after = difference.before, difference.after
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
    not asked for, and record sets that are told under another name."""
    owed = {identity for one in differences(changes, live, target) for identity in one.ids}
    return {change.id for change in changes.facts if change.id not in owed and not _is_unmodelled(change)}


def _is_unmodelled(change: FactChange) -> bool:
    return change.id.partition(":")[0] == UNMODELLED
