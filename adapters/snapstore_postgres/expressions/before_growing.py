"""Row constructors that are older than attributes of their type, made before it gets these.

See ``growing.py`` for what they are, and ``type_stages.py`` for how it is known.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Verb
from snapstore.ordering import CircularActions, order
from snapstore_postgres.expressions.growing_in_steps import at_stage, in_steps
from snapstore_postgres.expressions.growing_plan import GrowingPlan
from snapstore_postgres.expressions.type_stages import Stage, whole


def before_they_grow(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, those that make such a row constructor before its type gets the attributes, and all else
    that may use these behind: values of the type too, which come by themselves where they came with a column.
    Not where values have to be there before it all the same."""
    plan = GrowingPlan(request, actions)
    if not plan.older:
        return list(actions)
    found = _in_turn(GrowingPlan(request, _with_values_apart(plan)))
    try:
        order(found)
    except CircularActions:
        return list(actions)
    return found


def _in_turn(plan: GrowingPlan) -> list[Action]:
    stages = {i: stage for i, stage in plan.older.items() if not plan.bringing_values(i, stage.kind)}
    first = {i for i, a in enumerate(plan.actions) if i in stages or plan.growing.get(a.subject) is a}
    above = plan.upstream(first)
    behind = {i: kinds for i, kinds in plan.using.items() if i not in above}
    return _staged(plan, stages, behind)


def _staged(plan: GrowingPlan, stages: Mapping[int, Stage], behind: Mapping[int, set[str]]) -> list[Action]:
    """The actions, with those that are at a stage of a type, and those that are behind all of its."""
    request = plan.request
    counts: dict[str, set[int]] = defaultdict(set)
    for stage in stages.values():
        counts[stage.kind].add(stage.count)
    found: list[Action] = []
    for index, action in enumerate(plan.actions):
        if index in stages:
            found.append(at_stage(action, stages[index], request))
        elif plan.growing.get(action.subject) is action and action.subject in counts:
            found += in_steps(action, request, sorted(counts[action.subject]))
        else:
            full = (whole(kind, request.target) for kind in sorted(behind.get(index, set()) & counts.keys()))
            needs = (*action.needs, *(stage.grown() for stage in full))
            found.append(structs.replace(action, needs=needs))
    return found


def _with_values_apart(plan: GrowingPlan) -> list[Action]:
    """The actions; what adds a column with values before an older row constructor comes does so in two."""
    bringing = {i for start, stage in plan.older.items() for i in plan.bringing_values(start, stage.kind)}
    split = {i for i in bringing if _ADDS.match(plan.actions[i].statements[0])}
    above = {*plan.upstream(plan.older), *plan.older}
    filled = {plan.actions[i].subject: _filled(plan.actions[i]) for i in split}
    found: list[Action] = []
    for index, action in enumerate(plan.actions):
        waits = () if index in above else (filled[need] for need in action.needs if need in filled)
        waiting = structs.replace(action, needs=(*action.needs, *waits))
        found += _apart(action) if index in split else [waiting]
    return found


_ADDS = re.compile(r"ALTER TABLE (?:ONLY )?.+? ADD COLUMN ")


def _filled(column: Action) -> str:
    """What is provided by giving a new column its values."""
    return f"filled:{column.subject}"


def _apart(action: Action) -> list[Action]:
    """What adds a column, and what gives it its values."""
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
