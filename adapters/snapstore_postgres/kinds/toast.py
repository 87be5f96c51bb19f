"""Options of TOAST tables, which a table only has once one of its columns may need it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, Json, Verb
from snapstore_postgres.relations import option_statements


def with_toast_options(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, and those that give TOAST tables of tables that stay their options, when all columns are
    there: PostgreSQL says nothing where there is no such table yet. Where one is rewritten while no column
    needs it, it goes with its options."""
    anew = {a.subject for a in actions if a.verb is Verb.DROP}
    differ = {
        change.id: change.before.attrs.get("toast_options")
        for change in request.changes.facts
        if change.before and change.after and change.after.kind == "table"
        if change.before.attrs.get("toast_options") != change.after.attrs.get("toast_options")
    }
    told = {**dict.fromkeys(_may_lose_it(request)), **differ}
    return [*actions, *(_set(request, was, request.target[i]) for i, was in told.items() if i not in anew)]


def _may_lose_it(request: PlanRequest) -> Iterator[str]:
    """The tables with such options that lose a column or type and get one."""
    for table in request.target.kinds.get("table", ()):
        if "toast_options" in table.attrs and table.id in request.live:
            was, now = (_types(side.parts.get(table.id, ())) for side in (request.live, request.target))
            if was - now and now - was:
                yield table.id


def _types(parts: Sequence[Fact]) -> set[tuple[str, str]]:
    return {(part.id, part.attrs["type"]) for part in parts if part.kind == "column"}


def _set(request: PlanRequest, was: Json, after: Fact) -> Action:
    now = after.attrs.get("toast_options")
    columns = [part.id for part in request.target.parts.get(after.id, ()) if part.kind == "column"]
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
