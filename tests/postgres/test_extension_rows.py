"""Rows that users have in tables of an extension come back with it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from snapstore import embedded
from snapstore.errors import SnapError
from snapstore.model import DataMode, HazardName
from tests.postgres.roundtrip import asked_plan, capture, proven, rows, script
from tests.postgres.test_renames import run

SCRIPT = """
CREATE TYPE hue AS ENUM ('red', 'blue');
CREATE TABLE zones (id int PRIMARY KEY, of hue NOT NULL, "odd, name" text, n int GENERATED ALWAYS AS IDENTITY,
                    twice int GENERATED ALWAYS AS (id * 2) STORED);
CREATE TABLE jobs (id int PRIMARY KEY REFERENCES zones, at timestamptz);
CREATE SEQUENCE numbers;
INSERT INTO zones VALUES (1, 'red', 'comes along');
SELECT pg_catalog.pg_extension_config_dump('zones', 'WHERE id >= 100');
SELECT pg_catalog.pg_extension_config_dump('jobs', '');
SELECT pg_catalog.pg_extension_config_dump('numbers', '');
"""
MINE = "INSERT INTO zones VALUES (100, 'blue', 'mine'); INSERT INTO jobs VALUES (100, now()), (1, 'infinity')"


@pytest.fixture
def extended(new_database: Callable[[], str], postgres_version: int) -> Iterator[Callable[[], str]]:
    """Makes databases that have an extension of ours at hand."""
    if postgres_version < 18:
        pytest.skip(f"needs PostgreSQL 18, which finds extensions in any folder, and not {postgres_version}")
    base = Path(tempfile.mkdtemp(prefix="snap-test-", dir=embedded.in_memory()))
    base.chmod(0o755)
    folder = base / "extension"
    folder.mkdir()
    (folder / "zoned.control").write_text("default_version = '1.0'\nrelocatable = false\n")
    (folder / "zoned--1.0.sql").write_text(SCRIPT)
    (folder / "zoned--2.0.sql").write_text(SCRIPT)

    def made() -> str:
        url = new_database()
        run(url, f"ALTER DATABASE {url_name(url)} SET extension_control_path = '$system:{base}'")
        return url

    yield made
    shutil.rmtree(base)


def url_name(url: str) -> str:
    with psycopg.connect(url) as connection:
        return f'"{connection.info.dbname}"'


def test_they_are_kept_and_put_in_again(extended: Callable[[], str]) -> None:
    url = extended()
    without = capture(url)
    run(url, "CREATE EXTENSION zoned; SELECT nextval('numbers'), nextval('numbers')")
    run(url, MINE)
    good, before = capture(url), rows(url)
    reached = proven(url, asked_plan(url, good, without), without)
    assert HazardName.DATA_LOSS not in {h.name for a in asked_plan(url, reached, good) for h in a.hazards}
    proven(url, asked_plan(url, reached, good), good)
    assert rows(url) == before
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT nextval('numbers')").fetchall() == [(3,)]
        left = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ 'archive_'").fetchall()
    assert left == []


def test_they_are_there_after_it_was_made_anew(extended: Callable[[], str]) -> None:
    url, other = extended(), extended()
    run(other, "CREATE EXTENSION zoned VERSION '1.0'")
    run(url, "CREATE EXTENSION zoned VERSION '2.0'")
    run(url, MINE)
    before, older = rows(url), capture(other)
    proven(url, asked_plan(url, capture(url), older), older)
    assert rows(url) == before


def test_what_the_extension_brought_along_is_no_loss(extended: Callable[[], str]) -> None:
    url = extended()
    without = capture(url)
    run(url, "CREATE EXTENSION zoned")
    for mode in DataMode:
        actions = asked_plan(url, capture(url), without, mode=mode)
        assert [hazard for action in actions for hazard in action.hazards] == []
        assert "archive" not in script(actions)
    run(url, MINE)
    with pytest.raises(SnapError, match="has some by now"):
        proven(url, actions, without)
    assert capture(url).facts["extension:zoned"]


def test_giving_them_up_is_said(extended: Callable[[], str]) -> None:
    url = extended()
    without = capture(url)
    run(url, "CREATE EXTENSION zoned")
    run(url, MINE)
    actions = asked_plan(url, capture(url), without, mode=DataMode.DISCARD)
    lost = [(h.text, h.rows) for a in actions for h in a.hazards if h.name is HazardName.DATA_LOSS]
    assert lost == [
        ("rows of yours in public.zones of extension zoned", 1),
        ("rows of yours in public.jobs of extension zoned", 2),
    ]
