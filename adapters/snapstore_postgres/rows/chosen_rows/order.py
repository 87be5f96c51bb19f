"""The order in which rows can change: after those they refer to, and after whoever had their values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

import msgspec

from snapstore.errors import SnapError
from snapstore.model import Fact, Json, Verb
from snapstore.ordering import topological
from snapstore_postgres.catalog.rowdata import ROW, ROWS

_PLACES = {Verb.DROP: 0, Verb.ALTER: 1, Verb.CREATE: 2}
Value = tuple[str, tuple[str, ...], tuple[str, ...]]
"""Table, columns and what one row has in them."""


@dataclass(frozen=True)
class Step:
    """One statement on one row. ``before`` and ``after`` are its facts, None where it is not there.

    ``others`` change by the same statement, since each of them waits for the next one.
    """

    table: str
    before: Fact | None
    after: Fact | None
    others: tuple[Step, ...] = ()

    @property
    def verb(self) -> Verb:
        if self.others:
            return Verb.ALTER
        if self.before is None:
            return Verb.CREATE
        return Verb.DROP if self.after is None else Verb.ALTER

    @property
    def row(self) -> Fact:
        """The row as it is, or as it will be where there is none yet."""
        known = self.before or self.after
        if known is None:
            raise ValueError("a step without a row")
        return known

    def all(self) -> list[Step]:
        """The steps of the single rows."""
        return [replace(self, others=()), *self.others]

    def columns(self) -> list[str]:
        """Those that the statement sets."""
        before = self.before.attrs if self.before else {}
        after = self.after.attrs if self.after else {}
        return [column for column in sorted(after) if column not in before or before[column] != after[column]]

    def is_needed(self) -> bool:
        """Whether there is anything to set: a column that goes takes its values along."""
        return self.verb is not Verb.ALTER or bool(self.columns())


@dataclass(frozen=True)
class Side:
    """The chosen tables of one side and their rows, by the name of the table."""

    tables: Mapping[str, Fact]
    rows: Mapping[str, Mapping[str, Fact]]
    deferred: Collection[tuple[str, tuple[str, ...]]] = ()
    """Foreign keys that wait until all rows are there, by their table and columns."""

    @staticmethod
    def of(facts: Mapping[str, Fact]) -> Side:
        rows: dict[str, dict[str, Fact]] = defaultdict(dict)
        for fact in facts.values():
            if fact.kind == ROW and fact.parent:
                rows[fact.parent.partition(":")[2]][fact.id] = fact
        return Side({fact.name: fact for fact in facts.values() if fact.kind == ROWS}, rows)

    def references(self, table: str) -> list[Mapping[str, Json]]:
        """Foreign keys of the table to chosen tables: ``columns``, ``table`` and ``key``."""
        fact = self.tables.get(table)
        found = fact.attrs.get("references", []) if fact else []
        return [key for key in found if (table, tuple(key["columns"])) not in self.deferred]

    def keys(self, table: str) -> list[tuple[str, ...]]:
        """The columns of each key that no two rows share, or that foreign keys refer to."""
        fact = self.tables.get(table)
        if fact is None:
            return []
        referred = {
            tuple(found["key"])
            for other in self.tables
            for found in self.references(other)
            if found["table"] == table
        }
        unique = {tuple(columns) for columns in (fact.attrs["key"], *fact.attrs.get("unique", []))}
        return sorted(referred | unique)


def in_order(
    steps: Sequence[Step],
    live: Side,
    target: Side,
    nullable: Collection[str],
    deferrable: Collection[tuple[str, tuple[str, ...]]] = (),
    acting: Collection[str] = (),
) -> list[Step]:
    """The steps in an order that no key forbids; rows in a circle are changed in two steps where a column of
    it may be NULL for a moment, else by one statement where all are of one table, else without regard to
    foreign keys that are ``deferrable``, by their table and columns. SnapError where nothing helps.

    That one statement takes the rows away for its time: not in tables that are ``acting``, by foreign keys to
    them that do something about that.
    """
    todo = sorted(steps, key=_rank)
    while True:
        after = _edges(todo, live, target)
        waiting = dict.fromkeys(range(len(todo)), 0)
        for followers in after.values():
            for follower in followers:
                waiting[follower] += 1
        placed = list(topological(waiting, after, key=lambda place: place))
        if len(placed) == len(todo):
            return [todo[place] for place in placed]
        circle = sorted(set(range(len(todo))) - set(placed))
        broken = _broken(todo, circle, target, nullable) or _as_one(todo, circle, after, acting)
        if not broken and live.deferred == deferrable:
            raise _in_a_circle([todo[place] for place in circle])
        if not broken:
            live, target = (replace(side, deferred=deferrable) for side in (live, target))
        todo = broken or todo


def _rank(step: Step) -> tuple[int, str, str]:
    return _PLACES[step.verb], step.table, step.row.id


def _edges(steps: Sequence[Step], live: Side, target: Side) -> dict[int, set[int]]:
    """Who must come after whom, by place."""
    gained: dict[Value, list[int]] = defaultdict(list)
    left: dict[Value, list[int]] = defaultdict(list)
    rows = [(place, row) for place, step in enumerate(steps) for row in step.all()]
    for place, step in rows:
        for value in _held(step.after, step.table, target) - _held(step.before, step.table, target):
            gained[value].append(place)
        for value in _held(step.before, step.table, live) - _held(step.after, step.table, live):
            left[value].append(place)
    after: dict[int, set[int]] = defaultdict(set)
    for place, step in rows:
        for value in _referred(step.after, step.table, target) - _referred(step.before, step.table, target):
            for other in gained.get(value, ()):
                after[other].add(place)
        for value in _referred(step.before, step.table, live) - _referred(step.after, step.table, live):
            for other in left.get(value, ()):
                after[place].add(other)
    for value, places in gained.items():
        for other in left.get(value, ()):
            after[other].update(places)
    halves: dict[str, list[tuple[int, Step]]] = defaultdict(list)
    for place, row in rows:
        halves[row.row.id].append((place, row))
    for two in halves.values():
        for (first, half), (second, later) in permutations(two, 2):
            if half.after is not None and half.after == later.before:
                after[first].add(second)
    for place, followers in after.items():
        followers.discard(place)
    return after


def _held(row: Fact | None, table: str, side: Side) -> set[Value]:
    """The values of its keys that a row takes."""
    if row is None:
        return set()
    found = ((columns, _values(row, columns)) for columns in side.keys(table))
    return {(table, columns, values) for columns, values in found if values}


def _referred(row: Fact | None, table: str, side: Side) -> set[Value]:
    """The values of other rows' keys that a row refers to; its own do not count."""
    if row is None:
        return set()
    found = set()
    for reference in side.references(table):
        values = _values(row, reference["columns"])
        if values:
            found.add((str(reference["table"]), tuple(reference["key"]), values))
    return found - _held(row, table, side)


