"""Checks of values ahead of everything else in a plan, where all that they need is there already."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.model import Action
from snapstore_postgres.renaming import RENAMED
from snapstore_postgres.renaming.names_before import called_now
from snapstore_postgres.rows import forced_policies
from snapstore_postgres.rows.looks.looking import first
from snapstore_postgres.rows.types.fit_checks import CHECKS, COUNTS, Check


def before_anything(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, preceded by the checks of those whose types are there already, and whose rows are seen."""
    unseen = forced_policies.hidden(request, request.live)
    made = {name for action in actions for name in (*action.produces, *action.destroys)}
    found: list[Action] = []
    for action in actions:
        checks: Sequence[Check] = action.payload.get(CHECKS, ())
        counts, guards = action.payload.get(COUNTS, ()), dict[str, str]()
        if forced_policies.named(unseen, " ".join([*counts, *(check.whole for check in checks)])):
            checks = counts = ()
        if checks and all(check.before for check in checks) and _can_be_first(action, request, made):
            found.append(first(action, [check.before for check in checks], "all values fit"))
            guards = {check.whole: check.short for check in checks}
        if counts and not any(need.startswith(RENAMED) for need in action.needs):
            found.append(first(action, counts, "partitions may have all rows"))
            guards = dict.fromkeys(counts, "")
        found.append(_guarded(action, guards))
    return found


def _guarded(action: Action, guards: Mapping[str, str]) -> Action:
    """The action with what is left of its checks where they come before."""
    if not action.payload.keys() & {CHECKS, COUNTS}:
        return action
    payload = {key: value for key, value in action.payload.items() if key not in (CHECKS, COUNTS)}
    statements = (guards.get(text, text) for text in action.statements)
    return structs.replace(action, statements=tuple(filter(None, statements)), payload=payload)


def _can_be_first(action: Action, request: PlanRequest, made: Collection[str]) -> bool:
    others = set(made) - {*action.produces, *action.destroys}
    needs = [need for need in action.needs if not need.startswith(RENAMED)]
    if all(check.alone for check in action.payload[CHECKS]):
        needs = [need for need in needs if need.startswith(("column:", "table:"))]
    types = (need for need in needs if not need.startswith(("column:", "table:")))
    named = all(called_now(need, request) == need for need in types)
    return named and all(need in request.live and need not in others for need in needs)
