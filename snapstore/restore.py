"""Restores: from a plan to a proven state, with a way on and a way back from every instant in between.

The order of the steps is the guarantee: lock, capture, plan, gate, safety snapshot, journal, actions, capture
again, compare, commit, hooks, close the journal. A restore that is cut off anywhere leaves the old state, the
new one, or an open journal that :func:`resume` and :func:`abort` work from. docs/guarantees.md has the list.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from snapstore import adapter as adapters
from snapstore import hooks, journal
from snapstore.capture import adapter_error, context_of
from snapstore.config.tables import ReportTable
from snapstore.diff import diff
from snapstore.errors import Exit, SnapError, some
from snapstore.execute import execute, tidy
from snapstore.guard import (
    AGAIN,
    require_allowed,
    require_confirmed,
    require_current,
    require_large,
    require_renames,
    require_resources,
    require_secrets,
    restorable,
    strangers,
)
from snapstore.journal import Begin, Continued, End, Goal, Journal, Result, Verified
from snapstore.model import Condition, HazardName, Outcome, Plan, PlanOptions, Scope
from snapstore.plan import ask_live, make_plan
from snapstore.secrets import REDACTOR
from snapstore.snapshot import Snapshot
from snapstore.take import LIVE, VERSION_TRAILER, in_scope, live, snapshot_of
from snapstore.verify import owed, verify
from snapstore.workspace import Workspace

SAFETY = "refs/snapstore/safety/"

Confirm = Callable[[Plan], bool]
Report = Callable[[str], None]


def silent(text: str) -> None:
    """A report that nobody reads."""


@dataclass(frozen=True)
class RestoreResult:
    """How a restore ended. ``commit`` is its commit on the branch, None where the branch already was there.

    ``mismatches`` names what is not as promised, ``problems`` what else failed and what to do about it.
    ``safety`` is the commit of the state before; None where nothing had to be done.
    """

    plan: Plan
    commit: str | None = None
    safety: str | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    verified: bool = False
    mismatches: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def exit(self) -> Exit:
        if any(outcome.error for outcome in self.outcomes):
            return Exit.ERROR
        if self.mismatches:
            return Exit.MISMATCH
        return Exit.ERROR if self.problems else Exit.DONE


@dataclass(frozen=True)
class _Request:
    """A restore that has not begun: ``captured`` is what is read for it, ``scope`` what may change."""

    purpose: str
    target: Snapshot
    captured: Scope
    scope: Scope
    options: PlanOptions
    allow: frozenset[HazardName]
    reviewed: Plan | None = None
    reason: str = ""

    @property
    def title(self) -> str:
        return f"{self.purpose} to {(self.target.commit or self.target.tree)[:10]}"


def plan_restore(
    ws: Workspace, revision: str, scope: Scope, options: PlanOptions, report: Report = silent
) -> Plan:
    """The plan that a restore to ``revision`` would carry out now. Nothing in the systems changes."""
    return planned(ws, revision, scope, options, report).plan


class Planned(NamedTuple):
    """A plan with both of its states; the objects of the live one are in the store."""

    plan: Plan
    live: Snapshot
    target: Snapshot


def planned(
    ws: Workspace, revision: str, scope: Scope, options: PlanOptions, report: Report = silent
) -> Planned:
    """The same, with the states that the plan leads from and to."""
    request = _request(ws, "restore", _target(ws, revision), scope, options, (), report)
    before, plan = _current(ws, request)
    return Planned(plan, before, request.target)


def restore(
    ws: Workspace,
    revision: str,
    scope: Scope,
    options: PlanOptions,
    allow: Collection[HazardName],
    confirm: Confirm | None,
    report: Report = silent,
    reason: str = "",
) -> RestoreResult:
    """Bring the live systems, as far as the scope goes, to the state of ``revision``, and prove it.

    ``confirm`` is asked with the plan before anything is locked or changed; None asks nobody. SnapError
    when it was refused, and nothing has changed then; failures after the first action are in the result.
    """
    request = _request(ws, "restore", _target(ws, revision), scope, options, allow, report)
    return _run(ws, replace(request, reason=reason), confirm, report)


def apply_plan(
    ws: Workspace,
    plan: Plan,
    allow: Collection[HazardName],
    confirm: Confirm | None,
    report: Report = silent,
    reason: str = "",
) -> RestoreResult:
    """Carry out exactly this plan. SnapError with code STALE when the live state is not the one it is for."""
    commit = plan.target.commit or ""
    if not ws.store.has(commit):
        text = f"the plan was made for another store: {commit[:10]}, where it leads, is not in this one"
        raise SnapError(text, where=str(ws.store.path), code=Exit.STALE, fix=AGAIN)
    target = _target(ws, commit)
    if target.tree != plan.target.tree:
        raise SnapError("the plan's target is another state in this store", code=Exit.STALE, fix=AGAIN)
    request = _request(ws, "restore", target, plan.scope, plan.options, allow, report)
    return _run(ws, replace(request, reviewed=plan, reason=reason), confirm, report)


def undo(
    ws: Workspace,
    options: PlanOptions,
    allow: Collection[HazardName],
    confirm: Confirm | None,
    report: Report = silent,
) -> RestoreResult:
    """Bring back the state before the last restore, in the same scope; undone again, the one after it."""
    _require_rest(ws, "undo")
    past = next((j for j in journal.history(journals(ws)) if j.end and j.end.result in _CHANGED), None)
    if past is None:
        raise SnapError("there is no restore to undo in this store", fix="go back with `snap restore REV`")
    target = ws.store.snapshot(past.begin.safety)
    request = _request(ws, "undo", target, past.begin.plan.scope, options, allow, report)
    return _run(ws, replace(request, captured=past.begin.captured), confirm, report)


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


# Before anything changes

_CHANGED = (Result.DONE, Result.MISMATCH)


def journals(ws: Workspace) -> Path:
    """Where the journals of a store are."""
    return ws.store.workspace("journal")


def _require_rest(ws: Workspace, purpose: str) -> None:
    """SnapError while a restore runs, or when one was interrupted; the lock tells the one from the other."""
    with ws.store.lock(purpose):
        journal.require_finished(journals(ws))


def _target(ws: Workspace, revision: str) -> Snapshot:
    if revision in ("", LIVE):
        raise SnapError("a restore leads to a snapshot", fix="name a revision, for instance HEAD")
    return snapshot_of(ws, revision)


def _request(
    ws: Workspace,
    purpose: str,
    target: Snapshot,
    scope: Scope,
    options: PlanOptions,
    allow: Collection[HazardName],
    report: Report,
) -> _Request:
    narrow = restorable(ws.config, target, scope, in_scope(ws, scope), report)
    return _Request(purpose, target, scope, narrow, options, frozenset(allow))


def _current(ws: Workspace, request: _Request) -> tuple[Snapshot, Plan]:
    """The live state and the plan for it. SnapError with code STALE when another plan was reviewed."""
    before = live(ws, request.captured, keep=True)
    require_renames(ws.config, before, request.target, request.options.renames)
    plan = make_plan(ws.config, before, request.target, request.scope, request.options, ask=ask_live)
    if request.reviewed is None:
        return before, plan
    require_current(request.reviewed, plan, before)
    return before, request.reviewed


def _run(ws: Workspace, request: _Request, confirm: Confirm | None, report: Report) -> RestoreResult:
    if confirm is not None:
        _require_rest(ws, request.title)
        before, plan = _current(ws, request)
        if _nothing_to_do(ws, plan, before, request.target):
            return _nothing_done(plan, report)
        _require_feasible(ws, plan, before, request.target, request.allow)
        require_confirmed(confirm, plan)
        request = replace(request, reviewed=plan)
    with ws.store.lock(request.title):
        journal.require_finished(journals(ws))
        with _adapter_locks(ws, in_scope(ws, request.scope), report):
            return _run_locked(ws, request, report)


def _run_locked(ws: Workspace, request: _Request, report: Report) -> RestoreResult:
    before, plan = _current(ws, request)
    if _nothing_to_do(ws, plan, before, request.target):
        return _nothing_done(plan, report)
    _require_feasible(ws, plan, before, request.target, request.allow)
    ref, safety = _keep(ws, before, request.title, plan.scope)
    report(f"the state before is kept as {safety[:10]}")
    begin = Begin(
        purpose=request.purpose,
        target=request.target.commit or "",
        safety=safety,
        safety_ref=ref,
        captured=request.captured,
        plan=plan,
        allow=tuple(sorted(request.allow)),
        time=int(time.time()),
        reason=REDACTOR.redact(request.reason, sealed=True),
    )
    record = journal.create(journals(ws), begin)
    return _announced(ws, record, report, lambda: _carry_out(ws, record, before, request.target, report))


def _require_feasible(
    ws: Workspace, plan: Plan, before: Snapshot, target: Snapshot, allow: frozenset[HazardName]
) -> None:
    """SnapError where a plan may not be carried out, or could not be to its end."""
    require_allowed(ws.config, plan, allow)
    require_secrets(ws.keys, plan)
    require_large(ws.store, before, target, plan.scope)


def _nothing_to_do(ws: Workspace, plan: Plan, before: Snapshot, target: Snapshot) -> bool:
    """Differences without an action are something to do: the result then does not match, and says so."""
    if plan.actions:
        return False
    found = diff(before, target, plan.scope)
    return not any(owed(c, ws.keys.only_resealed, before, target) for c in found)


def _nothing_done(plan: Plan, report: Report) -> RestoreResult:
    report("nothing to do: the live state is already that one")
    return RestoreResult(plan, verified=True)


def _keep(ws: Workspace, before: Snapshot, title: str, scope: Scope) -> tuple[str, str]:
    """A safety snapshot: its ref and its commit."""
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    ref = f"{SAFETY}{now}-{before.tree[:7]}"
    trailers = {**VERSION_TRAILER, "Scope": " ".join(scope.patterns) or "everything"}
    commit = ws.store.commit(before, f"Before the {title}", trailers=trailers, ref=ref, force_new=True)
    if commit is None:
        raise SnapError("the safety snapshot could not be made", fix="run `snap doctor`")
    return ref, commit


@contextmanager
def _adapter_locks(ws: Workspace, names: Sequence[str], report: Report) -> Iterator[None]:
    with ExitStack() as stack:
        for name in names:
            stack.enter_context(_adapter_lock(ws, name, report))
        yield


@contextmanager
def _adapter_lock(ws: Workspace, name: str, report: Report) -> Iterator[None]:
    resource = ws.config.resources[name]
    stack = ExitStack()
    with _named(name):
        lock = adapters.load(resource.adapter).lock(resource.settings, context_of(ws.config, ws.keys, name))
        stack.enter_context(lock)
    try:
        yield
    finally:
        # By now the restore has its result, which a lock that was lost must not hide.
        try:
            with _named(name):
                stack.close()
        except SnapError as error:
            report(f"the lock was lost before its time: {error}")


@contextmanager
def _named(name: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise adapter_error(name, error) from error


def _continue(
    ws: Workspace, goal: Goal, allow: frozenset[HazardName], confirm: Confirm | None, report: Report
) -> RestoreResult:
    with ws.store.lock("resume" if goal is Goal.TARGET else "abort"):
        record = journal.unfinished(journals(ws))
        if record is None:
            raise SnapError("no restore was interrupted here", fix="start one with `snap restore REV`")
        with _still_open(record):
            require_resources(ws.config, record.begin.plan)
            with _adapter_locks(ws, in_scope(ws, record.begin.plan.scope), report):
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
    _require_feasible(ws, plan, now, leads_to, allow | record.allow)
    require_confirmed(confirm, plan)
    tidy(ws, record.started())
    record.write(Continued(goal, plan, tuple(sorted(allow))))
    return _announced(ws, record, report, lambda: _carry_out(ws, record, safety, leads_to, report))


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
    _, commit = _keep(ws, now, f"end of an interrupted {record.begin.purpose}", record.begin.plan.scope)
    report(f"{text}; kept as {commit[:10]}")


# From the first change on


def _announced(
    ws: Workspace, record: Journal, report: Report, work: Callable[[], RestoreResult]
) -> RestoreResult:
    """Do it, tell those who are to be told, and write the report where one is wanted."""
    try:
        if not ws.config.notify.to:
            return work()
        from snapstore.notify.restores import announced

        return announced(ws, record, report, work)
    finally:
        if record.end and ws.config.report != ReportTable():
            from snapstore.reports import writing

            writing.after(ws, record, report)


def _carry_out(
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
        hooks.run(ws, "before_restore", names, record.write)
    except SnapError:
        if fresh:
            record.write(End(Result.STOPPED))
        raise


def _failed_hook(ws: Workspace, record: Journal, stage: str, names: Sequence[str]) -> list[str]:
    try:
        hooks.run(ws, stage, names, record.write)
    except SnapError as error:
        return [f"{error.where}: {error.what}; {error.fix}"]
    return []


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
