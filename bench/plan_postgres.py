"""``snap plan`` of a PostgreSQL schema of 5,000 tables against other planners that do the same job.

They are no dependency of this project. Those are measured whose commands the environment names:

* ``SNAPSTORE_BENCH_MIGRA``: migra's (``pip install migra psycopg2-binary 'sqlalchemy<2' 'setuptools<81'``);
* ``SNAPSTORE_BENCH_PGDELTA``: pg-delta's (``npm install @supabase/pg-delta``, ``node_modules/.bin/pgdelta``).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import schema
from bench.database import Database
from bench.timing import compare
from snapstore import embedded

TABLES = 5_000
ROUNDS = 3
GOAL = 0.2
MIGRA, PGDELTA = "SNAPSTORE_BENCH_MIGRA", "SNAPSTORE_BENCH_PGDELTA"


def run(report: Callable[[object], None]) -> None:
    """One object in a hundred has changed; they compare two databases, we one and a snapshot of the other."""
    wanted = [name for name in (MIGRA, PGDELTA) if name in os.environ]
    if not wanted:
        report(f"plan against other planners: none is named by {MIGRA} or {PGDELTA}")
        return
    with tempfile.TemporaryDirectory(prefix="snapstore-bench-") as base, embedded.temporary() as server:
        database = Database(Path(base), server, TABLES)
        database.snap("first", ["take", "-q", "-m", "take"])
        live, target = server.tcp_url(database.name), server.tcp_url(database.copy())
        database.psql(schema.drift(TABLES))
        for name in wanted:
            _measure(database, name, _words(name, live, target), report)


def _words(name: str, live: str, target: str) -> list[str]:
    if name == MIGRA:
        return [os.environ[name], "--unsafe", "--with-privileges", live, target]
    options = ["--renames", "off", "--out", "plan.json"]
    return [os.environ[name], "plan", "--source", live, "--desired", target, *options]


def _measure(database: Database, name: str, words: Sequence[str], report: Callable[[object], None]) -> None:
    """Exit code 2 is how they say that there is something to do."""
    title = f"{TABLES:,} tables: plan, against {Path(words[0]).name}"
    report(
        compare(
            title,
            lambda number: database.snap("first", ["plan", "HEAD"]),
            lambda number: database.run(words, codes=(0, 2)),
            rounds=ROUNDS,
            goal=GOAL,
            cpu=database.cpu,
        )
    )
