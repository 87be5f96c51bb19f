"""A NOT NULL column that a deploy dropped comes back, with values that stand in for those that are gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import psycopg
import pytest

from snapstore.model import HazardName
from tests.postgres import dump
from tests.postgres.conftest import Project
from tests.postgres.roundtrip import State, capture, plan, restore, same_schema
from tests.postgres.test_renames import run

COLUMNS = {
    "a": "integer NOT NULL",
    "b": "varchar(4) NOT NULL UNIQUE",
    "c": "mood NOT NULL",
    "d": "uuid NOT NULL UNIQUE",
    "e": "date NOT NULL CHECK (e > '2020-01-01')",
    "f": "integer NOT NULL REFERENCES o UNIQUE",
    "g": "text NOT NULL CHECK (g IN ('viewer', 'editor'))",
    "h": "integer[] NOT NULL",
    "i": "jsonb NOT NULL",
    "j": "numeric(5,2) NOT NULL CHECK (j > 5)",
    "l": "bigint PRIMARY KEY",
    "m": "mail NOT NULL",
    "p": "pos NOT NULL",
    "q": "tstzrange NOT NULL",
    "r": "timestamptz NOT NULL",
    "s": "bytea NOT NULL",
    "u": "tsvector NOT NULL",
    "v": "bit(8) NOT NULL",
    "w": "inet NOT NULL",
    "x": "char(3) NOT NULL",
    "y": "pair NOT NULL",
}
SETUP = """
CREATE TYPE mood AS ENUM ('x', 'y'); CREATE TYPE pair AS (a int, b int);
CREATE DOMAIN mail AS text CHECK (VALUE ~ '@') CHECK (VALUE <> '');
CREATE DOMAIN pos AS int CHECK (VALUE > 3);
CREATE TABLE o (id int PRIMARY KEY); INSERT INTO o VALUES (7), (8), (9);
CREATE TABLE t (k int, snap_no int, {columns});
"""


def taken_and_dropped(url: str, columns: dict[str, str]) -> tuple[State, Counter[str]]:
    """A table with these columns, as it was before they were dropped and rows came."""
    run(url, SETUP.format(columns=", ".join(f"{name} {kind}" for name, kind in columns.items())))
    good, before = capture(url), dump.schema(url)
    run(url, f"ALTER TABLE t {', '.join(f'DROP {name}' for name in columns)}")
    run(url, "INSERT INTO t VALUES (1), (2), (3)")
    return good, before


def test_each_type_check_and_key_gets_what_it_can_take(new_database: Callable[[], str]):
    url = new_database()
    good, before = taken_and_dropped(url, COLUMNS)
    bad = capture(url)
    for _ in range(2):
        actions = restore(url, good)
        same_schema(url, before)
        assert any("a value that stands in" in action.summary for action in actions)
        with psycopg.connect(url) as connection:
            found = connection.execute("SELECT k, a, f FROM t ORDER BY k").fetchall()
        assert found == [(1, 0, 7), (2, 0, 8), (3, 0, 9)]
        restore(url, bad)


KEYS = (
    "CREATE TABLE t (k int, o int REFERENCES o, PRIMARY KEY (k, o))",
    """CREATE TABLE t (k int, g int, o int NOT NULL REFERENCES o);
       CREATE UNIQUE INDEX ON t (o, k) INCLUDE (g) WHERE g IS NULL""",
)


@pytest.mark.parametrize("table", KEYS, ids=("key", "index"))
def test_rows_that_another_part_of_a_key_tells_apart_may_refer_to_the_same(
    new_database: Callable[[], str], table: str
):
    url = new_database()
    run(url, "CREATE TABLE o (id int PRIMARY KEY); INSERT INTO o VALUES (7), (8)")
    run(url, table)
    good, before = capture(url), dump.schema(url)
    run(url, "ALTER TABLE t DROP o; INSERT INTO t VALUES (1), (1), (2), (3)")
    restore(url, good)
    same_schema(url, before)
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT k, o FROM t ORDER BY k, o").fetchall()
    assert found == [(1, 7), (1, 8), (2, 7), (3, 7)]


CHECKED_KEYS = {
    "address": "text NOT NULL UNIQUE CHECK (address ~ '^[a-z0-9.]+@[a-z0-9.]+[.][a-z]+$')",
    "code": "varchar(9) NOT NULL UNIQUE CHECK (code LIKE '%-x')",
    "mail": "mail NOT NULL UNIQUE",
    "odd": "pos NOT NULL UNIQUE",
    "above": "smallint NOT NULL UNIQUE CHECK (above >= 20 AND above < 90)",
    "below": "numeric(4,1) NOT NULL UNIQUE CHECK (below < -7.5)",
    "day": "date NOT NULL UNIQUE CHECK (day > '2020-02-28')",
}


def test_what_a_check_lets_pass_is_another_one_in_each_row_of_a_key(new_database: Callable[[], str]):
    url = new_database()
    good, before = taken_and_dropped(url, CHECKED_KEYS)
    restore(url, good)
    same_schema(url, before)


TOGETHER = {
    "hi": "integer NOT NULL CHECK (hi BETWEEN 0 AND 50)",
    "lo": "integer NOT NULL CHECK (lo BETWEEN 0 AND 100) CHECK (lo < hi)",
    "much": "bigint NOT NULL CHECK (much > 10)",
    "most": "integer NOT NULL CHECK (most > 0) CHECK (most < much AND most > much - 2)",
    "ends": "date NOT NULL CHECK (ends < '2021-02-01')",
    "starts": "date NOT NULL CHECK (starts > '2020-01-01') CHECK (starts < ends)",
}


def test_what_stands_in_first_leaves_room_for_what_a_check_reads_with_it(new_database: Callable[[], str]):
    url = new_database()
    good, before = taken_and_dropped(url, TOGETHER)
    restore(url, good)
    same_schema(url, before)


CAME_BACK = {
    "b": "varchar(9) NOT NULL UNIQUE",
    "d": "uuid NOT NULL UNIQUE",
    "e": "date NOT NULL UNIQUE CHECK (e > '2020-01-01')",
    "f": "integer NOT NULL REFERENCES o UNIQUE",
    "g": "text NOT NULL UNIQUE CHECK (g ~ '@')",
    "l": "bigint NOT NULL UNIQUE",
    "s": "bytea NOT NULL UNIQUE",
}


def test_what_stood_in_before_and_came_back_is_nobody_elses(new_database: Callable[[], str]):
    url = new_database()
    good, before = taken_and_dropped(url, CAME_BACK)
    run(url, "DELETE FROM t WHERE k = 3")
    without = capture(url)
    restore(url, good)
    restore(url, without)
    run(url, "DELETE FROM t WHERE k = 2; INSERT INTO t VALUES (3), (0)")
    restore(url, good)
    same_schema(url, before)


COMPANIES = """
CREATE TABLE tenant (id int PRIMARY KEY);
CREATE TABLE company (tenant int REFERENCES tenant, id int, name text, PRIMARY KEY (tenant, id));
INSERT INTO tenant VALUES (1), (4), (5), (6);
INSERT INTO company VALUES (4, 7), (5, 7), (5, 8), (6, 9);
CREATE TABLE t (
  k int, tenant int NOT NULL REFERENCES tenant, company int NOT NULL, boss int, deputy int NOT NULL,
  UNIQUE (tenant, k), FOREIGN KEY (tenant, company) REFERENCES company,
  FOREIGN KEY (tenant, deputy) REFERENCES company (tenant, id),
  FOREIGN KEY (boss, tenant) REFERENCES t (k, tenant));
