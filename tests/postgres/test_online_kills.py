"""Restores, ended at random moments: by SIGKILL, by their sessions, by the server itself.

SNAPSTORE_KILL_ROUNDS says how often; SNAPSTORE_KILL_SEED gives the same moments again, as far as a clock can.
Each round restores over all that a plan can hold at once, online or in one transaction, with what would be
lost in the archive; is ended; goes on or back, now and then ended again; and is compared with what was
promised.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator

import psycopg
import pytest

from snapstore import embedded
from tests.conftest import Snap
from tests.postgres import dump
from tests.postgres.conftest import Project
from tests.postgres.shop import LEFT, at_rest, nothing_to_do, same, shop, state
from tests.postgres.test_online import begun

ROUNDS = int(os.environ.get("SNAPSTORE_KILL_ROUNDS", "10"))
SEED = int(os.environ.get("SNAPSTORE_KILL_SEED", "1"))
FAULTS = ("snap", "sessions", "server")
WAYS = ("--resume", "--abort")

WORKING = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock'"


@pytest.fixture
def server() -> Iterator[embedded.Server]:
    with embedded.temporary() as made:
        yield made


@pytest.fixture
def project(snap: Snap, server: embedded.Server) -> Project:
    return shop(snap, server.url())


class Ending:
    """Runs ``snap`` and ends it, at moments that are spread over the time that the work takes."""

    def __init__(self, project: Project, server: embedded.Server, dice: random.Random) -> None:
        self.project, self.server, self.dice = project, server, dice
        self.longest = 0.0
        self.told = ""

    def undisturbed(self, *words: str) -> None:
        running = begun(self.project, *words)
        self._at_work(running)
        since = time.monotonic()
        told = running.communicate(timeout=300)
        assert running.returncode == 0, told
        self.longest = max(self.longest, time.monotonic() - since)

    def cut(self, fault: str, *words: str) -> int:
        """The exit code of a run that was ended so at some moment, or had ended by itself."""
        running = begun(self.project, *words)
        self._at_work(running)
        moment = self.dice.uniform(0, self.longest)
        self.told += f"; {' '.join(words)} ended by {fault} after {moment:.3f} s"
        time.sleep(moment)
        # How long the work takes changes with the machine's load: follow it, so that most moments lie in it.
        self.longest *= 1.1 if running.poll() is None else 0.7
        self._end(fault, running)
        return running.returncode

    def _at_work(self, running: subprocess.Popen[bytes]) -> None:
        with psycopg.connect(self.project.url, autocommit=True) as connection:
            while not connection.execute(WORKING).fetchall() and running.poll() is None:
                time.sleep(0.01)

    def _end(self, fault: str, running: subprocess.Popen[bytes]) -> None:
        """End it one way or the other, and wait until nothing of it is left."""
        if fault == "snap":
            running.send_signal(signal.SIGKILL)
        elif fault == "sessions":
            self.project.sql(LEFT.replace("SELECT 1", "SELECT pg_terminate_backend(pid)"))
        else:
            embedded.stop(self.server)
            running.communicate(timeout=120)
            embedded._start(self.server)
        running.communicate(timeout=120)
        at_rest(self.project)


@pytest.mark.long
def test_ended_at_any_moment_it_can_be_completed_or_taken_back(
    project: Project, server: embedded.Server
) -> None:
    dice = random.Random(SEED)
    ending = Ending(project, server, dice)
    old = state(project)
    ending.undisturbed("undo", "--yes", "--locking", "online")
    here, there = state(project), old
    ends: Counter[str] = Counter()
    for number in range(ROUNDS):
        fault, way, locking = dice.choice(FAULTS), dice.choice(WAYS), dice.choice(("online", "atomic"))
        ending.told = f"seed {SEED}, round {number}"
        ending.cut(fault, "restore", "HEAD~1", "--yes", "--locking", locking)
        if dice.random() < 0.25:
            ending.cut(dice.choice(FAULTS), "restore", dice.choice(WAYS), "--yes")
        done = project.snap("restore", way, "--yes")
        assert done.code == 0 or nothing_to_do(done), (
            f"{ending.told}; {way}: {done.stderr}{done.stdout[-2000:]}"
        )
        found = state(project)
        arrived = way == "--resume"
        if nothing_to_do(done):  # it had ended by itself, before anything or after everything
            arrived = not dump.difference(found.schema, there.schema)
        same(found, there if arrived else here, f"{ending.told}; then {way}")
        ends[f"{fault}, {locking}: {'nothing' if nothing_to_do(done) else way}"] += 1
        here, there = (there, here) if arrived else (here, there)
    print(f"seed {SEED}: {dict(sorted(ends.items()))}")
