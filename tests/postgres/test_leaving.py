"""Rows that a partition may not have once it is attached, and that may not leave it, are told beforehand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.postgres.conftest import Project
from tests.postgres.rounds import moment, there_and_back
from tests.postgres.roundtrip import capture, rows, step
from tests.postgres.test_pairs import load

PARTED = "CREATE TABLE p (id int PRIMARY KEY, v text) PARTITION BY LIST (id);"
OF_ONE = "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);"
OF_TWO = "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1, 2);"
REFERS = "CREATE TABLE r (id int REFERENCES p);"
FULL = "INSERT INTO p SELECT i, 'v' || i FROM generate_series(1, 2) i;"
CASES = {
    "a bound, refused": (
        f"{PARTED} {OF_ONE}",
        f"{PARTED} {OF_TWO} {FULL}",
        "refuse",
        "1 rows of public.p1 do not fit FOR VALUES IN (1): id = 2",
    ),
    "a bound of what is referred to": (
        f"{PARTED} CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1) PARTITION BY LIST (id);"
        f" CREATE TABLE p11 PARTITION OF p1 FOR VALUES IN (1, 2); {REFERS}",
        f"{PARTED} CREATE TABLE p1 PARTITION OF p DEFAULT PARTITION BY LIST (id);"
        f" CREATE TABLE p11 PARTITION OF p1 FOR VALUES IN (1, 2); {REFERS} {FULL}",
        "archive",
        "1 rows of public.p1 do not fit FOR VALUES IN (1): id = 2",
    ),
    "rows of the default partition": (
        f"{PARTED} {OF_ONE} CREATE TABLE pd PARTITION OF p DEFAULT; {REFERS}",
        f"{PARTED} CREATE TABLE p1 (id int PRIMARY KEY, v text);"
        f" CREATE TABLE pd PARTITION OF p DEFAULT; {REFERS} {FULL}",
        "archive",
        "1 rows of public.pd do not fit beside public.p1, which takes them: id = 1",
    ),
    "a default partition that comes": (
        f"{PARTED} {OF_ONE} CREATE TABLE pd PARTITION OF p DEFAULT; {REFERS}",
        f"{PARTED} {OF_ONE} CREATE TABLE pd (id int PRIMARY KEY, v text); {REFERS}"
        " INSERT INTO pd VALUES (1, 'v1'), (2, 'v2');",
        "archive",
        "1 rows of public.pd do not fit DEFAULT: id = 1",
    ),
    "what others take of a default partition that it comes to be in": (
        f"{PARTED} {OF_ONE} CREATE TABLE pd PARTITION OF p DEFAULT PARTITION BY LIST (id);"
        f" CREATE TABLE pd1 PARTITION OF pd FOR VALUES IN (1, 2); {REFERS}",
        f"{PARTED} {OF_ONE} CREATE TABLE pd1 (id int PRIMARY KEY, v text); {REFERS}"
        " INSERT INTO pd1 VALUES (1, 'v1'), (2, 'v2');",
        "archive",
        "1 rows of public.pd1 do not fit FOR VALUES IN (1, 2): id = 1",
    ),
    "a table that becomes partitioned": (
        f"{PARTED} {OF_ONE}",
        f"CREATE TABLE p (id int PRIMARY KEY, v text); {FULL}",
        "refuse",
        "1 rows of public.p do not fit: no partition takes them: id = 2",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_rows_that_may_not_leave_are_told_before_anything_is_changed(project: Project, case: str) -> None:
    target, live, mode, told = CASES[case]
    project.sql(target)
    project.snap("take", "-m", "good", code=0)
    project.sql("DROP TABLE p CASCADE; DROP TABLE IF EXISTS p1, pd, r;" + live)
    before, rows = project.dump(), project.sql("SELECT * FROM p ORDER BY id")
    done = project.snap("restore", "HEAD", "--yes", "--data", mode, "--allow", "data-loss", code=1)
    said = " ".join((done.stdout + done.stderr).split())
    assert "check that partitions may have all rows, before: " in said
    assert told in said
    assert "db: unchanged" in said
    assert project.dump() == before
    assert project.sql("SELECT * FROM p ORDER BY id") == rows


DISCARDED = {
    "a bound": (f"{PARTED} {OF_ONE}", f"{PARTED} {OF_TWO} {FULL}"),
    "a bound beside a default partition": (
        f"{PARTED} {OF_ONE} CREATE TABLE pd PARTITION OF p DEFAULT;",
        f"{PARTED} {OF_TWO} {FULL}",
    ),
    "a table that becomes partitioned": (
        f"{PARTED} {OF_ONE}",
        f"CREATE TABLE p (id int PRIMARY KEY, v text); {FULL}",
    ),
    "another key": (
        "CREATE TABLE p (v text, id int) PARTITION BY LIST (v);"
        " CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('v1')",
        f"CREATE TABLE p (id int, v text) PARTITION BY LIST (id); {OF_TWO} {FULL}",
    ),
}


@pytest.mark.parametrize("case", DISCARDED)
def test_where_data_is_given_up_rows_go_where_they_belong_or_are_gone(project: Project, case: str) -> None:
    target, live = DISCARDED[case]
    project.sql(target)
    project.snap("take", "-m", "good", code=0)
    wanted = project.dump()
    project.sql("DROP TABLE p;" + live)
    refused = project.snap("restore", "HEAD", "--yes", "--data", "discard", code=3)
    assert "rows of public.p" in refused.stderr and "that no partition takes" in refused.stderr
    project.snap("restore", "HEAD", "--yes", "--data", "discard", "--allow", "data-loss", code=0)
    assert project.dump() == wanted
    left = [(1, "v1"), (2, "v2")] if "default" in case else [(1, "v1")]
    assert project.sql("SELECT id, v FROM p ORDER BY id") == left
    assert project.sql("SELECT nspname FROM pg_namespace WHERE nspname ~ '^snapstore_'") == []


def test_a_partition_comes_back_from_the_archive_into_a_schema_that_was_gone(project: Project) -> None:
    project.snap("take", "-m", "empty", code=0)
    project.sql(f"{PARTED} CREATE SCHEMA s; CREATE TABLE s.pd PARTITION OF p DEFAULT; {FULL}")
    before = project.dump()
    project.snap("restore", "HEAD", "--yes", "--allow", "all", code=0)
    project.snap("undo", "--yes", "--allow", "all", code=0)
    assert project.dump() == before
    assert project.sql("SELECT * FROM s.pd ORDER BY id") == [(1, "v1"), (2, "v2")]


def test_a_partition_in_the_archive_refers_to_nothing_any_more(project: Project) -> None:
    project.sql("CREATE TABLE d (id int PRIMARY KEY); INSERT INTO d VALUES (1)")
    project.sql("CREATE TABLE p (d int REFERENCES d, v int) PARTITION BY LIST (d)")
    project.snap("take", "-m", "without", code=0)
    project.sql("CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1) PARTITION BY LIST (v)")
    project.sql("CREATE TABLE p11 PARTITION OF p1 FOR VALUES IN (1); INSERT INTO p VALUES (1, 1)")
    project.snap("restore", "HEAD", "--yes", code=0)
    project.sql("ALTER TABLE p DROP CONSTRAINT p_d_fkey; ALTER TABLE d DROP CONSTRAINT d_pkey")
    project.sql("ALTER TABLE d ADD PRIMARY KEY (id); ALTER TABLE p ADD FOREIGN KEY (d) REFERENCES d")
    project.snap("undo", "--yes", code=0)
    assert project.sql("SELECT tableoid::regclass::text, d, v FROM p") == [("p11", 1, 1)]


def test_the_plan_tells_of_how_many_rows_some_may_move(project: Project) -> None:
    project.sql(f"{PARTED} {OF_ONE}")
    project.snap("take", "-m", "good", code=0)
    project.sql(f"DROP TABLE p; {PARTED} {OF_TWO} {FULL} ANALYZE p1;")
    plan = project.snap("plan", "HEAD", code=0).stdout
    assert "rows that public.p1 may not keep go where they belong, or to the archive" in plan
    assert "2 rows" in plan


PLAIN = "CREATE TABLE p1 (id int PRIMARY KEY, v text"
FIRST = {
    "of an enum": (
        "CREATE TYPE e AS ENUM ('a', 'b', 'x'); CREATE TABLE p (id int, e e) PARTITION BY LIST (id);"
        " CREATE TABLE p1 (id int, e e); INSERT INTO p1 VALUES (1, 'a'), (2, 'b'), (3, 'x')",
        "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE p (id int, e e) PARTITION BY LIST (id);" + OF_ONE,
    ),
    "of a column": (
        f"{PARTED} {PLAIN}, c text DEFAULT 'c'); INSERT INTO p1 VALUES (1, 'v', 'x'), (2, 'v', NULL)",
        f"{PARTED} {OF_ONE}",
    ),
    "of a column that is never NULL": (
        f"{PARTED} {PLAIN}, c text NOT NULL DEFAULT 'c', d date NOT NULL);"
        " INSERT INTO p1 VALUES (1, 'v', 'x', '2020-02-02'), (2, 'v', 'y', '2020-02-03')",
        f"{PARTED} {OF_ONE}",
    ),
    "of a type that goes": (
        f"CREATE TYPE k AS (x int, y text); CREATE PUBLICATION a FOR ALL TABLES; {PARTED} {PLAIN}, k k);"
        " INSERT INTO p1 VALUES (1, 'v', '(1,x)'), (2, 'v', '(2,)'), (3, 'v', NULL)",
        f"{PARTED} {OF_ONE}",
    ),
}


@pytest.mark.parametrize("values", FIRST)
def test_rows_come_back_with_the_values_that_went_before_they_left(values: str, new_database: Any) -> None:
    live, target = (moment(load(new_database(), sql), []) for sql in FIRST[values])
    assert there_and_back(live, target)


def test_rows_leave_a_table_that_becomes_the_default_partition(project: Project) -> None:
    inside = (
        "CREATE TABLE p (id int, v text) PARTITION BY LIST (id); CREATE TABLE p1 PARTITION OF p FOR VALUES"
    )
    inside += " IN (1) PARTITION BY LIST (v); CREATE TABLE p11 PARTITION OF p1 FOR VALUES IN ('one');"
    project.sql(f"{inside} CREATE TABLE pd PARTITION OF p DEFAULT; CREATE TABLE p12 PARTITION OF p1 DEFAULT")
    project.snap("take", "-m", "attached", code=0)
    project.sql("ALTER TABLE p DETACH PARTITION pd; ALTER TABLE p1 DETACH PARTITION p12")
    project.sql("INSERT INTO pd VALUES (1, 'one'), (1, 'other'), (2, 'two'), (NULL, NULL)")
    project.sql("INSERT INTO p12 VALUES (1, 'one'), (1, 'more'), (2, 'three')")
    project.snap("restore", "HEAD", "--yes", code=0)
    assert project.sql("SELECT * FROM p11") == [(1, "one"), (1, "one")]
    assert project.sql("SELECT * FROM p12 ORDER BY v") == [(1, "more"), (1, "other")]
    assert project.sql("SELECT * FROM pd ORDER BY id, v DESC") == [(2, "two"), (2, "three"), (None, None)]


def test_rows_that_only_another_server_would_take_go_to_the_archive(new_database: Any) -> None:
    table = "CREATE TABLE t (id int, k text) PARTITION BY LIST"
    one = "CREATE TABLE t1 PARTITION OF t FOR VALUES IN ('a');"
    url = load(new_database(), f"{table} (k); {one} CREATE TABLE rest PARTITION OF t DEFAULT")
    load(url, "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    there = "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;"
    there += f"{table} (lower(k)); {one} CREATE FOREIGN TABLE t2 PARTITION OF t FOR VALUES IN ('b') SERVER s"
    before, live = rows(url), capture(url)
    reached = step(url, live, capture(load(new_database(), there)))
    assert rows(url)["public.t1"] == before["public.t1"]
    assert [table.rows.total() for table in rows(url, archived=True).values()] == [2]
    step(url, reached, live)
    assert rows(url) == before


BESIDE = "CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);"
SPLIT = "CREATE TABLE p1 (id int, v text) PARTITION BY LIST (v); CREATE TABLE p1d PARTITION OF p1 DEFAULT;"
ANEW = {
    "without partitions": ("CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)", SPLIT),
    "with other partitions": (
        "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1) PARTITION BY HASH (v);"
        " CREATE TABLE p10 PARTITION OF p1 FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
        SPLIT,
    ),
}


@pytest.mark.parametrize("case", ANEW)
def test_rows_of_a_table_that_is_made_anew_go_where_they_belong_when_it_is_attached(
    project: Project, case: str
) -> None:
    root = "CREATE TABLE p (id int, v text) PARTITION BY LIST (id);"
    attached, apart = ANEW[case]
    project.sql(f"{root} {attached}; {BESIDE}")
    project.snap("take", "-m", "good", code=0)
    project.sql(f"DROP TABLE p; {root} {apart} {BESIDE} INSERT INTO p1 VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    project.snap("restore", "HEAD", "--yes", "--allow", "all", code=0)
    assert project.sql("SELECT id FROM p1") == [(1,)]
    project.snap("undo", "--yes", "--allow", "all", code=0)
    assert project.sql("SELECT id, v FROM p1 ORDER BY id") == [(1, "a"), (2, "b"), (3, "c")]
    assert project.sql("SELECT * FROM p") == []
