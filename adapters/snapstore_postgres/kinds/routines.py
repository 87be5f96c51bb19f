"""Rules for functions and procedures."""

from __future__ import annotations

import re

from snapstore.model import Fact
from snapstore.rules import Alteration, Draft, Halves, Rule, View
from snapstore_postgres.expressions import reparsable_routine
from snapstore_postgres.expressions.tokens import words
from snapstore_postgres.relations import owner_statement
from snapstore_postgres.words import designation, named_in, plain

_SQL_BODY = re.compile(r"\n(BEGIN ATOMIC\n|RETURN )")
"""What begins a body that the server has parsed."""


def _create_routine(fact: Fact, view: View) -> Draft:
    keyword = fact.kind.upper()
    text = reparsable_routine(fact.attrs["definition"].rstrip())
    body = _parsed_body(text)
    calls_itself = body is not None and f"{plain(fact.name)}(" in text[body:]
    return Draft(
        statements=[
            *([_without_body(text)] if calls_itself else []),
            text,
            *owner_statement(keyword, fact.name, fact),
        ],
        undo=[f"DROP {keyword} {fact.name}"],
    )


def _drop_routine(fact: Fact, view: View) -> Draft:
    return Draft(statements=[f"DROP {designation(fact)}"], undo=[fact.attrs.get("definition", "")])


def _alter_routine(before: Fact, after: Fact, view: View) -> Alteration | None:
    """CREATE OR REPLACE may change neither the result nor the names and defaults of the arguments."""
    old, new = before.attrs, after.attrs
    if any(old.get(key) != new.get(key) for key in ("arguments", "result", "window")):
        return None
    statements = []
    replaced = old["definition"] != new["definition"]
    if replaced:
        statements.append(reparsable_routine(new["definition"].rstrip()))
    if old.get("owner") != new.get("owner"):
        statements += owner_statement(after.kind.upper(), after.name, after)
    return Alteration(
        statements=statements,
        undo=[old["definition"].rstrip()],
        # Replacing it makes it forget that it goes with an extension.
        displaces=lambda dependent: replaced and dependent.kind == "depends_on_extension",
    )


def _routine_halves(fact: Fact, view: View) -> Halves | None:
    """A body that the server has parsed stands on what it names; one that is a string does not."""
    text = reparsable_routine(fact.attrs["definition"].rstrip())
    if _parsed_body(text) is None:
        return None
    bare = _without_body(text)
    return Halves(
        bare=[bare],
        completed=[text, *owner_statement(fact.kind.upper(), fact.name, fact)],
        stripped=[bare],
        needs=named_in(bare, fact),
    )


def _parsed_body(text: str) -> int | None:
    """Where it begins; a body that is a string may have lines that look like it."""
    found, string = _SQL_BODY.search(text), text.find("\nAS ")
    return found.start() if found and not 0 <= string < found.start() else None


def _without_body(text: str) -> str:
    return text[: _parsed_body(text)] + "\nAS ''"


def routine_slot(fact: Fact) -> list[str]:
    """Functions, procedures and aggregates with the same arguments share one space of names. So do those that
    are called alike, since their last arguments have defaults: PostgreSQL would not know which one is meant.
    """
    names = [fact.name]
    for _ in range(words(fact.attrs.get("arguments", "")).count("DEFAULT")):
        names.append(_without_last_argument(names[-1]))
    return [f"routine:{name}" for name in names]


def _without_last_argument(name: str) -> str:
    found = words(name)
    start = max(place for place, word in enumerate(found) if word in ("(", ","))
    return "".join(found[: start + (found[start] == "(")]) + ")"


RULES: dict[str, Rule] = {
    "function": Rule(
        _create_routine, _drop_routine, _alter_routine, rank=35, halves=_routine_halves, slots=routine_slot
    ),
    "procedure": Rule(
        _create_routine, _drop_routine, _alter_routine, rank=36, halves=_routine_halves, slots=routine_slot
    ),
}
