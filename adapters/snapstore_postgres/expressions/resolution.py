"""Text that means more than it says: expressions call what they do not show.

``a::int`` may be a cast by one function or by another, ``JOIN … USING (a)`` compares with some operator. What
such a text stands on is decided when it is read. Where that differs, it has to be read anew; and where it is
an operator that is found by its name alone, its schema has to be in the ``search_path``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, Verb
from snapstore.rules import Alteration, Rule, View
from snapstore_postgres.names import parts

PRINTED = (
    "view",
    "matview",
    "constraint",
    "index",
    "default",
    "column",
    "table",
    "range",
    "domain",
    "policy",
    "rule",
    "trigger",
    "statistics",
    "function",
    "procedure",
)
"""Kinds whose definition the server has parsed, such as the partition key of a table."""
_UNSEEN = ("function:", "operator:", "operator_class:")


def read_anew(rule: Rule) -> Rule:
    """The rule, with what is the same to read and stands on other functions replaced."""

    def alter(before: Fact, after: Fact, view: View) -> Alteration | None:
        if before.attrs == after.attrs and _calls(before) != _calls(after):
            return None
        return rule.alter(before, after, view)

    return replace(rule, alter=alter)


def _calls(fact: Fact) -> set[str]:
    return {need for need in fact.needs if need.startswith(_UNSEEN)}


# -- operators without their schema ------------------------------------------------------------------------

_COMPARES = re.compile(r"\bCASE (?! *WHEN\b)|\bNULLIF\(|\bDISTINCT FROM\b|\bUSING \(|\bNATURAL\b|\bROW\(")
"""What compares by an operator that the server does not print."""


def in_sight(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, those that bring such comparisons with the schemas of their operators in sight. Built-in
    ones are found first all the same."""
    return [_in_sight(request, action) for action in actions]


def _in_sight(request: PlanRequest, action: Action) -> Action:
    if action.verb is Verb.DROP or not any(map(_compared, action.statements)):
        return action
    facts = [request.target[i] for i in {action.subject, *action.produces} if i in request.target]
    needs = {need for fact in facts for need in fact.needs if need in request.target}
    schemas = sorted({schema for need in needs for schema in _schemas_of_operators(request.target[need])})
    if not schemas:
        return action
    path = f"SET search_path = {', '.join(schemas)}"
    statements = (
        text
        for statement in action.statements
        for text in ((path, statement, "SET search_path = ''") if _compared(statement) else (statement,))
    )
    return structs.replace(action, statements=tuple(statements))


def _compared(statement: str) -> bool:
    """Whether the server keeps what it reads there, and that compares by an operator without a name."""
    return statement.startswith(("CREATE ", "ALTER ")) and compares(statement)


def compares(text: str) -> bool:
    """Whether it compares by an operator without a name."""
    return _COMPARES.search(text) is not None


def _schemas_of_operators(fact: Fact) -> list[str]:
    if fact.kind == "extension":
        return [fact.attrs["schema"]]
    return parts(fact.name)[:1] if fact.kind == "operator" else []
