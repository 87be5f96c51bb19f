"""What of other actions waits for the changes of rows, or comes before them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Verb
from snapstore_postgres.names import last
from snapstore_postgres.rows.chosen_rows.block import RANK, token_of

_BINDING = ("constraint", "index", "trigger", "rule", "policy")
_INLINE = re.compile(r"(ALTER TABLE .* ADD COLUMN .*?)(?: CONSTRAINT (\S+))? NOT NULL( NO INHERIT)?")


def tied(actions: Sequence[Action], touched: Collection[str], request: PlanRequest) -> list[Action]:
    """The actions, those that bind or read rows of the touched tables placed around the changes of rows."""
    found: list[Action] = []
    for action in actions:
        tables = _bound(action, touched, request)
        tokens = tuple(token_of(table) for table in sorted(tables))
        if tokens and action.verb is Verb.DROP:
            action = structs.replace(action, destroys=(*action.destroys, *tokens))
        elif tokens:
            action = structs.replace(action, needs=(*action.needs, *tokens))
        found += _without_not_null(action, touched, request)
    return found


def _bound(action: Action, touched: Collection[str], request: PlanRequest) -> set[str]:
    """The touched tables whose rows the subject of an action constrains, reacts to or reads."""
    kind = action.subject.partition(":")[0]
    side = request.live if action.verb is Verb.DROP else request.target
    fact = side.get(action.subject)
    if fact is None or (kind in ("trigger", "rule", "policy") and action.verb is Verb.ALTER):
        return set()
    if kind == "matview":
        return set(touched) if action.verb is not Verb.DROP else set()
    if kind not in _BINDING:
        return set()
    around = {fact.parent, *(side[need].parent or need for need in fact.needs if need in side)}
    return {table for table in touched if f"table:{table}" in around}


def _without_not_null(action: Action, touched: Collection[str], request: PlanRequest) -> Iterator[Action]:
    """The action; where it makes a column of a touched table NOT NULL, that is an action of its own behind
    the rows, which bring the values."""
    fact = request.target.get(action.subject)
    table = (fact.parent or "").partition(":")[2] if fact else ""
    if fact is None or fact.kind != "column" or table not in touched or action.verb is Verb.DROP:
        yield action
        return
    first, later = _not_null_apart(action.statements, table, last(fact.name))
    yield structs.replace(action, statements=tuple(first)) if later else action
    if later:
        yield Action(
            resource=action.resource,
            verb=Verb.ALTER,
            subject=fact.id,
            summary=f"make column {fact.name} NOT NULL",
            statements=tuple(later),
            needs=(fact.id, token_of(table)),
            lock="ACCESS EXCLUSIVE",
            transactional=True,
            rank=RANK,
        )


def _not_null_apart(statements: Sequence[str], table: str, column: str) -> tuple[list[str], list[str]]:
    """The statements without what makes a column NOT NULL, and those that do so later."""
    first: list[str] = []
    later: list[str] = []
    for statement in statements:
        identity = " GENERATED " in statement  # gives the rows their numbers at once, and is NOT NULL for it
        inline = None if identity else _INLINE.fullmatch(statement)
        if inline and inline[2]:
            first.append(inline[1])
            later.append(f"ALTER TABLE {table} ADD CONSTRAINT {inline[2]} NOT NULL {column}{inline[3] or ''}")
        elif inline:
            first.append(inline[1])
            later.append(f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL")
        elif statement.endswith(" SET NOT NULL"):
            later.append(statement)
        else:
            first.append(statement)
    return first, later
