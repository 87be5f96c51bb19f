"""Rows that the target does not allow are told, with their number and places, before anything is changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import pytest

from snapstore.errors import SnapError
from snapstore.model import DataMode
from snapstore_postgres.settings import Settings
from tests.postgres import dump
from tests.postgres.conftest import Project
from tests.postgres.roundtrip import apply, capture, plan, proven
from tests.postgres.test_renames import run


class Case(NamedTuple):
    """What was there and is to be again, what a deploy made of it, rows, what is told, what repairs that, and
    how it is restored."""

    old: str
    new: str
    rows: str
    told: str
    repair: str
    locking: Literal["online", "atomic"] = "atomic"


PLAIN = "CREATE TABLE t (id int PRIMARY KEY, n int, v text);"
TREE = """CREATE TABLE t (id int, n int, v text) PARTITION BY LIST (id);
  CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1, 3); CREATE TABLE t2 PARTITION OF t DEFAULT;"""
THREE = "INSERT INTO t VALUES (1, 1, 'a'), (2, NULL, 'a'), (3, 3, NULL);"
CASES = {
    "a check": Case(
        f"{PLAIN} ALTER TABLE t ADD CONSTRAINT c CHECK (n < 3 AND v LIKE '%a%')",
        "ALTER TABLE t DROP CONSTRAINT c",
        THREE,
        "1 rows of public.t do not fit c: id = 3",
        "DELETE FROM t WHERE id = 3",
        "online",
    ),
    "a check of a column that comes back empty": Case(
        f"{PLAIN} ALTER TABLE t ADD CONSTRAINT c CHECK ((n > 1) = (v IS NOT NULL))",
        "ALTER TABLE t DROP v",
        "INSERT INTO t VALUES (1, 1), (2, 2), (3, NULL)",
        "1 rows of public.t do not fit c: id = 2",
        "DELETE FROM t WHERE id = 2",
    ),
    "a check that becomes valid": Case(
        f"{PLAIN} ALTER TABLE t ADD CONSTRAINT c CHECK (n < 3)",
        "ALTER TABLE t DROP CONSTRAINT c; INSERT INTO t VALUES (4, 4);"
        " ALTER TABLE t ADD CONSTRAINT c CHECK (n < 3) NOT VALID",
        "",
        "1 rows of public.t do not fit c: id = 4",
        "DELETE FROM t",
    ),
    "a foreign key": Case(
        f"CREATE TABLE o (id bigint PRIMARY KEY); {PLAIN}"
        " ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (n) REFERENCES o",
        "ALTER TABLE t DROP CONSTRAINT f",
        f"INSERT INTO o VALUES (1); {THREE}",
        "1 rows of public.t do not fit f: id = 3 — what they refer to is not in public.o",
        "INSERT INTO o VALUES (3)",
        "online",
    ),
    "a foreign key of all or nothing": Case(
        f'CREATE TABLE o (id int, "v%" text, PRIMARY KEY (id, "v%")); {PLAIN}'
        ' ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (n, v) REFERENCES o (id, "v%") MATCH FULL',
        "ALTER TABLE t DROP CONSTRAINT f",
        f"INSERT INTO o VALUES (1, 'a'); {THREE}",
        "2 rows of public.t do not fit f: id = 2, 3",
        "DELETE FROM t WHERE id > 1",
    ),
    "another primary key": Case(
        "CREATE TABLE t (id int, n int, v text PRIMARY KEY)",
        "ALTER TABLE t DROP CONSTRAINT t_pkey; ALTER TABLE t ALTER v DROP NOT NULL, ADD PRIMARY KEY (id)",
        THREE,
        "1 rows of public.t do not fit, in v: id = 3",
        "UPDATE t SET v = 'b' || id",
        "online",
    ),
    "another unique key, under other names": Case(
        "CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY, n int, v text, CONSTRAINT k UNIQUE (v))",
        "ALTER TABLE s.t DROP CONSTRAINT k; ALTER TABLE s.t ADD CONSTRAINT k UNIQUE (n);"
        ' ALTER TABLE s.t RENAME v TO "V%"; ALTER TABLE s.t RENAME id TO no;'
        " ALTER TABLE s.t SET SCHEMA public",
        THREE,
        "2 rows of public.t do not fit k: no = 1, 2",
        "DELETE FROM t WHERE no = 1",
    ),
    "a key of values that get another type": Case(
        "CREATE TABLE t (id int, n text UNIQUE, v int NOT NULL)",
        "ALTER TABLE t DROP CONSTRAINT t_n_key, ALTER v DROP NOT NULL, ALTER v TYPE bigint",
        "INSERT INTO t VALUES (1, 'a', 1), (2, 'a', NULL)",
        "1 rows of public.t do not fit, in v: ctid = (0,2)",
        "UPDATE t SET v = id, n = id",
    ),
    "an index of a partitioned table": Case(
        f"{TREE} CREATE UNIQUE INDEX i ON t (id, lower(v)) WHERE n > 0",
        "DROP INDEX i",
        f"{THREE} INSERT INTO t VALUES (1, 2, 'A'), (3, 3, NULL)",
        "2 rows of public.t do not fit i: place = public.t1 (0,1), public.t1 (0,3)",
        "DELETE FROM t WHERE n = 2",
        "online",
    ),
    "NOT NULL of a partitioned table": Case(
        f"{TREE} ALTER TABLE t ALTER v SET NOT NULL",
        "ALTER TABLE t ALTER v DROP NOT NULL",
        THREE,
        "1 rows of public.t do not fit, in v: place = public.t1 (0,2)",
        "DELETE FROM t WHERE v IS NULL",
        "online",
    ),
    "a type of a partitioned table": Case(
        TREE.replace("v text", "v varchar(2)"),
        "ALTER TABLE t ALTER v TYPE text",
        f"{THREE} INSERT INTO t VALUES (4, 4, 'long')",
        "1 rows of public.t do not fit, in v: place = public.t2 (0,2)",
        "DELETE FROM t WHERE id = 4",
    ),
    "a type, under other names": Case(
        "CREATE TABLE t (id int PRIMARY KEY, n int, v numeric(4, 1))",
        'ALTER TABLE t ALTER v TYPE numeric; ALTER TABLE t RENAME v TO "V%"; ALTER TABLE t RENAME TO u',
        "INSERT INTO u VALUES (1, 1, 1.5), (2, 1, 1.25)",
        '1 rows of public.u do not fit, in "V%": id = 2',
        "DELETE FROM u WHERE id = 2",
    ),
    "labels of an enum that is gone": Case(
        "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (id int PRIMARY KEY, v e, w e[])",
        "ALTER TABLE t ALTER v TYPE text, ALTER w TYPE text[] USING w::text[]; DROP TYPE e",
        "INSERT INTO t VALUES (1, 'a', '{{a},{b}}'), (2, 'c', '{}'), (3, NULL, '{{a},{c}}')",
        "1 rows of public.t do not fit, in w: id = 3 — they do not fit the type public.e[]",
        "DELETE FROM t WHERE id > 1",
    ),
    "a check of a domain": Case(
        "CREATE DOMAIN d AS text CONSTRAINT c CHECK (VALUE <> ''); CREATE DOMAIN dd AS d;"
        "CREATE TABLE t (id int PRIMARY KEY, v dd, w d)",
        "ALTER DOMAIN d DROP CONSTRAINT c",
        "INSERT INTO t VALUES (1, 'a', 'b'), (2, '', NULL)",
        "1 rows of public.t do not fit, in v: id = 2",
        "DELETE FROM t WHERE id = 2",
    ),
    "NOT NULL of a domain": Case(
        "CREATE DOMAIN d AS text NOT NULL; CREATE TABLE t (id int PRIMARY KEY, v d)",
        "ALTER DOMAIN d DROP NOT NULL",
        "INSERT INTO t VALUES (1, 'a'), (2, NULL)",
        "1 rows of public.t do not fit, in v: id = 2",
        "DELETE FROM t WHERE id = 2",
    ),
    "a foreign key of types of one's own": Case(
        "CREATE EXTENSION citext; CREATE TYPE e AS ENUM ('x', 'y');"
        " CREATE TABLE o (c citext, e e, UNIQUE (c, e)); CREATE TABLE t (id int PRIMARY KEY, e e, c citext,"
        " CONSTRAINT f FOREIGN KEY (c, e) REFERENCES o (c, e))",
        "ALTER TABLE t DROP CONSTRAINT f",
        "INSERT INTO o VALUES ('a%', 'x');"
        " INSERT INTO t VALUES (1, 'x', 'A%'), (2, 'y', 'a%'), (3, 'y', NULL)",
        "1 rows of public.t do not fit f: id = 2 — what they refer to is not in public.o",
        "DELETE FROM t WHERE id = 2",
    ),
    "a foreign key to a table that comes back empty": Case(
        f"CREATE TABLE o (id int PRIMARY KEY); {PLAIN}"
        " ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (n) REFERENCES o",
        "DROP TABLE o CASCADE",
        THREE,
        "2 rows of public.t do not fit f: id = 1, 3 — what they refer to is not in public.o, which comes",
        "UPDATE t SET n = NULL",
    ),
    "a column that comes back, and finds too little to refer to": Case(
        "CREATE TABLE o (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL UNIQUE"
        " REFERENCES o)",
        "ALTER TABLE t DROP n",
        "INSERT INTO o VALUES (7); INSERT INTO t VALUES (1), (2)",
        "1 rows of public.t do not fit, in n: id = 2 — nothing can stand in that is in public.o",
        "DELETE FROM t WHERE id = 2",
    ),
    "a column that comes back, with a check that nothing known passes": Case(
        "CREATE TABLE t (id int PRIMARY KEY, n int, m int NOT NULL CHECK (m > n), w text NOT NULL"
        " CONSTRAINT w CHECK (id < 3 OR w ~ '^[A-Z]\\d[A-Z]$'))",
        "ALTER TABLE t DROP m, DROP w",
        "INSERT INTO t VALUES (1, 5), (2, NULL), (3, -7)",
        "1 rows of public.t do not fit, in w: id = 3 — nothing is known to stand in that w allows",
        "DELETE FROM t WHERE id = 3",
    ),
    "a column that comes back, with a check of one partition that nothing known passes": Case(
        "CREATE TABLE t (id int PRIMARY KEY, w text NOT NULL) PARTITION BY LIST (id); CREATE TABLE t1"
        " PARTITION OF t DEFAULT; CREATE TABLE t2 PARTITION OF t FOR VALUES IN (2, 3);"
        " ALTER TABLE t2 ADD CONSTRAINT w CHECK (id < 3 OR w ~ '^[A-Z]\\d[A-Z]$')",
        "ALTER TABLE t DROP w",
        "INSERT INTO t VALUES (1), (2), (3)",
        "1 rows of public.t2 do not fit, in w: id = 3 — nothing is known to stand in that w allows",
        "DELETE FROM t WHERE id = 3",
    ),
    "NOT NULL of what is computed": Case(
        f"{PLAIN} ALTER TABLE t ADD g int NOT NULL GENERATED ALWAYS AS (n + 1) STORED",
        "ALTER TABLE t DROP g",
        THREE,
        "1 rows of public.t do not fit, in g: id = 2 — it may not be NULL, and is computed as that",
        "DELETE FROM t WHERE id = 2",
    ),
    "what excludes others": Case(
        "CREATE TABLE t (id int PRIMARY KEY, at daterange, n int, CONSTRAINT x EXCLUDE USING gist"
        " (daterange(lower(at), upper(at)) WITH &&, int4range(n, n, '[]') WITH =) WHERE (n > 0))",
        "ALTER TABLE t DROP CONSTRAINT x",
        "INSERT INTO t VALUES (1, '[2020-01-01,2020-02-01)', 1), (2, '[2020-01-09,2020-01-10)', 1),"
        " (3, '[2020-01-09,2020-01-10)', 2), (4, '[2020-01-09,2020-01-10)', 0), (5, '[2020-01-09,)', 0)",
        "2 rows of public.t do not fit x: id = 1, 2 — they have a key together that no two rows may have",
        "DELETE FROM t WHERE id = 1",
    ),
    "NOT NULL of a column that is made anew with its type": Case(
        "CREATE TYPE r AS RANGE (subtype = int); CREATE TABLE t (id int PRIMARY KEY, v r NOT NULL)",
        "ALTER TABLE t ALTER v TYPE text, ALTER v DROP NOT NULL; DROP TYPE r;"
        " CREATE TYPE r AS RANGE (subtype = bigint); ALTER TABLE t ALTER v TYPE r USING v::r",
        "INSERT INTO t VALUES (1, '[1,2)'), (2, NULL)",
        "1 rows of public.t do not fit, in v: id = 2 — it may not be NULL",
        "DELETE FROM t WHERE id = 2",
    ),
    "NOT NULL of a domain whose type is made anew": Case(
        "CREATE TYPE e AS ENUM ('a'); CREATE DOMAIN d AS e NOT NULL; CREATE TABLE t (id int, v d)",
        "ALTER DOMAIN d DROP NOT NULL; ALTER TYPE e ADD VALUE 'b'",
        "INSERT INTO t VALUES (1, 'a'), (2, NULL)",
        "1 rows of public.t do not fit, in v: ctid = (0,2) — it may not be NULL, of public.d",
        "DELETE FROM t WHERE id = 2",
    ),
}
ANEW = [case for case in CASES if "made anew" in case]


@pytest.mark.parametrize("case", ANEW)
def test_rows_are_no_reason_to_stop_where_data_is_given_up(
    new_database: Callable[[], str], case: str
) -> None:
    url, (old, new, rows, *_) = new_database(), CASES[case]
    run(url, old)
    good = capture(url)
    run(url, f"{new}; {rows}")
    proven(url, plan(capture(url), good, DataMode.DISCARD), good)


@pytest.mark.parametrize("case", CASES)
def test_rows_in_the_way_are_told_before_anything_is_changed(
    new_database: Callable[[], str], case: str
) -> None:
    url, (old, new, rows, told, repair, locking) = new_database(), CASES[case]
    settings = Settings(url=url, locking=locking)
    run(url, old)
    good = capture(url)
    run(url, f"{new}; {rows}")
    before = dump.schema(url)
    actions = plan(capture(url), good, settings=settings)
    with pytest.raises(SnapError, match="do not fit") as stopped:
        apply(url, actions)
    assert told in stopped.value.what and "check that " in stopped.value.what
    assert dump.schema(url) == before
    run(url, repair)
    proven(url, plan(capture(url), good, settings=settings), good)


COMING_BACK = {
    "labels": (
        "CREATE TYPE e AS ENUM ('a')",
        "CREATE TABLE t (id int PRIMARY KEY, v e[]); INSERT INTO t VALUES (1, '{a}')",
        "ALTER TABLE t RENAME id TO no; ALTER TABLE t RENAME v TO w; ALTER TYPE e ADD VALUE 'b'",
        "INSERT INTO t VALUES (2, '{a,b}')",
        r"do not fit, in w: no = 2 — .* the archive, with labels",
    ),
    "a narrower type": (
        "CREATE TABLE other (id int)",
        "CREATE TABLE t (id int PRIMARY KEY, v varchar(9), w bigint)",
        "ALTER TABLE t RENAME id TO no; ALTER TABLE t ALTER w TYPE text USING w::text, ALTER v TYPE text",
        "INSERT INTO t VALUES (1, 'a', '1'), (2, 'a', 'x'), (3, 'much too long', NULL)",
        r"do not fit, in v: no = 3 — .* character varying\(9\)",
    ),
}


@pytest.mark.parametrize("case", COMING_BACK.values(), ids=COMING_BACK)
def test_values_in_the_archive_are_told_before_they_come_back(
    new_database: Callable[[], str], case: tuple[str, ...]
) -> None:
    *deploys, row, told = case
    url, states = new_database(), []
    for sql in deploys:
        run(url, sql)
        states.append(capture(url))
    run(url, row)
    proven(url, plan(capture(url), states[0]), states[0])
    with pytest.raises(SnapError, match=told) as stopped:
        apply(url, plan(capture(url), states[1]))
    assert "check that " in stopped.value.what
    proven(url, plan(capture(url), states[2]), states[2])


@pytest.mark.parametrize("more", ["", " NOT VALID"])
def test_rows_are_not_looked_at_for_a_key_that_they_have_kept_all_along(
    new_database: Callable[[], str], more: str
) -> None:
    url = new_database()
    key = "ADD FOREIGN KEY (n) REFERENCES t ON DELETE"
    run(url, f"{PLAIN} ALTER TABLE t ADD UNIQUE (v), {key} CASCADE; INSERT INTO t VALUES (1, 1, 'a')")
    good = capture(url)
    run(url, "ALTER TABLE t DROP CONSTRAINT t_n_fkey, DROP CONSTRAINT t_v_key, ADD UNIQUE (v) DEFERRABLE")
    run(url, f"ALTER TABLE t {key} SET NULL (n) DEFERRABLE{more}")
    actions = plan(capture(url), good)
    looks = [action.subject for action in actions if any("RAISE" in text for text in action.statements)]
    assert looks == (["constraint:public.t.t_n_fkey"] if more else [])
    proven(url, actions, good)


def test_rows_that_refer_to_what_may_have_been_renamed_are_told_so(
    new_database: Callable[[], str],
) -> None:
    there, here = new_database(), new_database()
    for url, name in ((there, "o"), (here, "p")):
        run(url, f"CREATE TABLE {name} (id int PRIMARY KEY, v text); {PLAIN}")
        run(url, f"ALTER TABLE t ADD FOREIGN KEY (n) REFERENCES {name}")
    run(here, "INSERT INTO p VALUES (1, 'a'); INSERT INTO t VALUES (1, 1)")
    actions = plan(capture(here), capture(there))
    with pytest.raises(SnapError, match="comes back without rows") as stopped:
        apply(here, actions)
    assert "(--rename table:public.p=public.o if these are one)" in stopped.value.what


def test_rows_that_refer_to_nothing_are_told_whatever_becomes_of_the_type(
    new_database: Callable[[], str],
) -> None:
    told = refused(
        new_database(),
        "CREATE TABLE o (v text PRIMARY KEY);"
        "CREATE TABLE t (id int PRIMARY KEY, v text DEFAULT 'a' REFERENCES o)",
        "ALTER TABLE t DROP CONSTRAINT t_v_fkey, ALTER v DROP DEFAULT; CREATE TYPE e AS ENUM ('a');"
        "ALTER TABLE t ALTER v TYPE e USING v::e, ALTER v SET DEFAULT 'a'; DROP TABLE o;"
        "INSERT INTO t VALUES (1, 'a'), (2, NULL)",
    )
    assert "1 rows of public.t do not fit t_v_fkey: id = 1" in told.what
    assert "what they refer to is not in public.o, which comes back without rows" in told.what


def test_all_rows_in_the_way_are_told_at_once(new_database: Callable[[], str]) -> None:
    told = refused(
        new_database(),
        "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL CHECK (n > 0), v varchar(2) UNIQUE)",
        "ALTER TABLE t ALTER n DROP NOT NULL, ALTER v TYPE text, DROP CONSTRAINT t_n_check;"
        "ALTER TABLE t DROP CONSTRAINT t_v_key;"
        "INSERT INTO t VALUES (1, 0, 'a'), (2, NULL, 'long'), (3, 3, 'a')",
    )
    assert told.what.startswith("rows are in the way\n")
    assert "\n  check that all values fit, before: alter column public.t.v (" in told.what
    assert "type text → character varying(2)) failed: 1 rows" in told.what
    assert "2 rows of public.t do not fit t_v_key: id = 1, 3" in told.what
    assert "1 rows of public.t do not fit, in n: id = 2" in told.what
    assert "1 rows of public.t do not fit t_n_check: id = 1" in told.what
    assert told.fix == "repair or delete those rows, or give up what does not fit with --data discard"


def refused(url: str, old: str, new: str) -> SnapError:
    """What a restore of the old state says."""
    run(url, old)
    good = capture(url)
    run(url, new)
    before, actions = dump.schema(url), plan(capture(url), good)
    with pytest.raises(SnapError, match="do not fit") as stopped:
        apply(url, actions)
    assert dump.schema(url) == before
    return stopped.value


def test_rows_of_a_child_without_a_value_are_told_where_its_parent_gets_the_column(
    new_database: Callable[[], str],
) -> None:
    told = refused(
        new_database(),
        "CREATE TABLE p (y int); CREATE TABLE c (w int) INHERITS (p); ALTER TABLE p ADD w int NOT NULL",
        """DROP TABLE p, c; CREATE TABLE p (y int); CREATE TABLE c (w int) INHERITS (p);
        INSERT INTO c VALUES (1, NULL), (2, 5)""",
    ).what
    assert "1 rows of public.c do not fit, in w: ctid = (0,1) — it may not be NULL" in told


def test_rows_in_the_way_of_temporal_keys_are_told(
    new_database: Callable[[], str], postgres_version: int
) -> None:
    if postgres_version < 18:
        pytest.skip("temporal keys are there since 18")
    told = refused(
        new_database(),
        """CREATE EXTENSION btree_gist;
        CREATE TABLE o (id int, at daterange, CONSTRAINT k PRIMARY KEY (id, at WITHOUT OVERLAPS));
        CREATE TABLE t (no int PRIMARY KEY, id int, at daterange,
          CONSTRAINT f FOREIGN KEY (id, PERIOD at) REFERENCES o (id, PERIOD at))""",
        """ALTER TABLE t DROP CONSTRAINT f; ALTER TABLE o DROP CONSTRAINT k, ADD no int PRIMARY KEY;
        INSERT INTO o VALUES (1, '[2020-01-01,2020-02-01)', 1), (1, '[2020-02-01,2020-03-01)', 2),
          (1, '[2020-02-01,2020-02-03)', 3), (2, 'empty', 4), (2, '[2020-02-01,2020-02-03)', 5);
        INSERT INTO t VALUES (1, 1, '[2020-01-05,2020-02-05)'), (2, 1, '[2020-01-05,2020-03-05)'),
          (3, 3, '[2020-01-05,2020-02-05)'), (4, NULL, '[2020-01-05,2020-02-05)')""",
    ).what
    assert "3 rows of public.o do not fit k: no = 2, 3, 4" in told
    assert "2 rows of public.t do not fit f: no = 2, 3 — what they refer to is not in public.o" in told


def test_a_look_that_takes_too_long_is_given_up_and_said(project: Project) -> None:
    project.configure(url="${DATABASE_URL}", check_timeout=0.1)
    project.sql("CREATE TABLE t (n float CHECK (pg_sleep(n) IS NOT NULL)); INSERT INTO t VALUES (0.2)")
    project.snap("take", "-m", "slow", code=0)
    project.sql("ALTER TABLE t DROP CONSTRAINT t_n_check")
    done = project.snap("restore", "HEAD", "--yes", code=0)
    assert "not all rows of public.t were looked at: those that do not fit t_n_check" in done.stderr
