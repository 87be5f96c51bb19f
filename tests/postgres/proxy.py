"""A proxy on loopback between ``snap`` and its server, which ends something at a chosen message.

A message is a round trip that a client begins: a simple query, or the Sync behind an extended one. Counting
them makes the instants at which a restore can be cut few, and each of them can be had again.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Literal
from urllib.parse import urlencode

from snapstore import embedded

Moment = Literal["before", "during", "after"]
MOMENTS: tuple[Moment, ...] = ("before", "during", "after")
"""The server has not got the message; has got it; has answered it, which the client will never know."""


Which = Callable[[int, str], bool]
"""Whether it is this message, by its number and its text."""


@dataclass(frozen=True)
class Cut:
    """What is ended, and when: ``act`` runs, then every connection is closed."""

    which: Which
    moment: Moment
    act: Callable[[], None]


@dataclass
class Proxy:
    """Passes on what clients and the server say to each other, until the cut."""

    server: embedded.Server
    listener: socket.socket
    messages: int = 0
    last: str = ""
    cut: Cut | None = None
    done: Event = field(default_factory=Event)
    _open: set[socket.socket] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def url(self, database: str = "postgres") -> str:
        port = self.listener.getsockname()[1]
        words = urlencode({"sslmode": "disable", "gssencmode": "disable"})
        return f"postgresql://{embedded.SUPERUSER}@127.0.0.1:{port}/{database}?{words}"

    def arm(self, cut: Cut | None) -> None:
        """Begin to count anew."""
        with self._lock:
            self.messages, self.last, self.cut = 0, "", cut
            self.done.clear()

    def run(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                # An answer comes in parts, none of which may wait until the one before it was confirmed.
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
                Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with closing(client), closing(socket.socket(socket.AF_UNIX)) as server:
            try:
                server.connect(str(self.server.directory / f".s.PGSQL.{self.server.port}"))
            except OSError:
                return
            ends = {client, server}
            self._open |= ends
            link = _Link(self, client, server)
            back = Thread(target=link.answers, daemon=True)
            back.start()
            with suppress(OSError):
                link.questions()
            self._shut(ends)
            back.join()
            self._open -= ends

    def hit(self, kind: bytes, payload: bytes) -> Moment | None:
        """Count a message of a client; whether, and when, it is the one of the cut."""
        with self._lock:
            if kind in b"QP":
                self.last = payload.split(b"\0")[kind == b"P"].decode(errors="replace")
            if kind not in b"QS" or self.done.is_set():
                return None
            self.messages += 1
            return self.cut.moment if self.cut and self.cut.which(self.messages, self.last) else None

    def fire(self) -> None:
        assert self.cut is not None
        if not self.done.is_set():
            self.done.set()
            self.cut.act()
            self._shut(set(self._open))

    def _shut(self, ends: set[socket.socket]) -> None:
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@dataclass
class _Link:
    """One connection of a client, and the one to the server that it stands for."""

    proxy: Proxy
    client: socket.socket
    server: socket.socket
    is_mute: bool = False
    """Whether the client gets no more answers: the next one that is whole is the moment."""

    def questions(self) -> None:
        first = _exactly(self.client, 4)
        self.server.sendall(first + _exactly(self.client, struct.unpack("!I", first)[0] - 4))
        for kind, payload in _messages(self.client):
            moment = self.proxy.hit(kind, payload)
            self.is_mute = moment == "after"
            if moment != "before":
                self.server.sendall(_message(kind, payload))
            if moment in ("before", "during"):
                self.proxy.fire()

    def answers(self) -> None:
        with suppress(OSError):
            for kind, payload in _messages(self.server):
                if not self.is_mute:
                    self.client.sendall(_message(kind, payload))
                elif kind == b"Z":
                    self.proxy.fire()
        self.proxy._shut({self.client, self.server})


def _messages(end: socket.socket) -> Iterator[tuple[bytes, bytes]]:
    """The whole messages of one side, with their types, until it closes."""
    while True:
        head = _exactly(end, 5)
        yield head[:1], _exactly(end, struct.unpack("!I", head[1:])[0] - 4)


def _message(kind: bytes, payload: bytes) -> bytes:
    return kind + struct.pack("!I", len(payload) + 4) + payload


def _exactly(end: socket.socket, size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        part = end.recv(size - len(found))
        if not part:
            raise ConnectionResetError
        found += part
    return bytes(found)


@contextmanager
def before(server: embedded.Server) -> Iterator[Proxy]:
    """A proxy before the server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = Proxy(server, listener)
        Thread(target=proxy.run, daemon=True).start()
        try:
            yield proxy
        finally:
            proxy._shut({listener, *proxy._open})
