"""Functions that were made STABLE or VOLATILE after something was built on their being IMMUTABLE.

PostgreSQL asks for that when an index, a computed column, a partition key or a range type is made, and takes
none that is VOLATILE in a cast or a transform. It never asks again. So they are made IMMUTABLE for that
moment, in the same step, and then what they are to be.

Those in SQL may not have been asked: where the server puts the body in the place of the call, it looks at
what is left of that. It leaves the call to an IMMUTABLE one whose body is not, so they are tried as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Action, Fact, Verb
from snapstore_postgres.names import block, literal
from snapstore_postgres.words import designation

_VOLATILITY = re.compile(r"^(?: WINDOW)? (IMMUTABLE|STABLE)\b", re.MULTILINE)
"""As pg_get_functiondef begins the line of the options; VOLATILE is not said."""
_SQL = re.compile(r"^ LANGUAGE sql$", re.MULTILINE)
RETYPES = re.compile(r"ALTER TABLE .* ALTER COLUMN .* TYPE ", re.DOTALL)
_BODY = re.compile(r"^(?:AS |BEGIN ATOMIC$|RETURN )", re.MULTILINE)


def for_a_moment(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, those that would be refused with what makes their functions IMMUTABLE, and back."""
    return [_with_immutable(action, request) for action in actions]


def _with_immutable(action: Action, request: PlanRequest) -> Action:
    if action.verb is Verb.DROP or not action.statements:
        return action
    facts = [*made(action, request)]
    functions = {f.id: f for fact in facts for f in _refused(fact, request.target)}
    changing = [(f, volatility(f)) for _, f in sorted(functions.items())]
    if not changing:
        return action
    bodies = [(f, was) for f, was in changing if action.transactional and _SQL.search(_head(f))]
    others = [pair for pair in changing if pair not in bodies]
    statements = [_tried(action.statements, bodies)] if bodies else action.statements
    return structs.replace(action, statements=tuple(_meanwhile_immutable(statements, others)))


def _meanwhile_immutable(statements: Sequence[str], functions: Sequence[tuple[Fact, str]]) -> list[str]:
    """The statements while the functions are IMMUTABLE, which then are what comes with them."""
    first = (f"ALTER {designation(f)} IMMUTABLE" for f, _ in functions)
    then = (f"ALTER {designation(f)} {was}" for f, was in functions)
    return [*first, *statements, *then]


def _tried(statements: Sequence[str], functions: Sequence[tuple[Fact, str]]) -> str:
    """The same in one, where the statements are refused as they are."""
    as_is, again = (
        " ".join(f"EXECUTE {literal(text)};" for text in texts)
        for texts in (statements, _meanwhile_immutable(statements, functions))
    )
    return block(f"BEGIN {as_is} EXCEPTION WHEN invalid_object_definition THEN {again} END")


def made(action: Action, request: PlanRequest) -> Iterator[Fact]:
    """What an action makes, with the indexes and the like that PostgreSQL builds anew for a column's type."""
    retypes = any(RETYPES.match(text) for text in action.statements)
    becomes = action.payload.get("becomes", "")  # an index that is built under a spare name first
    for name in dict.fromkeys((action.subject, *action.produces, becomes)):
        if name in request.target:
            yield request.target[name]
        if retypes and name.startswith("column:"):
            staying = request.target.dependents.get(name, ())
            yield from (fact for fact in staying if request.live.get(fact.id) == fact)


def _refused(fact: Fact, target: Facts) -> Iterator[Fact]:
    """The functions that a fact stands on and PostgreSQL would not take in it as they are."""
    allowed = ("STABLE", "IMMUTABLE") if fact.kind in ("cast", "transform") else ("IMMUTABLE",)
    functions = functions_of(fact, target) if _asks(fact) else ()
    return (function for function in functions if volatility(function) not in allowed)


def _asks(fact: Fact) -> bool:
    """Whether PostgreSQL looks at how its functions are declared."""
    if fact.kind == "constraint":
        return bool(fact.attrs.get("type") == "x")
    kinds = ("index", "range", "cast", "transform")
    return fact.kind in kinds or "generated" in fact.attrs or "partition_key" in fact.attrs


def functions_of(fact: Fact, target: Facts) -> Iterator[Fact]:
    """Those that it stands on, by itself or by operators."""
    for need in fact.needs:
        found = target.get(need)
        if found is not None and found.kind == "function":
            yield found
        elif found is not None and found.kind == "operator":
            yield from functions_of(found, target)


def volatility(function: Fact) -> str:
    found = _VOLATILITY.search(_head(function))
    return found[1] if found else "VOLATILE"


def _head(function: Fact) -> str:
    """What is before the body."""
    definition: str = function.attrs["definition"]
    body = _BODY.search(definition)
    return definition[: body.start()] if body else definition
