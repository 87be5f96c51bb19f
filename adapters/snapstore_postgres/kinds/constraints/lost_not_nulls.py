"""Partitions of a target that have lost the NOT NULL of a computed column (since 18).

``SET EXPRESSION`` of a partition takes the constraint that it has by the table above; its column stays NOT
NULL, and ``pg_dump`` does not tell of it. Nothing else leads there. So a plan leads to the like of it with
all its constraints, in which everything can still be changed, and takes them at the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Action, Fact, FactChange, Verb
from snapstore_postgres.kinds.columns.generated import computed
from snapstore_postgres.names import block, last, literal, unquote
from snapstore_postgres.relations import STRONGEST, table_of
from snapstore_postgres.relations.inheritance import ancestors
from snapstore_postgres.relations.notnull import is_lost
from snapstore_postgres.renaming.renamed_request import changes_after


def as_if_kept(request: PlanRequest) -> PlanRequest:
    """The request, whose target has the NOT NULL that partitions of it have lost, unless they stay without:
    ``lost_again`` takes it from them at the end."""
    changes = request.changes.facts
    lost = [c for c in changes if _is_without(c.after) and not _is_without(c.before)]
    if not lost:
        return request
    kept = [FactChange(c.id, c.after, _as_before(c.before, c.after)) for c in lost if c.after]
    after = structs.replace(request, target=request.target.changed(kept))
    found = changes_after(after, request.live, kept)
    return structs.replace(after, changes=structs.replace(request.changes, facts=found))


def _is_without(column: Fact | None) -> bool:
    return column is not None and column.kind == "column" and is_lost(column.attrs.get("not_null"))


def _as_before(before: Fact | None, after: Fact) -> Fact:
    held = before.attrs.get("not_null") if before else None
    return structs.replace(after, attrs={**after.attrs, "not_null": held or True})


def lost_again(asked: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, and behind those on partitions that are without their NOT NULL in the target as it was
    ``asked`` for, one that takes it: where they have it by then."""
    subjects = {action.subject for action in actions}
    partitions = asked.target.kinds.get("partition", ())
    parts = chain.from_iterable(asked.target.parts.get(fact.parent or "", ()) for fact in partitions)
    lost = (part for part in parts if _is_without(part))
    touched = (c for c in lost if not subjects.isdisjoint(_concerning(c, asked.target)))
    return [*actions, *(_loss(column, asked) for column in touched)]


def _concerning(column: Fact, target: Facts) -> Iterator[str]:
    table = table_of(column)
    for name in (table, *ancestors(table, target)):
        yield from (f"table:{name}", f"partition:{name}", f"column:{name}.{last(column.name)}")


def _loss(column: Fact, request: PlanRequest) -> Action:
    found = (
        "SELECT FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_attribute a"
        " ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]"
        f" WHERE k.contype = 'n' AND k.conrelid = {literal(table_of(column))}::pg_catalog.regclass"
        f" AND a.attname = {literal(unquote(last(column.name)))}"
    )
    around = (f"{kind}:{table_of(column)}" for kind in ("table", "partition"))
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=f"not_null:{column.name}",
        summary=f"compute column {column.name} anew, which loses its NOT NULL as it had been lost",
        statements=(block(f"BEGIN IF EXISTS ({found}) THEN {computed(column)}; END IF; END"),),
        needs=(column.id, *around, *_concerning(column, request.target)),
        lock=STRONGEST,
        transactional=True,
        rank=1000,
    )
