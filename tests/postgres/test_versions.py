"""Snapshots of one major version of PostgreSQL on a server of another.

What the rules decide is tested with a version made up in the hints; for real servers of all versions see
``test_every_version.py``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from snapstore.model import Action, Fact, HazardName, ResourceChanges
from snapstore_postgres import adapter
from snapstore_postgres.telling import as_told, same_text
from tests.conftest import databases
from tests.postgres.conftest import Project
from tests.postgres.roundtrip import State, apply, capture, changes, plan
from tests.postgres.servers import Servers, servers
from tests.postgres.test_pairs import load

__all__ = ["servers"]


def as_of(state: State, version: int) -> State:
    """The state as if a server of that major version had told of it."""
    return replace(state, hints={**state.hints, "version": version * 10000})


def told(actions: list[Action]) -> dict[str, str]:
    """What the plan says that the server cannot have."""
    found = [(a, h) for a in actions for h in a.hazards if h.name is HazardName.UNVERIFIABLE]
    return {action.subject: hazard.text for action, hazard in found}


def left(live: State, target: State) -> set[str]:
    """What a verification would complain about."""
    found = ResourceChanges("db", "postgres", changes(live.facts, target.facts))
    return {c.id for c in found.facts} - set(adapter.beyond(found, live.hints, target.hints))


NEEDS_18 = """
CREATE EXTENSION btree_gist;
CREATE TABLE t (a int CONSTRAINT odd NOT NULL, b int GENERATED ALWAYS AS (a + 1) VIRTUAL, c int,
  during daterange,
  CONSTRAINT free CHECK (a > 0) NOT ENFORCED, CONSTRAINT k UNIQUE (a, during WITHOUT OVERLAPS));
ALTER TABLE t ADD CONSTRAINT later NOT NULL c NOT VALID;
CREATE TABLE u (a int, during daterange,
  CONSTRAINT f FOREIGN KEY (a, PERIOD during) REFERENCES t (a, PERIOD during));
