"""The law on random statements, all kinds of objects: each test walks from state to state (see ``rounds``).

``SNAPSTORE_WALKS`` says how many walks, ``SNAPSTORE_WALK_SEED`` where to begin, for thousands of rounds.
A failure prints the statements of both states and the plan; ``statements.smaller`` makes them few.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.postgres import rounds

WALKS = int(os.environ.get("SNAPSTORE_WALKS", "0"))
FIRST = int(os.environ.get("SNAPSTORE_WALK_SEED", "1"))
ROUNDS = 4
HELD = (1, 3, 4, 5, 6, 7, 22, 23, 24, 25, 26, 27, 28)
"""Without being asked for more: walks that held when they were added. Statements decide what a seed means,
so a change of ``statements.txt`` makes other walks of them."""


@pytest.mark.parametrize("seed", range(FIRST, FIRST + WALKS) if WALKS else HELD)
@pytest.mark.usefixtures("roles")
def test_each_state_of_a_walk_is_restored_and_undone_with_all_rows(seed: int, new_database: Any) -> None:
    rounds.walk(seed, new_database, ROUNDS)
