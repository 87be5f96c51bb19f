"""A restore that was cut off: on to its target, or back to the state before it.

What remains to be done is planned anew from what is live; what somebody else has changed since stops it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from snapstore import journal
from snapstore.adapter import Report, silent
from snapstore.carrying_out import announced, carry_out
from snapstore.diff import diff
from snapstore.errors import Exit, SnapError, some
from snapstore.execute import tidy
from snapstore.guard import require_confirmed, require_resources, strangers
from snapstore.journal import Continued, Goal, Journal
from snapstore.model import Action, HazardName
from snapstore.plan import ask_live, make_plan
from snapstore.restore import Confirm, adapter_locks, keep_before, require_feasible
from snapstore.restored import RestoreResult
from snapstore.snapshot import Snapshot
from snapstore.take import in_scope, live
from snapstore.verify import Name, differing
from snapstore.workspace import Workspace


def resume(
    ws: Workspace,
    allow: Collection[HazardName] = (),
    confirm: Confirm | None = None,
    report: Report = silent,
) -> RestoreResult:
    """Go on with the restore that was interrupted, until its target is reached and proven.

    SnapError with code STALE when somebody else has changed something since, unless data loss is allowed.
    """
    return _continue(ws, Goal.TARGET, frozenset(allow), confirm, report)


def abort(
    ws: Workspace,
    allow: Collection[HazardName] = (),
    confirm: Confirm | None = None,
    report: Report = silent,
) -> RestoreResult:
    """Go back to the state before the restore that was interrupted, and prove it; else as :func:`resume`."""
    return _continue(ws, Goal.SAFETY, frozenset(allow), confirm, report)


def _continue(
    ws: Workspace, goal: Goal, allow: frozenset[HazardName], confirm: Confirm | None, report: Report
) -> RestoreResult:
    with ws.store.lock("resume" if goal is Goal.TARGET else "abort"):
        record = journal.unfinished(ws.journals)
        if record is None:
            raise SnapError("no restore was interrupted here", fix="start one with `snap restore REV`")
        with _still_open(record):
            require_resources(ws.config, record.begin.plan)
            with adapter_locks(ws, in_scope(ws, record.begin.plan.scope), report):
                return _continue_locked(ws, record, goal, allow, confirm, report)


@contextmanager
def _still_open(record: Journal) -> Iterator[None]:
    """Whatever keeps an interrupted restore from being continued leaves the ways on and back as they were."""
    try:
        yield
    except SnapError as error:
        if record.end or type(error) is not SnapError or journal.ways_out() in error.fix:
            raise
        fix = "; ".join(filter(None, (error.fix, f"it is still interrupted: {journal.ways_out()}")))
        raise SnapError(error.what, where=error.where, fix=fix, code=error.code) from error


def _continue_locked(
    ws: Workspace,
    record: Journal,
    goal: Goal,
    allow: frozenset[HazardName],
    confirm: Confirm | None,
    report: Report,
) -> RestoreResult:
    begin = record.begin
    safety, target = ws.store.snapshot(begin.safety), ws.store.snapshot(begin.target)
    now = live(ws, begin.captured, keep=True)
    _admit_strangers(ws, record, now, safety, target, HazardName.DATA_LOSS in allow, report)
    leads_to = target if goal is Goal.TARGET else safety
    scope, options = begin.plan.scope, begin.plan.options
    plan = make_plan(ws.config, now, leads_to, scope, options, record.started(), ask_live)
    require_feasible(ws, plan, now, leads_to, allow | record.allow)
    require_confirmed(confirm, plan)
    tidy(ws, _perhaps_run(record, now, safety, target))
    record.write(Continued(goal, plan, tuple(sorted(allow))))
    return announced(ws, record, report, lambda: carry_out(ws, record, safety, leads_to, report))


def _perhaps_run(record: Journal, now: Snapshot, safety: Snapshot, target: Snapshot) -> list[Action]:
    """What was started, and what the last plan led to and is there: where a system's answer tells whether
    anything was begun, a crash may come between that answer and its record."""
    scope, goal = record.begin.plan.scope, target if record.goal is Goal.TARGET else safety
    left = set(differing(diff(now, goal, scope)))
    done = [action for action in record.plan.actions if Name(action.resource, action.subject) not in left]
    return [*record.started(), *done]


def _admit_strangers(
    ws: Workspace,
    record: Journal,
    now: Snapshot,
    safety: Snapshot,
    target: Snapshot,
    overwrite: bool,
    report: Report,
) -> None:
    """Stop where somebody else has changed something, or keep what they did before it is overwritten."""
    found = strangers(record, now, safety, target)
    if not found:
        return
    text = f"changed by somebody else since the {record.begin.purpose} was interrupted: {some(found)}"
    if not overwrite:
        fix = "put that back, or give it up with --allow data-loss (a safety snapshot will hold it)"
        raise SnapError(text, fix=fix, code=Exit.STALE)
    _, commit = keep_before(ws, now, f"end of an interrupted {record.begin.purpose}", record.begin.plan.scope)
    report(f"{text}; kept as {commit[:10]}")
