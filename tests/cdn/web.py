"""An HTTP server for fakes that keep state: it answers by a function, or fails in the way it is told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests import serving as servers
from tests.dns.gateway import Failure, Gateway
from tests.serving import Handler

Answer = tuple[int, bytes, Mapping[str, str]]
Answering = Callable[[str, str, Mapping[str, str], bytes], Answer]
_DONE: tuple[Failure | None, ...] = (None, "reset", "error after", "silence")
"""Those of which the server has done what it was told."""


def _handler(answering: Answering, faults: Gateway) -> type[Handler]:
    class Answers(Handler):
        def _do(self) -> None:
            body = self.body()
            how = faults.failure()
            found = answering(self.command, self.path, self.headers, body) if how in _DONE else None
            if how is None and found is not None:
                status, content, fields = found
                self.send(status, content, fields.items())
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

        do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_PURGE = _do

    return Answers


def in_json(body: Any, status: int = 200) -> Answer:
    """An answer in JSON."""
    return status, json.dumps(body).encode(), {"Content-Type": "application/json"}


@contextmanager
def serving(answering: Answering, faults: Gateway) -> Iterator[str]:
    """The URL of a server; gone at the end."""
    with servers.serving(_handler(answering, faults)) as port:
        yield f"http://127.0.0.1:{port}"
