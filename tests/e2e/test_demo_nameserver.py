"""The demo's stand-in for a name server answers ``dig`` and ``nsupdate`` as BIND does, and keeps its zone."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from snapstore.demo import nameserver
from tests.dns import servers
from tests.dns.conftest import ZONE

FIRST = [
    "update add www.example.com. 300 A 192.0.2.10",
    "update add www.example.com. 300 A 192.0.2.11",
    "update add example.com. 60 NS ns2.example.net.",
]
UPDATES = [
    FIRST,
    ["update add www.example.com. 60 A 192.0.2.11"],
    ["update add www.example.com. 60 CNAME web.example.net."],
    [
        "update delete www.example.com.",
        "update add www.example.com. 60 CNAME web.example.net.",
        "update add www.example.com. 60 TXT beside",
    ],
    ["update add www.example.com. 60 CNAME other.example.net."],
    ["update delete www.example.com.", "update add www.example.com. 300 AAAA 2001:db8::1"],
    ["update delete example.com."],
    ["update delete example.com. NS"],
    ["update delete example.com. NS ns1.example.com.", "update delete example.com. NS ns2.example.net."],
    ["update delete www.example.com. A 192.0.2.10"],
    ["update delete nothing.example.com. A", "update delete nothing.example.com. A 192.0.2.1"],
    ["update add example.com. 60 SOA ns1.example.com. root.example.com. 4000000 1 2 3 4"],
    ["prereq yxrrset www.example.com. A", "update delete www.example.com."],
    ["prereq nxrrset www.example.com. A", "update delete www.example.com."],
    ["prereq nxrrset www.example.com. MX", "update delete www.example.com."],
    ["prereq yxdomain www.example.com.", "update add new.example.com. 60 A 192.0.2.1"],
    ["prereq yxdomain none.example.com.", "update add new.example.com. 60 A 192.0.2.1"],
    ["prereq nxdomain www.example.com.", "update add new.example.com. 60 A 192.0.2.1"],
    [
        "prereq yxrrset www.example.com. A 192.0.2.10",
        "prereq yxrrset www.example.com. A 192.0.2.11",
        "update delete www.example.com.",
    ],
    ["prereq yxrrset www.example.com. A 192.0.2.10", "update delete www.example.com."],
    ["prereq yxrrset www.example.com. A 192.0.2.9", "update delete www.example.com."],
]


@pytest.fixture(autouse=True)
def tools() -> None:
    for name in ("named", "dig", "nsupdate"):
        if not shutil.which(name):
            pytest.skip("needs bind9 and bind9-dnsutils")


def dig(place: nameserver.NameServer, *words: str, key: str = "") -> str:
    host, _, port = place.address.partition(":")
    options = ["+tcp", "+noall", "+comments", "+answer", "+nocookie"]
    signed = ["-y", key] if key else []
    command = ["dig", f"@{host}", "-p", port, *signed, *options, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def records(place: nameserver.NameServer) -> list[str]:
    lines = dig(place, "AXFR", ZONE, "+onesoa", key=place.key).splitlines()
    found = [line.split() for line in lines if line and not line.startswith(";")]
    return sorted(" ".join(words) for words in found)


def nsupdate(place: nameserver.NameServer, lines: list[str]) -> str:
    """What nsupdate says: nothing where it went well."""
    host, _, port = place.address.partition(":")
    text = "\n".join([f"server {host} {port}", f"zone {ZONE}", *lines, "send", ""])
    command = ["nsupdate", "-v", "-y", place.key]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    return done.stderr.strip()


def test_it_does_with_updates_what_bind_does(tmp_path: Path):
    (tmp_path / "zone").write_text(servers.START)
    with (
        servers.running("bind", tmp_path / "bind", {ZONE: servers.START}) as real,
        nameserver.running(tmp_path / "zone", ZONE) as ours,
    ):
        bind = nameserver.NameServer(real.address, servers.KEY)
        for lines in UPDATES:
            for place in (bind, ours):
                assert nsupdate(place, ["update delete www.example.com.", *FIRST]) == ""
            said, expected = nsupdate(ours, lines), nsupdate(bind, lines)
            assert said == expected, lines
            assert records(ours) == records(bind), lines


def test_it_answers_whoever_asks_and_gives_the_zone_to_nobody_without_its_key(tmp_path: Path):
    (tmp_path / "zone").write_text(servers.START)
    with nameserver.running(tmp_path / "zone", ZONE) as place:
        assert "ns1.example.com.\t3600\tIN\tA\t192.0.2.1" in dig(place, "ns1.example.com", "A")
        assert "status: NXDOMAIN" in dig(place, "none.example.com", "A")
        assert "status: NOTAUTH" in dig(place, "example.net", "A")
        assert "Transfer failed" in dig(place, "AXFR", ZONE)
        assert "Transfer failed" in dig(place, "AXFR", ZONE, key=servers.KEY)
        other = nameserver.NameServer(place.address, servers.KEY)
        assert "TSIG error" in nsupdate(other, FIRST)
        assert len(records(place)) == 3


def test_its_zone_outlives_it(tmp_path: Path):
    (tmp_path / "zone").write_text(servers.START)
    with nameserver.running(tmp_path / "zone", ZONE) as place:
        assert nsupdate(place, FIRST) == ""
        before = records(place)
    with nameserver.running(tmp_path / "zone", ZONE) as place:
        assert records(place) == before
