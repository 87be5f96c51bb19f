"""What is older than parts of what it reads cannot be made anew while these stay: the plan says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from snapstore.model import Action, HazardName
from tests.postgres.roundtrip import capture, plan
from tests.postgres.test_pairs import load

TABLE = "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM public.t'"
TYPE = "CREATE TYPE p AS (a int); CREATE FUNCTION f() RETURNS p LANGUAGE sql AS 'SELECT NULL::public.p'"
OLDER = {
    "a list of columns, of a table": (
        TABLE,
        "CREATE VIEW v AS SELECT x.b FROM f() x(b)",
        "ALTER TABLE t ADD c int",
    ),
    "a list of columns, of a type": (
        TYPE,
        "CREATE VIEW v AS SELECT x.b FROM f() x(b)",
        "ALTER TYPE p ADD ATTRIBUTE c int",
    ),
    "a row constructor": (TYPE, "CREATE VIEW v AS SELECT ROW(1)::p AS r", "ALTER TYPE p ADD ATTRIBUTE c int"),
}


@pytest.mark.parametrize("name", OLDER)
def test_what_is_made_too_late_is_unverifiable(new_database: Callable[[], str], name: str) -> None:
    start, makes, adds = OLDER[name]
    live, good = new_database(), new_database()
    load(live, f"{start}; {adds}")
    load(good, f"{start}; {makes}; {adds}")
    with_it, without = capture(good), capture(live)
    assert _unverifiable(plan(without, with_it)) == ["view:public.v"]
    assert _unverifiable(plan(with_it, without)) == []
    assert _unverifiable(plan(capture(new_database()), with_it)) == []


def _unverifiable(actions: list[Action]) -> list[str]:
    return [a.subject for a in actions for h in a.hazards if h.name is HazardName.UNVERIFIABLE]
