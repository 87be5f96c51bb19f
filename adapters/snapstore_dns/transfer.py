"""Reading a whole zone by AXFR.

Messages are taken apart here and not by dnspython, which refuses a whole message for one record that it finds
odd, such as a digest of another length than usual, and which takes three times as long.
"""

from __future__ import annotations

import re
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.tsig

from snapstore.errors import SnapError
from snapstore.remote.lost import LostError
from snapstore_dns.records import IN, RecordSet, generic, name_of, owner_of, type_name, value_of
from snapstore_dns.talking import BUSY, ImproperError, Line, connected, receive, send, trusted

_HEADER = struct.Struct("!6H")
_RECORD = struct.Struct("!HHIH")
_SOA, _TSIG = 6, 250
_POINTER = 0xC0
_PLAIN_NAME = re.compile(rb"[a-z0-9_*/.-]+")
_PLAIN_TEXT = re.compile(rb"[ !#-\[\]-~]*")


Labels = tuple[bytes, ...]


class _Record(NamedTuple):
    owner: Labels
    type: int
    rdclass: int
    ttl: int
    start: int
    size: int
    at: int
    """Where it begins: owner and all."""


def transfer(line: Line, zone: str) -> list[RecordSet]:
    """All record sets of a zone, the SOA among them. SnapError when the server does not give them, LostError
    where it may give them when it is asked again."""
    query = dns.message.make_query(name_of(zone), dns.rdatatype.AXFR)
    if line.key is not None:
        query.use_tsig(line.key)
    with connected(line) as channel, trusted(line):
        # All of it at once: Knot gives up on who takes longer than half a second.
        records = list(_records(channel, query, line, zone))
    found: dict[tuple[str, str], tuple[int, set[str]]] = {}
    for data, record in records:
        key = _owner(record.owner), type_name(record.type)
        found.setdefault(key, (record.ttl, set()))[1].add(_value(data, record))
    return [RecordSet(*key, ttl, tuple(sorted(values))) for key, (ttl, values) in found.items()]


def _records(
    channel: socket.socket, query: dns.message.Message, line: Line, zone: str
) -> Iterator[tuple[bytes, _Record]]:
    """Each record with the message that it is in, up to the SOA that ends the transfer."""
    reading = _Reading(query, line)
    send(channel, query.to_wire())
    heads = 0
    while heads < 2:
        data = receive(channel)
        for record in reading.answers(data, zone):
            heads += record.type == _SOA
            if not heads:
                raise ImproperError("a transfer has to begin with the SOA")
            if heads < 2:
                yield data, record
    reading.require_signed()


class _Reading:
    """The messages of one transfer: a signature covers those before it that had none."""

    def __init__(self, query: dns.message.Message, line: Line) -> None:
        self._query = query
        self._line = line
        self._context: Any = None
        self._signed = line.key is None

    def answers(self, data: bytes, zone: str) -> list[_Record]:
        """The records of a message whose signature is right. SnapError where it says no."""
        if len(data) < _HEADER.size:
            raise ImproperError("a message was cut off")
        number, flags, questions, answers, others, more = _HEADER.unpack_from(data)
        if number != self._query.id or not flags & 0x8000:
            raise ImproperError("it answers another question")
        names: dict[int, tuple[Labels, int]] = {}
        try:
            at = _HEADER.size
            for _ in range(questions):
                at = _name(data, at, names)[1] + 4
            records = list(_walk(data, at, answers + others + more, names))
        except (struct.error, IndexError) as error:
            raise ImproperError("a message was cut off") from error
        self._verify(data, records)
        _require_well(flags & 0xF, self._line, zone)
        return records[:answers]

    def _verify(self, data: bytes, records: list[_Record]) -> None:
        key = self._line.key
        if key is None:
            return
        last = records[-1] if records and records[-1].type == _TSIG else None
        self._signed = last is not None
        if last is not None:
            self._context = dns.tsig.validate(  # type: ignore[no-untyped-call]
                *(data, key, dns.name.Name(last.owner), _signature(data, last), int(time.time())),
                *(self._query.mac, last.at, self._context, True),
            )
        elif self._context is not None:
            self._context.update(data)

    def require_signed(self) -> None:
        if not self._signed:
            raise ImproperError("the end of the transfer is not signed")


