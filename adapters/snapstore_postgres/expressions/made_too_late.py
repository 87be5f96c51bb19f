"""What is older than parts of the types and tables that it reads, and is made when these are there.

See ``growing.py`` and ``rows_of_functions.py``: it comes before them wherever they come in the same plan.
Where they stay, nobody can make it as it was without losing what is in them. It then tells more than it did.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, Hazard, HazardName, Verb
from snapstore_postgres.expressions.growing import rows_in
from snapstore_postgres.expressions.immutable import made
from snapstore_postgres.expressions.rows_of_functions import Reading, later_columns, read_by
from snapstore_postgres.expressions.type_stages import Stage, attributes_of
from snapstore_postgres.features import strings


def told(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, with a hazard where one cannot make what it makes as it was."""
    return [_told(action, request) for action in actions]


def _told(action: Action, request: PlanRequest) -> Action:
    if action.verb is Verb.DROP:
        return action
    grown = {kind: fact for fact in made(action, request) for kind in _grown(fact, action, request)}
    hazards = [_hazard(fact, kind) for kind, fact in sorted(grown.items())]
    return structs.replace(action, hazards=(*action.hazards, *hazards)) if hazards else action


def _hazard(fact: Fact, kind: str) -> Hazard:
    grown = kind.replace(":", " ", 1)
    text = f"{fact.kind} {fact.name} is older than parts of {grown}, and will tell these, too"
    return Hazard(HazardName.UNVERIFIABLE, text)


def _grown(fact: Fact, action: Action, request: PlanRequest) -> Iterator[str]:
    """The types and tables that have parts by then which what the action writes was made without."""
    stages = (*_stages_of_rows(fact, action, request), *_stages_of_lists(fact, action, request))
    yield from (stage.kind for stage in stages if stage.older() not in action.produces)
    readings = (reading for reading in read_by(fact, request.target) if _writes(action, reading))
    for reading in readings:
        if any(fact.id not in request.target[column].needs for column in later_columns(reading, request)):
            yield reading.rows_of


def _stages_of_rows(fact: Fact, action: Action, request: PlanRequest) -> Iterator[Stage]:
    """Those of row constructors, as far as their type is said, that are not the last one of it."""
    rows = [row for text in strings(fact.attrs) for row in rows_in(text)]
    if rows and any("ROW(" in text for text in action.statements):  # one may make thousands of columns
        for row in rows:
            kind = f"composite:{row.cast}"
            if kind in fact.needs and row.age() < len(attributes_of(kind, request.target)):
                yield Stage(kind, row.age())


def _stages_of_lists(fact: Fact, action: Action, request: PlanRequest) -> Iterator[Stage]:
    """Those of lists of columns."""
    for reading in read_by(fact, request.target):
        stage = Stage(reading.rows_of, reading.listed)
        of_type = stage.kind.startswith("composite:") and _writes(action, reading)
        if of_type and stage.count < len(attributes_of(stage.kind, request.target)):
            yield stage


def _writes(action: Action, reading: Reading) -> bool:
    return any(f"{reading.function}(" in text for text in action.statements)
