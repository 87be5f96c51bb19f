"""Restores in steps, ended at random moments: by SIGKILL, by their sessions, by the server itself.

SNAPSTORE_KILL_ROUNDS says how often; SNAPSTORE_KILL_SEED gives the same moments again, as far as a clock can.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from snapstore import embedded
from tests.conftest import Snap
from tests.postgres import dump
from tests.postgres.conftest import Project
from tests.postgres.test_online import NEW, OLD, begun

ROUNDS = int(os.environ.get("SNAPSTORE_KILL_ROUNDS", "6"))
SEED = int(os.environ.get("SNAPSTORE_KILL_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
MORE = """
INSERT INTO c SELECT i, i, 'x' FROM generate_series(201, 30000) i;
INSERT INTO p SELECT i, 'n' || i, i FROM generate_series(201, 30000) i;
"""
ROWS = """
SELECT 'p', count(*), sum(hashtext(p::text)) FROM p
UNION ALL SELECT 'c', count(*), sum(hashtext(c::text)) FROM c
UNION ALL SELECT 'e1', count(*), sum(hashtext(e::text)) FROM e1 e
UNION ALL SELECT 'e2', count(*), sum(hashtext(e::text)) FROM "e'2" e"""
LEFT = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'snapstore' AND pid <> pg_backend_pid()"
WORKING = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock'"


@pytest.fixture
def server() -> Iterator[embedded.Server]:
    with embedded.temporary() as made:
        yield made


@pytest.fixture
def shop(snap: Snap, server: embedded.Server) -> Project:
    made = Project(snap, server.url())
    snap.env["DATABASE_URL"] = made.url
    made.configure(url="${DATABASE_URL}", locking="online", lock_timeout=1, retry_for=20)
    made.sql(OLD + MORE)
    made.snap("take", "-m", "old", code=0)
    made.sql(NEW)
    made.snap("take", "-m", "new", code=0)
    made.snap("restore", "HEAD~1", "--yes", code=0)
    return made


def end(what: str, running: subprocess.Popen[bytes], project: Project, server: embedded.Server) -> None:
    """End the restore one way or the other, and wait until nothing of it is left."""
    if what == "snap":
        running.send_signal(signal.SIGKILL)
    elif what == "sessions":
        project.sql(LEFT.replace("SELECT 1", "SELECT pg_terminate_backend(pid)"))
    else:
        embedded.stop(server)
        running.communicate(timeout=120)
        embedded._start(server)
    running.communicate(timeout=120)
    deadline = time.monotonic() + 60
    while project.sql(LEFT):
        assert time.monotonic() < deadline, "its work goes on"
        time.sleep(0.02)


def state(project: Project) -> tuple[Counter[str], list[tuple[Any, ...]]]:
    return project.dump(), sorted(project.sql(ROWS))


def test_ended_at_any_moment_it_can_be_completed_or_taken_back(
    shop: Project, server: embedded.Server
) -> None:
    dice = random.Random(SEED)
    states = [state(shop)]
    shop.snap("undo", "--yes", code=0)
    states.insert(0, state(shop))  # what is live now is always states[0], its way out states[1]
    ends: Counter[str] = Counter()
    for number in range(ROUNDS):
        what, way = dice.choice(("snap", "sessions", "server")), dice.choice(("--resume", "--abort"))
        running = begun(shop, "restore", "HEAD~1", "--yes")
        while not shop.sql(WORKING) and running.poll() is None:
            time.sleep(0.01)
        moment = dice.uniform(0, 0.8)
        time.sleep(moment)
        told = f"seed {SEED}, round {number}: {what} after {moment:.3f} s, then {way}"
        end(what, running, shop, server)
        done = shop.snap("restore", way, "--yes")
        if done.code == 1 and "no restore was interrupted" in done.stderr:
            way = "--resume" if running.returncode == 0 else "nothing"
            if dump.difference(shop.dump(), states[0][0]):
                way = "--resume"
        else:
            assert done.code == 0, (told, done)
        ends[f"{what} {way}"] += 1
        wanted = states[1] if way == "--resume" else states[0]
        found = state(shop)
        assert not dump.difference(found[0], wanted[0]), told
        assert found[1] == wanted[1], told
        if way == "--resume":
            states.reverse()
    print(f"seed {SEED}: {dict(ends)}")
