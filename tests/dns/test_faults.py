"""A failure at every request, of every kind: restored by itself or by resuming, never done twice."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import dns.message
import dns.rcode
import pytest

from snapstore import journal
from snapstore.errors import SnapError
from tests.conftest import Snap
from tests.dns import cloudflare, route53, servers
from tests.dns.conftest import ZONE, settings
from tests.dns.gateway import FAILURES, Failure, Gateway, gateway, ways
from tests.dns.powerdns import PowerDns, comment, gone, rrset, running
from tests.dns.test_cloudflare import settings as cloudflare_settings
from tests.dns.test_octodns import of_powerdns as octodns_settings
from tests.dns.test_powerdns import settings as power_settings
from tests.dns.test_route53 import settings as route53_settings
from tests.project import Project, project, well
from tests.redis.proxy import Ask, Cut, Proxy, cut_ways, cuts, proxy

EVERY = "SNAPSTORE_DNS_FAULTS" in os.environ


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snapstore.remote.retrying._PAUSE", 0.001)


def _ends(place: Project, commit: str) -> str:
    """How a restore ends: ``done``, with a journal to go on from, or with ``nothing`` changed."""
    try:
        result = place.restore(commit)
    except SnapError:
        pass
    else:
        if result.verified and not result.problems:
            return "done"
    found = journal.unfinished(place.ws.store.workspace("journal"))
    return "nothing" if found is None else "interrupted"


# Name servers


@pytest.fixture
def between(server: servers.Server) -> Iterator[Proxy]:
    with proxy(server.port) as made:
        yield made


@pytest.fixture
def place(between: Proxy, tmp_path: Path) -> Project:
    waiting = "timeout = 2\n" if EVERY else ""
    return project(tmp_path / "project", settings(f"127.0.0.1:{between.port}") + waiting)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages are as small as if the zone were a large one."""
    monkeypatch.setattr("snapstore_dns.updating.ROOM", 150)


def before(server: servers.Server) -> None:
    """What takes two messages to bring back."""
    server.update(ZONE, "- www", "+ www 300 A 192.0.2.1", "- @ MX", "- new", "+ gone 60 A 192.0.2.4")


def after(server: servers.Server) -> None:
    server.update(ZONE, "- www A", "+ www 60 CNAME ns1", "+ @ 60 MX 1 ns1", "+ new 60 A 192.0.2.3", "- gone")


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("how", cuts(EVERY))
def test_a_connection_that_is_cut_once_is_made_again_and_no_message_is_done_twice(
    server: servers.Server, between: Proxy, place: Project, how: Cut
):
    before(server)
    promised, taken = server.records(ZONE), place.take()
    after(server)
    between.through()
    serial = server.serial(ZONE)
    well(place.restore(taken.commit))
    total, messages = between.requests, server.serial(ZONE) - serial
    assert messages == 2
    assert total > 5
    for at in range(1, total + 1):
        after(server)
        serial = server.serial(ZONE)
        between.cut_at(at, how)
        well(place.restore(taken.commit))
        assert server.serial(ZONE) - serial == messages, at
        assert server.records(ZONE) == promised, at


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("how", "way"),
    cut_ways(EVERY, ("before", "resume"), ("after", "resume"), ("after", "abort")),
)
def test_a_server_that_goes_away_is_restored_or_taken_back_when_it_is_there_again(
    server: servers.Server, between: Proxy, place: Project, how: Cut, way: str
):
    before(server)
    promised, taken = server.records(ZONE), place.take()
    after(server)
    changed = server.records(ZONE)
    between.through()
    well(place.restore(taken.commit))
    interrupted = 0
    for at in range(1, between.requests + 1):
        after(server)
        between.cut_at(at, how, down=True)
        end = _ends(place, taken.commit)
        between.through()
        if end == "interrupted":
            interrupted += 1
            end = way
            well(getattr(place, way)())
        assert server.records(ZONE) == (promised if end in ("done", "resume") else changed), at
    assert interrupted >= 2


