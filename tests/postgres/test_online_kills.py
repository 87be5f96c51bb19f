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
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from snapstore import embedded
from tests.conftest import Done, Snap
from tests.postgres import dump
from tests.postgres.conftest import Project
from tests.postgres.test_online import NEW, OLD, begun

ROUNDS = int(os.environ.get("SNAPSTORE_KILL_ROUNDS", "10"))
SEED = int(os.environ.get("SNAPSTORE_KILL_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
FAULTS = ("snap", "sessions", "server")
WAYS = ("--resume", "--abort")

OTHER_OLD = """
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE people (id serial PRIMARY KEY, m mood DEFAULT 'ok', code varchar(9), old_name int);
CREATE TABLE letters (id int PRIMARY KEY, person int NOT NULL REFERENCES people, body text);
CREATE INDEX ON letters (person);
CREATE TABLE was_named (id int PRIMARY KEY, v text);
CREATE TABLE flags (name text PRIMARY KEY, is_on bool, of int REFERENCES was_named);
CREATE VIEW moody AS SELECT id, m FROM people;
CREATE MATERIALIZED VIEW moods AS SELECT m, count(*) AS n FROM moody GROUP BY m;
CREATE UNIQUE INDEX moods_m ON moods (m);
CREATE MATERIALIZED VIEW lit AS SELECT name FROM flags WHERE is_on;
INSERT INTO was_named SELECT i, 'w' || i FROM generate_series(1, 500) i;
INSERT INTO flags SELECT 'f' || i, i % 2 = 0, i FROM generate_series(1, 60) i;
"""
OTHER_NEW = """
DROP TABLE letters; DROP MATERIALIZED VIEW moods;
ALTER TABLE people RENAME old_name TO new_name; ALTER TABLE was_named RENAME TO is_named;
ALTER TABLE people DROP COLUMN code, ADD COLUMN since date DEFAULT '2026-01-01';
ALTER TYPE mood ADD VALUE 'great';
CREATE TABLE fresh (id int PRIMARY KEY, of int REFERENCES is_named); INSERT INTO fresh SELECT 1, 1;
CREATE MATERIALIZED VIEW moods AS SELECT m, count(*) AS n, max(id) AS last FROM moody GROUP BY m;
CREATE UNIQUE INDEX moods_m ON moods (m);
DELETE FROM flags WHERE name ~ '1$'; UPDATE flags SET is_on = NOT is_on WHERE name ~ '2$';
INSERT INTO flags SELECT 'g' || i, true, 1 FROM generate_series(1, 9) i;
"""
FILL_OLD = """
INSERT INTO people (m, code, old_name) SELECT 'sad', 'c' || i, i FROM generate_series(1, 5000) i;
INSERT INTO letters SELECT i, i, 'dear ' || i FROM generate_series(1, 5000) i;
INSERT INTO c SELECT i, i, 'x' FROM generate_series(201, 20000) i;
INSERT INTO p SELECT i, 'n' || i, i FROM generate_series(201, 20000) i;
"""
FILL_NEW = """
UPDATE people SET m = 'ok' WHERE id % 50 = 0; UPDATE people SET since = '2020-02-02' WHERE id % 7 = 0;
INSERT INTO fresh SELECT i, i FROM generate_series(2, 400) i;
"""
LEFT = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'snapstore' AND pid <> pg_backend_pid()"
WORKING = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock'"
TABLES = """
SELECT format('%I.%I', n.nspname, c.relname), coalesce(e.identity || ' in the archive', c.oid::regclass::text)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN snapstore_archive.entries e ON e.place = n.nspname AND e.returned_at IS NULL
 WHERE c.relkind = 'r' AND (n.nspname = 'public' OR n.nspname ~ '^snapstore_archive_')"""
ROWS = "SELECT '{}', count(*), sum(hashtext(to_jsonb(t)::text)::bigint) FROM ONLY {} t"
ENTRIES = "SELECT kind, identity FROM snapstore_archive.entries WHERE returned_at IS NULL"


@dataclass(frozen=True)
class State:
    """What a database holds: its schema, the rows of every table, and what lies in the archive."""

    schema: Counter[str]
    rows: list[tuple[Any, ...]]
    archived: list[tuple[Any, ...]]


@pytest.fixture
def server() -> Iterator[embedded.Server]:
    with embedded.temporary() as made:
        yield made


@pytest.fixture
def shop(snap: Snap, server: embedded.Server) -> Project:
    """A project that is at its old state, and was at its new one before."""
    made = Project(snap, server.url())
    snap.env["DATABASE_URL"] = made.url
    made.configure(url="${DATABASE_URL}", data=["public.flags"], lock_timeout=1, retry_for=20)
    made.sql(OLD + OTHER_OLD)
    made.snap("take", "-m", "old", code=0)
    made.sql(NEW + OTHER_NEW)
    made.snap("take", "-m", "new", code=0)
    made.snap("restore", "HEAD~1", "--yes", code=0)
    made.sql(FILL_OLD)
    made.snap("undo", "--yes", code=0)
    made.sql(FILL_NEW)
    made.snap("undo", "--yes", code=0)
    return made


def state(project: Project) -> State:
    with psycopg.connect(project.url, autocommit=True) as connection:
        tables = connection.execute(TABLES).fetchall()
        query = " UNION ALL ".join(ROWS.format(told.replace("'", "''"), table) for table, told in tables)
        rows = sorted(connection.execute(query.encode()).fetchall())
        archived = sorted(connection.execute(ENTRIES).fetchall())
    return State(project.dump(), rows, archived)


def same(found: State, wanted: State, told: str) -> None:
    assert not dump.difference(found.schema, wanted.schema), told
    assert found.rows == wanted.rows, told
    assert found.archived == wanted.archived, told


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
        deadline = time.monotonic() + 60
        while self.project.sql(LEFT):
            assert time.monotonic() < deadline, f"{self.told}: its work goes on"
            time.sleep(0.02)


def nothing_to_do(done: Done) -> bool:
    return done.code == 1 and "no restore was interrupted" in done.stderr


def test_ended_at_any_moment_it_can_be_completed_or_taken_back(
    shop: Project, server: embedded.Server
) -> None:
    dice = random.Random(SEED)
    ending = Ending(shop, server, dice)
    old = state(shop)
    ending.undisturbed("undo", "--yes", "--locking", "online")
    here, there = state(shop), old
    ends: Counter[str] = Counter()
    for number in range(ROUNDS):
        fault, way, locking = dice.choice(FAULTS), dice.choice(WAYS), dice.choice(("online", "atomic"))
        ending.told = f"seed {SEED}, round {number}"
        ending.cut(fault, "restore", "HEAD~1", "--yes", "--locking", locking)
        if dice.random() < 0.25:
            ending.cut(dice.choice(FAULTS), "restore", dice.choice(WAYS), "--yes")
        done = shop.snap("restore", way, "--yes")
        assert done.code == 0 or nothing_to_do(done), (
            f"{ending.told}; {way}: {done.stderr}{done.stdout[-2000:]}"
        )
        found = state(shop)
        arrived = way == "--resume"
        if nothing_to_do(done):  # it had ended by itself, before anything or after everything
            arrived = not dump.difference(found.schema, there.schema)
        same(found, there if arrived else here, f"{ending.told}; then {way}")
        ends[f"{fault}, {locking}: {'nothing' if nothing_to_do(done) else way}"] += 1
        here, there = (there, here) if arrived else (here, there)
    print(f"seed {SEED}: {dict(sorted(ends.items()))}")
