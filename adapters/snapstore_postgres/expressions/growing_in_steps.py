"""What makes a composite type, or gives it attributes, in steps: what is of a stage comes between two."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Verb
from snapstore_postgres.expressions.growing import without_bare_nulls
from snapstore_postgres.expressions.type_stages import Stage, attributes_of, is_of
from snapstore_postgres.kinds.types.composites import attribute_text
from snapstore_postgres.relations import STRONGEST


def at_stage(action: Action, stage: Stage, request: PlanRequest) -> Action:
    """What makes a row constructor, as it was made at that stage."""
    statements = (
        without_bare_nulls(text, lambda row: is_of(row, stage.kind, request.target))
        for text in action.statements
    )
    produces, needs = (*action.produces, stage.older()), (*action.needs, stage.grown())
    return structs.replace(action, statements=tuple(statements), produces=produces, needs=needs)


def in_steps(action: Action, request: PlanRequest, counts: Sequence[int]) -> list[Action]:
    """What makes or alters a type, up to the first of these numbers of attributes, and on from each."""
    attributes = attributes_of(action.subject, request.target)
    texts = tuple(filter(None, (_up_to(text, attributes, counts[0]) for text in action.statements)))
    produces = (*action.produces, Stage(action.subject, counts[0]).grown())
    first = structs.replace(action, statements=texts, produces=produces)
    steps = [_step(action, attributes, *pair) for pair in pairwise([*counts, len(attributes)])]
    return [first, *steps] if texts else steps


def _up_to(statement: str, attributes: Sequence[dict[str, str]], count: int) -> str:
    """The statement without the attributes behind the first ones; nothing where it is about no others."""
    rest = [attribute_text(attribute) for attribute in attributes[count:]]
    body = ", ".join(rest) + ")"
    if statement.startswith("CREATE TYPE ") and statement.endswith(body):
        return statement.removesuffix(body).removesuffix(", ") + ")"
    for text in (f"ADD ATTRIBUTE {text} CASCADE" for text in reversed(rest)):
        statement = statement.removesuffix(text).removesuffix(", ")
    return "" if statement.endswith(" ") else statement


def _step(action: Action, attributes: Sequence[dict[str, str]], have: int, get: int) -> Action:
    kind, name = action.subject, action.subject.partition(":")[2]
    added = ", ".join(f"ADD ATTRIBUTE {attribute_text(a)} CASCADE" for a in attributes[have:get])
    then = Stage(kind, have)
    return Action(
        resource=action.resource,
        verb=Verb.ALTER,
        subject=kind,
        summary=f"alter composite {name} (attributes, behind what is older)",
        statements=(f"ALTER TYPE {name} {added}",),
        produces=(Stage(kind, get).grown(),),
        needs=(*action.needs, kind, then.grown(), then.older()),
        lock=STRONGEST,
        transactional=True,
        rank=action.rank,
    )
