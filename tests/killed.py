"""``snap restore`` that is killed while it waits for an answer, at one request after the other, and what
leads on from there: the old state, the new one, or a journal that leads to either."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

from tests.conftest import Snap
from tests.redis.proxy import Cut, Proxy

KILLED, DONE, UNFINISHED = -9, 0, 7
RESTORE = ("restore", "HEAD", "--yes", "--allow", "all")
WAYS = ("--abort", "--resume")
CUTS: tuple[Cut, ...] = ("before", "after")


def walk(
    snap: Snap, between: Proxy, look: Callable[[], Any], change: Callable[[], object], step: int
) -> None:
    """Every so many requests of a restore to what ``look`` tells now, from what ``change`` leaves: one of the
    four cases each time, or with 1 all of them: not done or done, and then back or on."""
    snap("init", code=0)
    snap("take", code=0)
    old = look()
    change()
    between.through()
    snap(*RESTORE, code=0)
    reached: set[str] = set()
    for at, how, way in _moments(between.requests, step):
        change()
        new = look()
        killed = _killed(snap, between, at, how)
        between.through()
        expected = old
        if killed and snap(*RESTORE).code == UNFINISHED:
            reached.add(way)
            snap("restore", way, "--yes", "--allow", "all", code=0)
            expected = old if way == "--resume" else new
        assert look() == expected, (at, how, way)
    assert reached == set(WAYS)


def _moments(requests: int, step: int) -> Iterator[tuple[int, Cut, str]]:
    every = list(product(CUTS, WAYS))
    for number, at in enumerate(range(1, requests + 1, step)):
        yield from ((at, *one) for one in (every if step == 1 else every[number % 4 :][:1]))


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
