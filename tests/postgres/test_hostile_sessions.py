"""Restores beside sessions that do not let go: each is got past or named, with what ends it."""

from __future__ import annotations

import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest

from snapstore import embedded
from tests.conftest import Snap
from tests.postgres.conftest import Project
from tests.postgres.test_online import WORKING, begun

SETTINGS = ("max_prepared_transactions = 5", "autovacuum_naptime = 1", "wal_level = logical")
TABLE = """
CREATE TABLE t (id int, v text) WITH (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1, autovacuum_enabled = false);
INSERT INTO t SELECT i, repeat('x', 50) FROM generate_series(1, 20000) i;
"""
Session = Callable[..., psycopg.Connection[Any]]


@pytest.fixture(scope="module")
def server() -> Iterator[embedded.Server]:
    with embedded.temporary() as made:
        with psycopg.connect(made.url(), autocommit=True) as connection:
            for setting in SETTINGS:
                connection.execute(f"ALTER SYSTEM SET {setting}".encode())
        embedded.stop(made)
        embedded._start(made)
        yield made


@pytest.fixture
def project(snap: Snap, server: embedded.Server) -> Project:
    name = f"hostile_{uuid.uuid4().hex[:8]}"
    Project(snap, server.url()).sql(f"CREATE DATABASE {name}")
    made = Project(snap, server.url(name))
    snap.env["DATABASE_URL"] = made.url
    made.sql(TABLE)
    return made


@pytest.fixture
def session(project: Project) -> Iterator[Session]:
    opened: list[psycopg.Connection[Any]] = []

    def connect(**words: Any) -> psycopg.Connection[Any]:
        opened.append(psycopg.connect(project.url, **words))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


def changed(project: Project, change: str, **settings: Any) -> None:
    """A project that has to undo the change."""
    project.configure(url="${DATABASE_URL}", **{"lock_timeout": 0.2, "retry_for": 2, **settings})
    project.snap("take", "-m", "old", code=0)
    project.sql(change)


def until(project: Project, query: str) -> Any:
    deadline = time.monotonic() + 60
    while not (found := project.sql(query)):
        assert time.monotonic() < deadline, f"this does not come about: {query}"
        time.sleep(0.05)
    return found[0][0]


def said(project: Project, *words: str, code: int) -> str:
    done = project.snap("restore", "HEAD", "--yes", *words, code=code)
    return done.stdout + done.stderr


def test_an_autovacuum_is_made_to_give_way_though_no_lock_is_waited_for_so_long(project: Project) -> None:
    changed(project, "ALTER TABLE t ADD more int", retry_for=60)
    project.sql("DELETE FROM t WHERE id % 3 = 0; ALTER TABLE t SET (autovacuum_enabled = true)")
    project.snap("take", "-m", "vacuumed", code=0)
    project.sql("ALTER TABLE t DROP more")
    vacuum = "SELECT a.pid FROM pg_stat_activity a JOIN pg_locks l USING (pid)"
    until(project, f"{vacuum} WHERE backend_type = 'autovacuum worker' AND relation = 't'::regclass")
    said(project, code=0)
    assert project.snap("status").code == 0


def test_a_prepared_transaction_is_named_with_what_ends_it(project: Project, session: Session) -> None:
    changed(project, "ALTER TABLE t ADD more int")
    before = project.dump()
    other = session()
    other.execute("SELECT count(*) FROM t")
    other.execute("PREPARE TRANSACTION 'of the bank'")
    other.rollback()
    for locking in ("atomic", "online"):
        told = said(project, "--locking", locking, code=1)
        assert "behind the prepared transaction of the bank" in told
        assert "ROLLBACK PREPARED" in told
        assert project.dump() == before
    other.autocommit = True
    other.execute("ROLLBACK PREPARED 'of the bank'")
    said(project, code=0)


