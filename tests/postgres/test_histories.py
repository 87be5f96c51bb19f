"""Histories of applications as they grow, taken at each migration, walked back and forth again.

A file in ``histories/`` holds the migrations of one application, and rows come in along the way. After each
migration the database goes back to the one before, where ``pg_dump`` has to say what it said then, and by
undoing that forward again, with every row where it was. At the end it goes back by leaps.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.postgres import dump
from tests.postgres.migrating import migrations
from tests.postgres.roundtrip import State, Table, capture, lost_rows, rows, same_schema, step

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.sql"))
_LEAP = 5
_LABEL = re.compile(r"RENAME VALUE '(.+)' TO '(.+)'")
_RENAMED = re.compile(r'RENAME (?:COLUMN )?"?(\w+)"? TO "?(\w+)"?')


@dataclass(frozen=True)
class Taken:
    """The database after a migration; names of columns that it gave or took, and of labels, new to old."""

    name: str
    renamed: frozenset[str]
    labels: dict[str, str]
    state: State
    schema: Any
    rows: dict[str, Table]


def migrate(url: str, name: str, sql: str) -> Taken:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in _batches(sql):
            connection.execute(statement.encode())
    labels = {new: old for old, new in _LABEL.findall(sql)}
    renamed = (name for pair in _RENAMED.findall(sql) for name in pair)
    return Taken(name, frozenset(renamed), labels, capture(url), dump.schema(url), rows(url))


def _batches(sql: str) -> list[str]:
    """A label that was added to an enum can only be used by a transaction after."""
    return re.split(r"(?<=;)\n(?=ALTER TYPE \S+ ADD VALUE|INSERT INTO|UPDATE)", sql)


@pytest.mark.parametrize("path", HISTORIES, ids=[path.stem for path in HISTORIES])
@pytest.mark.usefixtures("roles")
def test_every_migration_is_taken_back_and_made_again(path: Path, new_database: Any) -> None:
    url = new_database()
    taken = [Taken("nothing", frozenset(), {}, capture(url), dump.schema(url), {})]
    for name, sql in migrations(path):
        taken.append(migrate(url, name, sql))
        there_and_back(url, taken[-1], taken[-2])
    now = capture(url)
    stops = taken[-1::-_LEAP]
    for then in (*stops[1:], taken[0], *stops[::-1]):
        now = step(url, now, then.state)
        same_schema(url, then.schema)
    then, found = taken[-1].rows, rows(url)
    assert {name: t.rows.total() for name, t in found.items()} == {n: t.rows.total() for n, t in then.items()}


def as_before(table: Table, labels: dict[str, str]) -> Table:
    """The rows as they read under the labels of the migration before."""
    if not labels:
        return table
    known = Counter(
        tuple((column, labels.get(value or "", value)) for column, value in row)
        for row in table.rows.elements()
    )
    return replace(table, rows=known)


def there_and_back(url: str, live: Taken, then: Taken) -> None:
    try:
        back = step(url, live.state, then.state)
        same_schema(url, then.schema)
        was = {name: as_before(table, live.labels) for name, table in live.rows.items()}
        lost = lost_rows(was, rows(url), rows(url, archived=True), live.renamed)
        assert not lost, lost
        step(url, back, live.state)
        found = rows(url)
        assert not (lost := lost_rows(live.rows, found)), "the undo lost rows:\n" + lost
        assert not (made := lost_rows(found, live.rows)), "the undo made up rows:\n" + made
    except Exception as error:
        error.add_note(f"from {live.name} to {then.name}")
        raise
