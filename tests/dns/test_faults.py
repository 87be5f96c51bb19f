"""A failure at every request, of every kind: restored by itself or by resuming, never done twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from snapstore import journal
from snapstore.errors import SnapError
from tests.dns import servers
from tests.dns.conftest import ZONE, settings
from tests.dns.gateway import FAILURES, Failure, Gateway, gateway
from tests.dns.powerdns import PowerDns, comment, gone, rrset, running
from tests.dns.test_powerdns import settings as of_powerdns
from tests.project import Project, project, well
from tests.redis.proxy import Cut, Proxy, proxy


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
    return project(tmp_path / "project", settings(f"127.0.0.1:{between.port}"))


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
@pytest.mark.parametrize("how", ["before", "after"])
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
@pytest.mark.parametrize(("how", "way"), [("before", "resume"), ("after", "resume"), ("after", "abort")])
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


# APIs

WWW = f"www.{ZONE}."


@pytest.fixture
def power(tmp_path: Path) -> Iterator[PowerDns]:
    with running(tmp_path / "server", ZONE) as started:
        yield started


@pytest.fixture
def gate(power: PowerDns) -> Iterator[tuple[Gateway, str]]:
    with gateway(power.port) as made:
        yield made


@pytest.fixture
def behind(gate: tuple[Gateway, str], tmp_path: Path) -> Project:
    return project(tmp_path / "project", of_powerdns(gate[1]) + "timeout = 1\n")


def good(server: PowerDns) -> None:
    server.patch(ZONE, gone(WWW, "CNAME"), gone(f"new.{ZONE}.", "A"))
    server.patch(ZONE, rrset(WWW, "A", 300, "192.0.2.1", disabled=("192.0.2.2",), comments=[comment("shop")]))


def bad(server: PowerDns) -> None:
    server.patch(ZONE, gone(WWW, "A"))
    server.patch(
        ZONE, rrset(WWW, "CNAME", 60, "web.example.net."), rrset(f"new.{ZONE}.", "A", 60, "192.0.2.3")
    )


@pytest.mark.parametrize("how", FAILURES)
def test_one_failure_of_an_api_is_overcome_and_nothing_is_done_twice(
    power: PowerDns, gate: tuple[Gateway, str], behind: Project, how: Failure
):
    good(power)
    promised, taken = power.zone(ZONE), behind.take()
    bad(power)
    gate[0].through()
    well(behind.restore(taken.commit))
    total = gate[0].requests
    assert gate[0].done.count("PATCH") == 1
    for at in range(1, total + 1):
        bad(power)
        gate[0].fail(at, how)
        well(behind.restore(taken.commit))
        assert gate[0].done.count("PATCH") == 1, at
        assert power.zone(ZONE) == promised, at


@pytest.mark.parametrize(
    ("how", "way"), [("refused", "resume"), ("reset", "resume"), ("reset", "abort"), ("busy", "resume")]
)
def test_an_api_that_stays_away_leaves_a_way_on_and_a_way_back(
    power: PowerDns, gate: tuple[Gateway, str], behind: Project, how: Failure, way: str
):
    good(power)
    promised, taken = power.zone(ZONE), behind.take()
    bad(power)
    changed = power.zone(ZONE)
    gate[0].through()
    well(behind.restore(taken.commit))
    interrupted = 0
    for at in range(1, gate[0].requests + 1):
        bad(power)
        gate[0].fail(at, how, down=True)
        end = _ends(behind, taken.commit)
        assert gate[0].done.count("PATCH") <= 1
        gate[0].through()
        if end == "interrupted":
            interrupted += 1
            end = way
            well(getattr(behind, way)())
        assert power.zone(ZONE) == (promised if end in ("done", "resume") else changed), at
    assert interrupted >= 1