COMMENT ON CONSTRAINT f ON u IS 'x';
GRANT SELECT, MAINTAIN ON t TO snap_reader;
"""


@pytest.mark.usefixtures("roles", "needs_18")
def test_what_an_older_server_cannot_have_is_told_one_by_one_and_left_out(new_database: Any) -> None:
    live, target = capture(new_database()), capture(load(new_database(), NEEDS_18))
    actions = plan(as_of(live, 15), target)
    assert told(actions) == {
        "column:public.t.a": "column:public.t.a: the name of its NOT NULL needs PostgreSQL 18,"
        " this server is 15",
        "column:public.t.b": "column:public.t.b: a virtual generated column (it is stored here) needs"
        " PostgreSQL 18, this server is 15",
        "column:public.t.c": "column:public.t.c: a NOT NULL that is not valid needs PostgreSQL 18,"
        " this server is 15",
        "constraint:public.t.free": "constraint:public.t.free: NOT ENFORCED needs PostgreSQL 18,"
        " this server is 15",
        "constraint:public.t.k": "constraint:public.t.k: WITHOUT OVERLAPS needs PostgreSQL 18,"
        " this server is 15",
        "constraint:public.u.f": "constraint:public.u.f: PERIOD needs PostgreSQL 18, this server is 15",
        "grant:table:public.t:snap_reader": "grant:table:public.t:snap_reader: the privilege MAINTAIN needs"
        " PostgreSQL 17, this server is 15",
    }
    script = "\n".join(statement for action in actions for statement in action.statements)
    for word in (
        "odd",
        "VIRTUAL",
        "ENFORCED",
        "VALID",
        "OVERLAPS",
        "PERIOD",
        "COMMENT ON CONSTRAINT",
        "MAINTAIN",
    ):
        assert word not in script


@pytest.mark.usefixtures("needs_18")
def test_the_names_of_not_null_in_partitions_are_not_missed_where_there_are_none(new_database: Any) -> None:
    sql = "CREATE TABLE p (a int NOT NULL) PARTITION BY LIST (a); CREATE TABLE c PARTITION OF p DEFAULT;"
    target = capture(load(new_database(), sql))
    assert told(plan(as_of(capture(new_database()), 17), target)) == {}


def test_a_snapshot_without_hints_is_taken_for_one_of_the_same_version(new_database: Any) -> None:
    target = capture(load(new_database(), "CREATE TABLE t (a int CONSTRAINT odd NOT NULL)"))
    unknown = replace(target, hints={})
    assert told(plan(as_of(capture(new_database()), 15), unknown)) == {}


def test_an_owner_still_maintains_what_an_older_server_could_not_take_away() -> None:
    most = ["DELETE", "INSERT", "REFERENCES", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE"]
    grant = Fact("grant:table:public.t:app", {"grantee": "app", "privileges": [], "default": most})
    told_of_16 = as_told(grant, None, of=160000, by=180000).attrs
    assert told_of_16["privileges"] == ["MAINTAIN"] and "MAINTAIN" in told_of_16["default"]
    told_of_18 = {**grant.attrs, "default": sorted([*most, "MAINTAIN"])}
    revoked = structs.replace(grant, attrs=told_of_18)
    assert as_told(revoked, None, of=170000, by=180000).attrs == told_of_18
    assert as_told(revoked, None, of=180000, by=160000).attrs == grant.attrs


ONE = " SELECT t.a,\n    t.b AS x\n   FROM s.t\n  WHERE (t.a > 'FROM t.b'::text);"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (ONE, " SELECT a,\n    b AS x\n   FROM s.t\n  WHERE (a > 'FROM t.b'::text);", True),
        (ONE, " SELECT a,\n    b AS x\n   FROM s.t\n  WHERE (a > 'FROM b'::text);", False),
        (ONE, " SELECT a,\n    b AS x\n   FROM r.t\n  WHERE (a > 'FROM t.b'::text);", False),
        ('SELECT "a.b"."c" FROM s."a.b"', 'SELECT "c" FROM s."a.b"', True),
        ("SELECT z.a FROM s.t z", "SELECT a FROM s.t z", True),
        ("SELECT t.t, t.a FROM s.t", "SELECT t, a FROM s.t", True),
        ("SELECT t.t, t.a FROM s.t", "SELECT t.t, a FROM s.t", True),
        ("SELECT t.t, t.a FROM s.t", "SELECT t, t FROM s.t", False),
        ("SELECT t.a FROM s.t, s.u", "SELECT u.a FROM s.t, s.u", False),
        ("SELECT s.f(t.a) FROM s.s t", "SELECT f(a) FROM s.s t", False),
        ("SELECT t.a FROM s.t", "SELECT t.a FROM t", False),
        ("SELECT (t.a)::t.mood FROM t.t", "SELECT (a)::mood FROM t.t", False),
        ("SELECT t.a FROM t", "SELECT t.a, t.b FROM t", False),
        ("SELECT EXTRACT(epoch FROM (t.at)) FROM s.t", "SELECT EXTRACT(epoch FROM (at)) FROM s.t", True),
        ("SELECT TRIM(BOTH FROM t.a) FROM s.t", "SELECT TRIM(BOTH FROM a) FROM s.t", True),
        ("SELECT (SELECT 1 FROM t.a) FROM s.t", "SELECT (SELECT 1 FROM a) FROM s.t", False),
        ("CHECK (x IS DOCUMENT)", "CHECK ((x IS DOCUMENT))", True),
        ("((NOT x IS DOCUMENT) OR (y > 0))", "((NOT (x IS DOCUMENT)) OR (y > 0))", True),
        ("((NOT x IS DOCUMENT) OR (y > 0))", "(NOT (x IS DOCUMENT OR (y > 0)))", False),
        ("((a OR b) AND c)", "(a OR (b AND c))", False),
        ("DO INSTEAD UPDATE s.t z SET a = 1", "DO INSTEAD UPDATE s.t AS z SET a = 1", True),
        ("DELETE FROM ONLY t z", "DELETE FROM ONLY t AS z", True),
        ('MERGE INTO s."T" z USING u', 'MERGE INTO s."T" AS z USING u', True),
        ("SELECT a AS b", "SELECT a b", False),
        ("SELECT 1", "SELECT 1;", False),
        ("SELECT t.", "SELECT a FROM t", False),
    ],
)
def test_a_text_is_the_same_only_if_nothing_differs_but_what_versions_print_otherwise(
    one: str, other: str, same: bool
) -> None:
    assert same_text(one, other) is same
    assert same_text(other, one) is same


# -- with a second server ----------------------------------------------------------------------------------

PLAIN = """
CREATE EXTENSION btree_gist;
CREATE SCHEMA s; CREATE TYPE s.mood AS ENUM ('a', 'b'); CREATE SEQUENCE s.q INCREMENT 5;
CREATE TABLE s.t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, m s.mood NOT NULL DEFAULT 'a',
  n text UNIQUE,
  g text GENERATED ALWAYS AS (upper(n)) STORED, CHECK (n IN ('x', 'y')));