def _signature(data: bytes, record: _Record) -> dns.rdata.Rdata:
    return dns.rdata.from_wire(dns.rdataclass.ANY, dns.rdatatype.TSIG, data, record.start, record.size)


def _require_well(code: int, line: Line, zone: str) -> None:
    told = dns.rcode.to_text(dns.rcode.Rcode.make(code))
    if told == BUSY:
        raise LostError(f"it says {told} to a transfer of {zone}")
    if code:
        raise SnapError(
            f"the name server {line.place} does not give the zone {zone}: {told}",
            where=line.resource,
            fix="see that it serves the zone, and allows this key (or address) to transfer it: "
            "docs/adapters/dns-rfc2136.md has examples",
        )


def _walk(data: bytes, at: int, count: int, names: dict[int, tuple[Labels, int]]) -> Iterator[_Record]:
    for _ in range(count):
        begin = at
        owner, at = _name(data, at, names)
        kind, rdclass, ttl, size = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        yield _Record(owner, kind, rdclass, ttl, at, size, begin)
        at += size


def _name(data: bytes, at: int, names: dict[int, tuple[Labels, int]]) -> tuple[Labels, int]:
    """The name at a place, and where it ends. ``names`` are those that were read before."""
    if at in names:
        return names[at]
    labels: list[bytes] = []
    place = at
    while (size := data[place]) < _POINTER:
        labels.append(data[place + 1 : place + 1 + size])
        place += 1 + size
        if not size:
            break
    else:
        target = (size - _POINTER) << 8 | data[place + 1]
        if target >= at:
            raise ImproperError("a name points forward")
        labels += _name(data, target, names)[0]
        place += 2
    names[at] = tuple(labels), place
    return names[at]


def _owner(labels: Labels) -> str:
    text = b".".join(labels[:-1]).lower()
    if _PLAIN_NAME.fullmatch(text) and text.count(b".") == len(labels) - 2:
        return text.decode()
    return owner_of(dns.name.Name(labels))


def _value(data: bytes, record: _Record) -> str:
    quick = _QUICK.get(record.type)
    text = quick(data[record.start : record.start + record.size]) if quick is not None else None
    return text if text is not None else _value_of(data, record)


def _value_of(data: bytes, record: _Record) -> str:
    try:
        kind = dns.rdatatype.RdataType.make(record.type)
        return value_of(dns.rdata.from_wire(IN, kind, data, record.start, record.size))
    except dns.exception.DNSException:
        return generic(data[record.start : record.start + record.size])


# The same as dnspython says of them, in a tenth of the time; None for what it has to look at


def _address(raw: bytes) -> str | None:
    return socket.inet_ntoa(raw) if len(raw) == 4 else None


def _address_of_ipv6(raw: bytes) -> str | None:
    """Addresses that hold one of IPv4 begin with zeros and are written in more than one way."""
    return socket.inet_ntop(socket.AF_INET6, raw) if len(raw) == 16 and any(raw[:8]) else None


def _text(raw: bytes) -> str | None:
    chunks = []
    at = 0
    while at < len(raw):
        chunk = raw[at + 1 : at + 1 + raw[at]]
        if len(chunk) != raw[at] or not _PLAIN_TEXT.fullmatch(chunk):
            return None
        chunks.append(f'"{chunk.decode()}"')
        at += 1 + len(chunk)
    return " ".join(chunks) or None


_QUICK: Mapping[int, Callable[[bytes], str | None]] = {1: _address, 28: _address_of_ipv6, 16: _text}
