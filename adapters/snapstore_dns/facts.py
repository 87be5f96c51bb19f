"""The shape of the facts.

    zone:example.com                    the SOA without its serial, and whether the zone is signed
    rrset:www.example.com/A             ttl, records, unicode where the owner has A-labels, and what a
                                        provider keeps beside them
    rrset:www.example.com/A#blue        the same for one of several that a provider chooses among
    delegation:sub.example.com/NS@example.com
                                        the same for what a zone holds of a name that another zone of this
                                        resource is closer to: NS, DS and glue
    unmodelled:example.com/DNSKEY       was seen and cannot be brought back

Everything of a zone is part of its ``zone`` fact, and lies in one document.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

import msgspec

from snapstore.model import UNMODELLED, Document, Fact, Json
from snapstore_dns.records import Key, RecordSet, Soa, Zone, is_within, unicode_of

ZONE, RRSET, DELEGATION = "zone", "rrset", "delegation"
RECORDS = "records.json"
_NAMED = re.compile(r"(.*?)/([A-Z][A-Z0-9-]*)(?:#(.*))?", re.DOTALL)
"""Owner, type and variant. There are slashes in owners, but no letters in upper case."""


class Place(NamedTuple):
    """Where a record set is; the SOA stands for all that a ``zone`` fact says."""

    zone: str
    owner: str
    type: str
    variant: str = ""

    @property
    def key(self) -> Key:
        return Key(self.owner, self.type, self.variant)


def document(zone: Zone, zones: Collection[str]) -> Document:
    """A zone; ``zones`` are all of the resource."""
    return Document(f"{folder(zone.name)}/{RECORDS}", tuple(_facts(zone, zones)))


def folder(zone: str) -> str:
    """The component of a path that stands for a zone: a slash in its name (RFC 2317) is escaped as in DNS."""
    return zone.replace("/", "\\047")


def _facts(zone: Zone, zones: Collection[str]) -> Iterator[Fact]:
    parent = f"{ZONE}:{zone.name}"
    soa = msgspec.structs.asdict(zone.soa) if zone.soa is not None else {}
    yield Fact(parent, {**soa, "signed": zone.signed})
    for key in sorted(zone.sets):
        one = zone.sets[key]
        yield Fact(_identity(zone.name, one, zones), attrs_of(one), parent=parent)
    for name in sorted({f"{one.owner}/{one.type}" for one in zone.unmodelled}):
        yield Fact(f"{UNMODELLED}:{name}", parent=parent)


def _identity(zone: str, one: RecordSet, zones: Collection[str]) -> str:
    closer = any(is_within(one.owner, other) and is_within(other, zone) for other in zones if other != zone)
    name = f"{one.owner}/{one.type}#{one.variant}" if one.variant else f"{one.owner}/{one.type}"
    return f"{DELEGATION}:{name}@{zone}" if closer else f"{RRSET}:{name}"


def attrs_of(one: RecordSet) -> dict[str, Json]:
    shown = unicode_of(one.owner)
    named = {"unicode": shown} if shown else {}
    return {"ttl": one.ttl, "records": list(one.records), **named, **one.extras}


def place_of(fact: Fact) -> Place:
    if fact.kind == ZONE:
        return Place(fact.name, fact.name, "SOA")
    name = fact.name.rpartition("@")[0] if fact.kind == DELEGATION else fact.name
    zone = (fact.parent or "").partition(":")[2]
    if "#" not in name:
        owner, _, kind = name.rpartition("/")
        return Place(zone, owner, kind)
    found = _NAMED.fullmatch(name)
    if found is None:
        raise ValueError(f"{fact.id} names no record set")
    return Place(zone, *found.groups(default=""))


def content_of(fact: Fact) -> RecordSet | Soa | None:
    """What a fact says, without what is told of it for people only; None for a zone whose provider tells
    no SOA."""
    return soa_from(fact) if fact.kind == ZONE else _record_set(place_of(fact).key, fact.attrs)


def soa_from(fact: Fact) -> Soa | None:
    if "primary" not in fact.attrs:
        return None
    return Soa(**{name: fact.attrs[name] for name in Soa.__struct_fields__})


def _record_set(key: Key, attrs: dict[str, Json]) -> RecordSet:
    extras = {name: value for name, value in attrs.items() if name not in ("ttl", "records", "unicode")}
    return RecordSet(key.owner, key.type, attrs["ttl"], tuple(attrs["records"]), extras, key.variant)
