"""The law on all pairs at once: hundreds of schemas in one database, from nothing to it, to the other side of
every pair, back, and to nothing."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest

from tests.postgres import dump
from tests.postgres.roundtrip import capture, restore, rows, same_schema
from tests.postgres.test_pairs import PAIRS, Pair, is_for, kept_rows

_OF_THE_DATABASE = re.compile(
    r"SUBSCRIPTION|EVENT TRIGGER|ALL TABLES|DATABASE|SCHEMA public|DEFAULT PRIV|EXTENSION|pg_catalog\.pg_"
)
"""What there is once in a database, and what concerns all schemas or those of the system."""


@pytest.mark.long
@pytest.mark.usefixtures("roles")
def test_all_pairs_in_one_database_come_go_and_change(new_database: Any, postgres_version: int) -> None:
    nothing, one, other = new_database(), new_database(), new_database()
    made = [number for number, pair in enumerate(PAIRS) if _made(one, number, pair, "a", postgres_version)]
    for number in made:
        _made(other, number, PAIRS[number], "b", postgres_version)
    assert 2 * len(made) > len(PAIRS)
    empty, here, there = capture(nothing), capture(one), capture(other)
    schemas = [dump.schema(url) for url in (nothing, one, other)]
    restore(nothing, here)
    same_schema(nothing, schemas[1])
    before = rows(one)
    restore(one, there)
    same_schema(one, schemas[2])
    restore(one, here)
    same_schema(one, schemas[1])
    kept_rows(before, rows(one))
    restore(one, empty)
    same_schema(one, schemas[0])


def _made(url: str, number: int, pair: Pair, side: str, version: int) -> bool:
    """Whether the pair, in a schema of its own, meets nothing of those before it; else nothing is made."""
    text = pair.sql(side, version)
    if not is_for(pair.name, version) or any(_OF_THE_DATABASE.search(pair.sql(s, version)) for s in "ab"):
        return False
    schema = f"CREATE SCHEMA pair{number}; SET search_path = pair{number}, public;"
    with psycopg.connect(url, autocommit=True) as connection:
        try:
            connection.execute((schema + text.replace("public.", f"pair{number}.")).encode())
        except psycopg.Error:
            return False
    return True
