"""A database's way through review: hazards on the page, and nothing without their names."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.conftest import Snap
from tests.review.forge import REPOSITORY, running
from tests.review.servers import over_http

pytestmark = pytest.mark.postgres
CONFIG = """
[store]
remote = "{remote}"

[resources.db]
adapter = "postgres"
url = "${{DATABASE_URL}}"

[review]
forge = "gitea"
api = "{api}/api/v1"
repository = "{repository}"
"""
BEFORE = """
CREATE TABLE users (id int PRIMARY KEY, mail text NOT NULL, age int);
INSERT INTO users SELECT n, 'm' || n, n FROM generate_series(1, 50) AS n;
CREATE VIEW adults AS SELECT id, mail FROM users WHERE age > 17;
"""
DEPLOY = """
DROP VIEW adults;
ALTER TABLE users DROP COLUMN age, ADD COLUMN "tier|`@team" text DEFAULT 'x';
CREATE TABLE orders (id int PRIMARY KEY);
INSERT INTO orders VALUES (1);
"""


def test_a_migration_is_taken_back_as_it_was_approved(snap: Snap, database: str, tmp_path: Path):
    (tmp_path / "remote").mkdir()
    with over_http(tmp_path / "remote") as served, running("gitea", served) as forge:
        snap.env.update({**served.env, "DATABASE_URL": database})
        snap.configure(CONFIG.format(remote=served.url, api=forge.url, repository=REPOSITORY))
        execute(database, BEFORE)
        snap("take", "-m", "before", code=0)
        execute(database, DEPLOY)
        told = snap("propose", "HEAD", "--data", "discard", "--json", code=0).json
        (pull,) = forge.pulls
        assert told["hazards"] == ["data-loss"]
        assert (
            "| **data-loss** | `db` |" in pull.body
            and f"apply {told['branch']} --allow data-loss" in pull.body
        )
        assert "<code>" in pull.body and "&#64;team" in pull.body
        forge.approve("ann")
        assert "data-loss" in snap("apply", told["branch"], "--yes", code=3).stderr
        assert "**Not applied.**" in forge.of()[0]
        done = snap("apply", told["branch"], "--yes", "--allow", "data-loss", "--json", code=0).json
        assert done["verified"] and done["plan"] == told["plan"]
        assert "**Applied and verified.**" in forge.of()[0] and len(forge.of()) == 1
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM adults").fetchall() == [(0,)]


def execute(url: str, statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statements)
