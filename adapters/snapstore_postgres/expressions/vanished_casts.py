"""Expressions that were read by a cast which is no more.

A cast may go while an expression stays that was read by it: that keeps the function which it calls, or
nothing, and is printed as a cast all the same. To be made again it needs that cast for the moment. Which one
it lacks the server says when it refuses the expression.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Action, Fact, Verb
from snapstore_postgres.expressions.immutable import made
from snapstore_postgres.expressions.reaching import types_below
from snapstore_postgres.names import block, literal
from snapstore_postgres.rows.types.casts import STRINGS
from snapstore_postgres.words import plain

_CAST = re.compile(r'\)::((?:[^\s"(),;\[\]]|"[^"]*")+)')
"""The type, or the first word of it, that an expression is cast to; constants have no parentheses."""
_LACKING = r"^cannot cast type (.*?)(?:\[\])* to (.*?)(?:\[\])*$"
_MOST_ARGUMENTS = 3
"""A value, the modifier of its type, and whether the cast is explicit (the manual, CREATE CAST)."""


def for_a_moment(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions; those whose expressions may lack a cast try without, and else with it. A cast that has
    taken its place since, and may call another function, has to go before."""
    return [_with_casts(action, request) for action in actions]


def _with_casts(action: Action, request: PlanRequest) -> Action:
    if action.verb is Verb.DROP or not action.transactional:
        return action
    if not any(")::" in text for text in action.statements):
        return action
    facts = list(made(action, request))
    functions = dict(cast for fact in facts for cast in _by_functions(fact, request.target))
    if not functions and not _may_lack_one(facts, request.target):
        return action
    others = sorted(f"cast:{cast}" for cast in functions if f"cast:{cast}" in request.live)
    produces = (*action.produces, *others)
    return structs.replace(action, statements=(_tried(action.statements, functions),), produces=produces)


def _by_functions(fact: Fact, target: Facts) -> Iterator[tuple[str, str]]:
    """The casts that are no more of which the fact calls the functions, without a word, and how they are."""
    text = str(fact.attrs)
    for need in fact.needs:
        function = target.get(need)
        if function is None or function.kind != "function" or f"{plain(function.name)}(" in text:
            continue
        of, *more = function.name.rpartition("(")[2].removesuffix(")").split(",")
        result = function.attrs.get("result")
        cast = f"({of} AS {result})"
        if of and len(more) < _MOST_ARGUMENTS and f")::{result}" in text and f"cast:{cast}" not in target:
            yield cast, f"WITH FUNCTION {function.name}"


def _may_lack_one(facts: Sequence[Fact], target: Facts) -> bool:
    """Whether one may have been read by a cast that is no more and has no function, which leaves no trace.
    People make such casts between base types of their own and others."""
    if "base_type" not in target.kinds:
        return False
    own = types_below(facts, target, ("base_type",))
    to = {found[1] for fact in facts for found in _CAST.finditer(str(fact.attrs))} - {*STRINGS}
    known = [cast.name for cast in target.kinds.get("cast", ())]
    return any(
        one != two and not any(name.startswith(f"({one} AS {two}") for name in known)
        for kind in own
        for other in to
        for one, two in ((kind, other), (other, kind))
        if two in to
    )


def _tried(statements: Sequence[str], functions: Mapping[str, str]) -> str:
    """The statements in one, with each cast that they lack: by the function that it had, if it had one."""
    run = " ".join(f"EXECUTE {literal(text)};" for text in statements)
    how = "".join(f" WHEN {literal(cast)} THEN {literal(by)}" for cast, by in sorted(functions.items()))
    how = f"CASE lacking{how} ELSE 'WITHOUT FUNCTION' END" if how else "'WITHOUT FUNCTION'"
    create = "EXECUTE pg_catalog.concat('CREATE CAST ', lacking, ' ', {});"
    return block(
        f"""DECLARE said text; types text[]; lacking text; lent text[] := '{{}}';
BEGIN
  LOOP
    BEGIN {run} EXIT;
    EXCEPTION WHEN cannot_coerce THEN
      GET STACKED DIAGNOSTICS said = MESSAGE_TEXT;
      types := pg_catalog.regexp_match(said, {literal(_LACKING)});
      lacking := pg_catalog.format('(%s AS %s)', types[1], types[2]);
      IF types IS NULL OR lacking OPERATOR(pg_catalog.=) ANY (lent) THEN RAISE; END IF;
    END;
    lent := pg_catalog.array_append(lent, lacking);
    BEGIN {create.format(how)}
    EXCEPTION WHEN invalid_object_definition THEN {create.format("'WITH INOUT'")} END;
  END LOOP;
  FOREACH lacking IN ARRAY lent LOOP EXECUTE pg_catalog.concat('DROP CAST ', lacking); END LOOP;
END"""
    )
