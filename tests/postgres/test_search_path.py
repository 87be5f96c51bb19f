"""Functions that name tables and functions without their schema, as most do: a restore has an empty path."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from snapstore.errors import SnapError
from snapstore_postgres.settings import Settings
from tests.conftest import databases
from tests.postgres.roundtrip import apply, capture, changes, plan
from tests.postgres.servers import Servers, servers, version_of
from tests.postgres.test_pairs import Pair, goes_and_comes, load

__all__ = ["servers"]

FUNCTIONS = [
    "CREATE TABLE known (name text); INSERT INTO known VALUES ('a'), ('b');",
    "CREATE FUNCTION folded(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN lower($1); END';",
    "CREATE FUNCTION norm(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN folded($1); END';",
    "CREATE FUNCTION allowed(text) RETURNS boolean LANGUAGE sql STABLE"
    " AS 'SELECT EXISTS (SELECT FROM known k WHERE k.name = $1)';",
    "CREATE TABLE t (id int PRIMARY KEY, name text); INSERT INTO t VALUES (1, 'a'), (2, 'b');",
]
CALLED = [
    "ALTER TABLE t ADD g text GENERATED ALWAYS AS (norm(name)) STORED, ADD d text DEFAULT norm('X');",
    "ALTER TABLE t ADD CONSTRAINT c CHECK (allowed(name)), ADD CONSTRAINT k UNIQUE (g);",
    "CREATE INDEX i ON t (norm(name)); -- before 17",
    "CREATE MATERIALIZED VIEW m AS SELECT norm(name) AS n FROM t; CREATE INDEX ON m (norm(n)); -- before 17",
]
IN_SESSIONS = "CREATE SCHEMA app; SET search_path = app, public;"
ELSEWHERE = [
    "CREATE SCHEMA app; SET search_path = app;",
    *FUNCTIONS[1:3],
    "CREATE TABLE public.t (id int, name text); INSERT INTO public.t VALUES (1, 'a');",
]


@pytest.fixture
def older_database(servers: Servers) -> Iterator[Callable[[], str]]:
    """Makes a database on a server that builds indexes with the path of who asks for them, as before 17."""
    older = [version for version in servers.versions() if version < 17]
    if not older:
        pytest.skip("needs a PostgreSQL before 17")
    yield from databases(servers.url(older[-1]))


@pytest.mark.parametrize("server", ["this", "older"])
def test_what_calls_them_comes_and_goes_and_comes_back(
    server: str, new_database: Any, older_database: Any
) -> None:
    make = new_database if server == "this" else older_database
    pair = Pair("paths", {"a": FUNCTIONS, "b": [*FUNCTIONS, *CALLED]})
    goes_and_comes(pair, make, version_of(make()))


@pytest.mark.parametrize("server", ["this", "older"])
def test_so_does_what_calls_them_in_a_schema_that_only_sessions_of_the_application_look_into(
    server: str, new_database: Any, older_database: Any
) -> None:
    make = new_database if server == "this" else older_database
    known = [IN_SESSIONS, *FUNCTIONS]
    goes_and_comes(Pair("paths", {"a": known, "b": [*known, *CALLED]}), make, version_of(make()))
    called = "ALTER TABLE public.t ADD g text GENERATED ALWAYS AS (norm(name)) STORED;"
    goes_and_comes(Pair("paths", {"a": ELSEWHERE, "b": [*ELSEWHERE, called]}), make, version_of(make()))


def test_so_does_an_index_that_is_built_beside_the_application(older_database: Any) -> None:
    url = load(older_database(), "\n".join(FUNCTIONS))
    target = capture(load(older_database(), "\n".join([*FUNCTIONS, "CREATE INDEX i ON t (norm(name));"])))
    actions = plan(capture(url), target, settings=Settings(locking="online"))
    assert any("CONCURRENTLY" in statement for action in actions for statement in action.statements)
    apply(url, actions, locking="online")
    assert changes(capture(url).facts, target.facts) == []


def test_what_they_do_not_find_with_the_usual_path_either_is_told(new_database: Any) -> None:
    missing = (
        "CREATE FUNCTION f(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN nowhere($1); END';"
    )
    table = f"{missing} CREATE TABLE t (id int PRIMARY KEY"
    target = capture(load(new_database(), f"{table}, g int GENERATED ALWAYS AS (f(id)) STORED);"))
    url = load(new_database(), f"{table}); INSERT INTO t VALUES (1);")
    before = capture(url)
    with pytest.raises(SnapError, match=r"function nowhere\(integer\) does not exist"):
        apply(url, plan(before, target))
    assert changes(capture(url).facts, before.facts) == []
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchall() == [(1,)]
