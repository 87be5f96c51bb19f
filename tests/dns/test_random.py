"""The law on random zones: restore, read it all, undo, read it all. ``SNAPSTORE_DNS_ROUNDS`` rounds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dns import cloudflare, powerdns, route53, servers
from tests.dns.conftest import ZONE
from tests.dns.test_cloudflare import settings as of_cloudflare
from tests.dns.test_octodns import compared as of_octodns
from tests.dns.test_powerdns import settings as of_powerdns
from tests.dns.test_route53 import settings as of_route53
from tests.project import Project, goes_and_comes, in_rounds, project

ROUNDS = int(os.environ.get("SNAPSTORE_DNS_ROUNDS", "6"))
SHRINK = "SNAPSTORE_DNS_SHRINK" in os.environ  # takes minutes

OWNERS = st.sampled_from(
    ["@", "www", "mail", "a.b", "*", "*.wild", "sub", "ns.sub", "xn--mnchen-3ya", "_sip._tcp"]
)
ODD_OWNERS = st.sampled_from([r"odd\.dot", r"a\032b", r"\255\000", r"q\"\;\(\@"])
TTLS = st.sampled_from([0, 1, 60, 300, 2147483647])
HOSTS = st.sampled_from(["www", "mail", "web.example.net.", "NS1", "."])
LETTERS = st.text(
    st.characters(codec="ascii", categories=["L", "N", "P", "S"], exclude_characters='"\\'), max_size=40
)


def quoted(raw: bytes) -> str:
    return '"' + "".join(chr(b) if 32 < b < 127 and b not in b'"\\' else f"\\{b:03}" for b in raw) + '"'


CHUNKS = st.lists(
    st.one_of(st.binary(max_size=20).map(quoted), st.just(f'"{"x" * 255}"')), min_size=1, max_size=5
)
VALUES: dict[str, st.SearchStrategy[str]] = {
    "A": st.builds("192.0.2.{}".format, st.integers(1, 9)),
    "AAAA": st.builds("2001:db8::{:x}".format, st.integers(1, 9)),
    "CNAME": HOSTS.filter(lambda host: host != "."),
    "MX": st.builds(
        "{} {}".format, st.integers(0, 3), st.sampled_from(["mail.example.net.", "MX.example.net."])
    ),
    "NS": st.sampled_from(["ns1", "ns2.example.net.", "ns3.example.net."]),
    "TXT": CHUNKS.map(" ".join),
    "SRV": st.builds("{} 5 5060 {}".format, st.integers(0, 3), st.just("sip.example.net.")),
    "CAA": st.builds('0 issue "{}"'.format, st.sampled_from(["ca.example.net", ";", "ca; a=b"])),
    "HINFO": st.builds('"{}" "x"'.format, LETTERS),
    "DS": st.builds("{} 13 2 {}".format, st.integers(0, 3), st.just("ab" * 32)),
    "NAPTR": st.builds('{} 1 "u" "E2U" "!^.*$!sip:x@example.com!" .'.format, st.integers(0, 3)),
    "TLSA": st.builds("3 1 1 {}".format, st.sampled_from(["cd" * 32, "ef" * 32])),
    "HTTPS": st.sampled_from(["0 web.example.net.", "1 . alpn=h2", "1 . alpn=h2,h3 port=8443"]),
    "LOC": st.sampled_from(["1 N 1 E 1m", "52 22 23.000 N 4 53 32.000 E -2.00m 10m 10m 10m"]),
    "DNAME": st.sampled_from(["example.net.", "Example.org."]),
    "TYPE65280": st.binary(max_size=8).map(lambda raw: f"\\# {len(raw)} {raw.hex()}".strip()),
}


def _added(kind: str) -> st.SearchStrategy[str]:
    owners = OWNERS if kind in ("A", "AAAA", "NS", "MX", "SRV") else st.one_of(OWNERS, ODD_OWNERS)
    return st.builds(f"+ {{}} {{}} {kind} {{}}".format, owners, TTLS, VALUES[kind])


LINES = st.one_of(
    *map(_added, VALUES),
    st.builds("- {}".format, st.one_of(OWNERS, ODD_OWNERS)),
    st.builds("- {} {}".format, OWNERS, st.sampled_from(sorted(VALUES))),
    st.builds("+ @ {} SOA {} root {{serial}} {} 2 3 {}".format, TTLS, HOSTS, st.integers(1, 3), TTLS),
)
STATES = st.lists(LINES, min_size=3, max_size=40)


given_rounds = in_rounds(ROUNDS, 6, shrink=SHRINK)


def run(server: servers.Server, lines: Sequence[str]) -> None:
    """Do it all, each by itself, as far as the server lets one."""
    for line in lines:
        text = line.replace("{serial}", str(server.serial(ZONE) + 1)) if "{serial}" in line else line
        owner, kind = [*text.split(), "", "", ""][1:4:2]
        # Knot 3.2 dies of a second DNAME beside the one that is there.
        room = [f"- {owner} DNAME"] if kind == "DNAME" else []
        server.update(ZONE, *room, text, strict=False)


def reset(server: servers.Server) -> None:
    owners = {line.split()[0] for line in server.records(ZONE)} - {f"{ZONE}.", f"ns1.{ZONE}."}
    server.update(ZONE, *(f"- {owner}" for owner in sorted(owners)))
    server.update(ZONE, "+ @ 3600 NS ns1", "- @", "- ns1", "+ ns1 3600 A 192.0.2.1")


def test_whatever_was_changed_is_restored_and_undone_exactly(server: servers.Server, place: Project):
    @given_rounds
    @given(STATES, STATES)
    def there_and_back(state: list[str], mutation: list[str]) -> None:
        reset(server)
        run(server, state)
        goes_and_comes(place, lambda: folded(server.records(ZONE)), lambda: run(server, mutation))

    there_and_back()


def folded(records: set[str]) -> set[str]:
    """Names in values in lower case: their spelling is no state. Texts are not names."""
    return {
        line if " TXT " in line or " CAA " in line or " HINFO " in line else line.lower() for line in records
    }


# PowerDNS

PLAIN = ["www", "mail", "a.b", "*", "sub", "xn--mnchen-3ya", "_sip._tcp"]
NOTES = st.lists(
    st.builds(powerdns.comment, LETTERS.filter(bool), st.sampled_from(["", "ops"])), max_size=2, unique_by=str
)
FOR_POWERDNS = sorted(set(VALUES) - {"LOC", "TYPE65280", "HINFO", "CAA", "DNAME"})


@st.composite
def rrsets(draw: st.DrawFn) -> powerdns.RRset:
    kind = draw(st.sampled_from(FOR_POWERDNS))
    owner = f"{draw(st.sampled_from(PLAIN))}.{ZONE}."
    if draw(st.integers(0, 4)) == 0:
        return powerdns.gone(owner, kind)
    texts = draw(st.lists(VALUES[kind], min_size=0, max_size=3, unique=True))
    values = [
        text if text.endswith((".", '"')) or kind not in ("CNAME", "NS") else f"{text}.{ZONE}."
        for text in texts
    ]
    cut = draw(st.integers(0, len(values)))
    notes = draw(NOTES)
    return powerdns.rrset(
        owner, kind, draw(TTLS), *values[cut:], disabled=tuple(values[:cut]), comments=notes
    )


def turn_powerdns(server: powerdns.PowerDns, sets: Sequence[powerdns.RRset]) -> None:
    for one in sets:
        server.patch(ZONE, one, strict=False)


def test_whatever_powerdns_was_told_is_restored_and_undone_exactly(tmp_path: Path):
    with powerdns.running(tmp_path / "server", ZONE) as server:
        place = project(tmp_path / "project", of_powerdns(server.url))

        @given_rounds
        @given(st.lists(rrsets(), max_size=25), st.lists(rrsets(), max_size=25))
        def there_and_back(state: list[powerdns.RRset], mutation: list[powerdns.RRset]) -> None:
            turn_powerdns(server, state)
            goes_and_comes(place, lambda: server.zone(ZONE), lambda: turn_powerdns(server, mutation))

        there_and_back()


# Route 53

CHOICES: list[dict[str, Any]] = [
    {},
    *({"SetIdentifier": name, "Weight": weight} for name in "ab" for weight in (0, 1)),
    {"SetIdentifier": "a", "Region": "eu-central-1"},
    {"SetIdentifier": "b", "Region": "us-east-1"},
    {"SetIdentifier": "1", "Failover": "PRIMARY", "HealthCheckId": "abcdef11-2222-3333-4444-555555fedcba"},
    {"SetIdentifier": "2", "Failover": "SECONDARY"},
    {"SetIdentifier": "a", "GeoLocation": {"CountryCode": "DE"}},
    {"SetIdentifier": "b", "GeoLocation": {"CountryCode": "*"}},
    {"SetIdentifier": "a", "MultiValueAnswer": True},
]
FOR_ROUTE53 = ["A", "AAAA", "CNAME", "MX", "NS", "TXT", "SRV", "CAA", "NAPTR", "DS", "TLSA", "HTTPS"]


@st.composite
def choices(draw: st.DrawFn, zone: str) -> route53.Told:
    kind = draw(st.sampled_from(FOR_ROUTE53))
    owner = f"{draw(st.sampled_from(PLAIN))}.{ZONE}."
    way = draw(st.sampled_from(CHOICES))
    if kind in ("A", "AAAA") and draw(st.booleans()):
        target = f"{draw(st.sampled_from(PLAIN[:3]))}.{ZONE}."
        return route53.alias(owner, kind, target, zone, healthy=draw(st.booleans()), **way)
    texts = draw(st.lists(VALUES[kind], min_size=1, max_size=1 if kind == "CNAME" else 3, unique=True))
    return route53.rrset(owner, kind, draw(TTLS), *texts, **way)


def turn(service: route53.Route53, sets: Sequence[tuple[str, route53.Told]]) -> None:
    """Do it all, each by itself, as far as the service lets one; what goes goes as it is."""
    for action, one in sets:
        there = {(old["Name"], old["Type"], old.get("SetIdentifier")): old for old in service.sets()}
        name = one["Name"].replace("*", "\\052")
        found = there.get((name, one["Type"], one.get("SetIdentifier")), one)
        service.change((action, found if action == "DELETE" else one), strict=False)


def test_whatever_route53_was_told_is_restored_and_undone_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    route53.prepare(monkeypatch)
    with route53.running() as service:
        place = project(tmp_path / "project", of_route53(service.url))
        changes = st.lists(
            st.tuples(st.sampled_from(["UPSERT", "UPSERT", "DELETE"]), choices(service.ids[ZONE])),
            max_size=12,
        )

        @given_rounds
        @given(changes, changes)
        def there_and_back(state: list[Any], mutation: list[Any]) -> None:
            turn(service, state)
            goes_and_comes(place, service.sets, lambda: turn(service, mutation))

        there_and_back()


# Cloudflare

CONTENT = {
    "A": VALUES["A"],
    "AAAA": VALUES["AAAA"],
    "CNAME": st.sampled_from(["www.example.net", "mail.example.net"]),
    "NS": st.sampled_from(["ns1.example.net", "ns2.example.net"]),
    "TXT": st.one_of(VALUES["TXT"], LETTERS.filter(bool)),
    "MX": st.sampled_from(["mail.example.net", "mx.example.net"]),
}
DATA: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "CAA": st.fixed_dictionaries(
        {
            "flags": st.sampled_from([0, 128]),
            "tag": st.just("issue"),
            "value": st.text('a;" \\\\=', max_size=9),
        }
    ),
    "SRV": st.fixed_dictionaries(
        {
            "priority": st.integers(0, 2),
            "weight": st.just(5),
            "port": st.just(5060),
            "target": st.sampled_from([".", "sip.example.net"]),
        }
    ),
    "HTTPS": st.fixed_dictionaries(
        {
            "priority": st.integers(0, 1),
            "target": st.sampled_from([".", "web.example.net"]),
            "value": st.sampled_from(["", 'alpn="h2"', 'alpn="h2,h3"  port=8443']),
        }
    ),
}
BESIDE = st.fixed_dictionaries(
    {},
    optional={
        "comment": LETTERS,
        "tags": st.lists(st.sampled_from(["a", "b:c"]), unique=True),
        "settings": st.just({"ipv4_only": True}),
    },
)


@st.composite
def records(draw: st.DrawFn) -> cloudflare.Record:
    kind = draw(st.sampled_from([*CONTENT, *DATA]))
    owner, ttl = f"{draw(st.sampled_from(PLAIN))}.{ZONE}", draw(st.sampled_from([1, 60, 300, 86400]))
    value: dict[str, Any] = {"data": draw(DATA[kind])} if kind in DATA else {"content": draw(CONTENT[kind])}
    if kind == "MX":
        value["priority"] = draw(st.integers(0, 2))
    proxied = {"proxied": True} if kind in cloudflare.PROXIED and draw(st.booleans()) else {}
    return {"name": owner, "type": kind, "ttl": ttl, **value, **proxied, **draw(BESIDE)}


def test_whatever_cloudflare_was_told_is_restored_and_undone_exactly(tmp_path: Path):
    with cloudflare.running() as service:
        place = project(tmp_path / "project", of_cloudflare(service.url))
        changes = st.lists(st.tuples(st.sampled_from(["add", "add", "remove"]), records()), max_size=20)

        def turn(some: list[tuple[str, cloudflare.Record]]) -> None:
            for what, one in some:
                if what == "add":
                    service.add(one, strict=False)
                else:
                    service.remove({"name": one["name"]})

        @given_rounds
        @given(changes, changes)
        def there_and_back(state: list[Any], mutation: list[Any]) -> None:
            turn(state)
            goes_and_comes(place, service.told, lambda: turn(mutation))

        there_and_back()


# octoDNS

HELD = st.one_of(
    *(
        st.builds(
            f"+ {{}} {{}} {kind} {{}}".format, OWNERS.filter(lambda owner: owner != "@"), TTLS, VALUES[kind]
        )
        for kind in ("A", "AAAA", "CNAME", "MX", "NS", "SRV", "CAA", "DS", "TLSA")
    ),
    st.builds('+ {} 60 TXT "{}"'.format, OWNERS, st.sampled_from(["a", "b c", "d;e"])),
    st.builds("- {}".format, OWNERS.filter(lambda owner: owner != "@")),
)
"""What its provider for name servers holds."""


def test_whatever_octodns_holds_is_restored_and_undone_exactly(bind: servers.Server, tmp_path: Path):
    text = of_octodns(bind) + "update_pcent_threshold = 1.0\ndelete_pcent_threshold = 1.0\n"
    place = project(tmp_path / "project", text)

    @given_rounds
    @given(st.lists(HELD, max_size=20), st.lists(HELD, max_size=20))
    def there_and_back(state: list[str], mutation: list[str]) -> None:
        reset(bind)
        run(bind, state)
        goes_and_comes(place, lambda: folded(bind.records(ZONE)), lambda: run(bind, mutation))

    there_and_back()
