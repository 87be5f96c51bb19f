"""A connection that is cut at every command: restored by itself, or by resuming, or taken back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from snapstore import journal
from snapstore.errors import SnapError
from tests.cdn.conftest import settings
from tests.cdn.varnish import START, Varnish
from tests.conftest import Snap
from tests.killed import walk
from tests.project import Project, project, well
from tests.redis.proxy import Cut, Proxy, cut_ways, cuts, proxy

EVERY = "SNAPSTORE_CDN_FAULTS" in os.environ
STEP = 1 if EVERY else 13
WAITING = "timeout = 3\n"
"""Every command takes minutes: a program is compiled for each."""
GOOD = START + 'sub vcl_recv { return (vcl(shop)); }\nbackend other { .host = "127.0.0.1"; .port = "9"; }\n'
GOOD += "sub vcl_miss { set req.backend_hint = other; }\n"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snapstore.remote.retrying._PAUSE", 0.001)


@pytest.fixture
def between(varnish: Varnish) -> Iterator[Proxy]:
    with proxy(varnish.cli) as made:
        yield made


@pytest.fixture
def behind(varnish: Varnish, between: Proxy, tmp_path: Path, request: pytest.FixtureRequest) -> Project:
    is_silent = "silence" in request.node.name
    return project(tmp_path / "project", settings(varnish, WAITING if is_silent else "", between.port))


def good(server: Varnish) -> None:
    server.call("vcl.inline", "shop-1", START)
    server.call("vcl.label", "shop", "shop-1")
    server.use("good", GOOD)
    server.call("backend.set_health", "good.default", "sick")
    server.call("param.set", "default_ttl", "42")


def bad(server: Varnish) -> None:
    """What takes a label, two programs and a parameter to bring back, and another label to remove."""
    server.call("vcl.use", "start")
    others = [name for name in server.programs() if name not in ("start", "boot")]
    if others:
        server.call("vcl.discard", *others)
    server.call("vcl.label", "new", "start")
    server.call("param.reset", "default_ttl")


@pytest.mark.parametrize("how", cuts(EVERY))
def test_a_connection_that_is_cut_once_is_made_again(
    varnish: Varnish, between: Proxy, behind: Project, how: Cut
):
    good(varnish)
    promised, taken = varnish.everything(), behind.take()
    bad(varnish)
    between.through()
    well(behind.restore(taken.commit))
    total = between.requests
    assert total > 20
    for at in range(1, total + 1, STEP):
        bad(varnish)
        between.cut_at(at, how)
        well(behind.restore(taken.commit))
        assert varnish.everything() == promised, at


@pytest.mark.parametrize(
    ("how", "way"),
    cut_ways(EVERY, ("before", "abort"), ("after", "resume")),
)
def test_a_server_that_goes_away_is_restored_or_taken_back_when_it_is_there_again(
    varnish: Varnish, between: Proxy, behind: Project, how: Cut, way: str
):
    good(varnish)
    promised, taken = varnish.everything(), behind.take()
    bad(varnish)
    changed = varnish.everything()
    between.through()
    well(behind.restore(taken.commit))
    interrupted = 0
    for at in range(2, between.requests + 1, STEP):
        bad(varnish)
        between.cut_at(at, how, down=True)
        end = "nothing"
        with suppress(SnapError):
            end = "done" if behind.restore(taken.commit).verified else "nothing"
        between.through()
        if journal.unfinished(behind.ws.store.workspace("journal")) is not None:
            interrupted += 1
            end = way
            well(getattr(behind, way)())
        assert varnish.everything() == (promised if end in ("done", "resume") else changed), (at, end)
    assert interrupted


def test_killed_at_any_command_it_goes_on_or_back(varnish: Varnish, between: Proxy, snap: Snap):
    snap.configure(settings(varnish, "", between.port))
    good(varnish)
    walk(snap, between, varnish.everything, lambda: bad(varnish), 1 if EVERY else 29)


def test_what_somebody_else_has_changed_meanwhile_is_not_overwritten(
    varnish: Varnish, behind: Project, monkeypatch: pytest.MonkeyPatch
):
    from snapstore_cdn.varnish.provider import _Varnish

    good(varnish)
    taken = behind.take()
    bad(varnish)
    whole = _Varnish.read
    reads = 0

    def read(self: _Varnish) -> object:
        nonlocal reads
        reads += 1
        if reads == 2:
            varnish.call("param.set", "default_ttl", "43")
        return whole(self)

    monkeypatch.setattr(_Varnish, "read", read)
    done = behind.restore(taken.commit)
    assert "changed by somebody else" in str(done.outcomes[0].error)
    assert "param:default_ttl" in str(done.outcomes[0].error)
    assert varnish.everything()["values"]["default_ttl"] == 43
