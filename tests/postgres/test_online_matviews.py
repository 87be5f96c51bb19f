"""Materialized views that a restore fills: nobody who reads one waits for its query where that can be."""

from __future__ import annotations

from typing import Any

import pytest

from tests.postgres import dump
from tests.postgres.conftest import Project

OLD = """
CREATE TABLE t (id int PRIMARY KEY, k int, v text);
INSERT INTO t SELECT i, i % 10, 'v' || i FROM generate_series(1, 500) i;
CREATE SCHEMA "S";
CREATE MATERIALIZED VIEW "S"."M" WITH (fillfactor = 70) AS SELECT k, count(*) AS n FROM t GROUP BY k;
CREATE UNIQUE INDEX "M_k" ON "S"."M" (k); CREATE INDEX m_n ON "S"."M" ((n + 1)) WHERE n > 3;
ALTER INDEX "S".m_n ALTER COLUMN 1 SET STATISTICS 9; COMMENT ON INDEX "S"."M_k" IS 'the key';
ALTER MATERIALIZED VIEW "S"."M" ALTER COLUMN k SET STATISTICS 5, CLUSTER ON "M_k";
COMMENT ON MATERIALIZED VIEW "S"."M" IS 'counts'; GRANT SELECT ON "S"."M" TO snap_app;
CREATE VIEW above AS SELECT n FROM "S"."M"; CREATE MATERIALIZED VIEW over AS SELECT sum(n) AS s FROM above;
CREATE MATERIALIZED VIEW keyless AS SELECT id FROM t WHERE k = 1;
"""
NEW = """
DROP VIEW above CASCADE; DROP MATERIALIZED VIEW "S"."M"; DROP MATERIALIZED VIEW keyless;
CREATE MATERIALIZED VIEW "S"."M" AS SELECT k, count(*) AS n, max(v) AS top FROM t GROUP BY k;
CREATE UNIQUE INDEX "M_k" ON "S"."M" (k DESC);
CREATE VIEW above AS SELECT n FROM "S"."M"; CREATE MATERIALIZED VIEW over AS SELECT sum(n) AS s FROM above;
CREATE MATERIALIZED VIEW keyless AS SELECT id FROM t WHERE k = 2;
"""


@pytest.fixture
def shop(project: Project, roles: tuple[str, ...]) -> Project:
    assert "snap_app" in roles
    project.configure(url="${DATABASE_URL}", locking="online", lock_timeout=0.3, retry_for=20)
    project.sql(OLD)
    project.snap("take", "-m", "old", code=0)
    project.sql(NEW)
    project.snap("take", "-m", "new", code=0)
    return project


