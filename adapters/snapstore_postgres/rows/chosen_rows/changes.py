"""Which differences between two states are in rows, and which of these count."""

from __future__ import annotations

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.model import ResourceChanges
from snapstore_postgres.catalog.rowdata import ROW, ROWS

_OF_ROWS = (f"{ROW}:", f"{ROWS}:")


def split_rows(request: PlanRequest) -> tuple[PlanRequest, PlanRequest]:
    """The request without rows, for the rules; and with nothing but rows changed, for ``with_rows``."""
    changes = request.changes
    if not any(side.kinds.get(kind) for side in (request.live, request.target) for kind in (ROW, ROWS)):
        return request, structs.replace(request, changes=structs.replace(changes, facts=[]))
    others = [change for change in changes.facts if not _is_row(change.id)]
    schema = structs.replace(
        request,
        changes=structs.replace(changes, facts=others),
        live={i: fact for i, fact in request.live.items() if not _is_row(i)},
        target={i: fact for i, fact in request.target.items() if not _is_row(i)},
    )
    rows = [change for change in changes.facts if _is_row(change.id)]
    return schema, structs.replace(request, changes=structs.replace(changes, facts=rows))


def beyond(changes: ResourceChanges) -> set[str]:
    """Of differences, those in rows that one side never captured: its ``data`` did not name the table."""
    unknown = {c.id for c in changes.facts if c.id.startswith(f"{ROWS}:") and None in (c.before, c.after)}
    sides = ((change.id, change.before or change.after) for change in changes.facts)
    return unknown | {identity for identity, fact in sides if fact and fact.parent in unknown}


def _is_row(identity: str) -> bool:
    return identity.startswith(_OF_ROWS)
