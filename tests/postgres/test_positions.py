"""Numbers that a sequence has given out are not given out again, also where no row tells of them any more."""

from __future__ import annotations

import pytest

from tests.postgres.conftest import Project

QUEUE = """
CREATE TABLE queue (id serial PRIMARY KEY, no int GENERATED ALWAYS AS IDENTITY, v text);
CREATE TABLE untouched (id serial PRIMARY KEY)"""


def test_a_queue_that_was_emptied_counts_on_when_it_comes_back(project: Project) -> None:
    project.sql("SELECT 1")
    project.snap("take", "-m", "before the queue", code=0)
    project.sql(f"{QUEUE}; INSERT INTO queue (v) SELECT 'x' FROM generate_series(1, 41); TRUNCATE queue")
    planned = project.snap("plan", "HEAD", code=0).stdout
    assert "queue_id_seq" in planned and "untouched_id_seq" not in planned
    project.snap("restore", "HEAD", "--yes", code=0)
    assert project.sql("SELECT to_regclass('queue')") == [(None,)]
    project.snap("undo", "--yes", code=0)
    project.sql("INSERT INTO queue (v) VALUES ('y'); INSERT INTO untouched DEFAULT VALUES")
    assert project.sql("SELECT id, no FROM queue") == [(42, 42)]
    assert project.sql("SELECT id FROM untouched") == [(1,)]


def test_a_sequence_that_had_other_bounds_or_counted_the_other_way_goes_on_when_it_turns_back(
    project: Project,
) -> None:
    project.sql("CREATE SEQUENCE up MINVALUE 200; CREATE SEQUENCE other START 3")
    project.sql("CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY (MAXVALUE 10))")
    project.snap("take", "-m", "good", code=0)
    project.sql("ALTER SEQUENCE up MINVALUE 1 START 1 RESTART; ALTER TABLE t ALTER id SET NO MAXVALUE")
    project.sql("ALTER SEQUENCE other INCREMENT -1 MINVALUE -9 MAXVALUE -1 START -1 RESTART")
    given = "SELECT nextval('up'), nextval('other'), nextval('t_id_seq')"
    project.sql(f"SELECT setval('up', 50), setval('other', -5), setval('t_id_seq', 500); {given}")
    project.snap("restore", "HEAD", "--yes", code=0)
    project.snap("undo", "--yes", code=0)
    assert project.sql(given) == [(52, -7, 502)]


@pytest.mark.parametrize("numbered", ["bigserial", "bigint GENERATED ALWAYS AS IDENTITY"])
def test_a_new_table_goes_on_behind_the_rows_of_what_becomes_its_partition(
    project: Project, numbered: str
) -> None:
    project.sql(f"CREATE TABLE whole (id {numbered}) PARTITION BY RANGE (id)")
    project.sql("CREATE TABLE part PARTITION OF whole FOR VALUES FROM (0) TO (100)")
    project.snap("take", "-m", "in parts", code=0)
    project.sql("ALTER TABLE whole DETACH PARTITION part; ALTER TABLE part ALTER id DROP DEFAULT")
    project.sql("DROP TABLE whole; INSERT INTO part SELECT generate_series(1, 41)")
    project.snap("restore", "HEAD", "--yes", code=0)
    assert project.sql("INSERT INTO whole DEFAULT VALUES RETURNING id") == [(42,)]
