"""Every major version that this machine has a server of: restores on it, and from each to each other.

``everything/`` has what each version knows: the statements of 14, and for every later one what came with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from snapstore.model import Action, HazardName
from snapstore_postgres.features import FUNCTIONS
from tests.conftest import databases
from tests.postgres import dump
from tests.postgres import test_cluster as cluster
from tests.postgres.roundtrip import State, asked_plan, forgetting_subscriptions, rows, same_schema
from tests.postgres.servers import VERSIONS, Servers, servers
from tests.postgres.test_pairs import PAIRS, goes_and_comes, is_for, kept_rows, load

__all__ = ["servers"]

EVERYTHING = Path(__file__).parent / "everything"
OFTEN = 19
"""One pair of so many is tried on each version that is not the one of all other tests, others on each;
and what is for older ones alone on the newest of them."""
SAMPLES = [
    (version, pair)
    for version in VERSIONS[:-1]
    for number, pair in enumerate(PAIRS)
    if is_for(pair.name, version)
    and (number % OFTEN == version % OFTEN or not is_for(pair.name, version + 1))
]
UP = [(14, 15), (15, 16), (16, 17), (17, 18), (14, 18), (15, 18)]
DOWN = [(15, 14), (16, 15), (17, 16), (18, 17), (18, 14), (18, 15)]


def everything(version: int, icu: bool) -> str:
    """All that a server of that version knows; with what needs ICU, in lines that say so, or without."""
    files = [EVERYTHING / f"{number}.sql" for number in VERSIONS if number <= version]
    lines = [line for path in files for line in path.read_text("utf-8").splitlines()]
    return "\n".join(line for line in lines if icu or not line.endswith("-- icu"))


Make = Callable[..., str]
Full = Callable[[int], str]


@pytest.fixture
def make(servers: Servers) -> Iterator[Make]:
    """Makes a database on the server of a version; all go at the end, with their subscriptions."""
    with ExitStack() as stack:
        makers: dict[int, Any] = {}

        def made(version: int, sql: str = "") -> str:
            if version not in makers:
                makers[version] = stack.enter_context(contextmanager(databases)(servers.url(version)))
            url = str(makers[version]())
            stack.enter_context(forgetting_subscriptions(url))
            return load(url, sql)

        yield made


@pytest.fixture
def full(make: Make) -> Full:
    """Makes a database with everything."""

    def made(version: int) -> str:
        url = make(version)
        [(icu,)] = fetched(url, "SELECT EXISTS (SELECT FROM pg_collation WHERE collname = 'de-x-icu')")
        return load(url, everything(version, icu))

    return made


@pytest.mark.parametrize(("version", "pair"), SAMPLES, ids=[f"{v} {pair.name}" for v, pair in SAMPLES])
def test_pairs_are_restored_and_undone_on_older_versions(version: int, pair: Any, make: Make) -> None:
    goes_and_comes(pair, lambda: make(version), version)


@pytest.mark.parametrize("version", VERSIONS)
def test_everything_that_a_version_knows_comes_and_goes_and_comes_back_with_its_rows(
    version: int, make: Make, full: Full
) -> None:
    one, empty = full(version), make(version)
    everywhere, nothing = cluster.capture(one), cluster.capture(empty)
    schemas, before = (dump.schema(one), dump.schema(empty)), rows(one)
    for url, target, schema in (
        (empty, everywhere, schemas[0]),
        (empty, nothing, schemas[1]),
        (one, nothing, schemas[1]),
        (one, everywhere, schemas[0]),
    ):
        restored(url, target)
        same_schema(url, schema)
    kept_rows(before, rows(one))


WATCH = """
CREATE FUNCTION watched() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION watched();
CREATE EVENT TRIGGER always ON ddl_command_end EXECUTE FUNCTION watched();
ALTER EVENT TRIGGER always ENABLE ALWAYS"""


@pytest.mark.parametrize("version", VERSIONS)
def test_event_triggers_fire_again_under_the_names_that_they_get_back(version: int, make: Make) -> None:
    url = make(version, WATCH)
    target, schema = cluster.capture(url), dump.schema(url)
    load(url, "ALTER EVENT TRIGGER watch RENAME TO other; ALTER EVENT TRIGGER always RENAME TO watch")
    restored(url, target)
    same_schema(url, schema)


def restored(url: str, target: State) -> list[Action]:
    """Bring the database to the target as far as its server can have it, in one go."""
    actions = asked_plan(url, cluster.capture(url), target)
    cluster.apply(url, actions)
    again = asked_plan(url, cluster.capture(url), target)
    assert not [action.subject for action in again if action.statements]
    assert told(again) == told(actions)
    return actions


def told(actions: list[Action]) -> list[str]:
    """What the plan says that the server cannot have."""
    found = (h for action in actions for h in action.hazards if h.name is HazardName.UNVERIFIABLE)
    return sorted(hazard.text for hazard in found)


@pytest.mark.parametrize(
    ("there", "of", "by"),
    [
        *(("nothing", of, by) for of, by in UP + DOWN),
        *(("everything", of, by) for of, by in (UP[0], UP[-1], DOWN[1], DOWN[-1])),
    ],
)
def test_everything_goes_to_another_version_as_far_as_the_plan_says(
    there: str, of: int, by: int, make: Make, full: Full
) -> None:
    target = cluster.capture(full(of))
    live = full(by) if there == "everything" else make(by)
    said = told(restored(live, target))
    # Servers that were built without ICU lack that, whatever their version.
    assert bool([text for text in said if not re.search("ICU|-x-icu", text)]) == (by < of)


def fetched(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


INTERNAL = re.compile(
    r"pg_|binary_upgrade|bytea$|system_user$|has_parameter_privilege$|gist_translate|hash|interval_(sum|avg)"
    r"|.*_(support|transfn|finalfn|combine|serialize|deserialize|accum|accum_inv|larger|smaller|hash|extended)$"
    r"|.*(skip|sort)support$"
)


@pytest.mark.parametrize("version", VERSIONS[1:])
def test_all_functions_are_known_that_came_with_a_version(version: int, make: Make) -> None:
    names = "SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace"
    now, before = ({name for (name,) in fetched(make(v), names)} for v in (version, version - 1))
    known = re.compile(FUNCTIONS[version])
    new = [name for name in sorted(now - before) if not INTERNAL.match(name)]
    assert [name for name in new if not known.fullmatch(name)] == []
