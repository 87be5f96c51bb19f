"""Who has to agree before a proposal is applied: ``[review]`` of the configuration. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from snapstore.config import Require, ReviewTable
from snapstore.errors import Exit, SnapError
from snapstore.rehearsal.proof import Proof
from snapstore.render.values import count
from snapstore.review.request import Approval, Request, State

_SHORT = 10


class Rule(NamedTuple):
    """What is required of a branch or a request; ``approvals`` is how many, where it is approvals."""

    require: Require
    approvals: int
    rehearsed: bool = False

    @property
    def words(self) -> str:
        """For the page that reviewers read."""
        return f"{self._agreement}, and a rehearsal that passed" if self.rehearsed else self._agreement

    @property
    def _agreement(self) -> str:
        if self.require is Require.MERGED:
            return "this request has to be merged"
        if self.require is Require.APPROVED:
            many = count(self.approvals, "approval")
            return f"{many} of exactly this commit, not by whoever opened the request"
        return "no approval"


def rule_of(review: ReviewTable) -> Rule:
    """The rule for what was proposed: approval, unless the configuration says otherwise."""
    return Rule(review.require or Require.APPROVED, review.approvals, review.rehearsed)


def require_rehearsal(rule: Rule, proof: Proof | None) -> None:
    """SnapError (refused) unless what has to be rehearsed was, and passed."""
    if rule.rehearsed and not (proof and proof.passed):
        fix = "`snap rehearse` it, then propose it again: `snap propose --rehearse REV` does both"
        raise _refused(f"its rehearsal {'did not pass' if proof else 'is missing'}", fix=fix)


def require_agreement(
    rule: Rule, request: Request | None, commit: str, approvals: Sequence[Approval] = ()
) -> None:
    """SnapError (refused) unless the rule is kept by the request at exactly this commit."""
    if rule.require is Require.NONE:
        return
    if request is None:
        fix = (
            "propose it again with a token for the forge; where nobody has to approve, set "
            '[review] require = "none", then propose it again'
        )
        raise _refused("there is no request for this branch, so that nobody can have approved it", fix=fix)
    if request.state is State.CLOSED:
        raise _refused("the request was closed", request, fix="propose it again, or have it opened again")
    if request.head != commit:
        text = f"the request is at {request.head[:_SHORT]}, the branch at {commit[:_SHORT]}"
        raise _refused(text, request, fix="run this again when the forge has caught up")
    if rule.require is Require.MERGED:
        if request.state is not State.MERGED:
            raise _refused("the request is not merged", request, fix="have it merged, then run this again")
        return
    _require_approvals(rule.approvals, request, commit, approvals)


def _require_approvals(least: int, request: Request, commit: str, approvals: Sequence[Approval]) -> None:
    others = [approval for approval in approvals if approval.who.casefold() != request.author.casefold()]
    good = {approval.who for approval in others if approval.commit == commit}
    if len(good) >= least:
        return
    why = [f"{approval.who} approved another commit" for approval in others if approval.who not in good]
    why += [f"{request.author} has opened it" for approval in approvals if approval not in others]
    said = f" ({'; '.join(why)})" if why else ""
    text = f"{count(len(good), 'approval')} of {commit[:_SHORT]}, {least} required{said}"
    raise _refused(text, request, fix="have it approved as it is now, then run this again")


def _refused(what: str, request: Request | None = None, *, fix: str) -> SnapError:
    where = request.url if request else ""
    return SnapError(f"not applied, nothing was changed: {what}", where=where, fix=fix, code=Exit.REFUSED)
