"""What was renamed is renamed back: nothing is rebuilt, moved or copied, and nothing else is touched."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from snapstore.model import Action
from tests.postgres import dump
from tests.postgres.roundtrip import State, apply, capture, plan

SHOP = """
CREATE SCHEMA other;
CREATE TABLE users (id serial PRIMARY KEY, "Full name" text DEFAULT 'users', age int CHECK (age > 0),
                    twice int GENERATED ALWAYS AS (age * 2) STORED);
CREATE INDEX adults ON users (age) WHERE age > 18;
CREATE TABLE orders (id int PRIMARY KEY, who int NOT NULL REFERENCES users, state text UNIQUE);
CREATE VIEW names AS SELECT u.id, "Full name" AS name, age FROM users u JOIN orders o ON o.who = u.id;
CREATE MATERIALIZED VIEW totals AS SELECT age, count(*) AS n FROM users GROUP BY age;
CREATE UNIQUE INDEX ON totals (age);
CREATE COLLATION totals FROM "C"; CREATE COLLATION users FROM "C";
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY grown_up ON users USING (age > 17);
CREATE FUNCTION oldest() RETURNS int BEGIN ATOMIC SELECT max(age) FROM users; END;
CREATE FUNCTION texts() RETURNS text LANGUAGE sql AS $$SELECT 'public.users'::text$$;
CREATE TRIGGER same BEFORE UPDATE OF age ON users FOR EACH ROW WHEN (OLD.age > 2)
  EXECUTE FUNCTION suppress_redundant_updates_trigger('public.users');
CREATE STATISTICS pair ON id, age FROM users;
COMMENT ON TABLE users IS 'public.users'; COMMENT ON COLUMN users.age IS 'in years';
GRANT SELECT (age) ON users TO pg_monitor; GRANT INSERT ON users TO pg_monitor;
INSERT INTO users ("Full name", age) VALUES ('Ada', 36), ('Ben', 20);
INSERT INTO orders VALUES (1, 1, 'new');
REFRESH MATERIALIZED VIEW totals;
"""

RENAMED = {
    "table": "ALTER TABLE users RENAME TO people",
    "table to another schema": "ALTER TABLE users SET SCHEMA other; ALTER TABLE other.users RENAME TO people",
    "column": "ALTER TABLE users RENAME age TO years",
    "table and column": 'ALTER TABLE users RENAME TO people; ALTER TABLE people RENAME "Full name" TO name',
    "index": "ALTER INDEX adults RENAME TO grown",
    "constraints": """ALTER TABLE users RENAME CONSTRAINT users_pkey TO pk;
                      ALTER TABLE orders RENAME CONSTRAINT orders_who_fkey TO customer;
                      ALTER TABLE orders RENAME CONSTRAINT orders_state_key TO only_once""",
    "materialized view": "ALTER MATERIALIZED VIEW totals RENAME TO sums",
    "two tables": "ALTER TABLE users RENAME TO people; ALTER TABLE orders RENAME TO users",
}

KEPT = """SELECT o.relfilenode, o.relkind FROM pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace
           WHERE n.nspname IN ('public', 'other') AND o.relfilenode <> 0 ORDER BY 1"""
REWRITTEN_ALWAYS = ("comment", "VIEW")


def files(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(KEPT).fetchall()


def run(url: str, sql: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.encode())


def go(url: str, target: State) -> list[Action]:
    actions = plan(capture(url), target)
    apply(url, actions)
    assert capture(url).facts == target.facts
    return actions


@pytest.mark.parametrize("deploy", RENAMED)
def test_what_was_renamed_stays_where_it_is(new_database: Callable[[], str], deploy: str):
    url = new_database()
    run(url, SHOP)
    good, before, stored = capture(url), dump.schema(url), files(url)
    run(url, RENAMED[deploy])
    bad, after = capture(url), dump.schema(url)
    back = go(url, good)
    assert dump.schema(url) == before
    go(url, bad)
    assert dump.schema(url) == after
    if deploy != "two tables":
        assert files(url) == stored
        verbs = {statement.split()[0] for action in back for statement in action.statements}
        assert verbs <= {"ALTER", "CREATE", "DROP"}
        assert any(" RENAME " in s or "SET SCHEMA" in s for action in back for s in action.statements)


def test_other_changes_come_on_top(new_database: Callable[[], str]):
    url = new_database()
    run(url, SHOP)
    good = capture(url)
    run(url, "ALTER TABLE users RENAME TO people; ALTER TABLE people RENAME age TO years")
    run(url, "ALTER TABLE people ALTER years SET DEFAULT 5, ADD COLUMN extra text; DROP INDEX adults")
    go(url, good)
    with psycopg.connect(url) as connection:
        found = connection.execute('SELECT "Full name", age FROM users ORDER BY 1').fetchall()
    assert found == [("Ada", 36), ("Ben", 20)]


def test_a_column_dropped_and_one_added_are_not_one_renamed(new_database: Callable[[], str]):
    url = new_database()
    run(url, "CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 2)")
    good = capture(url)
    run(url, "ALTER TABLE t DROP a; ALTER TABLE t ADD b int; UPDATE t SET b = 3")
    actions = go(url, good)
    assert not any("RENAME" in statement for action in actions for statement in action.statements)


def test_another_table_of_the_old_name_is_not_overwritten(new_database: Callable[[], str]):
    url = new_database()
    run(url, "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)")
    good = capture(url)
    run(
        url,
        "ALTER TABLE t RENAME TO t_old; CREATE TABLE t (id int PRIMARY KEY, b int); INSERT INTO t VALUES (7)",
    )
    bad = capture(url)
    go(url, good)
    go(url, bad)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT id FROM t_old UNION ALL SELECT id FROM t").fetchall() == [
            (1,),
            (7,),
        ]


def test_the_same_ids_in_another_database_prove_nothing(new_database: Callable[[], str]):
    one, two = new_database(), new_database()
    run(one, "CREATE TABLE a (id int)")
    run(two, "CREATE TABLE b (id int)")
    assert not any(" RENAME " in s for action in plan(capture(two), capture(one)) for s in action.statements)