"""
GONE = (
    ("company", "INSERT INTO t VALUES (1, 5, NULL, 8), (2, 6, NULL, 9)", [(1, 5, 7, 8), (2, 6, 9, 9)]),
    ("tenant", "INSERT INTO t VALUES (1, 7, NULL, 8), (2, 9, NULL, 9)", [(1, 5, 7, 8), (2, 6, 9, 9)]),
    ("tenant, DROP company", "INSERT INTO t VALUES (1, NULL, 8), (2, NULL, 7)", [(1, 5, 7, 8), (2, 4, 7, 7)]),
    ("tenant, DROP company, DROP boss, DROP deputy", "INSERT INTO t VALUES (1)", [(1, 4, 7, 7)]),
)


@pytest.mark.parametrize(("columns", "kept", "filled"), GONE, ids=("one", "other", "both", "all"))
def test_a_key_of_several_columns_gets_values_that_are_there_together(
    new_database: Callable[[], str], columns: str, kept: str, filled: list[tuple[int, ...]]
):
    url = new_database()
    run(url, COMPANIES)
    good, before = capture(url), dump.schema(url)
    run(url, f"ALTER TABLE t DROP {columns}; {kept}")
    restore(url, good)
    same_schema(url, before)
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT k, tenant, company, deputy FROM t ORDER BY k").fetchall()
    assert found == filled


PLAIN = "CREATE TABLE t (k int PRIMARY KEY, tenant int NOT NULL, note text)"
PARTITIONED = """
CREATE TABLE t (k int, tenant int NOT NULL, company int NOT NULL, mail text NOT NULL, made date DEFAULT now(),
  level int NOT NULL CHECK (level > 0 AND level < k + 9), FOREIGN KEY (tenant, company) REFERENCES company,
  UNIQUE (k, mail), UNIQUE (k, made)) PARTITION BY RANGE (k);
CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1) TO (3);
"""


def test_a_table_that_is_made_anew_has_what_stands_in_too(new_database: Callable[[], str]):
    url, other = new_database(), new_database()
    for place, table in ((url, PLAIN), (other, PARTITIONED)):
        run(place, COMPANIES + "DROP TABLE t; CREATE PUBLICATION everything FOR ALL TABLES;" + table)
    run(url, "INSERT INTO t VALUES (1, 5, 'a'), (2, 6, 'b'), (3, 6, 'c')")
    good, before = capture(url), dump.schema(url)
    restore(url, capture(other))
    same_schema(url, dump.schema(other))
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT k, tenant, company, level FROM t ORDER BY k").fetchall()
    assert found == [(1, 5, 7, 1), (2, 6, 9, 1)]
    restore(url, good)
    same_schema(url, before)
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT * FROM t ORDER BY k").fetchall()
    assert found == [(1, 5, "a"), (2, 6, "b"), (3, 6, "c")]


def test_one_value_for_all_rows_is_written_into_none(new_database: Callable[[], str]):
    """A large table is not written anew for it."""
    url = new_database()
    run(url, "CREATE TABLE t (k int, a varchar(9) NOT NULL, b timestamptz NOT NULL, c text[] NOT NULL)")
    good, before = capture(url), dump.schema(url)
    run(url, "ALTER TABLE t DROP a, DROP b, DROP c; INSERT INTO t VALUES (1), (2)")
    with psycopg.connect(url, autocommit=True) as connection:
        place = "SELECT array_agg(ctid::text || xmin ORDER BY ctid), pg_relation_filenode('t') FROM t"
        was = connection.execute(place).fetchone()
        actions = restore(url, good)
        assert connection.execute(place).fetchone() == was
        found = connection.execute("SELECT a, b = '1970-01-01', c FROM t").fetchall()
    same_schema(url, before)
    assert found == [("", True, [])] * 2
    names = {hazard.name for action in actions for hazard in action.hazards}
    assert names == {HazardName.UNVERIFIABLE}


STRICT = (
    (
        """CREATE DOMAIN filled AS text NOT NULL CHECK (VALUE <> ''); CREATE DOMAIN title AS filled;
           CREATE DOMAIN number AS int NOT NULL;
           CREATE TABLE t (k int, a title, b number UNIQUE, c filled DEFAULT 'c')""",
        "ALTER TABLE t DROP a, DROP b, DROP c; INSERT INTO t VALUES (1), (2)",
        [(1, "-", 1, "c"), (2, "-", 2, "c")],
    ),
    (
        """CREATE DOMAIN number AS int NOT NULL;
           CREATE TABLE t (k int, a number) PARTITION BY LIST (k); CREATE TABLE u PARTITION OF t DEFAULT""",
        "DROP TABLE t; CREATE TABLE t (k int); INSERT INTO t VALUES (1)",
        [(1, 0)],
    ),
    (
        """CREATE TABLE t (k int, a text) PARTITION BY LIST (k);
           CREATE TABLE one PARTITION OF t FOR VALUES IN (1);
           CREATE TABLE others PARTITION OF t (a NOT NULL) DEFAULT PARTITION BY LIST (k);
           CREATE TABLE rest PARTITION OF others (a NOT NULL) DEFAULT""",
        "ALTER TABLE t DROP a; INSERT INTO t VALUES (1), (2)",
        [(1, None), (2, "")],
    ),
    (
        """CREATE TABLE t (k int, a text NOT NULL CHECK (length(a) > k - 2)) PARTITION BY LIST (k);
           CREATE TABLE one PARTITION OF t FOR VALUES IN (1); CREATE TABLE others PARTITION OF t DEFAULT""",
        """ALTER TABLE t DROP a; ALTER TABLE t DETACH PARTITION others;
           CREATE TABLE two PARTITION OF t FOR VALUES IN (2); INSERT INTO t VALUES (1), (2)""",
        [(1, ""), (2, "-")],
    ),
)


@pytest.mark.parametrize(
    ("good", "deploy", "filled"), STRICT, ids=("domain", "carried", "one partition", "rows that come home")
)
def test_what_is_never_null_in_another_way_gets_a_value_too(
    new_database: Callable[[], str], good: str, deploy: str, filled: list[tuple[object, ...]]
):
    url = new_database()
    run(url, good)
    before, schema = capture(url), dump.schema(url)
    run(url, deploy)
    bad = capture(url)
    for _ in range(2):
        restore(url, before)
        same_schema(url, schema)
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT * FROM t ORDER BY k").fetchall() == filled
        restore(url, bad)


SHADOWED = (
    """CREATE TABLE o (id serial PRIMARY KEY, n text); INSERT INTO o VALUES (5, 'five'), (7, 'seven');
       CREATE TABLE t (o int REFERENCES o, boss int NOT NULL REFERENCES o, k int, PRIMARY KEY (boss, k));
       INSERT INTO t VALUES (7, 5, 1), (NULL, 7, 1), (5, 7, 2)""",
    """ALTER TABLE t DROP CONSTRAINT t_o_fkey, DROP CONSTRAINT t_boss_fkey, DROP CONSTRAINT t_pkey;
       ALTER TABLE o ADD new varchar(9); UPDATE o SET new = id; ALTER TABLE o DROP id;
       ALTER TABLE o RENAME new TO id; ALTER TABLE o ADD PRIMARY KEY (id);
       ALTER TABLE t ADD o2 varchar(9) REFERENCES o, ADD boss2 varchar(9) REFERENCES o;
       UPDATE t SET o2 = o, boss2 = boss; ALTER TABLE t DROP o, DROP boss;
       ALTER TABLE t RENAME o2 TO o; ALTER TABLE t RENAME boss2 TO boss;
       ALTER TABLE t ADD PRIMARY KEY (boss, k)""",
)


def test_what_another_column_of_the_name_has_stands_in_where_it_fits(new_database: Callable[[], str]):
    url = new_database()
    run(url, SHADOWED[0])
    good, before = capture(url), dump.schema(url)
    run(url, SHADOWED[1])
    bad = capture(url)
    for odd in (False, True):
        if odd:
            run(url, "INSERT INTO o VALUES ('odd', 'x'); UPDATE t SET boss = 'x', o = 'x' WHERE k = 2")
        actions = restore(url, good)
        same_schema(url, before)
        with psycopg.connect(url) as connection:
            query = (
                "SELECT o.n, b.n, k FROM t LEFT JOIN o ON o.id = t.o JOIN o b ON b.id = boss ORDER BY b.n, k"
            )
            found = connection.execute(query).fetchall()
        unproven = [h.text for a in actions for h in a.hazards if h.name is HazardName.UNVERIFIABLE]
        assert len([text for text in unproven if "another column of its name" in text]) == (0 if odd else 3)
        assert found == [("seven", "five", 1), (None, "seven", 1), ("five", "seven", 2)]
        restore(url, bad)


def test_values_that_nobody_knows_are_a_hazard_but_not_those_in_the_archive(project: Project):
    project.sql("CREATE TABLE t (id int PRIMARY KEY, name text NOT NULL); INSERT INTO t VALUES (1, 'Ann')")
    project.snap("take", "-m", "named", code=0)
    project.sql("ALTER TABLE t DROP name")
    refused = project.snap("restore", "HEAD", "--yes", code=3)
    assert "what rows had in public.t.name is known to nobody" in " ".join(refused.stderr.split())
    project.snap("restore", "HEAD", "--yes", "--allow", "unverifiable", code=0)
    project.sql("UPDATE t SET name = 'Bea'")
    project.snap("undo", "--yes", code=0)
    project.sql("INSERT INTO t VALUES (2)")
    project.snap("undo", "--yes", code=0)
    assert project.sql("SELECT id, name FROM t ORDER BY id") == [(1, "Bea"), (2, "")]


@pytest.mark.parametrize(("kind", "told"), [("int", True), ("varchar(3)", False), ("text", False)])
def test_values_in_the_archive_that_may_not_fit_are_told(
    kind: str, told: bool, new_database: Callable[[], str]
) -> None:
    url, without, other = new_database(), new_database(), new_database()
    run(url, "CREATE TABLE t (id int PRIMARY KEY, n varchar(2) NOT NULL); INSERT INTO t VALUES (1, 'x')")
    run(without, "CREATE TABLE t (id int PRIMARY KEY)")
    run(other, f"CREATE TABLE t (id int PRIMARY KEY, n {kind} NOT NULL)")
    restore(url, capture(without))
    hazards = {h.name: h.text for action in plan(capture(url), capture(other)) for h in action.hazards}
    assert ("may fit its type" in hazards.get(HazardName.UNVERIFIABLE, "")) == told
