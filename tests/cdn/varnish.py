"""A real Varnish on loopback, and its CLI as the tests use it."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from snapstore.embedded import free_port
from tests.dns.servers import started

SECRET = b"a secret that only the tests know\n"
QUICK = "exec cc -O0 -fpic -shared -Wl,-x -o %o %s"
"""A compiler in a hurry: the programs are not run for long."""


@dataclass
class Varnish:
    """A running server."""

    port: int
    cli: int
    folder: Path
    first: dict[str, Any] = field(default_factory=dict)
    """The values of its parameters when it started."""

    def ask(self, *words: str) -> tuple[int, str]:
        with (
            socket.create_connection(("127.0.0.1", self.cli), 30) as channel,
            channel.makefile("rb") as stream,
        ):
            challenge = _receive(stream)[1].partition(b"\n")[0] + b"\n"
            digest = hashlib.sha256(challenge + SECRET + challenge).hexdigest()
            channel.sendall(f"auth {digest}\n".encode())
            assert _receive(stream)[0] == 200
            channel.sendall(b" ".join(_quoted(word) for word in words) + b"\n")
            status, text = _receive(stream)
            return status, text.decode("utf-8", "surrogateescape")

    def call(self, *words: str) -> str:
        status, text = self.ask(*words)
        assert status == 200, (words, status, text)
        return text

    def told(self, *words: str) -> list[Any]:
        return list(json.loads(self.call(*words))[3:])

    def use(self, name: str, text: str) -> None:
        """Load a program and let it answer."""
        self.call("vcl.inline", name, text)
        self.call("vcl.use", name)

    def programs(self) -> dict[str, str]:
        """Status of all that is loaded, labels as well."""
        return {one["name"]: one["status"] for one in self.listed()}

    def listed(self) -> list[Any]:
        return [one for one in self.told("vcl.list", "-j") if one["status"] != "discarded"]

    def everything(self) -> dict[str, Any]:
        """All that counts, in a form that equal states share: programs by what they stand for."""
        listed = self.listed()
        labels = {one["name"]: one["label"]["name"] for one in listed if one["state"] == "label"}
        active = next(one["name"] for one in listed if one["status"] == "active")
        health = self._health({one["name"] for one in listed})
        values = {one["name"]: one.get("value") for one in self.told("param.show", "-j")}
        return {
            "active": f"label {active}" if active in labels else self._program(active, health),
            "labels": {label: self._program(name, health) for label, name in labels.items()},
            "values": values,
        }

    def _program(self, name: str, health: dict[str, Any]) -> Any:
        """What was put into a program in place of what it includes is that very text."""
        text = self.call("vcl.show", name)
        files = re.findall(
            r"// VCL.SHOW [1-9]\d* \d+ (/[^\n]*)\n", shown := self.call("vcl.show", "-v", name)
        )
        for path in files:
            part = shown.partition(f" {path}\n")[2].partition("\n\n// VCL.SHOW")[0]
            text += f"\n# {path}\n{part.strip()}"
        for given in re.findall(r"\n#\[snapstore \[.*?\]\n.*?\n#snapstore\]\n", text, re.DOTALL):
            head, _, rest = given.lstrip().partition("\n")
            path, words = json.loads(head.removeprefix("#[snapstore "))
            part = rest.removesuffix("\n#snapstore]\n")
            text = f"{text.replace(given, words)}\n# {path}\n{part.strip()}"
        return text, health.get(name, {})

    def _health(self, names: set[str]) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for full, one in self.told("backend.list", "-j", "*.*")[0].items():
            owner, _, backend = full.partition(".")
            said, probes = one["admin_health"], one["probe_message"][1]
            if owner in names and (said == "sick" or (said == "healthy" and probes)):
                found.setdefault(owner, {})[backend] = said
        return found


def _receive(stream: Any) -> tuple[int, bytes]:
    status, size = stream.readline().split()
    return int(status), stream.read(int(size) + 1)[:-1]


def _quoted(word: str) -> bytes:
    if re.fullmatch(r"[!-~]+", word) and not set(word) & set('"\\<'):
        return word.encode()
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        word = word.replace(plain, escaped)
    return f'"{word}"'.encode("utf-8", "surrogateescape")


START = 'vcl 4.1;\nbackend default { .host = "127.0.0.1"; .port = "9"; }\n'


@contextmanager
def running(folder: Path, *options: str, text: str = START) -> Iterator[Varnish]:
    """A server with one program; gone at the end."""
    program = shutil.which("varnishd", path="/usr/sbin:/usr/bin")
    if program is None:
        pytest.skip("needs Debian's varnish")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "secret").write_bytes(SECRET)
    (folder / "start.vcl").write_text(text)
    server = Varnish(free_port(), free_port(), folder)
    words = ["-F", "-n", str(folder / "work"), "-j", "none", "-a", f"127.0.0.1:{server.port}"]
    words += ["-T", f"127.0.0.1:{server.cli}", "-S", str(folder / "secret"), "-s", "malloc,16m"]
    words += [
        "-f",
        str(folder / "start.vcl"),
        "-p",
        f"cc_command={QUICK}",
        "-p",
        "thread_pool_min=10",
        *options,
    ]
    with started([program, *words, *options], folder / "log") as process:
        _wait(server, process)
        server.first = server.everything()["values"]
        yield server


def _wait(server: Varnish, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError, ValueError):
            if "running" in server.ask("status")[1]:
                return
        time.sleep(0.05)
    raise AssertionError(f"the server did not start: {(server.folder / 'log').read_text()[-500:]}")
