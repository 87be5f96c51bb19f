"""An HTTP server for fakes that keep state: it answers by a function, or fails in the way it is told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.dns.gateway import Failure, Gateway

Answer = tuple[int, bytes, Mapping[str, str]]
Answering = Callable[[str, str, Mapping[str, str], bytes], Answer]
_DONE: tuple[Failure | None, ...] = (None, "reset", "error after", "silence")
"""Those of which the server has done what it was told."""


def _handler(answering: Answering, faults: Gateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # headers and body are two writes, of which the second would wait

        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            how = faults.failure()
            found = answering(self.command, self.path, self.headers, body) if how in _DONE else None
            if how is None and found is not None:
                self._send(*found)
            elif how == "busy":
                self._send(429, b"", {"Retry-After": "0.01"})
            elif how is not None and how.startswith("error"):
                self._send(500, b"{}", {})
            else:
                if how == "silence":
                    threading.Event().wait(1.5)
                self.close_connection = True

        do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_PURGE = _do

        def _send(self, status: int, data: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *words: object) -> None:
            pass

    return Handler


@contextmanager
def serving(answering: Answering, faults: Gateway) -> Iterator[str]:
    """The URL of a server; gone at the end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(answering, faults))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
