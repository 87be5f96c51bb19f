"""Partitions stay attached where a statement on their parent reaches them: attaching one reads all of it."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from tests.postgres import dump
from tests.postgres.roundtrip import apply, capture, plan, restore, script
from tests.postgres.test_renames import run

TABLES = """
CREATE TABLE target (id int PRIMARY KEY);
CREATE TABLE p (a int, b int, c text, PRIMARY KEY (a)) PARTITION BY RANGE (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20) PARTITION BY LIST (a);
CREATE TABLE p20 PARTITION OF p2 DEFAULT;
INSERT INTO p SELECT i, i, 'v' || i FROM generate_series(0, 19) i;
"""
CHANGES = {
    "a column": "ALTER TABLE p DROP COLUMN c",
    "a check": "ALTER TABLE p ADD CONSTRAINT k CHECK (b >= 0)",
    "a foreign key": "ALTER TABLE p ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES target NOT VALID",
    "a key": "ALTER TABLE p DROP CONSTRAINT p_pkey",
    "another key that is referred to": "ALTER TABLE p DROP CONSTRAINT p_pkey, ADD PRIMARY KEY (a, b);"
    " CREATE TABLE r (a int, b int, FOREIGN KEY (a, b) REFERENCES p)",
    "a type": "ALTER TABLE p ALTER b TYPE bigint",
    "an index": "CREATE INDEX i ON p (b)",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_the_parent_gets_or_loses_keeps_its_partitions_attached(
    new_database: Callable[..., str], postgres_version: int, change: str
) -> None:
    if "FOREIGN KEY (b)" in change and postgres_version < 18:
        pytest.skip(f"needs another PostgreSQL than {postgres_version}")
    urls = new_database(), new_database()
    for url, text in zip(urls, (TABLES, TABLES + change), strict=True):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(text.encode())
    states, schemas = [capture(url) for url in urls], [dump.schema(url) for url in urls]
    rows = "SELECT * FROM p ORDER BY a"
    with psycopg.connect(urls[0], autocommit=True) as connection:
        before = connection.execute(rows.encode()).fetchall()
        for goal in (1, 0):
            actions = plan(capture(urls[0]), states[goal])
            assert not [
                s for a in actions for s in a.statements if " PARTITION public.p" in s and "TABLE" in s
            ]
            apply(urls[0], actions)
            assert not dump.difference(dump.schema(urls[0]), schemas[goal]), script(actions)
        assert connection.execute(rows.encode()).fetchall() == before


OWN_NAMES = {
    "attached": "CREATE TABLE p1 (k int, v int CONSTRAINT other NOT NULL);"
    " ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1)",
    "its own": "CREATE TABLE p1 PARTITION OF p (CONSTRAINT own NOT NULL v) FOR VALUES IN (1)",
}


@pytest.mark.parametrize("partition", OWN_NAMES.values(), ids=OWN_NAMES)
def test_a_not_null_keeps_its_name_in_a_partition_when_the_type_changes(
    new_database: Callable[..., str], postgres_version: int, partition: str
) -> None:
    if postgres_version < 18:
        pytest.skip(f"needs another PostgreSQL than {postgres_version}")
    url, text = new_database(), f"CREATE TABLE p (k int, v int NOT NULL) PARTITION BY LIST (k); {partition}"
    run(url, text)
    good = capture(url)
    run(url, f"DROP TABLE p; {text.replace('v int', 'v bigint')}; INSERT INTO p VALUES (1, 1)")
    restore(url, good)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT k, v FROM p1").fetchall() == [(1, 1)]


def test_rows_leave_a_partition_made_anew_whose_hash_puts_them_elsewhere(new_database: Callable[..., str]):
    """They came with a table that was no partition: its partition has the bounds that it had."""
    whole = """CREATE TYPE e AS ENUM ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
        CREATE TABLE p (k e) PARTITION BY HASH (k); CREATE INDEX ON p (k);
        CREATE TABLE p0 PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 0) PARTITION BY LIST (k);
        CREATE TABLE p0_all PARTITION OF p0 DEFAULT;
        CREATE TABLE p1 PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 1)"""
    url, other = new_database(), new_database()
    for database in (url, other):
        run(database, whole)
    run(url, "ALTER TABLE p0 DETACH PARTITION p0_all; INSERT INTO p0_all SELECT unnest(enum_range(NULL::e))")
    run(other, "ALTER TYPE e RENAME VALUE 'a' TO 'x'; ALTER TYPE e RENAME VALUE 'h' TO 'a'")
    run(other, "ALTER TYPE e RENAME VALUE 'x' TO 'h'")
    restore(url, capture(other))
    with psycopg.connect(url) as connection:
        assert len(connection.execute("SELECT k FROM p").fetchall()) == 8