def refusing(code: str) -> Callable[[bytes, Ask], bytes]:
    """A server that says that instead of doing what it was asked."""

    def instead(request: bytes, ask: Ask) -> bytes:
        answer = dns.message.make_response(dns.message.from_wire(request[2:], keyring=servers.SIGNER))
        answer.set_rcode(dns.rcode.from_text(code))
        return with_size(answer.to_wire())

    return instead


def garbled(request: bytes, ask: Ask) -> bytes:
    """What the server has answered when it had done what it was told, with a signature that is none."""
    answer = ask(request)
    return answer[:-7] + bytes([answer[-7] ^ 1]) + answer[-6:]


def with_size(wire: bytes) -> bytes:
    return struct.pack("!H", len(wire)) + wire


ANSWERS = {code: refusing(code) for code in ("SERVFAIL", "REFUSED", "NOTAUTH")} | {"garbled": garbled}


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("answer", ANSWERS if EVERY else ["SERVFAIL", "garbled"])
@pytest.mark.parametrize("down", [False, True] if EVERY else [False])
def test_an_answer_that_is_a_no_or_proves_nothing_leads_on_and_no_message_is_done_twice(
    server: servers.Server, between: Proxy, place: Project, answer: str, down: bool
):
    before(server)
    promised, taken = server.records(ZONE), place.take()
    after(server)
    between.through()
    well(place.restore(taken.commit))
    between.instead = ANSWERS[answer]
    ends = []
    for at in range(1 + (not EVERY and server.name == "knot"), between.requests + 1, 1 if EVERY else 2):
        after(server)
        serial = server.serial(ZONE)
        between.cut_at(at, "instead", down=down)
        ends.append(_ends(place, taken.commit))
        between.through()
        if ends[-1] == "interrupted":
            well(place.resume())
        elif ends[-1] == "nothing":
            assert server.serial(ZONE) == serial, at
            well(place.restore(taken.commit))
        assert server.serial(ZONE) - serial == 2, at
        assert server.records(ZONE) == promised, at
    assert not EVERY or ("interrupted" in ends) == (down or answer != "SERVFAIL")


# APIs


@dataclass(frozen=True)
class Remote:
    """An API behind a gateway: its zone made good or bad, and read; ``writes`` are the requests by which it
    was changed and that were done."""

    gate: Gateway
    place: Project
    good: Callable[[], None]
    bad: Callable[[], None]
    state: Callable[[], Any]
    writes: Callable[[], int]
    name: str = ""


WWW = f"www.{ZONE}."


def good_power(server: PowerDns, **more: Any) -> None:
    server.patch(ZONE, gone(WWW, "CNAME"), gone(f"new.{ZONE}.", "A"))
    server.patch(ZONE, rrset(WWW, "A", 300, "192.0.2.1", **more))


def bad_power(server: PowerDns) -> None:
    server.patch(ZONE, gone(WWW, "A"))
    server.patch(
        ZONE, rrset(WWW, "CNAME", 60, "web.example.net."), rrset(f"new.{ZONE}.", "A", 60, "192.0.2.3")
    )


@pytest.fixture
def of_power(tmp_path: Path) -> Iterator[Remote]:
    with running(tmp_path / "server", ZONE) as server, gateway(server.port) as (gate, url):
        place = project(tmp_path / "project", power_settings(url) + "timeout = 1\n")
        good = partial(good_power, server, disabled=("192.0.2.2",), comments=[comment("shop")])
        bad = partial(bad_power, server)
        yield Remote(gate, place, good, bad, lambda: server.zone(ZONE), lambda: gate.done.count("PATCH"))


@pytest.fixture(scope="module")
def amazon() -> Iterator[route53.Route53]:
    with route53.running() as service:
        yield service


CHOSEN = [
    route53.rrset(WWW, "A", 60, "192.0.2.1", SetIdentifier=name, Weight=1) for name in ("blue", "green")
]
NEW = [route53.rrset(f"new{number}.{ZONE}.", "A", 60, "192.0.2.3") for number in range(2)]


def good_amazon(amazon: route53.Route53) -> None:
    _turn(amazon, CHOSEN, NEW)


