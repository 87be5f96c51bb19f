"""A plan carried out: its actions, the proof that they led where they should, the commit of that.

The journal, which is open from before the first change on, closes last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace

from snapstore import journal
from snapstore.adapter import Report
from snapstore.config.tables import ReportTable
from snapstore.errors import Exit, SnapError
from snapstore.execute import execute
from snapstore.journal import End, Goal, Journal, Result, Verified
from snapstore.model import Condition, Outcome
from snapstore.restored import RestoreResult
from snapstore.snapshot import Snapshot
from snapstore.take import VERSION_TRAILER, live
from snapstore.verify import verify
from snapstore.workspace import Workspace


def announced(
    ws: Workspace, record: Journal, report: Report, work: Callable[[], RestoreResult]
) -> RestoreResult:
    """Do it, tell those who are to be told, and write the report where one is wanted."""
    try:
        if not ws.config.notify.to:
            return work()
        from snapstore.notify import restores

        return restores.announced(ws, record, report, work)
    finally:
        if record.end and ws.config.report != ReportTable():
            from snapstore.reports import writing

            writing.after(ws, record, report)


def carry_out(
    ws: Workspace, record: Journal, before: Snapshot, goal: Snapshot, report: Report
) -> RestoreResult:
    """Run the journal's plan, prove that it led to ``goal``, close the journal."""
    fresh = not record.started()
    with _resumable(record):
        names = sorted({action.resource for action in (*record.plan.actions, *record.started())})
        if record.plan.actions:
            _before_hooks(ws, record, names, fresh)
        result = RestoreResult(record.plan, safety=record.begin.safety)
        result = replace(result, outcomes=execute(ws, record.plan, goal, record, report))
        if any(outcome.error for outcome in result.outcomes):
            return replace(result, problems=[_way_out(record, result.outcomes, fresh)])
        report("comparing the result with what was promised")
        return _prove(ws, record, before, goal, names, result)


def _prove(
    ws: Workspace,
    record: Journal,
    before: Snapshot,
    goal: Snapshot,
    names: Sequence[str],
    result: RestoreResult,
) -> RestoreResult:
    after = live(ws, record.begin.captured, keep=True)
    mismatches = verify(before, after, goal, record.plan.scope, ws.keys.only_resealed)
    record.write(Verified(after.tree, tuple(mismatches)))
    commit = None if mismatches or record.goal is Goal.SAFETY else _commit(ws, record, after, goal)
    # Hooks run before the journal closes: killed in between, they run again, instead of never.
    problems = _failed_hook(ws, record, "after_restore", names)
    refuted = _failed_hook(ws, record, "verify", names)
    if refuted and not mismatches:
        problems.append(_REFUTED)
    mismatches = mismatches + refuted
    done = Result.DONE if record.goal is Goal.TARGET else Result.ABORTED
    record.write(End(Result.MISMATCH if mismatches else done, commit, tuple(mismatches)))
    if mismatches:
        problems.append(f"the state before is {record.begin.safety[:10]}: `snap undo` brings it back")
    return replace(result, commit=commit, verified=not mismatches, mismatches=mismatches, problems=problems)


_REFUTED = (
    "the live state is the one asked for, and yet this check fails: repair what its output names and run the"
    " check by hand, or go back"
)


def _commit(ws: Workspace, record: Journal, after: Snapshot, goal: Snapshot) -> str | None:
    """The restored state as the branch's newest commit; None when that is its state already."""
    commit = goal.commit or ""
    subject = next(ws.store.log(commit, 1)).message.partition("\n")[0]
    trailers = {**VERSION_TRAILER, "Restored-From": commit, "Safety": record.begin.safety}
    if record.begin.reason:
        trailers["Reason"] = record.begin.reason
    title = f"{record.begin.purpose.capitalize()} {commit[:10]} {subject}".rstrip()
    return ws.store.commit(after, title, trailers=trailers)


def _before_hooks(ws: Workspace, record: Journal, names: Sequence[str], fresh: bool) -> None:
    try:
        _run_hooks(ws, record, "before_restore", names)
    except SnapError:
        if fresh:
            record.write(End(Result.STOPPED))
        raise


def _failed_hook(ws: Workspace, record: Journal, stage: str, names: Sequence[str]) -> list[str]:
    try:
        _run_hooks(ws, record, stage, names)
    except SnapError as error:
        return [f"{error.where}: {error.what}; {error.fix}"]
    return []


def _run_hooks(ws: Workspace, record: Journal, stage: str, names: Sequence[str]) -> None:
    if stage in ws.config.hooks:
        from snapstore import hooks

        hooks.run(ws, stage, names, record.write)


def _way_out(record: Journal, outcomes: Sequence[Outcome], fresh: bool) -> str:
    """What to do after a failure. Where nothing was changed there is nothing to go back from."""
    if not fresh or any(outcome.condition is not Condition.UNCHANGED for outcome in outcomes):
        return journal.ways_out()
    with suppress(SnapError):
        record.write(End(Result.STOPPED))
    return "nothing was changed; run the command again when that is repaired"


@contextmanager
def _resumable(record: Journal) -> Iterator[None]:
    """Whatever stops a restore half-way names the ways on and back."""
    try:
        yield
    except KeyboardInterrupt:
        text = f"the {record.begin.purpose} was interrupted"
        raise SnapError(text, fix=journal.ways_out(), code=Exit.INTERRUPTED) from None
    except SnapError as error:
        if record.end:
            raise
        fix = f"when that is repaired, {journal.ways_out()}"
        raise SnapError(error.what, where=error.where, fix=fix, code=error.code) from error
