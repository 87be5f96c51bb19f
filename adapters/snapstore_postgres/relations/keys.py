"""Columns that tell the rows of a table apart: those of its primary key, or of what is as good as one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from snapstore.facts import Facts
from snapstore.model import Fact
from snapstore_postgres.names import NAME
from snapstore_postgres.relations import children

_UNIQUE = re.compile(
    rf"(?:UNIQUE(?: NULLS NOT DISTINCT)?|CREATE UNIQUE INDEX .* USING btree)"
    rf" \((?P<names>{NAME}(?:, {NAME})*)\)(?P<rest>.*)"
)


def primary(parts: Iterable[Fact]) -> list[str]:
    """The columns of the primary key among the parts of a table, by identity; none where there is none."""
    keys = (part for part in parts if part.kind == "constraint" and part.attrs.get("type") == "p")
    return [need for key in keys for need in key.needs if need.startswith("column:")]


def is_by_pairs(key: Fact) -> bool:
    """Whether a constraint compares rows by more than equality, as one that excludes and a temporal key do.
    It takes no index that was built before it."""
    return key.attrs.get("type") == "x" or " WITHOUT OVERLAPS)" in key.attrs["definition"]


def others(table: str, live: Facts) -> Iterator[list[str]]:
    """The columns of each other key of a table in which no row has NULL, by identity; none where tables
    inherit from it, whose rows it does not cover."""
    if "partition_key" not in live[table].attrs and children(table, live.dependents):
        return
    for part in live.parts.get(table, ()):
        found = _UNIQUE.fullmatch(part.attrs.get("definition", "")) if _is_in_force(part) else None
        if found is None or " WHERE " in found["rest"]:
            continue
        columns = [f"column:{table.partition(':')[2]}.{name}" for name in re.findall(NAME, found["names"])]
        if all(_has_values(live.get(column)) for column in columns):
            yield columns


def _is_in_force(part: Fact) -> bool:
    if part.kind == "index":
        return not part.attrs.get("invalid")
    return part.kind == "constraint" and part.attrs.get("type") == "u"


def _has_values(column: Fact | None) -> bool:
    not_null = column.attrs.get("not_null") if column else None
    return bool(not_null) and not (isinstance(not_null, dict) and not_null.get("not_valid"))
