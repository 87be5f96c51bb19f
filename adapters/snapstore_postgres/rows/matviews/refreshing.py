"""Materialized views over rows that a restore changes: filled again, so that they tell of the same state."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Action, Fact, Hazard, HazardName, Verb
from snapstore_postgres.relations import STRONGEST
from snapstore_postgres.relations.inheritance import ancestors
from snapstore_postgres.rows.chosen_rows.block import ROWS_OF
from snapstore_postgres.words import is_filling

_RANK = 600
_UNIQUE = re.compile(
    r'CREATE UNIQUE INDEX .*? USING btree \((?:"(?:[^"]|"")*"|[^"()])*\)(?P<rest>.*)', re.DOTALL
)
_VIEWS = ("view", "matview")


def with_refreshes(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, and one for each populated materialized view that reads, be it through other views, from a
    table whose rows they change, and that no action fills anyway.

    Where a restore was interrupted, its rows may be as they should, and what reads them not: no fact tells.
    """
    tokens = _tokens(actions)
    changed = {token.removeprefix(ROWS_OF) for token in tokens | _tokens(request.begun)}
    exchanged = {
        a.subject for a in request.begun if a.verb is Verb.REPLACE and a.subject.startswith("matview:")
    }
    if not changed and not exchanged:
        return list(actions)
    above = {f"table:{a}" for table in changed for a in ancestors(table, request.target)}
    tables = {*(f"table:{table}" for table in changed), *above}
    filled = {a.subject for a in actions if any(is_filling(text) for text in a.statements)}
    stale = [fact for fact in _populated(request) if fact.id not in filled]
    found = {fact.id: reads(fact, request.target) for fact in stale}
    again = {i for i in exchanged & found.keys() if is_refreshable(request.target[i], request.target)}
    found = {i: read for i, read in found.items() if read & tables or i in again}
    refreshes = [_refresh(request, i, tokens, read & found.keys()) for i, read in sorted(found.items())]
    return [*actions, *refreshes]


def _tokens(actions: Sequence[Action]) -> set[str]:
    return {name for action in actions for name in action.produces if name.startswith(ROWS_OF)}


def is_refreshable(matview: Fact, facts: Facts) -> bool:
    """Whether it has a unique index on nothing but columns, for all rows: PostgreSQL compares by it."""
    indexes = (f for f in facts.parts.get(matview.id, ()) if f.kind == "index")
    found = (_UNIQUE.match(f.attrs["definition"]) for f in indexes if not f.attrs.get("invalid"))
    return any(match and " WHERE " not in match["rest"] for match in found)


def reads(view: Fact, facts: Mapping[str, Fact]) -> set[str]:
    """The relations that a view reads, and those that the views among them read."""
    found: set[str] = set()
    left = [view]
    while left:
        for need in left.pop().needs:
            fact = facts.get(need)
            relation = facts.get(fact.parent or "") if fact and fact.kind == "column" else fact
            if relation is not None and relation.id not in found and relation.kind in ("table", *_VIEWS):
                found.add(relation.id)
                left += [relation] if relation.kind in _VIEWS else []
    return found


def _populated(request: PlanRequest) -> Iterator[Fact]:
    for fact in request.target.kinds.get("matview", ()):
        before = request.live.get(fact.id)
        if before is not None and not {*fact.attrs, *before.attrs} & {"unpopulated"}:
            yield fact


def _refresh(request: PlanRequest, identity: str, tokens: set[str], behind: set[str]) -> Action:
    name = identity.partition(":")[2]
    size = request.live_hints.get("relations", {}).get(identity, {})
    text = f"{name} cannot be read while its query runs"
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=identity,
        summary=f"refresh matview {name}, which reads changed rows",
        statements=(f"REFRESH MATERIALIZED VIEW {name}",),
        needs=(identity, *sorted(tokens), *sorted(f"refreshed:{other}" for other in behind)),
        produces=(f"refreshed:{identity}",),
        hazards=(Hazard(HazardName.BLOCKING_LOCK, text, size.get("rows"), size.get("bytes")),),
        lock=STRONGEST,
        rows=size.get("rows"),
        bytes=size.get("bytes"),
        transactional=True,
        rank=_RANK,
    )