def actions(project: Project, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = project.snap("plan", "HEAD~1", "--json", *words, code=0).json["actions"]
    return found


def test_a_query_that_changes_runs_beside_the_view_that_is_read(shop: Project) -> None:
    for _ in range(2):
        for action in actions(shop):
            if action.get("transactional") and "over" not in action["subject"]:
                text = "\n".join(action["statements"])
                assert "AS\n" not in text or "CREATE MAT" not in text
                assert "CREATE UNIQUE INDEX" not in text
        shop.snap("restore", "HEAD~1", "--yes", code=0)
        assert shop.snap("status").code == 0


def test_it_leads_to_the_same_state_and_back(shop: Project) -> None:
    new = shop.dump()
    shop.snap("restore", "HEAD~1", "--yes", code=0)
    old = shop.dump()
    assert shop.sql('SELECT count(*), sum(n) FROM "S"."M"') == [(10, 500)]
    shop.snap("undo", "--yes", code=0)
    assert not dump.difference(shop.dump(), new)
    shop.snap("undo", "--yes", "--locking", "atomic", code=0)
    assert not dump.difference(shop.dump(), old)


def test_what_was_written_while_it_was_built_is_brought_in_where_rows_can_be_told_apart(
    shop: Project,
) -> None:
    text = [s for a in actions(shop) for s in a["statements"]]
    assert 'REFRESH MATERIALIZED VIEW CONCURRENTLY "S"."M"' in text
    assert not any("CONCURRENTLY public.keyless" in s for s in text)


def test_in_one_transaction_the_plan_says_that_nobody_can_read_meanwhile(shop: Project) -> None:
    shop.sql("ANALYZE")
    found = [a for a in actions(shop, "--locking", "atomic") if a["subject"] == 'matview:"S"."M"']
    told = [h for a in found for h in a.get("hazards", ()) if h["name"] == "blocking-lock"]
    assert [h["text"] for h in told] == ['"S"."M" cannot be read while its query runs']
    assert told[0]["rows"] == 10 and told[0]["bytes"] > 0


@pytest.mark.parametrize("revision", ["HEAD~1", "HEAD"])
def test_what_a_restore_leaves_that_was_ended_after_its_first_steps_is_removed(
    shop: Project, revision: str
) -> None:
    steps = [a for a in actions(shop) if "snapstore_new" in a["subject"]]
    assert len(steps) == 4
    for statement in (s for action in steps for s in action["statements"]):
        shop.sql(statement)
    assert shop.snap("status").code == 2
    shop.snap("restore", revision, "--yes", code=0)
    assert shop.snap("status").code == 0


FLAGS = """
CREATE TABLE flags (name text PRIMARY KEY, is_on bool); INSERT INTO flags VALUES ('a', true), ('b', false);
CREATE VIEW v AS SELECT name FROM flags WHERE is_on;
CREATE MATERIALIZED VIEW m AS SELECT name FROM v; CREATE UNIQUE INDEX m_name ON m (name);
CREATE MATERIALIZED VIEW n AS SELECT count(*) AS c FROM m;
CREATE MATERIALIZED VIEW e AS SELECT 1 AS one FROM flags WITH NO DATA;
"""


@pytest.mark.parametrize("locking", ["online", "atomic"])
def test_views_over_rows_that_are_restored_are_filled_again(project: Project, locking: str) -> None:
    project.configure(url="${DATABASE_URL}", data=["public.flags"], locking=locking)
    project.sql(FLAGS)
    project.snap("take", "-m", "one", code=0)
    project.sql(
        "UPDATE flags SET is_on = NOT is_on; REFRESH MATERIALIZED VIEW m; REFRESH MATERIALIZED VIEW n"
    )
    project.sql("INSERT INTO flags VALUES ('c', true)")
    found = [s for a in project.snap("plan", "HEAD", "--json").json["actions"] for s in a["statements"]]
    word = "CONCURRENTLY " if locking == "online" else ""
    refreshed = [s for s in found if s.startswith("REFRESH")]
    assert refreshed == [f"REFRESH MATERIALIZED VIEW {word}public.m", "REFRESH MATERIALIZED VIEW public.n"]
    project.snap("restore", "HEAD", "--yes", code=0)
    assert project.sql("SELECT name FROM m") == [("a",)]
    project.snap("undo", "--yes", code=0)
    assert sorted(project.sql("SELECT name FROM m")) == [("b",), ("c",)]
    assert project.sql("SELECT c FROM n") == [(2,)]


def test_one_that_becomes_populated_is_filled_after_the_transaction(project: Project) -> None:
    project.configure(url="${DATABASE_URL}", locking="online")
    project.sql(FLAGS)
    project.sql("REFRESH MATERIALIZED VIEW e; CREATE INDEX e_one ON e (one)")
    project.snap("take", "-m", "one", code=0)
    project.sql(
        "DROP INDEX e_one; REFRESH MATERIALIZED VIEW e WITH NO DATA;"
        "ALTER MATERIALIZED VIEW e SET (fillfactor=70)"
    )
    found = project.snap("plan", "HEAD", "--json").json["actions"]
    last = [a for a in found if "REFRESH" in a["statements"][0]]
    assert last == found[-1:] and not last[0].get("transactional") and last[0]["lock"] == "ACCESS EXCLUSIVE"
    project.snap("restore", "HEAD", "--yes", code=0)
    assert project.sql("SELECT count(*) FROM e") == [(2,)]
    assert project.snap("status").code == 0
