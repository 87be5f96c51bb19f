"""Talking to a name server over TCP, signed where there is a key: what is sent once, and what may be lost."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import dns.exception
import dns.message
import dns.rcode
import dns.tsig
import msgspec

from snapstore.errors import SnapError
from snapstore.remote.lost import LostError, reason

PORT = 53
LARGEST = 65535
BUSY = "SERVFAIL"
"""What a server says that cannot now: it may be at its limit of transfers, or be loading."""
_NO_KEY = "does not know the key, or not with this secret"
_NO_TIME = "has another time than this computer: signatures hold for five minutes"
_SEE_KEY = (
    "see what key it has, and whether it is for this algorithm; docs/adapters/dns-rfc2136.md has examples"
)
_SET_CLOCK = "set the clock of the one that is wrong"


class ImproperError(Exception):
    """What came is no answer, or not one that can be trusted."""


class UntrustedError(SnapError):
    """An answer came that proves nothing: whether the server has done what it was told is not known."""


class Line(msgspec.Struct, frozen=True):
    """Where a server is and how it knows us."""

    resource: str
    host: str
    port: int
    key: dns.tsig.Key | None
    timeout: float

    @property
    def place(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORT else f"{host}:{self.port}"

    def __repr__(self) -> str:
        return f"Line({self.place})"  # the key is a secret


def address(text: str, resource: str) -> tuple[str, int]:
    """Host and port of ``host``, ``host:port``, ``[address]:port`` or an address of IPv6."""
    host, colon, port = text.rpartition(":")
    if not colon or (":" in host and not host.endswith("]")):
        host, port = text, str(PORT)
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise SnapError(
            f"{text!r} is no address of a server",
            where=f"resources.{resource}.server",
            fix='write it as "ns1.example.com", "192.0.2.1:5353" or "[2001:db8::1]:53"',
        )
    return host.removeprefix("[").removesuffix("]"), int(port)


@contextmanager
def connected(line: Line) -> Iterator[socket.socket]:
    """A connection for one question. LostError when there is none, or no answer in time."""
    try:
        channel = socket.create_connection((line.host, line.port), line.timeout)
    except OSError as error:
        raise LostError(_reason(error), sent=False) from error
    with channel:
        try:
            yield channel
        except (OSError, EOFError, dns.exception.Timeout) as error:
            raise LostError(_reason(error)) from error


def _reason(error: BaseException) -> str:
    return "it did not answer in time" if isinstance(error, dns.exception.Timeout) else reason(error)


def exchange(line: Line, message: dns.message.Message) -> dns.message.Message:
    """The answer to a message, whatever its code. UntrustedError where it proves nothing; SnapError where the
    server does not trust us."""
    if line.key is not None:
        message.use_tsig(line.key)
    try:
        wire = message.to_wire(max_size=LARGEST)
    except dns.exception.TooBig as error:
        raise _refused(line, "could only be told in a message that is larger than DNS allows") from error
    with connected(line) as channel, trusted(line):
        send(channel, wire)
        data = receive(channel)
        answer = _parsed(data, message)
        if not message.is_response(answer):
            raise ImproperError("it answers another question")
        return answer


def _parsed(data: bytes, question: dns.message.Message) -> dns.message.Message:
    try:
        return dns.message.from_wire(data, keyring=question.keyring or False, request_mac=question.mac)
    except dns.exception.FormError as error:
        code = dns.rcode.to_text(dns.rcode.Rcode.make(data[3] & 0xF)) if len(data) > 3 else "nothing"
        raise ImproperError(f"it says {code}, and {error}") from error


def send(channel: socket.socket, wire: bytes) -> None:
    channel.sendall(struct.pack("!H", len(wire)) + wire)


def receive(channel: socket.socket) -> bytes:
    """The next message. EOFError when the connection ends before its end."""
    (size,) = struct.unpack("!H", _exactly(channel, 2))
    return _exactly(channel, size)


def _exactly(channel: socket.socket, size: int) -> bytes:
    parts = []
    while size:
        part = channel.recv(size)
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


@contextmanager
def trusted(line: Line) -> Iterator[None]:
    """UntrustedError for what is no proper answer, or not signed as it should be; SnapError where the server
    says so of what we have sent."""
    try:
        yield
    except (dns.tsig.PeerBadKey, dns.tsig.PeerBadSignature) as error:
        raise _refused(line, f"{_NO_KEY}: {error}") from error
    except (dns.tsig.BadSignature, dns.tsig.BadKey) as error:
        raise _refused(line, f"{_NO_KEY}: {error}", UntrustedError) from error
    except dns.tsig.PeerBadTime as error:
        raise _refused(line, _NO_TIME, fix=_SET_CLOCK) from error
    except dns.tsig.BadTime as error:
        raise _refused(line, _NO_TIME, UntrustedError, _SET_CLOCK) from error
    except dns.exception.Timeout:
        raise
    except (ImproperError, dns.exception.DNSException) as error:
        raise _refused(line, f"gives no proper answer: {error}", UntrustedError) from error


def _refused(line: Line, text: str, kind: type[SnapError] = SnapError, fix: str = _SEE_KEY) -> SnapError:
    return kind(f"the name server {line.place} {text}", where=line.resource, fix=fix)


def said(answer: dns.message.Message) -> str:
    return dns.rcode.to_text(answer.rcode())


def lost(error: LostError, line: Line) -> SnapError:
    """The error for a server that stays away."""
    return SnapError(
        f"no answer from the name server {line.place}: {error}",
        where=line.resource,
        fix="check the address and that the server is up, then run the command again",
    )
