"""Requests on each forge: the life of one that was proposed, and what the client reads from them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from snapstore.config import Config, ReviewTable
from snapstore.config import Forge as Kind
from snapstore.errors import SnapError
from snapstore.review.forges import open_forge, request_number
from snapstore.review.request import MARK, Api, Approval, State, Verdict, say
from tests.review.conftest import Project
from tests.review.forge import REPOSITORY, Forge
from tests.review.servers import TOKEN
from tests.review.test_propose import propose


def api_of(forge: Forge, token: str = TOKEN) -> Api:
    prefix = {"github": "/api/v3", "gitea": "/api/v1", "gitlab": "/api/v4"}[forge.kind]
    review = ReviewTable(Kind(forge.kind), forge.url + prefix, REPOSITORY, token)
    root = forge.served.path
    found = open_forge(Config(root, root, root, "main", {}, remote=forge.served.url, review=review), {})
    assert found is not None
    return found


# Proposals


def test_the_life_of_a_request(shop: Project, forge: Forge):
    told = propose(shop, shop.old)
    (pull,) = forge.pulls
    assert told["url"] == api_of(forge).get(1).url
    assert (pull.head, pull.base, pull.title) == (told["branch"], "main", f"Go back to {shop.old[:10]} one")
    page = shop.served.git("show", f"{told['branch']}:plans/{str(told['plan'])[:12]}/PLAN.md")
    assert pull.body.strip() == page and forge.of() == []
    forge.sent.clear()
    assert propose(shop, shop.old) == {**told, "changed": False}
    assert [sent.method for sent in forge.sent if sent.method != "GET"] == []
    for text in ("three", "four"):
        shop.deploy(text)
        told = propose(shop, shop.old)
    assert len(forge.pulls) == 1 and str(told["plan"]) in pull.body
    (comment,) = forge.of()
    assert comment.startswith(MARK) and f"`{str(told['commit'])[:10]}`" in comment
    forge.close()
    other = propose(shop, shop.old)
    assert other["branch"] != told["branch"] and other["url"] != told["url"]
    assert [pull.head for pull in forge.pulls] == [told["branch"], other["branch"]]


def test_without_a_token_for_the_forge_the_branch_is_there_all_the_same(shop: Project):
    path = shop.snap.root / "snapstore.toml"
    url = shop.served.url.replace("http://", f"http://me:{TOKEN}@")
    path.write_text(path.read_text().replace(shop.served.url, url) + '[review]\nforge = "github"\n')
    done = shop.snap("propose", shop.old, "--json", code=0, env={"SNAPSTORE_TOKEN": ""})
    assert done.json["url"] is None and done.json["branch"] in "".join(shop.served.refs())
    assert "no request was opened" in done.stderr


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (REPOSITORY + '"', 'team/nowhere"', "the forge answers 404"),
        ("/api/", "/nothing/", "the forge answers 404"),
        ('api = "http://127.0.0.1:', 'api = "http://127.0.0.1:9#', "cannot be reached"),
    ],
)
def test_a_forge_that_fails_is_told_without_the_token(
    shop: Project, github: Forge, old: str, new: str, message: str
):
    path = shop.snap.root / "snapstore.toml"
    path.write_text(path.read_text().replace(old, new))
    done = shop.snap("propose", shop.old, "--debug", code=1)
    assert message in done.stderr
    assert TOKEN not in done.stdout + done.stderr


# The client


def opened(forge: Forge) -> tuple[Api, str]:
    """A request, and the commit at its head."""
    api = api_of(forge)
    assert api.open("rollback/x-1", "main", "title", "body").number == 1
    return api, forge.served.git("rev-parse", "rollback/x-1")


def test_requests_are_opened_found_edited_and_read(bare: Forge):
    api, commit = opened(bare)
    found = api.find("rollback/x-1")
    assert found == api.get(1) and found is not None
    assert (found.state, found.author, found.base, found.head) == (State.OPEN, "robot", "main", commit)
    assert api.find("rollback/x-2") is None
    api.edit(1, "other", "words")
    assert (bare.pulls[0].title, bare.pulls[0].body) == ("other", "words")
    with pytest.raises(SnapError, match="the forge answers 4"):
        api.open("rollback/x-1", "main", "title", "body")


def test_a_branch_of_a_fork_is_nobody_here(bare: Forge):
    api, _ = opened(bare)
    bare.pulls[0].repository = "evil/shop"
    assert api.find("rollback/x-1") is None


def test_a_merged_request_has_the_commit_that_was_merged(bare: Forge):
    api, commit = opened(bare)
    bare.merge()
    bare.push("rollback/x-1")
    assert (api.get(1).state, api.get(1).head) == (State.MERGED, commit)


def test_long_lists_are_read_whole_however_small_the_pages(bare: Forge):
    api, _ = opened(bare)
    bare.page = 7
    for number in range(60):
        bare.comments.append({"id": number, "number": 1, "body": f"{number}", "who": "ann"})
    assert [comment.body for comment in api.comments(1)] == [str(number) for number in range(60)]


def test_there_is_one_comment_and_a_mark_that_somebody_has_copied_is_not_taken_for_it(bare: Forge):
    api, _ = opened(bare)
    bare.comments.append({"id": 1, "number": 1, "body": f"{MARK} all is well", "who": "mallory"})
    for text in ("one", "two"):
        say(api, 1, text)
    assert bare.of() == [f"{MARK} all is well", f"{MARK}\ntwo"]


def test_statuses_are_set_at_a_commit_and_may_be_said_twice(bare: Forge):
    api, commit = opened(bare)
    for verdict in (Verdict.PENDING, Verdict.PENDING, Verdict.SUCCESS):
        api.set_status(commit, verdict, "text")
    assert bare.statuses[-1]["state"] == "success"
    assert {status["commit"] for status in bare.statuses} == {commit}


def test_approvals_name_who_gave_them_and_at_which_commit(bare: Forge):
    api, first = opened(bare)
    bare.approve("ann")
    assert api.approvals(api.get(1)) == [Approval("ann", first)]
    second = bare.push("rollback/x-1")
    assert api.approvals(api.get(1)) == [Approval("ann", first)]
    bare.approve("bob")
    assert api.approvals(api.get(1)) == [Approval("ann", first), Approval("bob", second)]
    bare.approve("ann")
    assert set(api.approvals(api.get(1))) == {Approval("ann", second), Approval("bob", second)}


def test_an_approval_that_was_taken_back_is_none(bare: Forge):
    api, _ = opened(bare)
    bare.approve("ann")
    bare.object("ann")
    assert api.approvals(api.get(1)) == []
    bare.approve("ann")
    if bare.kind == "gitea":
        bare.reviews[-1]["dismissed"] = True
        assert api.approvals(api.get(1)) == []


def test_an_objection_on_a_later_page_counts(bare: Forge):
    api, _ = opened(bare)
    bare.page = 3
    for _ in range(7):
        bare.approve("ann")
    bare.object("ann")
    assert api.approvals(api.get(1)) == []


def test_who_may_not_write_approves_nothing(bare: Forge):
    api, _ = opened(bare)
    bare.approve("eve")
    # GitLab lets nobody else approve.
    assert [approval.who for approval in api.approvals(api.get(1))] == ["eve"] * (bare.kind == "gitlab")


def test_a_wrong_token_is_told_without_it(bare: Forge):
    api = api_of(bare, "another-canary-4711")
    with pytest.raises(SnapError, match="the forge answers 401: Bad credentials") as caught:
        api.get(1)
    assert "another-canary-4711" not in str(caught.value) and "SNAPSTORE_TOKEN" in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "url", "number"),
    [
        (Kind.GITHUB, "https://github.com/team/shop/pull/12", 12),
        (Kind.GITHUB, "https://github.com/Team/Shop/pull/12/files", 12),
        (Kind.GITHUB, "https://github.com/other/shop/pull/12", None),
        (Kind.GITLAB, "https://gitlab.com/team/shop/-/merge_requests/3#note_1", 3),
        (Kind.GITEA, "https://codeberg.org/team/shop/pulls/4", 4),
        (Kind.GITEA, "https://codeberg.org/team/shop/issues/4", None),
        (Kind.GITHUB, "rollback/aaaaaaaaaa-1", None),
    ],
)
def test_the_address_of_a_request_is_recognised(kind: Kind, url: str, number: int | None):
    root = Path("/x")
    review = ReviewTable(kind)
    config = Config(root, root, root, "main", {}, remote="git@example.org:team/shop.git", review=review)
    assert request_number(config, url) == number


def test_no_token_goes_to_a_forge_in_clear():
    root = Path("/x")
    review = ReviewTable(Kind.GITEA, "http://git.example/api/v1", REPOSITORY, TOKEN)
    with pytest.raises(SnapError, match="in clear"):
        open_forge(Config(root, root, root, "main", {}, remote="https://git.example/t/s", review=review), {})


def test_without_the_extra_the_error_names_it(bare: Forge, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(SnapError, match="need the extra `review`") as caught:
        api_of(bare)
    assert "pip install 'snapstore[review]'" in str(caught.value)
