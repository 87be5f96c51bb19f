"""Restores while others work on the database: locks, other restores, connections that are cut."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg
import pytest

from snapstore_postgres.server.locking import ADVISORY_KEY
from tests.postgres.conftest import Project

OLD = "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'x'); CREATE VIEW w AS TABLE t"
NEW = "ALTER TABLE t ADD n int; DROP VIEW w; CREATE INDEX i ON t (v)"
WAITING = """
SELECT a.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid)
 WHERE NOT l.granted AND a.application_name = 'snapstore' AND a.datname = current_database()"""
Session = Callable[[], psycopg.Connection[Any]]


@pytest.fixture
def changed(project: Project) -> Project:
    """A project whose live state differs from what was taken."""
    project.sql(OLD)
    project.snap("take", "-m", "old", code=0)
    project.sql(NEW)
    return project


def held(session: Session) -> psycopg.Connection[Any]:
    """A session that reads on, so that nothing can alter the table."""
    other = session()
    other.execute("LOCK TABLE t IN SHARE MODE")
    return other


def waiter(project: Project, than: int | None = None) -> int:
    """The process of the server that waits for a lock on behalf of snap; another one ``than`` it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = [pid for (pid,) in project.sql(WAITING) if pid != than]
        if found:
            return int(found[0])
        time.sleep(0.02)
    raise AssertionError("nobody waits")


