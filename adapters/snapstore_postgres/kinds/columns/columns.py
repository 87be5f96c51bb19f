"""Rules for columns: how one comes and goes, and by which statements others of its name do so too."""

from __future__ import annotations

from snapstore.model import Fact
from snapstore.rules import NOTHING, Draft, Rule, View
from snapstore_postgres.kinds.columns import column_changes
from snapstore_postgres.kinds.columns.identities import identity_slot
from snapstore_postgres.kinds.columns.new_column import created, first_to_go
from snapstore_postgres.names import last
from snapstore_postgres.relations import STRONGEST, children, table_of
from snapstore_postgres.relations.inheritance import (
    along,
    dropped,
    goes_along,
    is_dropped_alone,
    made_with_table,
    vanishing_above,
)
from snapstore_postgres.relations.left_not_nulls import left_to_children
from snapstore_postgres.relations.sizes import data_loss, size
from snapstore_postgres.rows.positions.noted_positions import noting_those_of
from snapstore_postgres.rows.values.away import column_draft
from snapstore_postgres.rows.values.of_columns import keeps_values


def _drop_column(fact: Fact, view: View) -> Draft:
    """Its values go to the archive where they are to be kept; where it goes along, it says nothing."""
    table = table_of(fact)
    if goes_along(fact, view):
        return NOTHING
    above = vanishing_above(fact, view)
    reached = along(fact, view, live=True)
    # Without the parent's column, a child that keeps its own has it as a local one from then on.
    only = "ONLY " if is_dropped_alone(fact, view) else ""
    left = left_to_children(fact, view) if only or _has_namesakes_below(fact, view) else []
    reached = [] if only else reached
    rows, bytes_ = size(view, f"table:{table}")
    kept = "generated" in fact.attrs
    draft = Draft(
        statements=[*left, f"ALTER TABLE {only}{table} DROP COLUMN {last(fact.name)}"],
        undo=["put back by restoring the safety snapshot"],
        absorbs=reached,
        needs=[dropped(part) for part in above],
        provides=[dropped(part) for part in (fact, *reached)],
        hazards=() if kept else data_loss(view, f"table:{table}", f"column {fact.name}"),
        lock=STRONGEST,
        rows=rows,
        bytes=bytes_,
    )
    if keeps_values(fact, view):
        draft = column_draft(fact, view, draft)
    return noting_those_of(fact, draft, view)


def _has_namesakes_below(fact: Fact, view: View) -> bool:
    """Whether a table below has such a column of its own, too, and keeps it."""
    below = (
        f"column:{child}.{last(fact.name)}" for child in children(fact.parent or "", view.live_dependents)
    )
    return any(view.stays(identity) for identity in below)


def _with_column(fact: Fact, view: View) -> list[str]:
    """What is made anew with a column: also those that come and go by the statement for it, though they may
    stand on other things."""
    before = view.live.get(fact.id)
    again = [d.id for d in along(before, view, live=True)] if before and view.vanishes(fact.id) else []
    return [*made_with_table(fact, view), *first_to_go(fact, view), *again]


_READING = ("view:", "matview:", "rule:", "policy:", "function:", "procedure:")


def _behind_table(fact: Fact, view: View) -> tuple[str, ...]:
    """What it is computed with, or what has to be older, may stand on the table."""
    behind = "generated" in fact.attrs or any(need.startswith(_READING) for need in fact.needs)
    return (fact.id,) if behind else ()


RULES: dict[str, Rule] = {
    "column": Rule(
        created,
        _drop_column,
        column_changes.altered,
        rank=31,
        separable=_behind_table,
        along=_with_column,
        slots=identity_slot,
    ),
}
