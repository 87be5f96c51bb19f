"""What can go wrong for the people who use a zone, and how long until all of them see a change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from snapstore.model import Hazard, HazardName
from snapstore_dns.records import Change, RecordSet, Soa
from snapstore_dns.sequence import ADDRESSES, answers

Sets = Mapping[tuple[str, str], RecordSet]

FEW = 10
"""Record sets of a zone of which any share may go."""


def of_change(zone: str, change: Change, after: Sets) -> Iterator[Hazard]:
    """The hazards of one change; ``after`` are the record sets that the zone will have."""
    if change.type == "SOA":
        text = f"the SOA of {zone} changes: secondaries and resolvers go by its timers"
        yield Hazard(HazardName.DOWNTIME, text)
    elif (change.owner, change.type) == (zone, "NS"):
        text = f"the name servers of {zone} change: those that the zone above names have to serve it too"
        yield Hazard(HazardName.DOWNTIME, text)
    elif change.type == "MX" and not answers(change.after):
        yield Hazard(HazardName.DOWNTIME, f"{change.owner} has no MX any more: mail for it may be refused")
    elif change.type in ADDRESSES and not _has_any(change.owner, after):
        yield Hazard(HazardName.DOWNTIME, f"{change.owner} has no address any more")


def _has_any(owner: str, sets: Sets) -> bool:
    return any(answers(sets.get((owner, kind))) for kind in ADDRESSES)


def of_zone(zone: str, changes: Sequence[Change], before: Sets, share: float) -> Hazard | None:
    """Where more than a share of the zone's record sets goes."""
    gone = sum(change.after is None for change in changes)
    if len(before) < FEW or gone <= share * len(before):
        return None
    text = (
        f"{gone:,} of the {len(before):,} record sets of {zone} go, more than max_removed = {share:g} allows"
    )
    return Hazard(HazardName.DOWNTIME, text)


def seconds_to_effect(change: Change, soa: Soa) -> int:
    """How long resolvers may give the old answer: that there is nothing is an answer too (RFC 2308)."""
    return change.before.ttl if change.before is not None else min(soa.ttl, soa.minimum)
