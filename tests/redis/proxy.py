"""A proxy that cuts connections at a request: before the server has it, or when it has answered; or that lets
who asked wait for an answer that the server has given, or gives another one."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Literal

Cut = Literal["before", "after", "silence", "instead"]
Ask = Callable[[bytes], bytes]


def cuts(every: bool) -> list[Cut]:
    """The usual ways, or all of them: a client waits its time for each answer that does not come."""
    return ["before", "after", "silence"] if every else ["before", "after"]


def cut_ways(every: bool, *usual: tuple[Cut, str]) -> list[tuple[Cut, str]]:
    """The same of servers that go away, with what is done then."""
    return [(how, way) for how in cuts(True) for way in ("resume", "abort")] if every else list(usual)


class Proxy:
    """Forwards to a port. ``requests`` counts what clients have sent; at number ``at`` it cuts, once or, with
    ``down``, from then on. ``told`` is called at each cut, while the client still waits. ``instead`` is
    the answer to a request, and may ask the server."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.told: Callable[[], None] = lambda: None
        self.instead: Callable[[bytes, Ask], bytes] = lambda request, ask: ask(request)
        self._lock = threading.Lock()
        self.through()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def through(self) -> None:
        """From now on let everything through, and count anew."""
        self.cut_at(0)

    def cut_at(self, at: int, how: Cut = "before", *, down: bool = False) -> None:
        self.requests, self._at, self._how, self._down = 0, at, how, down

    def close(self) -> None:
        # Closed alone, it would go on accepting: for whoever is given its number next.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=5)

    def _cuts(self) -> bool:
        with self._lock:
            self.requests += 1
            return self._at > 0 and (self.requests >= self._at if self._down else self.requests == self._at)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), client, socket.create_connection(("127.0.0.1", self._target)) as server:
            while True:
                ready, _, _ = select.select([client, server], [], [])
                if server in ready:
                    client.sendall(_some(server))
                elif self._cuts():
                    if self._how == "instead":
                        client.sendall(self.instead(_some(client), lambda data: _asked(server, data)))
                        continue
                    if self._how != "before":
                        server.sendall(_some(client))
                        _some(server)
                    self.told()
                    if self._how == "silence":
                        client.recv(1)
                    return
                else:
                    server.sendall(_some(client))


def _asked(server: socket.socket, data: bytes) -> bytes:
    server.sendall(data)
    return _some(server)


def _some(channel: socket.socket) -> bytes:
    data = channel.recv(1 << 20)
    if not data:
        raise ConnectionResetError
    return data


@contextmanager
def proxy(target: int) -> Iterator[Proxy]:
    made = Proxy(target)
    try:
        yield made
    finally:
        made.close()
