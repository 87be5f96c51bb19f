"""A real PowerDNS: disabled records, comments and its own types come back as they were."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from snapstore.errors import SnapError
from snapstore_dns import powerdns as adapter
from tests.conftest import Snap
from tests.dns import servers
from tests.dns.conftest import ZONE
from tests.dns.conftest import settings as of_transfer
from tests.dns.powerdns import KEY, PowerDns, comment, gone, rrset, running
from tests.project import Project, project, well

WWW = f"www.{ZONE}."
EVERYTHING = (
    rrset(
        WWW, "A", 300, "192.0.2.1", disabled=("192.0.2.2",), comments=[comment("the shop"), comment("b", "")]
    ),
    rrset(f"off.{ZONE}.", "A", 300, disabled=("192.0.2.3",)),
    rrset(f"noted.{ZONE}.", "A", 0, comments=[comment("nothing here yet")]),
    rrset(f"{ZONE}.", "MX", 300, "10 mail.example.net."),
    rrset(f"{ZONE}.", "ALIAS", 300, "web.example.net."),
    rrset(f"l.{ZONE}.", "LUA", 300, "A \"ifportup(443, {'192.0.2.1'})\""),
    rrset(f"t.{ZONE}.", "TXT", 300, r'"\000\255\"\\;" "second chunk"', '""'),
    rrset(f"u.{ZONE}.", "TYPE65280", 300, r"\# 3 010203"),
    rrset(f"loc.{ZONE}.", "LOC", 300, "52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000.00m 10.00m"),
    rrset(f"*.{ZONE}.", "CNAME", 300, "WWW.Example.com."),
    rrset(f"xn--mnchen-3ya.{ZONE}.", "A", 300, "192.0.2.80"),
    rrset(f"h.{ZONE}.", "HTTPS", 300, "1 . alpn=h2,h3 ipv4hint=192.0.2.1"),
    rrset(f"sub.{ZONE}.", "NS", 300, "ns1.example.net."),
    rrset(f"sub.{ZONE}.", "DS", 300, "12345 13 2 " + "ab" * 32),
)


def settings(url: str, key: str = KEY) -> str:
    return (
        f'[resources.dns]\nadapter = "dns"\nprovider = "powerdns"\nserver = "{url}"\nkey = "{key}"\n'
        f'zones = ["{ZONE}"]\n'
    )


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PowerDns]:
    with running(tmp_path / "server", ZONE) as started:
        yield started


@pytest.fixture
def place(server: PowerDns, tmp_path: Path) -> Project:
    return project(tmp_path / "project", settings(server.url))


def test_what_another_provider_could_not_tell_stays_as_it_is(
    server: PowerDns, bind: servers.Server, tmp_path: Path
):
    """What PowerDNS keeps beside records, or answers something else for, is in no transfer of a zone."""
    bind.update(ZONE, "+ www 300 A 192.0.2.7")
    taken = project(tmp_path / "project", of_transfer(bind.address)).take()
    server.patch(ZONE, *EVERYTHING)
    place = project(tmp_path / "project", settings(server.url))
    before = by_name(server)
    kept = [
        *((f"{name}.{ZONE}.", "A") for name in ("off", "noted")),
        *((f"{ZONE}.", "ALIAS"), (f"l.{ZONE}.", "LUA")),
    ]
    stay = [one.subject for one in place.plan(taken.commit).actions if "stays as it is" in one.summary]
    assert stay == [f"rrset:{name.rstrip('.')}/{kind}" for name, kind in sorted(kept)]
    well(place.restore(taken.commit))
    after = by_name(server)
    www = before[WWW, "A"]
    now = after.pop((WWW, "A"))
    assert now["comments"] == www["comments"]
    assert {(one["content"], one["disabled"]) for one in now["records"]} == {
        ("192.0.2.7", False),
        ("192.0.2.2", True),
    }
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    rest = {(f"{ZONE}.", "NS"), (f"{ZONE}.", "SOA"), (f"ns1.{ZONE}.", "A")}
    assert after.keys() == {*kept, *rest}


def by_name(server: PowerDns) -> dict[tuple[str, str], Any]:
    return {(one["name"], one["type"]): one for one in server.zone(ZONE)}


def test_all_that_the_server_tells_comes_back(server: PowerDns, place: Project):
    server.patch(ZONE, *EVERYTHING)
    before, taken = server.zone(ZONE), place.take()
    server.patch(ZONE, *(gone(one["name"], one["type"]) for one in EVERYTHING))
    empty = server.zone(ZONE)
    assert len(empty) == 2
    well(place.restore(taken.commit))
    assert server.zone(ZONE) == before
    assert place.take().tree == taken.tree
    well(place.undo())
    assert server.zone(ZONE) == empty


def test_only_what_differs_is_changed_back(server: PowerDns, place: Project):
    server.patch(ZONE, *EVERYTHING)
    before, taken = server.zone(ZONE), place.take()
    server.patch(
        ZONE,
        rrset(WWW, "A", 300, "192.0.2.1", "192.0.2.2"),
        rrset(f"off.{ZONE}.", "A", 300, "192.0.2.3"),
        gone(f"*.{ZONE}.", "CNAME"),
        rrset(f"noted.{ZONE}.", "A", 0, comments=[comment("still nothing")]),
        rrset(f"new.{ZONE}.", "TXT", 5, '"new"'),
        rrset(f"{ZONE}.", "NS", 60, "ns1.example.net.", "ns2.example.net."),
        rrset(f"{ZONE}.", "SOA", 60, "ns2.example.net. root.example.net. 4000000000 1 2 3 4"),
    )
    server.patch(ZONE, rrset(f"*.{ZONE}.", "A", 300, "192.0.2.9"))
    changed = server.zone(ZONE)
    result = well(place.restore(taken.commit))
    assert len(result.plan.actions) == 8
    assert server.zone(ZONE) == before
    well(place.undo())
    assert server.zone(ZONE) == changed


def test_a_comment_beside_an_alias_comes_back(server: PowerDns, place: Project):
    note = rrset(WWW, "A", 0, comments=[comment("was 192.0.2.1")])
    server.patch(ZONE, note)
    server.patch(ZONE, rrset(WWW, "CNAME", 60, "web.example.net."))
    before, taken = server.zone(ZONE), place.take()
    server.patch(ZONE, gone(WWW, "A"))
    well(place.restore(taken.commit))
    assert server.zone(ZONE) == before
    server.patch(ZONE, gone(WWW, "CNAME"))
    server.patch(ZONE, rrset(WWW, "A", 60, "192.0.2.7"))
    well(place.restore(taken.commit))
    assert server.zone(ZONE) == before


def test_a_plan_shows_what_is_disabled_and_noted(server: PowerDns, place: Project):
    server.patch(ZONE, EVERYTHING[0])
    place.take()
    server.patch(ZONE, rrset(WWW, "A", 300, "192.0.2.1", "192.0.2.2"))
    (action,) = place.plan().actions
    assert f"+ {WWW} 300 IN A 192.0.2.2 ; disabled" in action.statements
    assert "+ ; the shop" in action.statements


def test_a_name_whose_records_are_all_disabled_has_no_address(server: PowerDns, place: Project):
    server.patch(ZONE, rrset(WWW, "A", 300, disabled=("192.0.2.1",)))
    taken = place.take()
    server.patch(ZONE, rrset(WWW, "A", 300, "192.0.2.1"))
    with pytest.raises(SnapError, match="hazards that are not allowed") as caught:
        place.restore(taken.commit, allow=())
    assert f"www.{ZONE} has no address any more" in str(caught.value)


def test_one_record_that_the_server_refuses_leaves_the_zone_as_it_is(
    server: PowerDns, place: Project, monkeypatch: pytest.MonkeyPatch
):
    server.patch(ZONE, *EVERYTHING)
    taken = place.take()
    server.patch(ZONE, *(gone(one["name"], one["type"]) for one in EVERYTHING))
    empty, told = server.zone(ZONE), adapter._told

    def spoiled(*words: Any) -> dict[str, Any]:
        found = told(*words)
        if found["type"] == "MX":
            found["records"] = [{"content": "no mail server", "disabled": False}]
        return found

    monkeypatch.setattr(adapter, "_told", spoiled)
    result = place.restore(taken.commit)
    (outcome,) = result.outcomes
    assert "says 422 to PATCH" in str(outcome.error)
    assert server.zone(ZONE) == empty


def test_what_does_not_let_us_in_is_one_clear_message(server: PowerDns, snap: Snap):
    for text, words in (
        (settings("http://127.0.0.1:1"), "no answer from 127.0.0.1:1"),
        (settings("127.0.0.1"), "this is no address of an API"),
        (settings(server.url, "a wrong key"), "says 401"),
        (settings(server.url).replace(ZONE, "example.org"), "the server has no zone example.org"),
    ):
        snap.configure(text)
        snap("init")
        done = snap("take", code=1)
        assert words in done.stderr
        assert "Traceback" not in done.stderr
        assert KEY not in done.stderr
        assert "a wrong key" not in done.stderr


def test_a_zone_in_the_servers_words_is_a_master_file(server: PowerDns, snap: Snap):
    server.patch(ZONE, *EVERYTHING)
    snap.configure(settings(server.url))
    snap("init", code=0)
    snap("take", code=0)
    text = snap("show", f"HEAD:dns/{ZONE}", "--zone", code=0).stdout
    assert f"; disabled: {WWW} 300 IN A 192.0.2.2\n" in text
    import dns.zone

    read = dns.zone.from_text(text, ZONE, relativize=False)
    assert len(list(read.iterate_rdatas())) == 2 + sum(len(one["records"]) for one in EVERYTHING) - 2 - 2
