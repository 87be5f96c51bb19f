"""All the ways in which libpq finds its server and its password, and what is told when it does not."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from snapstore import embedded
from tests.conftest import Snap
from tests.postgres import dump
from tests.postgres.conftest import Project

PASSWORD = "p:a ss@w%rd/'\\x"
ROLE = "snap_login"


@dataclass(frozen=True)
class Login:
    port: int
    database: str

    def url(self, password: str = PASSWORD, **changes: Any) -> str:
        database = changes.get("database", self.database)
        return f"postgresql://{ROLE}:{quote(password, safe='')}@127.0.0.1:{self.port}/{database}"

    @property
    def variables(self) -> dict[str, str]:
        return {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.port),
            "PGUSER": ROLE,
            "PGDATABASE": self.database,
        }


@pytest.fixture
def login(postgres_server: embedded.Server) -> Iterator[Login]:
    """A role with a password and a database of its own on the embedded server, over TCP."""
    name = f"login_{id(object())}"
    with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
        connection.execute(f"DROP ROLE IF EXISTS {ROLE}")
        statement = psycopg.sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
        connection.execute(statement.format(psycopg.sql.Identifier(ROLE), psycopg.sql.Literal(PASSWORD)))
        connection.execute(f"CREATE DATABASE {name} OWNER {ROLE}")
        yield Login(postgres_server.port, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        connection.execute(f"DROP ROLE {ROLE}")


def configure(snap: Snap, url: str) -> None:
    snap.configure(f"[resources.db]\nadapter = \"postgres\"\nurl = '''{url}'''\n")


def secret_file(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def test_a_url_from_the_environment_works_with_a_password_of_any_characters(snap: Snap, login: Login) -> None:
    snap.env["DATABASE_URL"] = login.url() + "?sslmode=prefer"
    configure(snap, "${DATABASE_URL}")
    snap("take", "-m", "one", code=0)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql+asyncpg", "postgis"])
def test_a_url_as_libraries_write_it_is_understood(snap: Snap, login: Login, scheme: str) -> None:
    url = (
        login.url().replace("postgresql", scheme, 1)
        + "?schema=public&sslmode=prefer&connection_limit=1&pgbouncer=true"
    )
    configure(snap, url)
    snap("take", "-m", "one", code=0)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://u:canary/tail@h/d", "has an @ or a / that would end its password too soon"),
        ("postgresql://u:can@canary@h/d", "has an @ or a / that would end its password too soon"),
        ("postgresql://u:canary%zz@h/d", "has a % that no two hexadecimal digits follow"),
        ("postgresql://h/d?password=canary&sslaccept=strict", "sets 'sslaccept', which libpq does not know"),
        ("postgresql://u:x/y?canary=z@h/d", "is not a PostgreSQL connection string"),
        ("host=h password=x canary", "is not a PostgreSQL connection string"),
        ("mysql://u:canary@h/d", "begins with mysql://, which is not PostgreSQL"),
    ],
)
def test_what_is_wrong_with_a_url_is_told_without_any_part_of_a_password(
    snap: Snap, url: str, told: str
) -> None:
    configure(snap, url)
    done = snap("take", "-m", "one", "--debug", code=1)
    assert f"resources.db.url: the url {told}" in done.stderr and "canary" not in done.stderr


def test_init_suggests_only_a_url_of_postgresql(snap: Snap) -> None:
    snap.env["DATABASE_URL"] = "mysql://u:canary@h/d"
    assert "postgres" not in snap("init").stdout
    assert "postgres" not in (snap.root / "snapstore.toml").read_text()


def test_pg_variables_alone_are_enough(snap: Snap, login: Login) -> None:
    snap.env |= {**login.variables, "PGPASSWORD": PASSWORD, "PGSSLMODE": "prefer"}
    configure(snap, "")
    snap("take", "-m", "one", code=0)


def test_a_password_file_is_read(snap: Snap, login: Login) -> None:
    escaped = PASSWORD.replace("\\", "\\\\").replace(":", "\\:")
    snap.env["PGPASSFILE"] = secret_file(snap.home / "pass", f"127.0.0.1:*:*:{ROLE}:{escaped}\n")
    configure(snap, f"host=127.0.0.1 port={login.port} user={ROLE} dbname={login.database}")
    snap("take", "-m", "one", code=0)


def test_a_service_file_is_read(snap: Snap, login: Login) -> None:
    lines = [f"{key[2:].lower()}={value}" for key, value in login.variables.items() if key != "PGDATABASE"]
    text = "\n".join(["[app]", *lines, f"dbname={login.database}", f"password={PASSWORD}", ""])
    snap.env["PGSERVICEFILE"] = secret_file(snap.home / "services", text)
    configure(snap, "service=app")
    snap("take", "-m", "one", code=0)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"password": "wrong-canary"}, "password authentication failed"),
        ({"database": "no_such_place"}, 'database "no_such_place" does not exist'),
    ],
)
def test_a_wrong_login_is_told_without_the_password(
    snap: Snap, login: Login, change: dict[str, str], told: str
) -> None:
    configure(snap, login.url(**change))
    done = snap("take", "-m", "one", code=1)
    assert told in done.stderr
    assert PASSWORD not in done.stderr and "wrong-canary" not in done.stderr
    assert done.stderr.count("cannot connect to PostgreSQL") == 1


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://nobody@127.0.0.1:1/x", 'at "127.0.0.1", port 1: Connection refused'),
        ("host=127.0.0.1,127.0.0.1 port=1,2 user=nobody", 'at "127.0.0.1", port 2: Connection refused'),
        ("host=/no/such/folder user=nobody", "No such file or directory"),
        ("postgresql://u:canary@no-such-host.invalid/x", "no-such-host.invalid"),
    ],
)
def test_a_server_that_is_not_there_is_told_in_one_message_with_the_reason(
    snap: Snap, url: str, told: str
) -> None:
    configure(snap, url)
    done = snap("take", "-m", "one", code=1)
    assert "cannot connect to PostgreSQL" in done.stderr and told in done.stderr
    assert "canary" not in done.stderr


def test_a_server_that_hangs_up_is_told_so(snap: Snap) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            with suppress(OSError):
                while True:
                    client, _ = server.accept()
                    client.recv(8)
                    client.close()

        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()
        configure(snap, f"postgresql://nobody@127.0.0.1:{server.getsockname()[1]}/x?sslmode=disable")
        done = snap("take", "-m", "one", code=1)
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert "server closed the connection unexpectedly" in done.stderr


def test_a_role_without_rights_is_told_which_and_nothing_changes(
    snap: Snap, login: Login, postgres_server: embedded.Server
) -> None:
    admin = postgres_server.url(login.database)
    project = Project(snap, admin)
    project.sql("CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t")
    snap.env["DATABASE_URL"] = login.url()
    configure(snap, "${DATABASE_URL}")
    snap("take", "-m", "one", code=0)
    project.sql("DROP VIEW v; ALTER TABLE t ADD b int")
    before = dump.schema(admin)
    refused = snap("restore", "HEAD", "--yes", code=3)
    assert "table:public.t belongs to" in refused.stderr
    assert dump.schema(admin) == before
    done = snap("restore", "HEAD", "--yes", "--allow", "unverifiable", code=1)
    assert "locking public.t failed: permission denied for table t" in done.stdout + done.stderr
    assert dump.schema(admin) == before


@pytest.fixture
def hidden(login: Login, postgres_server: embedded.Server) -> Iterator[Project]:
    """A subscription, which the role cannot read."""
    project = Project(Snap(Path(), Path()), postgres_server.url(login.database))
    project.sql(
        "CREATE SUBSCRIPTION hidden CONNECTION '' PUBLICATION p WITH (connect = false, slot_name = NONE)"
    )
    yield project
    project.sql("DROP SUBSCRIPTION hidden")


def test_what_cannot_be_captured_is_named_and_a_restore_is_refused_as_unverifiable(
    snap: Snap, login: Login, hidden: Project
) -> None:
    snap.env["DATABASE_URL"] = login.url()
    configure(snap, "${DATABASE_URL}")
    count = "SELECT count(*) FROM pg_class WHERE relname = 't'"
    done = snap("take", "-m", "one", code=0)
    assert "subscription hidden" in done.stdout + done.stderr
    hidden.sql(f"CREATE TABLE t (a int); ALTER TABLE t OWNER TO {ROLE}")
    refused = snap("restore", "HEAD", "--yes", code=3)
    assert "unverifiable" in refused.stdout + refused.stderr
    assert hidden.sql(count) == [(1,)]
    snap("restore", "HEAD", "--yes", "--allow", "unverifiable", code=0)
    assert hidden.sql(count) == [(0,)]
