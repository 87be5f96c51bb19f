"""The canonical form of a zone: equal zones are equal values, whatever server tells of them.

Owners are A-labels in lower case without the dot at the end; what is special in a master file is escaped as
there. Values are in presentation form, names in them absolute and, in the types for which RFC 4034 (6.2) says
so, in lower case. What dnspython knows no form for, or one that does not lead back to the same bytes, is in
the form of RFC 3597: ``\\# 3 010203``. Values of a record set are sorted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache, lru_cache
from typing import NamedTuple

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import msgspec

from snapstore.errors import SnapError
from snapstore.model import Json

IN = dns.rdataclass.IN
_NOTES = "TYPE65534"
_SIGNERS = frozenset({"RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "DNSKEY", "CDS", "CDNSKEY", "ZONEMD", _NOTES})
_NAMELESS = frozenset({"A", "AAAA", "TXT"})
"""Types without names in them whose presentation form always leads back."""
_GENERIC = "\\#"
ALIAS = "AliasTarget"
"""In ``extras``: what Route 53 answers instead of records of its own."""


class Key(NamedTuple):
    """What tells a record set from all others of its zone. ``variant`` is for those of a provider that
    chooses among several of a name and type when it is asked, such as the SetIdentifier of Route 53."""

    owner: str
    type: str
    variant: str = ""


class RecordSet(msgspec.Struct, frozen=True):
    """All records of a type at a name, or of a variant of these. ``extras`` is what a provider keeps beside
    them."""

    owner: str
    type: str
    ttl: int
    records: tuple[str, ...]
    extras: Mapping[str, Json] = {}
    variant: str = ""

    @property
    def key(self) -> Key:
        return Key(self.owner, self.type, self.variant)


class Soa(msgspec.Struct, frozen=True):
    """The SOA record without its serial, which counts changes and is no state."""

    ttl: int
    primary: str
    contact: str
    refresh: int
    retry: int
    expire: int
    minimum: int

    def record(self, serial: int) -> str:
        """The value in presentation form."""
        timers = f"{serial} {self.refresh} {self.retry} {self.expire} {self.minimum}"
        return f"{self.primary} {self.contact} {timers}"


class Unmodelled(NamedTuple):
    """Was seen at a name and cannot be brought back, and why."""

    owner: str
    type: str
    why: str


class Zone(msgspec.Struct, frozen=True):
    """A zone; ``soa`` is None where its provider tells none."""

    name: str
    serial: int
    soa: Soa | None
    sets: Mapping[Key, RecordSet]
    signed: bool = False
    unmodelled: Sequence[Unmodelled] = ()


class Change(msgspec.Struct, frozen=True):
    """What becomes of a record set: ``before`` is None where it comes, ``after`` where it goes. For the SOA
    of a zone both are a :class:`Soa`, and its type is ``SOA``."""

    owner: str
    type: str
    before: RecordSet | Soa | None
    after: RecordSet | Soa | None
    variant: str = ""

    @property
    def key(self) -> Key:
        return Key(self.owner, self.type, self.variant)


# Names


def zone_name(text: str, resource: str) -> str:
    """The name of a zone as it stands in facts; Unicode becomes A-labels. SnapError where it is none."""
    try:
        return owner_of(dns.name.from_text(text))
    except (dns.exception.DNSException, UnicodeError) as error:
        raise SnapError(
            f"{text!r} is not the name of a zone: {error}",
            where=f"resources.{resource}.zones",
            fix='write it as "example.com"',
        ) from error


def zone_names(texts: Iterable[str], resource: str) -> list[str]:
    """The names of all these, sorted."""
    return sorted({zone_name(text, resource) for text in texts})


def owner_of(name: dns.name.Name) -> str:
    return name.canonicalize().to_text(omit_final_dot=True)


def name_of(owner: str) -> dns.name.Name:
    """The absolute name that an owner stands for."""
    return dns.name.from_text(owner.encode("ascii"))


def absolute(owner: str) -> str:
    """The owner as it stands in a master file."""
    return owner if owner == "." else f"{owner}."


def is_within(owner: str, zone: str) -> bool:
    """Whether an owner is the apex of a zone or below it."""
    if zone in (".", owner):
        return True
    above = owner.removesuffix(f".{zone}")
    escapes = len(above) - len(above.rstrip("\\"))
    return above != owner and escapes % 2 == 0


def unicode_of(owner: str) -> str | None:
    """The owner as people write it, None where that is the same. Labels that are no IDNA stay as they are."""
    labels = [_unicode_label(label) for label in owner.split(".")]
    found = ".".join(labels)
    return found if found != owner else None


def _unicode_label(label: str) -> str:
    if label.startswith("xn--"):
        with suppress(UnicodeError):
            text = label[4:].encode("ascii").decode("punycode")
            if text.isprintable() and text.encode("punycode").decode() == label[4:]:
                return text
    return label


# Values


@cache
def type_name(number: int) -> str:
    return dns.rdatatype.to_text(dns.rdatatype.RdataType.make(number))


def value_of(rdata: dns.rdata.Rdata) -> str:
    """The canonical text of a value."""
    if type_name(rdata.rdtype) in _NAMELESS:
        return rdata.to_text()
    return _text_of(rdata.rdtype, rdata.to_digestable())


@lru_cache(maxsize=1 << 14)
def _text_of(number: dns.rdatatype.RdataType, data: bytes) -> str:
    """The same values stand at many names of a zone."""
    with suppress(dns.exception.DNSException, ValueError):
        text = dns.rdata.from_wire(IN, number, data, 0, len(data)).to_text()
        if dns.rdata.from_text(IN, number, text).to_digestable() == data:
            return text
    return generic(data)


def generic(data: bytes) -> str:
    """The form of RFC 3597 that every type has."""
    return f"{_GENERIC} {len(data)} {data.hex()}".rstrip()


def rdata_of(kind: str, text: str) -> dns.rdata.Rdata:
    """The value for a canonical text. It is not looked into where it is in the generic form."""
    number = dns.rdatatype.from_text(kind)
    if text.startswith(_GENERIC):
        return dns.rdata.GenericRdata(IN, number, bytes.fromhex("".join(text.split()[2:])))
    return dns.rdata.from_text(IN, number, text)


def soa_of(ttl: int, text: str) -> tuple[Soa, int]:
    """The SOA of a canonical text, and its serial."""
    primary, contact, serial, *timers = text.split()
    refresh, retry, expire, minimum = map(int, timers)
    return Soa(ttl, primary, contact, refresh, retry, expire, minimum), int(serial)


# Zones


def is_signers(key: Key, zone: str) -> bool:
    """Whether a record set is a signer's own. BIND notes what it has signed so far at the apex; elsewhere the
    same type is like any other that has no name."""
    return key.type in _SIGNERS and (key.type != _NOTES or key.owner == zone)


def zone_of(name: str, found: Iterable[RecordSet]) -> Zone:
    """A zone from all its record sets, with those of its signer. SnapError where it has no SOA."""
    sets = {one.key: one for one in found}
    head = sets.pop(Key(name, "SOA"), None)
    if head is None:
        raise SnapError(
            f"the server told no SOA of {name}", where=name, fix="see what it serves as this zone"
        )
    soa, serial = soa_of(head.ttl, head.records[0])
    signed = Key(name, "RRSIG") in sets
    return Zone(
        name=name,
        serial=serial,
        soa=soa,
        sets={key: one for key, one in sets.items() if not is_signers(key, name)},
        signed=signed,
        unmodelled=sorted(unmodelled(name, sets, signed)),
    )


def unmodelled(zone: str, sets: Iterable[Key], signed: bool) -> Iterator[Unmodelled]:
    """A signer's records where nobody signs: servers take some for orders to sign, and ignore others."""
    for key in sets:
        if not signed and is_signers(key, zone):
            yield Unmodelled(key.owner, key.type, "in a zone that is not signed")
