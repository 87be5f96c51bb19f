"""Which rows have to change, and in which order."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Fact
from snapstore_postgres.catalog.rowdata import ROW
from snapstore_postgres.relations import foreign_keys
from snapstore_postgres.rows.chosen_rows.order import Side, Step, in_order


def steps_in_order(request: PlanRequest, live: Side, target: Side, anew: Collection[str]) -> list[Step]:
    """The steps from the rows of one side to those of the other; ``anew`` are tables that get all of them."""
    known = {table for table in target.tables if table in live.tables} - {*anew}
    steps = [Step(table, None, row) for table in anew for row in target.rows.get(table, {}).values()]
    for change in request.changes.facts:
        owner = (change.before or change.after or Fact(change.id)).parent or ""
        table = owner.partition(":")[2]
        if change.id.startswith(f"{ROW}:") and table in known:
            steps.append(Step(table, change.before, change.after))
    needed = [step for step in steps if step.is_needed()]
    nullable, acting = _nullable_columns(request.target), {*_acting_tables(request)}
    return in_order(needed, live, target, nullable, _deferrable_keys(request), acting)


def is_anew(table: str, request: PlanRequest, live: Side, target: Side, made: Collection[str]) -> bool:
    """Whether all rows of the target have to be put in: into a table that this plan makes, or one whose rows
    are not known by the same key."""
    if f"table:{table}" in made or f"table:{table}" not in request.live:
        return True
    if table in live.tables:
        return bool(live.tables[table].attrs["key"] != target.tables[table].attrs["key"])
    return bool(table in request.settings.data)


def _nullable_columns(target: Facts) -> set[str]:
    return {fact.name for fact in target.kinds.get("column", ()) if not fact.attrs.get("not_null")}


_DEFERRABLE = re.compile(r"FOREIGN KEY \((.*?)\) REFERENCES .* DEFERRABLE.*")


def _deferrable_keys(request: PlanRequest) -> set[tuple[str, tuple[str, ...]]]:
    """The foreign keys that can wait until all rows are changed, by their table and columns; those that come
    in this plan come behind the rows anyway."""
    found = set()
    for fact in request.target.kinds.get("constraint", ()):
        known = _DEFERRABLE.fullmatch(fact.attrs["definition"]) if fact.attrs.get("type") == "f" else None
        if known and "NOT DEFERRABLE" not in known[0] and fact.id in request.live:
            found.add(((fact.parent or "").partition(":")[2], tuple(_NAMES.findall(known[1]))))
    return found


def _acting_tables(request: PlanRequest) -> Iterator[str]:
    """The tables that foreign keys refer to which do something about a row that goes, or forbid it at once.
    Those that do nothing about it look at what is there when the statement is over."""
    for side in (request.live, request.target):
        for fact in side.kinds.get("constraint", ()):
            key = foreign_keys.read(fact, side)
            if key is not None and " ON DELETE " in fact.attrs["definition"]:
                yield key.table.partition(":")[2]


_NAMES = re.compile(r'"(?:[^"]|"")+"|[^\s",]+')
