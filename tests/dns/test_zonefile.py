"""Master files: other programs read them, and make the same zone of them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import dns.rdatatype
import dns.zone
import pytest

from tests.conftest import Snap
from tests.dns import servers
from tests.dns.conftest import ZONE, settings
from tests.dns.test_restoring import EVERYTHING

NEWER = (
    "w 300 WALLET BTC abc",
    r"n 300 NULL \# 3 000102",
    "csync 300 CSYNC 66 3 A NS AAAA",
    "nid 300 NID 10 0014:4fff:ff20:ee64",
)
"""Types that some program does not know, or does not by this name."""


def written(server: servers.Server, snap: Snap, *lines: str) -> str:
    server.update(ZONE, *(f"+ {line}" for line in lines))
    snap.configure(settings(server.address))
    snap("init", code=0)
    snap("take", code=0)
    return snap("show", "HEAD:dns/example.com", "--zone", code=0).stdout


@pytest.mark.parametrize("kind", servers.NAMES)
def test_another_server_makes_the_same_zone_of_it(
    bind: servers.Server, snap: Snap, tmp_path: Path, kind: str
):
    text = written(bind, snap, *EVERYTHING, *NEWER)
    with servers.running(kind, tmp_path / "other", {ZONE: text}) as other:
        assert other.records(ZONE) == bind.records(ZONE)
        assert other.serial(ZONE) == bind.serial(ZONE)


def test_checkers_have_nothing_against_it(bind: servers.Server, snap: Snap):
    text = written(bind, snap, *EVERYTHING, *NEWER)
    checker = shutil.which("named-checkzone", path=f"{os.environ['PATH']}:/usr/sbin")
    if checker is None:
        pytest.skip("needs Debian's bind9-utils")
    (snap.root / "zone").write_text(text)
    subprocess.run([checker, "-k", "fail", ZONE, str(snap.root / "zone")], check=True, capture_output=True)
    read = dns.zone.from_text(text, ZONE, relativize=False)
    assert sum(1 for _ in read.iterate_rdatas()) == len(bind.records(ZONE))
    assert read.get_rdataset("long.example.com.", dns.rdatatype.TXT)[0].strings == (
        *(letter * 255 for letter in (b"a", b"b", b"c")),
    )


def test_it_reads_well(bind: servers.Server, snap: Snap):
    text = written(bind, snap, "www 300 A 192.0.2.1", "xn--mnchen-3ya 60 A 192.0.2.2", "@ 300 TXT a")
    assert text.splitlines() == [
        "$ORIGIN example.com.",
        "example.com. 3600 IN SOA ns1.example.com. hostmaster.example.com. 2 7200 900 1209600 300",
        "example.com. 3600 IN NS ns1.example.com.",
        'example.com. 300 IN TXT "a"',
        "ns1.example.com. 3600 IN A 192.0.2.1",
        "www.example.com. 300 IN A 192.0.2.1",
        "xn--mnchen-3ya.example.com. 60 IN A 192.0.2.2 ; münchen.example.com",
    ]
    assert snap("show", "live:dns/example.com/records.json", "--zone", code=0).stdout == text


def test_a_zone_is_found_by_its_name_as_people_write_it(tmp_path: Path, snap: Snap):
    names = ["xn--mnchen-3ya.example", "0/25.2.0.192.in-addr.arpa"]
    with servers.running("knot", tmp_path / "server", dict.fromkeys(names, servers.START)) as server:
        snap.configure(settings(server.address, *names))
        snap("init", code=0)
        snap("take", code=0)
    shown = snap("show", "HEAD:dns/München.example", "--zone", code=0).stdout
    assert shown.startswith("$ORIGIN xn--mnchen-3ya.example.\n")
    assert snap("show", f"HEAD:dns/{names[1]}", "--zone", code=0).stdout.startswith(f"$ORIGIN {names[1]}.\n")


def test_what_is_no_zone_is_one_clear_message(bind: servers.Server, snap: Snap):
    written(bind, snap)
    for words, said in {
        ("HEAD:dns/example.org", "--zone"): "did you mean 'example.com'?",
        ("HEAD:dns", "--zone"): "zones: example.com",
        ("HEAD:dms/example.com", "--zone"): "did you mean 'dns'?",
        ("HEAD", "--zone"): "--as needs REVISION:RESOURCE/PATH",
        ("HEAD:dns/example.com", "--as", "toml"): "its forms: zone",
    }.items():
        done = snap("show", *words, code=1)
        assert said in done.stderr
        assert not done.stdout
