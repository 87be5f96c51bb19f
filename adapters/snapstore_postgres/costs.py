"""What an action costs the table it works on, where its rule does not say: its size, and a scan of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Hazard, HazardName, Json
from snapstore_postgres.names import qualifier
from snapstore_postgres.relations import STRONGEST

_PARTS = ("column", "constraint", "default", "trigger", "policy", "rule")
_SCANS = re.compile(r" ALTER COLUMN .* SET NOT NULL$| ADD (CONSTRAINT .* )?NOT NULL [^ ]+$")


def stated(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, those that lock a table that is there already with its rows and bytes, and with a hazard
    where everybody waits while it is scanned."""
    known = request.live_hints.get("relations", {})
    return [_stated(action, known) for action in actions]


def _stated(action: Action, known: Mapping[str, Json]) -> Action:
    size = known.get(_table(action.subject)) if action.lock else None
    if not size:
        return action
    rows = size["rows"] if action.rows is None else action.rows
    bytes_ = size["bytes"] if action.bytes is None else action.bytes
    hazards = action.hazards
    scans = action.lock == STRONGEST and any(_SCANS.search(s) for s in action.statements)
    checked = any(" DROP CONSTRAINT snapstore_filled_" in s for s in action.statements)
    if scans and bytes_ and not checked:
        text = f"scans {_table(action.subject).partition(':')[2]} to check NOT NULL"
        hazards = (*hazards, Hazard(HazardName.BLOCKING_LOCK, text, rows=rows, bytes=bytes_))
    return msgspec.structs.replace(action, rows=rows, bytes=bytes_, hazards=hazards)


def _table(subject: str) -> str:
    kind, _, name = subject.partition(":")
    return f"table:{qualifier(name)}" if kind in _PARTS else f"table:{name}"
