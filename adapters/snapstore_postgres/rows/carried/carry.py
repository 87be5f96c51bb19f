"""Rows of a table that has to be made anew: set aside before, put into the new one after.

PostgreSQL cannot turn a plain table into a partitioned one, or back. What both have in common, by name of the
column, is carried over; values of columns that only the old table has go to the archive.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Verb
from snapstore_postgres.relations.inheritance import ancestors, partitions_below
from snapstore_postgres.rows.carried.aside import set_aside
from snapstore_postgres.rows.carried.columns import Carried, carried_over
from snapstore_postgres.rows.carried.put_in import filled_again, put_in
from snapstore_postgres.rows.carried.source import is_partitioned, leaving_partitions


def with_carried_rows(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, and for each non-empty table that they drop and create again, those that keep its rows."""
    again = [
        action.subject
        for action in actions
        if action.verb is Verb.DROP
        and action.subject.startswith("table:")
        and action.subject in request.target
    ]
    carried = [i for i in _by_themselves(again, request) if held(request, i) != 0]
    roots = {table: root for root in carried for table in (root, *partitions_below(root, request.target))}
    waiting = [_after_filling(request, action, roots) for action in actions]
    return [*waiting, *(action for identity in carried for action in _kept(carried_over(request, identity)))]


def _kept(carried: Carried) -> tuple[Action, Action]:
    return set_aside(carried), put_in(carried)


def _by_themselves(again: Collection[str], request: PlanRequest) -> list[str]:
    """The tables whose rows do not go along with those of one that they are in and stay in."""
    found, along = list[str](), set[str]()
    for identity in sorted(again, key=lambda i: sum(1 for _ in ancestors(i.partition(":")[2], request.live))):
        if identity not in along:
            found.append(identity)
            along |= {*partitions_below(identity, request.live)} - {*leaving_partitions(request, identity)}
    return found


def _after_filling(request: PlanRequest, action: Action, roots: Mapping[str, str]) -> Action:
    """The action; foreign keys to a new table, its triggers, and what it is attached to wait until its rows
    are there. ``roots`` are the tables that rows are put into, by what these are then in."""
    fact = request.target.get(action.subject)
    if fact is None or action.verb is Verb.DROP:
        return action
    tables: set[str] = set()
    if fact.kind == "constraint" and fact.attrs.get("type") == "f":
        targets = (request.target[need] for need in fact.needs if need in request.target)
        tables = {target.parent or "" for target in targets}
    elif fact.kind in ("trigger", "rule"):
        tables = {fact.parent or ""}
    elif fact.kind == "partition" and not is_partitioned(f"table:{fact.name}", request):
        tables = {f"table:{fact.name}"} & {*roots.values()}
    tokens = sorted({filled_again(roots[table]) for table in tables if table in roots})
    return msgspec.structs.replace(action, needs=(*action.needs, *tokens)) if tokens else action


def held(request: PlanRequest, identity: str) -> int | None:
    """The size of a live table with its partitions, where it is known."""
    relations = request.live_hints.get("relations", {})
    sizes = [relations.get(i, {}).get("bytes") for i in (identity, *partitions_below(identity, request.live))]
    return None if None in sizes else sum(sizes)
