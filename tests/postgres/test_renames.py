"""What was renamed is renamed back: nothing is rebuilt, moved or copied, and nothing else is touched."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from snapstore.model import Action
from tests.postgres import dump
from tests.postgres.conftest import Project
from tests.postgres.roundtrip import State, apply, capture, plan, rows, script

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
CREATE TABLE parts (id int, age int, years int) PARTITION BY LIST (id);
CREATE TABLE part PARTITION OF parts DEFAULT;
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
           WHERE n.nspname !~ '^(pg_|information_schema)' AND o.relfilenode <> 0 ORDER BY 1"""
REWRITTEN_ALWAYS = ("comment", "VIEW")


def files(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(KEPT).fetchall()


def run(url: str, sql: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.encode())


def go(url: str, target: State) -> list[Action]:
    actions = plan(capture(url), target)
    try:
        apply(url, actions)
    except Exception as error:
        error.add_note("the plan was:\n" + script(actions))
        raise
    assert capture(url).facts == target.facts
    return actions


def test_a_table_that_two_were_brought_into_is_called_as_each_was_again(new_database: Callable[[], str]):
    url = new_database()
    run(url, "CREATE TABLE log (id int, what text); INSERT INTO log VALUES (1, 'x')")
    good = capture(url)
    run(url, "ALTER TABLE log RENAME TO log_1; CREATE TABLE log (id int, what text) PARTITION BY LIST (what)")
    run(url, "ALTER TABLE log ATTACH PARTITION log_1 FOR VALUES IN ('x')")
    bad, before, found = capture(url), dump.schema(url), rows(url)
    go(url, good)
    go(url, bad)
    assert not dump.difference(dump.schema(url), before)
    assert rows(url) == found


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


def test_columns_may_have_the_names_of_letters_in_the_catalog(new_database: Callable[[], str]):
    url = new_database()
    run(url, "CREATE TABLE t (u int UNIQUE, c int CHECK (c > 0), s int, a text)")
    run(url, "ALTER TABLE t ADD g int GENERATED ALWAYS AS (s + 1) STORED")
    run(url, "CREATE POLICY own ON t FOR INSERT WITH CHECK (a <> '')")
    good = capture(url)
    run(url, "; ".join(f"ALTER TABLE t RENAME {old} TO {old}_renamed" for old in "ucsa"))
    assert {action.subject.partition(":")[0] for action in go(url, good)} == {"column"}


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


def test_a_default_is_the_label_that_it_was_though_two_have_each_others_names(
    new_database: Callable[[], str],
):
    url = new_database()
    run(url, "CREATE TYPE mood AS ENUM ('sad', 'well'); CREATE TABLE t (m mood DEFAULT 'sad')")
    good, before = capture(url), dump.schema(url)
    run(url, "ALTER TABLE t ALTER m SET DEFAULT 'well'; ALTER TYPE mood RENAME VALUE 'sad' TO 'x'")
    run(url, "ALTER TYPE mood RENAME VALUE 'well' TO 'sad'; ALTER TYPE mood RENAME VALUE 'x' TO 'well'")
    bad, after = capture(url), dump.schema(url)
    go(url, good)
    assert dump.schema(url) == before
    go(url, bad)
    assert dump.schema(url) == after


def test_a_label_that_becomes_text_keeps_its_name_though_two_get_each_others(
    new_database: Callable[[], str],
):
    url = new_database()
    run(url, "CREATE TYPE mood AS ENUM ('sad', 'well', 'x'); CREATE DOMAIN felt AS mood")
    run(url, "CREATE TABLE t (a mood, b mood[], c felt, d varchar(4)); CREATE TABLE left_so (m mood)")
    run(url, "INSERT INTO t VALUES ('sad', '{well,x,NULL}', 'well', 'sad'), (NULL, NULL, 'sad', NULL)")
    run(url, "CREATE TABLE u (a mood, b mood[]) PARTITION BY LIST (b)")
    run(url, "CREATE TABLE u1 PARTITION OF u DEFAULT; INSERT INTO u SELECT a, b FROM t")
    good, before, texts = capture(url), dump.schema(url), rows(url)
    run(url, "ALTER TABLE t ALTER a TYPE text, ALTER b TYPE text[], ALTER c TYPE text")
    run(url, "ALTER TABLE t ALTER d TYPE mood USING d::mood; ALTER TYPE mood RENAME VALUE 'sad' TO 'y'")
    run(url, "ALTER TYPE mood RENAME VALUE 'well' TO 'sad'; ALTER TYPE mood RENAME VALUE 'x' TO 'well'")
    run(url, "UPDATE t SET d = 'sad' WHERE d = 'y'; DROP TABLE u; CREATE TABLE u AS SELECT a, b FROM t")
    bad, after, moods = capture(url), dump.schema(url), rows(url)
    for state, schema, found in ((good, before, texts), (bad, after, moods)):
        go(url, state)
        assert dump.schema(url) == schema
        assert rows(url) == found


def test_a_type_stays_that_is_called_as_an_index_of_a_table_that_moves(new_database: Callable[[], str]):
    url = new_database()
    run(url, "CREATE SCHEMA s; CREATE TYPE i AS ENUM ('a'); CREATE DOMAIN k AS text")
    run(url, "CREATE TABLE t (e i, d k CONSTRAINT k PRIMARY KEY); CREATE INDEX i ON t (e)")
    run(url, "CREATE FUNCTION f(r t, e i) RETURNS k LANGUAGE sql RETURN 'a'; COMMENT ON INDEX i IS 'index'")
    states, schemas, stored = [capture(url)], [dump.schema(url)], files(url)
    run(url, "ALTER TABLE t SET SCHEMA s")
    states, schemas = [*states, capture(url)], [*schemas, dump.schema(url)]
    for number in (0, 1):
        go(url, states[number])
        assert dump.schema(url) == schemas[number]
        assert files(url) == stored


def test_a_check_may_be_called_as_a_type_or_a_table_is(new_database: Callable[[], str]):
    url = new_database()
    run(url, "CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE o (id int PRIMARY KEY)")
    run(url, "CREATE TABLE t (n int CONSTRAINT mood CHECK (n > 0) CONSTRAINT o REFERENCES o)")
    good = capture(url)
    run(url, "ALTER TABLE t RENAME CONSTRAINT mood TO c; ALTER TABLE t RENAME CONSTRAINT o TO f")
    done = script(go(url, good))
    assert "RENAME CONSTRAINT c TO mood;" in done and "RENAME CONSTRAINT f TO o;" in done


COPIED = """
CREATE TABLE c (id bigserial PRIMARY KEY, v text); INSERT INTO c SELECT * FROM t;
SELECT setval('c_id_seq', 7);
DROP TABLE t; ALTER TABLE c RENAME TO t; ALTER INDEX c_pkey RENAME TO t_pkey;
"""


def test_the_sequence_of_a_copy_that_took_a_tables_place_counts_on_under_the_old_name(
    new_database: Callable[[], str],
):
    url = new_database()
    run(url, "CREATE TABLE t (id serial PRIMARY KEY, v text); INSERT INTO t (v) VALUES ('a'), ('b')")
    old = capture(url)
    run(url, COPIED)
    new = capture(url)
    for target, name in ((old, "t_id_seq"), (new, "c_id_seq")):
        done = script(go(url, target))
        assert f"RENAME TO {name};" in done and " SEQUENCE public" in done
        assert "CREATE SEQUENCE" not in done and "DROP SEQUENCE" not in done
    with psycopg.connect(url) as connection:
        assert connection.execute("INSERT INTO t (v) VALUES ('c') RETURNING id").fetchone() == (8,)


def test_a_column_dropped_and_one_added_are_not_one_renamed(new_database: Callable[[], str]):
    url = new_database()
    run(url, "CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 2)")
    good = capture(url)
    run(url, "ALTER TABLE t DROP a; ALTER TABLE t ADD b int; UPDATE t SET b = 3")
    actions = go(url, good)
    assert not any("RENAME" in statement for action in actions for statement in action.statements)


def test_values_find_their_rows_again_though_what_tells_them_was_renamed(new_database: Callable[[], str]):
    url = new_database()
    run(url, "CREATE TABLE t (id int, a int); INSERT INTO t VALUES (1, 2), (1, 3)")
    good = capture(url)
    run(url, "ALTER TABLE t RENAME a TO b; ALTER TABLE t ADD c int; UPDATE t SET c = b + 5")
    run(url, "ALTER TABLE t RENAME TO u")
    bad, before = capture(url), rows(url)
    go(url, good)
    go(url, bad)
    assert rows(url) == before


MET = {
    "attributes are columns of typed tables": (
        """CREATE TYPE pair AS (id int, b int); CREATE TABLE t OF pair; INSERT INTO t VALUES (1, 2);
           CREATE VIEW v AS SELECT b FROM t""",
        """ALTER TYPE pair RENAME ATTRIBUTE b TO "B b" CASCADE""",
    ),
    "shells of types have the names of a table and of a type": (
        """CREATE SCHEMA s; CREATE TYPE s.mood AS ENUM ('sad'); CREATE TABLE t (m s.mood)""",
        """ALTER SCHEMA s RENAME TO o; ALTER TYPE o.mood RENAME TO "M"; CREATE TYPE o.mood;
           ALTER TABLE t RENAME TO u; CREATE TYPE t; COMMENT ON TYPE t IS 'a shell'""",
    ),
    "an index and a key meet relations where their table goes": (
        """CREATE SCHEMA s; CREATE SCHEMA o; CREATE VIEW o.bar AS SELECT 1; CREATE TABLE o.baz (id int);
           CREATE TABLE o.t (id int CONSTRAINT k UNIQUE, at int); CREATE INDEX i ON o.t (at)""",
        """ALTER TABLE o.t SET SCHEMA s; ALTER INDEX s.i RENAME TO bar; ALTER INDEX s.k RENAME TO baz""",
    ),
    "a key has the name under which something would go": (
        """CREATE SCHEMA s; CREATE SCHEMA o; CREATE TABLE o.t (id int);
           CREATE MATERIALIZED VIEW o.m AS SELECT 1""",
        """ALTER MATERIALIZED VIEW o.m SET SCHEMA s; ALTER MATERIALIZED VIEW s.m RENAME TO n;
           ALTER TABLE o.t ADD CONSTRAINT n UNIQUE (id); CREATE TABLE s.m (id int)""",
    ),
    "the index of a key has a comment": (
        """CREATE TABLE t (a int, CONSTRAINT k UNIQUE (a)); COMMENT ON INDEX k IS 'x'""",
        """ALTER TABLE t RENAME CONSTRAINT k TO l""",
    ),
    "a key of a partition and a column of the table above": (
        """CREATE TABLE p (a int PRIMARY KEY) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p DEFAULT;
           CREATE TABLE o (a int REFERENCES p)""",
        """ALTER TABLE p1 RENAME CONSTRAINT p1_pkey TO k; ALTER TABLE p RENAME a TO b""",
    ),
    "a key of a typed table": (
        """CREATE TYPE pair AS (id int, b int); CREATE TABLE t OF pair (PRIMARY KEY (id))""",
        """ALTER INDEX t_pkey RENAME TO k""",
    ),
    "a wrapper and a publication have a schema's name": (
        """CREATE SCHEMA s; GRANT USAGE ON SCHEMA s TO PUBLIC""",
        """ALTER SCHEMA s RENAME TO n; CREATE FOREIGN DATA WRAPPER n; CREATE PUBLICATION n;
           GRANT USAGE ON FOREIGN DATA WRAPPER n TO PUBLIC""",
    ),
}

MOODS = """
CREATE TYPE mood AS ENUM ('sad', 'well', 'so so'); CREATE DOMAIN felt AS mood;
CREATE TABLE days (felt mood, at int); INSERT INTO days VALUES ('sad', 1), ('well', 2), (NULL, 3);
CREATE TABLE people (id int PRIMARY KEY); INSERT INTO people VALUES (1), (2)
"""
MOODS_OF_MORE = """
ALTER TYPE mood RENAME VALUE 'sad' TO 'it''s low'; ALTER TYPE mood RENAME VALUE 'well' TO 'sad';
ALTER TABLE days ADD n int; UPDATE days SET n = at * 10;
ALTER TABLE people ADD now felt, ADD earlier mood[];
UPDATE people SET now = 'it''s low', earlier = '{sad,so so,NULL}' WHERE id = 1;
CREATE TABLE notes (m mood, many mood[], x text); INSERT INTO notes VALUES ('sad', '{it''s low}', 'sad');
CREATE PUBLICATION every FOR ALL TABLES
"""


ROWS = """
CREATE TYPE mood AS ENUM ('sad', 'well'); CREATE TYPE part AS (x int, m mood, ms mood[]);
CREATE TYPE addr AS (street text, "a'b" text, one part, many part[]); CREATE DOMAIN home AS addr;
CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)
"""
RENAMED_INSIDE = """
ALTER TYPE mood RENAME VALUE 'sad' TO 'it''s low'; ALTER TYPE part RENAME ATTRIBUTE x TO "y""z";
ALTER TYPE addr RENAME ATTRIBUTE street TO was; ALTER TYPE addr RENAME ATTRIBUTE "a'b" TO street;
ALTER TABLE t ADD c addr, ADD cs addr[], ADD h home;
UPDATE t SET c = ROW('s', NULL, ROW(4, 'it''s low', '{it''s low,NULL}'),
  ARRAY[ROW(5, 'well', '{}')::part, NULL]);
UPDATE t SET cs = ARRAY[c, NULL], h = c WHERE id = 1
"""


@pytest.mark.parametrize(
    ("before", "deploy", "rename"),
    [
        (MOODS, MOODS_OF_MORE, "ALTER TYPE mood RENAME VALUE 'so so' TO 'fine'"),
        (ROWS, RENAMED_INSIDE, 'ALTER TYPE part RENAME ATTRIBUTE ms TO "all"'),
    ],
    ids=["labels", "attributes"],
)
def test_values_in_the_archive_have_the_names_of_by_now(
    new_database: Callable[[], str], before: str, deploy: str, rename: str
):
    url = new_database()
    run(url, before)
    good = capture(url)
    run(url, deploy)
    bad, found = capture(url), rows(url)
    go(url, good)
    go(url, bad)
    assert rows(url) == found
    go(url, good)
    run(url, rename)  # while values lie there
    go(url, bad)
    assert rows(url) == found
    with psycopg.connect(url) as connection:
        left = connection.execute("SELECT place FROM snapstore_archive.entries WHERE returned_at IS NULL")
        assert {place for (place,) in left if not place.startswith("lineage")} == set()


@pytest.mark.parametrize("name", MET)
def test_names_that_meet_are_told_apart(new_database: Callable[[], str], name: str):
    url, (start, change) = new_database(), MET[name]
    run(url, start)
    good, before = capture(url), dump.schema(url)
    run(url, change)
    bad, after = capture(url), dump.schema(url)
    for state, schema in ((good, before), (bad, after), (good, before)):
        go(url, state)
        assert dump.schema(url) == schema


SWAPPED = {
    "a table": """CREATE TABLE users (id int PRIMARY KEY, mail text NOT NULL);
                  INSERT INTO users VALUES (7, 'x')""",
    "an empty table": "CREATE TABLE users (id int PRIMARY KEY, age text)",
    "a view": "CREATE VIEW users AS SELECT * FROM old",
    "a materialized view": """CREATE MATERIALIZED VIEW users AS SELECT * FROM old;
                              CREATE INDEX new ON users (age)""",
    "a partitioned table": """CREATE TABLE users (id int) PARTITION BY RANGE (id);
                              CREATE TABLE users_1 PARTITION OF users DEFAULT;
                              INSERT INTO users VALUES (7)""",
    "a table with what stands on it": """CREATE TABLE users (LIKE old INCLUDING ALL);
                              INSERT INTO users ("Full name", age) VALUES ('Cy', 7);
                              CREATE TABLE more (who int REFERENCES users);
                              CREATE VIEW young AS SELECT * FROM users WHERE age < 9;
                              CREATE FUNCTION f(users) RETURNS int LANGUAGE sql AS 'SELECT 1'""",
}


@pytest.mark.parametrize("new", SWAPPED)
def test_what_took_the_old_name_makes_way_for_what_had_it(new_database: Callable[[], str], new: str):
    url = new_database()
    run(url, SHOP)
    good, before, old = capture(url), dump.schema(url), rows(url)
    run(url, f"ALTER TABLE users RENAME TO old; {SWAPPED[new]}")
    bad, after, now = capture(url), dump.schema(url), rows(url)
    for _ in range(2):
        back = go(url, good)
        assert dump.schema(url) == before
        assert rows(url) == old
        assert "rename table public.old to users" in [action.summary for action in back]
        go(url, bad)
        assert dump.schema(url) == after
        assert rows(url) == now


def test_a_schema_that_was_renamed_leaves_its_tables_where_they_lie(new_database: Callable[[], str]):
    url = new_database()
    run(url, SHOP.replace("CREATE SCHEMA other;", "CREATE SCHEMA shop; SET search_path = shop, public;"))
    good, before, old = capture(url), dump.schema(url), rows(url)
    run(url, "ALTER SCHEMA shop RENAME TO legacy; CREATE SCHEMA shop; CREATE TABLE shop.users (a int)")
    bad, after, now = capture(url), dump.schema(url), rows(url)
    go(url, good)
    assert dump.schema(url) == before
    assert rows(url) == old
    go(url, bad)
    assert dump.schema(url) == after
    assert rows(url) == now


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


# -- without evidence --------------------------------------------------------------------------------------

THEN = """CREATE TABLE users (id int PRIMARY KEY, mail text, age int); CREATE INDEX by_mail ON users (mail);
CREATE TABLE tags (id int PRIMARY KEY, label text); CREATE TYPE mood AS ENUM ('sad', 'well')"""
NOW = """CREATE TABLE people (id int PRIMARY KEY, mail text, age int, extra int);
INSERT INTO people VALUES (1, 'ada@x', 36); CREATE INDEX by_mail ON people (mail);
CREATE TABLE tags (id int PRIMARY KEY, "a=b" text); INSERT INTO tags VALUES (1, 'kept');
CREATE TYPE mood AS ENUM ('low', 'well'); ALTER TABLE tags ADD mood mood DEFAULT 'low'"""
SAID = (
    "--rename",
    "table:public.people=public.users",
    "--rename",
    'column:public.tags."a=b"=public.tags.label',
    "--rename",
    "label:public.mood.low=public.mood.sad",
)


@pytest.fixture
def elsewhere(project: Project, new_database: Callable[[], str]) -> Project:
    """A project whose snapshot is of another database than the one that is live."""
    project.sql(THEN)
    project.snap("take", "-m", "then", code=0)
    moved = Project(project.snap, new_database())
    project.snap.env["DATABASE_URL"] = moved.url
    moved.sql(NOW)
    return moved


def test_what_looks_renamed_is_said_with_how_to_settle_it(elsewhere: Project):
    shown = elsewhere.snap("plan", "HEAD", "--format", "json", code=0).json
    summaries = "\n".join(action["summary"] for action in shown["actions"])
    assert summaries.count("(--rename table:public.people=public.users if these are one)") == 2
    assert summaries.count('(--rename column:public.tags."a=b"=public.tags.label if these are one)') == 2


def test_the_operator_says_what_was_renamed(elsewhere: Project):
    before = elsewhere.sql("SELECT 'users'::text, max(relfilenode) FROM pg_class WHERE relname = 'people'")
    elsewhere.snap("restore", "HEAD", "--yes", *SAID, code=0)
    assert elsewhere.sql("SELECT id, mail, age FROM users") == [(1, "ada@x", 36)]
    assert elsewhere.sql("SELECT label FROM tags") == [("kept",)]
    assert elsewhere.sql("SELECT relname::text, relfilenode FROM pg_class WHERE relname = 'users'") == before
    elsewhere.snap("undo", "--yes", code=0)
    assert elsewhere.sql('SELECT p.mail, t."a=b" FROM people p JOIN tags t USING (id)') == [("ada@x", "kept")]


def test_the_same_name_twice_says_that_nothing_was_renamed(project: Project):
    project.sql("CREATE TABLE users (id int PRIMARY KEY); INSERT INTO users VALUES (1)")
    project.snap("take", "-m", "then", code=0)
    project.sql("ALTER TABLE users RENAME TO old; CREATE TABLE users (LIKE old INCLUDING ALL)")
    project.sql("INSERT INTO users VALUES (2)")
    words = project.snap("plan", "HEAD", code=0).stdout
    assert "--rename table:public.users=public.users" in " ".join(words.split())
    project.snap("restore", "HEAD", "--yes", "--rename", "table:public.users=public.users", code=0)
    assert project.sql("SELECT id FROM users") == [(2,)]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("table:public.peopel=public.users", "did you mean table:public.people?"),
        ("table:public.people=public.user", "did you mean table:public.users?"),
        ("cast:a=b", "cast:a is nothing that can be renamed"),
        ("people=users", "names no renaming"),
        ("table:public.people=", "names no renaming"),
        ("label:public.mood.lwo=public.mood.sad", "did you mean label:public.mood.low?"),
    ],
)
def test_a_renaming_of_nothing_is_refused_before_anything_changes(
    elsewhere: Project, words: str, message: str
):
    done = elsewhere.snap("restore", "HEAD", "--yes", "--rename", words, code=1)
    assert message in " ".join(done.stderr.split())
    assert elsewhere.sql("SELECT count(*) FROM people") == [(1,)]


def test_what_left_its_schema_goes_back_beside_types_of_arrays_of_its_name(new_database: Callable[[], str]):
    url = new_database()
    run(
        url,
        "CREATE SCHEMA o; CREATE TABLE _t (a int); INSERT INTO _t VALUES (1); CREATE TYPE m AS ENUM ('x')",
    )
    good, before, held = capture(url), dump.schema(url), rows(url)
    run(url, "ALTER TABLE _t SET SCHEMA o; ALTER TYPE m SET SCHEMA o; ALTER TYPE o.m RENAME TO n")
    run(url, "CREATE TABLE t (b int); CREATE TYPE _m AS ENUM ('y')")
    actions = go(url, good)
    assert not dump.difference(dump.schema(url), before)
    assert rows(url) == held
    assert any("SET SCHEMA public" in text for action in actions for text in action.statements)
