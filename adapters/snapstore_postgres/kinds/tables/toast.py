"""Options of TOAST tables, which a table only has once one of its columns may need it.

It keeps it when that column goes. PostgreSQL takes the options in silence where there is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, Json, Verb
from snapstore_postgres.names import block, literal
from snapstore_postgres.relations import STRONGEST
from snapstore_postgres.relations.storage import option_statements


def with_toast_options(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, and those that give TOAST tables of tables that stay their options, when all columns are
    there. Where one is rewritten while no column needs it, it goes with its options. A new table gets those
    of one that none of its columns needs in the same way."""
    anew = {a.subject for a in actions if a.verb is Verb.DROP}
    made = {a.subject for a in actions if a.verb is Verb.CREATE}
    differ = {
        change.id: change.before.attrs.get("toast_options")
        for change in request.changes.facts
        if change.before and change.after and change.after.kind == "table"
        if change.before.attrs.get("toast_options") != change.after.attrs.get("toast_options")
    }
    told = {**dict.fromkeys(_may_lose_it(request)), **differ}
    told = {identity: was for identity, was in told.items() if identity not in anew}
    told |= dict.fromkeys(i for i in _with_options(request) if i in made and _may_have_none(i, request))
    return [*actions, *(_set(request, was, request.target[i]) for i, was in told.items())]


def _with_options(request: PlanRequest) -> Iterator[str]:
    tables = request.target.kinds.get("table", ())
    return (table.id for table in tables if "toast_options" in table.attrs)


def _may_lose_it(request: PlanRequest) -> Iterator[str]:
    """The tables with such options that lose a column or type and get one."""
    for table in _with_options(request):
        if table in request.live:
            was, now = (_types(side.parts.get(table, ())) for side in (request.live, request.target))
            if was - now and now - was:
                yield table


_UNBOUND = {"text", "character varying", "bytea", "numeric", "json", "jsonb", "xml"}


def _may_have_none(table: str, request: PlanRequest) -> bool:
    """Whether no column is sure to need a TOAST table, and one can be added that does."""
    fact = request.target[table]
    if "of" in fact.attrs or f"partition:{fact.name}" in request.target:
        return False
    types = {kind for _, kind in _types(request.target.parts.get(table, ()))}
    return not any(kind in _UNBOUND or kind.endswith("[]") for kind in types)


def _types(parts: Sequence[Fact]) -> set[tuple[str, str]]:
    return {(part.id, part.attrs["type"]) for part in parts if part.kind == "column"}


def _set(request: PlanRequest, was: Json, after: Fact) -> Action:
    now = after.attrs.get("toast_options")
    columns = [part.id for part in request.target.parts.get(after.id, ()) if part.kind == "column"]
    alter = f"ALTER TABLE {after.name}"
    statements, lock = list(option_statements(alter, was, now, "toast.")), "SHARE UPDATE EXCLUSIVE"
    if now and _may_have_none(after.id, request):
        statements, lock = [_with_column(after.name, statements)], STRONGEST
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=f"toast:{after.name}",
        summary=f"alter options of the TOAST table of {after.name}",
        statements=tuple(statements),
        undo=tuple(option_statements(alter, now, was, "toast.")),
        needs=tuple(sorted([after.id, *columns])),
        lock=lock,
        transactional=True,
        rank=53,
    )


def _with_column(table: str, statements: Sequence[str]) -> str:
    """The statements; where there is no TOAST table, while the table has a column that needs one."""
    oid = f"{literal(table)}::pg_catalog.regclass"
    column = "COLUMN snapstore_toast"
    return block(
        f"""DECLARE none boolean := (SELECT reltoastrelid = 0 FROM pg_catalog.pg_class WHERE oid = {oid});
BEGIN
  IF none THEN ALTER TABLE {table} ADD {column} text; END IF;
  {"; ".join(statements)};
  IF none THEN ALTER TABLE {table} DROP {column}; END IF;
END"""
    )
