"""Values in a table that is made anew which are none of the labels that their enums then have.

They go to the archive, and their columns are empty in those rows, or have something that stands in. What went
there from the table that it was before comes back, whatever stood in for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from snapstore.adapter import PlanRequest
from snapstore.model import DataMode, Fact, Hazard
from snapstore.rules import View
from snapstore_postgres.names import last
from snapstore_postgres.rows.archived import archive
from snapstore_postgres.rows.carried.columns import Carried
from snapstore_postgres.rows.disallowed.lost_label_rows import among
from snapstore_postgres.rows.disallowed.lost_labels import keeps_none
from snapstore_postgres.rows.stand_ins import gaps, label_stand_ins
from snapstore_postgres.rows.types.casts import AS_WRITTEN, below_domains
from snapstore_postgres.rows.values.away import is_no_stand_in
from snapstore_postgres.rows.values.back import filled, noted_instead
from snapstore_postgres.rows.values.places import INSTEAD, column_entry, copied, kept_open, marked


class Losing(NamedTuple):
    """A column of which values may be none of the labels then, before and after."""

    old: Fact
    new: Fact
    kind: str
    """What it is of, below domains."""
    labels: Sequence[str]
    is_strict: bool
    """Whether each row has to have a value in it."""

    def unfit(self) -> str:
        """A condition on ``t``."""
        fits = among(self.labels, self.kind.endswith("[]"))
        return f"NOT ({fits(f't.{last(self.old.name)}')})"

    def entry(self, key: Sequence[str], request: PlanRequest) -> archive.Entry:
        """Where they lie in the archive, found again by the columns of the key."""
        marks = (archive.SOME, *((INSTEAD,) if self.is_strict else ()))
        return marked(column_entry(request, self.old, key), *marks)


def losing(carried: Carried) -> list[Losing]:
    """The columns of which such values are kept."""
    if carried.request.options.data is not DataMode.ARCHIVE:
        return []
    return [one for old, new in carried.pairs if (one := _losing(old, new, carried.request))]


def _losing(old: Fact, new: Fact, request: PlanRequest) -> Losing | None:
    kind = below_domains(old.attrs["type"], request.live)
    before, after = (side.get(f"enum:{kind.removesuffix('[]')}") for side in (request.live, request.target))
    if before is None or after is None or below_domains(new.attrs["type"], request.target) != kind:
        return None
    if {*before.attrs["labels"]} <= {*after.attrs["labels"]}:
        return None
    view = View(request, fates={})
    is_strict = "not_null" in new.attrs or gaps.is_of_strict_domain(new, view)
    return Losing(old, new, kind, after.attrs["labels"], is_strict)


def kept(one: Losing, entry: archive.Entry, source: str, request: PlanRequest) -> list[str]:
    """Statements that copy its values which go, from rows called ``t``, to their place."""
    which = f"{one.unfit()} AND {is_no_stand_in(one.old, View(request, fates={}))}"
    return copied(one.old, entry, source, request, which, "NULL" if one.is_strict else "")


def settled(one: Losing, rows: str, request: PlanRequest) -> Iterator[str]:
    """Statements after which rows set aside have nothing in it but labels that are there then, or nothing."""
    name, many = last(one.new.name), "[]" if one.kind.endswith("[]") else ""
    value = f"{name}::{AS_WRITTEN}{many}::{one.kind}"
    yield f"UPDATE {rows} t SET {name} = NULL WHERE {one.unfit()}"
    yield f"ALTER TABLE {rows} ALTER COLUMN {name} TYPE {one.kind} USING {value}"
    known = archive.kept(request, one.new.id, "column")
    if known is not None and archive.SOME in known.facts:
        yield from kept_open(known)
        yield from filled(rows, Fact(one.new.id, {"type": one.kind}, one.new.parent), known, request)


def noted(one: Losing, key: Sequence[str], request: PlanRequest) -> list[str]:
    """Statements that note in the archive what rows have got instead."""
    return noted_instead(one.new, one.entry(key, request), View(request, fates={}))


def hazards(one: Losing, request: PlanRequest) -> list[Hazard]:
    """That rows get a value which was not theirs."""
    view = View(request, fates={})
    if not one.is_strict:
        return []
    unknown = keeps_none(one.old, view) and archive.kept(request, one.new.id, "column") is None
    told = label_stand_ins.hazards(one.old, view)
    return told or ([gaps.may_not_fit(one.new, view)] if unknown else [])
