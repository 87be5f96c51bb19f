"""An HTTP gateway that lets requests through to an API, or fails at one in the way it is told to."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

from tests.serving import Handler, serving

Failure = Literal["refused", "reset", "busy", "error before", "error after", "silence"]
FAILURES: tuple[Failure, ...] = ("refused", "reset", "busy", "error before", "error after", "silence")
_DONE = ("reset", "error after", "silence")
"""Those of which the API has done what it was told."""
Way = Literal["resume", "abort"]
_HOPS = frozenset({"host", "connection", "content-length", "transfer-encoding", "accept-encoding"})
"""Headers that are for one connection only."""


def ways(every: bool, *usual: tuple[Failure, Way]) -> list[tuple[Failure, Way]]:
    """How an API stays away, and what is done then: all there is, or the usual few."""
    found: list[tuple[Failure, Way]] = [(how, "resume") for how in FAILURES]
    return [*found, *((how, "abort") for how in FAILURES)] if every else list(usual)


class Gateway:
    """Counts ``requests`` from the last :meth:`fail` on; ``done`` are the methods of those that the API has
    done well. Fails at number ``at``, once or, with ``down``, from then on. ``told`` is called when the API
    has done one, before its answer goes on."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.told: Callable[[str], None] = lambda method: None
        self._lock = threading.Lock()
        self.through()

    def through(self) -> None:
        self.fail(0, "refused")

    def fail(self, at: int, how: Failure, *, down: bool = False) -> None:
        self.requests, self._at, self._how, self._down = 0, at, how, down
        self.done: list[str] = []

    def failure(self) -> Failure | None:
        with self._lock:
            self.requests += 1
            hit = self.requests >= self._at if self._down else self.requests == self._at
            return self._how if self._at and hit else None

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        channel = http.client.HTTPConnection("127.0.0.1", self.target, timeout=20)
        sent = {name: value for name, value in headers.items() if name.lower() not in _HOPS}
        channel.request(method, path, body, sent)
        with channel.getresponse() as answer:
            found = answer.status, answer.read()
        channel.close()
        if found[0] < 300:
            self.done.append(method)
            self.told(method)
        return found


def _handler(gateway: Gateway) -> type[Handler]:
    class Passes(Handler):
        def _do(self) -> None:
            body = self.body()
            how = gateway.failure()
            if how in (None, *_DONE):
                status, data = gateway.answer(self.command, self.path, dict(self.headers), body)
            if how is None:
                self.send(status, data)
            elif how == "busy":
                self.send(429, b"", [("Retry-After", "0.01")])
            elif how == "error before":
                self.send(500, b"{}")
            elif how == "error after":
                self.send(503, b"{}", [("Retry-After", "0.01")])
            else:
                if how == "silence":
                    threading.Event().wait(1.5)
                self.close_connection = True

        do_GET = do_POST = do_PATCH = do_DELETE = _do

    return Passes


@contextmanager
def gateway(target: int) -> Iterator[tuple[Gateway, str]]:
    """A gateway to a port of this host, and its URL."""
    made = Gateway(target)
    with serving(_handler(made)) as port:
        yield made, f"http://127.0.0.1:{port}"
