"""Row constructors that are older than attributes of their type, made before it gets these.

See ``growing.py``. A type that a plan makes, or gives attributes, gets them in stages: what was made between
two of them is made there again.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Action, Fact, Verb
from snapstore.ordering import CircularActions, order
from snapstore_postgres.expressions.growing import Row, rows_in, without_bare_nulls
from snapstore_postgres.expressions.immutable import RETYPES, made
from snapstore_postgres.expressions.reaching import types_below
from snapstore_postgres.features import strings
from snapstore_postgres.kinds.composites import attribute_text
from snapstore_postgres.relations import STRONGEST

_PLAIN = ("CREATE ", "ALTER ", "COMMENT ", "GRANT ", "REVOKE ")


@dataclass(frozen=True)
class _Stage:
    """A composite type while it has so many of its attributes."""

    kind: str
    count: int

    def older(self) -> str:
        """What is provided by what is made meanwhile."""
        return f"older:{self.kind}:{self.count}"

    def grown(self) -> str:
        """What is provided by its having come so far."""
        return f"grown:{self.kind}:{self.count}"


def before_they_grow(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, those that make such a row constructor before its type gets the attributes, and all else
    that may use these behind: values of the type too, which come by themselves where they came with a column.
    Not where values have to be there before it all the same."""
    growing = _growing(actions, request)
    older = {i: _older_in(action, request, growing) for i, action in enumerate(actions)} if growing else {}
    if not any(older.values()):
        return list(actions)
    found = _in_turn(request, _with_values_apart(request, actions, growing, older))
    try:
        order(found)
    except CircularActions:
        return list(actions)
    return found


