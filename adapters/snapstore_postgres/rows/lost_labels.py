"""Rows that have a label which its enum loses, in a column that cannot be left empty for it.

The server is asked for them before anything is planned. Where there are some, a value stands in for theirs,
which go to the archive: the column's default, where that is a constant, else the first label that its checks
let pass. A plan says so as a hazard. Where a value that stands in could be in the way of another row, or
belong into another partition, nothing does, and the restore stops before anything is changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from snapstore.adapter import PlanRequest
from snapstore.model import DataMode, Fact, Hazard, HazardName, Json
from snapstore.rules import View
from snapstore_postgres.names import last, literal
from snapstore_postgres.relations import size
from snapstore_postgres.relations.inheritance import descendants, governing, in_partition_key
from snapstore_postgres.renaming.names_before import called_now, label_now
from snapstore_postgres.rows import checked, filling
from snapstore_postgres.rows.casts import AS_WRITTEN
from snapstore_postgres.rows.looking import SHOWN, told
from snapstore_postgres.rows.seen import Seen, seen_now

LOST = "lost_labels"
"""The hint with what :func:`questions` were answered: for a column the number of rows, and their places."""


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


def held(enum: str, view: View) -> list[Held]:
    """The columns that hold values of an enum, given by identity; none where it loses no label."""
    before, after = view.live.get(enum), view.target.get(enum)
    if before is None or after is None or {*before.attrs["labels"]} <= {*after.attrs["labels"]}:
        return []
    stay = [label for label in after.attrs["labels"] if label in before.attrs["labels"]]
    found = dict[str, Held]()
    for column, through in _columns(enum, (), view):
        if not _may_have_rows(column, view):
            continue
        strict = any("not_null" in side.attrs for side in (column, view.target[column.id], *through))
        parted = _is_partitioned_by(column, view)
        if strict or parted:
            why_not = _why_not(column, through, parted, stay, view)
            one = Held(column, before.name, after.attrs["labels"], not through, parted, why_not)
            found[column.id] = one
    return [*found.values()]


def _columns(kind: str, through: tuple[Fact, ...], view: View) -> Iterator[tuple[Fact, tuple[Fact, ...]]]:
    for dependent in view.live_dependents.get(kind, ()):
        if dependent.kind == "column":
            yield dependent, through
        elif dependent.kind in ("domain", "composite"):
            yield from _columns(dependent.id, (*through, dependent), view)


def _may_have_rows(column: Fact, view: View) -> bool:
    """Whether it is there before and after, with rows that are ours and come to no other harm."""
    after, table = view.target.get(column.id), view.live.get(column.parent or "")
    if after is None or table is None or table.kind != "table" or after.attrs["type"] != column.attrs["type"]:
        return False
    apart = "foreign" in table.attrs or table.name in getattr(view.request.settings, "data", ())
    mine = "generated" not in column.attrs and not governing(column, view)
    return mine and not apart and size(view, table.id)[1] != 0


def _is_partitioned_by(column: Fact, view: View) -> bool:
    return any(in_partition_key(c, view) for c in (column, *descendants(column, view, live=True)))


def _why_not(
    column: Fact, through: Sequence[Fact], parted: bool, labels: Sequence[str], view: View
) -> str | None:
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
    of_rows = any(kind.kind == "composite" for kind in through)
    if not labels and not of_rows and not column.attrs["type"].endswith("[]"):
        return "no label is there before and after"
    return None


def _around(column: Fact, view: View) -> Iterator[Fact]:
    """The constraints and indexes that read it, in its table or in those that inherit it or refer to it."""
    for one in (column, *descendants(column, view, live=True)):
        for side in (view.live_dependents, view.target_dependents):
            yield from (part for part in side.get(one.id, ()) if part.kind in ("constraint", "index"))


def among(labels: Collection[str], many: bool) -> Callable[[str], str]:
    """Whether a value, or all of an array, is one of these."""
    allowed = f"ARRAY[{', '.join(map(literal, labels))}]::text[]"
    if many:
        return lambda value: (
            f"(SELECT pg_catalog.bool_and(label = ANY ({allowed}))"
            f" FROM pg_catalog.unnest({value}::{AS_WRITTEN}[]::text[]) label) IS NOT FALSE"
        )
    return lambda value: f"{value} IS NULL OR {value}::{AS_WRITTEN}::text = ANY ({allowed})"


# -- which rows those are ----------------------------------------------------------------------------------


def questions(request: PlanRequest) -> Iterator[tuple[str, str, str]]:
    """For each such column its identity, what its places are called, and the query for the number of rows
    that have such a label, and the first of their places. All is called as it is now."""
    view = View(request, fates={})
    for change in request.changes.facts:
        for one in held(change.id, view) if change.id.startswith("enum:") else ():
            where = seen_now(one.column, view)
            if where is not None and one.why_not is None:
                yield one.column.id, where.place.words, told(rows(one, where, request))


def rows(one: Held, where: Seen, request: PlanRequest) -> str:
    """The query for the places of rows that have such a label now."""
    fits = _has_no_other(f"t.{where.column}", one.column.attrs["type"], one, request)
    return f"SELECT {where.place.expression} AS place FROM {where.rows} WHERE NOT ({fits})"


def _has_no_other(value: str, kind: str, one: Held, request: PlanRequest, depth: int = 0) -> str:
    """Whether a value of a type, as it is called then, has nothing but labels that stay in it now."""
    element, many = kind.removesuffix("[]"), kind.endswith("[]")
    if element == one.enum:
        return among([label_now(one.enum, label, request) for label in one.labels], many)(value)
    each = f"e{depth}" if many else value
    if domain := request.live.get(f"domain:{element}"):
        inside = _has_no_other(each, domain.attrs["type"], one, request, depth + 1)
    else:
        inside = _in_attributes(each, element, one, request, depth + 1)
    all_of = f"NOT EXISTS (SELECT FROM unnest({value}) {each} WHERE NOT ({inside}))"
    return all_of if many and inside != "true" else inside


def _in_attributes(value: str, kind: str, one: Held, request: PlanRequest, depth: int) -> str:
    composite = request.live.get(f"composite:{kind}")
    found = []
    for attribute in composite.attrs["attributes"] if composite else ():
        name = last(called_now(f"column:{kind}.{attribute['name']}", request))
        found.append(_has_no_other(f"({value}).{name}", attribute["type"], one, request, depth))
    return " AND ".join(f"({text})" for text in found if text != "true") or "true"


def answer(places: str, row: tuple[int, str | None]) -> list[Json]:
    """What goes into the hint."""
    number, known = row
    return [number, f"{places} = {known}{', ...' if number > SHOWN else ''}"]


def _held_by(column: Fact, enum: str, view: View) -> Held | None:
    return next((one for one in held(enum, view) if one.column.id == column.id), None)


def why_not(column: Fact, enum: str, view: View) -> str:
    """Why no value stands in, behind what does not fit; "" where there is no reason."""
    found = _held_by(column, enum, view)
    return f", and {found.why_not}" if found and found.why_not else ""


def is_told(column: Fact, view: View) -> bool:
    """Whether rows of a column are known to have a label that goes."""
    return bool(_told(column, view)[0])


def _told(column: Fact, view: View) -> tuple[int, str]:
    known: Mapping[str, tuple[int, str]] = view.request.live_hints.get(LOST, {})
    number, places = known.get(column.id, (0, ""))
    return number, places


# -- what stands in ----------------------------------------------------------------------------------------

_CONSTANT = re.compile(r"('(?:[^']|'')*')::[^()]+")


class StandIn(NamedTuple):
    """A value for a column in rows called ``t``, what other columns it reads, and what the plan says."""

    value: str
    reads: Sequence[str]
    hazards: Sequence[Hazard]


def stand_in(column: Fact, view: View) -> StandIn | None:
    """For rows of a column that is of an enum itself; None where none have to get one, or none can."""
    enum = f"enum:{column.attrs['type'].removesuffix('[]')}"
    found = _held_by(column, enum, view) if is_told(column, view) else None
    if found is None or found.why_not is not None:
        return None
    values = [*_default(column, view), *_neutral(found, view)]
    value, reads = filling.first_allowed(column, values, view)
    return StandIn(value, reads, hazards(column, view))


def _neutral(one: Held, view: View) -> Iterator[str]:
    if one.column.attrs["type"].endswith("[]"):
        yield literal("{}")
        return
    before = view.live[f"enum:{one.enum}"].attrs["labels"]
    yield from (literal(label) for label in one.labels if label in before)


def _default(column: Fact, view: View) -> Iterator[str]:
    """The default of the target, where that is a constant of what there is before, too."""
    default = view.target.get(f"default:{column.name}")
    constant = _CONSTANT.fullmatch(default.attrs["expression"]) if default else None
    enum = f"enum:{column.attrs['type'].removesuffix('[]')}"
    was, now = ({*side[enum].attrs["labels"]} for side in (view.live, view.target))
    if constant and (now <= was or constant[1] in map(literal, was)):
        yield constant[1]


def hazards(column: Fact, view: View) -> list[Hazard]:
    """That rows get a value which was not theirs; none where no row is known to."""
    number, places = _told(column, view)
    if not number:
        return []
    kept = view.request.options.data is not DataMode.DISCARD
    text = (
        f"rows of {(column.parent or '').partition(':')[2]} have a label in {last(column.name)} that goes, at"
        f" {places}; they get a value that stands in{', theirs go to the archive' if kept else ''}"
    )
    lost = [] if kept else [Hazard(HazardName.DATA_LOSS, f"values of {column.name} with a label that goes")]
    return [Hazard(HazardName.UNVERIFIABLE, text, rows=number), *lost]
