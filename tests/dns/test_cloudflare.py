"""Cloudflare: each record comes back with what stands beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dns.rdatatype
import dns.zone
import pytest

from snapstore.errors import SnapError
from snapstore.model import Condition
from snapstore.plan import hazards
from snapstore.snapshot import facts
from snapstore_dns import cloudflare as adapter
from snapstore_dns.structured import told_of, value_of
from tests.conftest import Snap
from tests.dns import cloudflare
from tests.dns.cloudflare import TOKEN, ZONE, Cloudflare, record
from tests.project import Project, project, well

WWW = f"www.{ZONE}"
PROXIED = record(WWW, "A", 1, "192.0.2.1", proxied=True, comment="the shop", tags=["team:web", "a"])
BESIDE = record(WWW, "A", 300, "192.0.2.2")
EVERYTHING = (
    PROXIED,
    BESIDE,
    record(WWW, "AAAA", 1, "2001:db8::1", settings={"ipv6_only": True}, proxied=True),
    record(f"auto.{ZONE}", "A", 1, "192.0.2.3"),
    record(f"mixed.{ZONE}", "TXT", 60, '"a"', comment="short"),
    record(f"mixed.{ZONE}", "TXT", 3600, '"b"'),
    record(f"mixed.{ZONE}", "TXT", 3600, "b"),
    record(f"mixed.{ZONE}", "TXT", 3600, 'without "quotes" \\'),
    record(f"long.{ZONE}", "TXT", 300, f'"{"x" * 255}" "y"'),
    record(f"flat.{ZONE}", "CNAME", 300, f"{WWW}", settings={"flatten_cname": True}),
    record(f"*.{ZONE}", "CNAME", 1, "web.example.net", proxied=True),
    record(ZONE, "MX", 300, "mail.example.net", priority=10),
    record(ZONE, "MX", 300, "mail.example.net", priority=20),
    record(f"sub.{ZONE}", "NS", 300, "ns1.example.net"),
    record(f"key.{ZONE}", "OPENPGPKEY", 300, "AQIDBA=="),
    record(f"1.{ZONE}", "PTR", 300, "host.example.net"),
    record(ZONE, "CAA", 300, data={"flags": 0, "tag": "issue", "value": 'ca "one"; a=\\b'}),
    record(
        f"_sip._tcp.{ZONE}",
        "SRV",
        300,
        data={"priority": 1, "weight": 2, "port": 5060, "target": "sip.example.net"},
    ),
    record(f"none._tcp.{ZONE}", "SRV", 300, data={"priority": 0, "weight": 0, "port": 0, "target": "."}),
    record(f"h.{ZONE}", "HTTPS", 300, data={"priority": 1, "target": ".", "value": 'alpn="h2,h3" port=8443'}),
    record(f"s.{ZONE}", "SVCB", 300, data={"priority": 0, "target": "svc.example.net", "value": ""}),
    record(f"u.{ZONE}", "URI", 300, priority=10, data={"weight": 5, "target": "https://example.com/a b"}),
    record(
        f"n.{ZONE}",
        *("NAPTR", 300),
        data={
            "order": 100,
            "preference": 10,
            "flags": "U",
            "service": "E2U+sip",
            "regex": "!^.*$!sip:info@example.com!",
            "replacement": ".",
        },
    ),
    record(
        f"where.{ZONE}",
        *("LOC", 300),
        data={
            "lat_degrees": 52,
            "lat_minutes": 22,
            "lat_seconds": 23.5,
            "lat_direction": "N",
            "long_degrees": 4,
            "long_minutes": 53,
            "long_seconds": 32,
            "long_direction": "E",
            "altitude": -2,
            "size": 0,
            "precision_horz": 10000,
            "precision_vert": 10,
        },
    ),
    record(f"half.{ZONE}", "LOC", 300, data={"lat_degrees": 52, "long_degrees": 4}),
    record(
        f"tls.{ZONE}",
        *("TLSA", 300),
        data={"usage": 3, "selector": 1, "matching_type": 1, "certificate": "cd" * 32},
    ),
    record(f"ssh.{ZONE}", "SSHFP", 300, data={"algorithm": 4, "type": 2, "fingerprint": "0a" * 32}),
    record(
        f"sub.{ZONE}",
        *("DS", 300),
        data={"key_tag": 12345, "algorithm": 13, "digest_type": 2, "digest": "ab" * 32},
    ),
)


def settings(url: str, zone: str = ZONE, token: str = TOKEN) -> str:
    return (
        f'[resources.dns]\nadapter = "dns"\nprovider = "cloudflare"\nserver = "{url}"\nkey = "{token}"\n'
        f'zones = ["{zone}"]\n'
    )


@pytest.fixture(scope="module")
def shared() -> Iterator[Cloudflare]:
    with cloudflare.running() as started:
        yield started


@pytest.fixture
def service(shared: Cloudflare) -> Cloudflare:
    shared.reset()
    return shared


@pytest.fixture
def place(service: Cloudflare, tmp_path: Path) -> Project:
    return project(tmp_path / "project", settings(service.url))


def test_all_that_the_service_tells_comes_back(service: Cloudflare, place: Project):
    service.add(*EVERYTHING)
    before, taken = service.told(), place.take()
    assert len(before) == len(EVERYTHING)
    service.remove({})
    assert not service.told()
    well(place.restore(taken.commit))
    assert service.told() == before
    assert place.take().tree == taken.tree
    well(place.undo())
    assert not service.told()


def test_only_what_differs_is_changed_back(service: Cloudflare, place: Project):
    service.add(*EVERYTHING)
    before, taken = service.told(), place.take()
    kept = set(service.records[service.zone])
    service.remove({"name": WWW, "content": "192.0.2.1"}, {"name": f"auto.{ZONE}"}, {"name": f"*.{ZONE}"})
    service.add(
        record(WWW, "A", 1, "192.0.2.1"),
        record(f"auto.{ZONE}", "A", 300, "192.0.2.3"),
        record(f"*.{ZONE}", "A", 300, "192.0.2.9"),
        record(f"new.{ZONE}", "TXT", 60, '"new"'),
    )
    changed = service.told()
    service.batches.clear()
    well(place.restore(taken.commit))
    assert service.told() == before
    (batch,) = service.batches
    assert {name: len(some) for name, some in batch.items()} == {"puts": 2, "deletes": 2, "posts": 1}
    assert len(kept & set(service.records[service.zone])) == len(EVERYTHING) - 3
    well(place.undo())
    assert service.told() == changed


def test_an_unproxied_record_beside_a_proxied_one_stays_as_it_is(service: Cloudflare, place: Project):
    service.add(PROXIED, BESIDE)
    before, taken = service.told(), place.take()
    service.remove({"content": "192.0.2.1"})
    well(place.restore(taken.commit))
    assert service.told() == before
    service.remove({"content": "192.0.2.2"})
    service.add(record(WWW, "A", 1, "192.0.2.2", proxied=True))
    well(place.restore(taken.commit))
    assert service.told() == before


def test_a_plan_tells_what_stands_beside_each_record(service: Cloudflare, place: Project):
    service.add(PROXIED, BESIDE)
    taken = place.take()
    found = facts(place.ws.store.snapshot(taken.commit), "dns")[f"rrset:{WWW}/A"].attrs
    beside = {"comment": "the shop", "proxied": True, "tags": ["a", "team:web"]}
    assert found == {"ttl": 300, "records": ["192.0.2.1", "192.0.2.2"], "each": {"192.0.2.1": beside}}
    service.remove({"content": "192.0.2.1"})
    service.add(record(WWW, "A", 1, "192.0.2.1"))
    (action,) = place.plan().actions
    assert "192.0.2.1: automatic → comment the shop, proxied, tags" in action.summary
    assert f"- {WWW}. 300 IN A 192.0.2.1 ; automatic" in action.statements
    assert f"+ {WWW}. 300 IN A 192.0.2.2" in action.statements


def test_a_record_takes_the_place_of_another_one(service: Cloudflare, place: Project):
    """So that the name has an answer wherever the change has come to."""
    service.add(BESIDE)
    taken, (name,) = place.take(), service.records[service.zone]
    service.remove({})
    service.add(record(WWW, "A", 60, "192.0.2.7"))
    (other,) = service.records[service.zone]
    assert other != name
    service.batches.clear()
    well(place.restore(taken.commit))
    assert [list(batch) for batch in service.batches] == [["puts"]]
    assert list(service.records[service.zone]) == [other]


@pytest.mark.parametrize(("plan", "batches"), [("free", 3), ("pro", 1)])
def test_a_batch_touches_no_more_records_than_the_plan_allows(
    service: Cloudflare, place: Project, plan: str, batches: int
):
    service.plan = plan
    service.add(*(record(f"n{number}.{ZONE}", "A", 60, "192.0.2.1") for number in range(450)))
    service.page = 100
    before, taken = service.told(), place.take()
    service.remove({})
    service.batches.clear()
    well(place.restore(taken.commit))
    assert len(service.batches) == batches
    assert service.told() == before


def test_what_another_product_has_made_is_named_and_left_alone(service: Cloudflare, place: Project):
    service.add(BESIDE)
    taken = place.take()
    service.add(record(f"mail.{ZONE}", "A", 300, "192.0.2.8"))
    made = next(one for one in service.records[service.zone].values() if one["name"] == f"mail.{ZONE}")
    made["meta"] = {"read_only": True}
    seen = place.take()
    (notice,) = seen.notices["dns"]
    assert notice.text.startswith("A: made by another product of Cloudflare")
    plan = place.plan(taken.commit)
    assert [hazard.name for hazard in hazards(plan)] == ["unverifiable"]
    service.remove({"name": WWW})
    place.restore(taken.commit)
    assert {one["name"] for one in service.told()} == {WWW, f"mail.{ZONE}"}


def test_a_zone_that_changed_meanwhile_is_refused_and_nothing_is_done(
    service: Cloudflare, place: Project, monkeypatch: pytest.MonkeyPatch
):
    service.add(*EVERYTHING)
    taken = place.take()
    service.remove({"type": "TXT"}, {"content": "192.0.2.3"})
    write = adapter._Cloudflare.write

    def late(self: adapter._Cloudflare, *words: Any) -> None:
        service.add(record(f"auto.{ZONE}", "CNAME", 300, "other.example.net"), strict=False)
        service.add(record(f"mixed.{ZONE}", "TXT", 300, '"a"'), strict=False)
        write(self, *words)

    monkeypatch.setattr(adapter._Cloudflare, "write", late)
    result = place.restore(taken.commit)
    outcome = result.outcomes[0]
    assert "changed by somebody else" in str(outcome.error)
    assert outcome.condition == Condition.UNCHANGED
    assert f"long.{ZONE}" not in {one["name"] for one in service.told()}


def test_what_does_not_let_us_in_is_one_clear_message(service: Cloudflare, snap: Snap):
    snap.configure(settings(service.url))
    snap("init", code=0)
    service.make("twice.example")
    service.make("twice.example")
    for text, words in (
        (settings("http://127.0.0.1:1"), "no answer from 127.0.0.1:1"),
        (settings(service.url, token="a wrong token"), "says 403"),
        (settings(service.url, "example.org"), "the token sees no zone example.org"),
        (settings(service.url, "twice.example"), "the token sees several zones twice.example"),
        (settings(service.url, "0" * 32), "says 404"),
    ):
        snap.configure(text)
        done = snap("take", code=1)
        assert words in done.stderr
        assert "Traceback" not in done.stderr
        assert TOKEN not in done.stderr
        assert "a wrong token" not in done.stderr
    snap.configure(settings(service.url, service.zone))
    snap("take", code=0)


def test_a_zone_is_a_master_file(service: Cloudflare, snap: Snap):
    service.add(*EVERYTHING)
    snap.configure(settings(service.url))
    snap("init", code=0)
    snap("take", code=0)
    text = snap("show", f"HEAD:dns/{ZONE}", "--zone", code=0).stdout
    whole = "\n".join(line for line in text.splitlines() if not line.startswith("half."))
    read = dns.zone.from_text(whole, ZONE, relativize=False, check_origin=False)
    mail = read.get_rdataset(f"{ZONE}.", dns.rdatatype.MX)
    assert mail is not None
    assert {str(one) for one in mail} == {"10 mail.example.net.", "20 mail.example.net."}
    assert read.get_rdataset(f"h.{ZONE}.", dns.rdatatype.HTTPS) is not None


@pytest.mark.parametrize("one", EVERYTHING, ids=lambda one: f"{one['name']} {one['type']}")
def test_a_value_leads_back_to_its_parts(one: dict[str, Any]):
    parts = {name: one[name] for name in ("content", "data", "priority") if name in one}
    if one["name"] in (f"mixed.{ZONE}", f"half.{ZONE}"):
        return  # master files have no form of their own for it
    assert told_of(one["type"], value_of({**one, "content": one.get("content", "made up")})) == parts


def test_what_the_service_refuses_is_told_in_its_words(
    service: Cloudflare, place: Project, monkeypatch: pytest.MonkeyPatch
):
    service.add(BESIDE)
    taken = place.take()
    service.remove({})
    monkeypatch.setattr(adapter, "told_of", lambda kind, value: {"content": value, "data": {}})
    result = place.restore(taken.commit)
    assert "a record of type A has no ['data'] (9207)" in str(result.outcomes[0].error)
    with pytest.raises(SnapError, match="sees no zone"):
        service.zones.clear()
        place.take()
