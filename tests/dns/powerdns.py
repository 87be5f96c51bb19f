"""A real PowerDNS on loopback with an SQLite database, and its API as the tests use it."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from snapstore.embedded import free_port
from tests.dns.servers import started

KEY = "an API key that only the tests know"
SCHEMA = Path("/usr/share/doc/pdns-backend-sqlite3/schema.sqlite3.sql")
CONFIG = """
launch=gsqlite3
gsqlite3-database={folder}/database
gsqlite3-dnssec=yes
local-address=127.0.0.1
local-port={dns}
socket-dir={folder}
api=yes
api-key={key}
webserver=yes
webserver-address=127.0.0.1
webserver-port={port}
security-poll-suffix=
guardian=no
daemon=no
disable-syslog=yes
"""
RRset = dict[str, Any]


@dataclass
class PowerDns:
    """A running server."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def call(self, method: str, path: str, body: Any = None, *, strict: bool = True) -> Any:
        request = urllib.request.Request(f"{self.url}/api/v1/servers/localhost{path}", method=method)
        request.add_header("X-API-Key", KEY)
        request.data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                data = answer.read()
        except urllib.error.HTTPError as error:
            assert not strict, error.read()
            return error.code
        return json.loads(data) if data else None

    def patch(self, zone: str, *rrsets: RRset, strict: bool = True) -> Any:
        return self.call("PATCH", f"/zones/{zone}.", {"rrsets": rrsets}, strict=strict)

    def zone(self, zone: str) -> list[RRset]:
        """All the server tells of a zone but its serial, sorted."""
        found = self.call("GET", f"/zones/{zone}.")["rrsets"]
        for one in found:
            one["records"].sort(key=lambda record: (record["content"], record["disabled"]))
            one["comments"].sort(key=lambda comment: (comment["content"], comment["account"]))
            if one["type"] == "SOA":
                words = one["records"][0]["content"].split()
                one["records"][0]["content"] = " ".join([*words[:2], "-", *words[3:]])
        return sorted(found, key=lambda one: (one["name"], one["type"]))


def rrset(
    owner: str, kind: str, ttl: int, *values: str, disabled: tuple[str, ...] = (), **more: Any
) -> RRset:
    """What replaces a record set."""
    records = [{"content": text, "disabled": False} for text in values]
    records += [{"content": text, "disabled": True} for text in disabled]
    return {"name": owner, "type": kind, "ttl": ttl, "changetype": "REPLACE", "records": records, **more}


def gone(owner: str, kind: str) -> RRset:
    return {"name": owner, "type": kind, "changetype": "DELETE"}


def comment(text: str, account: str = "ops", modified_at: int = 1_700_000_000) -> dict[str, Any]:
    return {"content": text, "account": account, "modified_at": modified_at}


@contextmanager
def running(folder: Path, *zones: str) -> Iterator[PowerDns]:
    """A server of zones that hold the least; gone at the end."""
    program = shutil.which("pdns_server", path="/usr/sbin:/usr/bin")
    if program is None or not SCHEMA.exists():
        pytest.skip("needs Debian's pdns-server and pdns-backend-sqlite3")
    folder.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(folder / "database")) as database:
        database.executescript(SCHEMA.read_text())
    server = PowerDns(free_port())
    text = CONFIG.format(folder=folder, dns=free_port(), port=server.port, key=KEY)
    (folder / "pdns.conf").write_text(text)
    with started([program, f"--config-dir={folder}"], folder / "log") as process:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and process.poll() is None:
            with suppress(OSError):
                server.call("GET", "/zones")
                break
            time.sleep(0.05)
        for zone in zones:
            make(server, zone)
        yield server


def make(server: PowerDns, zone: str) -> None:
    soa = "ns1.example.net. hostmaster.example.net. 1 7200 900 1209600 300"
    server.call(
        "POST",
        "/zones",
        {
            "name": f"{zone}.",
            "kind": "Native",
            "rrsets": [
                rrset(f"{zone}.", "SOA", 3600, soa),
                rrset(f"{zone}.", "NS", 3600, "ns1.example.net."),
            ],
        },
    )
