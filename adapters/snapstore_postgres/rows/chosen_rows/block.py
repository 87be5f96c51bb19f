"""The actions on rows, as one block: triggers and rules that stay are off from the first to the last."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Hazard, HazardName, SealedRef, Verb
from snapstore_postgres.catalog.rowdata import ROWS
from snapstore_postgres.names import last
from snapstore_postgres.rows.chosen_rows.order import Step
from snapstore_postgres.rows.chosen_rows.statements import Statements
from snapstore_postgres.words import FIRING

RANK = 500
ROWS_OF = "rows-of:"
"""With a table's name: what is there once its rows are as the target says."""


class Group(NamedTuple):
    """Statements of one verb on rows of one table, that become one action."""

    table: str
    verb: Verb
    summary: str
    statements: list[str]
    secrets: dict[str, SealedRef]
    rows: int | None


def token_of(table: str) -> str:
    """What is there once the rows of a table are as the target says."""
    return f"{ROWS_OF}{table}"


def groups_of(steps: Sequence[Step], emptied: Sequence[str], texts: Statements) -> list[Group]:
    """Those that empty tables, then the steps in their order, as many to a group as are alike."""
    found = [
        Group(table, Verb.DROP, f"empty {table} for the rows of the target", [texts.clear(table)], {}, None)
        for table in reversed(emptied)
    ]
    for (table, verb), alike in groupby(steps, key=lambda step: (step.table, step.verb)):
        same = list(alike)
        written = [texts.statement(step) for step in same]
        secrets = {name: ref for _, held in written for name, ref in held.items()}
        number = sum(len(step.all()) for step in same)
        summary = f"{_WORDS[verb]} {number} {'row' if number == 1 else 'rows'} of {table}"
        found.append(Group(table, verb, summary, [text for text, _ in written], secrets, number))
    return found


_WORDS = {Verb.CREATE: "insert", Verb.ALTER: "update", Verb.DROP: "delete"}


def block_of(groups: Sequence[Group], request: PlanRequest, made: Collection[str]) -> Iterator[Action]:
    """The actions on rows, each after the one before."""
    tables = sorted({group.table for group in groups})
    off, on = _triggers(request, tables, made)
    for number, group in enumerate(groups):
        first, last_one = number == 0, number == len(groups) - 1
        before = (*off, "SET CONSTRAINTS ALL DEFERRED") if first else ()
        after = ("SET CONSTRAINTS ALL IMMEDIATE", *on) if last_one else ()
        yield Action(
            resource=request.resource,
            verb=group.verb,
            subject=f"{ROWS}:{group.table}",
            summary=group.summary,
            statements=(*before, *group.statements, *after),
            secrets=group.secrets,
            needs=(*_needed(tables, request), *([] if first else [f"rows-step:{number - 1}"])),
            produces=(f"rows-step:{number}", *map(token_of, tables)),
            hazards=_cascades(group.table, request) if group.verb is Verb.DROP else (),
            lock="SHARE ROW EXCLUSIVE" if first and off else "ROW EXCLUSIVE",
            rows=group.rows,
            transactional=True,
            rank=RANK,
        )


def _needed(tables: Sequence[str], request: PlanRequest) -> Iterator[str]:
    for table in tables:
        yield f"filled:{table}"
        yield f"table:{table}"
    owners = {f"table:{table}" for table in tables}
    yield from (f.id for f in request.target.kinds.get("column", ()) if f.parent in owners)


def _triggers(
    request: PlanRequest, tables: Sequence[str], made: Collection[str]
) -> tuple[list[str], list[str]]:
    """What switches triggers and rules that stay on these tables off, and on again as the target has them."""
    owners = {f"table:{table}": table for table in tables}
    off: list[str] = []
    on: list[str] = []
    kinds = request.target.kinds
    for fact in sorted((*kinds.get("trigger", ()), *kinds.get("rule", ())), key=lambda fact: fact.id):
        was = request.live.get(fact.id)
        if fact.parent not in owners or not was or fact.id in made:
            continue
        state = fact.attrs.get("enabled", "O")
        head, name = f"ALTER TABLE {owners[fact.parent]}", f"{fact.kind.upper()} {last(fact.name)}"
        if not state == was.attrs.get("enabled", "O") == "D":
            off.append(f"{head} DISABLE {name}")
        if state != "D":
            on.append(f"{head} {FIRING[state]} {name}")
    return off, on


def _cascades(table: str, request: PlanRequest) -> tuple[Hazard, ...]:
    """A hazard for each foreign key that would change rows of tables that are not captured."""
    found: list[Hazard] = []
    for fact in request.live.kinds.get("constraint", ()):
        if fact.id not in request.target or fact.attrs.get("type") != "f":
            continue
        owner = (fact.parent or "").partition(":")[2]
        around = {request.live[need].parent for need in fact.needs if need in request.live}
        acts = re.search(r"ON DELETE (CASCADE|SET NULL|SET DEFAULT)", fact.attrs["definition"])
        if acts and f"table:{table}" in around and f"{ROWS}:{owner}" not in request.live:
            text = f"rows of {owner} that refer to a deleted row of {table} (ON DELETE {acts[1]})"
            found.append(Hazard(HazardName.DATA_LOSS, text))
    return tuple(found)
