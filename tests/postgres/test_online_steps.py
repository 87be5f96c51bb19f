"""Restores in steps, ended between any two of them: the rest of the way, and the way back, begin from there.

Beside each step that builds an index, the case is tried in which it was cut and left the index invalid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

import psycopg
import pytest

from snapstore.model import Action
from snapstore_postgres.settings import Settings
from tests.postgres import dump
from tests.postgres.roundtrip import State, apply, capture, plan, script

ONLINE = Settings(locking="online")
ROWS = "INSERT INTO {} SELECT i % 20, i, 'v' || i FROM generate_series(0, 99) i;"
PARTITIONED = f"""
CREATE TABLE p (a int, b int, c text) PARTITION BY RANGE (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE TABLE "P'2" PARTITION OF p FOR VALUES FROM (10) TO (20) PARTITION BY LIST (a);
CREATE TABLE p20 PARTITION OF "P'2" FOR VALUES IN (10, 11, 12, 13);
CREATE TABLE p21 PARTITION OF "P'2" DEFAULT;
{ROWS.format("p")}"""
PLAIN = f"CREATE TABLE t (a int, b int, c text); {ROWS.format('t')}"
MATVIEW = "CREATE MATERIALIZED VIEW m AS SELECT DISTINCT a{} FROM t; CREATE UNIQUE INDEX ON m (a)"
EMPTY = """
DO $$ DECLARE t regclass; BEGIN
  FOR t IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') LOOP
    IF EXISTS (SELECT FROM pg_class WHERE oid = t) THEN EXECUTE format('DROP TABLE %s CASCADE', t); END IF;
  END LOOP;
END $$"""
ATTACHED = {
    "by range": "CREATE TABLE p (a int, b text) PARTITION BY RANGE (a, lower(b));"
    "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0, 'a') TO (10, 'z');"
    "CREATE TABLE x (a int, b text); INSERT INTO x VALUES (22, 'o')#"
    "ALTER TABLE p ATTACH PARTITION x FOR VALUES FROM (20, MINVALUE) TO (30, 'x')",
    "by list, beside a default one": "CREATE TABLE p (a text, n int) PARTITION BY LIST (a);"
    "CREATE TABLE d PARTITION OF p DEFAULT; INSERT INTO p VALUES ('d', 1);"
    "CREATE TABLE x (a text, n int); INSERT INTO x VALUES ('%', 1), (NULL, 2)#"
    "ALTER TABLE p ATTACH PARTITION x FOR VALUES IN ('%', 'it''s', NULL)",
    "by hash": "CREATE TABLE p (a int, n int) PARTITION BY HASH (a);"
    "CREATE TABLE x (a int, n int); CREATE TABLE y PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 1);"
    "CREATE TABLE z PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
    "INSERT INTO p SELECT i, i FROM generate_series(1, 9) i; INSERT INTO x TABLE z; DROP TABLE z#"
    "ALTER TABLE p ATTACH PARTITION x FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
    "at the second level, with partitions and beside a default one that has some": ""
    "CREATE TABLE p (a int, b int) PARTITION BY RANGE (a);"
    "CREATE TABLE q PARTITION OF p FOR VALUES FROM (0) TO (9) PARTITION BY LIST (b);"
    "CREATE TABLE d PARTITION OF q DEFAULT PARTITION BY LIST (a); CREATE TABLE d1 PARTITION OF d DEFAULT;"
    "INSERT INTO p VALUES (1, 1); CREATE TABLE x (a int, b int) PARTITION BY LIST (a);"
    "CREATE TABLE x1 PARTITION OF x DEFAULT; INSERT INTO x VALUES (2, 2)#"
    "ALTER TABLE q ATTACH PARTITION x FOR VALUES IN (2)",
}
CASES = {
    "an index comes": (PLAIN, "CREATE INDEX i ON t (b)"),
    "an index on a function that was made stable changes": (
        "CREATE OR REPLACE FUNCTION f(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN -$1; END';"
        + PLAIN
        + "CREATE INDEX i ON t (f(b)); ALTER FUNCTION f(int) STABLE",
        "ALTER FUNCTION f(int) IMMUTABLE; DROP INDEX i; CREATE INDEX i ON t (f(b), c);"
        "ALTER FUNCTION f(int) STABLE",
    ),
    "an index changes": (PLAIN + "CREATE INDEX i ON t (b)", "DROP INDEX i; CREATE INDEX i ON t (c, b)"),
    "a key comes": (PLAIN, "ALTER TABLE t ADD CONSTRAINT k UNIQUE (b)"),
    "keys over periods come": (
        "CREATE TABLE t (a int4range, at daterange); INSERT INTO t VALUES ('[1,2)', '[2024-01-01,)')",
        "ALTER TABLE t ADD PRIMARY KEY (a, at WITHOUT OVERLAPS), ADD UNIQUE (at, a WITHOUT OVERLAPS)",
    ),
    "checks come": (PLAIN, "ALTER TABLE t ADD CHECK (a >= 0), ALTER b SET NOT NULL, ADD UNIQUE (b)"),
    "a materialized view changes": (
        PLAIN + MATVIEW.format(""),
        "DROP MATERIALIZED VIEW m; " + MATVIEW.format(", 1 AS one"),
    ),
    "a partition goes": (PARTITIONED, 'ALTER TABLE p DETACH PARTITION "P\'2"'),
    "an index of a partitioned table comes": (PARTITIONED, "CREATE INDEX i ON p (b)"),
    "one changes": (PARTITIONED + "CREATE INDEX i ON p (b)", "DROP INDEX i; CREATE INDEX i ON p (b DESC)"),
    "one changes its names below": (
        PARTITIONED + "CREATE INDEX i ON p (b); CREATE INDEX j ON p1 (c)",
        "DROP INDEX i, j; CREATE INDEX i ON p (c)",
    ),
    "a key of a partitioned table comes": (PARTITIONED, "ALTER TABLE p ADD UNIQUE (a, b)"),
    "a foreign key of one comes": (
        f"CREATE TABLE k (b int PRIMARY KEY); INSERT INTO k SELECT generate_series(0, 99); {PARTITIONED}",
        "ALTER TABLE p ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES k ON DELETE CASCADE",
    ),
    "a primary key of one changes": (
        PARTITIONED + "ALTER TABLE p ADD PRIMARY KEY (a, b)",
        "ALTER TABLE p DROP CONSTRAINT p_pkey, ADD PRIMARY KEY (b, a)",
    ),
    **{f"a partition comes {how}": tuple(text.split("#")) for how, text in ATTACHED.items()},
}


def pieces(actions: Sequence[Action]) -> list[list[Action]]:
    """The steps, and the transaction as one of them."""
    found: list[list[Action]] = []
    for together, group in groupby(actions, key=lambda action: action.transactional):
        piece = list(group)
        found += [piece] if together else [[action] for action in piece]
    return found


def ends(actions: Sequence[Action]) -> Iterator[tuple[list[Action], str]]:
    """What had run when a restore ended, and the index that its last step left invalid, or ''."""
    done: list[Action] = []
    for piece in pieces(actions):
        done = [*done, *piece]
        yield list(done), ""
        if "builds" in piece[0].payload:
            yield list(done), piece[0].payload["builds"]


def invalidate(url: str, index: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass", [index])


def made(url: str, *texts: str) -> State:
    with psycopg.connect(url, autocommit=True) as connection:
        for text in texts:
            connection.execute(text.encode())
    return capture(url)


def led(url: str, target: State, wanted: object, told: str) -> None:
    """Bring the database there, online, and compare."""
    actions = plan(capture(url), target, settings=ONLINE)
    apply(url, actions)
    difference = dump.difference(dump.schema(url), wanted)
    assert not difference, f"{told}\nthen\n{script(actions)}\n{difference}"
    assert not plan(capture(url), target, settings=ONLINE), told


@pytest.mark.parametrize("forth", [True, False], ids=["forth", "back"])
@pytest.mark.parametrize(("old", "change"), CASES.values(), ids=CASES)
def test_from_between_any_two_steps_it_goes_on_and_back(
    new_database: Callable[..., str], old: str, change: str, forth: bool
) -> None:
    one, other = new_database(), new_database()
    sides = made(one, old), made(other, old, change)
    schemas = dump.schema(one), dump.schema(other)
    here, there = (0, 1) if forth else (1, 0)
    texts = [old, change][: here + 1]
    actions = plan(sides[here], sides[there], settings=ONLINE)
    url = new_database()
    for goal in (there, here):
        for done, invalid in ends(actions):
            made(url, EMPTY, *texts)
            apply(url, done)
            if invalid:
                invalidate(url, invalid)
            told = f"{script(done)}\n{invalid and f'-- {invalid} is invalid'}"
            led(url, sides[goal], schemas[goal], told)


def test_partitions_that_have_swapped_names_are_checked_by_those_that_they_get_back(
    new_database: Callable[..., str],
) -> None:
    url = new_database()
    before = made(
        url,
        "CREATE TABLE t (id int) PARTITION BY LIST (id); CREATE TABLE p PARTITION OF t FOR VALUES IN (1)",
        "CREATE TABLE d PARTITION OF t DEFAULT; INSERT INTO t VALUES (1), (2)",
    )
    wanted, swapped = dump.schema(url), "ALTER TABLE p RENAME TO q; ALTER TABLE d RENAME TO p"
    made(url, f"ALTER TABLE t DETACH PARTITION p; {swapped}; ALTER TABLE q RENAME TO d")
    led(url, before, wanted, "detached, and renamed")


def test_a_default_partition_and_a_label_that_get_other_names_are_looked_at_by_these(
    new_database: Callable[..., str],
) -> None:
    url = new_database()
    before = made(
        url,
        "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (e e) PARTITION BY LIST (e)",
        "CREATE VIEW v AS SELECT 1",
        "CREATE TABLE p PARTITION OF t FOR VALUES IN ('a'); CREATE TABLE d PARTITION OF t DEFAULT",
    )
    wanted = dump.schema(url)
    swapped = "ALTER TABLE d RENAME TO x; ALTER VIEW v RENAME TO d; ALTER TABLE x RENAME TO v"
    for renamed in (swapped, "ALTER TYPE e RENAME VALUE 'a' TO 'c'"):
        made(url, f"ALTER TABLE t DETACH PARTITION p; {renamed}")
        led(url, before, wanted, renamed)


@pytest.mark.parametrize("text", ATTACHED.values(), ids=ATTACHED)
def test_a_table_is_attached_without_being_read_under_a_strong_lock(
    new_database: Callable[..., str], text: str
) -> None:
    one, other = new_database(), new_database()
    old, change = text.split("#")
    live, target = made(one, old), made(other, old, change)
    actions = plan(live, target, settings=ONLINE)
    apply(one, [action for action in actions if not action.transactional])
    told: list[str] = []
    with psycopg.connect(one) as connection:
        connection.add_notice_handler(lambda said: told.append(said.message_primary or ""))
        connection.execute("SET client_min_messages = debug1")
        for statement in (s for a in actions if a.transactional for s in a.statements):
            connection.execute(statement.encode())
    implied = [line for line in told if "is implied by existing constraints" in line]
    assert len(implied) >= len([a for a in actions if "VALIDATE" in a.statements[0]]), told
    assert not [line for line in told if line.startswith("verifying table")], told
    assert not dump.difference(dump.schema(one), dump.schema(other))
