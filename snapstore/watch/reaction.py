"""What follows when a deploy made things worse: the plan back is written, then proposed or carried out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec

from snapstore import journal
from snapstore.adapter import Report
from snapstore.config.notifying import Event
from snapstore.config.watching import Reaction
from snapstore.errors import SnapError
from snapstore.model import HazardName, Plan, PlanOptions, Scope
from snapstore.plan import encode
from snapstore.restore import apply_plan, plan_restore
from snapstore.restored import RestoreResult
from snapstore.review.propose import Proposal, propose
from snapstore.watch.watching import Watched
from snapstore.workspace import Workspace

_LINE = "\n"


class Reacted(msgspec.Struct, frozen=True):
    """``file`` has the plan; None where there is nothing that a restore would change."""

    plan: Plan
    file: Path | None = None
    proposal: Proposal | None = None
    result: RestoreResult | None = None


def react(
    ws: Workspace,
    env: Mapping[str, str],
    watched: Watched,
    action: Reaction,
    scope: Scope,
    allow: Collection[HazardName],
    report: Report,
) -> Reacted:
    """Write the plan back to the snapshot from before the deploy, and do with it what ``action`` says.

    SnapError when that cannot be done, and then it was not: the message begins with what got worse.
    """
    reason, restores = "; ".join(watched.reasons), _restores(ws)
    _tell(ws, Event.WORSE, watched, {"reason": reason, "action": _FOLLOWS[action]}, report)
    try:
        return _follow(ws, env, watched, action, scope, allow, report)
    except SnapError as error:
        if _restores(ws) == restores:  # a restore that has begun tells of its end itself
            said = {"title": f"no rollback: {error.what}", "problems": error.what, "reason": reason}
            todo = {"resources": "the deploy", "impact": "none: nothing was changed", "action": error.fix}
            _tell(ws, Event.FAILED, watched, {**said, **todo}, report)
        text = f"{reason}; but what should follow failed: {error.what}"
        raise SnapError(text, where=error.where, fix=error.fix, code=error.code) from error


def _restores(ws: Workspace) -> int:
    """How many restores have begun in this store."""
    return sum(1 for _ in journal.history(ws.journals))


def _follow(
    ws: Workspace,
    env: Mapping[str, str],
    watched: Watched,
    action: Reaction,
    scope: Scope,
    allow: Collection[HazardName],
    report: Report,
) -> Reacted:
    reason = "; ".join(watched.reasons)
    plan = plan_restore(ws, watched.commit, scope, PlanOptions(ws.config.data), report)
    if not plan.actions:
        return Reacted(plan)
    file = ws.store.workspace("watch") / f"{watched.number:06}-plan.json"
    file.write_bytes(encode(plan))
    report(f"the plan back is {file}")
    if action is Reaction.PROPOSE:
        proposal = propose(ws, env, watched.commit, scope, plan.options, report, reason)
        return Reacted(plan, file, proposal)
    if action is Reaction.RESTORE:
        return Reacted(plan, file, result=apply_plan(ws, plan, allow, None, report, reason))
    return Reacted(plan, file)


_FOLLOWS = {
    Reaction.NOTIFY: "nothing by itself; somebody has to decide",
    Reaction.PROPOSE: "a rollback is proposed for review",
    Reaction.RESTORE: "it is rolled back now",
}


def unclear(ws: Workspace, watched: Watched, report: Report) -> None:
    """Tell that nobody knows how the deploy went."""
    _tell(ws, Event.UNCLEAR, watched, {"problems": "; ".join(watched.reasons)}, report)


def _tell(ws: Workspace, event: Event, watched: Watched, fields: Mapping[str, str], report: Report) -> None:
    if ws.config.notify.to:
        from snapstore.notify import sending

        target = f"{watched.commit[:10]} {ws.store.info(watched.commit).message.partition(_LINE)[0]}"
        sending.tell(ws, event, {"target": target.rstrip(), **fields}, report)
