"""A zone as a master file (RFC 1035) that every name server can load."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import dns.exception
import dns.rdatatype

from snapstore.errors import SnapError
from snapstore.facts import Facts
from snapstore.model import UNMODELLED, Fact, Json
from snapstore.nearest import did_you_mean
from snapstore_dns.facts import RECORDS, ZONE, content_of, folder, soa_from
from snapstore_dns.records import RecordSet, absolute, generic, rdata_of, unicode_of

WELL_KNOWN = frozenset(
    {
        *("A", "AAAA", "AFSDB", "APL", "CAA", "CERT", "CNAME", "DHCID", "DNAME", "DS", "EUI48"),
        *("EUI64", "HINFO", "HTTPS", "KX", "LOC", "MINFO", "MX", "NAPTR", "NS", "OPENPGPKEY", "PTR"),
        *("PX", "RP", "RT", "SMIMEA", "SPF", "SRV", "SSHFP", "SVCB", "TLSA", "TXT", "URI"),
        *("X25"),
    }
)
"""Types that servers have known by these names for years; all others are written as RFC 3597 has it."""


def master_file(path: str, facts: Facts, hints: Mapping[str, Json]) -> str:
    """The master file of the zone that ``path`` stands for. SnapError when it stands for none."""
    zone = _zone(path, facts)
    serial = hints.get("serials", {}).get(zone.name, 1)
    lines = [f"$ORIGIN {absolute(zone.name)}"]
    soa = soa_from(zone)
    lines.append(f"{absolute(zone.name)} {soa.ttl} IN SOA {soa.record(serial)}")
    for fact in sorted(facts.parts.get(zone.id, ()), key=lambda fact: _place(zone.name, fact)):
        lines += _lines(fact)
    return "\n".join(lines) + "\n"


def _zone(path: str, facts: Facts) -> Fact:
    zones = {folder(fact.name): fact for fact in facts.kinds.get(ZONE, ())}
    name = path.strip("/").removesuffix(RECORDS).rstrip("/")
    if name not in zones:
        raise SnapError(
            f"there is no zone {name!r} in it" if name else "a zone has to be named",
            fix=did_you_mean(name, zones, "zones"),
        )
    return zones[name]


def _place(zone: str, fact: Fact) -> tuple[bool, list[str], str]:
    """What the zone itself holds first, its NS before all; then names from the right to the left."""
    owner, _, kind = fact.name.rpartition("/")
    return owner != zone, owner.split(".")[::-1], "" if kind.startswith("NS") else kind


def _lines(fact: Fact) -> Iterator[str]:
    if fact.kind == UNMODELLED:
        yield f"; {fact.name} was seen and is not kept"
        return
    found = content_of(fact)
    if isinstance(found, RecordSet):
        shown = unicode_of(found.owner)
        for text in found.records:
            yield _record(found, text) + (f" ; {shown}" if shown else "")
        for text in found.extras.get("disabled", ()):
            yield f"; disabled: {_record(found, text)}"


def _record(one: RecordSet, text: str) -> str:
    kind = one.type
    if kind not in WELL_KNOWN:
        try:
            value = rdata_of(kind, text)
        except dns.exception.DNSException:
            return f"; {absolute(one.owner)} {one.ttl} IN {kind} {text} (a type of its provider)"
        kind = f"TYPE{int(dns.rdatatype.from_text(kind))}"
        text = generic(value.to_wire() or b"")
    return f"{absolute(one.owner)} {one.ttl} IN {kind} {text}"
