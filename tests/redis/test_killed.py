"""``snap restore`` that is killed while it waits for an answer, at one request after the other: what is left
is the old state, the new one, or a journal that leads to either. ``SNAPSTORE_REDIS_KILLS=all`` for every
request on every server, before and after it was done, and both ways each time."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from tests.conftest import Snap
from tests.redis import servers
from tests.redis.conftest import everything
from tests.redis.proxy import Cut, Proxy, proxy
from tests.redis.test_faults import after, before

EVERY = os.environ.get("SNAPSTORE_REDIS_KILLS") == "all"
STEP = 1 if EVERY else 5
KILLED, DONE, UNFINISHED = -9, 0, 7
RESTORE = ("restore", "HEAD", "--yes", "--allow", "all")
WAYS = ("--abort", "--resume")
CUTS: tuple[Cut, ...] = ("before", "after")


@pytest.fixture(params=servers.NAMES if EVERY else ("redis-8.2",))
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[servers.Server]:
    if servers.program(request.param) is None:
        pytest.skip(f"needs {request.param}")
    with servers.running(request.param, tmp_path / "server") as started:
        yield started


@pytest.fixture
def between(server: servers.Server) -> Iterator[Proxy]:
    with proxy(server.port) as made:
        yield made


def test_killed_at_any_request_it_goes_on_or_back(server: servers.Server, between: Proxy, snap: Snap):
    snap.configure(
        f'[resources.cache]\nadapter = "redis"\nurl = "{server.url(port=between.port)}"\nkeys = ["*"]\n'
    )
    before(server)
    snap("init", code=0)
    snap("take", code=0)
    old = everything(server)
    after(server)
    between.through()
    snap(*RESTORE, code=0)
    reached: set[str] = set()
    for at, how, way in _moments(between.requests):
        after(server)
        new = everything(server)
        killed = _killed(snap, between, at, how)
        between.through()
        expected = old
        if killed and snap(*RESTORE).code == UNFINISHED:
            reached.add(way)
            snap("restore", way, "--yes", "--allow", "all", code=0)
            expected = old if way == "--resume" else new
        assert everything(server) == expected, (at, how, way)
    assert reached == set(WAYS)


def _moments(requests: int) -> Iterator[tuple[int, Cut, str]]:
    """At which request, whether that was done, and which way it goes then."""
    every = list(product(CUTS, WAYS))
    for number, at in enumerate(range(1, requests + 1, STEP)):
        yield from ((at, *one) for one in (every if EVERY else every[number % 4 :][:1]))


def _killed(snap: Snap, between: Proxy, at: int, how: Cut) -> bool:
    """Whether there was such a request."""
    words = snap.command(*RESTORE)
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        words, cwd=snap.root, env=snap.environment(), stdout=quiet, stderr=quiet
    ) as process:
        between.told = process.kill
        between.cut_at(at, how)
        code = process.wait()
    between.told = lambda: None
    assert code in (KILLED, DONE)
    return code == KILLED
