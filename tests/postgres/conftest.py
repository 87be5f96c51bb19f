"""What the PostgreSQL tests share: roles, which belong to the whole server and not to a database."""

from __future__ import annotations

import psycopg
import pytest

ROLES = ("snap_app", "snap_owner", "snap_reader", 'Odd "role"; DROP TABLE x--', "user")


@pytest.fixture(scope="session")
def roles(postgres_url: str) -> tuple[str, ...]:
    """Roles that cases grant to, own with and write policies for; left in place."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(4711)")
        known = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
        for role in ROLES:
            if role not in known:
                connection.execute(f"CREATE ROLE {psycopg.sql.Identifier(role).as_string()}")
    return ROLES
