"""Real DNS servers on loopback, each in a folder of its own: BIND 9 and Knot, with a key that may do all."""

from __future__ import annotations

import base64
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.tsig
import dns.update
import pytest

from snapstore.embedded import free_port

NAMES = ("bind", "knot")
PROGRAMS = {"bind": "named", "knot": "knotd"}
PACKAGES = {"bind": "bind9", "knot": "knot"}
SECRET = base64.b64encode(b"a secret that only the tests know").decode()
KEY = f"hmac-sha256:snap:{SECRET}"
SIGNER = dns.tsig.Key("snap", SECRET, "hmac-sha256")
SOA = "@ 3600 SOA ns1 hostmaster 1 7200 900 1209600 300\n"
START = f"{SOA}@ 3600 NS ns1\nns1 3600 A 192.0.2.1\n"
"""The least that a zone can hold."""

BIND = """
key snap {{ algorithm hmac-sha256; secret "{secret}"; }};
key reader {{ algorithm hmac-sha256; secret "{secret}"; }};
options {{
  directory "{folder}"; pid-file none; session-keyfile none; managed-keys-directory "{folder}";
  listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  recursion no; notify no; dnssec-validation no; tcp-clients 50;
}};
controls {{ }};
"""
BIND_ZONE = """zone "{zone}" {{
  type primary; file "{file}"; allow-transfer {{ key snap; key reader; }};
  update-policy {{ grant snap zonesub any; }}; {signing}
}};
"""
KNOT = """
server:
    listen: 127.0.0.1@{port}
    rundir: {folder}
    tcp-io-timeout: 60000
    tcp-remote-io-timeout: 60000
database:
    storage: {folder}
key:
  - id: snap
    algorithm: hmac-sha256
    secret: {secret}
acl:
  - id: all
    key: snap
    action: [transfer, update]
template:
  - id: default
    storage: {folder}
    acl: all
zone:
"""
KNOT_ZONE = """  - domain: "{zone}"
    file: "{file}"
    {signing}
"""
SIGNING = {"bind": "dnssec-policy default;", "knot": "dnssec-signing: on"}


@dataclass
class Server:
    """A running server; ``name`` is its kind."""

    name: str
    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def records(self, zone: str) -> set[str]:
        """All there is but the SOA's serial, as lines that dig makes of AXFR."""
        return {_line(*words) for words in self._transfer(zone)}

    def serial(self, zone: str) -> int:
        return next(int(rdata.split()[2]) for _, _, kind, rdata in self._transfer(zone) if kind == "SOA")

    def _transfer(self, zone: str) -> list[tuple[str, str, str, str]]:
        words = ["dig", "@127.0.0.1", "-p", str(self.port), "-y", KEY, "+nocmd", "+nocomments", "+nostats"]
        words += ["+noidnout", "+onesoa", "AXFR", zone]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        found = [line.split(maxsplit=4) for line in done.stdout.splitlines() if line and line[0] != ";"]
        assert found, done.stdout
        return [(name, ttl, kind, " ".join(rdata)) for name, ttl, _, kind, *rdata in found if kind != "TSIG"]

    def update(self, zone: str, *lines: str, strict: bool = True) -> str:
        """Send one UPDATE. A line is ``+ owner ttl type rdata`` or ``- owner [type [rdata]]``."""
        message = dns.update.UpdateMessage(zone)
        message.use_tsig(SIGNER)
        for line in lines:
            _add(message, line)
        answer = dns.query.tcp(message, "127.0.0.1", port=self.port, timeout=20)
        said = dns.rcode.to_text(answer.rcode())
        assert not strict or said == "NOERROR", said
        return said


def _line(name: str, ttl: str, kind: str, rdata: str) -> str:
    if kind == "SOA":
        words = rdata.split()
        rdata = " ".join([*words[:2], "-", *words[3:]])
    return f"{name} {ttl} {kind} {rdata}"


def _add(message: dns.update.UpdateMessage, line: str) -> None:
    sign, owner, *rest = line.split(maxsplit=2)
    name = dns.name.from_text(owner, message.origin)
    if sign == "+":
        ttl, kind, rdata = rest[0].split(maxsplit=2)
        message.add(name, int(ttl), _rdata(kind, rdata, message.origin))
    else:
        message.delete(name, *(rest[0].split(maxsplit=1) if rest else ()))


def _rdata(kind: str, text: str, origin: dns.name.Name | None) -> dns.rdata.Rdata:
    """Also what dnspython finds odd."""
    number = dns.rdatatype.from_text(kind)
    if text.startswith("\\#"):
        return dns.rdata.GenericRdata(dns.rdataclass.IN, number, bytes.fromhex("".join(text.split()[2:])))
    return dns.rdata.from_text(dns.rdataclass.IN, number, text, origin)


def program(kind: str) -> str:
    """Where a server is; the test is skipped where it is not installed, or what it is asked with."""
    found = shutil.which(PROGRAMS[kind], path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        pytest.skip(f"needs Debian's {PACKAGES[kind]}")
    if shutil.which("dig") is None:
        pytest.skip("needs Debian's bind9-dnsutils")
    return found


@contextmanager
def running(kind: str, folder: Path, zones: dict[str, str], *, signed: bool = False) -> Iterator[Server]:
    """A server of these zones, given as master files, on a free port, perhaps signed; gone at the end."""
    found = program(kind)
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    signing = SIGNING[kind] if signed else ""
    head, entry = (BIND, BIND_ZONE) if kind == "bind" else (KNOT, KNOT_ZONE)
    text = head.format(folder=folder, port=port, secret=SECRET)
    for number, (zone, content) in enumerate(zones.items()):
        (folder / f"{number}.zone").write_text(content)
        text += entry.format(zone=zone, file=folder / f"{number}.zone", signing=signing)
    config = folder / "server.conf"
    config.write_text(text)
    words = [found, "-g", "-n", "1", "-c", str(config)] if kind == "bind" else [found, "-c", str(config)]
    with started(words, folder / "log") as process:
        _wait(port, list(zones), process, folder / "log")
        yield Server(kind, port, folder, process)


@contextmanager
def started(words: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(words, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def _wait(port: int, zones: Sequence[str], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    waiting = list(zones)
    while waiting and time.monotonic() < deadline and process.poll() is None:
        try:
            query = dns.message.make_query(waiting[0], "SOA")
            if dns.query.tcp(query, "127.0.0.1", port=port, timeout=5).answer:
                waiting.pop(0)
                continue
        except (OSError, dns.exception.DNSException):
            pass
        time.sleep(0.02)
    if waiting:
        raise AssertionError(f"{waiting} is not served: {log.read_text()[-2000:]}")
