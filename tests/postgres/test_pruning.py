"""What restores have put aside is listed, and removed only when asked for."""

from __future__ import annotations

import psycopg
import pytest

from tests.conftest import Snap

CONFIG = '[resources.db]\nadapter = "postgres"\nurl = "${DATABASE_URL}"\n'


@pytest.fixture
def project(snap: Snap, database: str) -> Snap:
    """A project whose database has had a table with rows and a column put aside by a restore."""
    snap.env["DATABASE_URL"] = database
    (snap.root / "snapstore.toml").write_text(CONFIG)
    run(snap, "CREATE TABLE kept (id int PRIMARY KEY); INSERT INTO kept VALUES (1), (2)")
    snap("take", code=0)
    run(snap, "CREATE TABLE extra (id int PRIMARY KEY); INSERT INTO extra SELECT generate_series(1, 50)")
    run(snap, "ALTER TABLE kept ADD COLUMN note text DEFAULT 'n'")
    snap("restore", "HEAD", "--yes", code=0)
    run(snap, "ANALYZE")
    return snap


def run(snap: Snap, sql: str) -> None:
    with psycopg.connect(snap.env["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(sql.encode())


def schemas(snap: Snap) -> list[str]:
    query = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'snapstore%' ORDER BY 1"
    with psycopg.connect(snap.env["DATABASE_URL"]) as connection:
        return [name for (name,) in connection.execute(query)]


def test_the_archive_is_listed(project: Snap):
    found = project("show", "--archive", "--json", code=0).json["archive"]
    assert {entry["identity"] for entry in found} == {"table:public.extra", "column:public.kept.note"}
    assert {entry["rows"] for entry in found} == {50, 2}
    assert all(entry["resource"] == "db" and entry["bytes"] > 0 for entry in found)
    assert "table:public.extra (50 rows" in project("show", "--archive", code=0).stdout


def test_it_is_removed_only_after_a_yes(project: Snap):
    before = schemas(project)
    refused = project("gc", "--archive", code=3)
    assert "table:public.extra" in refused.stderr and "--yes" in refused.stderr
    assert schemas(project) == before
    assert "nothing" in project("gc", "--archive", "--older-than", "1d", "--yes", code=0).stdout
    assert schemas(project) == before
    removed = project("gc", "--archive", "--yes", "--json", code=0).json["removed"]
    assert len(removed) == 2
    assert schemas(project) == ["snapstore_archive"]
    assert project("show", "--archive", "--json", code=0).json == {"archive": []}


def test_restores_go_on_after_that_without_the_rows(project: Snap):
    project("gc", "--archive", "--yes", code=0)
    project("undo", "--yes", code=0)
    with psycopg.connect(project.env["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT count(*) FROM extra").fetchone() == (0,)
        assert connection.execute("SELECT count(note) FROM kept").fetchone() == (2,)
    run(project, "INSERT INTO extra VALUES (7)")
    project("restore", "HEAD~1", "--yes", code=0)
    project("undo", "--yes", code=0)
    with psycopg.connect(project.env["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT id FROM extra").fetchall() == [(7,)]


def test_marks_of_rows_go_with_the_partition_that_these_were_of(project: Snap):
    run(project, "CREATE TABLE p (n int) PARTITION BY LIST (n)")
    run(project, "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)")
    project("take", code=0)
    run(project, "ALTER TABLE p DETACH PARTITION p1; CREATE TABLE p2 PARTITION OF p DEFAULT")
    run(project, "INSERT INTO p VALUES (1), (2)")
    project("restore", "HEAD", "--yes", code=0)
    assert any(name.endswith("_moved") for name in schemas(project))
    project("gc", "--archive", "--yes", code=0)
    assert schemas(project) == ["snapstore_archive"]


@pytest.mark.parametrize("words", [["gc", "--older-than", "1d"], ["gc", "--archive", "--older-than", "soon"]])
def test_what_to_remove_has_to_be_said(project: Snap, words: list[str]):
    before = schemas(project)
    project(*words, "--yes", code=1)
    assert schemas(project) == before


def test_a_restore_puts_more_aside_where_somebody_has_dropped_the_registry_of_what_is_there(project: Snap):
    run(project, "DROP SCHEMA snapstore_archive CASCADE; CREATE TABLE extra (id int PRIMARY KEY)")
    run(project, "INSERT INTO extra VALUES (7)")
    project("restore", "HEAD", "--yes", code=0)
    found = project("show", "--archive", "--json", code=0).json["archive"]
    assert {entry["identity"] for entry in found} == {"table:public.extra"}