def test_a_session_that_keeps_an_index_from_being_built_is_named(project: Project, session: Session) -> None:
    project.sql("CREATE INDEX i ON t (id)")
    changed(project, "DROP INDEX i", locking="online", wait_for_others=1.5)
    other = session(application_name="nightly")
    other.execute("UPDATE t SET v = v WHERE id = 1")
    told = said(project, code=1)
    assert f"behind process {other.info.backend_pid} (nightly, idle in transaction, " in told
    assert f"SELECT pg_terminate_backend({other.info.backend_pid})" in told
    assert "waits for process" in told
    other.rollback()
    project.snap("restore", "--resume", "--yes", code=0)
    assert project.snap("status").code == 0
    assert not project.sql("SELECT 1 FROM pg_index WHERE NOT indisvalid")


def test_somebody_elses_index_build_is_named_as_one(project: Project, session: Session) -> None:
    changed(project, "ALTER TABLE t ADD more int")
    other, builder = session(), session(autocommit=True)
    other.execute("UPDATE t SET v = v WHERE id = 1")
    pid = builder.info.backend_pid

    def build() -> None:
        with suppress(psycopg.Error):
            builder.execute("CREATE INDEX CONCURRENTLY theirs ON t (v)")

    thread = threading.Thread(target=build)
    thread.start()
    until(project, f"SELECT 1 FROM pg_locks WHERE pid = {pid} AND NOT granted")
    other.rollback()
    other.execute("SELECT count(*) FROM t")
    told = said(project, code=1)
    builder.cancel()
    thread.join()
    assert (
        f"process {pid} (CREATE INDEX CONCURRENTLY" in told or f"process {other.info.backend_pid} (" in told
    )


def test_a_slot_that_nobody_reads_holds_nothing_up_and_one_that_exports_a_snapshot_is_named(
    project: Project,
) -> None:
    project.sql("CREATE INDEX i ON t (id)")
    changed(project, "DROP INDEX i", locking="online", wait_for_others=2)
    slot = f"s{uuid.uuid4().hex[:8]}"
    project.sql(f"SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')")
    try:
        with psycopg.connect(project.url, replication="database", autocommit=True) as sender:
            sender.execute(
                f"CREATE_REPLICATION_SLOT {slot}x TEMPORARY LOGICAL pgoutput EXPORT_SNAPSHOT".encode()
            )
            told = said(project, code=1)
            assert f"behind process {sender.info.backend_pid} (walsender" in told
        project.snap("restore", "--resume", "--yes", code=0)
    finally:
        project.sql(f"SELECT pg_drop_replication_slot('{slot}')")
    assert project.snap("status").code == 0


def test_the_progress_of_a_long_build_is_told(project: Project) -> None:
    project.sql(
        "CREATE FUNCTION slow(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS"
        " 'BEGIN PERFORM pg_catalog.pg_sleep(CASE WHEN i % 20 = 0 THEN 0.005 ELSE 0 END); RETURN i; END';"
        "CREATE INDEX i ON t (slow(id))"
    )
    changed(project, "DROP INDEX i", locking="online")
    told = said(project, code=0)
    assert "create index public.i, concurrently: building index: scanning table, " in told


def test_a_server_that_is_being_recovered_is_told_from_one_that_is_down(
    project: Project, server: embedded.Server
) -> None:
    """The journal stays open, and says what to do when it is back."""
    project.sql("CREATE INDEX i ON t (id)")
    changed(project, "DROP INDEX i; ALTER TABLE t ADD more int", locking="online", wait_for_others=60)
    other = psycopg.connect(project.url)
    other.execute("UPDATE t SET v = v WHERE id = 1")
    running: subprocess.Popen[bytes] = begun(project, "restore", "HEAD", "--yes")
    until(project, WORKING.format("CONCURRENTLY"))
    embedded.stop(server)
    told = b"".join(running.communicate(timeout=120)).decode()
    other.close()
    assert running.returncode == 1 and "--resume" in told and "--abort" in told, told
    done = project.snap("restore", "--resume", "--yes", code=1)
    assert "cannot connect to PostgreSQL" in done.stderr and "--resume" in done.stderr, done.stderr
    embedded._start(server)
    project.snap("restore", "--resume", "--yes", code=0)
    assert project.snap("status").code == 0
