"""Changes to UPDATE messages (RFC 2136): what has to be so before, what goes, what comes.

A message is done as a whole or not at all. Each record set that it changes has to be, value for value, what
it was when the plan was made; TTLs cannot be asked for that way. It deletes first and adds then: servers
leave out without a word what does not fit beside what is there, such as an address beside an alias.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import dns.name
import dns.rdata
import dns.rdatatype
import dns.update

from snapstore_dns import batching
from snapstore_dns.records import Change, RecordSet, Soa, name_of, rdata_of

ROOM = 64_500
"""Bytes that a message may take, of the 65,535 there are: a signature needs some."""
_RECORD, _NAME, _SOA = 10, 255, 600
_PLACEHOLDER = dns.name.from_text("placeholder.invalid.")
_SERIALS = 1 << 32


def batches(zone: str, changes: Sequence[Change]) -> Iterator[list[Change]]:
    """As few messages as hold the changes in their order; all of one owner in one message if they fit."""
    return batching.batches(changes, lambda change: [_room(zone, change)], [ROOM])


def _room(zone: str, change: Change) -> int:
    """The bytes that a change takes at most, its owner without the zone, which is told but once."""
    if change.type == "SOA":
        return _SOA
    owner = len(change.owner) - len(zone) + 3 + _RECORD
    before, after = (
        sum(owner + len(value.to_wire() or b"") for value in _values(side))
        for side in (change.before, change.after)
    )
    # It is told to be there or not, to go where it is, and to come; at the apex, to go one by one.
    return owner + before + after + (before + 2 * (owner + _NAME) if change.type == "NS" else 0)


def message(zone: str, changes: Sequence[Change], serial: int) -> dns.update.UpdateMessage:
    """The UPDATE for these changes; ``serial`` is that of the zone now."""
    found = dns.update.UpdateMessage(name_of(zone))
    sets = [change for change in changes if not isinstance(change.after, Soa)]
    for change in sets:
        _require(found, change)
    apex = [change for change in sets if change.owner == zone and change.type == "NS"]
    others = [change for change in sets if change not in apex]
    for change in others:
        _take(found, change)
    for change in others:
        _give(found, change)
    for change in apex:
        _exchange(found, change)
    for change in changes:
        if isinstance(change.after, Soa):
            text = change.after.record((serial + 1) % _SERIALS)
            found.add(name_of(zone), change.after.ttl, rdata_of("SOA", text))
    return found


def _require(found: dns.update.UpdateMessage, change: Change) -> None:
    name = name_of(change.owner)
    values = _values(change.before)
    if values:
        found.present(name, *values)
    else:
        found.absent(name, dns.rdatatype.from_text(change.type))


def _values(side: RecordSet | Soa | None) -> list[dns.rdata.Rdata]:
    return [rdata_of(side.type, text) for text in side.records] if isinstance(side, RecordSet) else []


def _take(found: dns.update.UpdateMessage, change: Change) -> None:
    if change.before is not None:
        found.delete(name_of(change.owner), change.type)


def _give(found: dns.update.UpdateMessage, change: Change) -> None:
    if change.after is not None:
        found.add(name_of(change.owner), change.after.ttl, *_values(change.after))


def _exchange(found: dns.update.UpdateMessage, change: Change) -> None:
    """The NS records of a zone itself: servers never delete the last one, and Knot changes no TTL of records
    that stay. So another one is there meanwhile, which nobody sees: it goes in the same message."""
    name = name_of(change.owner)
    meanwhile = dns.rdata.from_text("IN", "NS", _PLACEHOLDER.to_text())
    ttl = change.after.ttl if change.after is not None else 0
    found.add(name, ttl, meanwhile)
    found.delete(name, *_values(change.before))
    _give(found, change)
    found.delete(name, meanwhile)
