"""Columns that hold labels which their enums lose, and that cannot be left empty for it.

The server is asked which rows have them before anything is planned (``lost_label_rows.py``). Where some have,
a value stands in for theirs, which go to the archive (``label_stand_ins.py``): the column's default, where
that is a constant, else the first label that its checks let pass. A plan says so as a hazard. Where a value
that stands in could be in the way of another row, or belong into another partition, nothing does, and the
restore stops before anything is changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.names import last
from snapstore_postgres.relations.inheritance import descendants, governing, in_partition_key, names_column
from snapstore_postgres.relations.sizes import size
from snapstore_postgres.rows.stand_ins import checked


class Held(NamedTuple):
    """A live column that has values of an enum which loses labels, and may not be without."""

    column: Fact
    enum: str
    labels: Sequence[str]
    """Those that stay."""
    itself: bool
    """Whether it is of the enum or an array of it, not of a domain or of rows that have one in them."""
    is_partitioned_by: bool
    why_not: str | None
    """Why no value can stand in."""
    means_nothing: bool
    """Whether no label is there before and after, though something might stand in: the column makes way."""


def held(enum: str, view: View) -> list[Held]:
    """The columns that keep values of an enum, given by identity; none where it loses no label."""
    return [one for one in _all_held(enum, view) if not one.means_nothing]


def held_by(column: Fact, enum: str, view: View) -> Held | None:
    """The same for one column, which is of the enum itself."""
    found = _held(column, enum, (), view) if _loses_some(enum, view) else None
    return found if found and not found.means_nothing else None


def made_anew(enum: str, view: View) -> list[str]:
    """The columns whose values mean nothing in the other labels of an enum, by identity."""
    return [one.column.id for one in _all_held(enum, view) if one.means_nothing]


def keeps_none(column: Fact, view: View) -> bool:
    """Whether a column is made anew because its values mean nothing in other labels."""
    changed = (change.id for change in view.request.changes.facts if change.id.startswith("enum:"))
    losing = (enum for enum in changed if _loses_some(enum, view))
    ways = ((enum, way) for enum in losing for one, way in _columns(enum, (), view) if one.id == column.id)
    found = (_held(view.live[column.id], enum, way, view) for enum, way in ways)
    return any(one is not None and one.means_nothing for one in found)


def _all_held(enum: str, view: View) -> list[Held]:
    if not _loses_some(enum, view):
        return []
    found = {column.id: _held(column, enum, through, view) for column, through in _columns(enum, (), view)}
    return [one for one in found.values() if one]


def _loses_some(enum: str, view: View) -> bool:
    before, after = view.live.get(enum), view.target.get(enum)
    return bool(before and after and {*before.attrs["labels"]} - {*after.attrs["labels"]})


def _held(column: Fact, enum: str, through: tuple[Fact, ...], view: View) -> Held | None:
    before, after = view.live[enum], view.target[enum].attrs["labels"]
    if not _may_have_rows(column, view):
        return None
    strict = any("not_null" in side.attrs for side in (column, view.target[column.id], *through))
    parted = _is_partitioned_by(column, view)
    if not (strict or parted):
        return None
    why_not = _why_not(column, through, parted, view)
    is_some_kept = not {*before.attrs["labels"]}.isdisjoint(after)
    means_nothing = not (is_some_kept or why_not or _may_hold_none(column, through))
    return Held(column, before.name, after, not through, parted, why_not, means_nothing)


def _columns(kind: str, through: tuple[Fact, ...], view: View) -> Iterator[tuple[Fact, tuple[Fact, ...]]]:
    for dependent in view.live_dependents.get(kind, ()):
        if dependent.kind == "column":
            yield dependent, through
        elif dependent.kind in ("domain", "composite"):
            yield from _columns(dependent.id, (*through, dependent), view)


def _may_hold_none(column: Fact, through: Sequence[Fact]) -> bool:
    """Whether there is a value of its type that has no label in it: an empty list, or a row of nothing."""
    kinds = (column, *(domain for domain in through if domain.kind == "domain"))
    lists = any(kind.attrs["type"].endswith("[]") for kind in kinds)
    return lists or any(kind.kind == "composite" for kind in through)


def _may_have_rows(column: Fact, view: View) -> bool:
    """Whether it is there before and after, with rows that are ours and come to no other harm."""
    after, table = view.target.get(column.id), view.live.get(column.parent or "")
    if after is None or table is None or table.kind != "table" or after.attrs["type"] != column.attrs["type"]:
        return False
    apart = "foreign" in table.attrs or table.name in getattr(view.request.settings, "data", ())
    mine = "generated" not in column.attrs and not governing(column, view)
    return mine and not apart and size(view, table.id)[1] != 0


def _is_partitioned_by(column: Fact, view: View) -> bool:
    """Whether its values tell, before and after, where rows belong."""
    found = (c for c in (column, *descendants(column, view, live=True)) if in_partition_key(c, view))
    return any(_is_in_key(c, view.target.get(c.parent or "")) for c in found)


def _is_in_key(column: Fact, table: Fact | None) -> bool:
    return table is not None and names_column(table.attrs.get("partition_key", ""), last(column.name))


def _why_not(column: Fact, through: Sequence[Fact], parted: bool, view: View) -> str | None:
    strict = next((d.name for d in through if d.kind == "domain" and "not_null" in d.attrs), None)
    if strict and any(kind.kind == "composite" for kind in through):
        return f"no row stands in where a domain in it, {strict}, is NOT NULL"
    if parted:
        return "no value stands in where a table is partitioned by it: that might belong elsewhere"
    for part in _around(column, view):
        if part.attrs.get("type") == "f":
            return f"no value stands in where a foreign key, {last(part.name)}, refers by it"
        if part.attrs.get("type") in ("p", "u", "x") or "CREATE UNIQUE " in part.attrs["definition"]:
            return f"no value stands in where a key, {last(part.name)}, is of it: there might be two of one"
        if part.kind == "constraint" and any(need.startswith(checked.CALLED) for need in part.needs):
            return f"no value stands in where a check, {last(part.name)}, calls a function"
    return None


def _around(column: Fact, view: View) -> Iterator[Fact]:
    """The constraints and indexes that read it, in its table or in those that inherit it or refer to it."""
    for one in (column, *descendants(column, view, live=True)):
        for side in (view.live_dependents, view.target_dependents):
            yield from (part for part in side.get(one.id, ()) if part.kind in ("constraint", "index"))


def why_not(column: Fact, enum: str, view: View) -> str:
    """Why no value stands in, behind what does not fit; "" where there is no reason."""
    found = held_by(column, enum, view)
    return f", and {found.why_not}" if found and found.why_not else ""
