"""Whatever PostgreSQL renames is renamed back in place, and nothing that stands on it is touched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from snapstore.model import Action
from snapstore_postgres import adapter, renaming
from tests.postgres import dump
from tests.postgres.migrating import migrations
from tests.postgres.roundtrip import capture, rows, script
from tests.postgres.test_renames import files, go, run

OFFICE, *DEPLOYS = migrations(Path(__file__).parent / "renames.sql")
_PARTS = 4


def test_all_that_can_be_renamed_is_told_to_the_core():
    assert sorted(adapter.renames) == sorted(renaming.KINDS)


@pytest.mark.parametrize("part", range(_PARTS))
@pytest.mark.usefixtures("roles")
def test_what_was_renamed_is_renamed_back_in_place(new_database: Callable[[], str], part: int):
    url = new_database()
    run(url, OFFICE[1])
    good, before, stored, held = capture(url), dump.schema(url), files(url), rows(url)
    for deploy, sql in DEPLOYS[part::_PARTS]:
        try:
            run(url, sql)
            bad, after, now = capture(url), dump.schema(url), rows(url)
            back = [*go(url, good), *go(url, bad)]
            assert dump.schema(url) == after
            assert rows(url) == now
            back += go(url, good)
            assert dump.schema(url) == before
            assert rows(url) == held
            assert files(url) == stored
            assert all(map(is_renaming, back)), script(back)
        except Exception as error:
            error.add_note(deploy)
            raise


def is_renaming(action: Action) -> bool:
    return all(" RENAME " in text or " SET SCHEMA " in text for text in action.statements)
