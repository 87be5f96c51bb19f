"""A proposal: the live state is snapshotted, the plan back is made, and both go to the remote for review."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from snapstore.adapter import Report, silent
from snapstore.errors import Exit, SnapError
from snapstore.model import Plan, PlanOptions, Scope
from snapstore.plan import refused
from snapstore.rehearsal import keeping
from snapstore.rehearsal.proof import Proof
from snapstore.render.plans import allow_words, summary
from snapstore.render.review import Terms, code, page
from snapstore.restore import plan_restore
from snapstore.review import branch as branches
from snapstore.review import sync
from snapstore.review.address import remote
from snapstore.review.branch import Branch
from snapstore.review.forges import lacking, open_forge
from snapstore.review.request import Api, State, say
from snapstore.review.rule import rule_of
from snapstore.secrets import REDACTOR
from snapstore.store.refs import HEADS
from snapstore.store.remote import Move, Remote
from snapstore.take import VERSION_TRAILER, take, whole_resources
from snapstore.workspace import Workspace

_LINE = "\n"
_SHORT = 10
_LONGEST_REASON = 1000


class Proposal(msgspec.Struct, frozen=True):
    """What was proposed. ``branch`` and ``commit`` are None where the plan has nothing to do.

    ``changed`` says whether the branch is another one than before, ``url`` where the request is, if there is
    one.
    """

    plan: Plan
    branch: str | None = None
    commit: str | None = None
    changed: bool = False
    url: str | None = None
    proof: Proof | None = None


class _Seen(NamedTuple):
    """The remote and its refs as they were when the proposal began, and the forge where there is one."""

    remote: Remote
    refs: Mapping[str, str]
    forge: Api | None


def propose(
    ws: Workspace,
    env: Mapping[str, str],
    revision: str,
    scope: Scope,
    options: PlanOptions,
    report: Report = silent,
    reason: str = "",
) -> Proposal:
    """Push a branch with the state after a restore to ``revision`` and its plan. No system is changed.

    The live state becomes the newest snapshot of the environment's branch, which is pushed as well: what the
    branch changes is then what the restore will. ``reason`` is why somebody wants it, for the commit and the
    request. SnapError unless the remote has both in the end.
    """
    whole_resources(ws, scope)
    where = remote(ws.config, env)
    target = ws.store.resolve(revision)
    report(f"asking {where.shown}")
    seen = _Seen(where, sync.pull(ws.store, where), open_forge(ws.config, env))
    message = f"Before the proposal to go back to {target[:10]}"
    head = take(ws, message, scope, {branches.BEFORE: target})
    plan = plan_restore(ws, target, scope, options, report)
    if not plan.actions:
        return Proposal(plan)
    if plan.base.tree != head.tree:
        text = "the live state changed while the plan was made"
        raise SnapError(text, code=Exit.STALE, fix="run the command again")
    branch = _branch(ws, seen, plan)
    old = seen.refs.get(branch.ref)
    why = REDACTOR.redact(reason, sealed=True) or _reason_of(ws, old)
    proposal = _request(ws, env, seen.forge, _push(ws, seen, plan, branch, report, why), report, why)
    _announce(ws, proposal, why, report)
    return proposal


def _announce(ws: Workspace, proposal: Proposal, reason: str, report: Report) -> None:
    """Tell of what is new for review."""
    if not (ws.config.notify.to and proposal.changed):
        return
    from snapstore.config.notifying import Event
    from snapstore.notify import restores, sending

    plan = proposal.plan
    command = terms(ws, plan, proposal.branch or "").command
    fields = {
        "title": _title(ws, plan),
        "target": (plan.target.commit or "")[:_SHORT],
        "summary": summary(plan),
        "resources": ", ".join(restores.resources(plan)),
        "impact": restores.impact(plan),
        "reason": reason or restores.NO_REASON,
        "url": proposal.url or proposal.branch or "",
        "action": f"{rule_of(ws.config.review).words}, then: {command}",
    }
    sending.tell(ws, Event.PROPOSED, fields, report)


def _reason_of(ws: Workspace, old: str | None) -> str:
    """Why it was proposed before: who brings a proposal up to date does not have to say so again."""
    return ws.store.info(old).trailers.get(branches.REASON, "") if old else ""


def _push(ws: Workspace, seen: _Seen, plan: Plan, branch: Branch, report: Report, reason: str) -> Proposal:
    old = seen.refs.get(branch.ref)
    proof = _proof(ws, plan, old, report)
    commit = _commit(ws, plan, branch, proof, reason)
    if old and _is_same(ws, old, commit):
        sync.push(ws.store, seen.remote, seen.refs, {})
        return Proposal(plan, branch.name, old, proof=proof)
    report(f"pushing {branch.name} to {seen.remote.shown}")
    sync.push(ws.store, seen.remote, seen.refs, {branch.ref: Move(old, commit)})
    return Proposal(plan, branch.name, commit, changed=True, proof=proof)


def _proof(ws: Workspace, plan: Plan, old: str | None, report: Report) -> Proof | None:
    """The proof that the plan was rehearsed. The one that was proposed already, so that approvals of it stay;
    else the one that is kept here."""
    data = branches.proof_in(ws.store.snapshot(old), plan.digest) if old else None
    try:
        proposed = keeping.decode(data, ws.keys) if data else None
    except SnapError as error:
        report(f"what was proposed is proposed without its rehearsal: {error.what}")
        proposed = None
    if proposed and proposed.passed and keeping.is_for(proposed, plan):
        return proposed
    kept = keeping.find(ws.store, ws.keys, plan)
    if kept.problem:
        report(f"proposed without a rehearsal: {kept.problem}")
    return kept.proof


def _branch(ws: Workspace, seen: _Seen, plan: Plan) -> Branch:
    """That of the last proposal of the same, unless that is over; else one that is not there yet."""
    known = branches.branches(plan.target.commit or "", seen.refs)
    sync.bring(ws.store, seen.remote, [seen.refs[found.ref] for found in known])
    wanted = branches.scope_words(plan.scope)
    for found in known:
        tip = seen.refs[found.ref]
        if ws.store.info(tip).trailers.get(branches.SCOPE) == wanted and not _is_over(ws, seen, found, tip):
            return found
    return Branch(plan.target.commit or "", known[0].number + 1 if known else 1)


def _is_over(ws: Workspace, seen: _Seen, branch: Branch, commit: str) -> bool:
    """Whether a proposal was merged or turned down."""
    there = seen.refs.get(HEADS + ws.store.branch)
    if there is not None and ws.store.contains(there, commit):
        return True
    request = seen.forge.find(branch.name) if seen.forge else None
    return request is not None and request.state is not State.OPEN


def _commit(ws: Workspace, plan: Plan, branch: Branch, proof: Proof | None, reason: str) -> str:
    head = ws.store.head() or ""
    live, target = ws.store.snapshot(head), ws.store.snapshot(plan.target.commit or "")
    files = branches.files(plan, terms(ws, plan, branch.name), proof)
    tree = ws.store.compose(branches.after(plan, live, target), files)
    text = f"{_title(ws, plan)}\n\n{summary(plan)}"
    why = {branches.REASON: reason} if reason else {}
    return ws.store.put_commit(tree, (head,), text, {**branches.trailers(plan), **why, **VERSION_TRAILER})


def _title(ws: Workspace, plan: Plan) -> str:
    commit = plan.target.commit or ""
    return f"Go back to {commit[:10]} {ws.store.info(commit).message.partition(_LINE)[0]}".rstrip()


def _is_same(ws: Workspace, old: str, new: str) -> bool:
    """Equal but for its time: what is approved already stays as it is."""
    one, other = ws.store.info(old), ws.store.info(new)
    return (one.tree, one.parents) == (other.tree, other.parents)


def terms(ws: Workspace, plan: Plan, branch: str) -> Terms:
    """What the page of a proposal says of applying it."""
    allow = allow_words(refused(plan, ws.config.allow, ws.config.refuse))
    command = f"snap apply {branch} {allow}".rstrip()
    return Terms(command, rule_of(ws.config.review).words, f"{branches.folder(plan)}/PLAN.md")


# The request


def _request(
    ws: Workspace,
    env: Mapping[str, str],
    forge: Api | None,
    proposal: Proposal,
    report: Report,
    reason: str,
) -> Proposal:
    """Open the request of a branch that was pushed, or bring the one that is open up to it."""
    if forge is None or proposal.branch is None:
        report(f"no request was opened: {lacking(ws.config, env)}")
        return proposal
    title, body = _title(ws, proposal.plan), _body(ws, forge, proposal, reason)
    found = forge.find(proposal.branch)
    if found is None or found.state is not State.OPEN:
        found = forge.open(proposal.branch, ws.store.branch, title, body)
        return msgspec.structs.replace(proposal, url=found.url)
    if proposal.changed:
        forge.edit(found.number, title, body)
        commit = code((proposal.commit or "")[:_SHORT])
        say(forge, found.number, f"Proposed again at {commit}: what was approved before does not count.")
    return msgspec.structs.replace(proposal, url=found.url)


def _body(ws: Workspace, forge: Api, proposal: Proposal, reason: str) -> str:
    said = terms(ws, proposal.plan, proposal.branch or "")
    why = f"Why: {code(reason[:_LONGEST_REASON])}\n\n" if reason else ""
    return REDACTOR.redact(why + page(proposal.plan, said, forge.limit - len(why), proposal.proof))
