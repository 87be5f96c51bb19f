"""The actions of a plan, with those that make the rows of chosen tables what the target says, row by row.

Their changes run as one block: after the tables and columns that they need and after constraints that go,
before constraints, indexes and triggers that come. Triggers that stay are off meanwhile: what they once did
is in the rows already.
"""

from __future__ import annotations

from collections.abc import Sequence

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Verb
from snapstore_postgres.catalog.rowdata import ROW, ROWS
from snapstore_postgres.rows.archived.taking_back import comes_back
from snapstore_postgres.rows.chosen_rows.block import block_of, groups_of
from snapstore_postgres.rows.chosen_rows.order import Side
from snapstore_postgres.rows.chosen_rows.statements import Statements
from snapstore_postgres.rows.chosen_rows.steps import is_anew, steps_in_order
from snapstore_postgres.rows.chosen_rows.ties import tied


def with_rows(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, and those that change rows. ``request``: the second of ``split_rows``."""
    if not any(request.target.kinds.get(kind) for kind in (ROW, ROWS)):
        return list(actions)
    live, target = Side.of(request.live), Side.of(request.target)
    made = {a.subject for a in actions if a.verb is Verb.CREATE}
    anew = {table for table in target.tables if is_anew(table, request, live, target, made)}
    steps = steps_in_order(request, live, target, anew)
    emptied = [table for table in sorted(anew) if _may_hold_rows(table, request, actions)]
    groups = groups_of(steps, emptied, Statements(request, target))
    if not groups:
        return list(actions)
    touched = {group.table for group in groups}
    return [*tied(actions, touched, request), *block_of(groups, request, made)]


def _may_hold_rows(table: str, request: PlanRequest, actions: Sequence[Action]) -> bool:
    """Whether rows may be there before: carried into a new table, or come back from the archive."""
    return f"table:{table}" in request.live or comes_back(f"table:{table}", actions)
