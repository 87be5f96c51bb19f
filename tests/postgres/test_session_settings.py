"""Parameters that ``ALTER ROLE`` sets for every session: none changes what a restore does."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.postgres.conftest import Project

ROLE = "snap_odd_sessions"
SETTINGS = """
array_nulls = off
backslash_quote = off
bytea_output = escape
client_encoding = LATIN1
client_min_messages = debug5
constraint_exclusion = on
DateStyle = 'German, DMY'
default_statistics_target = 1
default_transaction_deferrable = on
default_transaction_isolation = serializable
default_transaction_read_only = on
enable_seqscan = off
exit_on_error = on
extra_float_digits = -15
idle_in_transaction_session_timeout = 900
idle_session_timeout = 900
IntervalStyle = sql_standard
lock_timeout = 1
lo_compat_privileges = on
password_encryption = md5
plan_cache_mode = force_generic_plan
plpgsql.extra_errors = 'all'
plpgsql.variable_conflict = error
quote_all_identifiers = on
row_security = on
search_path = pg_temp, nowhere, pg_catalog
session_replication_role = replica
standard_conforming_strings = off
statement_timeout = 5000
TimeZone = 'Asia/Kathmandu'
transform_null_equals = on
xmlbinary = hex
xmloption = document
"""
OLD = r"""
CREATE TABLE t (id int PRIMARY KEY, x text DEFAULT E'a\\b', at timestamptz DEFAULT '2020-02-03 04:05+06',
  CHECK (x = NULL OR id > 0)); COMMENT ON TABLE t IS E'it''s \\ größer'; CREATE INDEX i ON t (lower(x));
CREATE VIEW v AS SELECT id, x || E'\\n' AS z FROM t;
CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$SELECT 'a\b'$$;
CREATE TABLE flags (k text PRIMARY KEY, at timestamptz, b bytea, f float8, i interval, a int[]);
INSERT INTO flags
  VALUES (E'a\\b', '2020-03-04 05:06+00', '\x0102', 0.1::float8 + 0.2, '1 day 2 hours', '{NULL}');
CREATE TABLE child (k text REFERENCES flags ON DELETE CASCADE);
CREATE MATERIALIZED VIEW m AS SELECT * FROM flags;
CREATE POLICY p ON t USING (x = E'\\'); CREATE TYPE e AS ENUM ('a', 'b');
CREATE TABLE n (e e); INSERT INTO n VALUES ('b');
"""
NEW = r"""
DROP POLICY p ON t; DROP VIEW v; DROP FUNCTION f(); ALTER TABLE t DROP x, ALTER at TYPE text;
COMMENT ON TABLE t IS NULL;
DROP MATERIALIZED VIEW m; UPDATE flags SET at = '2021-01-01 00:00+00', i = NULL;
ALTER TABLE flags ALTER f TYPE numeric;
INSERT INTO flags VALUES ('n', NULL, '\x00', 1e-300, '1 year'); INSERT INTO child VALUES ('n');
ALTER TYPE e ADD VALUE 'c'; CREATE TABLE u (a int); INSERT INTO u VALUES (1);
"""
ROWS = "SELECT k, at, encode(b, 'hex'), f::text, i::text, a::text FROM flags ORDER BY k"


@pytest.fixture
def odd(project: Project) -> Project:
    """A project that connects as a role with all these settings."""
    project.sql(f"DO $$ BEGIN CREATE ROLE {ROLE}; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    project.sql(f"ALTER ROLE {ROLE} LOGIN SUPERUSER PASSWORD 'odd'")
    parts = urlsplit(project.url)
    for line in SETTINGS.strip().splitlines():
        project.sql(f"ALTER ROLE {ROLE} IN DATABASE {parts.path[1:]} SET {line}")
    place = f"{ROLE}:odd@{parts.netloc.rpartition('@')[2]}"
    project.snap.env["ODD_URL"] = urlunsplit(parts._replace(netloc=place))
    project.configure(url="${ODD_URL}", data=["public.flags"], exclude=["database_setting:*"])
    return project


def test_a_restore_is_the_same_whatever_is_set_for_every_session(odd: Project) -> None:
    odd.sql(OLD)
    old, rows = odd.dump(), odd.sql(ROWS)
    odd.snap("take", "-m", "old", code=0)
    odd.sql(NEW)
    new, newer = odd.dump(), odd.sql(ROWS)
    odd.snap("restore", "HEAD", "--yes", "--allow", "security", "--allow", "data-loss", code=0)
    assert odd.dump() == old and odd.sql(ROWS) == rows and odd.sql("SELECT * FROM child") == []
    odd.snap("undo", "--yes", "--allow", "security", code=0)
    assert odd.dump() == new and odd.sql(ROWS) == newer and odd.sql("SELECT * FROM u") == [(1,)]
