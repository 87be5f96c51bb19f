"""Tells that a restore has begun, and how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from snapstore import journal
from snapstore.adapter import Report
from snapstore.config.notifying import Event
from snapstore.errors import Exit, SnapError
from snapstore.model import Plan
from snapstore.notify import sending
from snapstore.render.plans import summary
from snapstore.render.values import count
from snapstore.workspace import Workspace

if TYPE_CHECKING:
    from snapstore.journal import Journal
    from snapstore.restored import RestoreResult

NO_REASON = "none was given"


def announced(
    ws: Workspace, record: Journal, report: Report, work: Callable[[], RestoreResult]
) -> RestoreResult:
    """Do the work of a restore, and tell of it. That it has begun is told while it is being done."""
    began = time.monotonic()
    fields = {**described(ws, record), "duration": "it is running; the next message says how it ended"}
    started = sending.begin(ws, Event.STARTED, {**fields, "action": "none; do not deploy meanwhile"})

    def ended(event: Event, how: Mapping[str, str]) -> None:
        duration = lasted(time.monotonic() - began)
        started.finish(report)
        sending.tell(ws, event, {**fields, **how, "duration": duration}, report)

    try:
        result = work()
    except SnapError as error:
        todo = error.fix or "somebody has to look at this now"
        ended(Event.FAILED, {"problems": error.what, "action": todo})
        raise
    ended(Event.FINISHED if result.exit is Exit.DONE else Event.FAILED, _ended(result))
    return result


def described(ws: Workspace, record: Journal) -> dict[str, str]:
    """The fields of a restore's messages that are known from the start."""
    plan, begin = record.plan, record.begin
    target = begin.safety if record.goal is journal.Goal.SAFETY else begin.target
    named = f"{target[:10]} {ws.store.info(target).message.partition(chr(10))[0]}".rstrip()
    return {
        "title": f"{begin.purpose} to {named}",
        "target": named,
        "resources": ", ".join(resources(plan)) or "nothing",
        "actions": count(len(plan.actions), "action"),
        "summary": summary(plan),
        "impact": impact(plan),
        "reason": begin.reason or NO_REASON,
        "safety": begin.safety[:10],
    }


def resources(plan: Plan) -> list[str]:
    """Those that a plan changes, in its order."""
    return list(dict.fromkeys(action.resource for action in plan.actions))


def impact(plan: Plan) -> str:
    """What a plan does to how many resources, and the hazards of that in words."""
    from snapstore.plan import hazards

    found = list(dict.fromkeys(f"{hazard.name}: {hazard.text}" for hazard in hazards(plan)))
    more = f"; and {len(found) - _NAMED} more hazards" if len(found) > _NAMED else ""
    return "; ".join([summary(plan), *found[:_NAMED]]) + more


_NAMED = 3


def _ended(result: RestoreResult) -> dict[str, str]:
    errors = [f"{outcome.resource}: {outcome.error}" for outcome in result.outcomes if outcome.error]
    problems = [*errors, *result.mismatches, *result.problems]
    todo = "none" if result.exit is Exit.DONE else "somebody has to look at this now"
    return {"problems": "\n".join(problems), "action": todo}


def lasted(seconds: float) -> str:
    """``0.8 s``, ``42 s``, ``7 min 10 s``"""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
