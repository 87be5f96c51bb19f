"""Rounds of the law on random states: restore, compare with pg_dump, undo, compare; no row is lost.

A walk goes from state to state on one server, so that each is made, captured and dumped once. Half of its
rounds change the database in place, as people do, which leaves evidence of what was renamed; the others go to
a second database, whose script is that of the first one edited, so that what much stands on changes too.
There it goes in one transaction, and back online, in steps.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from snapstore.errors import SnapError
from snapstore.model import DataMode
from tests.postgres import dump, statements
from tests.postgres.roundtrip import State, Table, capture, lost_rows, rows, same_schema, step
from tests.postgres.statements import Script

ROUNDS = 10
_DOES_NOT_FIT = re.compile(r"SQLSTATE 2[23]|do not fit")
"""A restore may say that rows which are there do not fit into what it should make of their table."""
_EMPTY_ALL = """
DO $$ DECLARE found text; BEGIN
  SELECT string_agg(oid::regclass::text, ', ') INTO found FROM pg_class
   WHERE relkind IN ('r', 'p') AND relnamespace::regnamespace::text !~ '^(pg_|information_schema|snapstore_)';
  SET LOCAL session_replication_role = replica;
  EXECUTE 'TRUNCATE ' || found || ' CASCADE';
END $$"""


@dataclass(frozen=True)
class Moment:
    """A database at a moment: how it came there, and all that can be said about it."""

    url: str
    script: Script
    state: State
    schema: Any
    rows: dict[str, Table]


@dataclass
class Tally:
    """How many rounds there were, and in how many of them rows did not fit."""

    rounds: int = 0
    refused: int = 0


def moment(url: str, script: Script, data: tuple[str, ...] = ()) -> Moment:
    return Moment(url, script, capture(url, data), dump.schema(url), rows(url))


def there_and_back(live: Moment, target: Moment, data: tuple[str, ...] = ()) -> Moment | None:
    """Restore the target over the live database and undo it: how it then is. None when rows did not fit: then
    nothing was changed, and all that is done without them."""
    reached = _reached(live, target, data, none=not any(table.rows for table in live.rows.values()))
    if reached is None:
        _unchanged(live, data)
        there_and_back(_emptied(live, data), target, data)
        return None
    same_schema(live.url, target.schema)
    if not _moved(live, target):
        kept = rows(live.url)
        restored = {name: table for name, table in target.rows.items() if name in data}
        assert {name: kept.get(name) for name in restored} == restored, "the restore did not bring rows back"
        lost = lost_rows({name: table for name, table in live.rows.items() if name not in restored}, kept)
        assert not lost, "the restore lost rows:\n" + lost
    back = step(live.url, reached, live.state, data, locking="online")
    same_schema(live.url, live.schema)
    found = rows(live.url)
    # What was renamed and made anew is known by no name, and so lies in the archive.
    archived = rows(live.url, archived=True) if _moved(live, target) else {}
    renamed = _renamed(live, target)
    assert not (lost := lost_rows(live.rows, found, archived, renamed)), "the undo lost rows:\n" + lost
    assert not (lost := lost_rows(found, live.rows, renamed=renamed)), "the undo made up rows:\n" + lost
    return replace(live, state=back)


def discarding(live: Moment, target: Moment) -> None:
    """The same where nothing is archived, so that only what stays keeps its rows: on the way back they may
    be missed."""
    archived = _ours(live.url)
    for goal in (target, live):
        reached = _reached(live, goal, mode=DataMode.DISCARD)
        if reached is None:
            return
        same_schema(live.url, goal.schema)
        assert _ours(live.url) <= archived, "a restore that archives nothing has left a schema of its own"
        live = replace(live, state=reached)


def _ours(url: str) -> set[str]:
    """The schemas that hold what was archived."""
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ '^snapstore_'")
        return {name for (name,) in found}


def _reached(
    live: Moment,
    target: Moment,
    data: tuple[str, ...] = (),
    mode: DataMode = DataMode.ARCHIVE,
    none: bool = False,
) -> State | None:
    """The state after a restore; None where rows did not fit, which is no excuse where there are none."""
    try:
        return step(live.url, live.state, target.state, data, mode)
    except SnapError as error:
        if none or not _DOES_NOT_FIT.search(str(error)):
            raise
        return None


def _unchanged(live: Moment, data: tuple[str, ...]) -> None:
    assert capture(live.url, data).facts == live.state.facts, "a failed restore changed something"
    assert rows(live.url) == live.rows, "a failed restore changed rows"


def _emptied(live: Moment, data: tuple[str, ...]) -> Moment:
    _forget_archive(live.url)
    with psycopg.connect(live.url, autocommit=True) as connection:
        connection.execute(_EMPTY_ALL)
    return replace(live, state=capture(live.url, data), rows=rows(live.url))


def _moved(one: Moment, other: Moment) -> bool:
    """Whether names alone do not tell which rows are to be found where: something was renamed, or a partition
    is not one on the other side."""
    lines = {*one.script} ^ {*other.script}
    partitions = [{name for name, table in at.rows.items() if table.parent} for at in (one, other)]
    renamed = any(" RENAME " in line or " SET SCHEMA " in line for line in lines)
    return renamed or partitions[0] != partitions[1]


_RENAMING = re.compile(r"ALTER TABLE .* RENAME (\S.*) TO (.*)")


def _renamed(one: Moment, other: Moment) -> set[str]:
    """The names of columns that were renamed between the two."""
    found = map(_RENAMING.fullmatch, {*one.script} ^ {*other.script})
    return {name.strip('"').replace('""', '"') for match in found if match for name in match.groups()}


# -- a walk ------------------------------------------------------------------------------------------------


def walk(
    seed: object,
    new_database: Callable[[], str],
    count: int,
    tally: Tally | None = None,
    rules: tuple[str, str] = ("start", "statement"),
) -> None:
    """That many rounds from a state made of the seed, and one to nothing and back; ``rules`` are those of the
    grammar by which it starts and goes on. An error tells the scripts of both states."""
    rng, tally = random.Random(str(seed)), tally or Tally()
    url = new_database()
    now = moment(url, _grown(url, statements.SETUP, rng, 35, rules[0]))
    for _ in range(count):
        in_place = rng.random() < 0.6
        now = (_in_place if in_place else _elsewhere)(now, rng, new_database, tally, rules[1])
        tally.rounds += 1
    _round(now, moment(new_database(), []), (), tally)
    tally.rounds += 1


def _in_place(
    now: Moment, rng: random.Random, new_database: Callable[[], str], tally: Tally, rule: str
) -> Moment:
    chosen = _chosen(now, rng)
    if chosen:
        now = replace(now, state=capture(now.url, chosen))
    script = _grown(now.url, (), rng, rng.randint(1, 8), rule)
    live = moment(now.url, now.script + script, chosen)
    back = _round(live, now, chosen, tally)
    forgets = rng.random() < 0.5
    if forgets:
        _forget_archive(now.url)
    if back and not chosen and not forgets:
        return back
    return replace(live, state=capture(live.url), rows=live.rows if back else rows(live.url))


def _elsewhere(
    now: Moment, rng: random.Random, new_database: Callable[[], str], tally: Tally, rule: str
) -> Moment:
    url = new_database()
    edited = statements.edited(rng, now.script, rng.randint(1, 6))
    target = moment(url, _grown(url, edited, rng, rng.randint(0, 2), rule))
    _round(now, target, (), tally, discards=rng.random() < 0.4)
    return target


def _round(
    live: Moment, target: Moment, data: tuple[str, ...], tally: Tally, discards: bool = False
) -> Moment | None:
    back: Moment | None = live
    try:
        if discards:
            discarding(live, target)
        else:
            back = there_and_back(live, target, data)
    except Exception as error:
        error.add_note(f"data = {data}\nlive:\n{_told(live)}\ntarget:\n{_told(target)}")
        error.scripts = (live.url == target.url, live.script, target.script)  # type: ignore[attr-defined]
        raise
    tally.refused += back is None
    return back


def _told(at: Moment) -> str:
    return "\n".join(f"{line};" for line in at.script)


def _chosen(now: Moment, rng: random.Random) -> tuple[str, ...]:
    """Tables whose rows are captured too: one with a key, now and then."""
    keyed = [i.partition(":")[2] for i, fact in now.state.facts.items() if _is_key(i, fact.attrs)]
    tables = sorted(name.rpartition(".")[0] for name in keyed if name.startswith("public."))
    return (rng.choice(tables),) if tables and rng.random() < 0.2 else ()


def _is_key(identity: str, attrs: Any) -> bool:
    return identity.startswith("constraint:") and str(attrs.get("definition", "")).startswith("PRIMARY KEY")


def _grown(url: str, script: Any, rng: random.Random, count: int, rule: str) -> Script:
    with psycopg.connect(url, autocommit=True) as connection:
        statements.ready(connection)
        return statements.run(connection, script) + statements.grow(connection, rng, count, rule)


_FORGET = """
DO $$ DECLARE found text; BEGIN
  FOR found IN SELECT nspname FROM pg_namespace WHERE nspname ~ '^snapstore_archive' LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', found);
  END LOOP;
END $$"""


def _forget_archive(url: str) -> None:
    """With all that lies in it, which would be taken for what a later restore has put there."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"SET client_min_messages = error; {_FORGET}".encode())


# -- by hand -----------------------------------------------------------------------------------------------


def again(in_place: bool, live: Script, target: Script, new_database: Callable[[], str]) -> None:
    """One round from scripts alone: in place, the target's is the first part of the live one's."""
    url, other = new_database(), "" if in_place else new_database()
    first = moment(other or url, _run(other or url, target))
    rest = live[len(target) :] if in_place else live
    there_and_back(moment(url, _run(url, rest)), first)


def _run(url: str, script: Script) -> Script:
    with psycopg.connect(url, autocommit=True) as connection:
        statements.ready(connection)
        return statements.run(connection, script)
