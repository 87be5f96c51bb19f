"""Restores in steps that others do not notice: where they lead, what runs where, what a cut one leaves."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.postgres import dump
from tests.postgres.conftest import Project

OLD = """
CREATE TABLE p (id int, name text, k int);
INSERT INTO p SELECT i, 'n' || i, i FROM generate_series(1, 200) i;
CREATE TABLE c (id int PRIMARY KEY, pid int, v text NOT NULL);
INSERT INTO c SELECT i, i, 'x' FROM generate_series(1, 200) i;
CREATE INDEX c_v ON c (v); CREATE INDEX c_gone ON c (id, v); CREATE UNIQUE INDEX c_pid ON c (pid);
CREATE TABLE "E" (at int, x int) PARTITION BY RANGE (at);
CREATE TABLE e1 PARTITION OF "E" FOR VALUES FROM (0) TO (10);
CREATE TABLE "e'2" PARTITION OF "E" FOR VALUES FROM (10) TO (20);
ALTER TABLE "e'2" ADD CONSTRAINT own CHECK (x >= 0);
INSERT INTO "E" SELECT i, i FROM generate_series(0, 19) i;
"""
NEW = """
DROP INDEX c_v, c_gone, c_pid;
ALTER TABLE p ALTER name SET NOT NULL, ADD CONSTRAINT p_pkey PRIMARY KEY (id) INCLUDE (name),
  ADD CONSTRAINT "p K" UNIQUE (k) WITH (fillfactor = 80) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE c ALTER pid SET NOT NULL, ADD FOREIGN KEY (pid) REFERENCES p, ADD CHECK (v <> '') NO INHERIT;
