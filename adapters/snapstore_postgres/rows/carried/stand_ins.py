"""Values that stand in for what nobody knows, put beside the rows that are carried over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from snapstore.model import FactChange, Hazard
from snapstore.rules import View
from snapstore_postgres.names import last
from snapstore_postgres.rows.carried import labels
from snapstore_postgres.rows.carried.columns import Carried
from snapstore_postgres.rows.carried.source import columns_of
from snapstore_postgres.rows.stand_ins import filling, gaps
from snapstore_postgres.rows.types.casts import below_domains


class StandIns(NamedTuple):
    """The statements that put such values there, what they need, and that they are not proven."""

    statements: Sequence[str] = ()
    needs: Sequence[str] = ()
    hazards: Sequence[Hazard] = ()


def standing_in(carried: Carried) -> StandIns:
    """Those for the columns that each row has to have a value in, which nobody knows."""
    losing = labels.losing(carried)
    if not carried.unknown and not losing:
        return StandIns()
    rows, view, request = carried.rows, _beside_the_rows(carried), carried.request
    types = {last(c.name): below_domains(c.attrs["type"], request.target) for c in carried.unknown}
    added = [f"ALTER TABLE {rows} ADD COLUMN {name} {kind}" for name, kind in types.items()]
    settled = [text for one in losing for text in labels.settled(one, rows, request)]
    columns = [*carried.unknown, *(one.new for one in losing if one.is_strict)]
    needs = [need for column in columns for need in filling.needs(column, view)]
    hazards = [gaps.hazard(column, view) for column in carried.unknown]
    hazards += [hazard for one in losing for hazard in labels.hazards(one, request)]
    return StandIns(
        [*added, *settled, *(filling.filling(column, rows, view) for column in columns)], needs, hazards
    )


def _beside_the_rows(carried: Carried) -> View:
    """Both sides as those rows have them: with the columns alone that are there as they will be, and what is
    of no other ones."""
    request, table = carried.request, carried.identity
    there = {new.id for old, new in carried.pairs if not old.needs and old.attrs["type"] == new.attrs["type"]}
    known = there | {column.id for column in carried.unknown}
    known |= {one.new.id for one in labels.losing(carried)}
    other = {
        c.id for side in (request.live, request.target) for c in columns_of(table, side).values()
    } - known
    target = [FactChange(p.id, p, None) for p in request.target.parts.get(table, ()) if other & {*p.needs}]
    live = [FactChange(c.id, c, None) for c in columns_of(table, request.live).values() if c.id not in there]
    beside = msgspec.structs.replace(
        request, live=request.live.changed(live), target=request.target.changed(target)
    )
    return View(beside, fates={})
