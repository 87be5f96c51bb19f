"""``snap apply`` of a proposal: exactly what was approved, or nothing at all, and everybody is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from snapstore.config import Forge as Kind
from snapstore.config import Require, ReviewTable
from snapstore.errors import Exit, SnapError
from snapstore.model import PlanOptions, Scope
from snapstore.restored import RestoreResult
from snapstore.review.apply import apply
from snapstore.review.propose import Proposal, propose
from tests.engine.conftest import Place, change_everything, new_place
from tests.review.conftest import KINDS, Project
from tests.review.forge import REPOSITORY, Forge, running
from tests.review.servers import TOKEN, Served, repository
from tests.review.test_propose import propose as propose_as_user

__all__ = ["new_place"]


@dataclass(frozen=True)
class Shop:
    """Toys with a remote and a forge. ``old`` is the commit to go back to, and what was live then."""

    place: Place
    forge: Forge
    old: str
    live: dict[str, Any]

    def propose(self, *patterns: str) -> Proposal:
        return propose(self.place.ws, {}, self.old, Scope(patterns), PlanOptions())

    def apply(self, what: str | None, allow: tuple[Any, ...] = ()) -> RestoreResult:
        assert what is not None
        return apply(self.place.ws, {}, what, allow, None)

    def refused(self, what: str | None, code: Exit, message: str) -> None:
        """Applying it fails so, and nothing has changed."""
        before = self.place.everything()
        with pytest.raises(SnapError, match=message) as caught:
            self.apply(what)
        assert caught.value.code is code
        assert self.place.everything() == before

    def with_review(self, **changes: Any) -> Shop:
        review = msgspec.structs.replace(self.place.config.review, **changes)
        return Shop(self.place.with_config(review=review), self.forge, self.old, self.live)

    @property
    def git(self) -> Callable[..., str]:
        return self.forge.served.git


@pytest.fixture(params=["github"])
def toys(request: pytest.FixtureRequest, new_place: Callable[..., Place], tmp_path: Path) -> Iterator[Shop]:
    kind = request.param
    served = Served(repository(tmp_path / "shop.git"), str(tmp_path / "shop.git"))
    with running(kind, served) as forge:
        review = ReviewTable(Kind(kind), forge.url + KINDS[kind], REPOSITORY, TOKEN)
        place = new_place(remote=served.url, review=review)
        old, _ = change_everything(place)
        now = place.everything()
        place.restore(old)
        then = place.everything()
        place.restore("HEAD~1")
        assert place.everything() == now
        yield Shop(place, forge, old, then)


everywhere = pytest.mark.parametrize("toys", KINDS, indirect=True)


@everywhere
def test_an_approved_proposal_is_applied_and_everybody_is_told(toys: Shop):
    proposal = toys.propose()
    toys.refused(proposal.branch, Exit.REFUSED, "0 approvals of .* 1 required")
    toys.forge.permissions["robot"] = "admin"
    toys.forge.approve("robot")
    toys.refused(proposal.branch, Exit.REFUSED, "robot has opened it")
    assert toys.forge.of() == [] and toys.forge.statuses == []
    toys.forge.approve("ann")
    result = toys.apply(proposal.branch)
    assert result.verified and result.plan == proposal.plan
    assert toys.place.everything() == toys.live
    states = [(status["commit"], status["state"]) for status in toys.forge.statuses]
    pending = "running" if toys.forge.kind == "gitlab" else "pending"
    assert states == [(proposal.commit, pending), (proposal.commit, "success")]
    (comment,) = toys.forge.of()
    assert "**Applied and verified.**" in comment and (result.safety or "x")[:10] in comment
    assert toys.git("rev-parse", "main") == result.commit


def test_it_is_applied_by_the_address_of_its_request(toys: Shop):
    proposal = toys.propose()
    toys.forge.approve("ann")
    elsewhere = (proposal.url or "").replace("127.0.0.1", "localhost")
    toys.refused(elsewhere, Exit.ERROR, "the store's remote is another one")
    toys.refused(f"{toys.forge.url}/{REPOSITORY}/issues/1", Exit.ERROR, "no request that can be looked up")
    assert toys.apply(proposal.url).verified


@everywhere
def test_an_approval_of_an_older_commit_does_not_count(toys: Shop):
    first = toys.propose()
    toys.forge.approve("ann")
    toys.place.put("db", {"t:c": {"x": 9}}, {"one": "2"})
    second = toys.propose()
    assert (second.branch, second.changed) == (first.branch, True)
    toys.refused(second.branch, Exit.REFUSED, "ann approved another commit")
    toys.forge.approve("ann")
    assert toys.apply(second.branch).verified


def edit(toys: Shop, proposal: Proposal, path: str, change: Callable[[bytes], bytes]) -> None:
    """Put a commit with another file on the branch, as somebody would who can push, and have it approved."""
    ref, parent = f"refs/heads/{proposal.branch}", toys.git("rev-parse", f"{proposal.branch}^")
    served = toys.forge.served
    content = change(served.bytes("show", f"{proposal.branch}:{path}"))
    index = {"GIT_INDEX_FILE": str(served.path / "edited")}
    blob = served.bytes("hash-object", "-w", "--stdin", input=content).decode().strip()
    served.bytes("read-tree", str(proposal.branch), env=index)
    served.bytes("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", env=index)
    tree = served.bytes("write-tree", env=index).decode().strip()
    message = toys.git("log", "-1", "--format=%B", str(proposal.branch))
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    edited = served.git(*identity, "commit-tree", tree, "-p", parent, "-m", message)
    toys.git("update-ref", ref, edited)
    toys.forge.approve("ann")


def one_byte(content: bytes) -> bytes:
    place = len(content) // 2
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def test_what_was_edited_is_not_applied_even_when_that_is_approved(toys: Shop):
    proposal = toys.propose()
    folder = f"plans/{proposal.plan.digest[:12]}"
    original = toys.git("rev-parse", str(proposal.branch))
    for path, change, message in (
        (f"{folder}/plan.json", lambda text: text.replace(b'"update', b'"upgrade', 1) + b" ", "edited after"),
        (f"{folder}/plan.json", lambda text: text.replace(b"t:c", b"t:d", 1), "edited after"),
        (f"{folder}/PLAN.md", one_byte, "its page or its state is not that of its plan"),
        (f"{folder}/plan.sql", one_byte, "its page or its state"),
        ("db/files/one", lambda text: b"7", "its page or its state"),
    ):
        edit(toys, proposal, path, change)
        toys.refused(proposal.branch, Exit.STALE, message)
        toys.git("update-ref", f"refs/heads/{proposal.branch}", original)
    toys.forge.approve("ann")
    assert toys.apply(proposal.branch).verified


def test_another_plan_under_the_page_of_an_approved_one_is_not_applied(toys: Shop):
    """The plan and its digest fit together, but reviewers have read of another."""
    other = toys.propose("db")
    whole = toys.propose()
    folder = f"plans/{whole.plan.digest[:12]}"
    smuggled = toys.forge.served.bytes("show", f"{other.branch}:plans/{other.plan.digest[:12]}/plan.json")
    edit(toys, whole, f"{folder}/plan.json", lambda text: smuggled)
    toys.refused(whole.branch, Exit.STALE, "its plan is another one")


def test_a_plan_that_is_stale_is_refused_with_what_has_moved(toys: Shop):
    proposal = toys.propose()
    toys.forge.approve("ann")
    toys.place.put("web", {"v:x": {"n": 3}}, {"a/b": "new", "c": "come"})
    again = f"snap propose {proposal.plan.target.commit[:10]}`"
    toys.refused(proposal.branch, Exit.STALE, f"(?s)moved on since the plan was made: web:v:x.*{again}")
    (comment,) = toys.forge.of()
    assert "**Not applied.**" in comment and "web:v:x" in comment
    assert (
        toys.forge.statuses[-1]["state"] == "failure" and "web:v:x" in toys.forge.statuses[-1]["description"]
    )


def test_what_was_carried_out_already_is_said_to_be(toys: Shop):
    proposal = toys.propose()
    toys.forge.approve("ann")
    toys.apply(proposal.branch)
    toys.refused(proposal.branch, Exit.STALE, "nothing is left to do")


def test_a_merge_may_be_what_is_required(toys: Shop):
    shop = toys.with_review(require=Require.MERGED)
    proposal = shop.propose()
    shop.forge.approve("ann")
    shop.refused(proposal.branch, Exit.REFUSED, "is not merged")
    shop.forge.merge()
    shop.git("update-ref", "-d", f"refs/heads/{proposal.branch}")
    result = shop.apply(proposal.url)
    assert result.verified and shop.place.everything() == shop.live
    history = shop.git("rev-list", "main").split()
    assert history[0] == result.commit and proposal.commit in history
    assert "plans" not in shop.git("ls-tree", "--name-only", "main").split()
    names = ("db", "web", "snapshot.json")
    assert [shop.git("rev-parse", f"main:{name}") for name in names] == [
        shop.git("rev-parse", f"{shop.old}:{name}") for name in names
    ]


def test_a_request_that_was_turned_down_is_not_applied(toys: Shop):
    proposal = toys.propose()
    toys.forge.approve("ann")
    toys.forge.close()
    toys.refused(proposal.branch, Exit.REFUSED, "was closed")


def test_where_a_rule_is_set_a_file_is_not_enough(toys: Shop, tmp_path: Path):
    from snapstore.plan import encode

    saved = tmp_path / "back.plan"
    saved.write_bytes(encode(toys.propose().plan))
    toys.with_review(require=Require.APPROVED).refused(str(saved), Exit.REFUSED, "a file carries no approval")
    assert toys.with_review(require=Require.NONE).apply(str(saved)).verified


def test_without_a_rule_a_branch_needs_no_forge(toys: Shop):
    proposal = toys.propose()
    shop = toys.with_review(token=None)
    shop.refused(proposal.branch, Exit.REFUSED, "there is no request")
    free = shop.with_review(require=Require.NONE)
    free.refused(proposal.branch, Exit.STALE, "or the rules have changed")  # the page says what is required
    assert free.apply(free.propose().branch).verified


def test_only_the_resources_that_were_proposed_change(toys: Shop):
    before = toys.place.everything()
    proposal = toys.propose("db")
    toys.forge.approve("ann")
    assert toys.apply(proposal.branch).verified
    assert toys.place.get("web") == before["web"] and toys.place.get("db") == toys.live["db"]


def test_a_forge_that_fails_afterwards_takes_nothing_back(toys: Shop, monkeypatch: pytest.MonkeyPatch):
    proposal = toys.propose()
    toys.forge.approve("ann")
    answer = toys.forge.answer
    monkeypatch.setattr(
        Forge,
        "answer",
        lambda self, sent: answer(sent) if sent.method == "GET" else (500, {"message": "down"}),
    )
    said: list[str] = []
    result = apply(toys.place.ws, {}, str(proposal.branch), (), None, said.append)
    assert result.verified and toys.place.everything() == toys.live
    assert [text for text in said if "could not be told" in text and "down" in text]


def test_a_branch_that_is_not_there_is_told(toys: Shop):
    toys.propose()
    toys.refused("rollback/0000000000-1", Exit.ERROR, "there is no branch rollback/0000000000-1")
    toys.refused("nothing-of-the-kind", Exit.ERROR, "cannot be read")


def test_the_whole_way_as_a_user_goes_it(shop: Project, github: Forge):
    told = propose_as_user(shop, shop.old)
    assert shop.snap("apply", str(told["branch"]), "--yes", code=3).stdout == ""
    github.approve("ann")
    done = shop.snap("apply", str(told["branch"]), "--yes", "--json", code=0)
    assert done.json["verified"] and done.json["plan"] == told["plan"]
    assert (shop.snap.root / "dist" / "app.js").read_text() == "one\n"
    assert shop.snap("status", code=0).code == 0
    assert TOKEN not in done.stdout + done.stderr + str(github.comments)


def test_a_part_of_a_plan_that_nobody_reads_cannot_be_another_one(toys: Shop, tmp_path: Path):
    """What adapters carry out is more than the statements that reviewers see."""
    from snapstore.plan import digest, encode

    plan = toys.propose().plan
    payload = {"fact": {"id": "t:a", "attrs": {"x": 666}, "parent": None, "needs": []}}
    forged = [msgspec.structs.replace(a, payload=payload) if a.subject == "t:a" else a for a in plan.actions]
    assert forged != plan.actions
    plan = msgspec.structs.replace(plan, actions=forged)
    saved = tmp_path / "forged.plan"
    saved.write_bytes(encode(msgspec.structs.replace(plan, digest=digest(plan))))
    toys.refused(str(saved), Exit.STALE, "the plan would be another one")
