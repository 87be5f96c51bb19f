"""``snap restore`` that is killed while it waits for Redis. ``SNAPSTORE_REDIS_KILLS=all`` for every request
on every server, before and after it was done, and both ways each time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Snap
from tests.killed import walk
from tests.redis import servers
from tests.redis.conftest import everything
from tests.redis.proxy import Proxy, proxy
from tests.redis.test_faults import after, before

EVERY = os.environ.get("SNAPSTORE_REDIS_KILLS") == "all"


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
    url = server.url(port=between.port)
    snap.configure(f'[resources.cache]\nadapter = "redis"\nurl = "{url}"\nkeys = ["*"]\n')
    before(server)
    walk(snap, between, lambda: everything(server), lambda: after(server), 1 if EVERY else 5)
