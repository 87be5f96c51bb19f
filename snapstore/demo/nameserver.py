"""The name server of the demo: a stand-in, since no Python package brings a real one.

It answers for one zone from a thread of this process, over TCP on loopback: queries, transfers (AXFR) and
dynamic updates (RFC 2136), these two only with its TSIG key. It tells no secondaries, signs nothing, and its
zone is written down when it stops. Tests hold the adapter for DNS against BIND, Knot and PowerDNS.
"""

from __future__ import annotations

import base64
import secrets
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.tsig
import dns.update
import dns.zone

from snapstore.demo.updates import RefusedError, update

_LARGEST = 65535
_PATIENCE = 30.0
_KEY = "snap"


@dataclass(frozen=True)
class NameServer:
    """Where it is, as ``host:port``, and its key as ``nsupdate -y`` takes it."""

    address: str
    key: str

    @property
    def keyring(self) -> dns.tsig.Key:
        algorithm, name, secret = self.key.split(":")
        return dns.tsig.Key(name, secret, algorithm)


@contextmanager
def running(path: Path, origin: str) -> Iterator[NameServer]:
    """A name server for a zone in a master file, which it rewrites at the end."""
    key = f"hmac-sha256:{_KEY}:{base64.b64encode(secrets.token_bytes(32)).decode()}"
    zone = dns.zone.from_file(str(path), origin, relativize=False)
    with _Listener(("127.0.0.1", 0), _Connection) as listener:
        place = NameServer(f"127.0.0.1:{listener.server_address[1]}", key)
        listener.zone, listener.key = zone, place.keyring
        thread = threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield place
        finally:
            listener.shutdown()
            thread.join()
            listener.zone.to_file(str(path), relativize=False)


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    zone: dns.zone.Zone
    key: dns.tsig.Key

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.lock = threading.Lock()


class _Connection(socketserver.BaseRequestHandler):
    server: _Listener

    def handle(self) -> None:
        channel: socket.socket = self.request
        channel.settimeout(_PATIENCE)
        with suppress(OSError, EOFError, dns.exception.DNSException):
            while True:
                wire = self._answer(_message(channel))
                channel.sendall(struct.pack("!H", len(wire)) + wire)

    def _answer(self, wire: bytes) -> bytes:
        try:
            question = dns.message.from_wire(wire, keyring=self.server.key)
        except (dns.message.UnknownTSIGKey, dns.tsig.BadSignature, dns.tsig.BadTime):
            return _not_known(wire)
        with self.server.lock:
            return _answer(self.server, question).to_wire(max_size=_LARGEST)


def _message(channel: socket.socket) -> bytes:
    (size,) = struct.unpack("!H", _exactly(channel, 2))
    return _exactly(channel, size)


def _exactly(channel: socket.socket, size: int) -> bytes:
    parts = b""
    while len(parts) < size:
        part = channel.recv(size - len(parts))
        if not part:
            raise EOFError
        parts += part
    return parts


def _not_known(wire: bytes) -> bytes:
    """To who has no key of ours: nothing but that."""
    number, flags = struct.unpack_from("!HH", wire)
    answer = dns.message.Message(id=number)
    answer.flags = dns.flags.QR
    answer.set_opcode(dns.opcode.from_flags(flags))
    answer.set_rcode(dns.rcode.NOTAUTH)
    return answer.to_wire()


def _answer(listener: _Listener, question: dns.message.Message) -> dns.message.Message:
    answer = dns.message.make_response(question)
    asked = question.question[0] if question.question else None
    if asked is None or not asked.name.is_subdomain(listener.zone.origin or dns.name.root):
        answer.set_rcode(dns.rcode.NOTAUTH)
    elif isinstance(question, dns.update.UpdateMessage):
        answer.set_rcode(_updated(listener, question))
    elif asked.rdtype == dns.rdatatype.AXFR:
        _transfer(listener.zone, question, answer)
    else:
        _look_up(listener.zone, asked, answer)
    return answer


def _updated(listener: _Listener, question: dns.update.UpdateMessage) -> dns.rcode.Rcode:
    if not question.had_tsig:
        return dns.rcode.REFUSED
    try:
        listener.zone = update(listener.zone, question)
    except RefusedError as error:
        return error.code
    return dns.rcode.NOERROR


def _transfer(zone: dns.zone.Zone, question: dns.message.Message, answer: dns.message.Message) -> None:
    """All of the zone in one message, between its SOA and its SOA."""
    if not question.had_tsig:
        answer.set_rcode(dns.rcode.REFUSED)
        return
    sets = [
        dns.rrset.from_rdata_list(name, found.ttl, list(found)) for name, found in zone.iterate_rdatasets()
    ]
    head = [found for found in sets if found.rdtype == dns.rdatatype.SOA]
    answer.flags |= dns.flags.AA
    answer.answer = [*head, *(found for found in sets if found not in head), *head]


def _look_up(zone: dns.zone.Zone, asked: dns.rrset.RRset, answer: dns.message.Message) -> None:
    answer.flags |= dns.flags.AA
    if asked.name not in zone.nodes:
        answer.set_rcode(dns.rcode.NXDOMAIN)
        return
    for kind in (asked.rdtype, dns.rdatatype.CNAME):
        found = zone.get_rrset(asked.name, kind)
        if found:
            answer.answer.append(found)
            return
