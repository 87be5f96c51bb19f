"""Foreign objects and subscriptions: their secrets, and what binds them to servers that may be gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from psycopg import sql

from snapstore.errors import SnapError
from snapstore.model import DataMode, HazardName
from tests.postgres import dump
from tests.postgres.roundtrip import forgetting_subscriptions, plan, same_schema, script
from tests.postgres.test_cluster import capture, execute, restore

SECRETS = [
    """CREATE FOREIGN DATA WRAPPER w OPTIONS (api_key 'hush fdw', plain 'seen');
    CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (password 'hush server', dsn 'x', host 'seen');
    CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS ("user" 'hush user', password 'hush password');
    CREATE FOREIGN TABLE t (a int OPTIONS (decryption_key 'hush a', name 'seen'), b int) SERVER s
      OPTIONS (secret_access 'hush table', url 'https://me:hush@nowhere/', name 'seen');
    ALTER FOREIGN TABLE t ADD c int""",
    """ALTER FOREIGN DATA WRAPPER w OPTIONS (SET api_key 'hush other');
    ALTER SERVER s OPTIONS (SET password 'hush others', DROP dsn);
    ALTER FOREIGN TABLE t ALTER a OPTIONS (SET decryption_key 'hush b'), ALTER b OPTIONS (token 'hush c');
    ALTER FOREIGN TABLE t OPTIONS (SET secret_access 'hush tables', SET url 'https://me:hushed@nowhere/');
    ALTER FOREIGN TABLE t DROP c, ADD d int OPTIONS (pwd 'hush d', name 'seen')""",
    "DROP FOREIGN DATA WRAPPER w CASCADE",
]


def test_secrets_in_options_are_sealed_wherever_there_are_options(new_database: Any) -> None:
    url = new_database()
    states, dumps = [], []
    for statements in SECRETS:
        execute(url, statements)
        states.append(capture(url))
        dumps.append(dump.schema(url))
    told = str([fact for state in states for fact in _clear(state.facts.values())])
    assert "hush" not in told
    assert "seen" in told
    for side in (1, 0, 1, 2, 0):
        actions = plan(capture(url), states[side])
        assert "hush" not in script(actions)
        restore(url, states[side])
        same_schema(url, dumps[side])


def _clear(facts: Any) -> Iterator[Any]:
    """Attributes of the facts without what is sealed; the sealing of these tests shows its value."""
    for fact in facts:
        yield _without_sealed(fact.attrs)


def _without_sealed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: _without_sealed(item) for key, item in value.items() if key != "$sealed"}


# -- subscriptions -----------------------------------------------------------------------------------------

GONE = "host=127.0.0.1 port=1 dbname=gone password=hush connect_timeout=1"
SUBSCRIBED = f"""CREATE TABLE t (a int PRIMARY KEY);
CREATE SUBSCRIPTION s CONNECTION '{GONE}' PUBLICATION p, "Q" WITH (connect = false, slot_name = 'the_slot');
ALTER SUBSCRIPTION s ENABLE; COMMENT ON SUBSCRIPTION s IS 'x'"""
CHANGED = """ALTER SUBSCRIPTION s SET (streaming = on, synchronous_commit = remote_write);
ALTER SUBSCRIPTION s SET PUBLICATION p WITH (refresh = false); ALTER SUBSCRIPTION s DISABLE;
ALTER SUBSCRIPTION s CONNECTION 'host=127.0.0.1 port=1 dbname=other'"""


def test_a_subscription_goes_and_comes_though_its_publisher_is_dead(make_database: Any) -> None:
    with_it, without = make_database(), make_database()
    execute(with_it, SUBSCRIBED)
    there, gone = capture(with_it), capture(without)
    dumped = dump.schema(with_it)
    (drop,) = [a for a in plan(there, gone) if a.subject == "subscription:s"]
    assert [h.text for h in drop.hazards] == ["s ends; its slot stays on the publisher"]
    restore(with_it, gone)
    restore(with_it, there)
    same_schema(with_it, dumped)
    execute(with_it, CHANGED)
    restore(with_it, there)
    same_schema(with_it, dumped)
    restore(with_it, gone)


@pytest.fixture
def make_database(new_database: Any) -> Iterator[Callable[[], str]]:
    """As ``new_database``; a database with subscriptions could not be dropped at the end."""
    made: list[str] = []

    def make() -> str:
        made.append(new_database())
        return made[-1]

    yield make
    with forgetting_subscriptions(*made):
        pass


@pytest.fixture
def copying(make_database: Any) -> tuple[str, str]:
    """URLs of a database whose tables a subscription has begun to copy, and of an empty one."""
    publisher, url = make_database(), make_database()
    tables = "CREATE TABLE t (a int PRIMARY KEY); CREATE TABLE u (a int PRIMARY KEY)"
    execute(publisher, f"{tables}; CREATE PUBLICATION p FOR ALL TABLES")
    execute(url, tables)
    options = "create_slot = false, slot_name = NONE, enabled = false"
    made = f"CREATE SUBSCRIPTION s CONNECTION {sql.quote(publisher)} PUBLICATION p"
    execute(url, f"{made} WITH ({options})")
    return url, make_database()


def test_a_table_that_is_being_copied_goes_to_the_archive_since_it_cannot_be_dropped(
    copying: tuple[str, str],
) -> None:
    url, _ = copying
    before = capture(url)
    target = {i: fact for i, fact in before.facts.items() if "public.t" not in i}
    without = type(before)(target, {})
    actions = plan(before, without)
    texts = [h.text for a in actions for h in a.hazards if h.name is HazardName.DOWNTIME]
    assert texts == ["subscription s stops at the next row for public.t"]
    restore(url, without)
    restore(url, before)
    with pytest.raises(SnapError, match="cannot be dropped while subscription s copies its rows") as raised:
        plan(before, without, DataMode.DISCARD)
    assert "DROP SUBSCRIPTION s" in (raised.value.fix or "")


def test_tables_that_are_being_copied_go_after_their_subscription(copying: tuple[str, str]) -> None:
    url, empty = copying
    target = capture(empty)
    restore(url, target, data=DataMode.DISCARD)
