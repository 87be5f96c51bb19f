"""Zones of real servers: captured, changed, restored and undone, record for record."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from snapstore.errors import Exit, SnapError
from snapstore.model import Condition
from snapstore.snapshot import facts
from snapstore.store.store import Store
from tests.dns import servers
from tests.dns.conftest import ZONE, settings
from tests.project import Project, project, well

LONG = " ".join(f'"{letter * 255}"' for letter in "abc")
ELSEWHERE = (
    "@ 3600 SOA ns1.example.com. root.example.com. 1 7200 900 1209600 300\n@ 300 NS ns1.example.com.\n"
)
"""The least of a zone whose name server is in another one."""
EVERYTHING = (
    "@ 3600 MX 10 mail",
    "mail 300 A 192.0.2.25",
    "mail 300 A 192.0.2.26",
    "mail 300 AAAA 2001:db8::25",
    "www 60 CNAME web.example.net.",
    "* 300 A 192.0.2.99",
    "*.wild 300 TXT any",
    "xn--mnchen-3ya 300 A 192.0.2.80",
    f"long 300 TXT {LONG}",
    r'binary 300 TXT "\000\255\"\\;" "second chunk" ""',
    r'odd\.dot 300 TXT "a dot in a label"',
    r'a\032b\@c\"d 300 TXT "specials"',
    "_sip._tcp 300 SRV 10 60 5060 mail",
    '@ 300 CAA 0 issue "ca.example.net"',
    '@ 300 TXT "v=spf1 -all"',
    '@ 300 TXT "another"',
    "sub 300 NS ns.sub",
    "ns.sub 300 A 192.0.2.53",
    "sub 300 DS 12345 13 2 " + "ab" * 32,
    'host 300 HINFO "PC" "Linux"',
    "tunnel 300 DNAME example.net.",
    "who 300 RP admin.example.com. txt.example.com.",
    "where 300 LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m",
    'n 300 NAPTR 100 10 "u" "sip+E2U" "!^.*$!sip:info@example.com!" .',
    "key 300 SSHFP 4 2 " + "0a" * 32,
    "_443._tcp.www2 300 TLSA 3 1 1 " + "cd" * 32,
    "h 300 HTTPS 1 . alpn=h2,h3 ipv4hint=192.0.2.1",
    'u 300 URI 10 1 "https://example.com/"',
    "c 300 CERT PGP 0 0 AQIDBA==",
    "o 300 OPENPGPKEY AQIDBA==",
    "s 300 SMIMEA 3 0 0 0102",
    r"unknown 300 TYPE65280 \# 4 0a000001",
    r"empty 300 TYPE65281 \# 0",
    "apl 300 APL 1:192.168.32.0/21 !1:192.168.38.0/28",
    "eui 300 EUI48 00-00-5e-00-53-2a",
)
"""A record of every kind that brings a trap of its own."""


def fill(server: servers.Server, *lines: str) -> None:
    server.update(ZONE, *(f"+ {line}" for line in lines))


def store(place: Project) -> Store:
    return place.ws.store


def test_every_kind_of_record_comes_back(server: servers.Server, place: Project):
    fill(server, *EVERYTHING)
    before, taken = server.records(ZONE), place.take()
    gone = {line.split()[0] for line in EVERYTHING} - {"@"}
    server.update(ZONE, *(f"- {owner}" for owner in gone), "- @ MX", "- @ CAA", "- @ TXT")
    empty = server.records(ZONE)
    assert len(empty) == 3
    well(place.restore(taken.commit))
    assert server.records(ZONE) == before
    assert place.take().tree == taken.tree
    well(place.undo())
    assert server.records(ZONE) == empty


def test_values_that_dnspython_finds_odd_come_back(tmp_path: Path):
    """BIND does not take them."""
    with servers.running("knot", tmp_path / "server", {ZONE: servers.START}) as server:
        place = project(tmp_path / "project", settings(server.address))
        fill(server, r"short 300 SSHFP \# 3 040201", r"odd 300 DS \# 6 303901010101")
        taken = place.take()
        kept = facts(store(place).snapshot(taken.commit), "dns")
        server.update(ZONE, "- short", "- odd")
        well(place.restore(taken.commit))
        assert place.take().tree == taken.tree
    assert kept["rrset:short.example.com/SSHFP"].attrs["records"] == [r"\# 3 040201"]


def test_what_is_there_only_now_goes_and_what_changed_changes_back(server: servers.Server, place: Project):
    fill(server, *EVERYTHING)
    before, taken = server.records(ZONE), place.take()
    server.update(
        ZONE,
        *("- www CNAME", "+ www 30 A 192.0.2.1"),
        *("- mail A 192.0.2.25", "- mail AAAA", "+ new 5 TXT new", "- * A", "+ * 300 CNAME www"),
        *("- long TXT", '+ long 300 TXT "short"', "- tunnel DNAME", "+ a.tunnel 300 A 192.0.2.1"),
        *("- @ TXT", '+ @ 17 TXT "another"', "- binary TXT", r'+ binary 300 TXT "\000\255\"\\;second chunk"'),
    )
    changed = server.records(ZONE)
    well(place.restore(taken.commit))
    assert server.records(ZONE) == before
    well(place.undo())
    assert server.records(ZONE) == changed


@pytest.mark.parametrize(
    "change",
    [
        ("+ ns2 300 A 192.0.2.2", "+ @ 3600 NS ns2", "- @ NS ns1.example.com."),
        ("+ ns2 300 A 192.0.2.2", "+ @ 77 NS ns2", "- @ NS ns2.example.com."),
        ("+ ns2 300 A 192.0.2.2", "+ @ 77 NS ns2"),
    ],
    ids=["another", "ttl", "one more"],
)
def test_the_name_servers_of_a_zone_are_restored(
    server: servers.Server, place: Project, change: tuple[str, ...]
):
    before, taken = server.records(ZONE), place.take()
    server.update(ZONE, *change)
    changed = server.records(ZONE)
    assert changed != before
    well(place.restore(taken.commit))
    assert server.records(ZONE) == before
    well(place.undo())
    assert server.records(ZONE) == changed


def test_the_soa_is_restored_with_a_serial_that_goes_on(server: servers.Server, place: Project):
    before, taken = server.records(ZONE), place.take()
    server.update(ZONE, "+ @ 100 SOA ns9 somebody 4000000000 1 2 3 4")
    server.update(ZONE, "+ @ 100 SOA ns9 somebody 1000000000 1 2 3 4")
    serial = server.serial(ZONE)
    well(place.restore(taken.commit))
    assert server.records(ZONE) == before
    assert serial < server.serial(ZONE) < serial + 10


def test_a_change_of_nothing_but_the_serial_is_no_change(server: servers.Server, place: Project):
    taken = place.take()
    fill(server, "x 300 A 192.0.2.1")
    server.update(ZONE, "- x")
    assert server.serial(ZONE) > 1
    assert place.take().tree == taken.tree


def test_spelling_is_no_state(server: servers.Server, place: Project):
    fill(server, "www 300 CNAME Target.Example.NET.")
    taken = place.take()
    server.update(ZONE, "- www")
    fill(server, "WWW 300 CNAME target.example.net.")
    assert place.take().tree == taken.tree


@pytest.mark.parametrize("kind", servers.NAMES)
def test_what_a_signer_makes_is_left_to_it(kind: str, tmp_path: Path):
    with servers.running(kind, tmp_path / "server", {ZONE: servers.START}, signed=True) as server:
        place = project(tmp_path / "project", settings(server.address))
        fill(server, "www 300 A 192.0.2.1", "sub 300 NS ns1", "sub 300 DS 12345 13 2 " + "ab" * 32)
        wait_for_signature(server, "example.com. 3600 RRSIG SOA ")
        before, taken = unsigned(server), place.take()
        server.update(ZONE, "- www", "- sub DS", "+ new 60 TXT new", "+ @ 60 MX 10 ns1")
        well(place.restore(taken.commit))
        assert unsigned(server) == before
        wait_for_signature(server, "www.example.com. 300 RRSIG A ")
        kept = facts(store(place).snapshot(taken.commit), "dns")
    assert kept["zone:example.com"].attrs["signed"] is True
    assert {name.rpartition("/")[2] for name in kept} == {"zone:example.com", "NS", "A", "DS"}


def test_a_signers_record_where_nobody_signs_is_named_and_left_alone(tmp_path: Path):
    zone = f"{servers.START}@ 300 CDS 0 0 0 00\n@ 300 TYPE65534 \\# 1 00\nwww 300 TYPE65534 \\# 1 01\n"
    with servers.running("knot", tmp_path / "server", {ZONE: zone}) as server:
        place = project(tmp_path / "project", settings(server.address))
        taken = place.take()
        kept, before = facts(store(place).snapshot(taken.commit), "dns"), server.records(ZONE)
        assert {"unmodelled:example.com/CDS", "unmodelled:example.com/TYPE65534"} <= kept.keys()
        server.update(ZONE, "+ new 60 TXT new", "- www")
        assert [note.name for note in place.plan().notes] == ["unverifiable"] * 2
        well(place.restore(taken.commit))
        assert server.records(ZONE) == before


def wait_for_signature(server: servers.Server, begin: str) -> None:
    """BIND signs when it has time."""
    deadline = time.monotonic() + 30
    while not any(line.startswith(begin) for line in server.records(ZONE)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def unsigned(server: servers.Server) -> set[str]:
    made = ("RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "DNSKEY", "CDS", "CDNSKEY", "TYPE65534")
    return {line for line in server.records(ZONE) if line.split()[2] not in made}


def test_a_zone_that_is_signed_by_now_is_unverifiable(tmp_path: Path):
    with servers.running("knot", tmp_path / "first", {ZONE: servers.START}) as server:
        place = project(tmp_path / "project", settings(server.address))
        taken = place.take()
    with servers.running("knot", tmp_path / "second", {ZONE: servers.START}, signed=True) as server:
        wait_for_signature(server, "example.com. 3600 RRSIG SOA ")
        place = project(tmp_path / "project", settings(server.address))
        (action,) = place.plan(taken.commit).actions
        assert [hazard.name for hazard in action.hazards] == ["unverifiable"]
        assert place.restore(taken.commit).exit == Exit.MISMATCH


def test_more_than_a_message_holds_goes_in_several(server: servers.Server, place: Project):
    many = [f"h{number} 300 TXT {'x' * 200}" for number in range(600)]
    for some in range(0, len(many), 100):
        fill(server, *many[some : some + 100])
    before, taken = server.records(ZONE), place.take()
    for some in range(0, len(many), 100):
        server.update(ZONE, *(f"- h{number}" for number in range(some, some + 100)))
    emptied, serial = server.records(ZONE), server.serial(ZONE)
    well(place.restore(taken.commit))
    assert server.records(ZONE) == before
    assert server.serial(ZONE) - serial in (3, 4)
    well(place.undo())
    assert server.records(ZONE) == emptied


def test_one_name_is_restored_and_nothing_else(server: servers.Server, place: Project):
    fill(server, "www 300 A 192.0.2.1", "www 300 TXT a", "other 300 A 192.0.2.1")
    before, taken = server.records(ZONE), place.take()
    server.update(ZONE, "- www", "- other", "+ www 60 CNAME cdn.example.net.")
    well(place.restore(taken.commit, "dns:www.example.com/*"))
    assert before - server.records(ZONE) == {"other.example.com. 300 A 192.0.2.1"}
    assert server.records(ZONE) < before


def test_several_zones_of_one_server_with_one_inside_the_other(tmp_path: Path):
    zones = {
        "example.com": f"{servers.START}sub 60 NS ns.sub\nns.sub 60 A 192.0.2.7\n",
        "sub.example.com": f"{servers.SOA}@ 300 NS ns\nns 300 A 192.0.2.7\n",
        "0/25.2.0.192.in-addr.arpa": f"{ELSEWHERE}1 300 PTR www.example.com.\n",
    }
    with servers.running("bind", tmp_path / "server", zones) as server:
        place = project(tmp_path / "project", settings(server.address, *zones))
        before, taken = [server.records(zone) for zone in zones], place.take()
        server.update("example.com", "- sub NS", "+ sub 60 NS elsewhere.example.net.", "- ns.sub A")
        server.update("sub.example.com", "- ns A", "+ ns 300 A 192.0.2.8")
        server.update("0/25.2.0.192.in-addr.arpa", "- 1")
        well(place.restore(taken.commit))
        assert [server.records(zone) for zone in zones] == before
        names = facts(store(place).snapshot(taken.commit), "dns")
    assert "delegation:ns.sub.example.com/A@example.com" in names
    assert "rrset:ns.sub.example.com/A" in names
    assert "rrset:1.0/25.2.0.192.in-addr.arpa/PTR" in names


def test_zones_that_a_snapshot_was_not_asked_for_are_left_alone(tmp_path: Path):
    zones = {"example.com": servers.START, "sub.example.com": ELSEWHERE}
    with servers.running("bind", tmp_path / "server", zones) as server:
        first = project(tmp_path / "project", settings(server.address, "example.com")).take()
        server.update("sub.example.com", "+ a 300 A 192.0.2.1")
        server.update("example.com", "+ x.sub 300 A 192.0.2.9")
        both = project(tmp_path / "project", settings(server.address, *zones))
        second = both.take()
        result = well(both.restore(first.commit))
        assert [action.subject for action in result.plan.actions] == [
            "delegation:x.sub.example.com/A@example.com"
        ]
        assert "a.sub.example.com. 300 A 192.0.2.1" in server.records("sub.example.com")
        well(both.restore(second.commit))
        assert "x.sub.example.com. 300 A 192.0.2.9" in server.records("example.com")


def test_unicode_names_can_be_configured_and_are_shown(bind: servers.Server, tmp_path: Path):
    fill(bind, "xn--mnchen-3ya 300 A 192.0.2.80", "xn--999999999 300 TXT no")
    place = project(tmp_path / "project", settings(bind.address))
    taken = place.take()
    found = facts(store(place).snapshot(taken.commit), "dns")
    assert found["rrset:xn--mnchen-3ya.example.com/A"].attrs["unicode"] == "münchen.example.com"
    assert "unicode" not in found["rrset:xn--999999999.example.com/TXT"].attrs
    bind.update(ZONE, "- xn--mnchen-3ya")
    (action,) = place.plan().actions
    assert "create xn--mnchen-3ya.example.com (münchen.example.com) A: 192.0.2.80 " in action.summary


def test_a_clock_that_is_wrong_is_what_has_to_be_mended(
    server: servers.Server, place: Project, monkeypatch: pytest.MonkeyPatch
):
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + 1_000)
    with pytest.raises(SnapError) as told:
        place.take()
    assert "has another time than this computer" in told.value.what
    assert "clock" in told.value.fix


# What servers do in silence


def test_what_a_server_ignores_while_it_says_noerror_is_found(
    server: servers.Server, place: Project, monkeypatch: pytest.MonkeyPatch
):
    """An address beside an alias, which somebody else makes between our look and our message."""
    fill(server, "www 300 A 192.0.2.1")
    taken = place.take()
    server.update(ZONE, "- www")
    from snapstore_dns import rfc2136

    write = rfc2136._Server.write

    def late(self: rfc2136._Server, *words: object) -> None:
        fill(server, "www 300 CNAME elsewhere.example.net.")
        write(self, *words)

    monkeypatch.setattr(rfc2136._Server, "write", late)
    result = place.restore(taken.commit)
    assert result.exit == Exit.ERROR
    (outcome,) = result.outcomes
    assert "has done otherwise with www.example.com/A" in str(outcome.error)


def test_a_zone_that_changed_meanwhile_is_refused_and_nothing_is_done(
    server: servers.Server, place: Project, monkeypatch: pytest.MonkeyPatch
):
    fill(server, "www 300 A 192.0.2.1", "other 300 A 192.0.2.1")
    taken = place.take()
    server.update(ZONE, "- www", "- other")
    from snapstore_dns import rfc2136

    write = rfc2136._Server.write

    def late(self: rfc2136._Server, *words: object) -> None:
        fill(server, "www 300 A 192.0.2.66")
        write(self, *words)

    monkeypatch.setattr(rfc2136._Server, "write", late)
    result = place.restore(taken.commit)
    (outcome,) = result.outcomes
    assert "changed by somebody else" in str(outcome.error)
    assert "www.example.com/A" in str(outcome.error)
    assert outcome.condition == Condition.UNCHANGED
    assert {line for line in server.records(ZONE) if "192.0.2" in line} == {
        "ns1.example.com. 3600 A 192.0.2.1",
        "www.example.com. 300 A 192.0.2.66",
    }
