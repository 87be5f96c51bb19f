"""Every pair of states rehearsed: each state is laid out in a scratch database, and led to the other there.

A sample of the pairs, unless SNAPSTORE_REHEARSED_PAIRS is a number of them, or ``all``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from snapstore.model import PlanOptions, Scope
from snapstore.rehearsal.rehearse import rehearse
from tests.postgres.test_pairs import PAIRS, Pair, is_for, load
from tests.project import project

HOW_MANY = os.environ.get("SNAPSTORE_REHEARSED_PAIRS", "4")
STEP = 1 if HOW_MANY == "all" else max(1, len(PAIRS) // int(HOW_MANY))
CONFIG = '[resources.db]\nadapter = "postgres"\nurl = "{}"\n'


@pytest.mark.parametrize("pair", PAIRS[::STEP], ids=lambda pair: pair.name)
@pytest.mark.usefixtures("roles")
def test_each_state_is_laid_out_and_led_to_the_other(
    pair: Pair, new_database: Any, postgres_version: int, tmp_path: Path
) -> None:
    if not is_for(pair.name, postgres_version):
        pytest.skip(f"needs another PostgreSQL than {postgres_version}")
    urls = {side: load(new_database(), pair.sql(side, postgres_version)) for side in "ab"}
    for live, target in ("ab", "ba"):
        project(tmp_path / live, CONFIG.format(urls[target])).take()
        place = project(tmp_path / live, CONFIG.format(urls[live]))
        _, proof = rehearse(place.ws, "HEAD", Scope(), PlanOptions())
        parts = proof.parts if proof else []
        assert [(part.error, part.mismatches) for part in parts if not part.passed] == []
