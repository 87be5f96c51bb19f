"""What a new type of a column costs: as much as the server does, and no danger told where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import psycopg
import pytest

from snapstore.model import Action, HazardName
from snapstore_postgres.rows.types.rewriting import keeps_rows
from tests.postgres import dump
from tests.postgres.roundtrip import capture, plan, proven, restore, rows, same_schema
from tests.postgres.test_renames import run

FILE = "SELECT pg_relation_filenode('t')"
KEPT = {
    "character varying(3)": ("character varying(9)", "character varying", "text"),
    "text": ("character varying",),
    "xml": ("text", "character varying"),
    "cidr": ("inet",),
    "bit varying(3)": ("bit varying(9)", "bit varying"),
    "numeric(5,2)": ("numeric(9,2)", "numeric"),
    "time(3) without time zone": ("time(6) without time zone", "time without time zone"),
    "timestamp with time zone": ("timestamp(6) with time zone",),
    "interval(3)": ("interval",),
}
WRITTEN = {
    "text": ("character varying(9)", "name"),
    "character(3)": ("character(9)", "text"),
    "character varying(3)[]": ("text[]",),
    "numeric(5,2)": ("numeric(9,3)",),
    "timestamp without time zone": ("timestamp(3) without time zone",),
    "date": ("timestamp without time zone",),
    "integer": ("bigint",),
    "inet": ("cidr",),
}


@pytest.fixture
def url(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.mark.parametrize(("pairs", "kept"), [(KEPT, True), (WRITTEN, False)])
def test_rows_are_said_to_be_kept_where_the_server_keeps_them(
    pairs: dict[str, tuple[str, ...]], kept: bool, url: str
) -> None:
    for old, new in ((old, new) for old, types in pairs.items() for new in types):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"DROP TABLE IF EXISTS t; CREATE TABLE t (a {old})".encode())
            before = connection.execute(FILE).fetchone()
            connection.execute(f"ALTER TABLE t ALTER a TYPE {new} USING a::{new}".encode())
            assert (connection.execute(FILE).fetchone() == before) is kept, (old, new)
        assert keeps_rows(old, new) is kept, (old, new)


@pytest.mark.parametrize("number", ["smallint", "bigint", "numeric"])
def test_what_became_true_or_false_is_one_or_zero_again(number: str, url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE t (a {number}); INSERT INTO t VALUES (0), (1), (NULL)".encode())
        old = capture(url)
        connection.execute(b"ALTER TABLE t ALTER a TYPE boolean USING a <> 0")
        new = capture(url)
        proven(url, plan(new, old), old)
        found = "SELECT a::text FROM t ORDER BY a"
        assert connection.execute(found).fetchall() == [("0",), ("1",), (None,)]
        proven(url, plan(capture(url), new), new)
        assert connection.execute(found).fetchall() == [("false",), ("true",), (None,)]


LOCK, REWRITE = HazardName.BLOCKING_LOCK, HazardName.TABLE_REWRITE
NARROW = """
CREATE TABLE t (id int, a varchar(3), b varchar(3) CHECK (b <> ''), c text, d varchar(3),
  e timestamptz DEFAULT '2026-05-01 12:00+02', f timestamptz);
CREATE INDEX ON t (a); CREATE INDEX later ON t (id) WHERE d > 'x';
CREATE INDEX ON t (f);
INSERT INTO t SELECT i, 'abc', 'b', 'c', 'd' FROM generate_series(1, 100) i; ANALYZE t;
"""


@pytest.mark.parametrize(
    ("change", "hazards"),
    [
        ("ALTER a TYPE varchar(9)", []),
        ("ALTER c TYPE varchar", []),
        ("ALTER e DROP DEFAULT, ALTER e TYPE timestamp", []),
        ("ALTER f TYPE timestamp", [(HazardName.BLOCKING_LOCK, "scans public.t for public.t_f_idx")]),
        (
            "ALTER b TYPE varchar(9)",
            [(HazardName.BLOCKING_LOCK, "scans public.t for public.t.t_b_check")],
        ),
        ("ALTER d TYPE varchar(9)", [(HazardName.BLOCKING_LOCK, "scans public.t for public.later")]),
        ("ALTER c TYPE varchar(9)", [(HazardName.TABLE_REWRITE, "rewrites table:public.t")]),
        ('ALTER a TYPE varchar(9) COLLATE "C"', [(HazardName.TABLE_REWRITE, "rewrites table:public.t")]),
    ],
)
def test_a_wider_type_is_no_danger_where_no_row_is_read(
    change: str, hazards: list[tuple[HazardName, str]], url: str
) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(NARROW)
        connection.execute(f"ALTER TABLE t {change}".encode())
        new = capture(url)
        connection.execute(f"DROP TABLE t; {NARROW}".encode())
        before = connection.execute(FILE).fetchone()
        actions = plan(capture(url), new)
        assert [(h.name, h.text) for action in actions for h in action.hazards] == hazards
        proven(url, actions, new)
        same = connection.execute(FILE).fetchone() == before
    assert same or HazardName.TABLE_REWRITE in {name for name, _ in hazards}


REFERRING = """
CREATE TABLE o (name varchar(20) PRIMARY KEY); INSERT INTO o VALUES ('a'), ('b');
CREATE TABLE t (o varchar(20) REFERENCES o ON UPDATE CASCADE); INSERT INTO t VALUES ('a');
COMMENT ON CONSTRAINT t_o_fkey ON t IS 'of';
"""


def test_a_foreign_key_stays_where_no_row_is_written(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(REFERRING.encode())
        good, before = capture(url), dump.schema(url)
        connection.execute("ALTER TABLE t ALTER o TYPE varchar(9); ALTER TABLE o ALTER name TYPE varchar(9)")
    actions = restore(url, good)
    same_schema(url, before)
    assert [action.subject for action in actions] == ["column:public.o.name", "column:public.t.o"]
    assert not [hazard for action in actions for hazard in action.hazards]


SEVERAL = """
CREATE TYPE mood AS ENUM ('x', 'y');
CREATE TABLE t (a int, b int CHECK (b > 0), "C d" int, e mood, f mood, g timestamptz);
CREATE VIEW v AS SELECT a, "C d" FROM t; INSERT INTO t VALUES (1, 2, 3, 'x', 'y', '2024-05-06');
"""
CHANGED = """
DROP VIEW v;
ALTER TABLE t ALTER a TYPE bigint, ALTER b TYPE bigint, ALTER "C d" TYPE text, ALTER g TYPE date;
ALTER TYPE mood ADD VALUE 'z';
"""


def test_several_columns_of_a_table_get_their_types_by_one_statement(url: str) -> None:
    nothing = capture(url)
    run(url, SEVERAL)
    good, before, held = capture(url), dump.schema(url), rows(url)
    run(url, CHANGED)
    assert sorted(map(_columns_typed, _retyping(restore(url, good)))) == [2, 4]
    same_schema(url, before)
    assert rows(url) == held
    away = restore(url, nothing)
    assert [*map(_columns_typed, _retyping(away))] == [2]
    assert [h.name for a in away if a.subject == "table:public.t" for h in a.hazards] == [
        HazardName.TABLE_REWRITE
    ]
    assert [*map(_columns_typed, _retyping(restore(url, good)))] == [2]
    same_schema(url, before)
    assert rows(url) == held


def _retyping(actions: Iterable[Action]) -> list[str]:
    return [
        text
        for action in actions
        for text in action.statements
        if text.startswith("ALTER TABLE") and " TYPE " in text
    ]


def _columns_typed(statement: str) -> int:
    return statement.count("ALTER COLUMN")
