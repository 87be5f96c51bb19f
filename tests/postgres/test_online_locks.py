"""The lock that a plan states for an action is the one that PostgreSQL takes, no more and no less."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from snapstore.model import Action
from snapstore_postgres.settings import Settings
from tests.postgres.roundtrip import capture, plan
from tests.postgres.test_online_steps import CASES, made

STRENGTH = ["ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE",
            "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE"]  # fmt: skip
HELD = "SELECT mode FROM pg_locks WHERE pid = pg_backend_pid() AND relation = ANY (%s)"
THERE = "SELECT array_agg(oid) FROM pg_class WHERE relnamespace = 'public'::regnamespace"


def words(mode: str) -> str:
    """``AccessShareLock`` as the documentation spells it."""
    text = mode.removesuffix("Lock")
    return "".join(f" {c}" if c.isupper() and i else c for i, c in enumerate(text)).upper()


def strongest(connection: psycopg.Connection[Any], there: list[int]) -> str | None:
    held = [words(mode) for (mode,) in connection.execute(HELD.encode(), [there])]
    return max(held, key=STRENGTH.index, default=None)


def took(connection: psycopg.Connection[Any], action: Action) -> str | None:
    """The strongest lock that the action took on relations that were there; it is kept, the lock is not."""
    with connection.transaction():
        ((there,),) = connection.execute(THERE.encode()).fetchall()
        for statement in action.statements:
            connection.execute(statement.encode())
        return strongest(connection, there)


@pytest.mark.parametrize("locking", ["online", "atomic"])
@pytest.mark.parametrize(("old", "change"), CASES.values(), ids=CASES)
def test_the_lock_of_each_action_is_the_one_that_is_taken(
    new_database: Callable[..., str], old: str, change: str, locking: str
) -> None:
    one, other = new_database(), new_database()
    states = made(one, old), made(other, old, change)
    settings = Settings(locking=locking)
    with psycopg.connect(one, autocommit=True) as connection:
        for goal in (1, 0):
            for action in plan(capture(one), states[goal], settings=settings):
                if any("CONCURRENTLY" in text and "REFRESH" not in text for text in action.statements):
                    for text in action.statements:  # such a one commits, and its lock is gone
                        connection.execute(text.encode())
                    assert action.lock == "SHARE UPDATE EXCLUSIVE", action
                    continue
                found = took(connection, action)
                assert found == action.lock, (
                    f"{action.subject} took {found}, not {action.lock}: {action.statements}"
                )
