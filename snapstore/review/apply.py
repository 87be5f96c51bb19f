"""Applies what was reviewed: exactly the plan that the approved commit holds, and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from snapstore import journal
from snapstore.adapter import Report, silent
from snapstore.config import Require
from snapstore.errors import Exit, SnapError
from snapstore.guard import AGAIN
from snapstore.model import HazardName, Plan
from snapstore.plan import decode
from snapstore.rehearsal import keeping
from snapstore.rehearsal.proof import Proof
from snapstore.render.review import code, headline, results
from snapstore.restore import Confirm, apply_plan
from snapstore.restored import RestoreResult
from snapstore.review import branch as branches
from snapstore.review import sync
from snapstore.review.address import remote
from snapstore.review.forges import open_forge, request_number
from snapstore.review.propose import terms
from snapstore.review.request import SHORTEST_STATUS, Api, Request, State, Verdict, say
from snapstore.review.rule import require_agreement, require_rehearsal, rule_of
from snapstore.secrets import REDACTOR
from snapstore.store.refs import HEADS
from snapstore.store.remote import Remote
from snapstore.workspace import Workspace


class _Found(NamedTuple):
    """Something that was proposed: the commit that holds it, and the request where there is one."""

    branch: str
    commit: str
    forge: Api | None
    request: Request | None


def apply(
    ws: Workspace,
    env: Mapping[str, str],
    what: str,
    allow: Collection[HazardName],
    confirm: Confirm | None,
    report: Report = silent,
    reason: str = "",
) -> RestoreResult:
    """Carry out the plan of a file, of a proposal's branch, or of the request at a URL.

    ``reason`` is why, in place of what the proposal says.

    SnapError, and nothing has changed, when the plan is not what was reviewed, when the rule of review is not
    kept (``Exit.REFUSED``), or when the live state is not the one that it was made for (``Exit.STALE``).
    """
    if Path(what).is_file() or not _is_elsewhere(what):
        return apply_plan(ws, _of_file(ws, what), allow, confirm, report, reason)
    where = remote(ws.config, env)
    report(f"asking {where.shown}")
    refs = sync.pull(ws.store, where)
    found = _find(ws, env, where, refs, what)
    plan, proof = _reviewed(ws, found)
    require_rehearsal(rule_of(ws.config.review), proof)
    _require_agreement(ws, found)
    with _reporting(ws, found, report), _saying_propose(plan):
        why = reason or ws.store.info(found.commit).trailers.get(branches.REASON, "")
        result = apply_plan(ws, plan, allow, confirm, report, why)
    verdict = Verdict.SUCCESS if result.exit is Exit.DONE else Verdict.FAILURE
    _tell(found, verdict, results(result), headline(result), report)
    _share(ws, where, refs, report)
    return result


def _is_elsewhere(what: str) -> bool:
    return "://" in what or what.startswith(branches.PREFIX)


def _of_file(ws: Workspace, name: str) -> Plan:
    """The plan in a file, where the rule lets one be applied that nobody can have approved."""
    if ws.config.review.require not in (None, Require.NONE):
        raise SnapError(
            f"a file carries no approval, and [review] require is {str(ws.config.review.require)!r}",
            where=name,
            fix="apply the branch or the request of a proposal: `snap apply rollback/…`",
            code=Exit.REFUSED,
        )
    try:
        return decode(Path(name).read_bytes(), name)
    except OSError as error:
        fix = "name a file that `snap plan REV -o FILE` has written, a branch rollback/…, or a request's URL"
        raise SnapError(f"cannot be read: {error.strerror}", where=name, fix=fix) from None


# Finding it


def _find(ws: Workspace, env: Mapping[str, str], where: Remote, refs: Mapping[str, str], what: str) -> _Found:
    forge = open_forge(ws.config, env)
    if "://" in what:
        request: Request | None = _request_at(ws, forge, what)
    else:
        request = forge.find(what) if forge else None
    branch = request.branch if request else what
    commit = refs.get(HEADS + branch)
    if request and (commit is None or request.state is State.MERGED):
        commit = request.head  # what was merged, whatever became of the branch
    if commit is None:
        fix = "name a branch that `snap propose` has pushed"
        raise SnapError(f"there is no branch {branch}", where=where.shown, fix=fix)
    sync.bring(ws.store, where, [commit])
    ws.store.fetch_large(where, [commit])
    return _Found(branch, commit, forge, request)


def _request_at(ws: Workspace, forge: Api | None, url: str) -> Request:
    number = request_number(ws.config, url)
    if forge is None or number is None:
        fix = "give the address of a request of [store] remote, and a token for its forge"
        raise SnapError("this is no request that can be looked up", where=url, fix=fix)
    found = forge.get(number)
    if not url.casefold().startswith(found.url.casefold()):
        raise SnapError(f"the store's remote is another one: its request {number} is {found.url}", where=url)
    return found


def _reviewed(ws: Workspace, found: _Found) -> tuple[Plan, Proof | None]:
    """The plan of a proposal, and the proof of its rehearsal where it has one. Their commit has to be just
    what proposing them makes.

    Reviewers have read the page and the difference of the states: neither may tell of another plan than the
    one that is applied.
    """
    plan = _read(ws, found)
    parents = ws.store.info(found.commit).parents
    base = ws.store.snapshot(parents[0]) if parents else None
    if base is None or base.tree != plan.base.tree:
        raise _edited(found, "it does not begin at the state that the plan was made for")
    proof = _proof(ws, found, plan)
    files = branches.files(plan, terms(ws, plan, found.branch), proof)
    target = ws.store.snapshot(plan.target.commit or "")
    if ws.store.compose(branches.after(plan, base, target), files) != ws.store.info(found.commit).tree:
        raise _edited(found, "its page or its state is not that of its plan")
    return plan, proof


def _read(ws: Workspace, found: _Found) -> Plan:
    digest = ws.store.info(found.commit).trailers.get(branches.PLAN, "")
    data = branches.plan_in(ws.store.snapshot(found.commit), digest)
    if data is None:
        raise _edited(found, "it holds no plan")
    plan = decode(data, f"{found.branch}:{branches.PLANS}")
    if plan.digest != digest or not ws.store.has(plan.target.commit or ""):
        raise _edited(found, "its plan is another one")
    return plan


def _proof(ws: Workspace, found: _Found, plan: Plan) -> Proof | None:
    """The proof of its rehearsal that the branch carries, which has to be whole and of this very plan."""
    data = branches.proof_in(ws.store.snapshot(found.commit), plan.digest)
    if data is None:
        return None
    try:
        proof = keeping.decode(data, ws.keys)
    except SnapError as error:
        raise _edited(found, error.what) from error
    if not keeping.is_for(proof, plan):
        raise _edited(found, "the rehearsal that it carries was of another plan")
    return proof


def _edited(found: _Found, why: str) -> SnapError:
    fix = "it was edited, or the rules have changed, or this is another version: propose it again"
    text = f"the branch is not as `snap propose` makes it: {why}"
    return SnapError(text, where=f"{found.branch} {found.commit[:10]}", code=Exit.STALE, fix=fix)


def _require_agreement(ws: Workspace, found: _Found) -> None:
    rule, approvals = rule_of(ws.config.review), []
    if rule.require is Require.APPROVED and found.forge and found.request:
        approvals = found.forge.approvals(found.request)
    require_agreement(rule, found.request, found.commit, approvals)


# Telling how it went


@contextmanager
def _reporting(ws: Workspace, found: _Found, report: Report) -> Iterator[None]:
    """Say at the request that it is being applied, and why it was not where that fails."""
    _status(found, Verdict.PENDING, "is being applied", report)
    try:
        yield
    except SnapError as error:
        head = "Interrupted, not finished" if journal.unfinished(ws.journals) else "Not applied"
        _tell(found, Verdict.FAILURE, f"**{head}.** {code(error.what)}", f"{head}: {error.what}", report)
        raise


@contextmanager
def _saying_propose(plan: Plan) -> Iterator[None]:
    """A plan that was reviewed is made again by proposing it again."""
    try:
        yield
    except SnapError as error:
        if error.fix == AGAIN:
            error.fix = f"propose it again, for review again: `{branches.proposing(plan)}`"
        raise


def _tell(found: _Found, verdict: Verdict, text: str, line: str, report: Report) -> None:
    """As a commit status and in our comment. What is done is done, whether the forge hears of it or not."""
    _status(found, verdict, line, report)
    if found.forge and found.request:
        body = REDACTOR.redact(text, sealed=True)
        try:
            say(found.forge, found.request.number, body if len(body) < found.forge.limit - 100 else line)
        except SnapError as error:
            report(f"the request could not be told: {error}")


def _status(found: _Found, verdict: Verdict, text: str, report: Report) -> None:
    if found.forge is None:
        return
    try:
        line = " ".join(REDACTOR.redact(text, sealed=True).split())[:SHORTEST_STATUS]
        found.forge.set_status(found.commit, verdict, line)
    except SnapError as error:
        report(f"the commit status could not be set: {error}")


def _share(ws: Workspace, where: Remote, refs: Mapping[str, str], report: Report) -> None:
    """Push the snapshot of the result."""
    try:
        sync.push(ws.store, where, refs, {})
    except SnapError as error:
        report(f"the result is committed here, but could not be pushed: {error}")
