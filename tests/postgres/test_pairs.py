"""Pairs of states, restored in both directions and back, judged by pg_dump and by the rows themselves: there
in one transaction, back online, in steps.

A file in ``cases/`` holds pairs: ``--- case NAME`` begins one, ``--- both``, ``--- a`` and ``--- b`` begin
the statements of both states or of one of them. A line that ends in ``-- since 18`` or ``-- before 18`` is
left out on servers of other major versions; a whole pair where its name does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from snapstore.model import Action, HazardName, Verb
from snapstore_postgres.settings import Settings
from tests.postgres import dump
from tests.postgres.roundtrip import (
    Table,
    asked_plan,
    capture,
    gone_back,
    lost_rows,
    plan,
    positions,
    proven,
    rows,
    same_schema,
)

ONLINE = Settings(locking="online")
CASES = Path(__file__).parent / "cases"
_MARK = re.compile(r"^--- (case (?P<name>.+)|(?P<side>both|a|b))$")
_GUARD = re.compile(r" -- (?:since (?P<since>\d+)|before (?P<before>\d+))$")


@dataclass
class Pair:
    name: str
    sides: dict[str, list[str]] = field(default_factory=lambda: {"a": [], "b": []})

    def sql(self, side: str, version: int = 18) -> str:
        """The statements of one side for a server of that major version."""
        return "\n".join(line for line in self.sides[side] if is_for(line, version))


def is_for(line: str, version: int) -> bool:
    guard = _GUARD.search(line)
    if guard is None:
        return True
    return version >= int(guard["since"]) if guard["since"] else version < int(guard["before"])


def read(path: Path) -> Iterator[Pair]:
    pair, into = Pair(""), ["a", "b"]
    for line in path.read_text().splitlines():
        mark = _MARK.match(line)
        if mark and mark["name"]:
            if pair.name:
                yield pair
            pair, into = Pair(f"{path.stem}: {mark['name']}"), ["a", "b"]
        elif mark:
            into = ["a", "b"] if mark["side"] == "both" else [mark["side"]]
        else:
            for side in into:
                pair.sides[side].append(line)
    yield pair


PAIRS = [pair for path in sorted(CASES.glob("*.sql")) for pair in read(path)]


@pytest.mark.parametrize("pair", PAIRS, ids=[pair.name for pair in PAIRS])
@pytest.mark.usefixtures("roles")
def test_each_state_is_restored_over_the_other_and_undone(
    pair: Pair, new_database: Any, postgres_version: int
) -> None:
    if not is_for(pair.name, postgres_version):
        pytest.skip(f"needs another PostgreSQL than {postgres_version}")
    goes_and_comes(pair, new_database, postgres_version)


def goes_and_comes(pair: Pair, new_database: Any, version: int) -> None:
    urls = {side: load(new_database(), pair.sql(side, version)) for side in "ab"}
    states = {side: capture(url) for side, url in urls.items()}
    schemas = {side: dump.schema(url) for side, url in urls.items()}
    for side, other in ("ab", "ba"):
        url, before, numbers = urls[side], rows(urls[side]), positions(urls[side])
        actions = asked_plan(url, states[side], states[other])
        reached = proven(url, actions, states[other])
        said_locks(actions)
        said_no_loss(actions)
        archive_is_free(url)
        same_schema(url, schemas[other])
        partitions_count_along(url)
        keys_hold_below(url)
        kept_rows(before, rows(url))
        assert not gone_back(numbers, positions(url))
        back = proven(url, asked_plan(url, reached, states[side], settings=ONLINE), states[side])
        same_schema(url, schemas[side])
        partitions_count_along(url)
        keys_hold_below(url)
        kept_rows(before, rows(url))
        kept_rows(rows(url), before)  # nor are there more of them
        assert not gone_back(numbers, positions(url))
        assert plan(back, states[side]) == []


_ON_RELATIONS = re.compile(
    r"(?!comment:constraint:)((comment|label):)?(table|column|default|constraint|index|index_partition|partition|cluster"
    r"|replica_identity|trigger|trigger_state|rule|policy|view|matview|sequence|identity_sequence):"
    r"|(statistics|publication_member):"
)


def said_locks(actions: list[Action]) -> None:
    """Every action on a relation states its lock, and its size where it is there already."""
    for action in actions:
        of_types = any(i.startswith(("composite:", "domain:")) for i in (*action.needs, *action.releases))
        assert action.lock or of_types or not _ON_RELATIONS.match(action.subject), action
        if action.lock == "ACCESS EXCLUSIVE" and action.subject.startswith(("column:", "index:")):
            assert action.verb is Verb.CREATE or action.bytes is not None, action


def said_no_loss(actions: list[Action]) -> None:
    """What goes to the archive is not lost, and must not stop a restore as if it were."""
    assert not [h for action in actions for h in action.hazards if h.name is HazardName.DATA_LOSS]


_BINDS = """
SELECT it.identity, its.identity
  FROM pg_depend d, pg_identify_object(classid, objid, 0) it, pg_identify_object(refclassid, refobjid, 0) its
 WHERE it.identity ~ 'snapstore_archive_' AND its.identity !~ 'snapstore_archive_' AND refobjid >= 16384"""


def archive_is_free(url: str) -> None:
    """Nothing in the archive stands on what may go, today or later."""
    with psycopg.connect(url) as connection:
        assert not (found := connection.execute(_BINDS).fetchall()), found


_HOLDS_NOT = """
SELECT c.conrelid::regclass, c.conname, i.inhrelid::regclass
  FROM pg_constraint c JOIN pg_inherits i ON i.inhparent = c.conrelid JOIN pg_class p ON p.oid = i.inhrelid
 WHERE contype = 'f' AND p.relispartition
   AND NOT EXISTS (SELECT FROM pg_constraint a WHERE a.oid = c.conparentid AND a.conrelid = c.conrelid)
   AND NOT EXISTS (SELECT FROM pg_constraint b WHERE b.conparentid = c.oid AND b.conrelid = i.inhrelid)"""


def keys_hold_below(url: str) -> None:
    """The foreign keys of tables with partitions are those of the partitions too, which no dump tells."""
    with psycopg.connect(url) as connection:
        assert not (found := connection.execute(_HOLDS_NOT).fetchall()), found


_COUNTS_ALONE = """
SELECT i.inhrelid::regclass, a.attname
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid AND c.relispartition
  JOIN pg_attribute a ON a.attrelid = i.inhrelid
  JOIN pg_attribute p ON p.attrelid = i.inhparent AND p.attname = a.attname
 WHERE a.attnum > 0 AND p.attidentity <> a.attidentity
   AND current_setting('server_version_num') >= '170000'"""


def partitions_count_along(url: str) -> None:
    """Partitions number their rows as the table above, which is in no dump."""
    with psycopg.connect(url) as connection:
        assert not (found := connection.execute(_COUNTS_ALONE).fetchall()), found


def load(url: str, sql: str) -> str:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.encode())
    return url


def kept_rows(before: dict[str, Table], after: dict[str, Table]) -> None:
    lost = lost_rows(before, after)
    assert not lost, lost