def bad_amazon(amazon: route53.Route53) -> None:
    _turn(amazon, NEW, CHOSEN)


def _turn(amazon: route53.Route53, come: list[Any], go: list[Any]) -> None:
    there = {one["Name"] for one in amazon.sets()}
    changes = [("DELETE", one) for one in go if one["Name"] in there]
    changes += [("CREATE", one) for one in come if one["Name"] not in there]
    if changes:
        amazon.change(*changes)


@pytest.fixture
def of_route53(amazon: route53.Route53, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Remote]:
    """What takes two batches."""
    route53.prepare(monkeypatch)
    monkeypatch.setattr("snapstore_dns.route53.ELEMENTS", 2)
    monkeypatch.setattr("snapstore.remote.aws._BREATH", 0.001)
    amazon.reset()

    def bad() -> None:
        bad_amazon(amazon)
        amazon.batches.clear()

    port = int(amazon.url.rpartition(":")[2])
    with gateway(port) as (gate, url):
        place = project(tmp_path / "project", route53_settings(url) + "timeout = 1\n")
        yield Remote(
            gate,
            place,
            partial(good_amazon, amazon),
            bad,
            amazon.sets,
            lambda: sum(any(change["Action"] != "UPSERT" for change in batch) for batch in amazon.batches),
        )


def good_cloudflare(service: cloudflare.Cloudflare) -> None:
    service.remove({})
    service.add(*(cloudflare.record(f"www{n}.{ZONE}", "A", 1, "192.0.2.1") for n in range(2)))


def bad_cloudflare(service: cloudflare.Cloudflare) -> None:
    service.remove({})
    service.add(*(cloudflare.record(f"www{n}.{ZONE}", "CNAME", 60, "web.example.net") for n in range(2)))


@pytest.fixture
def of_cloudflare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Remote]:
    """What takes two batches."""
    monkeypatch.setattr("snapstore_dns.cloudflare.FREE", 2)
    with cloudflare.running() as service, gateway(service.port) as (gate, url):
        address = f"{url}/client/v4"
        place = project(tmp_path / "project", cloudflare_settings(address) + "timeout = 1\n")
        good, bad = partial(good_cloudflare, service), partial(bad_cloudflare, service)
        yield Remote(gate, place, good, bad, service.told, lambda: gate.done.count("POST"))


@pytest.fixture
def of_octodns(tmp_path: Path) -> Iterator[Remote]:
    """Its provider for PowerDNS."""
    with running(tmp_path / "server", ZONE) as server, gateway(server.port) as (gate, url):
        place = project(tmp_path / "project", octodns_settings(int(url.rpartition(":")[2])))
        good, bad = partial(good_power, server), partial(bad_power, server)
        yield Remote(gate, place, good, bad, lambda: server.zone(ZONE), lambda: gate.done.count("PATCH"))


class Walk(NamedTuple):
    """In how many requests an API is brought back; and of how many requests one fails in CI, and of how many
    one is where it goes away. Each kind of failure begins with another one."""

    writes: int
    fails: int
    away: int


APIS = {
    "of_power": Walk(1, 1, 1),
    "of_route53": Walk(2, 8, 4),
    "of_cloudflare": Walk(2, 4, 3),
    "of_octodns": Walk(1, 8, 5),
}


def walked(total: int, how: Failure, step: int) -> range:
    """All of them with ``SNAPSTORE_DNS_FAULTS``."""
    step = 1 if EVERY else step
    return range(1 + FAILURES.index(how) % step, total + 1, step)


@pytest.fixture(params=APIS)
def remote(request: pytest.FixtureRequest) -> Remote:
    found: Remote = request.getfixturevalue(request.param)
    return replace(found, name=request.param)


