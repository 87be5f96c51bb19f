"""Rows of a table that has to be made anew: set aside before, put into the new one after.

PostgreSQL cannot turn a plain table into a partitioned one, or back. What both have in common, by name of the
column, is carried over; columns that only the old table has are named as data loss.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, Hazard, HazardName, Verb
from snapstore_postgres.archive import REGISTRY, behind_values
from snapstore_postgres.casts import cast
from snapstore_postgres.names import last, quote


def with_carried_rows(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, and for each non-empty table that they drop and create again, those that keep its rows."""
    again = [
        action.subject
        for action in actions
        if action.verb is Verb.DROP
        and action.subject.startswith("table:")
        and action.subject in request.target
    ]
    carried = [identity for identity in again if _bytes(request, identity) != 0]
    waiting = [_after_filling(request, action, carried) for action in actions]
    return [*waiting, *(a for identity in carried for a in _carry(request, identity))]


def _filled_again(identity: str) -> str:
    """What is provided by putting the rows into the new table."""
    return "filled:" + identity.partition(":")[2]


def _after_filling(request: PlanRequest, action: Action, carried: Collection[str]) -> Action:
    """The action; foreign keys to a new table and its triggers wait until its rows are there."""
    fact = request.target.get(action.subject)
    if fact is None or action.verb is Verb.DROP:
        return action
    tables = set()
    if fact.kind == "constraint" and fact.attrs.get("type") == "f":
        tables = {target.parent for need in fact.needs if (target := request.target.get(need))}
    elif fact.kind in ("trigger", "rule"):
        tables = {fact.parent}
    tokens = [_filled_again(identity) for identity in carried if identity in tables]
    return msgspec.structs.replace(action, needs=(*action.needs, *tokens)) if tokens else action


def _bytes(request: PlanRequest, identity: str) -> int | None:
    relations = request.live_hints.get("relations", {})
    sizes = [relations.get(i, {}).get("bytes") for i in (identity, *_descendants(identity, request.live))]
    return None if None in sizes else sum(sizes)


def _descendants(table: str, side: Mapping[str, Fact]) -> Iterator[str]:
    """The partitions of a table at any depth, as identities of tables."""
    for fact in side.values():
        if fact.kind == "partition" and f"table:{fact.attrs['of']}" == table and fact.parent:
            yield fact.parent
            yield from _descendants(fact.parent, side)


def _columns(table: str, side: Mapping[str, Fact]) -> dict[str, Fact]:
    return {last(f.name): f for f in side.values() if f.kind == "column" and f.parent == table}


def _carry(request: PlanRequest, identity: str) -> tuple[Action, Action]:
    name = identity.partition(":")[2]
    place = quote(f"{REGISTRY}_rows_{hashlib.sha256(identity.encode()).hexdigest()[:8]}")
    old, new = _columns(identity, request.live), _columns(identity, request.target)
    common = sorted(c for c in old.keys() & new.keys() if "generated" not in new[c].attrs)
    return (
        _set_aside(request, identity, place, [old[c] for c in common], sorted(old.keys() - new.keys())),
        _put_in(request, identity, place, [(old[c], new[c]) for c in common], name),
    )


def _set_aside(
    request: PlanRequest, identity: str, place: str, columns: Sequence[Fact], lost: Sequence[str]
) -> Action:
    name = identity.partition(":")[2]
    tables = [identity, *_descendants(identity, request.live)]
    values = ", ".join(f"{last(c.name)}::text" if c.needs else last(c.name) for c in columns)
    names = ", ".join(last(c.name) for c in columns)
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=f"rows:{name}",
        summary=f"set the rows of {name} aside",
        statements=(
            f"CREATE SCHEMA {place}",
            f"CREATE TABLE {place}.rows ({names}) AS SELECT {values} FROM {name}",
        ),
        produces=(f"rows:{name}",),
        releases=tuple(sorted({*tables, *(c.id for c in columns)})),
        hazards=(Hazard(HazardName.DATA_LOSS, f"columns {', '.join(lost)} of {name}"),) if lost else (),
        lock="ACCESS SHARE",
        transactional=True,
        rank=-950,
    )


def _put_in(
    request: PlanRequest, identity: str, place: str, pairs: Sequence[tuple[Fact, Fact]], name: str
) -> Action:
    values = ", ".join(
        cast(last(new.name), "text" if old.needs else old.attrs["type"], new.attrs["type"])
        for old, new in pairs
    )
    names = ", ".join(last(new.name) for _, new in pairs)
    partitions = [f"partition:{table.partition(':')[2]}" for table in _descendants(identity, request.target)]
    positions = [s for _, new in pairs for s in _positions(request, new)]
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=f"rows:{name}",
        summary=f"put the rows of {name} into the new table",
        statements=(
            f"INSERT INTO {name} ({names}) OVERRIDING SYSTEM VALUE SELECT {values} FROM {place}.rows",
            f"DROP TABLE {place}.rows",
            f"DROP SCHEMA {place}",
            *positions,
        ),
        produces=(_filled_again(identity),),
        needs=tuple(sorted({f"rows:{name}", identity, *partitions, *_filled(request, pairs)})),
        lock="ROW EXCLUSIVE",
        transactional=True,
        rank=46,
    )


def _filled(request: PlanRequest, pairs: Sequence[tuple[Fact, Fact]]) -> Iterator[str]:
    for _, new in pairs:
        yield new.id
        yield from _sequences(request, new)


def _sequences(request: PlanRequest, column: Fact) -> list[str]:
    return [f.id for f in request.target.values() if f.kind == "sequence" and f.parent == column.id]


def _positions(request: PlanRequest, column: Fact) -> list[str]:
    """The sequences behind a column, moved behind the values that it got."""
    names = [identity.partition(":")[2] for identity in _sequences(request, column)]
    names += [column.attrs["identity"]["sequence"]] if "sequence" in column.attrs.get("identity", {}) else []
    return [s for name in names for s in behind_values(name, column.id)]
