"""Restores: from a plan to a proven state, with a way on and a way back from every instant in between.

The order of the steps is the guarantee: lock, capture, plan, gate, safety snapshot and journal, which is all
here; then actions, capture again, compare, commit, hooks, close the journal (:mod:`snapstore.carrying_out`).
A restore that is cut off anywhere leaves the old state, the new one, or an open journal with a way on and one
back (:mod:`snapstore.interrupted`). docs/guarantees.md has the list.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

from snapstore import adapter as adapters
from snapstore import journal
from snapstore.adapter import Report, silent
from snapstore.capture import adapter_error, context_of
from snapstore.carrying_out import announced, carry_out
from snapstore.diff import diff
from snapstore.errors import Exit, SnapError
from snapstore.guard import (
    AGAIN,
    require_allowed,
    require_confirmed,
    require_current,
    require_large,
    require_renames,
    require_secrets,
    restorable,
)
from snapstore.journal import Begin, Result
from snapstore.model import HazardName, Plan, PlanOptions, Scope
from snapstore.plan import ask_live, make_plan
from snapstore.restored import RestoreResult
from snapstore.secrets import REDACTOR
from snapstore.snapshot import Snapshot
from snapstore.take import LIVE, VERSION_TRAILER, in_scope, live, snapshot_of
from snapstore.unmatched import unmatched
from snapstore.verify import owed
from snapstore.workspace import Workspace

SAFETY = "refs/snapstore/safety/"

Confirm = Callable[[Plan], bool]


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
    _tell_unmatched(ws, request, before, report)
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
    past = next((j for j in journal.history(ws.journals) if j.end and j.end.result in _CHANGED), None)
    if past is None:
        raise SnapError("there is no restore to undo in this store", fix="go back with `snap restore REV`")
    target = ws.store.snapshot(past.begin.safety)
    request = _request(ws, "undo", target, past.begin.plan.scope, options, allow, report)
    return _run(ws, replace(request, captured=past.begin.captured), confirm, report)


# Before anything changes

_CHANGED = (Result.DONE, Result.MISMATCH)


def _require_rest(ws: Workspace, purpose: str) -> None:
    """SnapError while a restore runs, or when one was interrupted; the lock tells the one from the other."""
    with ws.store.lock(purpose):
        journal.require_finished(ws.journals)


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


def _tell_unmatched(ws: Workspace, request: _Request, before: Snapshot, report: Report) -> None:
    for pattern in unmatched(ws.config, request.scope, before, request.target):
        report(f"{pattern}: nothing is called so, neither now nor in {(request.target.commit or '')[:10]}")


def _run(ws: Workspace, request: _Request, confirm: Confirm | None, report: Report) -> RestoreResult:
    if confirm is not None:
        _require_rest(ws, request.title)
        before, plan = _current(ws, request)
        _tell_unmatched(ws, request, before, report)
        if _nothing_to_do(ws, plan, before, request.target):
            return _nothing_done(plan, report)
        require_feasible(ws, plan, before, request.target, request.allow)
        require_confirmed(confirm, plan)
        request = replace(request, reviewed=plan)
    with ws.store.lock(request.title):
        journal.require_finished(ws.journals)
        with adapter_locks(ws, in_scope(ws, request.scope), report):
            return _run_locked(ws, request, report)


def _run_locked(ws: Workspace, request: _Request, report: Report) -> RestoreResult:
    before, plan = _current(ws, request)
    if request.reviewed is None:
        _tell_unmatched(ws, request, before, report)
    if _nothing_to_do(ws, plan, before, request.target):
        return _nothing_done(plan, report)
    require_feasible(ws, plan, before, request.target, request.allow)
    ref, safety = keep_before(ws, before, request.title, plan.scope)
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
    record = journal.create(ws.journals, begin)
    return announced(ws, record, report, lambda: carry_out(ws, record, before, request.target, report))


def require_feasible(
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


def keep_before(ws: Workspace, before: Snapshot, title: str, scope: Scope) -> tuple[str, str]:
    """A safety snapshot: its ref and its commit."""
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    ref = f"{SAFETY}{now}-{before.tree[:7]}"
    trailers = {**VERSION_TRAILER, "Scope": " ".join(scope.patterns) or "everything"}
    commit = ws.store.commit(before, f"Before the {title}", trailers=trailers, ref=ref, force_new=True)
    if commit is None:
        raise SnapError("the safety snapshot could not be made", fix="run `snap doctor`")
    return ref, commit


@contextmanager
def adapter_locks(ws: Workspace, names: Sequence[str], report: Report) -> Iterator[None]:
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
