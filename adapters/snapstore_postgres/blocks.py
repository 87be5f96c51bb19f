"""Where PL/pgSQL comes from, in which blocks (:func:`snapstore_postgres.names.block`) are written.

It is an extension like others, and can be missing: then it is there only as long as it is needed.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Verb

DOES_NOT_FIT = "SN001"
"""The SQLSTATE of a block that stops for rows which do not fit what a restore makes of their table."""
REFUSED = "data_exception OR integrity_constraint_violation"
"""What PostgreSQL says of a row that a table, or what becomes of its values, does not allow."""

_EXTENSION, _LANGUAGE, _BORROWED = "extension:plpgsql", "language:plpgsql", "extension:plpgsql:"
_FIRST, _LAST = -20_000, 20_000


def with_language(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, those with blocks while the language is there."""
    if not any(map(_has_block, actions)):
        return list(actions)
    known = [i for i in (_EXTENSION, _LANGUAGE) if i in request.live or i in request.target]
    if not known and request.live_hints.get("plpgsql", True):
        return list(actions)  # a profile leaves it out
    needs = known or [_EXTENSION, _BORROWED]
    found = [structs.replace(a, needs=(*a.needs, *needs)) if _has_block(a) else a for a in actions]
    return found if known else [*_borrowed(request.resource, all(a.transactional for a in actions)), *found]


def _has_block(action: Action) -> bool:
    return any(text.startswith("DO ") for text in action.statements)


def _borrowed(resource: str, in_transaction: bool) -> list[Action]:
    made = Action(
        resource=resource,
        verb=Verb.CREATE,
        subject=_EXTENSION,
        summary="create extension plpgsql, for as long as this takes",
        statements=("CREATE EXTENSION plpgsql",),
        undo=("DROP EXTENSION plpgsql",),
        produces=(_EXTENSION,),
        transactional=in_transaction,
        rank=_FIRST,
    )
    gone = Action(
        resource=resource,
        verb=Verb.DROP,
        subject=_EXTENSION,
        summary="drop extension plpgsql again",
        statements=("DROP EXTENSION plpgsql",),
        needs=(_EXTENSION,),
        destroys=(_BORROWED,),
        transactional=in_transaction,
        rank=_LAST,
    )
    return [made, gone]
