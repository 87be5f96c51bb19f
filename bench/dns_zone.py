"""``snap`` against octoDNS on a zone of 10,000 record sets, on one PowerDNS and one BIND.

A capture is ``snap take`` into a new store against ``octodns-dump``; a plan is ``snap plan`` against
``octodns-sync``. A change of 10 % of the record sets is ``snap restore`` (which keeps the state before, and
reads the zone again after) against ``octodns-sync --doit`` (which does neither): each takes back what the
other has changed. Needs Debian's pdns-server, pdns-backend-sqlite3 and bind9. CPU time is of the commands.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.timing import command, compare
from tests.dns import powerdns, servers
from tests.dns.conftest import ZONE

SETS = 10_000
CHANGED = SETS // 10
ROUNDS = 3
GOAL = 0.33
SNAP = (sys.executable, "-m", "snapstore")
OCTODNS = Path(sys.executable).parent
ENVIRONMENT = {**os.environ, "NO_COLOR": "1"}


@dataclass(frozen=True)
class Served:
    """A server with the zone: how ``snap`` and octoDNS reach it, and what changes a tenth of it."""

    name: str
    resource: str
    target: Mapping[str, object]
    change: Callable[[], None]


def run(report: Callable[[object], None]) -> None:
    for serving in (_powerdns, _bind):
        with tempfile.TemporaryDirectory(prefix="snapstore-bench-") as base, serving(Path(base)) as served:
            _measure(_Bench(Path(base), served), served, report)


def _measure(bench: _Bench, served: Served, report: Callable[[object], None]) -> None:
    bench.project("kept")
    bench.take("kept")
    bench.dump("before")
    title = f"{served.name}, {SETS:,} record sets"
    for what, ours, theirs in (
        ("take", bench.take_anew, lambda number: bench.dump(f"dump{number}")),
        ("plan, nothing changed", bench.plan, lambda number: bench.sync("before")),
    ):
        report(compare(f"{title}: {what}", ours, theirs, rounds=ROUNDS, goal=GOAL))
    served.change()
    bench.dump("after")
    name = f"{title}: plan, 10 % changed"
    report(compare(name, bench.plan, lambda number: bench.sync("before"), rounds=ROUNDS, goal=GOAL))
    name = f"{title}: restore 10 %"
    report(
        compare(name, bench.restore, lambda number: bench.sync("after", "--doit"), rounds=ROUNDS, goal=GOAL)
    )


class _Bench:
    def __init__(self, base: Path, served: Served) -> None:
        self._base = base
        self._served = served

    def project(self, name: str) -> None:
        folder = self._base / name
        folder.mkdir()
        (folder / "snapstore.toml").write_text(self._served.resource)

    def take(self, name: str) -> None:
        command([*SNAP, "take", "-q", "-m", "take"], self._base / name, ENVIRONMENT)

    def take_anew(self, number: int) -> None:
        self.project(f"take{number}")
        self.take(f"take{number}")

    def plan(self, number: int) -> None:
        command([*SNAP, "plan", "HEAD"], self._base / "kept", ENVIRONMENT)

    def restore(self, number: int) -> None:
        words = [*SNAP, "restore", "HEAD", "--yes", "--allow", "all"]
        command(words, self._base / "kept", ENVIRONMENT)

    def dump(self, name: str) -> None:
        config = self._config(name)
        words = [OCTODNS / "octodns-dump", f"--config-file={config}", f"--output-dir={self._base / name}"]
        command([*map(str, words), "--lenient", f"{ZONE}.", "server"], self._base, ENVIRONMENT)

    def sync(self, name: str, *more: str) -> None:
        words = [str(OCTODNS / "octodns-sync"), f"--config-file={self._config(name)}", *more]
        command(words, self._base, ENVIRONMENT)

    def _config(self, name: str) -> Path:
        """JSON is YAML."""
        source = {
            "class": "octodns.provider.yaml.YamlProvider",
            "directory": str(self._base / name),
            "default_ttl": 3600,
            "enforce_order": False,
        }
        zone = {"sources": ["config"], "targets": ["server"], "lenient": True}
        text = {"providers": {"config": source, "server": self._served.target}, "zones": {f"{ZONE}.": zone}}
        path = self._base / f"{name}.yaml"
        path.write_text(json.dumps(text))
        return path


def _lines(changed: bool) -> Iterator[tuple[str, int, str, str]]:
    """Owner, TTL, type and value of each record set: mostly addresses, as in the zone of a hoster."""
    for number in range(SETS):
        ttl = 600 if changed and number % (SETS // CHANGED) == 0 else 300
        owner = f"host{number // 2}.{ZONE}."
        if number % 2 == 0:
            yield owner, ttl, "A", f"192.0.{number // 2 % 250}.{number % 250}"
        elif number % 10 == 1:
            yield owner, ttl, "MX", "10 mail.example.net."
        elif number % 10 == 3:
            yield owner, ttl, "TXT", f'"v=spf1 ip4:192.0.2.{number % 250} -all"'
        else:
            yield owner, ttl, "AAAA", f"2001:db8::{number:x}"


@contextmanager
def _powerdns(base: Path) -> Iterator[Served]:
    with powerdns.running(base / "server", ZONE) as server:

        def fill(changed: bool) -> None:
            found = [powerdns.rrset(owner, kind, ttl, text) for owner, ttl, kind, text in _lines(changed)]
            server.patch(ZONE, *found)

        fill(False)
        resource = (
            f'[resources.dns]\nadapter = "dns"\nprovider = "powerdns"\nserver = "{server.url}"\n'
            f'key = "{powerdns.KEY}"\nzones = ["{ZONE}"]\n'
        )
        target = {
            "class": "octodns_powerdns.PowerDnsProvider",
            "host": "127.0.0.1",
            "port": server.port,
            "api_key": powerdns.KEY,
        }
        yield Served("PowerDNS", resource, target, lambda: fill(True))


@contextmanager
def _bind(base: Path) -> Iterator[Served]:
    zone = servers.START + "".join(
        f"{owner} {ttl} {kind} {text}\n" for owner, ttl, kind, text in _lines(False)
    )
    with servers.running("bind", base / "server", {ZONE: zone}) as server:

        def change() -> None:
            new = [line for line in _lines(True) if line[1] == 600]
            for start in range(0, len(new), 200):
                some = new[start : start + 200]
                gone = [f"- {owner} {kind}" for owner, _, kind, _ in some]
                come = [f"+ {owner} {ttl} {kind} {text}" for owner, ttl, kind, text in some]
                server.update(ZONE, *gone, *come)

        resource = (
            f'[resources.dns]\nadapter = "dns"\nserver = "{server.address}"\nkey = "{servers.KEY}"\n'
            f'zones = ["{ZONE}"]\n'
        )
        target = {
            "class": "octodns_bind.Rfc2136Provider",
            "host": "127.0.0.1",
            "port": server.port,
            "key_name": "snap",
            "key_secret": servers.SECRET,
            "key_algorithm": "hmac-sha256",
            "timeout": 60,
        }
        yield Served("BIND", resource, target, change)
