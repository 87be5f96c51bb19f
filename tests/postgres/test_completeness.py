"""Nothing is left out silently: what no query tells of is named, and so is what a role may not read.

A server has nothing that we do not know, so here we know less: lines are taken out of a copy of the catalog's
queries."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from snapstore.adapter import PlanRequest
from snapstore.model import HazardName, PlanOptions, ResourceChanges
from snapstore.plan import _unverifiable
from snapstore_postgres import catalog
from tests.postgres import dump, roundtrip
from tests.postgres.conftest import Project
from tests.postgres.test_catalog import captured, execute, own_catalog

__all__ = ["own_catalog"]
Forget = Callable[[str, str], None]

SCHEMA = """
CREATE TABLE parent (id int PRIMARY KEY, n int GENERATED ALWAYS AS IDENTITY, t text) PARTITION BY RANGE (id);
CREATE TABLE child PARTITION OF parent DEFAULT;
CREATE TYPE span AS RANGE (SUBTYPE = float8);
CREATE DOMAIN small AS int CHECK (VALUE < 9);
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION g(int, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR === (FUNCTION = g, LEFTARG = int, RIGHTARG = int, COMMUTATOR = ====);
CREATE COLLATION plain (provider = libc, locale = 'C');
CREATE TEXT SEARCH DICTIONARY words (TEMPLATE = simple);
CREATE STATISTICS both_columns ON id, n FROM child;
CREATE VIEW seen AS SELECT id FROM parent;
CREATE PUBLICATION pub FOR TABLE child;
CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION watched();
"""
WATCHED = "CREATE FUNCTION watched() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'"


@pytest.fixture
def filled(database: str) -> str:
    execute(database, WATCHED)
    execute(database, SCHEMA)
    return database


@pytest.fixture
def forget(own_catalog: Path) -> Forget:
    """Take a text out of one of our queries."""

    def without(name: str, text: str) -> None:
        path = own_catalog / f"{name}.sql"
        found = path.read_text()
        assert text in found
        path.write_text(found.replace(text, "'?'"))
        catalog.sql.cache_clear()

    return without


def unmodelled(url: str) -> set[str]:
    facts = roundtrip.capture(url).facts
    return {name.partition(":")[2] for name in facts if name.startswith("unmodelled:")}


def test_a_schema_of_every_usual_thing_has_nothing_that_is_not_modelled(filled: str) -> None:
    assert unmodelled(filled) == set()
    assert captured(filled).notices == []


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("unmodelled", "'pg_publication'", "what is in catalog pg_publication"),
        ("unmodelled", "'pg_event_trigger'", "event trigger watch (catalog pg_event_trigger)"),
        ("unmodelled", "'pg_ts_parser'", "what is in catalog pg_ts_parser"),
    ],
)
def test_what_is_in_a_catalog_that_we_do_not_know_is_named(
    filled: str, forget: Forget, query: str, text: str, found: str
) -> None:
    forget(query, text)
    assert found in unmodelled(filled)


@pytest.mark.parametrize(
    ("letter", "found"),
    [
        ("'v', 'm', 'S'", "view seen (relkind 'v')"),
        ("'f', 'p', 'a', 'w'", "function f(integer) (prokind 'f')"),
        ("'d', 'b', 'i', 'c'", "collation plain (collprovider 'c')"),
        ("'r', 'l', 'h'", "table parent (partstrat 'r')"),
        ("'c', 'f', 'p', 'u', 'x', 'n', 't'", "constraint child_pkey on table child (contype 'p')"),
    ],
)
def test_an_object_of_a_kind_that_we_do_not_know_is_named(
    filled: str, forget: Forget, letter: str, found: str
) -> None:
    forget("unmodelled", letter)
    assert found in {name.replace("public.", "") for name in unmodelled(filled)}


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("collation", "collation public.plain"),
        ("ts_dictionary", "text search dictionary public.words"),
        ("statistics", "statistics object public.both_columns"),
        ("function", "function public.f(integer)"),
    ],
)
def test_an_object_that_no_query_tells_of_is_named(
    filled: str, own_catalog: Path, kind: str, found: str
) -> None:
    (own_catalog / "facts" / f"{kind}.sql").unlink()
    assert found in unmodelled(filled)


def test_what_is_not_modelled_makes_a_restore_unverifiable(filled: str, own_catalog: Path) -> None:
    (own_catalog / "facts" / "ts_dictionary.sql").unlink()
    state = roundtrip.capture(filled)
    nothing = ResourceChanges("db", "postgres")
    request = PlanRequest("db", None, nothing, state.facts, state.facts, {}, {}, PlanOptions())
    hazards = _unverifiable("db", request)
    assert [hazard.name for hazard in hazards] == [HazardName.UNVERIFIABLE]
    assert "public.words" in hazards[0].text


def test_take_names_what_is_put_on_the_tables_of_an_extension(project: Project) -> None:
    project.sql("CREATE EXTENSION ltree")
    project.sql("CREATE TABLE members (id int PRIMARY KEY); ALTER EXTENSION ltree ADD TABLE members")
    assert captured(project.url).notices == []
    project.sql("CREATE INDEX mine ON members (id)")
    assert [notice.subject for notice in captured(project.url).notices] == ["index public.mine"]


def test_rows_of_an_extensions_configuration_are_never_lost_unsaid(project: Project) -> None:
    nothing = roundtrip.capture(project.url)
    project.sql("CREATE EXTENSION ltree; CREATE TABLE zones (id int); INSERT INTO zones VALUES (1)")
    project.sql("ALTER EXTENSION ltree ADD TABLE zones")
    config = "extconfig = ARRAY['zones'::regclass], extcondition = ARRAY['']"
    project.sql(f"UPDATE pg_extension SET {config} WHERE extname = 'ltree'")
    dropped = roundtrip.plan(roundtrip.capture(project.url), nothing)
    lost = [h.text for action in dropped for h in action.hazards if h.name is HazardName.DATA_LOSS]
    assert lost == ["table public.zones of extension ltree and the rows in it"]


# -- security labels ---------------------------------------------------------------------------------------

LABELS = """
CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t; CREATE FUNCTION f() RETURNS int RETURN 1;
INSERT INTO pg_seclabel VALUES
  ('t'::regclass, 'pg_class'::regclass, 0, 'selinux', 'on a table'),
  ('t'::regclass, 'pg_class'::regclass, 1, 'selinux', 'on a column'),
  ('v'::regclass, 'pg_class'::regclass, 1, 'Odd one', 'it''s on a view''s'),
  ('f'::regproc, 'pg_proc'::regclass, 0, 'selinux', 'on a function');
"""


def test_security_labels_come_back_as_pg_dump_writes_them(database: str, new_database: Any) -> None:
    """No server here has a provider of labels, so they are put into the catalog by hand."""
    execute(database, LABELS)
    actions = roundtrip.plan(roundtrip.capture(new_database()), roundtrip.capture(database))
    ours = {s for action in actions for s in action.statements if s.startswith("SECURITY LABEL")}
    command = [str(dump.pg_dump()), "--schema-only", f"--dbname={database}"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert ours == set(re.findall(r"^(SECURITY LABEL .*);$", text, re.MULTILINE)) and len(ours) == 4


# -- a role that has no rights -----------------------------------------------------------------------------


@pytest.fixture
def plain(filled: str) -> str:
    """The URL of a role that may connect, and nothing else."""
    execute(
        filled, "DO $$ BEGIN CREATE ROLE snap_plain LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
    )
    execute(filled, "ALTER ROLE snap_plain LOGIN PASSWORD 'plain'")
    execute(
        filled,
        "REVOKE ALL ON SCHEMA public FROM PUBLIC; REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC",
    )
    parts = urlsplit(filled)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"snap_plain:plain@{place}"))


def test_a_role_that_may_only_connect_reads_what_a_superuser_reads(filled: str, plain: str) -> None:
    assert roundtrip.capture(plain).facts == roundtrip.capture(filled).facts


def test_what_a_plain_role_may_not_read_is_named(filled: str, plain: str) -> None:
    execute(
        filled,
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;"
        "CREATE USER MAPPING FOR postgres SERVER s OPTIONS (password 'hidden');"
        "CREATE SUBSCRIPTION sub CONNECTION 'dbname=x' PUBLICATION p"
        " WITH (connect = false, slot_name = NONE)",
    )
    try:
        assert unmodelled(plain) == {
            "subscription sub (this role may not read how it connects)",
            "user mapping for postgres on server s (this role may not read its options)",
        }
    finally:
        execute(filled, "DROP SUBSCRIPTION sub")
