"""The law on random statements, all kinds of objects: each test walks from state to state (see ``rounds``).

``SNAPSTORE_WALKS`` says how many walks, ``SNAPSTORE_WALK_SEED`` where to begin, for thousands of rounds. They
are made of more kinds of statements; ``SNAPSTORE_WALK_RULES=start,statement`` makes those that CI walks.
A failure prints the statements of both states and the plan; ``statements.smaller`` makes them few.
"""

from __future__ import annotations

import os
from typing import Any

import psycopg
import pytest

from tests.postgres import rounds

WALKS = int(os.environ.get("SNAPSTORE_WALKS", "0"))
FIRST = int(os.environ.get("SNAPSTORE_WALK_SEED", "1"))
WIDER = os.environ.get("SNAPSTORE_WALK_RULES", "wider_start,wider")
ROUNDS = 7
"""Of each walk; one more leads to an empty database and back."""
HELD = range(1, 65)
"""Without being asked for more: 64 walks, 512 rounds. Statements decide what a seed means, so a change of
what is above ``wider_start`` in ``statements.txt`` makes other walks of them."""


@pytest.mark.parametrize("seed", range(FIRST, FIRST + WALKS) if WALKS else HELD)
@pytest.mark.usefixtures("roles")
def test_each_state_of_a_walk_is_restored_and_undone_with_all_rows(
    seed: int, new_database: Any, postgres_url: str
) -> None:
    start, further = WIDER.split(",") if WALKS else ("start", "statement")
    if WALKS:
        _make_space(postgres_url)
    rounds.walk(seed, new_database, ROUNDS, rules=(start, further))


def _make_space(url: str) -> None:
    """A tablespace inside the data directory, where there is none yet."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(4711); SET allow_in_place_tablespaces = on")
        if not connection.execute("SELECT FROM pg_tablespace WHERE spcname = 'snap_space'").fetchall():
            connection.execute("CREATE TABLESPACE snap_space LOCATION ''")