CREATE INDEX c_v ON c (pid) WITH (fillfactor = 70) WHERE pid > 3; COMMENT ON INDEX c_v IS 'other';
CREATE INDEX c_new ON c USING hash (id); ALTER INDEX c_new SET (fillfactor = 60);
CREATE INDEX c_lower ON c (lower(v)); ALTER INDEX c_lower ALTER COLUMN 1 SET STATISTICS 7;
ALTER TABLE "E" DETACH PARTITION "e'2";
"""


@pytest.fixture
def online(project: Project) -> Project:
    """A project restored in steps, whose branch holds OLD and then NEW, which is live."""
    project.configure(url="${DATABASE_URL}", locking="online", lock_timeout=0.3, retry_for=20)
    project.sql(OLD)
    project.snap("take", "-m", "old", code=0)
    project.sql(NEW)
    project.snap("take", "-m", "new", code=0)
    return project


def planned(project: Project, revision: str) -> list[dict[str, Any]]:
    """The actions that change something."""
    done = project.snap("plan", revision, "--json", code=0)
    actions: list[dict[str, Any]] = json.loads(done.stdout)["actions"]
    return [action for action in actions if "looks" not in action.get("payload", {})]


def steps(project: Project, revision: str) -> list[str]:
    """The statements outside the transaction."""
    return [s for a in planned(project, revision) if not a.get("transactional") for s in a["statements"]]


def test_a_restore_in_steps_leads_to_the_same_schema_and_back(online: Project) -> None:
    new = online.dump()
    rows = 'SELECT p::text FROM p UNION ALL SELECT c::text FROM c UNION ALL SELECT at::text FROM "E"'
    for _ in range(2):
        online.snap("restore", "HEAD~1", "--yes", code=0)
        assert online.snap("status").code == 0
        old, kept = online.dump(), sorted(online.sql(rows))
        online.snap("undo", "--yes", code=0)
        assert not dump.difference(online.dump(), new)
        online.snap("undo", "--yes", code=0)
        assert not dump.difference(online.dump(), old)
        assert sorted(online.sql(rows)) == kept
        online.snap("restore", "HEAD~1", "--yes", code=0)
        assert not dump.difference(online.dump(), new)


def test_what_takes_long_is_not_in_the_transaction(online: Project) -> None:
    for revision in ("HEAD~1", "HEAD"):
        actions = planned(online, revision)
        kinds = [bool(action.get("transactional")) for action in actions]
        if True in kinds:  # one transaction: nothing outside it comes in between
            first, last = kinds.index(True), len(kinds) - kinds[::-1].index(True)
            assert all(kinds[first:last])
        for action in actions:
            for statement in action["statements"]:
                inside = bool(action.get("transactional"))
                assert inside != any(word in statement for word in ("CONCURRENTLY", "VALIDATE")) or (
                    not inside and " NOT VALID" in statement
                ), statement
        online.snap("restore", "HEAD~1", "--yes", code=0)


def makes_not_null(action: dict[str, Any], column: str) -> bool:
    text = str(action["statements"])
    return f"ALTER COLUMN {column} SET NOT NULL" in text or f" NOT NULL {column} NOT VALID" in text


def test_since_18_a_column_becomes_not_null_by_its_own_constraint(
    online: Project, postgres_version: int
) -> None:
    if postgres_version < 18:
        pytest.skip(f"needs another PostgreSQL than {postgres_version}")
    online.snap("restore", "HEAD~1", "--yes", code=0)
    found = [a for a in planned(online, "HEAD~1") if a["subject"] == "column:public.c.pid"]
    assert [a["statements"] for a in found] == [
        ['ALTER TABLE public.c ADD CONSTRAINT "c_pid_not_null" NOT NULL pid NOT VALID'],
        ['ALTER TABLE public.c VALIDATE CONSTRAINT "c_pid_not_null"'],
    ]
    online.sql(found[0]["statements"][0])  # where an earlier attempt was ended
    (left,) = [a for a in planned(online, "HEAD~1") if a["subject"] == "column:public.c.pid"]
    assert left["statements"] == ["ALTER TABLE public.c VALIDATE CONSTRAINT c_pid_not_null"]
    assert left["lock"] == "SHARE UPDATE EXCLUSIVE"
    online.snap("restore", "HEAD~1", "--yes", code=0)
    assert online.snap("status").code == 0


def test_not_null_of_a_table_with_children_is_checked_first(online: Project) -> None:
    online.sql('ALTER TABLE "E" ALTER x SET NOT NULL')
    online.snap("take", "-m", "filled", code=0)
    online.sql('ALTER TABLE "E" ALTER x DROP NOT NULL')
    text = "\n".join(steps(online, "HEAD"))
    assert "CHECK (x IS NOT NULL) NOT VALID" in text and "VALIDATE CONSTRAINT" in text
    online.snap("restore", "HEAD", "--yes", code=0)
    assert online.snap("status").code == 0


def test_constraints_and_keys_are_added_without_a_scan_under_a_strong_lock(online: Project) -> None:
    online.snap("restore", "HEAD~1", "--yes", code=0)
    text = "\n".join(s for a in planned(online, "HEAD~1") for s in a["statements"])
    assert text.count("USING INDEX") == 2
    assert (
        text.count(" NOT VALID") == 6
    )  # foreign key, check, a check for each of three NOT NULL, and for a bound
    assert text.count("VALIDATE CONSTRAINT") == 6


def test_small_tables_are_restored_in_one_transaction_unless_told_otherwise(online: Project) -> None:
    online.configure(url="${DATABASE_URL}")
    assert not steps(online, "HEAD~1")
    online.configure(url="${DATABASE_URL}", online_above=1)
    assert steps(online, "HEAD~1")
    online.configure(url="${DATABASE_URL}", online_above=1, locking="atomic")
    assert not steps(online, "HEAD~1")


def test_the_command_line_says_otherwise_than_the_settings(online: Project) -> None:
    def outside(*words: str) -> bool:
        actions = online.snap("plan", "HEAD~1", "--json", *words, code=0).json["actions"]
        return any("transactional" not in action for action in actions)

    assert outside() and not outside("--locking", "atomic")
    online.configure(url="${DATABASE_URL}", locking="atomic")
    assert not outside() and outside("--locking", "online")
    online.snap("restore", "HEAD~1", "--yes", "--locking", "online", code=0)
    assert online.snap("status").code == 0


def test_a_column_type_under_a_view_changes_in_the_transaction(online: Project) -> None:
    online.sql("ALTER TABLE c ADD n int; CREATE VIEW w AS SELECT id, n FROM c; CREATE INDEX c_n ON c (n)")
    online.snap("take", "-m", "narrow", code=0)
    online.sql("DROP VIEW w; ALTER TABLE c ALTER n TYPE bigint; CREATE VIEW w AS SELECT id, n FROM c")
    assert not steps(online, "HEAD")
    online.snap("restore", "HEAD", "--yes", code=0)
    assert online.snap("status").code == 0


def test_what_is_renamed_leaves_others_their_steps(online: Project) -> None:
    online.sql("CREATE TABLE was (id int, v text); CREATE INDEX was_v ON was (v)")
    online.snap("take", "-m", "named", code=0)
    online.sql("ALTER TABLE was RENAME TO is_now; DROP INDEX was_v; DROP INDEX c_new")
    text = steps(online, "HEAD")
    assert len(text) == 1 and text[0].startswith("CREATE INDEX CONCURRENTLY c_new"), text
    assert [a["summary"] for a in planned(online, "HEAD") if a["subject"] == "table:public.was"]
    online.snap("restore", "HEAD", "--yes", code=0)
    assert online.snap("status").code == 0


def test_a_plan_says_which_lock_is_held_while_how_much_is_scanned(online: Project) -> None:
    online.snap("restore", "HEAD~1", "--yes", code=0)
    online.sql("ANALYZE c")
    for locking, scanned in (("atomic", True), ("online", False)):
        online.configure(url="${DATABASE_URL}", locking=locking)
        found = [a for a in planned(online, "HEAD~1") if makes_not_null(a, "pid")]
        assert [(a["lock"], a["rows"], a["bytes"] > 0) for a in found] == [("ACCESS EXCLUSIVE", 200, True)]
        hazards = [h["text"] for a in found for h in a.get("hazards", ())]
        assert hazards == (["scans public.c to check NOT NULL"] if scanned else [])


# -- cut ---------------------------------------------------------------------------------------------------

Session = Callable[[], psycopg.Connection[Any]]
WORKING = """
SELECT pid, query FROM pg_stat_activity
 WHERE application_name = 'snapstore' AND datname = current_database() AND state = 'active'
   AND wait_event_type = 'Lock' AND query ~ '{}'"""


def begun(project: Project, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        project.snap.command(*words),
        cwd=project.snap.root,
        env=project.snap.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def waiting(project: Project, pattern: str) -> int:
    """The server process that runs such a statement for snap and waits."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = project.sql(WORKING.format(pattern))
        if found:
            return int(found[0][0])
        time.sleep(0.02)
    raise AssertionError("no such statement waits")