@pytest.mark.parametrize("how", FAILURES)
def test_one_failure_of_an_api_is_overcome_and_nothing_is_done_twice(remote: Remote, how: Failure):
    remote.good()
    promised, taken = remote.state(), remote.place.take()
    remote.bad()
    remote.gate.through()
    well(remote.place.restore(taken.commit))
    total, writes = remote.gate.requests, remote.writes()
    assert writes == APIS[remote.name].writes
    for at in walked(total, how, APIS[remote.name].fails):
        remote.bad()
        remote.gate.fail(at, how)
        well(remote.place.restore(taken.commit))
        assert remote.writes() == writes, at
        assert remote.state() == promised, at


@pytest.mark.parametrize(
    ("how", "way"),
    ways(EVERY, ("refused", "resume"), ("reset", "resume"), ("reset", "abort"), ("busy", "resume")),
)
def test_an_api_that_stays_away_leaves_a_way_on_and_a_way_back(remote: Remote, how: Failure, way: str):
    remote.good()
    promised, taken = remote.state(), remote.place.take()
    remote.bad()
    changed = remote.state()
    remote.gate.through()
    well(remote.place.restore(taken.commit))
    total, writes, interrupted = remote.gate.requests, remote.writes(), 0
    for at in walked(total, how, APIS[remote.name].away):
        remote.bad()
        remote.gate.fail(at, how, down=True)
        end = _ends(remote.place, taken.commit)
        assert remote.writes() <= writes
        remote.gate.through()
        if end == "interrupted":
            interrupted += 1
            end = way
            well(getattr(remote.place, way)())
        assert remote.state() == (promised if end in ("done", "resume") else changed), at
    assert interrupted >= 1


@pytest.mark.parametrize("how", ["reset", "error after"])
def test_a_batch_whose_answer_got_lost_is_waited_for_as_others(
    of_route53: Remote, amazon: route53.Route53, how: Failure
):
    of_route53.good()
    taken = of_route53.place.take()
    of_route53.bad()
    of_route53.gate.through()
    well(of_route53.place.restore(taken.commit))
    last = max(at for at, method in enumerate(of_route53.gate.done, 1) if method == "POST")
    of_route53.bad()
    assert amazon.settled < amazon.changes
    of_route53.gate.fail(last, how)
    well(of_route53.place.restore(taken.commit))
    assert amazon.settled == amazon.changes


def test_a_batch_that_was_not_waited_for_is_waited_for_when_it_goes_on(
    of_route53: Remote, amazon: route53.Route53, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("snapstore_dns.route53.ELEMENTS", 1_000)
    of_route53.good()
    taken = of_route53.place.take()
    of_route53.bad()
    with monkeypatch.context() as impatience:
        impatience.setattr("snapstore_dns.route53._PATIENCE", -1.0)
        interrupted = of_route53.place.restore(taken.commit)
    assert "is not on all name servers of Route 53" in str(interrupted.outcomes[0].error)
    assert amazon.settled < amazon.changes
    well(of_route53.place.resume())
    assert amazon.settled == amazon.changes


def test_a_batch_that_a_restore_did_not_live_to_record_is_waited_for_when_it_goes_on(
    amazon: route53.Route53, snap: Snap
):
    amazon.reset()
    amazon.change(("CREATE", route53.rrset(WWW, "A", 60, "192.0.2.1")))
    snap.env |= route53.ENVIRONMENT
    with gateway(int(amazon.url.rpartition(":")[2])) as (gate, url):
        snap.configure(route53_settings(url))
        snap("init", code=0)
        snap("take", code=0)
        amazon.change(("DELETE", route53.rrset(WWW, "A", 60, "192.0.2.1")))
        _killed(snap, gate)
    assert amazon.settled < amazon.changes
    snap.configure(route53_settings(amazon.url))
    snap("restore", "--resume", "--yes", code=0)
    assert amazon.settled == amazon.changes


def _killed(snap: Snap, gate: Gateway) -> None:
    """A restore that is killed when its first batch is done."""
    quiet = subprocess.DEVNULL
    words = snap.command("restore", "HEAD", "--yes", "--allow", "all")
    with subprocess.Popen(
        words, cwd=snap.root, env=snap.environment(), stdout=quiet, stderr=quiet
    ) as process:
        gate.told = lambda method: process.kill() if method == "POST" else None
        assert process.wait() == -signal.SIGKILL
