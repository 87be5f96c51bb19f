"""Partitions stay attached where a statement on their parent reaches them: attaching one reads all of it."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from tests.postgres import dump
from tests.postgres.roundtrip import apply, capture, plan, script

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