def started(project: Project, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        project.snap.command(*words),
        cwd=project.snap.root,
        env=project.snap.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_lock_that_is_held_for_a_while_is_waited_for_and_tried_again(
    changed: Project, session: Session
) -> None:
    other = held(session)
    running = started(changed, "restore", "HEAD", "--yes")
    waiter(changed)
    while changed.sql(WAITING):  # the lock timeout takes it out of the queue, where it holds up others
        time.sleep(0.02)
    waiter(changed)
    other.rollback()
    _, told = running.communicate(timeout=120)
    assert running.returncode == 0, told
    assert changed.snap("status").code == 0


def test_a_lock_that_is_never_released_ends_in_a_clear_error_with_nothing_changed(
    changed: Project, session: Session
) -> None:
    changed.configure(url="${DATABASE_URL}", lock_timeout=0.1, retry_for=0.5)
    before = changed.dump()
    pid = held(session).info.backend_pid
    done = changed.snap("restore", "HEAD", "--yes", code=1)
    assert "a lock could not be had within 0.5 s" in done.stdout + done.stderr
    assert f"behind process {pid} (idle in transaction" in done.stdout + done.stderr
    assert f"pg_terminate_backend({pid})" in done.stdout + done.stderr
    assert changed.dump() == before


def test_a_second_restore_of_the_same_database_is_refused(changed: Project, session: Session) -> None:
    before = changed.dump()
    session().execute(f"SELECT pg_advisory_lock({ADVISORY_KEY})")
    done = changed.snap("restore", "HEAD", "--yes", code=6)
    assert "another restore is working on this database" in done.stdout + done.stderr
    assert changed.dump() == before


def test_two_resources_on_one_database_are_restored_together_and_a_second_restore_still_waits(
    changed: Project, session: Session
) -> None:
    changed.sql("CREATE SCHEMA other; CREATE TABLE other.t (id int)")
    changed.snap.configure(
        """
        [resources.one]
        adapter = "postgres"
        url = "${DATABASE_URL}"
        exclude_schemas = ["other"]
        [resources.two]
        adapter = "postgres"
        url = "${DATABASE_URL}"
        exclude_schemas = ["public"]
        """
    )
    changed.snap("take", "-m", "both", code=0)
    changed.sql("ALTER TABLE t ADD more int; ALTER TABLE other.t ADD more int")
    holder = session()
    holder.execute(f"SELECT pg_advisory_lock({ADVISORY_KEY})")
    done = changed.snap("restore", "HEAD", "--yes", code=6)
    assert f"process {holder.info.backend_pid}" in done.stdout + done.stderr
    holder.close()
    changed.snap("restore", "HEAD", "--yes", code=0)
    assert changed.snap("status").code == 0


def test_a_capture_does_not_wait_for_ever_and_names_the_relation_and_who_has_it(
    changed: Project, session: Session
) -> None:
    changed.configure(url="${DATABASE_URL}", read_lock_timeout=0.3)
    other = session()
    other.execute("SET application_name = 'nightly'; LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
    told = changed.snap("take", "-m", "two", code=1).stderr
    assert "public.t is locked by" in told and f"process {other.info.backend_pid} (nightly" in told
    other.rollback()
    other.execute("LOCK TABLE t IN ROW EXCLUSIVE MODE")
    waiting = session()

    def wait() -> None:
        with suppress(psycopg.Error):
            waiting.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")

    thread = threading.Thread(target=wait)
    thread.start()
    while not changed.sql("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 't'::regclass"):
        time.sleep(0.02)
    told = changed.snap("take", "-m", "two", code=1).stderr
    waiting.cancel()
    thread.join()
    assert f"behind process {other.info.backend_pid}" in told


def test_a_cut_connection_changes_nothing_and_the_restore_can_be_run_again(
    changed: Project, session: Session
) -> None:
    changed.configure(url="${DATABASE_URL}", lock_timeout=60, retry_for=60)
    before = changed.dump()
    other = held(session)
    running = started(changed, "restore", "HEAD", "--yes")
    changed.sql(f"SELECT pg_terminate_backend({waiter(changed)})")
    told = b"".join(running.communicate(timeout=120))
    assert running.returncode == 1, told
    assert b"the connection to PostgreSQL was lost" in told
    assert b"db: unchanged" in told
    assert changed.dump() == before
    other.rollback()
    changed.snap("restore", "HEAD", "--yes", code=0)
    assert changed.snap("status").code == 0


def test_clients_that_only_read_are_not_held_up_by_a_waiting_restore(
    changed: Project, session: Session
) -> None:
    other = held(session)
    running = started(changed, "restore", "HEAD", "--yes")
    waiter(changed)
    reader = session()
    done = threading.Event()

    def read() -> None:
        reader.execute("SELECT * FROM t").fetchall()
        done.set()

    thread = threading.Thread(target=read)
    thread.start()
    assert done.wait(30)
    other.rollback()
    reader.rollback()
    thread.join()
    _, told = running.communicate(timeout=120)
    assert running.returncode == 0, told


def beside_a_restore(
    project: Project, session: Session, table: str, *statements: str
) -> tuple[int, bytes, list[tuple[Any, ...]]]:
    """Somebody holds the table until a restore waits for it, runs the statements and commits: how that
    restore ends, what it says, and what the last statement gave."""
    other = session()
    other.execute(f"LOCK TABLE {table} IN ROW EXCLUSIVE MODE".encode())
    running = started(project, "restore", "HEAD", "--yes")
    waiter(project)
    *_, last = (other.execute(statement.encode()) for statement in statements)
    found = last.fetchall() if last.description else []
    other.commit()
    told = b"".join(running.communicate(timeout=120))
    return running.returncode, told, found


@pytest.mark.parametrize(
    "deploy",
    [
        "CREATE TABLE e (a int)",
        "ALTER TABLE p ADD b int; CREATE TABLE e () INHERITS (p)",
        "DROP TABLE p; CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE e PARTITION OF p DEFAULT",
    ],
    ids=["one that goes", "one below that of a column", "one made anew"],
)
def test_rows_that_come_to_an_empty_table_while_a_restore_waits_are_not_lost(
    project: Project, session: Session, deploy: str
) -> None:
    project.sql("CREATE TABLE p (a int)")
    project.snap("take", "-m", "old", code=0)
    project.sql(deploy)
    code, told, _ = beside_a_restore(project, session, "e", "INSERT INTO e VALUES (7)")
    assert code == 1, told
    assert b"public.e: empty when the plan was made, and has rows by now" in told
    assert project.sql("SELECT a FROM e") == [(7,)]
    project.snap("restore", "HEAD", "--yes", code=0)
    project.snap("undo", "--yes", code=0)
    assert project.sql("SELECT a FROM e") == [(7,)]


@pytest.mark.parametrize(
    "deploy",
    [
        "ALTER TABLE p ADD b text DEFAULT 'b'",
        "ALTER TYPE f ADD VALUE 'l'#ALTER TABLE p ALTER c SET DEFAULT 'l'; UPDATE p SET c = 'l'",
        "ALTER TABLE p RENAME TO o; CREATE TABLE p (a int, c f DEFAULT 'k') PARTITION BY LIST (a);"
        "CREATE TABLE p1 PARTITION OF p DEFAULT; INSERT INTO p TABLE o; DROP TABLE o",
    ],
    ids=["whose column goes", "whose label goes", "made anew"],
)
def test_rows_that_come_to_a_table_while_a_restore_waits_are_kept_with_all_others(
    project: Project, session: Session, deploy: str
) -> None:
    project.sql("CREATE TYPE f AS ENUM ('k'); CREATE TABLE p (a int, c f); INSERT INTO p VALUES (1)")
    project.snap("take", "-m", "old", code=0)
    for sql in deploy.split("#"):
        project.sql(sql)
    both = "SELECT to_jsonb(p) FROM p ORDER BY a"
    code, told, before = beside_a_restore(project, session, "p", "INSERT INTO p (a) VALUES (2)", both)
    assert code == 0, told
    assert project.sql("SELECT a FROM p ORDER BY a") == [(1,), (2,)]
    project.snap("undo", "--yes", code=0)
    assert project.sql(both) == before


def test_rows_that_come_while_others_leave_a_partition_leave_with_them(
    project: Project, session: Session
) -> None:
    project.sql(
        "CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE d PARTITION OF p DEFAULT;"
        "CREATE TABLE x PARTITION OF p FOR VALUES IN (1);"
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';"
        "CREATE TRIGGER g BEFORE DELETE ON d FOR EACH ROW EXECUTE FUNCTION f()"  # off for a moment
    )
    project.snap("take", "-m", "old", code=0)
    project.sql("ALTER TABLE p DETACH PARTITION x; INSERT INTO p VALUES (1), (2)")
    code, told, _ = beside_a_restore(project, session, "d", "INSERT INTO d VALUES (1), (2)")
    assert code == 0, told
    assert project.sql("SELECT a FROM p ORDER BY a") == [(1,), (1,), (2,), (2,)]
