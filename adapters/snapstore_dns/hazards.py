"""What can go wrong for the people who use a zone, and how long until all of them see a change."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from snapstore.model import Hazard, HazardName
from snapstore_dns.records import ALIAS, Change, RecordSet, Soa
from snapstore_dns.sequence import ADDRESSES, Sets, answers, targets

FEW = 10
"""Record sets of a zone of which any share may go."""
UNTOLD = 3600
"""Seconds that resolvers are taken to keep it that there is nothing, where a provider tells no SOA."""
_ALIASED = 60
"""Seconds that Route 53 has answers kept that it takes from elsewhere in AWS."""


def of_change(zone: str, change: Change, after: Sets) -> Iterator[Hazard]:
    """The hazards of one change; ``after`` are the record sets that the zone will have."""
    if change.type == "SOA":
        text = f"the SOA of {zone} changes: secondaries and resolvers go by its timers"
        yield Hazard(HazardName.DOWNTIME, text)
    elif (change.owner, change.type) == (zone, "NS"):
        text = f"the name servers of {zone} change: those that the zone above names have to serve it too"
        yield Hazard(HazardName.DOWNTIME, text)
    elif change.type == "MX" and not _has_any(change.owner, after, {"MX"}):
        yield Hazard(HazardName.DOWNTIME, f"{change.owner} has no MX any more: mail for it may be refused")
    elif change.type in ADDRESSES and not _has_any(change.owner, after, ADDRESSES):
        yield Hazard(HazardName.DOWNTIME, f"{change.owner} has no address any more")


def _has_any(owner: str, sets: Sets, kinds: Collection[str]) -> bool:
    return any(answers(one) for one in sets.get(owner, ()) if one.type in kinds)


def of_zone(zone: str, changes: Sequence[Change], before: Sets, share: float) -> Hazard | None:
    """Where more than a share of the zone's record sets goes."""
    gone = sum(change.after is None for change in changes)
    number = sum(map(len, before.values()))
    if number < FEW or gone <= share * number:
        return None
    text = f"{gone:,} of the {number:,} record sets of {zone} go, more than max_removed = {share:g} allows"
    return Hazard(HazardName.DOWNTIME, text)


def seconds_to_effect(change: Change, soa: Soa | None, before: Sets) -> int:
    """How long resolvers may give the old answer: that there is nothing is an answer too (RFC 2308)."""
    if isinstance(change.before, Soa):
        return change.before.ttl
    there = [one for one in before.get(change.owner, ()) if one.type == change.type]
    if there:
        return max(_kept(one, before) for one in there)
    return min(soa.ttl, soa.minimum) if soa is not None else UNTOLD


def _kept(one: RecordSet, sets: Sets) -> int:
    if ALIAS not in one.extras:
        return one.ttl
    found = (other.ttl for name in targets(one) for other in sets.get(name, ()) if other.type == one.type)
    return max(found, default=_ALIASED)
