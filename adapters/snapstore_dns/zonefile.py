"""A zone as a master file (RFC 1035) that every name server can load."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress

import dns.exception
import dns.rdatatype

from snapstore.errors import SnapError
from snapstore.facts import Facts
from snapstore.model import UNMODELLED, Fact, Json
from snapstore.nearest import did_you_mean
from snapstore_dns.facts import RECORDS, ZONE, content_of, folder, place_of, soa_from
from snapstore_dns.records import ALIAS, Key, RecordSet, absolute, generic, rdata_of, unicode_of, zone_name
from snapstore_dns.wording import lines

WELL_KNOWN = frozenset(
    {
        *("A", "AAAA", "AFSDB", "APL", "CAA", "CERT", "CNAME", "DHCID", "DNAME", "DNSKEY", "DS"),
        *("EUI48", "EUI64", "HINFO", "HTTPS", "KX", "LOC", "MINFO", "MX", "NAPTR", "NS", "OPENPGPKEY", "PTR"),
        *("PX", "RP", "RT", "SMIMEA", "SOA", "SPF", "SRV", "SSHFP", "SVCB", "TLSA", "TXT", "URI"),
        *("X25"),
    }
)
"""Types that servers have known by these names for years; all others are written as RFC 3597 has it."""


_NAMED = frozenset({"CNAME", "DNAME", "MX", "NS", "PTR", "SRV"})
_OCTAL = re.compile(r"\\([0-7]{3})")
Write = Callable[[str, str], str]
"""A value of a type as master files have it."""


def master_file(path: str, facts: Facts, hints: Mapping[str, Json]) -> str:
    """The master file of the zone that ``path`` stands for. SnapError when it stands for none."""
    zone = _zone(path, facts)
    serial = hints.get("serials", {}).get(zone.name, 1)
    found = [f"$ORIGIN {absolute(zone.name)}"]
    soa = soa_from(zone)
    if soa is None:
        found.append("; its provider tells no SOA: add one before a name server loads this")
    else:
        found.append(f"{absolute(zone.name)} {soa.ttl} IN SOA {soa.record(serial)}")
    write = octal_text if hints.get("provider") == "route53" else plain_text
    for fact in sorted(facts.parts.get(zone.id, ()), key=lambda fact: _place(zone.name, place_of(fact).key)):
        found += _lines(fact, write)
    return "\n".join(found) + "\n"


def _zone(path: str, facts: Facts) -> Fact:
    zones = {folder(fact.name): fact for fact in facts.kinds.get(ZONE, ())}
    name = path.strip("/").removesuffix(RECORDS).rstrip("/")
    with suppress(SnapError):
        name = name if name in zones else folder(zone_name(name, ""))  # as people write it
    if name not in zones:
        raise SnapError(
            f"there is no zone {name!r} in it" if name else "a zone has to be named",
            fix=did_you_mean(name, zones, "zones"),
        )
    return zones[name]


def sorted_sets(zone: str, sets: Iterable[RecordSet]) -> list[RecordSet]:
    """What the zone itself holds first, its SOA before all; then names from the right to the left."""
    return sorted(sets, key=lambda one: _place(zone, one.key))


def _place(zone: str, key: Key) -> tuple[bool, list[str], str]:
    first = {"SOA": "", "NS": " "}.get(key.type, key.type)
    return key.owner != zone, key.owner.split(".")[::-1], f"{first} {key.variant}"


def _lines(fact: Fact, write: Write) -> Iterator[str]:
    if fact.kind == UNMODELLED:
        yield f"; {fact.name} was seen and is not kept"
        return
    found = content_of(fact)
    if not isinstance(found, RecordSet):
        return
    if found.variant or ALIAS in found.extras:
        yield from lines(found.owner, found, "; a choice of its provider:")
        return
    shown = unicode_of(found.owner)
    for text in found.records:
        yield plain_record(found, write(found.type, text)) + (f" ; {shown}" if shown else "")
    for text in found.extras.get("disabled", ()):
        yield f"; disabled: {plain_record(found, text)}"


def plain_text(kind: str, text: str) -> str:
    return text


def octal_text(kind: str, text: str) -> str:
    """A value that Route 53 was told: it escapes in octal, and takes all names to be absolute."""
    if kind in _NAMED:
        return text if text.endswith(".") else f"{text}."
    return _OCTAL.sub(lambda found: f"\\{int(found[1], 8):03}", text)


def plain_record(one: RecordSet, text: str) -> str:
    """A line for one of its values; types that not all servers know by name as RFC 3597 has it."""
    kind = one.type
    if kind not in WELL_KNOWN:
        try:
            value = rdata_of(kind, text)
        except dns.exception.DNSException:
            return f"; {absolute(one.owner)} {one.ttl} IN {kind} {text} (a type of its provider)"
        kind = f"TYPE{int(dns.rdatatype.from_text(kind))}"
        text = generic(value.to_wire() or b"")
    return f"{absolute(one.owner)} {one.ttl} IN {kind} {text}"
