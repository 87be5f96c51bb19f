"""Managed platforms and roles without powers: what is left alone, and what a plan says beforehand."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from snapstore.errors import SnapError
from snapstore.model import HazardName
from snapstore_postgres import profiles, rights
from snapstore_postgres.kinds.rules import RULES
from snapstore_postgres.settings import Settings
from tests.postgres import dump, roundtrip
from tests.postgres.conftest import Project
from tests.postgres.test_catalog import execute
from tests.postgres.test_cluster import capture

PLATFORM = """
CREATE SCHEMA auth; CREATE TABLE auth.users (id int PRIMARY KEY);
CREATE SCHEMA storage; CREATE SCHEMA storage2;
CREATE TABLE storage.objects (a int); CREATE TABLE storage2.mine (a int);
CREATE TABLE public.orders (id int PRIMARY KEY, who int REFERENCES auth.users);
CREATE VIEW public.seen AS SELECT id FROM auth.users;
CREATE FUNCTION watched() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER pgrst_ddl_watch ON ddl_command_end EXECUTE FUNCTION watched();
CREATE EVENT TRIGGER mine ON ddl_command_end EXECUTE FUNCTION watched();
COMMENT ON EVENT TRIGGER pgrst_ddl_watch IS 'theirs'; COMMENT ON SCHEMA auth IS 'theirs';
"""


@pytest.fixture
def platform(database: str) -> str:
    execute(database, PLATFORM)
    return database


def test_a_profile_leaves_out_what_a_platform_looks_after(platform: str) -> None:
    facts = capture(platform, profile="supabase").facts
    assert not [name for name in facts if "auth.users" in name or "schema:auth" in name or "pgrst" in name]
    assert {"table:storage2.mine", "event_trigger:mine", "view:public.seen", "table:public.orders"} <= set(
        facts
    )
    assert {need for fact in facts.values() for need in fact.needs} <= set(facts)


def test_a_profile_of_ones_own_extends_another_and_settings_extend_it(platform: str, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('extends = "supabase"\nexclude = ["schema:storage?"]\nmay = ["language"]\n')
    facts = capture(platform, profile=str(own), exclude=("event_trigger:m*",)).facts
    assert not [name for name in facts if "storage" in name or name.startswith("event_trigger:")]
    found = profiles.load(Settings(profile="own.toml"), tmp_path, "here")
    assert {"language", "event_trigger"} <= set(found.may)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('extends = "own.toml"', "extends itself"),
        ("schemas = []", "unknown field `schemas`"),
        ("exclude = [", "cannot be read"),
        (None, "cannot be read"),
    ],
)
def test_a_profile_that_cannot_be_used_is_an_error(tmp_path: Path, text: str | None, said: str) -> None:
    if text is not None:
        (tmp_path / "own.toml").write_text(text)
    with pytest.raises(SnapError, match=said):
        profiles.load(Settings(profile="own.toml"), tmp_path, "here")


def test_an_unknown_profile_names_those_that_there_are(project: Project) -> None:
    project.configure(url="${DATABASE_URL}", profile="supabasse")
    done = project.snap("take", "-m", "x", code=1)
    assert "there is no profile 'supabasse'" in done.stderr and "supabase" in done.stderr


@pytest.mark.parametrize("name", profiles.names())
def test_every_profile_speaks_of_kinds_that_there_are(name: str) -> None:
    found = profiles.load(Settings(profile=name), Path(), "here")
    kinds = {pattern.partition(":")[0] for pattern in found.exclude} | set(found.may)
    assert found.exclude and kinds <= set(RULES)


def test_every_kind_that_needs_a_superuser_has_a_rule() -> None:
    assert set(rights.SUPERUSER) <= set(RULES)


# -- what a role may not do --------------------------------------------------------------------------------


@pytest.fixture
def limited(database: str) -> str:
    """The URL of a role that owns the schema public, and nothing else."""
    role = "CREATE ROLE snap_limited"
    execute(database, f"DO $$ BEGIN {role}; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    execute(
        database,
        "ALTER ROLE snap_limited LOGIN PASSWORD 'limited'; ALTER SCHEMA public OWNER TO snap_limited",
    )
    parts = urlsplit(database)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"snap_limited:limited@{place}"))


NEEDS_MORE = {
    "an event trigger": "CREATE FUNCTION w() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
    "ALTER FUNCTION w OWNER TO snap_limited;"
    "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION w()",
    "a function in C": "CREATE FUNCTION c(int) RETURNS int LANGUAGE internal AS 'int4abs'",
    "a table of somebody else": "CREATE TABLE t (a int)",
    "all tables": "CREATE PUBLICATION p FOR ALL TABLES",
}


@pytest.mark.parametrize("what", NEEDS_MORE)
def test_a_plan_says_what_its_role_may_not_do(what: str, database: str, limited: str) -> None:
    before = roundtrip.capture(limited)
    execute(database, NEEDS_MORE[what])
    after = roundtrip.capture(limited)
    for live, target in ((before, after), (after, before)):
        said = hazards(roundtrip.plan(live, target))
        assert said and all("snap_limited" in text for text in said)


NOT_ITS_OWN = {
    "a schema in which it may not create": (
        "CREATE SCHEMA s; CREATE TABLE s.t (a int); CREATE TYPE s.e AS ENUM ('x');"
        "GRANT USAGE ON SCHEMA s TO snap_limited;"
        "ALTER TABLE s.t OWNER TO snap_limited; ALTER TYPE s.e OWNER TO snap_limited",
        "CREATE VIEW s.v AS SELECT 1 AS a; ALTER VIEW s.v OWNER TO snap_limited; CREATE INDEX i ON s.t (a);"
        "ALTER TABLE s.t ADD CONSTRAINT u UNIQUE (a), ADD CONSTRAINT k CHECK (a > 0);"
        "ALTER TYPE s.e ADD VALUE 'y'",
        {
            "view:s.v: snap_limited may not CREATE in the schema s",
            "index:s.i: snap_limited may not CREATE in the schema s",
            "constraint:s.t.u: snap_limited may not CREATE in the schema s",
        },
        {"enum:s.e: snap_limited may not CREATE in the schema s"},
    ),
    "the archive and other schemas": (
        "CREATE TABLE t (a int); ALTER TABLE t OWNER TO snap_limited",
        "CREATE SCHEMA s AUTHORIZATION snap_limited;"
        "ALTER TABLE t ADD b int DEFAULT 1; INSERT INTO t VALUES (1)",
        {"schema:s: snap_limited may not CREATE in this database"},
        {
            "snapstore_archive: snap_limited may not CREATE in this database",
            "column:public.t.b: snap_limited may not CREATE in this database",
        },
    ),
    "what is part of somebody else's": (
        "CREATE TABLE t (a int)",
        "COMMENT ON TABLE t IS 'x'; CREATE INDEX i ON t (a); GRANT SELECT ON t TO snap_limited",
        {
            f"{subject}: table:public.t belongs to postgres, and snap_limited has not its rights"
            for subject in ("comment:table:public.t", "index:public.i", "grant:table:public.t:snap_limited")
        },
        {
            f"{subject}: table:public.t belongs to postgres, and snap_limited has not its rights"
            for subject in ("comment:table:public.t", "index:public.i", "grant:table:public.t:snap_limited")
        },
    ),
    "grants by others and default privileges of others": (
        "CREATE TABLE t (a int); ALTER TABLE t OWNER TO snap_limited;"
        "GRANT SELECT ON t TO snap_app WITH GRANT OPTION;"
        "GRANT USAGE ON SCHEMA public TO snap_app",
        "SET ROLE snap_app; GRANT SELECT ON t TO snap_reader; RESET ROLE;"
        "ALTER DEFAULT PRIVILEGES FOR ROLE snap_app GRANT SELECT ON TABLES TO snap_reader",
        {
            "grant:table:public.t:snap_reader:snap_app: snap_app has granted it, and snap_limited"
            " cannot SET ROLE to that",
            "grant:default_privileges:snap_app:r:snap_reader: default_privileges:snap_app:r belongs to"
            " snap_app, and snap_limited has not its rights",
        },
        {
            "grant:table:public.t:snap_reader:snap_app: snap_app has granted it, and snap_limited"
            " cannot SET ROLE to that",
            "default_privileges:snap_app:r: default_privileges:snap_app:r belongs to snap_app,"
            " and snap_limited has not its rights",
        },
    ),
    "references to what it may not read": (
        "CREATE TABLE t (a int PRIMARY KEY); CREATE TABLE u (a int); ALTER TABLE u OWNER TO snap_limited",
        "ALTER TABLE u ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES t",
        {"constraint:public.u.f: snap_limited has not the privilege REFERENCES on public.t"},
        set(),
    ),
    "extensions": (
        "",
        "CREATE EXTENSION pageinspect; CREATE EXTENSION hstore",
        {
            "extension:hstore: snap_limited may not CREATE in this database",
            "extension:pageinspect: snap_limited may not CREATE in this database",
            "extension:pageinspect: snap_limited may not create the extension pageinspect: only a"
            " superuser may",
        },
        {
            f"extension:{name}: extension:{name} belongs to postgres, and snap_limited has not its rights"
            for name in ("hstore", "pageinspect")
        },
    ),
    "settings of other roles": (
        "",
        "DO $$ BEGIN EXECUTE format('ALTER ROLE snap_app IN DATABASE %I SET work_mem TO 99',"
        " current_database());"
        "EXECUTE format('ALTER ROLE snap_limited IN DATABASE %I SET work_mem TO 99',"
        " current_database()); END $$",
        {"database_setting:snap_app:work_mem: it takes CREATEROLE, and snap_limited has not that"},
        {"database_setting:snap_app:work_mem: it takes CREATEROLE, and snap_limited has not that"},
    ),
    "owners who may not create there": (
        "CREATE TABLE t (a int); ALTER TABLE t OWNER TO snap_limited; GRANT snap_app TO snap_limited",
        "ALTER TABLE t OWNER TO snap_app",
        {
            "table:public.t: snap_limited cannot give something in the schema public to snap_app,"
            " who may not CREATE there"
        },
        set(),
    ),
    "rows that policies of somebody else hide": (
        "CREATE TABLE t (a int, b varchar(3)); ALTER TABLE t OWNER TO snap_app; INSERT INTO t VALUES (1);"
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        "ALTER TABLE t ALTER b TYPE varchar(9)",
        {"column:public.t.b: table:public.t belongs to snap_app, and snap_limited has not its rights"},
        {
            "column:public.t.b: table:public.t belongs to snap_app, and snap_limited has not its rights",
            "column:public.t.b: FORCE ROW LEVEL SECURITY hides rows of public.t, and snap_limited has"
            " not BYPASSRLS"
            " (ALTER TABLE … NO FORCE ROW LEVEL SECURITY until it is done)",
        },
    ),
}


@pytest.mark.parametrize("what", NOT_ITS_OWN)
@pytest.mark.usefixtures("roles")
def test_a_plan_says_what_of_it_is_not_its_roles_own(what: str, database: str, limited: str) -> None:
    here, change, made, unmade = NOT_ITS_OWN[what]
    execute(database, "REVOKE CREATE ON SCHEMA public FROM PUBLIC;" + here)
    before = roundtrip.capture(limited)
    execute(database, change)
    after = roundtrip.capture(limited)
    assert set(hazards(roundtrip.asked_plan(limited, after, before))) == unmade
    undo_all(database, limited, before)
    assert set(hazards(roundtrip.asked_plan(limited, roundtrip.capture(limited), after))) == made
    execute(database, "REVOKE snap_app FROM snap_limited")


def undo_all(database: str, limited: str, before: roundtrip.State) -> None:
    """By the superuser, as whom the plan has no such hazards."""
    live = roundtrip.capture(database)
    actions = roundtrip.plan(live, before, roundtrip.DataMode.DISCARD)
    assert hazards(actions) == []
    roundtrip.apply(database, actions)


def test_rows_that_a_role_may_not_read_or_write_are_told_beforehand(
    project: Project, database: str, limited: str
) -> None:
    project.configure(url=limited, data=["public.flags"])
    execute(database, "CREATE TABLE flags (id int PRIMARY KEY, x text); INSERT INTO flags VALUES (1, 'a')")
    refused = project.snap("take", "-m", "x", code=1).stderr
    assert "may not read all that it is asked to: permission denied for table flags" in refused
    assert "SELECT on tables that `data` names" in refused
    execute(database, "GRANT SELECT, INSERT ON flags TO snap_limited")
    project.snap("take", "-m", "x", code=0)
    execute(database, "INSERT INTO flags VALUES (2, 'b')")
    said = project.snap("plan", "HEAD", code=0).stdout
    assert "may not insert, update and delete rows of public.flags" in said
    execute(database, "GRANT UPDATE, DELETE ON flags TO snap_limited; TRUNCATE flags")
    assert "may not insert" not in project.snap("plan", "HEAD", code=0).stdout


def test_a_look_at_rows_that_policies_hide_is_for_who_sees_them(
    project: Project, database: str, limited: str
) -> None:
    execute(limited, "CREATE TABLE t (n int CONSTRAINT c CHECK (n > 0))")
    execute(limited, "ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    project.configure(url=limited)
    project.snap("take", "-m", "x", code=0)
    execute(database, "ALTER TABLE t DROP CONSTRAINT c; INSERT INTO t VALUES (0)")
    done = project.snap("restore", "HEAD", "--yes", code=1)
    assert "not all rows of public.t were looked at: those that do not fit c" in done.stderr
    project.configure(url=database)
    done = project.snap("restore", "HEAD", "--yes", code=1)
    assert "1 rows of public.t do not fit c" in " ".join(done.stdout.split())


def test_an_archive_that_a_role_may_not_read_keeps_it_from_nothing_but_archiving(
    database: str, limited: str
) -> None:
    execute(database, "CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
    before = roundtrip.capture(database)
    execute(database, "DROP TABLE t; CREATE TABLE u (a int); INSERT INTO u VALUES (1)")
    roundtrip.restore(database, before)
    execute(limited, "CREATE TABLE v (a int); CREATE TABLE w (a int)")
    execute(database, "REVOKE CREATE ON SCHEMA public FROM PUBLIC; ALTER TABLE t OWNER TO snap_limited")
    old = roundtrip.capture(limited)
    execute(limited, "DROP TABLE w; ALTER TABLE v ADD b int; INSERT INTO v VALUES (1, 2)")
    said = set(hazards(roundtrip.asked_plan(limited, roundtrip.capture(limited), old)))
    told = "the archive is somebody else's, and snap_limited may not CREATE in its schema snapstore_archive"
    assert {f"snapstore_archive: {told}", f"column:public.v.b: {told}"} <= said
    execute(limited, "UPDATE v SET b = NULL")
    roundtrip.step(limited, roundtrip.capture(limited), old, mode=roundtrip.DataMode.DISCARD)


def test_a_membership_without_its_rights_is_none(database: str, limited: str, postgres_version: int) -> None:
    if postgres_version < 16:
        pytest.skip(f"needs another PostgreSQL than {postgres_version}")
    for name in ("snap_held", "snap_given"):
        role = f"CREATE ROLE {name}"
        execute(database, f"DO $$ BEGIN {role}; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        execute(database, f"GRANT CREATE ON SCHEMA public TO {name}")
    execute(database, "GRANT snap_held TO snap_limited WITH INHERIT FALSE, SET TRUE, ADMIN TRUE")
    execute(database, "GRANT snap_given TO snap_limited WITH INHERIT TRUE, SET FALSE")
    execute(database, "CREATE TABLE t (a int); ALTER TABLE t OWNER TO snap_held")
    before = roundtrip.capture(limited)
    execute(database, "ALTER TABLE t OWNER TO snap_given")
    after = roundtrip.capture(limited)
    execute(database, "REVOKE snap_held, snap_given FROM snap_limited")
    assert hazards(roundtrip.plan(before, after)) == [
        "table:public.t: snap_given shall own it, and snap_limited cannot SET ROLE to that",
        "table:public.t: table:public.t belongs to snap_held, and snap_limited has not its rights",
    ]
    assert hazards(roundtrip.plan(after, before)) == []


def test_a_role_that_does_not_inherit_becomes_the_owner_by_the_url(database: str, limited: str) -> None:
    for role in ("snap_stepping LOGIN NOINHERIT PASSWORD 'limited'", "snap_held"):
        execute(
            database, f"DO $$ BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
        )
    execute(database, "GRANT snap_held TO snap_stepping; GRANT CREATE ON SCHEMA public TO snap_held")
    execute(database, "CREATE TABLE t (a int); ALTER TABLE t OWNER TO snap_held")
    url = limited.replace("snap_limited", "snap_stepping")
    before = roundtrip.capture(url)
    execute(database, "ALTER TABLE t ADD b int")
    assert hazards(roundtrip.plan(roundtrip.capture(url), before))
    become = f"{url}{'&' if '?' in url else '?'}options=-c%20role%3Dsnap_held"
    assert hazards(roundtrip.restore(become, before)) == []
    execute(database, "REVOKE snap_held FROM snap_stepping")


def test_a_plan_says_which_parameters_its_role_may_not_set(database: str, limited: str) -> None:
    text = "CREATE FUNCTION f() RETURNS int LANGUAGE sql {} AS 'SELECT 1';"
    text += "ALTER FUNCTION f OWNER TO snap_limited"
    execute(database, text.format("SET work_mem = '1MB'"))
    before = roundtrip.capture(limited)
    execute(database, "DROP FUNCTION f;" + text.format("SET log_statement = 'all' SET work_mem = '2MB'"))
    after = roundtrip.capture(limited)
    execute(database, "DROP FUNCTION f;" + text.format("SET work_mem = '1MB'"))
    said = hazards(roundtrip.asked_plan(limited, before, after))
    assert said == ["function:public.f(): snap_limited may not set log_statement"]
    assert hazards(roundtrip.asked_plan(database, roundtrip.capture(database), after)) == []


def test_a_plan_of_a_role_that_may_do_all_of_it_says_nothing_and_runs(database: str, limited: str) -> None:
    execute(limited, "CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t; CREATE TYPE e AS ENUM ('x')")
    target = roundtrip.capture(limited)
    execute(
        limited, "DROP VIEW v; ALTER TABLE t ADD b int; DROP TYPE e; CREATE FUNCTION f() RETURNS int RETURN 1"
    )
    execute(database, 'GRANT CREATE ON DATABASE "' + urlsplit(database).path[1:] + '" TO snap_limited')
    target = capture_again(limited, target)
    assert hazards(roundtrip.plan(roundtrip.capture(limited), target)) == []
    roundtrip.restore(limited, target)


def capture_again(url: str, target: roundtrip.State) -> roundtrip.State:
    """The target, with the grant on the database that was made since."""
    now = roundtrip.capture(url).facts
    grants = {name: fact for name, fact in now.items() if name.startswith("grant:database:")}
    return roundtrip.State({**target.facts, **grants}, target.hints)


def test_a_superuser_hears_of_roles_that_are_missing(database: str) -> None:
    execute(database, "CREATE TABLE t (a int)")
    live = roundtrip.capture(database)
    facts: dict[str, Any] = dict(live.facts)
    table = facts["table:public.t"]
    attrs = {**table.attrs, "owner": "nobody here"}
    facts["table:public.t"] = type(table)(table.id, attrs, table.parent, table.needs)
    said = hazards(roundtrip.plan(live, roundtrip.State(facts, live.hints)))
    assert said == ["table:public.t: there is no role nobody here"]


def hazards(actions: list[Any]) -> list[str]:
    return [h.text for a in actions for h in a.hazards if h.name is HazardName.UNVERIFIABLE]


FORCED = """
CREATE TABLE d (id int PRIMARY KEY); INSERT INTO d VALUES (1);
CREATE TABLE e (a int); INSERT INTO e VALUES (5);
CREATE TABLE t (id int PRIMARY KEY, d int REFERENCES d, x varchar(3), y text);
INSERT INTO t VALUES (1, 1, 'a', 'b');
ALTER TABLE d ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE e ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE MATERIALIZED VIEW m AS SELECT x FROM t WITH NO DATA;
SET row_security = on; REFRESH MATERIALIZED VIEW m"""
DEPLOY = """
DROP MATERIALIZED VIEW m; DROP TABLE e; ALTER TABLE t DROP y, DROP CONSTRAINT t_d_fkey, ALTER x TYPE text;
CREATE TABLE c (id int PRIMARY KEY); ALTER TABLE c ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (id) REFERENCES c NOT VALID"""


def test_policies_that_hold_for_an_owner_are_in_the_way_of_no_restore(database: str, limited: str) -> None:
    execute(database, 'GRANT CREATE ON DATABASE "' + urlsplit(database).path[1:] + '" TO snap_limited')
    execute(limited, FORCED)
    before, schema = roundtrip.capture(limited), dump.schema(database)
    execute(limited, DEPLOY)
    after, changed = roundtrip.capture(limited), dump.schema(database)
    rows = []
    for target, wanted in ((before, schema), (after, changed), (before, schema)):
        actions = roundtrip.asked_plan(limited, roundtrip.capture(limited), target)
        assert not [text for text in hazards(actions) if "ROW LEVEL SECURITY" in text]
        roundtrip.proven(limited, actions, target)
        roundtrip.same_schema(database, wanted)
        execute(database, "UPDATE t SET x = 'z'")
        rows.append(roundtrip.rows(database))
    assert rows[0] == rows[2]
    with psycopg.connect(database) as connection:  # as it was filled: by an owner who sees nothing
        assert connection.execute("SELECT FROM m").fetchall() == []
