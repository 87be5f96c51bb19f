"""Managed platforms, as far as a server of our own can be set up like them: who administers a database there
is no superuser, but takes, restores and undoes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.conftest import Snap
from tests.postgres import dump
from tests.postgres.conftest import Project

ADMIN = "snap_platform_admin"
THEIRS = "snap_platform_auth"
OF_APPS = "snap_platform_web"
EVERY = f"""
ALTER ROLE {ADMIN} LOGIN PASSWORD 'admin' CREATEDB CREATEROLE NOSUPERUSER;
"""
PLATFORMS = {
    "rds": f"""
ALTER DEFAULT PRIVILEGES FOR ROLE {ADMIN} IN SCHEMA public GRANT SELECT ON TABLES TO {OF_APPS};
CREATE EXTENSION pg_stat_statements;
""",
    "cloudsql": f"ALTER SCHEMA public OWNER TO {ADMIN};",
    "supabase": f"""
CREATE SCHEMA auth AUTHORIZATION {THEIRS}; CREATE TABLE auth.users (id int PRIMARY KEY);
ALTER TABLE auth.users OWNER TO {THEIRS}; GRANT USAGE ON SCHEMA auth TO {ADMIN};
GRANT ALL ON auth.users TO {ADMIN};
CREATE SCHEMA storage AUTHORIZATION {THEIRS}; CREATE TABLE storage.objects (id int);
CREATE SCHEMA extensions; CREATE EXTENSION citext SCHEMA extensions;
GRANT USAGE ON SCHEMA extensions TO PUBLIC;
GRANT USAGE ON SCHEMA public TO {ADMIN}, {OF_APPS}; GRANT CREATE ON SCHEMA public TO {ADMIN};
ALTER DEFAULT PRIVILEGES FOR ROLE {ADMIN} IN SCHEMA public GRANT ALL ON TABLES TO {ADMIN}, {OF_APPS};
ALTER DEFAULT PRIVILEGES FOR ROLE {ADMIN} IN SCHEMA public GRANT ALL ON FUNCTIONS TO {ADMIN}, {OF_APPS};
ALTER DEFAULT PRIVILEGES FOR ROLE {ADMIN} IN SCHEMA public GRANT ALL ON SEQUENCES TO {ADMIN}, {OF_APPS};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO {ADMIN}, {OF_APPS};
CREATE FUNCTION extensions.watch() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN NOTIFY pgrst; END$$;
CREATE EVENT TRIGGER pgrst_ddl_watch ON ddl_command_end EXECUTE FUNCTION extensions.watch();
CREATE PUBLICATION live; ALTER PUBLICATION live OWNER TO {ADMIN};
""",
}
OLD = """
CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text UNIQUE, m int);
CREATE TABLE orders (id serial PRIMARY KEY, who bigint REFERENCES users);
INSERT INTO users (email) VALUES ('a');
CREATE VIEW active AS SELECT id FROM users;
CREATE MATERIALIZED VIEW stats AS SELECT count(*) AS n FROM orders;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TYPE mood AS ENUM ('a');
CREATE TRIGGER tr BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION f(); COMMENT ON TABLE users IS 'x';
ALTER TABLE users ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON users USING (true);
CREATE PUBLICATION pub FOR TABLE orders;
"""
NEW = """
DROP VIEW active; DROP TRIGGER tr ON orders; DROP FUNCTION f(); DROP PUBLICATION pub; DROP POLICY p ON users;
ALTER TABLE users ADD extra text DEFAULT 'e', DROP m; ALTER TYPE mood ADD VALUE 'c';
CREATE TABLE n (id int PRIMARY KEY, m mood); INSERT INTO n VALUES (1, 'a'); CREATE SCHEMA more;
CREATE TABLE more.z (a int); CREATE FUNCTION rpc() RETURNS int LANGUAGE sql AS 'SELECT 1';
DROP TABLE IF EXISTS profiles;
"""
OF_SUPABASE = """
CREATE TABLE profiles (id int PRIMARY KEY REFERENCES auth.users ON DELETE CASCADE, name extensions.citext);
ALTER PUBLICATION live ADD TABLE profiles;
"""


@dataclass(frozen=True)
class Platform:
    project: Project
    admin: Project


@pytest.fixture(params=PLATFORMS)
def platform(request: pytest.FixtureRequest, snap: Snap, database: str) -> Iterator[Platform]:
    project = Project(snap, database)
    for role in (ADMIN, THEIRS, OF_APPS):
        project.sql(f"DO $$ BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    parts = urlsplit(database)
    project.sql(f"ALTER DATABASE {parts.path[1:]} OWNER TO {ADMIN}; {EVERY}")
    project.sql(PLATFORMS[request.param])
    place = f"{ADMIN}:admin@{parts.netloc.rpartition('@')[2]}"
    admin = Project(snap, urlunsplit(parts._replace(netloc=place)))
    snap.env["DATABASE_URL"] = admin.url
    admin.configure(url="${DATABASE_URL}", profile=request.param)
    admin.sql(OLD + (OF_SUPABASE if request.param == "supabase" else ""))
    yield Platform(project, admin)


def test_an_administrator_restores_and_undoes_and_the_plan_has_nothing_against_it(platform: Platform) -> None:
    snap, url = platform.admin.snap, platform.project.url
    old = dump.schema(url)
    snap("take", "-m", "old", code=0)
    platform.admin.sql(NEW)
    new = dump.schema(url)
    assert "unverifiable" not in snap("plan", "HEAD", code=0).stdout
    snap("restore", "HEAD", "--yes", "--allow", "security", "--allow", "downtime", code=0)
    assert dump.schema(url) == old
    snap("undo", "--yes", "--allow", "downtime", code=0)
    assert dump.schema(url) == new
    assert snap("doctor").code == 0
