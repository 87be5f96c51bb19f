"""A database in the state of the last capture is recognised by the answers, without making its facts anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from snapstore.adapter import Context
from snapstore.model import Captured, Known
from snapstore_postgres import adapter
from snapstore_postgres.catalog import reading
from snapstore_postgres.settings import Settings

SCHEMA = """
CREATE TABLE author (id int PRIMARY KEY, name text NOT NULL DEFAULT 'x');
CREATE TABLE book (id int PRIMARY KEY, author int REFERENCES author);
CREATE VIEW seen AS SELECT name FROM author;
COMMENT ON TABLE book IS 'a book';
"""
TREE = "5" * 40


def context(known: Known | None = None) -> Context:
    return Context(
        "db", Path(), seal=lambda identity, value: {"$sealed": identity}, unseal=_never, known=known
    )


def _never(identity: str, token: str) -> bytes:
    raise AssertionError(identity)


def captured(url: str, known: Known | None = None, **settings: Any) -> Captured:
    return adapter.capture(Settings(url=url, **settings), context(known))


def execute(url: str, script: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script.encode())


@pytest.fixture
def url(database: str) -> str:
    execute(database, SCHEMA)
    return database


def known(url: str, **settings: Any) -> Known:
    stamp = captured(url, **settings).stamp
    assert stamp is not None
    return Known(stamp, TREE)


@pytest.mark.parametrize("large", [0, 10**12])
def test_an_unchanged_database_is_told_by_the_tree_it_had(
    url: str, monkeypatch: pytest.MonkeyPatch, large: int
) -> None:
    monkeypatch.setattr(reading, "_LARGE", large)
    before = captured(url)
    assert before.stamp is not None
    assert before.tree is None
    again = captured(url, Known(before.stamp, TREE))
    assert again == msgspec.structs.replace(before, documents=[], tree=TREE)


CHANGES = [
    "COMMENT ON TABLE book IS 'another'",
    "ALTER TABLE author ALTER name DROP DEFAULT",
    "ALTER TABLE book DROP CONSTRAINT book_author_fkey",
    "CREATE INDEX ON book (author)",
    "GRANT SELECT ON book TO PUBLIC",
    "CREATE OR REPLACE VIEW seen AS SELECT name FROM author WHERE id > 0",
    "ALTER TABLE author ENABLE ROW LEVEL SECURITY",
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem TO 9000', current_database()); END $$",
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_one_is_told_as_if_nothing_were_known(url: str, change: str) -> None:
    found = known(url)
    execute(url, change)
    assert captured(url, found) == captured(url)
    assert captured(url).stamp != found.stamp


def test_what_is_left_out_is_part_of_what_is_known(url: str) -> None:
    found = known(url)
    assert captured(url, found, exclude=("view:*",)).tree is None
    assert captured(url, found, exclude_schemas=("public",)).tree is None
    assert captured(url, found, large_objects=True).tree is None


def test_a_state_with_secrets_has_no_stamp_from_which_they_could_be_guessed(url: str) -> None:
    execute(url, "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w")
    assert captured(url).stamp is not None
    execute(url, "CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (password 'hunter2')")
    assert captured(url).stamp is None


def test_rows_that_a_setting_newly_asks_for_are_captured_though_nothing_has_changed(url: str) -> None:
    execute(url, "INSERT INTO author VALUES (1)")
    found = captured(url, known(url), data=("public.author",))
    assert found.tree is None
    assert any(
        fact.id.startswith("row:public.author") for document in found.documents for fact in document.facts
    )


def test_a_secret_column_that_is_misspelt_is_told(url: str) -> None:
    found = captured(url, data=("public.author",), data_sealed=("public.author.name", "public.author.nmae"))
    assert [notice.subject for notice in found.notices] == ["public.author.nmae"]
    assert "nothing is sealed by it" in found.notices[0].text


def test_a_state_with_rows_has_no_stamp(url: str) -> None:
    assert captured(url, data=("public.author",)).stamp is None
