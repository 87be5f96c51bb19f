"""What docs/adapters/postgres-objects.md says of each kind of object."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from snapstore.model import Verb
from snapstore_postgres.kinds.rules import RULES
from tests.postgres.roundtrip import capture, plan
from tests.postgres.test_pairs import PAIRS, Pair, load

PAGE = Path(__file__).parents[2] / "docs" / "adapters" / "postgres-objects.md"
IN_PLACE = [pair for pair in PAIRS if "altered in place" in pair.name]


@pytest.mark.parametrize("pair", IN_PLACE, ids=lambda pair: pair.name)
@pytest.mark.usefixtures("roles")
def test_what_postgres_can_alter_is_not_made_anew(
    pair: Pair, new_database: Any, postgres_version: int
) -> None:
    one, other = (capture(load(new_database(), pair.sql(side, postgres_version))) for side in "ab")
    for live, target in ((one, other), (other, one)):
        actions = plan(live, target)
        assert actions and {action.verb for action in actions} == {Verb.ALTER}


def test_every_kind_has_its_row_and_every_row_its_kind() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert sorted(rows) == sorted(RULES)
