"""What the PostgreSQL tests share: roles, which belong to the whole server, and a project with a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from tests.conftest import Snap
from tests.postgres import dump

ROLES = ("snap_app", "snap_owner", "snap_reader", 'Odd "role"; DROP TABLE x--', "user")


@pytest.fixture(scope="session")
def roles(postgres_url: str) -> tuple[str, ...]:
    """Roles that cases grant to, own with and write policies for; left in place."""
    create_roles(postgres_url)
    return ROLES


def create_roles(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(4711)")
        known = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
        for role in ROLES:
            if role not in known:
                connection.execute(f"CREATE ROLE {psycopg.sql.Identifier(role).as_string()}")


@pytest.fixture(scope="session")
def postgres_version(postgres_url: str) -> int:
    """The major version of the server."""
    with psycopg.connect(postgres_url) as connection:
        return connection.info.server_version // 10000


@dataclass(frozen=True)
class Project:
    """A project folder whose resource ``db`` is a database of its own."""

    snap: Snap
    url: str

    def sql(self, text: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(text.encode())
            return cursor.fetchall() if cursor.description else []

    def dump(self) -> Any:
        return dump.schema(self.url)

    def configure(self, **settings: Any) -> None:
        lines = [f"{key} = {value!r}".replace("'", '"') for key, value in settings.items()]
        self.snap.configure("\n".join(["[resources.db]", 'adapter = "postgres"', *lines, ""]))


@pytest.fixture
def project(snap: Snap, database: str) -> Project:
    made = Project(snap, database)
    snap.env["DATABASE_URL"] = database
    made.configure(url="${DATABASE_URL}", lock_timeout=0.3, retry_for=20)
    return made


@pytest.fixture
def session(project: Project) -> Iterator[Callable[[], psycopg.Connection[Any]]]:
    """Opens sessions of other users of the database, each in a transaction; they end with the test."""
    opened: list[psycopg.Connection[Any]] = []

    def connect() -> psycopg.Connection[Any]:
        opened.append(psycopg.connect(project.url))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()
