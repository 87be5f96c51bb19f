"""Tables that a plan takes for empty, which therefore keeps nothing of what it drops of them.

Somebody may insert between the capture and the locks of the restore, for which it may wait long. So they are
looked at once more when nobody else can write to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.model import Action, DataMode
from snapstore_postgres.relations import children

EMPTY = "empty"
"""Where a payload names tables that are to have no rows before the first action runs."""


def expecting(asked: PlanRequest, request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, with the tables that have to be empty for them. Those that are renamed before would not be
    found, so only what was ``asked`` for under the same name is looked at."""
    if request.options.data is DataMode.DISCARD:
        return list(actions)
    found = ((action, sorted(set(_taken_for_empty(asked, request, action)))) for action in actions)
    return [
        structs.replace(action, payload={**action.payload, EMPTY: [*names]}) if names else action
        for action, names in found
    ]


def _taken_for_empty(asked: PlanRequest, request: PlanRequest, action: Action) -> Iterator[str]:
    for identity in action.destroys:
        fact = request.live.get(identity)
        if fact is None or fact.attrs.keys() & {"foreign", "generated", "partition_key"}:
            continue
        tables = {"table": [identity], "column": _tree(fact.parent or "", request)}.get(fact.kind, [])
        if all(_is_empty(table, request) and _is_empty(table, asked) for table in tables):
            yield from (table.partition(":")[2] for table in tables)


def _tree(table: str, request: PlanRequest) -> list[str]:
    below = children(table, request.live.dependents)
    return [table, *(name for child in below for name in _tree(f"table:{child}", request))]


def _is_empty(table: str, request: PlanRequest) -> bool:
    return bool(request.live_hints.get("relations", {}).get(table, {}).get("bytes") == 0)
