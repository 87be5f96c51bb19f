"""Rehearsals on real servers: a scratch database gets the live schema and the plan, and goes away again."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from snapstore_postgres import rehearsal
from tests.postgres.conftest import Project
from tests.postgres.servers import Servers, installed, servers, version_of

__all__ = ["servers"]

OLD = """
CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL, age text);
CREATE TABLE orders (id int PRIMARY KEY, person int NOT NULL REFERENCES people, cents int NOT NULL);
CREATE VIEW spending AS
  SELECT name, sum(cents) AS cents FROM people JOIN orders ON person = people.id GROUP BY 1;
INSERT INTO people SELECT n, 'P' || n, n::text FROM generate_series(1, 500) n;
INSERT INTO orders SELECT n, n % 500 + 1, n FROM generate_series(1, 2000) n;
"""
DEPLOY = """
DROP VIEW spending;
ALTER TABLE orders ALTER cents TYPE bigint;
ALTER TABLE people ADD score int NOT NULL DEFAULT 3;
CREATE MATERIALIZED VIEW spending AS SELECT person, sum(cents) AS cents FROM orders GROUP BY 1;
CREATE INDEX ON spending (cents);
"""
SCRATCH = "SELECT datname FROM pg_database WHERE datname LIKE 'snap_rehearsal_%'"


@pytest.fixture
def deployed(project: Project) -> Project:
    """A project whose database was taken, and then changed by a deploy."""
    project.sql(OLD)
    project.snap("take", "-m", "before", code=0)
    project.sql(DEPLOY)
    project.sql("VACUUM ANALYZE")  # or the server does it at some time, and plans say other numbers
    return project


def rehearse(project: Project, *words: str, code: int = 0) -> Any:
    found = project.snap("rehearse", "HEAD", "--json", *words, code=code)
    assert project.sql(SCRATCH) == []
    return found.json


def part(told: Any) -> Any:
    (only,) = told["proof"]["parts"]
    return only


def contents(project: Project) -> Any:
    rows = [project.sql(f"SELECT * FROM {table} ORDER BY 1") for table in ("people", "orders")]
    return project.dump(), rows


def test_the_plan_itself_runs_in_a_scratch_database_that_is_gone_afterwards(deployed: Project):
    before = contents(deployed)
    told = rehearse(deployed)
    plan = deployed.snap("plan", "HEAD", "--json", code=0).json
    found = part(told)
    assert told["passed"]
    assert (found["how"], found["mismatches"], found["error"]) == ("scratch", [], "")
    assert [step["summary"] for step in found["steps"]] == [action["summary"] for action in plan["actions"]]
    assert [step["lock"] for step in found["steps"]] == [action.get("lock") for action in plan["actions"]]
    assert all(step["seconds"] is not None for step in found["steps"])
    assert found["version"] == deployed.sql("SHOW server_version")[0][0]
    assert told["proof"]["plan"] == plan["digest"]
    assert contents(deployed) == before


@pytest.fixture
def reader(deployed: Project) -> Iterator[str]:
    """The URL of a role that may make databases, and nothing but read in that of the project."""
    with psycopg.connect(deployed.url, autocommit=True) as connection:
        name = f"snap_reader_{os.getpid()}"
        connection.execute(f"CREATE ROLE {name} LOGIN CREATEDB")
        connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
        connection.execute("CREATE FUNCTION stop() RETURNS event_trigger LANGUAGE plpgsql AS"
                           " $$ BEGIN RAISE 'something was changed: %', tg_tag; END $$")  # fmt: skip
        connection.execute("CREATE EVENT TRIGGER stop ON ddl_command_start EXECUTE FUNCTION stop()")
        parts = urlsplit(deployed.url)
        yield urlunsplit(parts._replace(netloc=f"{name}@{parts.netloc.rpartition('@')[2]}"))
        connection.execute("ALTER EVENT TRIGGER stop DISABLE")
        connection.execute(f"DROP OWNED BY {name}")
        connection.execute(f"DROP ROLE {name}")


def test_the_database_is_only_read(deployed: Project, reader: str):
    """By a role that may do nothing else, where DDL raises an error; the counters say the same of rows."""
    counters = "SELECT sum(n_tup_ins), sum(n_tup_upd), sum(n_tup_del) FROM pg_stat_user_tables"
    before, state = deployed.sql(counters), contents(deployed)
    rehearse_as(deployed, reader)
    assert (deployed.sql(counters), contents(deployed)) == (before, state)


def rehearse_as(project: Project, url: str) -> None:
    """Objects of others cannot be made by this role: that is told, and is not what this is about."""
    done = project.snap("rehearse", "HEAD", "--rows", "5", "--json", env={"DATABASE_URL": url})
    assert done.code in (0, 4), done.stderr
    assert "something was changed" not in done.stdout + done.stderr
    assert project.sql(SCRATCH) == []


def test_a_role_that_may_make_no_database_is_told_what_to_do(deployed: Project, reader: str):
    name = urlsplit(reader).netloc.partition("@")[0]
    deployed.sql(f"ALTER ROLE {name} NOCREATEDB")
    done = deployed.snap("rehearse", "HEAD", code=1, env={"DATABASE_URL": reader})
    assert "may not make a database to rehearse in" in done.stderr
    assert "CREATEDB" in done.stderr
    assert "rehearse_on" in done.stderr


@pytest.fixture
def plain(project: Project) -> Iterator[Project]:
    """The project, whose database is that of a role that may make others, and nothing beyond."""
    name = f"snap_plain_{os.getpid()}"
    project.sql(f"CREATE ROLE {name} LOGIN CREATEDB")
    parts = urlsplit(project.url)
    project.sql(f'ALTER DATABASE "{parts.path[1:]}" OWNER TO {name}')
    url = urlunsplit(parts._replace(netloc=f"{name}@{parts.netloc.rpartition('@')[2]}"))
    project.snap.env["DATABASE_URL"] = url
    yield Project(project.snap, url)
    project.sql(f"REASSIGN OWNED BY {name} TO CURRENT_USER; DROP OWNED BY {name}; DROP ROLE {name}")


def test_no_superuser_is_needed_except_for_rows(plain: Project):
    plain.sql(OLD)
    plain.snap("take", code=0)
    plain.sql(DEPLOY)
    assert rehearse(plain)["passed"]
    done = plain.snap("rehearse", "HEAD", "--rows", "5", code=1)
    assert "copied without triggers, which this role may not switch off" in done.stderr
    assert plain.sql(SCRATCH) == []


def test_with_rows_it_is_found_what_would_fail_on_them(deployed: Project):
    deployed.sql("ALTER TABLE people DROP CONSTRAINT people_pkey CASCADE")
    deployed.sql("UPDATE people SET id = 7 WHERE id < 10")
    assert rehearse(deployed)["passed"]
    found = part(rehearse(deployed, "--rows", "600", code=4))
    assert "people_pkey" in found["error"]
    assert "with a sample of at most 600 rows of each table" in found["notes"]
    assert "P7" not in str(found)


def test_a_sample_holds_no_row_that_refers_to_nothing(deployed: Project):
    """The view counts what has arrived: orders of people who have not are left out."""
    deployed.sql("ALTER TABLE orders ADD CONSTRAINT known CHECK (person > 0)")
    told = rehearse(deployed, "--rows", "20")
    assert told["passed"]


def test_what_belongs_to_the_whole_server_is_not_touched_and_said(deployed: Project):
    role = f"snap_temporary_{os.getpid()}"
    with (deployed.snap.root / "snapstore.toml").open("a") as config:
        config.write("roles = true\n")
    deployed.snap("take", "-m", "with roles", code=0)
    try:
        deployed.sql(f"CREATE ROLE {role}; ALTER TABLE people ADD extra int")
        deployed.sql("CREATE FUNCTION noop() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'")
        deployed.sql("CREATE EVENT TRIGGER noop ON ddl_command_end EXECUTE FUNCTION noop()")
        told = rehearse(deployed)
        notes = "\n".join(part(told)["notes"])
        assert told["passed"]
        assert f"not run: drop role {role} (it belongs to the whole server)" in notes
        assert "not run: drop event_trigger noop (it would begin to work by itself)" in notes
        assert deployed.sql(f"SELECT 1 FROM pg_roles WHERE rolname = '{role}'") == [(1,)]
    finally:
        deployed.sql(f"DROP ROLE {role}")


def test_what_lies_in_the_archive_is_made_anew_and_said(deployed: Project):
    deployed.snap("take", "-m", "after", code=0)
    deployed.snap("restore", "HEAD~1", "--yes", "--allow", "all", code=0)
    told = deployed.snap("rehearse", "HEAD~1", "--json", code=0).json
    assert told["passed"]
    assert any("archive, which is not copied" in note for note in part(told)["notes"])


def test_a_rehearsal_that_was_killed_is_cleared_by_the_next(deployed: Project):
    deployed.sql("""
        CREATE FUNCTION slow() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
          IF current_database() LIKE 'snap_rehearsal_%' AND current_setting('snap.quick', true) IS NULL THEN
            PERFORM pg_sleep(60);
          END IF; RETURN 1; END $$;
        CREATE MATERIALIZED VIEW slowly AS SELECT slow() AS n""")
    running = subprocess.Popen(
        deployed.snap.command("rehearse", "HEAD"),
        cwd=deployed.snap.root,
        env=deployed.snap.environment(),
        stderr=subprocess.DEVNULL,
    )
    while not asleep(deployed):
        assert running.poll() is None
        time.sleep(0.05)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert len(deployed.sql(SCRATCH)) == 1
    deployed.sql("DROP MATERIALIZED VIEW slowly")
    assert rehearse(deployed)["passed"]


def test_a_scratch_database_goes_whose_original_is_no_more(deployed: Project):
    """Told by its comment from one that somebody has only named like that."""
    with psycopg.connect(deployed.url, autocommit=True) as other:
        for name in ("snap_rehearsal_4000000001_0a", "snap_rehearsal_4000000002_0a"):
            other.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        other.execute(f"COMMENT ON DATABASE snap_rehearsal_4000000001_0a IS '{rehearsal._MARK}'")
        assert deployed.snap("rehearse", "HEAD", "--json", code=0).json["passed"]
        assert deployed.sql(SCRATCH) == [("snap_rehearsal_4000000002_0a",)]
        other.execute("DROP DATABASE snap_rehearsal_4000000002_0a")


def asleep(project: Project) -> bool:
    query = "SELECT 1 FROM pg_stat_activity WHERE datname LIKE 'snap_rehearsal_%' AND wait_event = 'PgSleep'"
    return bool(project.sql(query))


def test_a_rehearsal_that_is_under_way_elsewhere_is_left_alone(deployed: Project):
    """The scratch database of a rehearsal from another store is in use: its lock says so."""
    with psycopg.connect(deployed.url, autocommit=True) as other:
        ((oid,),) = other.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchall()
        name = f"snap_rehearsal_{oid}_other"
        other.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [name])
        other.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        done = deployed.snap("rehearse", "HEAD", code=0)
        assert deployed.sql(SCRATCH) == [(name,)]
    assert "db: the scratch database snap_rehearsal_" in done.stdout
    altered = " ms  ~ alter column public.orders.cents (type bigint → integer), lock ACCESS EXCLUSIVE"
    assert altered in done.stdout
    assert "passed: the plan leads to the state asked for" in done.stdout
    while deployed.sql("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'CREATE DATABASE snap_rehearsal_%'"):
        time.sleep(0.05)
    deployed.snap("rehearse", "HEAD", code=0)
    assert deployed.sql(SCRATCH) == []


@pytest.mark.usefixtures("roles")
def test_it_can_be_rehearsed_on_a_server_of_its_own(deployed: Project, servers: Servers):
    programs = installed().get(version_of(deployed.url))
    settings = {"rehearse_on": "embedded", "rehearse_programs": str(programs)} if programs else {}
    deployed.configure(url="${DATABASE_URL}", **{"rehearse_on": "embedded", **settings})
    deployed.sql("GRANT SELECT ON people TO snap_app")
    told = rehearse(deployed, "--rows", "10")
    assert told["passed"]
    assert part(told)["where"] == "a scratch database on an embedded server"
    assert leftovers(deployed) == []


def test_a_server_of_another_major_version_is_refused(deployed: Project, servers: Servers):
    other = next((p for v, p in installed().items() if p and v != version_of(deployed.url)), None)
    if other is None:
        pytest.skip("needs the programs of a second PostgreSQL")
    deployed.configure(url="${DATABASE_URL}", rehearse_on="embedded", rehearse_programs=str(other))
    done = deployed.snap("rehearse", "HEAD", code=1)
    assert "the embedded server is version" in done.stderr
    assert leftovers(deployed) == []


def leftovers(project: Project) -> list[Any]:
    store = project.snap.root / "snapshots" / "snapstore"
    return [*store.glob("rehearsal/*")]


def test_preflight_compares_the_clock_and_the_version_of_the_server(project: Project):
    project.snap("take", code=0)
    told = project.snap("preflight", "--json", code=3).json
    found = {check["check"]: (check["state"], check["text"]) for check in told["checks"]}
    version = project.sql("SHOW server_version")[0][0]
    assert found["clock"] == ("passed", "ours is that of db")
    assert found["versions"] == ("passed", f"as in the last snapshot: db {version}")
