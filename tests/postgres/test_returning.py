"""What went to the archive finds its place again: values their rows, and tables their names."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from snapstore.model import DataMode
from tests.postgres.roundtrip import asked_plan, capture, proven, restore, rows, script, step
from tests.postgres.test_renames import run

KEYS = {
    "primary key": "ALTER TABLE t ADD PRIMARY KEY (a, b)",
    "unique": "ALTER TABLE t ADD UNIQUE (a) INCLUDE (c), ADD UNIQUE (b, a)",
    "index": "CREATE UNIQUE INDEX ON t (b DESC); CREATE UNIQUE INDEX ON t (b) WITH (fillfactor = 70)",
}
NO_KEYS = {
    "some rows": "CREATE UNIQUE INDEX ON t (b) WHERE a <> 'x'",
    "computed": "CREATE UNIQUE INDEX ON t (lower(a))",
    "NULL": "CREATE UNIQUE INDEX ON t (d)",
    "other tables": "CREATE UNIQUE INDEX ON t (b); CREATE TABLE below () INHERITS (t)",
}
TABLE = "CREATE TABLE t (a text NOT NULL, b int NOT NULL, c int, d int, gone text); "
ROWS = "; INSERT INTO t VALUES ('x', 1, 1, 1, 'one'), ('y', 2, 1, 2, 'two')"


@pytest.mark.parametrize("key", [*KEYS, *NO_KEYS])
def test_rows_that_changed_meanwhile_are_known_by_their_key(
    key: str, new_database: Callable[[], str]
) -> None:
    url = new_database()
    run(url, TABLE + {**KEYS, **NO_KEYS}[key] + ROWS)
    good = capture(url)
    run(url, "ALTER TABLE t DROP gone")
    without = capture(url)
    run(url, "ALTER TABLE t ADD gone text; UPDATE t SET gone = CASE b WHEN 1 THEN 'one' ELSE 'two' END")
    actions = restore(url, without)
    run(url, "UPDATE t SET c = 5 WHERE b = 2")
    actions += restore(url, good)
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT gone FROM t ORDER BY b").fetchall()
    assert found == [("one",), ("two" if key in KEYS else None,)]
    assert ("row_number" in script(actions)) == (key in NO_KEYS)  # which sorts the table


WITHOUT_KEYS = {
    "tables below": (
        "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE below () INHERITS (t)",
        "INSERT INTO t VALUES (1, 'a'); INSERT INTO below VALUES (1, 'b')",
    ),
    "no other column": ("CREATE TABLE t ()", "INSERT INTO t VALUES ('a'), (NULL), ('b')"),
}


@pytest.mark.parametrize("case", WITHOUT_KEYS)
def test_rows_that_nothing_tells_apart_get_their_own_values_back(
    case: str, new_database: Callable[[], str]
) -> None:
    url, (made, filled) = new_database(), WITHOUT_KEYS[case]
    run(url, made)
    without = capture(url)
    run(url, f"ALTER TABLE t ADD v text; {filled}")
    good, held = capture(url), rows(url)
    restore(url, without)
    restore(url, good)
    assert rows(url) == held


@pytest.mark.parametrize(("own", "other"), [("_t", "t"), ("t", "_t")])
def test_a_table_comes_back_beside_types_of_arrays_of_its_name(
    own: str, other: str, new_database: Callable[[], str]
) -> None:
    url = new_database()
    run(url, f"CREATE TABLE {own} (a int PRIMARY KEY); INSERT INTO {own} VALUES (1)")
    good, held = capture(url), rows(url)
    run(url, f"DROP TABLE {own}; CREATE TABLE {other} (b int)")
    without = capture(url)
    run(url, f"DROP TABLE {other}; CREATE TABLE {own} (a int PRIMARY KEY); INSERT INTO {own} VALUES (1)")
    restore(url, without)
    restore(url, good)
    assert rows(url) == held


@pytest.mark.parametrize(("added", "left"), [("b", "b"), ("ab", "a"), ("ab", "b")])
def test_values_that_went_along_with_a_parents_column_come_back_when_that_is_a_parent_again(
    added: str, left: str, new_database: Callable[[], str]
) -> None:
    url = new_database()
    run(url, "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY)")
    run(url, "CREATE TABLE k (PRIMARY KEY (id)) INHERITS (a, b); INSERT INTO k VALUES (1), (2)")
    without = capture(url)
    run(url, "; ".join(f"ALTER TABLE {parent} ADD x int; UPDATE {parent} SET x = id + 4" for parent in added))
    good, held = capture(url), rows(url)
    restore(url, without)
    run(url, f"ALTER TABLE k NO INHERIT {left}")
    restore(url, good)
    assert rows(url) == held


def test_where_data_is_given_up_a_column_made_anew_leaves_nothing_aside(
    new_database: Callable[[], str],
) -> None:
    url, other = new_database(), new_database()
    made = "CREATE TYPE k AS (x {}, y int); CREATE TABLE t (id int PRIMARY KEY, k k)"
    run(url, made.format("text") + "; INSERT INTO t VALUES (1, '(1,2)'), (2, '(x,3)'), (3, NULL)")
    run(other, made.format("int"))
    step(url, capture(url), capture(other), mode=DataMode.DISCARD)
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT id, k::text FROM t ORDER BY id").fetchall()
        left = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ '^snapstore_'").fetchall()
    assert (found, left) == ([(1, "(1,2)"), (2, None), (3, None)], [])


def test_columns_come_back_where_the_server_has_no_way_to_a_version(new_database: Callable[[], str]) -> None:
    """And an extension is altered in place where it has one, whatever the columns of its types."""
    url = new_database()
    run(url, "CREATE EXTENSION hstore VERSION '1.4'; CREATE TABLE t (id int PRIMARY KEY, h hstore NOT NULL)")
    run(url, "INSERT INTO t VALUES (1, 'a=>1')")
    old, told = capture(url), rows(url)
    run(url, "ALTER EXTENSION hstore UPDATE TO '1.5'")
    new = capture(url)
    down = asked_plan(url, new, old)
    reached = proven(url, down, old)
    assert "DROP EXTENSION hstore" in script(down) and rows(url) == told
    up = asked_plan(url, reached, new)
    proven(url, up, new)
    assert script(up).count(";") == 1 and rows(url) == told
