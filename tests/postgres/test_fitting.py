"""Columns that get a narrower type: no value is cut, rounded or lost without a word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import psycopg
import pytest

from snapstore_postgres.rows.types.fitting import widens
from tests.postgres.conftest import Project
from tests.postgres.roundtrip import capture, restore, rows
from tests.postgres.test_renames import run

OLD = """
CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN d AS bigint;
CREATE TABLE t (id int PRIMARY KEY, v varchar(3), n numeric(8, 2), at date, i int, m mood, ms mood[], d d,
  j jsonb);
"""
NEW = """
ALTER TYPE mood ADD VALUE 'great';
DROP TABLE t; DROP DOMAIN d; CREATE DOMAIN d AS numeric;
CREATE TABLE t (id int PRIMARY KEY, v varchar(9), n numeric(8, 4), at timestamp, i float8, m mood, ms mood[],
  d d, j json);
CREATE TABLE "no 'key%" ("V%" text);
INSERT INTO t SELECT i, 'abc', 1.25, '2026-01-01', 5, 'ok', '{sad,NULL}', 7, '{"b":  1, "a":2}'
  FROM generate_series(1, 30) i;
"""
UNFIT = {
    "v": "'abcd'",
    "n": "1.2345",
    "at": "'2026-01-01 12:00'",
    "i": "1.5",
    "d": "0.5",
}


@pytest.fixture
def narrowed(project: Project) -> Project:
    """A project with a table whose columns are wider than those of the only snapshot."""
    project.sql(OLD)
    project.snap("take", "-m", "narrow", code=0)
    project.sql(NEW)
    return project


def test_values_that_fit_get_the_narrower_type_and_come_back_as_they_were(narrowed: Project) -> None:
    before = narrowed.sql("SELECT id, v, n, at, i, m, ms, d FROM t ORDER BY id")
    narrowed.snap("restore", "HEAD", "--yes", code=0)
    assert narrowed.snap("status").code == 0
    narrowed.snap("undo", "--yes", code=0)
    assert narrowed.sql("SELECT id, v, n, at, i, m, ms, d FROM t ORDER BY id") == before


@pytest.mark.parametrize("column", UNFIT)
@pytest.mark.parametrize("locking", ["online", "atomic"])
def test_rows_that_do_not_fit_are_told_before_anything_is_changed(
    narrowed: Project, column: str, locking: str
) -> None:
    narrowed.sql(f"UPDATE t SET {column} = {UNFIT[column]} WHERE id IN (7, 21)")
    before, rows = narrowed.dump(), narrowed.sql("SELECT t::text FROM t ORDER BY id")
    done = narrowed.snap("restore", "HEAD", "--yes", "--locking", locking, code=1)
    told = " ".join((done.stdout + done.stderr).split())
    assert f"2 rows of public.t do not fit, in {column}: id = 7, 21" in told
    assert "db: unchanged" in told and "abcd" not in done.stderr and "--data discard" in told
    assert narrowed.dump() == before
    assert narrowed.sql("SELECT t::text FROM t ORDER BY id") == rows
    narrowed.snap("restore", "--resume", "--yes", code=1)  # there is nothing to go on with


DISALLOWED = {
    "a key": ('ALTER TABLE "t%" ADD CONSTRAINT "k%" UNIQUE (n) INCLUDE (v)', 'fit "k%": ctid = (0,1), (0,2)'),
    "an index": (
        "CREATE UNIQUE INDEX i ON \"t%\" (lower(v), (v || '%')) WHERE n > 0",
        "fit i: ctid = (0,1), (0,2)",
    ),
    "no value": ('ALTER TABLE "t%" ALTER v SET NOT NULL', "fit, in v: ctid = (0,3), (0,4)"),
}


@pytest.mark.parametrize(("wanted", "told"), DISALLOWED.values(), ids=DISALLOWED)
def test_rows_that_are_in_the_way_are_told_before_anything_is_changed(
    project: Project, wanted: str, told: str
) -> None:
    project.sql(f'CREATE TABLE "t%" (n int, v text); {wanted}')
    project.snap("take", "-m", "strict", code=0)
    project.sql('DROP TABLE "t%"; CREATE TABLE "t%" (n int, v text)')
    project.sql("INSERT INTO \"t%\" VALUES (1, 'a'), (1, 'a'), (NULL, NULL), (NULL, NULL), (2, 'b')")
    before = project.dump()
    done = project.snap("restore", "HEAD", "--yes", code=1)
    said = " ".join((done.stdout + done.stderr).split())
    assert "check that no row is in the way" in said and f'2 rows of public."t%" do not {told}' in said
    assert project.dump() == before


def test_rows_that_only_the_operator_class_of_an_index_tells_apart_are_not_in_its_way(
    project: Project,
) -> None:
    project.sql("CREATE TYPE c AS (n numeric); CREATE TABLE t (v c)")
    project.sql("CREATE UNIQUE INDEX i ON t (v record_image_ops)")
    project.snap("take", "-m", "indexed", code=0)
    project.sql("DROP INDEX i; INSERT INTO t VALUES ('(1.0)'), ('(1.00)')")
    project.snap("restore", "HEAD", "--yes", code=0)


def test_what_does_not_fit_can_be_given_up_by_name(narrowed: Project) -> None:
    narrowed.sql("UPDATE t SET v = 'abcd', n = 1.2345 WHERE id = 7")
    refused = narrowed.snap("restore", "HEAD", "--yes", "--data", "discard", code=3)
    assert "values of public.t.v that do not fit" in refused.stdout + refused.stderr
    narrowed.snap("restore", "HEAD", "--yes", "--data", "discard", "--allow", "data-loss", code=0)
    assert narrowed.sql("SELECT v, n::text FROM t WHERE id = 7") == [("abc", "1.23")]


CONVERTED = {
    "integer": [(1,), (None,), (30,)],
    "mood": [(None,), ("sad",), (None,)],
    "positive": [(1,), (None,), (30,)],
    "integer[]": [(None,), (None,), (None,)],
}


@pytest.mark.parametrize("kind", CONVERTED)
def test_where_data_is_given_up_values_that_become_none_are_empty(project: Project, kind: str) -> None:
    project.sql("CREATE TYPE mood AS ENUM ('sad'); CREATE DOMAIN positive AS int CHECK (VALUE > 0)")
    project.sql(f"CREATE TABLE t (id int PRIMARY KEY, v {kind}); CREATE VIEW w AS SELECT v FROM t")
    project.snap("take", "-m", "converted", code=0)
    wanted = project.dump()
    project.sql("DROP VIEW w; ALTER TABLE t DROP v; ALTER TABLE t ADD v text")
    project.sql("INSERT INTO t VALUES (1, '1'), (2, 'sad'), (3, '30')")
    given_up = ("restore", "HEAD", "--yes", "--data", "discard", "--rename", "column:public.t.v=public.t.v")
    assert "values of public.t.v that do not fit" in project.snap(*given_up, code=3).stderr
    project.snap(*given_up, "--allow", "data-loss", code=0)
    assert project.dump() == wanted
    assert project.sql("SELECT v FROM t ORDER BY id") == CONVERTED[kind]


def test_rows_without_a_telling_key_are_told_by_their_place(project: Project) -> None:
    project.sql('CREATE TABLE "no \'key%" ("V%" varchar(2))')
    project.snap("take", "-m", "narrow", code=0)
    project.sql('ALTER TABLE "no \'key%" ALTER "V%" TYPE text')
    project.sql("INSERT INTO \"no 'key%\" SELECT 'abc' FROM generate_series(1, 12)")
    done = project.snap("restore", "HEAD", "--yes", code=1)
    told = " ".join((done.stdout + done.stderr).split())
    assert (
        '12 rows of public."no \'key%" do not fit, in "V%": ctid = (0,1), (0,2)' in told
        and "(0,10), ..." in told
    )


def test_rows_are_looked_at_before_the_key_that_tells_them_gets_its_name_back(project: Project) -> None:
    project.sql("CREATE TABLE t (id int PRIMARY KEY, v int)")
    project.snap("take", "-m", "narrow", code=0)
    project.sql(
        "ALTER TABLE t RENAME id TO no; ALTER TABLE t ALTER v TYPE bigint; INSERT INTO t VALUES (7, 8)"
    )
    project.snap("restore", "HEAD", "--yes", code=0)
    assert project.sql("SELECT id, v FROM t") == [(7, 8)]


BYTES = {
    "convert_to('{\"a\": 1}', 'UTF8')": '{"a": 1}',
    "convert_to('\u00e9\u20ac\U0001f600', 'UTF8')": "\u00e9\u20ac\U0001f600",
    "''": "",
    "NULL": None,
    r"'\x6100'": r"\x6100",
    r"'\xeda080'": r"\xeda080",
    r"'\x5c783431'": r"\x5c783431",
}


def test_bytes_that_are_text_become_it_and_are_bytes_again(new_database: Callable[[], str]) -> None:
    url, other = new_database(), new_database()
    values = ", ".join(f"({n}, {value})" for n, value in enumerate(BYTES))
    run(url, f"CREATE TABLE t (id int PRIMARY KEY, b bytea); INSERT INTO t VALUES {values}")
    run(other, "CREATE TABLE t (id int PRIMARY KEY, b text)")
    good, held = capture(url), rows(url)
    restore(url, capture(other))
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT b FROM t ORDER BY id").fetchall()
    assert [text for (text,) in found] == [*BYTES.values()]
    restore(url, good)
    assert rows(url) == held


def test_arrays_of_domains_are_taken_for_arrays_of_what_is_below(new_database: Callable[[], str]) -> None:
    url = new_database()
    run(url, "CREATE DOMAIN d AS date; CREATE TABLE t (v d[])")
    good = capture(url)
    run(url, "ALTER TABLE t ALTER v TYPE timestamp[]; INSERT INTO t VALUES ('{2026-01-01}'), ('{NULL}')")
    restore(url, good)


def test_an_array_is_kept_that_has_an_element_which_its_domain_does_not_take(
    new_database: Callable[[], str],
) -> None:
    made = "CREATE DOMAIN ds AS d[] NOT NULL; CREATE TABLE t (id int PRIMARY KEY, v ds)"
    url = new_database()
    wanted = "CONSTRAINT wanted CHECK (VALUE IS NOT NULL)"
    run(url, f"CREATE TYPE c AS (x int); CREATE DOMAIN d AS c {wanted}; {made}")
    good = capture(url)
    run(url, "DROP TABLE t; DROP DOMAIN ds, d; DROP TYPE c; CREATE TYPE c AS (x int, y int)")
    run(url, f"CREATE DOMAIN d AS c; {made}; INSERT INTO t VALUES (1, '{{NULL}}')")
    bad, before = capture(url), rows(url)
    restore(url, good)
    assert rows(url)["public.t"].rows == Counter([(("id", "1"), ("v", "[]"))])
    restore(url, bad)
    assert rows(url) == before


def test_composite_values_that_do_not_fit_are_kept_and_come_back(project: Project) -> None:
    table = "CREATE TABLE t (id int PRIMARY KEY, c c, cs c[])"
    project.sql(f"CREATE TYPE c AS (x int, y varchar(3)); {table}")
    project.snap("take", "-m", "narrow", code=0)
    project.sql(f"DROP TABLE t; DROP TYPE c; CREATE TYPE c AS (x text, y text); {table}")
    project.sql("INSERT INTO t VALUES (1, '(1,abc)', '{\"(a,b)\"}'), (2, '(2,abcd)', NULL), (3, NULL, NULL)")
    before = project.sql("SELECT id, c::text, cs::text FROM t ORDER BY id")
    project.snap("restore", "HEAD", "--yes", code=0)
    narrow = [(1, "(1,abc)", None), (2, None, None), (3, None, None)]
    assert project.sql("SELECT id, c::text, cs::text FROM t ORDER BY id") == narrow
    project.snap("undo", "--yes", code=0)
    assert project.sql("SELECT id, c::text, cs::text FROM t ORDER BY id") == before


NARROW = "CREATE TABLE p (r text, n int) PARTITION BY LIST (r);"
HOMELESS = {
    "its bound leaves them out": (
        NARROW + "CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('us')",
        "ALTER TABLE p DETACH PARTITION p1; ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN ('us', 'ca')",
    ),
    "below the one that takes them there is none": (
        NARROW + "CREATE TABLE pd PARTITION OF p DEFAULT;"
        "CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('ca') PARTITION BY LIST (n)",
        "DROP TABLE p1",
    ),
    "its bound does, and so does that of what it is in": (
        NARROW + "CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('us') PARTITION BY LIST (n);"
        "CREATE TABLE p11 PARTITION OF p1 FOR VALUES IN (1, 2)",
        "DROP TABLE p1; CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('us', 'ca') PARTITION BY LIST (n);"
        "CREATE TABLE p11 PARTITION OF p1 FOR VALUES IN (1, 2, 3)",
    ),
    "the table had no partitions": (
        NARROW + "CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('us')",
        "DROP TABLE p; CREATE TABLE p (r text, n int)",
    ),
}


@pytest.mark.parametrize(("old", "new"), HOMELESS.values(), ids=HOMELESS)
@pytest.mark.parametrize("locking", ["online", "atomic"])
def test_rows_that_no_partition_takes_are_kept_and_come_back(
    project: Project, old: str, new: str, locking: str
) -> None:
    project.sql(old)
    project.snap("take", "-m", "narrow", code=0)
    project.sql(new)
    project.sql("INSERT INTO p VALUES ('us', 1), ('ca', 2), ('ca', 3)")
    before = project.sql("SELECT tableoid::regclass::text, p::text FROM p ORDER BY n")
    project.snap("restore", "HEAD", "--yes", "--locking", locking, code=0)
    assert project.sql("SELECT n FROM p ORDER BY n") == [(1,)]
    assert project.snap("status").code == 0
    assert "public.p" in project.snap("show", "--archive", code=0).stdout
    project.sql("DELETE FROM p")
    project.snap("undo", "--yes", "--locking", locking, code=0)
    assert project.sql("SELECT tableoid::regclass::text, p::text FROM p ORDER BY n") == before[1:]
    assert "public.p" not in project.snap("show", "--archive", code=0).stdout


def test_rows_that_left_a_table_to_be_attached_come_back_to_it(project: Project) -> None:
    project.sql(NARROW + "CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('us')")
    project.snap("take", "-m", "attached", code=0)
    project.sql("ALTER TABLE p DETACH PARTITION p1; INSERT INTO p1 VALUES ('us', 1), ('ca', 2), ('ca', 3)")
    project.sql("ALTER TABLE p1 RENAME TO detached")
    project.snap("restore", "HEAD", "--yes", code=0)
    assert project.sql("SELECT n FROM p ORDER BY n") == [(1,)]
    project.snap("undo", "--yes", code=0)
    assert project.sql("SELECT r, n FROM detached ORDER BY n") == [("us", 1), ("ca", 2), ("ca", 3)]
    assert "public.p" not in project.snap("show", "--archive", code=0).stdout


def test_rows_that_left_a_tree_whose_part_went_elsewhere_come_back_to_it(project: Project) -> None:
    part = "PARTITION BY LIST (n); CREATE TABLE p11 PARTITION OF p1 FOR VALUES IN (1, 2)"
    project.sql(f"{NARROW} CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('us') {part}")
    project.snap("take", "-m", "attached", code=0)
    project.sql(f"DROP TABLE p1; {NARROW.replace('TABLE p', 'TABLE q')}"
                f" CREATE TABLE p1 PARTITION OF q FOR VALUES IN ('us', 'ca') {part}")  # fmt: skip
    project.sql("INSERT INTO q VALUES ('us', 1), ('ca', 2)")
    project.snap("restore", "HEAD", "--yes", code=0)
    assert project.sql("SELECT n FROM p") == [(1,)]
    project.snap("undo", "--yes", code=0)
    assert project.sql("SELECT n FROM q ORDER BY n") == [(1,), (2,)]


def test_a_row_that_is_in_the_way_of_one_that_comes_back_stays(project: Project) -> None:
    project.sql("CREATE TABLE p (n int PRIMARY KEY) PARTITION BY RANGE (n)")
    project.sql("CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (5)")
    project.snap("take", "-m", "narrow", code=0)
    project.sql("ALTER TABLE p DETACH PARTITION p1; ALTER TABLE p ATTACH PARTITION p1"
                " FOR VALUES FROM (0) TO (10); INSERT INTO p VALUES (1), (7)")  # fmt: skip
    wide = project.snap("take", "-m", "wide", "--json", code=0).json["commit"]
    project.snap("restore", "HEAD~1", "--yes", code=0)
    project.sql("CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (5) TO (20); INSERT INTO p VALUES (7)")
    project.snap("restore", wide, "--yes", code=0)
    assert project.sql("SELECT n FROM p ORDER BY n") == [(1,), (7,)]
    assert "public.p" in project.snap("show", "--archive", code=0).stdout


@pytest.mark.parametrize(
    ("old", "new", "wide"),
    [
        ("integer", "bigint", True),
        ("bigint", "integer", False),
        ("integer", "numeric", True),
        ("integer", "numeric(9,0)", False),
        ("numeric(8,2)", "numeric(10,4)", True),
        ("numeric(8,2)", "numeric(9,4)", False),
        ("numeric", "numeric(9,4)", False),
        ("numeric(9,4)", "numeric", True),
        ("numeric(9)", "numeric(9,0)", True),
        ("character varying(3)", "character varying(9)", True),
        ("character varying", "character varying(9)", False),
        ("character(3)", "character varying(3)", True),
        ("character varying(3)", "character(3)", False),
        ("character varying(9)[]", "character varying(3)[]", False),
        ("integer[]", "bigint[]", True),
        ("text", "character varying", True),
        ("text", "character varying(9)", False),
        ("date", "timestamp without time zone", True),
        ("timestamp without time zone", "timestamp(6) without time zone", True),
        ("bit(3)", "bit(5)", False),
        ("public.vector(3)", "public.vector(5)", False),
        ("timestamp without time zone", "timestamp(0) without time zone", False),
        ("timestamp with time zone", "timestamp without time zone", True),
        ("timestamp with time zone", "timestamp(0) without time zone", False),
        ("public.mood", "text", True),
        ("text", "public.mood", False),
        ('public."a(1)"', "public.b", False),
    ],
)
def test_only_types_that_hold_every_value_of_another_need_no_check(old: str, new: str, wide: bool) -> None:
    assert widens(old, new) is wide


MOODS = "SELECT id, m::text, ms::text FROM t ORDER BY id"


@pytest.fixture
def moody(project: Project) -> Project:
    """A project whose deploy has added a label, which rows have already."""
    project.sql(
        "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t (id int PRIMARY KEY, m mood, ms mood[])"
    )
    project.snap("take", "-m", "old", code=0)
    project.sql("ALTER TYPE mood ADD VALUE 'great' BEFORE 'ok'")
    project.sql("INSERT INTO t VALUES (1, 'great', '{ok}'), (2, 'sad', '{sad,great}'), (3, NULL, NULL)")
    return project


def test_values_of_a_label_that_goes_are_kept_and_come_back(moody: Project) -> None:
    before = moody.sql(MOODS)
    done = moody.snap("restore", "HEAD", "--yes", code=0)
    assert "values that do not fit moved to the archive" in " ".join(done.stdout.split())
    assert moody.sql(MOODS) == [(1, None, "{ok}"), (2, "sad", None), (3, None, None)]
    assert moody.snap("status").code == 0
    listed = moody.snap("show", "--archive", code=0).stdout
    assert "public.t.m" in listed and "public.t.ms" in listed
    moody.sql("UPDATE t SET m = 'ok' WHERE id = 3")
    moody.snap("undo", "--yes", code=0)
    assert moody.sql(MOODS) == [*before[:2], (3, "ok", None)]
    assert "public.t.m" not in moody.snap("show", "--archive", code=0).stdout


def test_values_of_a_label_that_goes_are_given_up_by_name(moody: Project) -> None:
    moody.snap("restore", "HEAD", "--yes", "--data", "discard", code=3)
    moody.snap("restore", "HEAD", "--yes", "--data", "discard", "--allow", "data-loss", code=0)
    assert moody.sql(MOODS) == [(1, None, "{ok}"), (2, "sad", None), (3, None, None)]


STAND_IN = """CREATE TABLE t (id int PRIMARY KEY, a mood NOT NULL, b mood NOT NULL DEFAULT 'ok',
  c mood NOT NULL CHECK (c <> 'sad' OR id > 9), ms mood[] NOT NULL, d d NOT NULL, e e,
  p pair NOT NULL, ps pair[] NOT NULL)"""


def test_values_stand_in_for_a_label_that_goes_where_that_is_allowed(project: Project) -> None:
    project.sql("CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN d AS mood")
    project.sql(f"CREATE DOMAIN e AS d NOT NULL; CREATE TYPE pair AS (n int, d d, ms mood[]); {STAND_IN}")
    project.snap("take", "-m", "old", code=0)
    project.sql("ALTER TYPE mood ADD VALUE 'great' BEFORE 'ok'")
    great = "generate_series(1, 3) i, CAST('great' AS mood) m"
    project.sql(f"INSERT INTO t SELECT i, m, m, m, ARRAY[m], m, m, p, ARRAY[NULL, p]"
                f" FROM {great}, CAST((1, NULL, ARRAY['sad', m]) AS pair) p")  # fmt: skip
    before = project.sql("SELECT t::text FROM t ORDER BY id")
    refused = " ".join(project.snap("restore", "HEAD", "--yes", code=3).stderr.split())
    for name in ("a", "b", "c", "d", "e", "ms", "p", "ps"):
        assert f"rows of public.t have a label in {name} that goes, at id = 1, 2, 3; they get" in refused
    assert "(3 rows)" in refused and "--allow unverifiable" in refused
    assert project.sql("SELECT t::text FROM t ORDER BY id") == before
    project.snap("restore", "HEAD", "--yes", "--allow", "unverifiable", code=0)
    stand_in = "SELECT id, concat_ws(' ', a, b, c, ms, d, e, p, ps) FROM t ORDER BY id"
    assert project.sql(stand_in) == [(i, "sad ok ok {} sad sad (,,) {}") for i in (1, 2, 3)]
    assert "public.t.ms" in project.snap("show", "--archive", code=0).stdout
    project.sql("UPDATE t SET a = 'ok' WHERE id = 2")
    project.snap("undo", "--yes", code=0)
    again = project.sql("SELECT t::text FROM t ORDER BY id")
    assert [again[0], again[2]] == [before[0], before[2]]
    assert again[1] == (before[1][0].replace("(2,great,", "(2,ok,"),)


def test_a_column_of_labels_that_all_go_makes_way_where_that_is_allowed(project: Project) -> None:
    project.sql("CREATE TYPE mood AS ENUM ('sad', 'ok')")
    project.sql("CREATE TABLE t (id int PRIMARY KEY, m mood NOT NULL)")
    project.snap("take", "-m", "old", code=0)
    project.sql("ALTER TYPE mood RENAME TO was; CREATE TYPE mood AS ENUM ('SAD', 'OK')")
    project.sql("ALTER TABLE t ALTER m TYPE mood USING upper(m::text)::mood; DROP TYPE was")
    project.sql("INSERT INTO t VALUES (1, 'SAD'), (2, 'OK'), (3, 'OK')")
    refused = " ".join(project.snap("restore", "HEAD", "--yes", code=3).stderr.split())
    assert "not all that rows had in public.t.m may fit its type; they get a value that stands in" in refused
    project.snap("restore", "HEAD", "--yes", "--allow", "unverifiable", code=0)
    assert project.sql("SELECT id, m::text FROM t ORDER BY id") == [(1, "sad"), (2, "sad"), (3, "sad")]
    project.sql("INSERT INTO t VALUES (4, 'ok')")
    project.snap("undo", "--yes", code=0)
    values = project.sql("SELECT id, m::text FROM t ORDER BY id")
    assert values == [(1, "SAD"), (2, "OK"), (3, "OK"), (4, "SAD")]


def test_no_row_with_a_label_that_goes_needs_no_permission(moody: Project) -> None:
    moody.sql("UPDATE t SET m = 'ok', ms = '{ok}'; ALTER TABLE t ALTER m SET NOT NULL, ALTER ms SET NOT NULL")
    moody.snap("restore", "HEAD", "--yes", code=0)


def test_a_value_that_goes_for_one_that_stands_in_is_given_up_by_two_names(moody: Project) -> None:
    moody.sql("UPDATE t SET m = 'great' WHERE m IS NULL; ALTER TABLE t ALTER m SET NOT NULL")
    given_up = ["restore", "HEAD", "--yes", "--data", "discard", "--allow", "data-loss"]
    moody.snap(*given_up, code=3)
    moody.snap(*given_up, "--allow", "unverifiable", code=0)
    assert moody.sql("SELECT m::text FROM t ORDER BY id") == [("sad",), ("sad",), ("sad",)]


NOTHING_STANDS_IN = {
    "a primary key": ("m mood PRIMARY KEY, id int", "great", "value stands in where a key, t_pkey, is of it"),
    "an index": (
        "m mood NOT NULL, id int UNIQUE, EXCLUDE (m WITH =)",
        "great",
        "value stands in where a key, t_m_excl, is of it",
    ),
    "a domain in rows": (
        "m one NOT NULL, id int",
        "(great)",
        "row stands in where a domain in it, public.d, is NOT NULL",
    ),
    "a key of a domain": (
        "m mm NOT NULL UNIQUE, id int",
        "great",
        "value stands in where a key, t_m_key, is of it",
    ),
}


@pytest.mark.parametrize("column", NOTHING_STANDS_IN)
def test_rows_are_told_where_nothing_can_stand_in(project: Project, column: str) -> None:
    declared, value, why = NOTHING_STANDS_IN[column]
    project.sql("CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN d AS mood NOT NULL")
    project.sql(f"CREATE DOMAIN mm AS mood; CREATE TYPE one AS (d d); CREATE TABLE t ({declared})")
    project.snap("take", "-m", "old", code=0)
    project.sql("ALTER TYPE mood ADD VALUE 'great'")
    project.sql(f"INSERT INTO t VALUES ('{value}', 1)")
    done = project.snap("restore", "HEAD", "--yes", "--allow", "all", code=1)
    told = " ".join((done.stdout + done.stderr).split())
    assert "1 rows of public.t do not fit, in m: " in told and f"no {why}" in told


def test_rows_that_are_parted_by_a_label_that_goes_are_told(project: Project) -> None:
    project.sql(
        "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t (m mood, id int) PARTITION BY LIST (m)"
    )
    project.sql("CREATE TABLE t1 PARTITION OF t DEFAULT")
    project.snap("take", "-m", "old", code=0)
    project.sql("ALTER TYPE mood ADD VALUE 'great'")
    project.sql("INSERT INTO t VALUES ('great', 1)")
    done = project.snap("restore", "HEAD", "--yes", code=1)
    told = " ".join((done.stdout + done.stderr).split())
    assert "check that no row is in the way" in told and "1 rows of public.t do not fit, in m: " in told


@pytest.mark.parametrize("locking", ["online", "atomic"])
def test_a_database_without_plpgsql_is_checked_too_and_has_none_afterwards(
    project: Project, locking: str
) -> None:
    project.sql("DROP EXTENSION plpgsql; CREATE TABLE t (id int PRIMARY KEY, v varchar(3))")
    old = project.dump()
    project.snap("take", "-m", "narrow", code=0)
    project.sql("ALTER TABLE t ALTER v TYPE text; INSERT INTO t VALUES (1, 'abc'), (2, 'abcd')")
    done = project.snap("restore", "HEAD", "--yes", "--locking", locking, code=1)
    assert "1 rows of public.t do not fit, in v: id = 2" in " ".join((done.stdout + done.stderr).split())
    project.sql("DELETE FROM t WHERE id = 2")
    project.snap("restore", "HEAD", "--yes", "--locking", locking, code=0)
    assert project.dump() == old
    project.sql("CREATE EXTENSION plpgsql; ALTER TABLE t ALTER v TYPE text;")
    project.snap("restore", "HEAD", "--yes", "--locking", locking, code=0)
    assert project.dump() == old and project.sql("SELECT id, v FROM t") == [(1, "abc")]


def test_values_leave_rows_that_violate_a_check_never_validated_and_come_back(project: Project) -> None:
    check = "ALTER TABLE t ADD CONSTRAINT k CHECK (n > 1) NOT VALID; COMMENT ON CONSTRAINT k ON t IS 'k'"
    project.sql("CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (id int PRIMARY KEY, n int, e e)")
    project.sql(f"INSERT INTO t VALUES (1, 1, 'a'), (2, 2, 'a'); {check}")
    project.snap("take", "-m", "good", code=0)
    project.sql("ALTER TYPE e ADD VALUE 'x'")
    project.sql(f"ALTER TABLE t DROP CONSTRAINT k; UPDATE t SET e = 'x'; {check}")
    before = project.dump()
    project.snap("restore", "HEAD", "--yes", code=0)
    assert project.sql("SELECT id, e FROM t ORDER BY id") == [(1, None), (2, None)]
    project.snap("undo", "--yes", code=0)
    assert project.sql("SELECT id, e::text FROM t ORDER BY id") == [(1, "x"), (2, "x")]
    assert project.dump() == before
