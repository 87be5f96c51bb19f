"""Histories of applications as they grow, taken at each migration, walked back and forth again.

A file in ``histories/`` holds the migrations of one application, and rows come in along the way. After each
migration the database goes back to the one before, where ``pg_dump`` has to say what it said then, and by
undoing that forward again, with every row where it was. At the end it goes back by leaps.

That takes minutes: without ``SNAPSTORE_HISTORIES=all``, only some migrations of each file are taken back.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.postgres import dump
from tests.postgres.conftest import Project
from tests.postgres.migrating import migrations
from tests.postgres.roundtrip import State, Table, capture, lost_rows, rows, same_schema, step

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.sql"))
_ALL = os.environ.get("SNAPSTORE_HISTORIES") == "all"
_EVERY, _LEAPS = (1, (5, 12)) if _ALL else (8, (12,))
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


def migrate(url: str, sql: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in _batches(sql):
            connection.execute(statement.encode())


def take(url: str, name: str, sql: str) -> Taken:
    labels = {new: old for old, new in _LABEL.findall(sql)}
    renamed = (name for pair in _RENAMED.findall(sql) for name in pair)
    return Taken(name, frozenset(renamed), labels, capture(url), dump.schema(url), rows(url))


def _batches(sql: str) -> list[str]:
    """A label that was added to an enum can only be used by a transaction after."""
    return re.split(r"(?<=;)\n(?=ALTER TYPE \S+ ADD VALUE|INSERT INTO|UPDATE)", sql)


@pytest.mark.parametrize("path", HISTORIES, ids=[path.stem for path in HISTORIES])
@pytest.mark.usefixtures("roles")
def test_every_migration_is_taken_back_and_made_again(path: Path, new_database: Any) -> None:
    url, steps = new_database(), list(migrations(path))
    tried = set(range(HISTORIES.index(path) % _EVERY, len(steps), _EVERY))
    leaps = [[*range(len(steps) - 1, 0, -leap), -1] for leap in _LEAPS]
    taken = {-1: take(url, "nothing", "")}
    for number, (name, sql) in enumerate(steps):
        migrate(url, sql)
        if {number, number + 1} & tried or any(number in stops for stops in leaps):
            taken[number] = take(url, name, sql)
        if number in tried:
            there_and_back(url, taken[number], taken[number - 1])
    for stops in leaps:
        leaps_back_and_forth(url, [taken[number] for number in stops])


BY_COMMAND = ("blog", "events")


@pytest.mark.parametrize("name", BY_COMMAND)
@pytest.mark.usefixtures("roles")
def test_a_history_is_walked_by_the_command(name: str, project: Project) -> None:
    """Ten migrations, taken each: back one by one and by a leap, forth by a leap, and undone."""
    steps = list(migrations(Path(__file__).parent / "histories" / f"{name}.sql"))[:10]
    commits, schemas = [], []
    for step_name, sql in steps:
        migrate(project.url, sql)
        commits.append(project.snap("take", "-m", step_name, "--json", code=0).json["commit"])
        schemas.append(project.dump())
    newest = rows(project.url)
    for number in (8, 7, 6, 0, 9):
        project.snap("restore", commits[number], "--yes", "--allow", "unverifiable", code=0)
        assert project.snap("status").code == 0
        same_schema(project.url, schemas[number])
    now = {table: found.rows.total() for table, found in rows(project.url).items()}
    assert now == {table: found.rows.total() for table, found in newest.items()}
    project.snap("undo", "--yes", code=0)
    same_schema(project.url, schemas[0])
    project.snap("undo", "--yes", code=0)
    same_schema(project.url, schemas[9])
    assert not (lost := lost_rows(newest, rows(project.url))), lost


def leaps_back_and_forth(url: str, stops: list[Taken]) -> None:
    """From the first of them to the last, which is the earliest, and back."""
    now = capture(url)
    for then in (*stops[1:], *stops[-2::-1]):
        now = step(url, now, then.state)
        same_schema(url, then.schema)
    then, found = stops[0].rows, rows(url)
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