CREATE TABLE s.p (a int NOT NULL, b text) PARTITION BY RANGE (a);
CREATE TABLE s.p1 PARTITION OF s.p FOR VALUES FROM (0) TO (10); CREATE INDEX i ON s.p (b);
CREATE TABLE s.parent (a int NOT NULL); CREATE TABLE s.child (b int) INHERITS (s.parent);
CREATE FUNCTION s.f(x int) RETURNS bigint LANGUAGE sql
  BEGIN ATOMIC; SELECT count(*) FROM s.t WHERE id > x; END;
CREATE VIEW s.v AS SELECT id, n AS name FROM s.t WHERE m = 'a'; CREATE VIEW s.w AS SELECT name FROM s.v;
CREATE VIEW s.j AS SELECT t.id, p.b FROM s.t JOIN s.p ON p.a = t.id;
CREATE MATERIALIZED VIEW s.mv AS SELECT m, count(*) AS n FROM s.t GROUP BY m; CREATE INDEX ON s.mv (n);
ALTER TABLE s.t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON s.t USING (id IN (SELECT a FROM s.p));
REVOKE INSERT ON s.t FROM postgres; GRANT SELECT ON s.t TO PUBLIC; COMMENT ON VIEW s.v IS 'a view';
"""


def test_what_another_server_only_tells_otherwise_is_counted_and_is_no_change(
    project: Project, other_database: Any
) -> None:
    project.sql(PLAIN)
    project.snap("take", code=0)
    project.snap.env["DATABASE_URL"] = load(other_database(), PLAIN)
    told = project.snap("status", code=0).stdout
    assert "nothing changed since\n" in told and "told otherwise by another version" in told
    assert project.snap("diff", "--exit-code", code=0).stdout == told.splitlines(keepends=True)[-1]
    found = json.loads(project.snap("diff", "--stat", "--json", code=0).stdout)
    assert found["resources"] == [] and found["retold"]["db"] > 0
    project.sql("DROP VIEW s.w")
    project.snap("status", code=0)
    load(project.snap.env["DATABASE_URL"], "DROP VIEW s.w")
    assert "1 resource changed" in project.snap("status", code=2).stdout


DIVERGED = """
CREATE SCHEMA s; CREATE TABLE s.t (id int, n text); INSERT INTO s.t VALUES (1, 'x');
CREATE VIEW s.v AS SELECT id FROM s.t; CREATE TABLE s.p1 (a int NOT NULL, b text);
"""


@pytest.fixture
def needs_18(postgres_version: int) -> None:
    if postgres_version < 18:
        pytest.skip(f"needs another PostgreSQL than {postgres_version}")


@pytest.fixture
def other_database(servers: Servers, postgres_version: int) -> Iterator[Callable[[], str]]:
    """As ``new_database``, on a server of another major version."""
    others = [version for version in servers.versions() if version != postgres_version]
    if not others:
        pytest.skip("needs a second PostgreSQL")
    yield from databases(servers.url(others[-1]))


@pytest.mark.parametrize("there", ["", DIVERGED], ids=["new", "diverged"])
@pytest.mark.parametrize("onto", ["this", "other"])
def test_a_plain_schema_goes_to_another_version_and_there_is_nothing_left_to_do(
    onto: str, there: str, new_database: Any, other_database: Any
) -> None:
    source, at = (other_database, new_database) if onto == "this" else (new_database, other_database)
    target, url = capture(load(source(), PLAIN)), load(at(), there)
    actions = plan(capture(url), target)
    assert told(actions) == {}
    apply(url, actions)
    assert left(capture(url), target) == set()
    assert plan(capture(url), target) == []
