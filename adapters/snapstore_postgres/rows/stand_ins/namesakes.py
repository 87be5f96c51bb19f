"""A column that comes anew where another one has its name: what that has may be what rows had in it.

A deploy that gives a column another type often makes a second one, copies the values and renames. By their
ids they are two, and with the first one its values are gone. Where each value of the second one is one of the
first one's type, they are a better guess than what would stand in otherwise, and keep together what refers to
each other. They are a guess still, and the plan says so.
"""

from __future__ import annotations

from snapstore.model import Fact, Hazard, HazardName
from snapstore.rules import View
from snapstore_postgres.blocks import REFUSED
from snapstore_postgres.kinds.columns.identities import identity_slot
from snapstore_postgres.names import block, last
from snapstore_postgres.relations import local_rows, table_of
from snapstore_postgres.relations.sizes import size
from snapstore_postgres.renaming.names_before import MADE_WAY
from snapstore_postgres.rows.stand_ins import filling
from snapstore_postgres.rows.types.casts import cast, castable


def namesake(column: Fact, view: View) -> Fact | None:
    """The live column that made way for one which has to have values, or refers to something by them, if it
    may have them."""
    made_way = (r for r in view.request.live_hints.get(MADE_WAY, ()) if r.kind == "column")
    names = {renaming.new: renaming.old for renaming in made_way}
    found = view.live.get(f"column:{names.get(column.name)}")
    if found is None or found.parent != column.parent or size(view, column.parent or "")[1] == 0:
        return None
    kinds = [one.attrs["type"] for one in (found, column)]
    # A type of one's own may have to go before the other one comes, as a sequence of the same name does.
    apart = any("." in kind for kind in kinds) or {*identity_slot(found)} & {*identity_slot(column)}
    is_wanted = "not_null" in column.attrs or filling.search(column, view) is not None
    may_be = "generated" not in column.attrs and castable(*kinds) and not apart
    return found if is_wanted and may_be and filling.is_told_apart_as(column, found, view) else None


def taken_over(column: Fact, other: Fact, view: View) -> list[str]:
    """Statements that give rows without a value what they have in the other column, where that is one in each
    of them."""
    old, new, name = other.attrs["type"], column.attrs["type"], last(column.name)
    value = cast(f"t.{last(other.name)}", old, new)
    same = f"({cast(f'({value})', new, old)})::text IS NOT DISTINCT FROM t.{last(other.name)}::text"
    allowed = " AND ".join([f"({same})", *filling.allowing(column, view)])
    lacking = f"t.{name} IS NULL AND t.{last(other.name)} IS NOT NULL"
    return [
        block(
            f"""BEGIN
  IF NOT EXISTS (SELECT FROM {to} t WHERE {lacking}
       AND (SELECT {allowed} FROM (SELECT {value} AS {name}) snap) IS NOT TRUE) THEN
    UPDATE {to} t SET {name} = {value} WHERE {lacking};
  END IF;
EXCEPTION WHEN {REFUSED} THEN NULL; -- some are none of that type
END"""
        )
        for to in local_rows.updated(table_of(column), view)
    ]


def hazard(column: Fact, view: View) -> Hazard:
    rows, bytes_ = size(view, column.parent or "")
    text = (
        f"what rows had in {column.name} is known to nobody; they get what another column of its name has,"
        " if that fits in all of them, else a value that stands in"
    )
    return Hazard(HazardName.UNVERIFIABLE, text, rows=rows, bytes=bytes_)
