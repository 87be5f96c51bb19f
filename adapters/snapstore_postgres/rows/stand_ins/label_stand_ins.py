"""What stands in for a label that goes, in a column that cannot be left empty for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from snapstore.model import DataMode, Fact, Hazard, HazardName
from snapstore.rules import View
from snapstore_postgres.names import last, literal
from snapstore_postgres.rows.disallowed.lost_label_rows import is_told, told_rows
from snapstore_postgres.rows.disallowed.lost_labels import Held, held_by
from snapstore_postgres.rows.stand_ins import filling

_CONSTANT = re.compile(r"('(?:[^']|'')*')::[^()]+")


class StandIn(NamedTuple):
    """A value for a column in rows called ``t``, what other columns it reads, and what the plan says."""

    value: str
    reads: Sequence[str]
    hazards: Sequence[Hazard]


def stand_in(column: Fact, view: View) -> StandIn | None:
    """For rows of a column that is of an enum itself; None where none have to get one, or none can."""
    enum = f"enum:{column.attrs['type'].removesuffix('[]')}"
    found = held_by(column, enum, view) if is_told(column, view) else None
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
    number, places = told_rows(column, view)
    if not number:
        return []
    kept = view.request.options.data is not DataMode.DISCARD
    text = (
        f"rows of {(column.parent or '').partition(':')[2]} have a label in {last(column.name)} that goes, at"
        f" {places}; they get a value that stands in{', theirs go to the archive' if kept else ''}"
    )
    lost = [] if kept else [Hazard(HazardName.DATA_LOSS, f"values of {column.name} with a label that goes")]
    return [Hazard(HazardName.UNVERIFIABLE, text, rows=number), *lost]
