"""Databases in other encodings than UTF8, which have fewer characters or do not say which ones they have."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from snapstore_postgres import catalog
from tests.conftest import Snap
from tests.postgres.conftest import Project
from tests.postgres.servers import VERSIONS

OLD = """
CREATE TABLE "größe" (id int PRIMARY KEY, "é" text DEFAULT 'ä\\b', v varchar(3));
COMMENT ON TABLE "größe" IS 'wie groß?'; CREATE VIEW v AS SELECT "é" || E'\\\\ü' AS x FROM "größe";
INSERT INTO "größe" VALUES (1, 'ÿ'), (2, DEFAULT);
"""
NEW = """
DROP VIEW v; ALTER TABLE "größe" DROP "é", ALTER v TYPE text, ADD "ç" text DEFAULT 'ÿ';
COMMENT ON TABLE "größe" IS NULL;
CREATE TABLE "ñ" (x text); INSERT INTO "ñ" VALUES ('ø');
"""


@pytest.fixture
def encoded(snap: Snap, new_database: Any) -> Any:
    def make(encoding: str) -> Project:
        url = new_database(options=f"ENCODING '{encoding}' LOCALE 'C'")
        made = Project(snap, f"{url}{'&' if '?' in url else '?'}client_encoding=utf8")
        snap.env["DATABASE_URL"] = url
        made.configure(url="${DATABASE_URL}")
        return made

    return make


@pytest.mark.parametrize("version", VERSIONS)
def test_queries_are_sent_in_characters_that_every_encoding_has(version: int) -> None:
    names = [*catalog.facts(version * 10000), *(p.stem for p in catalog._FOLDER.glob("*.sql"))]
    assert [n for n in names if n != "macros" and not catalog.sql(n, version * 10000).isascii()] == []


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_in_another_encoding_comes_and_goes_with_its_rows(encoding: str, encoded: Any) -> None:
    project = encoded(encoding)
    project.sql(OLD)
    old = project.dump()
    project.snap("take", "-m", "old", code=0)
    project.sql(NEW)
    new, rows = project.dump(), project.sql('SELECT * FROM "größe" ORDER BY id')
    project.snap("restore", "HEAD", "--yes", code=0)
    assert project.dump() == old
    project.snap("undo", "--yes", code=0)
    assert project.dump() == new and project.sql('SELECT * FROM "ñ"') == [("ø",)]
    assert project.sql('SELECT * FROM "größe" ORDER BY id') == rows


def test_a_plan_says_which_characters_the_database_cannot_have_and_does_the_rest(
    encoded: Any, database: str
) -> None:
    project = encoded("LATIN1")
    source = Project(project.snap, database)
    source.sql("CREATE TABLE t (a int DEFAULT length('→'), é text); COMMENT ON TABLE t IS 'a → é, for 5 €'")
    project.snap("take", "-m", "old", code=0, env={"DATABASE_URL": source.url})
    done = project.snap("plan", "HEAD", code=0)
    for subject in ("comment:table:public.t", "default:public.t.a"):
        assert f"{subject}: the encoding LATIN1 of this database has no → (U+2192)" in done.stdout
    project.snap("restore", "HEAD", "--yes", "--allow", "unverifiable", code=4)
    assert project.sql("SELECT * FROM t") == []
    assert project.sql("SELECT obj_description('t'::regclass)") == [(None,)]


def test_text_of_unknown_characters_is_told_in_one_message(encoded: Any) -> None:
    project = encoded("SQL_ASCII")
    with psycopg.connect(project.snap.env["DATABASE_URL"], client_encoding="latin1") as connection:
        connection.execute(b"COMMENT ON SCHEMA public IS 'caf\xe9'")
    done = project.snap("take", "-m", "old", code=1)
    assert "SQL_ASCII does not say what it is" in done.stderr
    assert "psycopg" not in done.stderr
