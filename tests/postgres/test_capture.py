"""What a capture promises by itself: it changes nothing, asks a constant number of questions, and gives equal
states equal facts."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.postgres.conftest import Project
from tests.postgres.roundtrip import capture, restore
from tests.postgres.test_pairs import load


def statements(url: str, monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """For each statement that a capture sends, the transaction id that its transaction then has."""
    assigned: list[str | None] = []
    execute = psycopg.RawCursor.execute

    def watched(self: Any, *args: Any, **options: Any) -> Any:
        execute(self, *args, **options)
        with self.connection.cursor() as cursor:
            execute(cursor, "SELECT pg_current_xact_id_if_assigned()::text")
            assigned.append(cursor.fetchone()[0])
        return self

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.RawCursor, "execute", watched)
        capture(url)
    return assigned


def test_a_capture_writes_nothing_so_it_never_gets_a_transaction_id(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(database, "CREATE TABLE t (a int PRIMARY KEY); CREATE MATERIALIZED VIEW m AS SELECT a FROM t")
    assert set(statements(database, monkeypatch)) == {None}


def test_the_number_of_queries_does_not_depend_on_the_number_of_tables(
    new_database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = (
        "CREATE TABLE t{0} (id serial PRIMARY KEY, v text DEFAULT 'x' CHECK (v <> ''));"
        "CREATE INDEX ON t{0} (v); CREATE VIEW v{0} AS SELECT v FROM t{0};"
        "COMMENT ON TABLE t{0} IS 'x'; GRANT SELECT ON t{0} TO PUBLIC;"
    )
    few = load(new_database(), "".join(one.format(n) for n in range(10)))
    many = load(new_database(), "".join(one.format(n) for n in range(300)))
    assert len(statements(few, monkeypatch)) == len(statements(many, monkeypatch)) > 10


PARTS = [
    "CREATE TYPE mood AS ENUM ('a', 'b')",
    "CREATE TABLE one (id int PRIMARY KEY, v text, w int)",
    "CREATE TABLE two (id int, v text)",
    "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1'",
    "CREATE SEQUENCE s",
]
LATER = [
    "CREATE INDEX i ON one (v)",
    "CREATE VIEW x AS SELECT id FROM one",
    "GRANT SELECT ON one TO snap_app",
    "GRANT INSERT ON one TO snap_reader",
    "COMMENT ON TABLE two IS 'two'",
    "ALTER TABLE two ADD FOREIGN KEY (id) REFERENCES one",
    "ALTER TABLE one ADD CHECK (f(w) > 0)",
    "ALTER TABLE one ADD CONSTRAINT k UNIQUE (w)",
]


SETTINGS = [
    "search_path=one,public",
    "TimeZone=Asia/Tokyo",
    "DateStyle=SQL,DMY",
    "IntervalStyle=iso_8601",
    "quote_all_identifiers=on",
    "extra_float_digits=0",
]


@pytest.mark.usefixtures("roles")
def test_the_same_schema_built_in_another_order_elsewhere_gives_the_same_facts(new_database: Any) -> None:
    one = load(new_database(), ";".join([*PARTS, *LATER]))
    elsewhere = load(new_database(), "CREATE TABLE gone (a int); DROP TABLE gone")
    other = load(elsewhere, ";".join([*reversed(PARTS), *reversed(LATER)]))
    options = " ".join(f"-c {setting}" for setting in SETTINGS)
    assert capture(one).facts == capture(make_conninfo(other, options=options)).facts


def test_a_default_that_a_former_type_left_and_that_is_but_null_is_none(new_database: Any) -> None:
    retyped = "CREATE DOMAIN d AS text; CREATE TABLE t (v d DEFAULT NULL); ALTER TABLE t ALTER v TYPE text"
    plain = load(new_database(), "CREATE DOMAIN d AS text; CREATE TABLE t (v text)")
    assert capture(load(new_database(), retyped)).facts == capture(plain).facts
    of_domain = capture(load(new_database(), "CREATE DOMAIN d AS text; CREATE TABLE t (v d DEFAULT NULL)"))
    assert of_domain.facts["default:public.t.v"].attrs["expression"] == "NULL::text"


def test_a_column_that_only_its_parent_lost_is_the_child_s_own(new_database: Any) -> None:
    url = load(
        new_database(),
        "CREATE TABLE p (id int, g int GENERATED ALWAYS AS (id) STORED); CREATE TABLE q (id int);"
        "CREATE TABLE c (UNIQUE (g)) INHERITS (p, q); INSERT INTO c VALUES (1);"
        "ALTER TABLE p DROP id CASCADE",
    )
    state = capture(url)
    assert "column:public.p.g" not in state.facts
    restore(url, capture(new_database()))
    restore(url, state)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT id, g FROM c").fetchall() == [(1, 1)]


def test_take_gives_the_same_tree_id_for_equal_databases(project: Project, new_database: Any) -> None:
    sql = "CREATE TABLE t (a int, at timestamptz DEFAULT '2020-01-01', i interval DEFAULT '1 day 2 hours')"
    project.sql(sql)
    first = project.snap("take", "-m", "one", "--json", code=0).json
    again = project.snap("take", "-m", "two", "--json", code=0).json
    other = load(new_database(), sql)
    third = project.snap("take", "-m", "three", "--json", code=0, env={"DATABASE_URL": other}).json
    assert first["tree"] == again["tree"] == third["tree"]
    assert (first["changed"], again["changed"], third["changed"]) == (True, False, False)
