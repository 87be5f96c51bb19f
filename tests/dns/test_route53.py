"""Amazon Route 53: whatever it chooses its answers by comes back as it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from snapstore.errors import Exit, SnapError
from snapstore.model import Condition
from snapstore_dns import route53 as adapter
from tests.conftest import Snap
from tests.dns import route53
from tests.dns.route53 import ENVIRONMENT, KEYS, ZONE, Route53, alias, rrset
from tests.project import Project, project, well

WWW = f"www.{ZONE}."
CHECK = "abcdef11-2222-3333-4444-555555fedcba"
CLOUDFRONT = "Z2FDTNDATAQYW2"
EVERYTHING = (
    rrset(f"plain.{ZONE}.", "A", 300, "192.0.2.1", "192.0.2.2"),
    rrset(WWW, "A", 60, "192.0.2.1", SetIdentifier="blue", Weight=10, HealthCheckId=CHECK),
    rrset(WWW, "A", 60, "192.0.2.2", SetIdentifier="green/#1 @ home", Weight=0),
    rrset(WWW, "AAAA", 60, "2001:db8::1", SetIdentifier="blue", Weight=255),
    rrset(f"f.{ZONE}.", "A", 60, "192.0.2.1", SetIdentifier="1", Failover="PRIMARY", HealthCheckId=CHECK),
    alias(f"f.{ZONE}.", "A", f"plain.{ZONE}.", "self", SetIdentifier="2", Failover="SECONDARY"),
    rrset(f"near.{ZONE}.", "CNAME", 60, "eu.example.net", SetIdentifier="eu", Region="eu-central-1"),
    rrset(f"near.{ZONE}.", "CNAME", 60, "us.example.net", SetIdentifier="us", Region="us-east-1"),
    rrset(f"geo.{ZONE}.", "A", 60, "192.0.2.1", SetIdentifier="de", GeoLocation={"CountryCode": "DE"}),
    rrset(f"geo.{ZONE}.", "A", 60, "192.0.2.2", SetIdentifier="all", GeoLocation={"CountryCode": "*"}),
    rrset(
        f"geo.{ZONE}.",
        *("A", 60, "192.0.2.3"),
        SetIdentifier="wa",
        GeoLocation={"CountryCode": "US", "SubdivisionCode": "WA"},
    ),
    rrset(f"many.{ZONE}.", "A", 60, "192.0.2.1", SetIdentifier="a", MultiValueAnswer=True),
    rrset(f"many.{ZONE}.", "A", 60, "192.0.2.2", SetIdentifier="b", MultiValueAnswer=True),
    rrset(
        f"cidr.{ZONE}.",
        *("A", 60, "192.0.2.1"),
        SetIdentifier="office",
        CidrRoutingConfig={"CollectionId": CHECK, "LocationName": "*"},
    ),
    rrset(
        f"close.{ZONE}.",
        *("A", 60, "192.0.2.1"),
        SetIdentifier="eu",
        GeoProximityLocation={"AWSRegion": "eu-central-1", "Bias": 10},
    ),
    alias(f"{ZONE}.", "A", "d111111abcdef8.cloudfront.net.", CLOUDFRONT),
    alias(f"{ZONE}.", "AAAA", "d111111abcdef8.cloudfront.net.", CLOUDFRONT),
    alias(f"chain.{ZONE}.", "A", f"link.{ZONE}.", "self", healthy=True),
    alias(f"link.{ZONE}.", "A", f"plain.{ZONE}.", "self"),
    rrset(f"\\052.{ZONE}.", "CNAME", 300, WWW),
    rrset(f"\\052.wild.{ZONE}.", "TXT", 300, '"any"'),
    rrset(f"odd\\057\\100.{ZONE}.", "TXT", 300, '"a slash and an at"'),
    rrset(f"{ZONE}.", "MX", 300, "10 mail.example.net", "20 mail.example.org."),
    rrset(f"{ZONE}.", "TXT", 300, '"v=spf1 -all"', f'"{"x" * 255}" "y\\000\\377"'),
    rrset(f"_sip._tcp.{ZONE}.", "SRV", 300, "1 10 5060 sip.example.net"),
    rrset(f"{ZONE}.", "CAA", 300, '0 issue "ca.example.net"'),
)


def own(service: Route53, *sets: Any) -> list[Any]:
    """The same with the id of the zone, where an alias points into it."""
    found = []
    for one in sets:
        target = one.get("AliasTarget")
        here = (
            {**target, "HostedZoneId": service.ids[ZONE]}
            if target and target["HostedZoneId"] == "self"
            else target
        )
        found.append({**one, "AliasTarget": here} if here else one)
    return found


def create(service: Route53, *sets: Any) -> None:
    service.change(*(("CREATE", one) for one in own(service, *sets)))


def delete(service: Route53, *sets: Any) -> None:
    service.change(*(("DELETE", one) for one in own(service, *sets)))


def settings(url: str, zone: str = ZONE) -> str:
    return f'[resources.dns]\nadapter = "dns"\nprovider = "route53"\nserver = "{url}"\nzones = ["{zone}"]\n'


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    route53.prepare(monkeypatch)


@pytest.fixture(scope="module")
def shared() -> Iterator[Route53]:
    with route53.running() as started:
        yield started


@pytest.fixture
def service(shared: Route53) -> Route53:
    shared.reset()
    return shared


@pytest.fixture
def place(service: Route53, tmp_path: Path) -> Project:
    return project(tmp_path / "project", settings(service.url))


def test_all_that_answers_are_chosen_by_comes_back(service: Route53, place: Project):
    create(service, *EVERYTHING)
    before, taken = service.sets(), place.take()
    delete(service, *EVERYTHING)
    empty = service.sets()
    assert len(empty) == 2
    well(place.restore(taken.commit))
    assert service.sets() == before
    assert place.take().tree == taken.tree
    well(place.undo())
    assert service.sets() == empty


def test_only_what_differs_is_changed_back(service: Route53, place: Project):
    create(service, *EVERYTHING)
    before, taken = service.sets(), place.take()
    delete(service, EVERYTHING[1], EVERYTHING[5], EVERYTHING[15], EVERYTHING[19])
    create(
        service,
        rrset(WWW, "A", 60, "192.0.2.1", SetIdentifier="blue", Weight=200),
        rrset(f"f.{ZONE}.", "A", 60, "192.0.2.9", SetIdentifier="2", Failover="SECONDARY"),
        rrset(f"{ZONE}.", "A", 60, "192.0.2.9"),
        rrset(f"\\052.{ZONE}.", "A", 300, "192.0.2.9"),
        rrset(f"new.{ZONE}.", "TXT", 5, '"new"'),
    )
    service.change(
        ("UPSERT", rrset(f"{ZONE}.", "NS", 60, "ns1.example.net")),
        ("UPSERT", rrset(f"{ZONE}.", "SOA", 60, "ns1.example.net. root.example.net. 7 1 2 3 4")),
    )
    changed = service.sets()
    result = well(place.restore(taken.commit))
    assert len(result.plan.actions) == 8
    assert without_serial(service.sets()) == without_serial(before)
    well(place.undo())
    assert without_serial(service.sets()) == without_serial(changed)


def without_serial(sets: list[Any]) -> list[Any]:
    for one in sets:
        if one["Type"] == "SOA":
            words = one["ResourceRecords"][0]["Value"].split()
            one["ResourceRecords"][0]["Value"] = " ".join([*words[:2], "-", *words[3:]])
    return sets


def test_a_plan_tells_by_what_an_answer_is_chosen(service: Route53, place: Project):
    create(service, *EVERYTHING)
    place.take()
    delete(service, EVERYTHING[1], EVERYTHING[5])
    create(service, rrset(WWW, "A", 60, "192.0.2.1", SetIdentifier="blue", Weight=200))
    told = {action.subject: action for action in place.plan().actions}
    weight = told[f"rrset:www.{ZONE}/A#blue"]
    assert f"change www.{ZONE} A 'blue': blue, Weight 200 → blue, HealthCheckId {CHECK}, Weight 10" in (
        weight.summary
    )
    assert weight.statements == (
        f"- {WWW} 60 IN A 192.0.2.1 ; blue, Weight 200",
        f"+ {WWW} 60 IN A 192.0.2.1 ; blue, HealthCheckId {CHECK}, Weight 10",
    )
    alias = told[f"rrset:f.{ZONE}/A#2"]
    assert alias.statements == (f"+ f.{ZONE}. IN A alias of plain.{ZONE}. ; 2, Failover SECONDARY",)


def test_one_of_several_answers_that_goes_takes_no_address_from_the_name(service: Route53, place: Project):
    create(service, EVERYTHING[1], EVERYTHING[2])
    taken = place.take()
    create(service, rrset(WWW, "A", 60, "192.0.2.3", SetIdentifier="new", Weight=1))
    well(place.restore(taken.commit, allow=()))
    delete(service, EVERYTHING[1], EVERYTHING[2])
    without = place.take()
    create(service, EVERYTHING[1])
    with pytest.raises(SnapError, match="has no address any more"):
        place.restore(without.commit, allow=())


def test_a_zone_is_read_page_by_page(service: Route53, place: Project):
    create(service, *EVERYTHING)
    whole = place.take().tree
    service.page = 2
    assert place.take().tree == whole


def test_a_large_zone_is_changed_in_batches_that_the_service_takes(
    service: Route53, place: Project, monkeypatch: pytest.MonkeyPatch
):
    """As if batches were a tenth as large."""
    some = [rrset(f"n{number}.{ZONE}.", "A", 60, "192.0.2.1") for number in range(90)]
    texts = [rrset(f"t{number}.{ZONE}.", "TXT", 60, f'"{"x" * 200}"') for number in range(15)]
    create(service, *some, *texts)
    before, taken = service.sets(), place.take()
    service.change(*(("UPSERT", {**one, "TTL": 61}) for one in [*some[:45], *texts[:7]]))
    delete(service, *some[45:], *texts[7:])
    service.batches.clear()
    service.room = 100, 3_200
    monkeypatch.setattr(adapter, "ELEMENTS", 100)
    monkeypatch.setattr(adapter, "LETTERS", 3_200)
    well(place.restore(taken.commit))
    assert service.sets() == before
    assert len(service.batches) == 3
    assert service.looks == 2 * len(service.batches)


def test_a_zone_that_changed_meanwhile_is_refused_and_nothing_is_done(
    service: Route53, place: Project, monkeypatch: pytest.MonkeyPatch
):
    create(service, *EVERYTHING)
    taken = place.take()
    delete(service, *EVERYTHING[:3])
    write = adapter._Route53.write

    def late(self: adapter._Route53, *words: Any) -> None:
        if not [one for one in service.sets() if one["Name"] == f"plain.{ZONE}."]:
            create(service, rrset(f"plain.{ZONE}.", "A", 5, "192.0.2.66"))
        write(self, *words)

    monkeypatch.setattr(adapter._Route53, "write", late)
    result = place.restore(taken.commit)
    (outcome,) = result.outcomes[:1]
    assert "changed by somebody else" in str(outcome.error)
    assert f"plain.{ZONE}/A" in str(outcome.error)
    assert outcome.condition == Condition.UNCHANGED
    assert result.exit == Exit.STALE or result.exit == Exit.ERROR
    assert not [one for one in service.sets() if one["Name"] == WWW and one["Type"] == "A"]


def test_a_batch_that_is_refused_for_another_reason_is_told_in_the_words_of_the_service(
    service: Route53, place: Project, monkeypatch: pytest.MonkeyPatch
):
    create(service, EVERYTHING[0])
    taken = place.take()
    delete(service, EVERYTHING[0])
    monkeypatch.setattr(adapter, "_set", lambda one: rrset(WWW, "A", 5, "192.0.2.1", SetIdentifier="lost"))
    result = place.restore(taken.commit)
    (outcome,) = result.outcomes
    assert "InvalidChangeBatch" in str(outcome.error)
    assert "needs a set identifier and one way of choosing" in str(outcome.error)


def test_a_zone_is_known_by_its_name_or_its_id(service: Route53, tmp_path: Path):
    create(service, EVERYTHING[0])
    by_name = project(tmp_path / "a", settings(service.url)).take().tree
    assert project(tmp_path / "b", settings(service.url, service.ids[ZONE])).take().tree == by_name


def test_what_a_traffic_policy_makes_is_seen_and_left_alone(monkeypatch: pytest.MonkeyPatch):
    """moto has none."""
    told = [
        rrset(f"{ZONE}.", "SOA", 900, "ns1.example.net. root.example.net. 1 7200 900 1209600 86400"),
        rrset(WWW, "A", 60, "192.0.2.1", TrafficPolicyInstanceId=CHECK),
    ]
    zone = adapter.zone_of(ZONE, iter(told))
    assert not zone.sets
    assert zone.unmodelled == [(f"www.{ZONE}", "A", "made by a traffic policy")]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("\\052.example.com.", "*.example.com"),
        ("a\\052b.example.com.", "a*b.example.com"),
        ("0\\05725.example.com.", "0/25.example.com"),
        ("\\134\\056\\000\\377.example.com.", r"\\\.\000\255.example.com"),
        ("xn--mnchen-3ya.example.com.", "xn--mnchen-3ya.example.com"),
    ],
)
def test_names_are_escaped_as_the_service_has_it(theirs: str, ours: str):
    assert adapter.owner_from(theirs) == ours
    assert adapter.owner_from(adapter.owner_to(ours)) == ours
    assert adapter.owner_to(ours) in (theirs, theirs.replace("\\052.", "*."))


def test_what_does_not_let_us_in_is_one_clear_message(service: Route53, snap: Snap):
    service.make("twice.example")
    service.make(
        "twice.example",
        VPC={"VPCRegion": "eu-central-1", "VPCId": "vpc-1"},
        HostedZoneConfig={"PrivateZone": True},
    )
    snap.env |= ENVIRONMENT
    snap.configure(settings(service.url))
    snap("init", code=0)
    for text, words in (
        (settings("http://127.0.0.1:1"), "no answer from Route 53"),
        (settings("nowhere"), "Invalid endpoint: nowhere"),
        (settings(service.url, "example.org"), "there is no hosted zone example.org in this account"),
        (settings(service.url, "twice.example"), "there are several hosted zones twice.example"),
        (settings(service.url, "Z0000000000000"), "NoSuchHostedZone"),
        (settings(service.url) + 'profile = "nobody"\n', "The config profile (nobody) could not be found"),
    ):
        snap.configure(text)
        done = snap("take", code=1)
        assert words in done.stderr
        assert "Traceback" not in done.stderr
        assert KEYS["aws_secret_access_key"] not in done.stderr
    snap.configure(settings(service.url))
    done = snap("take", code=1, env={"AWS_ACCESS_KEY_ID": "", "AWS_EC2_METADATA_DISABLED": "true"})
    assert "Unable to locate credentials" in done.stderr


def test_a_zone_is_a_master_file_with_its_choices_as_comments(service: Route53, snap: Snap):
    create(service, *EVERYTHING)
    snap.env |= ENVIRONMENT
    snap.configure(settings(service.url))
    snap("init", code=0)
    snap("take", code=0)
    text = snap("show", f"HEAD:dns/{ZONE}", "--zone", code=0).stdout
    assert f"; a choice of its provider: {WWW} 60 IN A 192.0.2.2 ; green/#1 @ home, Weight 0\n" in text
    import dns.zone

    read = dns.zone.from_text(text, ZONE, relativize=False)
    assert read.get_rdataset(ZONE + ".", "TXT")[0].to_text() in (
        f'"{"x" * 255}" "y\\000\\255"',
        '"v=spf1 -all"',
    )
    assert read.get_rdataset(ZONE + ".", "MX").to_text(None, None).count("mail.example.") == 2
    assert read.get_rdataset(f"*.{ZONE}.", "CNAME") is not None
