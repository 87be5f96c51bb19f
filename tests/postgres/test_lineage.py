"""What a restore makes anew is known again by snapshots from before, though its ids are others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import psycopg
import pytest

from tests.postgres import dump
from tests.postgres.roundtrip import capture, restore, rows, same_schema
from tests.postgres.test_renames import run

STEPS = (
    """CREATE TYPE mood AS ENUM ('sad', 'well');
       CREATE TABLE t (id int PRIMARY KEY, m mood NOT NULL, y int NOT NULL);
       INSERT INTO t VALUES (1, 'sad', 5), (2, 'well', 6)""",
    """ALTER TYPE mood RENAME VALUE 'sad' TO 'low'; ALTER TYPE mood RENAME TO feeling;
       ALTER TABLE t RENAME y TO z""",
    "ALTER TYPE feeling ADD VALUE 'fine'; ALTER TABLE t DROP z",
)  # fmt: skip


def walked(
    url: str, steps: Sequence[str], numbers: Sequence[int]
) -> Iterator[tuple[int, psycopg.Connection]]:
    """Takes the steps, then restores what was after those of these numbers: each with a session there."""
    states, schemas = [], []
    for step in steps:
        run(url, step)
        states.append(capture(url))
        schemas.append(dump.schema(url))
    for number in numbers:
        restore(url, states[number])
        same_schema(url, schemas[number])
        with psycopg.connect(url) as connection:
            yield number, connection


def test_a_type_and_a_column_made_anew_are_renamed_by_later_restores(new_database: Callable[[], str]):
    for number, connection in walked(new_database(), STEPS, (1, 0, 1, 2, 0, 2)):
        moods = [row[0] for row in connection.execute("SELECT m::text FROM t ORDER BY id")]
        assert moods == ["sad" if number == 0 else "low", "well"]


def test_a_column_of_the_name_of_another_makes_way_for_it(new_database: Callable[[], str]):
    url = new_database()
    run(url, "CREATE TABLE t (id int PRIMARY KEY, state int NOT NULL); INSERT INTO t VALUES (1, 2)")
    good, before = capture(url), dump.schema(url)
    run(url, "ALTER TABLE t DROP state; ALTER TABLE t ADD state text NOT NULL DEFAULT 'new'")
    bad = capture(url)
    restore(url, good)
    same_schema(url, before)
    restore(url, bad)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT id, state FROM t").fetchall() == [(1, "new")]


NAME_TAKEN = (
    """CREATE TYPE mood AS ENUM ('sad', 'well'); CREATE TABLE t (m mood);
       INSERT INTO t VALUES ('sad'), ('well')""",
    """ALTER TYPE mood ADD VALUE 'fine'; ALTER TYPE mood RENAME VALUE 'well' TO 'good';
       ALTER TYPE mood RENAME VALUE 'fine' TO 'well'""",
    "INSERT INTO t VALUES ('well')",
)


def test_a_new_label_of_the_name_of_another_makes_way_for_it(new_database: Callable[[], str]):
    wanted = ({"sad", "well", None}, {"sad", "good", "well"}, {"sad", "good", "well"})
    for number, connection in walked(new_database(), NAME_TAKEN, (0, 1, 0, 2, 0, 1)):
        assert {row[0] for row in connection.execute("SELECT m::text FROM t")} == wanted[number]


BOUND_BY_LABELS = (
    """CREATE TYPE mood AS ENUM ('sad', 'well'); CREATE DOMAIN state AS mood;
       CREATE TABLE p (k state, n int) PARTITION BY LIST (k);
       CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('sad', NULL) PARTITION BY RANGE (n, k);
       CREATE TABLE p2 PARTITION OF p1 FOR VALUES FROM (0, 'sad') TO (9, 'well');
       INSERT INTO p VALUES ('sad', 1)""",
    """ALTER TYPE mood RENAME VALUE 'sad' TO 'other'; ALTER TYPE mood RENAME VALUE 'well' TO 'sad';
       ALTER TYPE mood RENAME VALUE 'other' TO 'well'""",
    """DELETE FROM p; ALTER TABLE p DETACH PARTITION p1;
       ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN ('sad', NULL)""",
)


def test_a_label_in_the_bounds_of_partitions_is_renamed(new_database: Callable[[], str]):
    for _ in walked(new_database(), BOUND_BY_LABELS, (1, 0, 2, 0, 1, 2)):
        pass


def test_a_partition_stays_where_it_is_when_a_label_in_its_bounds_is_renamed(new_database: Callable[[], str]):
    url = new_database()
    run(url, BOUND_BY_LABELS[0])
    before = capture(url)
    run(url, BOUND_BY_LABELS[1])
    assert {action.subject.partition(":")[0] for action in restore(url, before)} == {"label"}


PARTITIONED = (
    """CREATE TABLE notes (id int NOT NULL, at int NOT NULL);
       INSERT INTO notes VALUES (1, 1), (2, 12)""",
    """ALTER TABLE notes RENAME TO old; CREATE TABLE notes (LIKE old) PARTITION BY RANGE (at);
       CREATE TABLE notes_low PARTITION OF notes FOR VALUES FROM (0) TO (10);
       CREATE TABLE notes_high PARTITION OF notes FOR VALUES FROM (10) TO (20);
       INSERT INTO notes SELECT * FROM old; DROP TABLE old""",
    """CREATE SCHEMA kept; ALTER TABLE notes SET SCHEMA kept; ALTER TABLE notes_low SET SCHEMA kept;
       ALTER TABLE notes_high SET SCHEMA kept; ALTER TABLE kept.notes_low RENAME TO notes_first""",
)  # fmt: skip


def test_a_partitioned_table_made_anew_keeps_its_rows_under_later_names(new_database: Callable[[], str]):
    for number, connection in walked(new_database(), PARTITIONED, (1, 0, 1, 2, 0, 2)):
        table = "kept.notes" if number == 2 else "notes"
        assert connection.execute(f"SELECT id FROM {table} ORDER BY id").fetchall() == [(1,), (2,)]


SWAPPED = (
    "CREATE TABLE page (id int PRIMARY KEY, title text NOT NULL); INSERT INTO page VALUES (1, 'Good day')",
    """ALTER TABLE page ADD title_de text; UPDATE page SET title_de = 'Guten Tag';
       ALTER TABLE page RENAME title TO title_en; ALTER TABLE page RENAME title_de TO title""",
    """ALTER TABLE page RENAME TO pages; ALTER TABLE pages RENAME id TO number;
       ALTER TABLE pages RENAME title TO title_de""",
)
TITLES = (
    "SELECT title, NULL FROM page",
    "SELECT title_en, title FROM page",
    "SELECT title_en, title_de FROM pages",
)


def test_a_column_gets_its_values_back_under_any_of_its_names(new_database: Callable[[], str]):
    for number, connection in walked(new_database(), SWAPPED, (1, 0, 1, 2, 0, 2, 0, 1, 0, 2)):
        titles = connection.execute(TITLES[number].encode()).fetchall()
        assert titles == [("Good day", "Guten Tag" if number else None)]


ARCHIVED = (
    "CREATE SCHEMA kept",
    """CREATE TABLE notes (id serial PRIMARY KEY, text text NOT NULL, n int UNIQUE);
       INSERT INTO notes (text, n) VALUES ('one', 10), ('two', 20)""",
    """ALTER TABLE notes SET SCHEMA kept; ALTER TABLE kept.notes RENAME TO memos;
       ALTER TABLE kept.memos RENAME id TO key; ALTER TABLE kept.memos RENAME n TO m;
       ALTER TABLE kept.memos RENAME text TO n; ALTER TABLE kept.memos RENAME m TO text;
       CREATE TABLE notes (id int); INSERT INTO notes VALUES (7)""",
)
NOTES = (
    None,
    "SELECT id, text, n FROM notes ORDER BY id",
    "SELECT key, n, text FROM kept.memos JOIN notes ON notes.id = 7 ORDER BY key",
)


def test_a_table_comes_out_of_the_archive_under_any_of_its_names(new_database: Callable[[], str]):
    for number, connection in walked(new_database(), ARCHIVED, (0, 1, 2, 0, 2, 1, 0, 1, 0, 2)):
        if query := NOTES[number]:
            found = connection.execute(query.encode()).fetchall()
            assert found == [(1, "one", 10), (2, "two", 20)]


GROWN = (
    "SELECT",
    """CREATE TABLE t (id int, n int); CREATE TABLE p (id int) PARTITION BY LIST (id);
       CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE p2 (id int);
       INSERT INTO t VALUES (1, 2); INSERT INTO p VALUES (1)""",
    """CREATE INDEX ON t (n); ALTER TABLE p ATTACH PARTITION p2 FOR VALUES IN (2);
       INSERT INTO p VALUES (2)""",
)


def test_a_table_comes_out_of_the_archive_as_it_was_earlier_still(new_database: Callable[[], str]):
    for number, connection in walked(new_database(), GROWN, (0, 1, 2, 0, 2)):
        if number:
            found = connection.execute("SELECT t.id, p1.id, p2.id FROM t, p1, p2").fetchall()
            assert found == [(1, 1, 2)]


COUNTED = (
    "CREATE TABLE t (name text); INSERT INTO t VALUES ('a'), ('b')",
    """ALTER TABLE t ADD i int GENERATED ALWAYS AS IDENTITY (INCREMENT -2), ADD s serial;
       INSERT INTO t VALUES ('c'); DELETE FROM t WHERE name = 'c'""",
)


def test_rows_that_came_while_a_column_was_gone_get_numbers_of_their_own(new_database: Callable[[], str]):
    for number, connection in walked(new_database(), COUNTED, (0, 1)):
        if number == 0:
            connection.execute("INSERT INTO t VALUES ('d'), ('e')")
            connection.commit()
        else:
            found = connection.execute("SELECT i, s FROM t ORDER BY s").fetchall()
            assert found == [(-1, 1), (-3, 2), (-7, 4), (-9, 5)]
            assert connection.execute("INSERT INTO t VALUES ('f') RETURNING i, s").fetchone() == (-11, 6)


REKEYED = (
    "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 1), (2, 2)",
    "ALTER TABLE t ADD uid uuid NOT NULL DEFAULT gen_random_uuid()",
    "ALTER TABLE t DROP id; ALTER TABLE t RENAME uid TO id; ALTER TABLE t ADD PRIMARY KEY (id)",
)


def test_values_come_back_past_a_change_of_the_primary_key(new_database: Callable[[], str]):
    seen = {}
    for number, connection in walked(new_database(), REKEYED, (1, 2, 1, 0, 2)):
        columns = ("id, n", "id, n, uid", "id, n")[number]
        found = sorted(connection.execute(f"SELECT {columns} FROM t").fetchall(), key=str)
        assert seen.setdefault(number, found) == found


LED_BACK = (
    "SELECT",
    "CREATE TABLE t (id int, a int); INSERT INTO t VALUES (1, 2), (3, 4)",
    "ALTER TABLE t DROP id; ALTER TABLE t ADD id text; UPDATE t SET id = 'id ' || a",
)


def test_a_column_that_goes_as_its_table_comes_out_of_the_archive_is_known_later(
    new_database: Callable[[], str],
):
    for number, connection in walked(new_database(), LED_BACK, (0, 1, 2)):
        if number == 2:
            found = connection.execute("SELECT a, id FROM t ORDER BY a").fetchall()
            assert found == [(2, "id 2"), (4, "id 4")]


REPLACED = (
    """CREATE TABLE event (id int PRIMARY KEY, at int NOT NULL, wide bigint DEFAULT 0 NOT NULL);
       INSERT INTO event VALUES (11, 1, 11), (12, 12, 12)""",
    """ALTER TABLE event DROP id; ALTER TABLE event RENAME wide TO id; ALTER TABLE event ADD PRIMARY KEY (id);
       CREATE TABLE event_new (id bigint, at int NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
       CREATE TABLE event_new_low PARTITION OF event_new FOR VALUES FROM (0) TO (10);
       CREATE TABLE event_new_high PARTITION OF event_new FOR VALUES FROM (10) TO (20);
       INSERT INTO event_new SELECT id, at FROM event""",
    """DROP TABLE event; ALTER TABLE event_new RENAME TO event;
       ALTER TABLE event_new_low RENAME TO event_low; ALTER TABLE event_new_high RENAME TO event_high""",
)  # fmt: skip


def test_a_table_that_was_two_is_the_one_that_it_was_last(new_database: Callable[[], str]):
    for number, connection in walked(new_database(), REPLACED, (0, 2, 1, 2)):
        table = "event_new" if number == 1 else "event"
        assert connection.execute(f"SELECT id FROM {table} ORDER BY id").fetchall() == [(11,), (12,)]


CUT = (
    "CREATE SCHEMA kept",
    """CREATE TABLE p (id int PRIMARY KEY, n varchar(5)) PARTITION BY RANGE (id);
       CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
       CREATE TABLE pd PARTITION OF p DEFAULT; INSERT INTO p VALUES (1, 'one'), (21, 'three')""",
    """CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20); ALTER TABLE p RENAME n TO m;
       ALTER TABLE p ALTER m TYPE text; INSERT INTO p VALUES (11, 'two'), (12, 'eleven')""",
    """ALTER TABLE p DETACH PARTITION pd; CREATE TABLE p3 PARTITION OF p FOR VALUES FROM (20) TO (30);
       INSERT INTO p SELECT * FROM pd; DROP TABLE pd; ALTER TABLE p ADD n int;
       ALTER TABLE p SET SCHEMA kept; ALTER TABLE kept.p RENAME TO q""",
)
CUT_ROWS = {
    1: {(1, "p1"), (11, "pd"), (21, "pd")},
    2: {(1, "p1"), (11, "p2"), (12, "p2"), (21, "pd")},
    3: {(1, "p1"), (11, "p2"), (12, "p2"), (21, "p3")},
}


def test_rows_of_partitions_that_are_gone_are_seen_where_others_take_them(
    new_database: Callable[[], str],
):
    """But for 12, which has a value that is too long for what its column was at first."""
    for number, connection in walked(new_database(), CUT, (2, 0, 1, 0, 3, 2, 3, 0, 2, 0, 3, 0, 1, 0, 1, 2)):
        if number:
            table = "kept.q" if number == 3 else "p"
            found = connection.execute(f"SELECT id, tableoid::regclass::text FROM {table}".encode())
            assert {*found.fetchall()} == CUT_ROWS[number]


COPIED = (
    """CREATE TABLE p (id int PRIMARY KEY) PARTITION BY LIST (id);
       CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1, 2); INSERT INTO p VALUES (1), (2)""",
    """ALTER TABLE p DETACH PARTITION p1; ALTER TABLE p1 RENAME TO old;
       CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1, 2) PARTITION BY LIST (id);
       CREATE TABLE p1_all PARTITION OF p1 DEFAULT; INSERT INTO p SELECT * FROM old""",
)


def test_rows_that_were_in_two_tables_are_in_both_again(new_database: Callable[[], str]):
    for number, connection in walked(new_database(), COPIED, (0, 1, 0, 1)):
        for table in ("p", "old")[: number + 1]:
            assert connection.execute(f"SELECT id FROM {table} ORDER BY 1".encode()).fetchall() == [
                (1,),
                (2,),
            ]


NAMESAKE = (
    "CREATE TABLE p (id int)",
    "ALTER TABLE p SET (fillfactor = 50); CREATE TABLE p_new (id int) PARTITION BY LIST (id)",
    "DROP TABLE p; ALTER TABLE p_new RENAME TO p",
    "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); INSERT INTO p VALUES (1)",
)


def test_rows_in_the_archive_come_to_no_other_table_of_the_name(new_database: Callable[[], str]):
    for number, connection in walked(new_database(), NAMESAKE, (2, 1, 0, 3)):
        assert connection.execute("SELECT id FROM p").fetchall() == ([(1,)] if number == 3 else [])


LEFT = (
    """CREATE TABLE p (id int PRIMARY KEY) PARTITION BY LIST (id);
       CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
       INSERT INTO p VALUES (1), (2)""",
    "ALTER TABLE p ADD v text; UPDATE p SET v = CASE id WHEN 1 THEN 'one' ELSE 'two' END",
    "ALTER TABLE p DETACH PARTITION p1",
)


def test_values_that_went_with_a_whole_table_come_back_to_a_partition_that_left(
    new_database: Callable[[], str],
):
    for number, connection in walked(new_database(), LEFT, (1, 0, 2)):
        if number == 2:
            assert connection.execute("SELECT * FROM p1").fetchall() == [(1, "one")]


REFERRED = (
    """CREATE TABLE p (id int PRIMARY KEY) PARTITION BY LIST (id); CREATE TABLE others PARTITION OF p DEFAULT;
       CREATE TABLE f (id int REFERENCES p); INSERT INTO p VALUES (1)""",
    """ALTER TABLE p DETACH PARTITION others; CREATE TABLE two PARTITION OF p FOR VALUES IN (2);
       INSERT INTO p VALUES (2); INSERT INTO f VALUES (2)""",
)  # fmt: skip


def test_rows_part_again_while_the_key_that_refers_to_them_is_away(new_database: Callable[[], str]):
    for number, connection in walked(new_database(), REFERRED, (0, 1, 0, 1)):
        found = connection.execute("SELECT id FROM p ORDER BY id").fetchall()
        assert found == ([(2,)] if number else [(1,), (2,)])
        assert connection.execute("SELECT id FROM others").fetchall()[0] == (1,)


STOOD_IN = (
    """CREATE TABLE p (k int, v text NOT NULL) PARTITION BY LIST (k);
       CREATE TABLE p1 PARTITION OF p DEFAULT""",
    """ALTER TABLE p DROP v; DROP TABLE p1; CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
       INSERT INTO p VALUES (2)""",
)  # fmt: skip


def test_rows_part_from_a_partition_that_goes_with_what_stood_in(new_database: Callable[[], str]):
    for number, connection in walked(new_database(), STOOD_IN, (0, 1, 0, 1)):
        found = connection.execute("SELECT * FROM p").fetchall()
        assert found == ([(2,)] if number else [(2, "")])


GONE = (
    "CREATE TABLE o (id int)",
    """CREATE TABLE p (id int PRIMARY KEY) PARTITION BY LIST (id);
       CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); INSERT INTO p VALUES (1)""",
    "ALTER TABLE p ADD v text; UPDATE p SET v = 'one'; ALTER TABLE p ALTER v SET NOT NULL",
)


def test_values_that_went_with_a_whole_table_come_back_with_it_and_its_partitions(
    new_database: Callable[[], str],
):
    for number, connection in walked(new_database(), GONE, (1, 0, 2)):
        if number == 2:
            assert connection.execute("SELECT * FROM p").fetchall() == [(1, "one")]


BETWEEN = (
    "CREATE TABLE p (k int) PARTITION BY LIST (k)",
    "ALTER TABLE p ADD v text NOT NULL; CREATE TABLE p1 PARTITION OF p DEFAULT",
    STOOD_IN[1],
)


def test_rows_do_not_go_to_the_archive_with_what_stood_in(new_database: Callable[[], str]):
    for number, connection in walked(new_database(), BETWEEN, (2, 1, 0, 2)):
        found = connection.execute("SELECT * FROM p").fetchall()
        assert found == {0: [], 1: [(2, "")], 2: [(2,)]}[number]


def test_rows_without_a_partition_come_back_to_a_table_that_a_restore_made(new_database: Callable[[], str]):
    steps = ("SELECT", "CREATE TABLE p (a int)", "DROP TABLE p; CREATE TABLE p (a int) PARTITION BY LIST (a)")
    found = []
    for number, connection in walked(new_database(), steps, (1, 2, 1, 2, 0, 1, 2, 0, 1)):
        if number == 1:
            found.append(connection.execute("SELECT a FROM p").fetchall())
            connection.execute(f"DELETE FROM p; INSERT INTO p VALUES ({len(found)})")
    assert found == [[], [(1,)], [(2,)], [(3,)]]


RELABELLED = (
    "CREATE TABLE t (id int PRIMARY KEY, s text CHECK (s <> 'x')); INSERT INTO t VALUES (1, 'z'), (2, 'b')",
    """CREATE TYPE label AS ENUM ('a', 'b'); UPDATE t SET s = 'a' WHERE id = 1; ALTER TABLE t
       DROP CONSTRAINT t_s_check, ALTER s TYPE label USING s::label, ADD CHECK (id < 2) NOT VALID""",
    """ALTER TYPE label RENAME TO old; CREATE TYPE label AS ENUM ('b', 'z'); ALTER TABLE t ALTER s TYPE label
       USING (CASE s WHEN 'a' THEN 'z' ELSE 'b' END)::label; DROP TYPE old""",
)


def test_a_label_that_went_comes_back_past_another_type_of_its_column(new_database: Callable[[], str]):
    for number, connection in walked(new_database(), RELABELLED, (1, 0, 1, 0, 2)):
        found = connection.execute("SELECT s::text FROM t ORDER BY id").fetchall()
        assert found == [("z" if number == 2 else None,), ("b",)]


REMAPPED = (
    """CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, t_id int REFERENCES t);
       INSERT INTO t VALUES (1); INSERT INTO c VALUES (3, 1)""",
    """ALTER TABLE t ADD uid uuid; UPDATE t SET uid = md5(id::text)::uuid;
       ALTER TABLE c ADD t_uid uuid; UPDATE c SET t_uid = uid FROM t; ALTER TABLE c DROP t_id;
       ALTER TABLE t DROP id; ALTER TABLE t RENAME uid TO id; ALTER TABLE t ADD PRIMARY KEY (id);
       ALTER TABLE c RENAME t_uid TO t_id; ALTER TABLE c ADD FOREIGN KEY (t_id) REFERENCES t""",
)


def test_a_column_that_another_one_may_stand_in_for_comes_behind_what_it_refers_to(
    new_database: Callable[[], str],
):
    for number, connection in walked(new_database(), REMAPPED, (0, 1, 0, 1)):
        if number:
            found = connection.execute("SELECT c.id FROM c JOIN t ON t.id = t_id")
            assert found.fetchall() == [(3,)]


ELSEWHERE = {
    "a column that was renamed": (
        "CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t VALUES (1, 'one')",
        "ALTER TABLE t RENAME a TO b",
    ),
    "two columns that swapped their names": (
        "CREATE TABLE t (id int PRIMARY KEY, a text, b text); INSERT INTO t VALUES (1, 'two', 'three')",
        "ALTER TABLE t RENAME a TO c; ALTER TABLE t RENAME b TO a; ALTER TABLE t RENAME c TO b",
    ),
    "a column instead of another one": (
        "CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL); INSERT INTO t VALUES (1, 'one')",
        "ALTER TABLE t ADD b text; UPDATE t SET b = 'two'; ALTER TABLE t DROP a; ALTER TABLE t RENAME b TO a",
    ),
    "a table that became partitioned": (
        "CREATE TABLE t (id int, a text); INSERT INTO t VALUES (1, 'one')",
        """ALTER TABLE t RENAME TO o; CREATE TABLE t (LIKE o) PARTITION BY LIST (id);
           CREATE TABLE d PARTITION OF t DEFAULT; INSERT INTO t TABLE o; DROP TABLE o;
           ALTER TABLE t RENAME a TO b""",
    ),
}


@pytest.mark.parametrize("case", ELSEWHERE)
def test_snapshots_of_another_database_tell_by_names_however_often(
    case: str, new_database: Callable[[], str]
) -> None:
    states, here = [], new_database()
    url = new_database()
    for step in ELSEWHERE[case]:
        run(url, step)
        run(here, step)
        states.append(capture(url))
    held = rows(here)
    for number in (0, 1, 0, 1):
        restore(here, states[number])
        assert number == 0 or rows(here) == held


BESIDE = (
    "CREATE TABLE t (id int NOT NULL); INSERT INTO t VALUES (1)",
    """ALTER TABLE t RENAME TO old; CREATE TABLE t (LIKE old) PARTITION BY LIST (id);
       CREATE TABLE p PARTITION OF t FOR VALUES IN (1); INSERT INTO t TABLE old""",
    "DROP TABLE old",
)


def test_rows_are_in_the_table_that_they_were_in_last(new_database: Callable[[], str]):
    for _, connection in walked(new_database(), BESIDE, (1, 0, 1, 2)):
        assert connection.execute("SELECT id FROM t").fetchall() == [(1,)]


MERGED = (
    """CREATE TABLE t (id int PRIMARY KEY, name text NOT NULL, family text NOT NULL);
       INSERT INTO t VALUES (1, 'A', 'B')""",
    "ALTER TABLE t ADD whole text; UPDATE t SET whole = name || ' ' || family",
    "ALTER TABLE t DROP name, DROP family; ALTER TABLE t RENAME whole TO name",
)


def test_a_column_that_is_known_as_two_is_the_one_that_it_was_last(new_database: Callable[[], str]):
    for number, connection in walked(new_database(), MERGED, (0, 1, 0, 2)):
        if number:
            column = "whole" if number == 1 else "name"
            assert connection.execute(f"SELECT {column} FROM t".encode()).fetchall() == [("A B",)]


NESTED = (
    """CREATE SCHEMA q; CREATE TYPE q.m AS ENUM ('a'); CREATE DOMAIN q.low AS int; CREATE DOMAIN d AS q.low;
       CREATE DOMAIN q.label AS q.m; CREATE DOMAIN l AS q.label;
       CREATE TABLE t (id d, name l); INSERT INTO t VALUES (1, 'a')""",
    """ALTER DOMAIN q.low ADD CHECK (VALUE > 0); ALTER DOMAIN q.label ADD CHECK (VALUE IS NOT NULL);
       ALTER SCHEMA q RENAME TO r""",
)


def test_values_of_domains_over_others_are_looked_at_before_their_schema_is_renamed(
    new_database: Callable[[], str],
):
    for _, connection in walked(new_database(), NESTED, (0, 1)):
        assert connection.execute("SELECT id, name::text FROM t").fetchall() == [(1, "a")]
