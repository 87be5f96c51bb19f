"""Queries that sort by an operator of the user's which no operator family has any more.

``ORDER BY a USING OPERATOR(s.<)`` is read only while a btree family has that operator, and stays where the
family goes: not even ``pg_dump`` brings such a query back. So a family has it for the moment, with the
operator that tells equal values: the query stands on it, and does not show it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Action, Fact, Verb
from snapstore_postgres.expressions.immutable import made
from snapstore_postgres.features import strings
from snapstore_postgres.names import qualifier

_SORTS = re.compile(r" USING OPERATOR\((\S+)\)")
_ORDERING = (1, 5)
"""The strategies of "less than" and "greater than" in a btree family."""


def for_a_moment(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, those with such queries while a family has each operator that they sort by."""
    known = _in_families(request.target)
    return [_with_families(action, request, known) for action in actions]


def _in_families(target: Facts) -> set[str]:
    """The operators that can be sorted by."""
    containers = (*target.kinds.get("operator_class", ()), *target.kinds.get("operator_family", ()))
    members = (
        m for f in containers if f.name.endswith(" USING btree") for m in f.attrs.get("operators") or ()
    )
    return {member["operator"] for member in members if member["strategy"] in _ORDERING}


def _with_families(action: Action, request: PlanRequest, known: set[str]) -> Action:
    if action.verb is Verb.DROP or not any(map(_SORTS.search, action.statements)):
        return action
    sorting = {name: by for fact in made(action, request) for name, by in _sorted_by(fact, request.target)}
    lent = [_family(name, sorting[name], i) for i, name in enumerate(sorted(sorting.keys() - known))]
    first = (text for make, _ in lent for text in make)
    then = (drop for _, drop in lent)
    return structs.replace(action, statements=(*first, *action.statements, *then)) if lent else action


def _sorted_by(fact: Fact, target: Facts) -> Iterator[tuple[str, str]]:
    """The operators that a query says it sorts by, each with the name of that which tells equal values."""
    named = {name for text in strings(fact.attrs) for name in _SORTS.findall(text)}
    operators = [target[n] for n in fact.needs if n.startswith("operator:") and n in target] if named else []
    sorts = [operator for operator in operators if _bare(operator) in named]
    for sort in sorts:
        alike = (o for o in operators if o not in sorts and _sides(o) == _sides(sort))
        yield sort.name, next(map(_bare, alike), "pg_catalog.=")


def _bare(operator: Fact) -> str:
    return operator.name[: operator.name.rindex("(")]


def _sides(operator: Fact) -> str:
    return operator.name[operator.name.rindex("(") :]


def _family(operator: str, equal: str, index: int) -> tuple[list[str], str]:
    """The statements that make a family with that operator, and the one that drops it."""
    name, sides = operator[: operator.rindex("(")], operator[operator.rindex("(") :]
    family = f'{qualifier(name)}."snap sorting {index}" USING btree'
    members = f"OPERATOR 1 {name} {sides}, OPERATOR 3 {equal} {sides}"
    return [
        f"CREATE OPERATOR FAMILY {family}",
        f"ALTER OPERATOR FAMILY {family} ADD {members}",
    ], f"DROP OPERATOR FAMILY {family}"
