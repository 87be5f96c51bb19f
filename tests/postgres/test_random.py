"""The law on random pairs of states: ``SNAPSTORE_FUZZ_ROUNDS`` says how many, ``SNAPSTORE_FUZZ_SEED`` where
to begin. A failure names its seed and shows both states."""

from __future__ import annotations

import os
import random
from typing import Any

import psycopg
import pytest

from tests.postgres import dump, generate
from tests.postgres.roundtrip import capture, lost_rows, restore, rows, same_schema
from tests.postgres.test_pairs import load

ROUNDS = int(os.environ.get("SNAPSTORE_FUZZ_ROUNDS", "24"))
FIRST = int(os.environ.get("SNAPSTORE_FUZZ_SEED", "1"))
CHANGES = 5


@pytest.mark.parametrize("seed", range(FIRST, FIRST + ROUNDS))
@pytest.mark.usefixtures("roles")
def test_a_random_change_is_undone_exactly_and_no_row_is_lost(seed: int, new_database: Any) -> None:
    before = generate.initial(random.Random(seed))
    after = generate.mutated(before, seed, CHANGES)
    url, target = new_database(), new_database()
    with psycopg.connect(url) as connection:
        version = connection.info.server_version // 10000
    load(url, generate.sql(before, rows=True, version=version))
    load(target, generate.sql(after, rows=False, version=version))
    old, old_schema, old_rows = capture(url), dump.schema(url), rows(url)
    restore(url, capture(target))
    same_schema(url, dump.schema(target))
    assert not lost_rows(old_rows, rows(url))
    restore(url, old)
    same_schema(url, old_schema)
    assert not lost_rows(old_rows, rows(url))
