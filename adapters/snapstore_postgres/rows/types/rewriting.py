"""What a new type of a column costs those who use its table: whether PostgreSQL writes all rows anew."""

from __future__ import annotations

from snapstore.model import Fact, Hazard, HazardName
from snapstore.rules import View
from snapstore_postgres.relations.sizes import rewrite_hazard, size
from snapstore_postgres.rows.types.widening import named_and_numbered, widens

_ALIKE = {"text": {"character varying", "xml"}, "character varying": {"text", "xml"}, "inet": {"cidr"}}
"""Types, each with those whose values it takes as they lie there (``pg_cast``, without a function)."""
_GROWING = ("character varying", "bit varying", "numeric", "time", "interval")
"""Types that know when another length or precision changes no value (their support functions)."""
_MOMENTS = {"timestamp without time zone", "timestamp with time zone"}
"""Types of one form, since sessions of a restore are in UTC; but they sort by operators of their own."""


def keeps_rows(old: str, new: str) -> bool:
    """Whether a column gets the type without one row being read."""
    if not widens(old, new) or "[]" in old + new:
        return False
    (was, numbers), (now, others) = named_and_numbered(old), named_and_numbered(new)
    if was != now:
        return was in _ALIKE.get(now, ()) and others is None
    if now == "numeric":
        return others is None or _scale(numbers) == _scale(others)
    return now.startswith(_GROWING)


def _scale(numbers: str | None) -> str | None:
    return numbers and f"{numbers},0".split(",")[1]


def hazards(before: Fact, after: Fact, view: View) -> tuple[Hazard, ...]:
    """Of giving a column another type or collation."""
    table = before.parent or ""
    alike = before.attrs.get("collation") == after.attrs.get("collation")
    old, new = before.attrs["type"], after.attrs["type"]
    moments = {old, new} == _MOMENTS
    if "generated" in before.attrs or not alike or not (moments or keeps_rows(old, new)):
        return rewrite_hazard(view, table)
    rows, bytes_ = size(view, table)
    standing = [d for d in view.live_dependents.get(before.id, ()) if view.stays(d.id)]
    read = sorted(
        d.name for d in standing if _is_remade(d) or (moments and d.kind in ("index", "constraint"))
    )
    if bytes_ == 0 or not read:
        return ()
    text = f"scans {table.partition(':')[2]} for {', '.join(read)}"
    return (Hazard(HazardName.BLOCKING_LOCK, text, rows=rows, bytes=bytes_),)


def _is_remade(dependent: Fact) -> bool:
    """Whether PostgreSQL checks all rows for it again, or builds it anew, when a column gets a type."""
    definition = dependent.attrs.get("definition", "")
    if dependent.kind == "index":  # as it is only where it has nothing but columns
        return definition.count("(") > 1 or " WHERE " in definition
    return dependent.kind == "constraint" and dependent.attrs["type"] in ("c", "x")