def gone(project: Project) -> None:
    deadline = time.monotonic() + 60
    while project.sql(WORKING.format("")):
        assert time.monotonic() < deadline, "the work of a killed restore goes on"
        time.sleep(0.05)


def stuck(project: Project, session: Session) -> psycopg.Connection[Any]:
    """A session whose transaction every CREATE INDEX CONCURRENTLY has to wait for."""
    other = session()
    other.execute("UPDATE c SET v = v WHERE id = 1")
    return other


@pytest.mark.parametrize("way", ["--resume", "--abort"])
@pytest.mark.parametrize("cut", ["snap", "backend"])
def test_an_index_build_that_is_cut_is_completed_or_cleaned_up(
    online: Project, session: Session, cut: str, way: str
) -> None:
    before = online.dump()
    other = stuck(online, session)
    running = begun(online, "restore", "HEAD~1", "--yes")
    pid = waiting(online, "CREATE.*INDEX CONCURRENTLY")
    if cut == "snap":
        running.send_signal(signal.SIGKILL)
    else:
        online.sql(f"SELECT pg_terminate_backend({pid})")
    told = b"".join(running.communicate(timeout=120))
    assert running.returncode == (-signal.SIGKILL if cut == "snap" else 1), told
    assert online.sql("SELECT 1 FROM pg_index WHERE NOT indisvalid")
    gone(online)
    other.rollback()
    online.snap("restore", "HEAD~1", "--yes", code=7)
    online.snap("restore", way, "--yes", code=0)
    assert not online.sql("SELECT 1 FROM pg_index WHERE NOT indisvalid")
    if way == "--resume":
        assert online.snap("status").code == 0
    else:
        assert not dump.difference(online.dump(), before)


