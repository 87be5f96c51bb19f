"""Materialized views that go: what nobody could compute again is kept."""

from __future__ import annotations

import pytest

from tests.postgres.conftest import Project

BASE = """
CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2);
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE FUNCTION lucky() RETURNS float8 LANGUAGE sql AS 'SELECT random()';
CREATE FUNCTION half(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n / 2';
CREATE VIEW at AS SELECT id, CURRENT_TIMESTAMP AS taken FROM t;
"""
UNREPEATABLE = {
    "the time, through a view": "SELECT id, taken, 'ok'::mood AS \"M\" FROM at",
    "a function of PostgreSQL": "SELECT id, random() AS r FROM t",
    "a function of one's own": "SELECT id, lucky() AS r FROM t",
}
REPEATABLE = "SELECT id, half(id) AS h, 'now()'::text AS said FROM t"


@pytest.mark.parametrize("query", UNREPEATABLE.values(), ids=UNREPEATABLE)
def test_what_cannot_be_computed_again_is_kept(project: Project, query: str) -> None:
    project.sql(BASE)
    project.snap("take", "-m", "good", code=0)
    project.sql(f'CREATE MATERIALIZED VIEW "Seen" AS {query}')
    before = project.sql('SELECT to_jsonb(s)::text FROM "Seen" s ORDER BY id')
    project.snap("restore", "HEAD", "--yes", code=0)
    assert 'public."Seen"' in project.snap("show", "--archive", code=0).stdout
    query = "SELECT relnamespace::regnamespace::text FROM pg_class WHERE relname = 'Seen'"
    ((place,),) = project.sql(query)
    assert project.sql(f'SELECT to_jsonb(s)::text FROM {place}."Seen" s ORDER BY id') == before


def test_it_has_to_be_given_up_by_name_without_the_archive(project: Project) -> None:
    project.sql(BASE)
    project.snap("take", "-m", "good", code=0)
    project.sql("CREATE MATERIALIZED VIEW seen AS SELECT * FROM at")
    project.snap("restore", "HEAD", "--yes", "--data", "discard", code=3)
    project.snap("restore", "HEAD", "--yes", "--data", "discard", "--allow", "data-loss", code=0)


def test_what_comes_back_by_its_query_is_not_kept(project: Project) -> None:
    project.sql(BASE)
    project.snap("take", "-m", "good", code=0)
    project.sql(f"CREATE MATERIALIZED VIEW seen AS {REPEATABLE}")
    project.snap("restore", "HEAD", "--yes", code=0)
    assert "seen" not in project.snap("show", "--archive", code=0).stdout
    project.snap("undo", "--yes", code=0)
    assert project.sql("SELECT id, h FROM seen ORDER BY id") == [(1, 0), (2, 1)]
