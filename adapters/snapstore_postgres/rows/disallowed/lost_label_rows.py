"""Which rows have a label that goes: asked of the server before anything is planned, and looked at before a
change where nothing can stand in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple

from snapstore.adapter import PlanRequest
from snapstore.model import Fact, Json
from snapstore.rules import View
from snapstore_postgres.names import last, literal
from snapstore_postgres.renaming.names_before import called_now, label_now
from snapstore_postgres.rows.disallowed.lost_labels import Held, held
from snapstore_postgres.rows.looks.looking import SHOWN, Look, told
from snapstore_postgres.rows.looks.seen import Seen, seen_now
from snapstore_postgres.rows.looks.stage import Stage
from snapstore_postgres.rows.types.casts import AS_WRITTEN

LOST = "lost_labels"
"""The hint with what :func:`questions` were answered: for a column the number of rows, and their places."""


def among(labels: Collection[str], many: bool) -> Callable[[str], str]:
    """Whether a value, or all of an array, is one of these."""
    allowed = f"ARRAY[{', '.join(map(literal, labels))}]::text[]"
    if many:
        return lambda value: (
            f"(SELECT pg_catalog.bool_and(label = ANY ({allowed}))"
            f" FROM pg_catalog.unnest({value}::{AS_WRITTEN}[]::text[]) label) IS NOT FALSE"
        )
    return lambda value: f"{value} IS NULL OR {value}::{AS_WRITTEN}::text = ANY ({allowed})"


class Question(NamedTuple):
    """What is asked of one column, given by identity. All is called as it is now."""

    column: str
    places: str
    """What the places of its rows are called."""
    query: str
    """For the number of rows that have a label that goes, and the first of their places."""


def questions(request: PlanRequest) -> Iterator[Question]:
    """One for each column that cannot be left empty for a label that goes, if something can stand in."""
    view = View(request, fates={})
    for change in request.changes.facts:
        for one in held(change.id, view) if change.id.startswith("enum:") else ():
            where = seen_now(one.column, view)
            if where is not None and one.why_not is None:
                yield Question(one.column.id, where.place.words, told(rows(one, where, request)))


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


def is_told(column: Fact, view: View) -> bool:
    """Whether rows of a column are known to have a label that goes."""
    return bool(told_rows(column, view)[0])


def told_rows(column: Fact, view: View) -> tuple[int, str]:
    known: Mapping[str, tuple[int, str]] = view.request.live_hints.get(LOST, {})
    number, places = known.get(column.id, (0, ""))
    return number, places


def with_lost_labels(enum: Fact, stage: Stage) -> Iterator[Look]:
    """Rows for which nothing may or can stand in, where no other look sees to them."""
    view = View(stage.request, fates={})
    for one in held(enum.id, view):
        where = seen_now(one.column, view)
        elsewhere = one.itself and not one.is_partitioned_by
        if stage.gives_up:
            elsewhere = one.itself or one.is_partitioned_by  # that does so when it puts rows elsewhere
        if where is None or elsewhere or is_told(one.column, view):
            continue
        there = where._replace(place=stage.place(one.column.parent or ""))
        bad = rows(one, there, stage.request)
        why = f"they do not fit the labels of {one.enum}{f', and {one.why_not}' if one.why_not else ''}"
        yield Look(bad, there.table, there.place, f"fit, in {there.column}", why)
