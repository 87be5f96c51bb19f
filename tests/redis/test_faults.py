"""A connection that is cut at every request, in every way: restored by itself or by resuming, never twice."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from enum import Enum, auto
from pathlib import Path
from typing import Any

import pytest

from snapstore.errors import SnapError
from tests.project import Project, well
from tests.redis import servers
from tests.redis.conftest import everything, project
from tests.redis.proxy import Ask, Cut, Proxy, cuts, proxy

EVERY = "SNAPSTORE_REDIS_FAULTS" in os.environ


@pytest.fixture
def between(server: servers.Server) -> Iterator[Proxy]:
    with proxy(server.port) as made:
        yield made


def walked(total: int, server: servers.Server, how: Cut, step: int) -> range:
    """Those that are cut, others for each server and way; all of them with ``SNAPSTORE_REDIS_FAULTS``."""
    step = 1 if EVERY else step
    return range(1 + (2 * servers.NAMES.index(server.name) + (how == "after")) % step, total + 1, step)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snapstore_redis.connection._PAUSE", 0.001)


@pytest.fixture
def place(server: servers.Server, between: Proxy, tmp_path: Path) -> Project:
    waiting = 'keys = ["*"]\ntimeout = 1\nconnect_timeout = 1' if EVERY else 'keys = ["*"]'
    return project(tmp_path / "project", server.url(port=between.port), waiting)


def library(server: servers.Server, name: str, answer: int) -> None:
    if server.has_functions:
        code = f"#!lua name={name}\nredis.register_function('{name}', function(k, a) return {answer} end)\n"
        server.client().execute_command("FUNCTION", "LOAD", "REPLACE", code)


def before(server: servers.Server) -> None:
    client = server.client()
    client.flushall()
    client.rpush("list", "a", "b")
    client.set("text", "old")
    client.set("gone", "is back")
    client.xadd("stream", {"a": "1"}, id="1-1")
    client.xgroup_create("stream", "group", "0")
    client.xreadgroup("group", "consumer", {"stream": ">"})
    client.config_set("maxmemory", "1000000000")
    client.config_set("masterauth", "secret-one")
    client.acl_setuser("app", enabled=True, reset=True, passwords=["+one"], keys="app:*", commands=["+get"])
    client.acl_deluser("new")
    library(server, "kept", 1)
    if server.has_functions and len(client.execute_command("FUNCTION", "LIST")) > 1:
        client.execute_command("FUNCTION", "DELETE", "new")


def after(server: servers.Server) -> None:
    client = server.client()
    client.rpush("list", "c")
    client.set("text", "new")
    client.delete("gone", "stream")
    client.sadd("extra", "x")
    client.config_set("maxmemory", "2000000000")
    client.config_set("masterauth", "secret-two")
    client.acl_setuser("app", enabled=True, passwords=["+two"], commands=["+@all"])
    client.acl_setuser("new", enabled=True)
    library(server, "kept", 2)
    library(server, "new", 2)


def writes(server: servers.Server) -> dict[str, int]:
    """How often each command was called that builds something up."""
    stats = server.client().info("commandstats")
    return {
        name: stats.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("rpush", "xadd", "set", "sadd")
    }


@pytest.mark.parametrize("how", cuts(EVERY))
def test_a_connection_that_is_cut_once_is_made_again_and_nothing_is_written_twice(
    server: servers.Server, between: Proxy, place: Project, how: Cut
):
    before(server)
    promised, taken = everything(server), place.take()
    after(server)
    between.through()
    well(place.restore(taken.commit))
    total = between.requests
    assert total > 10
    for at in walked(total, server, how, 2):
        after(server)
        seen = writes(server)
        between.cut_at(at, how)
        well(place.restore(taken.commit))
        now = writes(server)
        written = {name: now[name] - seen[name] for name in now}
        assert written == {"rpush": 1, "xadd": 1, "set": 2, "sadd": 0}, at
        assert everything(server) == promised, at


def busy(request: bytes, ask: Ask) -> bytes:
    return b"-BUSY Redis is busy running a script.\r\n" * len(re.findall(rb"(?m)^\*\d+\r$", request))


def test_a_server_that_is_busy_once_is_asked_again_and_nothing_is_written_twice(
    server: servers.Server, between: Proxy, place: Project
):
    before(server)
    promised, taken = everything(server), place.take()
    after(server)
    between.through()
    well(place.restore(taken.commit))
    between.instead = busy
    for at in walked(between.requests, server, "before", 10):
        after(server)
        seen = writes(server)
        between.cut_at(at, "instead")
        well(place.restore(taken.commit))
        now = writes(server)
        assert {name: now[name] - seen[name] for name in now} == {
            "rpush": 1,
            "xadd": 1,
            "set": 2,
            "sadd": 0,
        }, at
        assert everything(server) == promised, at


@pytest.mark.parametrize("way", ["resume", "abort"])
@pytest.mark.parametrize("how", cuts(EVERY))
def test_a_server_that_goes_away_is_restored_or_taken_back_when_it_is_there_again(
    server: servers.Server,
    between: Proxy,
    place: Project,
    how: Cut,
    way: str,
):
    before(server)
    promised, taken = everything(server), place.take()
    after(server)
    between.through()
    well(place.restore(taken.commit))
    interrupted = 0
    for at in walked(between.requests, server, how, 7):
        after(server)
        changed = everything(server)
        between.cut_at(at, how, down=True)
        ended = _ended(place, taken.commit)
        between.through()
        if ended is Ended.AMID:
            interrupted += 1
            well(getattr(place, way)())
            assert everything(server) == (promised if way == "resume" else changed), at
        else:
            assert everything(server) == (promised if ended is Ended.WELL else changed), at
            well(place.restore(taken.commit))
    assert interrupted


class Ended(Enum):
    """How a restore ended: amid its work, it has left a journal to go on from."""

    WELL = auto()
    BEFORE = auto()
    AMID = auto()


def _ended(place: Project, commit: str) -> Ended:
    """Well only where all was done before the server went away."""
    from snapstore import journal

    try:
        result: Any = place.restore(commit)
    except SnapError:
        pass
    else:
        if not result.problems:
            well(result)
            return Ended.WELL
    unfinished = journal.unfinished(place.ws.store.workspace("journal"))
    return Ended.BEFORE if unfinished is None else Ended.AMID
