"""How many rows a relation has, and how large it is: what it costs to lose or to rewrite it."""

from __future__ import annotations

from typing import NamedTuple

from snapstore.model import Hazard, HazardName
from snapstore.rules import View
from snapstore_postgres.relations import children


class Size(NamedTuple):
    """Of a relation with its children: rows, an estimate, and bytes; None where it is not known."""

    rows: int | None
    bytes: int | None


def size(view: View, identity: str) -> Size:
    """That of a live relation, given by identity."""
    found = view.request.live_hints.get("relations", {}).get(identity)
    if not found or "rows" not in found:
        return Size(None, None)
    sizes = [Size(found["rows"], found["bytes"])]
    sizes += [size(view, f"table:{child}") for child in children(identity, view.live_dependents)]
    return Size(sum(one.rows or 0 for one in sizes), sum(one.bytes or 0 for one in sizes))


def data_loss(view: View, identity: str, what: str) -> tuple[Hazard, ...]:
    """The hazard of destroying a relation's rows; none where it is known to be empty or they are archived."""
    rows, bytes_ = size(view, identity)
    if bytes_ == 0:
        return ()
    return (Hazard(HazardName.DATA_LOSS, f"{what} and the rows in it", rows=rows, bytes=bytes_),)


def rewrite_hazard(view: View, table: str) -> tuple[Hazard, ...]:
    """The hazard of writing all rows of a table anew; none where it is known to be empty."""
    rows, bytes_ = size(view, table)
    if bytes_ == 0:
        return ()
    return (Hazard(HazardName.TABLE_REWRITE, f"rewrites {table}", rows=rows, bytes=bytes_),)
