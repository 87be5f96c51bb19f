"""Options of TOAST tables, which a table only has once one of its columns may need it."""

from __future__ import annotations

from collections.abc import Sequence

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, Verb
from snapstore_postgres.relations import option_statements


def with_toast_options(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, and those that give TOAST tables of tables that stay their options, when all columns are
    there: PostgreSQL says nothing where there is no such table yet."""
    anew = {a.subject for a in actions if a.verb is Verb.DROP}
    return [
        *actions,
        *(
            _set(request, change.before, change.after)
            for change in request.changes.facts
            if change.before and change.after and change.after.kind == "table" and change.id not in anew
            if change.before.attrs.get("toast_options") != change.after.attrs.get("toast_options")
        ),
    ]


def _set(request: PlanRequest, before: Fact, after: Fact) -> Action:
    was, now = (fact.attrs.get("toast_options") for fact in (before, after))
    columns = [f.id for f in request.target.values() if f.kind == "column" and f.parent == after.id]
    alter = f"ALTER TABLE {after.name}"
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=f"toast:{after.name}",
        summary=f"alter options of the TOAST table of {after.name}",
        statements=tuple(option_statements(alter, was, now, "toast.")),
        undo=tuple(option_statements(alter, now, was, "toast.")),
        needs=tuple(sorted([after.id, *columns])),
        lock="SHARE UPDATE EXCLUSIVE",
        transactional=True,
        rank=53,
    )
