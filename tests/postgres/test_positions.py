"""Numbers that a sequence has given out are not given out again, also where no row tells of them any more."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from tests.postgres.conftest import Project
from tests.postgres.roundtrip import capture, plan
from tests.postgres.test_renames import run

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


GOING = {
    "a sequence": ("CREATE SEQUENCE s", "SELECT nextval('s')"),
    "a serial column": ("ALTER TABLE t ADD b serial", "SELECT nextval('t_b_seq')"),
    "an identity": ("ALTER TABLE t ALTER a ADD GENERATED ALWAYS AS IDENTITY", "SELECT nextval('t_a_seq')"),
    "an empty table": (
        "CREATE TABLE e (id int) PARTITION BY LIST (id); ALTER TABLE e ADD n serial",
        "SELECT nextval('e_n_seq')",
    ),
    "a materialized view": (
        "CREATE MATERIALIZED VIEW m AS SELECT random() a; CREATE UNIQUE INDEX ON m (a)",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY m",
    ),
}


@pytest.mark.parametrize("case", GOING)
def test_nothing_comes_between_a_look_at_what_goes_and_its_going(
    case: str, new_database: Callable[[], str]
) -> None:
    url, (made, work) = new_database(), GOING[case]
    run(url, "CREATE TABLE t (a int NOT NULL); INSERT INTO t VALUES (1)")
    target = capture(url)
    run(url, made)
    run(url, work)
    statements = [s for action in plan(capture(url), target) for s in action.statements]
    going = next(n for n, s in enumerate(statements) if s.startswith(("DROP ", "ALTER TABLE ")))
    with psycopg.connect(url) as restore, psycopg.connect(url, autocommit=True) as other:
        for statement in statements[:going]:
            restore.execute(statement.encode())
        other.execute("SET lock_timeout = 50")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute(work.encode())
        restore.rollback()