def _values(row: Fact, columns: Sequence[str]) -> tuple[str, ...] | None:
    """None where one is NULL, or sealed: such a key holds and refers to nothing that could be told."""
    values = [row.attrs.get(column) for column in columns]
    return tuple(map(str, values)) if all(isinstance(value, str) for value in values) else None


def _broken(
    steps: Sequence[Step], circle: Sequence[int], target: Side, nullable: Collection[str]
) -> list[Step]:
    """The steps, one of the circle made two: first without the values that tie it, then with them; [] where
    that cannot be."""
    for place in circle:
        two = _in_two(steps[place], target, nullable)
        if two:
            return [*steps[:place], *two, *steps[place + 1 :]]
    return []


def _as_one(
    steps: Sequence[Step], circle: Sequence[int], after: Mapping[int, set[int]], acting: Collection[str]
) -> list[Step]:
    """The steps, those that wait for each other in a round made one; [] where that cannot be."""
    found = [steps[place] for place in _round(circle, after)]
    rows = [row for step in found for row in step.all()]
    tables, ids = ({step.table for step in rows}, {step.row.id for step in rows})
    if len(found) < 2 or len(tables) > 1 or len(ids) < len(rows) or not tables.isdisjoint(acting):
        return []
    first, *others = rows
    return [replace(first, others=tuple(others)), *(step for step in steps if step not in found)]


def _round(circle: Sequence[int], after: Mapping[int, set[int]]) -> list[int]:
    """Places of which each has to come after the one before, and the first after the last."""
    waits_for = {place: next(p for p in circle if place in after.get(p, ())) for place in circle}
    place, way = circle[0], list[int]()
    while place not in way:
        way.append(place)
        place = waits_for[place]
    return way[way.index(place) :]


def _in_a_circle(steps: Sequence[Step]) -> SnapError:
    names = ", ".join(step.row.id for step in steps[:5])
    return SnapError(
        f"these rows take or refer to each other's keys in a circle: {names}",
        fix="change these rows by hand, then restore again; foreign keys to their table that are DEFERRABLE,"
        " or do nothing ON DELETE (NO ACTION), let a restore do it",
    )


def _in_two(step: Step, target: Side, nullable: Collection[str]) -> list[Step]:
    """The step by way of a row that lacks the values that tie it to others; [] where it has none to lack."""
    if step.others:
        return []
    tying = _tying(step.table, target)
    loose = {column for column in tying if f"{step.table}.{column}" in nullable}
    known = step.after or step.row
    between = msgspec.structs.replace(
        known, attrs={column: None if column in loose else v for column, v in known.attrs.items()}
    )
    two = [Step(step.table, step.before, between), Step(step.table, between, step.after)]
    return two if all(half.before != half.after for half in two) else []


def _tying(table: str, target: Side) -> set[str]:
    """The columns of foreign keys, and of unique keys beside the primary one."""
    fact = target.tables.get(table)
    unique = fact.attrs.get("unique", []) if fact else []
    foreign = [reference["columns"] for reference in target.references(table)]
    return {column for columns in (*unique, *foreign) for column in columns}
