"""The shape of the facts.

    zone:example.com                    the SOA without its serial, and whether the zone is signed
    rrset:www.example.com/A             ttl, records, unicode where the owner has A-labels, and what a
                                        provider keeps beside them
    delegation:sub.example.com/NS@example.com
                                        the same for what a zone holds of a name that another zone of this
                                        resource is closer to: NS, DS and glue
    unmodelled:example.com/DNSKEY       was seen and cannot be brought back

Everything of a zone is part of its ``zone`` fact, and lies in one document.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

import msgspec

from snapstore.model import UNMODELLED, Document, Fact, Json
from snapstore_dns.records import RecordSet, Soa, Zone, is_within, unicode_of

ZONE, RRSET, DELEGATION = "zone", "rrset", "delegation"
RECORDS = "records.json"


class Place(NamedTuple):
    """Where a record set is; the SOA stands for all that a ``zone`` fact says."""

    zone: str
    owner: str
    type: str


def document(zone: Zone, zones: Collection[str]) -> Document:
    """A zone; ``zones`` are all of the resource."""
    return Document(f"{folder(zone.name)}/{RECORDS}", tuple(_facts(zone, zones)))


def folder(zone: str) -> str:
    """The component of a path that stands for a zone: a slash in its name (RFC 2317) is escaped as in DNS."""
    return zone.replace("/", "\\047")


def _facts(zone: Zone, zones: Collection[str]) -> Iterator[Fact]:
    parent = f"{ZONE}:{zone.name}"
    yield Fact(parent, {**msgspec.structs.asdict(zone.soa), "signed": zone.signed})
    for key in sorted(zone.sets):
        one = zone.sets[key]
        yield Fact(_identity(zone.name, one, zones), attrs_of(one), parent=parent)
    for owner, kind in zone.unmodelled:
        yield Fact(f"{UNMODELLED}:{owner}/{kind}", parent=parent)


def _identity(zone: str, one: RecordSet, zones: Collection[str]) -> str:
    closer = any(is_within(one.owner, other) and is_within(other, zone) for other in zones if other != zone)
    if closer:
        return f"{DELEGATION}:{one.owner}/{one.type}@{zone}"
    return f"{RRSET}:{one.owner}/{one.type}"


def attrs_of(one: RecordSet) -> dict[str, Json]:
    shown = unicode_of(one.owner)
    named = {"unicode": shown} if shown else {}
    return {"ttl": one.ttl, "records": list(one.records), **named, **one.extras}


def place_of(fact: Fact) -> Place:
    if fact.kind == ZONE:
        return Place(fact.name, fact.name, "SOA")
    name = fact.name.rpartition("@")[0] if fact.kind == DELEGATION else fact.name
    owner, _, kind = name.rpartition("/")
    return Place((fact.parent or "").partition(":")[2], owner, kind)


def content_of(fact: Fact) -> RecordSet | Soa:
    """What a fact says, without what is told of it for people only."""
    place = place_of(fact)
    if fact.kind == ZONE:
        return soa_from(fact)
    return record_set(place.owner, place.type, fact.attrs)


def soa_from(fact: Fact) -> Soa:
    return Soa(**{name: fact.attrs[name] for name in Soa.__struct_fields__})


def record_set(owner: str, kind: str, attrs: dict[str, Json]) -> RecordSet:
    extras = {name: value for name, value in attrs.items() if name not in ("ttl", "records", "unicode")}
    return RecordSet(owner, kind, attrs["ttl"], tuple(attrs["records"]), extras)