def _in_turn(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    growing = _growing(actions, request)
    older = {i: _older_in(action, request, growing) for i, action in enumerate(actions)}
    using = _using(request, actions, growing, older)
    makers = _makers(actions)
    stages: dict[int, _Stage] = {}
    for index, stage in older.items():
        if stage and not _bringing_values({index}, stage.kind, actions, request, using, makers):
            stages[index] = stage
    first = {i for i, a in enumerate(actions) if i in stages or growing.get(a.subject) is a}
    above = _upstream(first, actions, makers)
    behind = {i: kinds for i, kinds in using.items() if i not in above}
    return _staged(request, actions, growing, stages, behind)


def _using(
    request: PlanRequest,
    actions: Sequence[Action],
    growing: Mapping[str, Action],
    older: Mapping[int, _Stage | None],
) -> dict[int, set[str]]:
    """The growing types that each of the other actions uses."""
    tables = {kind: _tables(kind, request.target) for kind in growing}
    return {i: _used(actions[i], request, tables) for i, stage in older.items() if not stage}


def _with_values_apart(
    request: PlanRequest,
    actions: Sequence[Action],
    growing: Mapping[str, Action],
    older: Mapping[int, _Stage | None],
) -> list[Action]:
    """The actions; what adds a column with values before an older row constructor comes does so in two."""
    using, makers = _using(request, actions, growing, older), _makers(actions)
    starts = {i: stage for i, stage in older.items() if stage}
    bringing = {
        i: actions[i]
        for start, stage in starts.items()
        for i in _bringing_values({start}, stage.kind, actions, request, using, makers)
    }
    split = {i: action for i, action in bringing.items() if _ADDS.match(action.statements[0])}
    above = {*_upstream({*starts}, actions, makers), *starts}
    filled = {action.subject: _filled(action) for action in split.values()}
    found: list[Action] = []
    for index, action in enumerate(actions):
        waits = () if index in above else (filled[need] for need in action.needs if need in filled)
        waiting = structs.replace(action, needs=(*action.needs, *waits))
        found += _apart(action) if index in split else [waiting]
    return found


_ADDS = re.compile(r"ALTER TABLE (?:ONLY )?.+? ADD COLUMN ")


def _filled(column: Action) -> str:
    """What is provided by giving a new column its values."""
    return f"filled:{column.subject}"


def _apart(action: Action) -> list[Action]:
    first, *rest = action.statements
    return [
        structs.replace(action, statements=(first,), payload={}),
        structs.replace(
            action,
            verb=Verb.ALTER,
            summary=f"{action.summary}, its values",
            statements=tuple(rest),
            needs=(*action.needs, action.subject),
            produces=(_filled(action),),
            hazards=(),
        ),
    ]


def _staged(
    request: PlanRequest,
    actions: Sequence[Action],
    growing: Mapping[str, Action],
    stages: Mapping[int, _Stage],
    behind: Mapping[int, set[str]],
) -> list[Action]:
    """The actions, with those that are at a stage of a type, and those that are behind all of its."""
    counts: dict[str, set[int]] = defaultdict(set)
    for stage in stages.values():
        counts[stage.kind].add(stage.count)
    found: list[Action] = []
    for index, action in enumerate(actions):
        if index in stages:
            found.append(_as_then(action, stages[index], request))
        elif growing.get(action.subject) is action and action.subject in counts:
            found += _in_steps(action, request, sorted(counts[action.subject]))
        else:
            full = (_whole(kind, request) for kind in sorted(behind.get(index, set()) & counts.keys()))
            needs = (*action.needs, *(stage.grown() for stage in full))
            found.append(structs.replace(action, needs=needs))
    return found


def _whole(kind: str, request: PlanRequest) -> _Stage:
    return _Stage(kind, len(_attributes(kind, request.target)))


def _makers(actions: Sequence[Action]) -> Mapping[str, set[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for index, action in enumerate(actions):
        for name in action.produces:
            found[name].add(index)
    return found


def _upstream(start: Collection[int], actions: Sequence[Action], makers: Mapping[str, set[int]]) -> set[int]:
    """The actions that come before some, as far as these need something of them."""
    waiting, seen = [*start], {*start}
    while waiting:
        needs = actions[waiting.pop()].needs
        before = set[int]().union(*(makers[need] for need in needs if need in makers)) - seen
        seen |= before
        waiting += before
    return seen - {*start}


def _bringing_values(
    start: Collection[int],
    kind: str,
    actions: Sequence[Action],
    request: PlanRequest,
    using: Mapping[int, set[str]],
    makers: Mapping[str, set[int]],
) -> list[int]:
    """What comes before some actions and brings values of the type, or makes such of others."""
    above = (i for i in sorted(_upstream(start, actions, makers)) if kind in using.get(i, ()))
    return [i for i in above if _has_values(actions[i], kind, request) or _of_type(actions[i], kind, request)]


def _has_values(action: Action, kind: str, request: PlanRequest) -> bool:
    """Whether it does more than define something, and that of the type itself."""
    return not _is_plain(action) and any(kind in fact.needs for fact in made(action, request))


def _of_type(action: Action, kind: str, request: PlanRequest) -> bool:
    """Whether it makes a table of that type, whose columns are its attributes."""
    makes = action.verb is Verb.CREATE
    return makes and any(fact.kind == "table" and kind in fact.needs for fact in made(action, request))


def _is_plain(action: Action) -> bool:
    """Whether it does no more than define something."""
    plain = all(text.startswith(_PLAIN) for text in action.statements)
    return plain and not any(map(RETYPES.match, action.statements))


def _growing(actions: Sequence[Action], request: PlanRequest) -> dict[str, Action]:
    return {action.subject: action for action in actions if _grows(action, request)}


def _grows(action: Action, request: PlanRequest) -> bool:
    """Whether it makes a composite type or gives it attributes."""
    if not action.subject.startswith("composite:") or action.subject not in request.target:
        return False
    return any(t.startswith("CREATE TYPE ") or " ADD ATTRIBUTE " in t for t in action.statements)


def _attributes(kind: str, side: Facts) -> list[dict[str, str]]:
    found: list[dict[str, str]] = side[kind].attrs["attributes"]
    return found


def _kept(action: Action, request: PlanRequest) -> int:
    """How many attributes the type has in any case."""
    if action.verb is Verb.CREATE:
        return 0
    now = {attribute["name"] for attribute in _attributes(action.subject, request.target)}
    return sum(attribute["name"] in now for attribute in _attributes(action.subject, request.live))


def _older_in(action: Action, request: PlanRequest, growing: Mapping[str, Action]) -> _Stage | None:
    """The stage of a type, where all row constructors that an action has of it are of that, and it does no
    more than make them."""
    if (
        action.verb is Verb.DROP
        or not action.transactional
        or not any("ROW(" in t for t in action.statements)
    ):
        return None
    if not _is_plain(action):
        return None
    found = {stage for fact in made(action, request) for stage in _stages(fact, request.target)}
    ours = [stage for stage in found if stage.kind in growing]
    if len(ours) != 1:
        return None
    full = len(_attributes(ours[0].kind, request.target))
    return ours[0] if _kept(growing[ours[0].kind], request) <= ours[0].count < full else None


def _stages(fact: Fact, target: Facts) -> Iterator[_Stage]:
    """The composite types of the row constructors of a fact, each with the attributes that it has there."""
    types = [need for need in fact.needs if need.startswith("composite:") and need in target]
    for row in (row for text in strings(fact.attrs) for row in rows_in(text)):
        yield from (_Stage(kind, row.age()) for kind in types if _is_of(row, kind, target))


def _is_of(row: Row, kind: str, target: Facts) -> bool:
    """Whether a row constructor may be of that type, which is not said where it is what a column has."""
    full = len(_attributes(kind, target)) == len(row.items)
    return full and row.cast in ("", kind.removeprefix("composite:"))


def _as_then(action: Action, stage: _Stage, request: PlanRequest) -> Action:
    statements = (
        without_bare_nulls(text, lambda row: _is_of(row, stage.kind, request.target))
        for text in action.statements
    )
    produces, needs = (*action.produces, stage.older()), (*action.needs, stage.grown())
    return structs.replace(action, statements=tuple(statements), produces=produces, needs=needs)


def _in_steps(action: Action, request: PlanRequest, counts: Sequence[int]) -> list[Action]:
    """What makes or alters a type, up to the first of these numbers of attributes, and on from each."""
    attributes = _attributes(action.subject, request.target)
    texts = tuple(filter(None, (_up_to(text, attributes, counts[0]) for text in action.statements)))
    produces = (*action.produces, _Stage(action.subject, counts[0]).grown())
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
    then = _Stage(kind, have)
    return Action(
        resource=action.resource,
        verb=Verb.ALTER,
        subject=kind,
        summary=f"alter composite {name} (attributes, behind what is older)",
        statements=(f"ALTER TYPE {name} {added}",),
        produces=(_Stage(kind, get).grown(),),
        needs=(*action.needs, kind, then.grown(), then.older()),
        lock=STRONGEST,
        transactional=True,
        rank=action.rank,
    )


def _used(action: Action, request: PlanRequest, tables: Mapping[str, set[str | None]]) -> set[str]:
    """Those of the types that what an action makes stands on, be it by a table."""
    facts = [] if action.verb is Verb.DROP else [*made(action, request)]
    below = {f"composite:{name}" for name in types_below(facts, request.target, ("composite",))}
    around = {name for fact in facts for name in (fact.id, fact.parent)}
    return {kind for kind, those in tables.items() if kind in below or not those.isdisjoint(around)}


def _tables(kind: str, target: Facts) -> set[str | None]:
    return {fact.parent for fact in target.dependents.get(kind, ()) if fact.kind == "column"}
