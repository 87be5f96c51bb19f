"""A proposal carries the proof of its rehearsal, and none that is of something else or was edited."""

from __future__ import annotations

import json

from snapstore.errors import Exit
from snapstore.model import PlanOptions, Scope
from snapstore.rehearsal import keeping
from snapstore.rehearsal.proof import Proof
from snapstore.rehearsal.rehearse import rehearse
from snapstore.review.propose import Proposal, propose
from tests.engine.conftest import new_place
from tests.review.conftest import SECRET, Project
from tests.review.test_apply import Shop, edit, one_byte, toys

__all__ = ["new_place", "toys"]


def rehearsed(shop: Shop) -> Proof:
    _, proof = rehearse(shop.place.ws, shop.old, Scope(), PlanOptions())
    assert proof is not None
    return proof


def place_of(proposal: Proposal) -> str:
    return f"plans/{proposal.plan.digest[:12]}/{keeping.FILE}"


def test_the_proof_is_in_the_branch_on_its_page_and_in_the_request(toys: Shop):
    proof = rehearsed(toys)
    proposal = toys.propose()
    assert proposal.proof == proof
    branch = str(proposal.branch)
    assert toys.forge.served.bytes("show", f"{branch}:{place_of(proposal)}") == keeping.encode(proof)
    page = toys.git("show", f"{branch}:plans/{proposal.plan.digest[:12]}/PLAN.md")
    (pull,) = toys.forge.pulls
    for text in (page, pull.body):
        assert f"### Rehearsal\n\nPassed on {proof.time}, snapstore {proof.snapstore}" in text
    toys.forge.approve("ann")
    assert toys.apply(branch).verified


def test_rehearsed_again_what_was_proposed_stays_as_it_was_approved(toys: Shop):
    rehearsed(toys)
    first = toys.propose()
    rehearsed(toys)
    again = toys.propose()
    assert (again.commit, again.changed) == (first.commit, False)


def test_a_proof_of_another_state_is_left_out_and_that_is_said(toys: Shop):
    rehearsed(toys)
    toys.place.put("web", {"v:x": {"n": 9}})
    said: list[str] = []
    proposal = propose(toys.place.ws, {}, toys.old, Scope(), PlanOptions(), said.append)
    assert proposal.proof is None
    assert [text for text in said if "without a rehearsal" in text and "another state" in text]


def test_an_edited_or_a_foreign_proof_is_refused_even_when_that_is_approved(toys: Shop):
    rehearsed(toys)
    proposal = toys.propose()
    original = toys.git("rev-parse", str(proposal.branch))

    def passed(content: bytes) -> bytes:
        return keeping.encode(keeping_of(content, snapstore="9.9"))

    for change in (one_byte, passed):
        edit(toys, proposal, place_of(proposal), change)
        toys.refused(proposal.branch, Exit.STALE, "proof|rehearsal")
        toys.git("update-ref", f"refs/heads/{proposal.branch}", original)
    toys.place.put("web", {"v:x": {"n": 9}})
    other = keeping.encode(rehearsed(toys))
    toys.place.put("web", {"v:x": {"n": 2}}, {"a/b": "new", "c": "come"})
    edit(toys, proposal, place_of(proposal), lambda content: other)
    toys.refused(proposal.branch, Exit.STALE, "was of another plan")


def keeping_of(content: bytes, **changes: object) -> Proof:
    import msgspec

    return msgspec.convert({**json.loads(content), **changes}, Proof)


def test_where_a_rehearsal_is_required_nothing_else_is_applied(toys: Shop):
    shop = toys.with_review(rehearsed=True)
    proposal = shop.propose()
    shop.forge.approve("ann")
    shop.refused(proposal.branch, Exit.REFUSED, "its rehearsal is missing")
    rehearsed(shop)
    again = shop.propose()
    assert again.changed
    shop.forge.approve("ann")
    assert shop.apply(again.branch).verified


def test_proposed_after_a_rehearsal_in_one_go(shop: Project):
    told = shop.snap("propose", "--rehearse", "HEAD~1", "--json", code=0).json
    assert told["rehearsed"] is True
    proof = shop.served.git("show", f"{told['branch']}:plans/{told['plan'][:12]}/{keeping.FILE}")
    assert json.loads(proof)["passed"]
    assert SECRET not in proof