@pytest.mark.parametrize("way", ["--resume", "--abort"])
def test_a_detaching_that_is_cut_is_completed_or_taken_back(
    online: Project, session: Session, way: str
) -> None:
    online.snap("restore", "HEAD~1", "--yes", code=0)
    before = online.dump()
    other = session()
    other.execute('SELECT * FROM ONLY "E"')
    running = begun(online, "restore", "HEAD~1", "--yes")
    pid = waiting(online, "DETACH PARTITION.*CONCURRENTLY")
    online.sql(f"SELECT pg_terminate_backend({pid})")
    running.communicate(timeout=120)
    assert online.sql("SELECT 1 FROM pg_inherits WHERE inhdetachpending")
    other.rollback()
    online.snap("restore", way, "--yes", code=0)
    assert not online.sql("SELECT 1 FROM pg_inherits WHERE inhdetachpending")
    if way == "--resume":
        assert online.snap("status").code == 0
    else:
        assert not dump.difference(online.dump(), before)


@pytest.mark.parametrize("way", ["--resume", "--abort"])
def test_a_restore_that_is_cut_before_it_validates_is_completed_or_taken_back(
    online: Project, session: Session, way: str
) -> None:
    """Somebody who was next in the queue for the table keeps it from going on when it has the constraint."""
    online.snap("restore", "HEAD~1", "--yes", code=0)
    before = online.dump()
    other = session()
    other.execute("LOCK TABLE p IN SHARE ROW EXCLUSIVE MODE")
    online.configure(url="${DATABASE_URL}", locking="online", lock_timeout=60, retry_for=60)
    running = begun(online, "restore", "HEAD~1", "--yes")
    waiting(online, "ADD CONSTRAINT")
    next_one = session()
    lock = threading.Thread(target=next_one.execute, args=["LOCK TABLE p IN SHARE UPDATE EXCLUSIVE MODE"])
    lock.start()
    while not online.sql(f"SELECT 1 FROM pg_locks WHERE NOT granted AND pid = {next_one.info.backend_pid}"):
        time.sleep(0.02)
    other.rollback()
    lock.join()
    pid = waiting(online, "")
    assert online.sql("SELECT 1 FROM pg_constraint WHERE NOT convalidated AND contype IN ('c', 'n')")
    running.send_signal(signal.SIGKILL)
    running.communicate(timeout=120)
    online.sql(f"SELECT pg_terminate_backend({pid})")
    next_one.rollback()
    gone(online)
    done = online.snap("restore", way, "--yes")
    assert done.code == 0, done
    if way == "--resume":
        assert online.snap("status").code == 0
        assert not online.sql("SELECT 1 FROM pg_constraint WHERE NOT convalidated")
    else:
        assert not dump.difference(online.dump(), before)


def test_an_index_that_cannot_be_built_is_not_left_invalid(online: Project) -> None:
    """It is found out beforehand, unless that takes too long."""
    online.sql("INSERT INTO p SELECT i, 'many', i FROM generate_series(1000, 60000) i")
    online.sql("INSERT INTO c SELECT id, id, 'many' FROM p WHERE id >= 1000")
    online.sql("INSERT INTO c VALUES (500, 1, 'twice')")
    online.configure(url="${DATABASE_URL}", locking="online", check_timeout=0.001)
    done = online.snap("restore", "HEAD~1", "--yes", code=1)
    assert "c_pid" in done.stdout + done.stderr
    assert not online.sql("SELECT 1 FROM pg_index WHERE NOT indisvalid")
    online.snap("restore", "--abort", "--yes", code=0)
