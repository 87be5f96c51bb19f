"""Which stage of a composite type what uses it is of: how many of its attributes it knows.

See ``growing.py``. A type that a plan makes, or gives attributes, gets them in stages: what was made between
two of them is made there again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Action, Fact, Verb
from snapstore_postgres.expressions.growing import Row, rows_in
from snapstore_postgres.expressions.immutable import RETYPES, made
from snapstore_postgres.expressions.rows_of_functions import read_by
from snapstore_postgres.features import strings

_PLAIN = ("CREATE ", "ALTER ", "COMMENT ", "GRANT ", "REVOKE ")


@dataclass(frozen=True)
class Stage:
    """A composite type while it has so many of its attributes."""

    kind: str
    count: int

    def older(self) -> str:
        """What is provided by what is made meanwhile."""
        return f"older:{self.kind}:{self.count}"

    def grown(self) -> str:
        """What is provided by its having come so far."""
        return f"grown:{self.kind}:{self.count}"


def whole(kind: str, target: Facts) -> Stage:
    """The last stage of a type."""
    return Stage(kind, len(attributes_of(kind, target)))


def growing(actions: Sequence[Action], request: PlanRequest) -> dict[str, Action]:
    """The actions that make a composite type or give it attributes, by the type."""
    return {action.subject: action for action in actions if _grows(action, request)}


def _grows(action: Action, request: PlanRequest) -> bool:
    """Whether it makes a composite type or gives it attributes."""
    if not action.subject.startswith("composite:") or action.subject not in request.target:
        return False
    return any(t.startswith("CREATE TYPE ") or " ADD ATTRIBUTE " in t for t in action.statements)


def older_in(action: Action, request: PlanRequest, types: Mapping[str, Action]) -> Stage | None:
    """The stage of a type, where all that an action makes of it or reads by it is of that, and it does no
    more than make this."""
    if action.verb is Verb.DROP or not action.transactional or not is_plain(action):
        return None
    found = {stage for fact in made(action, request) for stage in _stages(fact, request.target)}
    ours = [stage for stage in found if stage.kind in types]
    if len(ours) != 1:
        return None
    full = len(attributes_of(ours[0].kind, request.target))
    return ours[0] if _kept(types[ours[0].kind], request) <= ours[0].count < full else None


def _stages(fact: Fact, target: Facts) -> Iterator[Stage]:
    """The composite types of the row constructors of a fact, and of the rows that it reads, each with the
    attributes that it has there."""
    types = [need for need in fact.needs if need.startswith("composite:") and need in target]
    for row in (row for text in strings(fact.attrs) for row in rows_in(text)):
        yield from (Stage(kind, row.age()) for kind in types if is_of(row, kind, target))
    lists = (reading for reading in read_by(fact, target) if reading.rows_of.startswith("composite:"))
    yield from (Stage(reading.rows_of, reading.listed) for reading in lists)


def is_of(row: Row, kind: str, target: Facts) -> bool:
    """Whether a row constructor may be of that type, which is not said where it is what a column has."""
    full = len(attributes_of(kind, target)) == len(row.items)
    return full and row.cast in ("", kind.removeprefix("composite:"))


def _kept(action: Action, request: PlanRequest) -> int:
    """How many attributes the type has in any case."""
    if action.verb is Verb.CREATE:
        return 0
    now = {attribute["name"] for attribute in attributes_of(action.subject, request.target)}
    return sum(attribute["name"] in now for attribute in attributes_of(action.subject, request.live))


def attributes_of(kind: str, side: Facts) -> list[dict[str, str]]:
    """The attributes of a composite type, given by identity, in their order."""
    found: list[dict[str, str]] = side[kind].attrs["attributes"]
    return found


def is_plain(action: Action) -> bool:
    """Whether it does no more than define something."""
    plain = all(text.startswith(_PLAIN) for text in action.statements)
    return plain and not any(map(RETYPES.match, action.statements))
