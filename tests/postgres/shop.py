"""A database with all that a plan can hold at once, and what has to be in it after a restore was ended."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import psycopg

from tests.conftest import Done, Snap
from tests.postgres import dump
from tests.postgres.conftest import Project
from tests.postgres.test_online import NEW, OLD

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
TABLES = """
SELECT format('%I.%I', n.nspname, c.relname), coalesce(e.identity || ' in the archive', c.oid::regclass::text)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN snapstore_archive.entries e ON e.place = n.nspname AND e.returned_at IS NULL
 WHERE c.relkind IN ('r', 'm') AND (n.nspname = 'public' OR n.nspname ~ '^snapstore_archive_')"""
ROWS = "SELECT '{}', count(*), sum(hashtext(to_jsonb(t)::text)::bigint) FROM ONLY {} t"
ENTRIES = (
    "SELECT kind, identity FROM snapstore_archive.entries WHERE returned_at IS NULL AND kind <> 'lineage'"
)


@dataclass(frozen=True)
class State:
    """What a database holds: its schema, the rows of every table, and what lies in the archive."""

    schema: Counter[str]
    rows: list[tuple[Any, ...]]
    archived: list[tuple[Any, ...]]


def shop(snap: Snap, url: str) -> Project:
    """A project that is at its old state, and was at its new one before."""
    made = Project(snap, url)
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


def nothing_to_do(done: Done) -> bool:
    return done.code == 1 and "no restore was interrupted" in done.stderr


def at_rest(project: Project) -> None:
    """Wait until nothing of an ended ``snap`` is left in the server."""
    deadline = time.monotonic() + 60
    while project.sql(LEFT):
        assert time.monotonic() < deadline, "the work of a killed restore goes on"
        time.sleep(0.02)
