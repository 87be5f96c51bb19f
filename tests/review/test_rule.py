"""Who has to agree: every way in which a request can fall short of the rule."""

from __future__ import annotations

import pytest

from snapstore.config import Require, ReviewTable
from snapstore.errors import Exit, SnapError
from snapstore.review.request import Approval, Request, State
from snapstore.review.rule import Rule, require_agreement, rule_of

HEAD, OLD = "a" * 40, "b" * 40
OPEN = Request(1, "https://x/1", State.OPEN, "robot", "rollback/x-1", "main", HEAD)
MERGED = OPEN._replace(state=State.MERGED)
ONE, TWO = Rule(Require.APPROVED, 1), Rule(Require.APPROVED, 2)
MERGE = Rule(Require.MERGED, 1)
ANN, BOB = Approval("ann", HEAD), Approval("bob", HEAD)


@pytest.mark.parametrize(
    ("rule", "request_", "approvals"),
    [
        (ONE, OPEN, [ANN]),
        (ONE, MERGED, [ANN]),
        (ONE, OPEN, [ANN, Approval("robot", HEAD)]),
        (TWO, OPEN, [ANN, BOB]),
        (MERGE, MERGED, []),
        (Rule(Require.NONE, 1), None, []),
        (Rule(Require.NONE, 1), OPEN, []),
    ],
)
def test_what_is_agreed_on_passes(rule: Rule, request_: Request | None, approvals: list[Approval]):
    require_agreement(rule, request_, HEAD, approvals)


@pytest.mark.parametrize(
    ("rule", "request_", "approvals", "message"),
    [
        (ONE, None, [ANN], "there is no request for this branch"),
        (ONE, OPEN, [], "0 approvals of aaaaaaaaaa, 1 required"),
        (ONE, OPEN, [Approval("ann", OLD)], "ann approved another commit"),
        (ONE, OPEN, [Approval("ann", "")], "ann approved another commit"),
        (ONE, OPEN, [Approval("Robot", HEAD)], "robot has opened it"),
        (TWO, OPEN, [ANN], "1 approval of aaaaaaaaaa, 2 required"),
        (TWO, OPEN, [ANN, ANN], "1 approval of aaaaaaaaaa, 2 required"),
        (TWO, OPEN, [ANN, Approval("bob", OLD)], "bob approved another commit"),
        (ONE, OPEN._replace(state=State.CLOSED), [ANN], "was closed"),
        (ONE, OPEN._replace(head=OLD), [ANN], "the request is at bbbbbbbbbb, the branch at aaaaaaaaaa"),
        (MERGE, OPEN, [ANN, BOB], "is not merged"),
        (MERGE, MERGED._replace(head=OLD), [], "the request is at bbbbbbbbbb"),
        (MERGE, OPEN._replace(state=State.CLOSED), [], "was closed"),
        (MERGE, None, [], "there is no request"),
    ],
)
def test_what_is_not_agreed_on_is_refused_with_the_reason(
    rule: Rule, request_: Request | None, approvals: list[Approval], message: str
):
    with pytest.raises(SnapError, match=message) as caught:
        require_agreement(rule, request_, HEAD, approvals)
    assert caught.value.code is Exit.REFUSED


def test_approval_is_required_unless_said_otherwise():
    assert rule_of(ReviewTable()) == ONE
    assert rule_of(ReviewTable(require=Require.MERGED, approvals=3)) == Rule(Require.MERGED, 3)
    assert TWO.words == "2 approvals of exactly this commit, not by whoever opened the request"
