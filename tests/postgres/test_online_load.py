"""Restores while eight clients of pgbench work: none of them waits longer than the lock timeout and a little.

This is the one place where the tests bound a time: it is what ``lock_timeout`` promises, and it is read from
the clients' own log.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from snapstore import embedded
from tests.conftest import Snap
from tests.postgres import dump
from tests.postgres.conftest import Project

LOCK_TIMEOUT = 0.5
A_LITTLE = 2.0
"""Seconds for everything else that a loaded machine with two cores may keep a client waiting for."""
CLIENTS = 8

TABLES = """
CREATE TABLE parent (id int PRIMARY KEY);
INSERT INTO parent SELECT generate_series(1, 100);
CREATE TABLE t (id int PRIMARY KEY, pid int, v text, n int NOT NULL);
INSERT INTO t SELECT i, 1 + i % 100, 'x' || i, i FROM generate_series(1, 30000) i;
CREATE VIEW w AS SELECT id, n FROM t;
CREATE INDEX i ON t (v);
CREATE MATERIALIZED VIEW m AS SELECT pid, count(*) AS c FROM t GROUP BY pid;
CREATE UNIQUE INDEX m_pid ON m (pid);
CREATE TABLE e (id int, v text) PARTITION BY RANGE (id);
CREATE TABLE e1 PARTITION OF e FOR VALUES FROM (0) TO (15000);
CREATE TABLE e2 PARTITION OF e FOR VALUES FROM (15000) TO (40000);
INSERT INTO e SELECT i, 'x' || i FROM generate_series(1, 30000) i;
CREATE INDEX e_id ON e (id); CREATE INDEX e_v ON e (v);
"""
SCRIPT = r"""
\set id random(1, 30000)
BEGIN;
SELECT v FROM t WHERE id = :id;
UPDATE t SET v = 'y' || :id WHERE id = :id;
SELECT count(*) FROM w WHERE id = :id;
SELECT c FROM m WHERE pid = 1 + :id % 100;
UPDATE e SET v = 'y' || :id WHERE id = :id;
SELECT v FROM e WHERE id = 30000 - :id;
COMMIT;
"""
CHANGES = {
    "an index is swapped": "DROP INDEX i; CREATE INDEX i ON t (v, n)",
    "a column becomes NOT NULL": "ALTER TABLE t ALTER pid SET NOT NULL, ALTER v SET NOT NULL",
    "a foreign key, a check and a key come": "ALTER TABLE t ADD FOREIGN KEY (pid) REFERENCES parent,"
    " ADD CHECK (n > 0), ADD UNIQUE (n)",
    "a materialized view gets another query": "DROP MATERIALIZED VIEW m; CREATE MATERIALIZED VIEW m AS"
    " SELECT pid, count(*) AS c, max(n) AS top FROM t GROUP BY pid; CREATE UNIQUE INDEX m_pid ON m (pid)",
    "an index of a partitioned table is swapped": "DROP INDEX e_v; CREATE INDEX e_v ON e (v, id)",
    "a partitioned table gets a key": "ALTER TABLE e ADD PRIMARY KEY (id)",
    "a partition goes and comes": "ALTER TABLE e DETACH PARTITION e2",
    "a partitioned table loses a column": "ALTER TABLE e ADD more int CHECK (more > 0)",
    "a column's type changes under a view": "DROP VIEW w; ALTER TABLE t ALTER n TYPE bigint;"
    " CREATE VIEW w AS SELECT id, n FROM t",
}


@pytest.fixture(scope="module")
def server() -> Iterator[embedded.Server]:
    with embedded.temporary() as made:
        yield made


@pytest.fixture
def busy(snap: Snap, server: embedded.Server) -> Project:
    name = f"busy_{id(snap)}"
    Project(snap, server.url()).sql(f"CREATE DATABASE {name}")
    made = Project(snap, server.url(name))
    snap.env["DATABASE_URL"] = made.url
    made.configure(url="${DATABASE_URL}", locking="online", lock_timeout=LOCK_TIMEOUT, retry_for=60)
    made.sql(TABLES)
    return made


def clients(server: embedded.Server, url: str, folder: Path) -> subprocess.Popen[bytes]:
    """Eight clients that work until they are ended, each transaction on a line of a log in the folder."""
    folder.mkdir()
    script = folder / "script.sql"
    script.write_text(SCRIPT)
    words = ["-n", "-c", str(CLIENTS), "-T", "600", "-l", "-f", str(script), url]
    environment = {**os.environ, "PGOPTIONS": "-c application_name=client"}
    return subprocess.Popen(
        [str(server.bindir / "pgbench"), *words],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def latencies(folder: Path) -> list[float]:
    """How many seconds each transaction of a client took."""
    lines = [line.split() for path in folder.glob("pgbench_log.*") for line in path.read_text().splitlines()]
    return [int(words[2]) / 1e6 for words in lines if len(words) >= 6]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_no_client_waits_longer_than_the_lock_timeout_and_a_little(
    busy: Project, server: embedded.Server, tmp_path: Path, change: str
) -> None:
    if not (server.bindir / "pgbench").exists():
        pytest.skip("needs pgbench")
    busy.snap("take", "-m", "old", code=0)
    busy.sql(change)
    busy.snap("take", "-m", "new", code=0)
    new = busy.dump()
    running = clients(server, busy.url, tmp_path / "log")
    try:
        busy.snap("restore", "HEAD~1", "--yes", code=0)
        busy.snap("undo", "--yes", code=0)
        assert running.poll() is None, running.communicate()
    finally:
        running.terminate()
        told = running.communicate()[0].decode()
    assert "ERROR" not in told
    waited = latencies(tmp_path / "log")
    assert len(waited) > 10 * CLIENTS, told
    print(f"the worst of {len(waited)} transactions took {max(waited):.3f} s")
    assert max(waited) < LOCK_TIMEOUT + A_LITTLE
    assert not dump.difference(busy.dump(), new)
