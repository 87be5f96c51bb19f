"""The physical order of columns is reported, and restored when asked for."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests.conftest import Snap
from tests.postgres.roundtrip import capture, plan, proven, step

CONFIG = '[resources.db]\nadapter = "postgres"\nurl = "${DATABASE_URL}"\n'
TABLES = """
CREATE TABLE t (id int PRIMARY KEY, b text DEFAULT 'x', c int NOT NULL);
INSERT INTO t VALUES (1, 'one', 11), (2, 'two', 12);
CREATE INDEX ON t (c);
CREATE VIEW v AS SELECT c FROM t;
CREATE TABLE parent (id int PRIMARY KEY, at date, n int);
CREATE TABLE child (id int PRIMARY KEY, t int REFERENCES t);
INSERT INTO child VALUES (5, 1);
"""


@pytest.fixture
def project(snap: Snap, database: str) -> Snap:
    """A project with a snapshot, tagged good, after which a column was dropped and came back last."""
    snap.env["DATABASE_URL"] = database
    (snap.root / "snapstore.toml").write_text(CONFIG)
    run(snap, TABLES)
    commit = snap("take", "--json", code=0).json["commit"]
    (snap.root / "snapshots/refs/tags/good").write_text(f"{commit}\n")
    run(snap, "ALTER TABLE t DROP b")
    return snap


def run(snap: Snap, sql: str) -> None:
    with psycopg.connect(snap.env["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(sql.encode())


def columns(snap: Snap) -> list[str]:
    query = (
        "SELECT attname FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 AND NOT attisdropped"
    )
    with psycopg.connect(snap.env["DATABASE_URL"]) as connection:
        return [name for (name,) in connection.execute(f"{query} ORDER BY attnum".encode())]


def rows(snap: Snap) -> list[tuple[object, ...]]:
    with psycopg.connect(snap.env["DATABASE_URL"]) as connection:
        return connection.execute("SELECT id, c FROM t ORDER BY id").fetchall()


def test_it_is_reported(project: Snap):
    assert "cosmetic" in project("plan", "good", code=0).stdout
    project("restore", "good", "--yes", code=0)
    assert columns(project) == ["id", "c", "b"]


def test_it_is_restored_when_asked_for(project: Snap):
    assert "cosmetic" not in project("plan", "good", "--exact-column-order", code=0).stdout
    project("restore", "good", "--yes", "--exact-column-order", code=0)
    assert columns(project) == ["id", "b", "c"]
    assert rows(project) == [(1, 11), (2, 12)]


def test_it_is_restored_where_a_column_has_to_be_made_anew(project: Snap):
    run(project, "ALTER TABLE t ADD g text GENERATED ALWAYS AS ('g') STORED, ADD d int")
    commit = project("take", "--json", code=0).json["commit"]
    run(project, "ALTER TABLE t ALTER g DROP EXPRESSION")
    project("restore", commit, "--yes", "--exact-column-order", code=0)
    assert columns(project) == ["id", "c", "g", "d"]
    assert rows(project) == [(1, 11), (2, 12)]


def test_it_is_restored_where_nothing_else_differs(project: Snap):
    project("restore", "good", "--yes", code=0)
    project("restore", "good", "--yes", "--exact-column-order", "--only", "db", code=0)
    assert columns(project) == ["id", "b", "c"]
    assert rows(project) == [(1, 11), (2, 12)]
    assert project("plan", "good", "--exact-column-order", "--exit-code").code == 0


def test_a_view_that_names_columns_in_their_order_reads_the_same_ones(new_database: Any):
    made = "CREATE TABLE t (a int, b text{}, c text); CREATE VIEW v AS SELECT x, y, z FROM t k(x, y, z)"
    url, other = new_database(), new_database()
    for at, computed in ((url, " GENERATED ALWAYS AS ('b') STORED"), (other, "")):
        with psycopg.connect(at, autocommit=True) as connection:
            connection.execute(made.format(computed).encode())
    with psycopg.connect(other, autocommit=True) as connection:
        connection.execute("INSERT INTO t VALUES (1, 'b', 'c')")
    step(other, capture(other), capture(url))
    with psycopg.connect(other) as connection:
        assert connection.execute("SELECT x, y, z FROM v").fetchall() == [(1, "b", "c")]


def test_values_come_back_though_a_column_that_tells_their_rows_is_computed_then(new_database: Any):
    url, other = new_database(), new_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 2) STORED, d int)")
        connection.execute("ALTER TABLE t ADD c int GENERATED ALWAYS AS (a + 1) STORED")
        connection.execute("INSERT INTO t (a, d) VALUES (1, 5)")
    with psycopg.connect(other, autocommit=True) as connection:
        connection.execute("CREATE TABLE t (a int, b int, c int, d int GENERATED ALWAYS AS (a * 3) STORED)")
    before, after = capture(url), capture(other)
    reached = proven(url, plan(before, after, exact_column_order=True), after)
    proven(url, plan(reached, before, exact_column_order=True), before)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT a, b, d FROM t").fetchall() == [(1, 2, 5)]


def test_what_is_computed_from_its_own_table_stays_behind_the_others(new_database: Any):
    url = new_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE t (a int, b int); INSERT INTO t VALUES (1, 2)")
        connection.execute("CREATE FUNCTION f() RETURNS int IMMUTABLE RETURN (SELECT max(a) FROM t)")
        connection.execute("ALTER TABLE t ADD c int GENERATED ALWAYS AS (f()) STORED, ADD d int")
        good = capture(url)
        connection.execute("ALTER TABLE t DROP b, ADD e int")
    reached = proven(url, plan(capture(url), good, exact_column_order=True), good)
    assert plan(reached, good, exact_column_order=True) == []


def test_columns_come_in_the_order_of_the_target(new_database: Any):
    url, other = new_database(), new_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE t (z int)")
    with psycopg.connect(other, autocommit=True) as connection:
        connection.execute("CREATE TABLE t (z int, y int NOT NULL DEFAULT 1, a int, c serial, b text)")
    step(url, capture(url), capture(other))
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT * FROM t").description or []
    assert [column.name for column in found] == ["z", "y", "a", "c", "b"]
