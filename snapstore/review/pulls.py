"""GitHub and Gitea (Forgejo): the second took over the first one's interface, but for some words.

GitHub: https://docs.github.com/rest (version 2022-11-28); Gitea: the /swagger of any instance.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import quote

from snapstore.config import Forge
from snapstore.render import review
from snapstore.review.client import Client, Refused
from snapstore.review.request import STATUS, Approval, Comment, Issue, Request, State, Verdict


class _Words(NamedTuple):
    """Where the two differ."""

    size: str
    objections: frozenset[str]
    limit: int
    whole_comments: bool
    """Whether comments come all at once, whatever page is asked for."""


_WORDS = {
    Forge.GITHUB: _Words("per_page", frozenset({"CHANGES_REQUESTED", "DISMISSED"}), review.GITHUB, False),
    Forge.GITEA: _Words("limit", frozenset({"REQUEST_CHANGES"}), review.GITLAB, True),
}
_APPROVED = "APPROVED"
_WRITERS = frozenset({"write", "admin", "owner"})


class Pulls:
    """An ``Api``: the pull requests of ``owner/name``."""

    def __init__(self, client: Client, repository: str, forge: Forge) -> None:
        self._client = client
        self._path = f"/repos/{repository}"
        self._owner = repository.partition("/")[0]
        self._words = _WORDS[forge]
        self.limit = self._words.limit

    def find(self, branch: str) -> Request | None:
        query = {"state": "all"}
        if self._words.size == "per_page":
            query["head"] = f"{self._owner}:{branch}"
        pulls = self._client.pages(f"{self._path}/pulls", self._words.size, **query)
        found = [_request(pull) for pull in pulls if self._is_ours(pull, branch)]
        return max(found, key=lambda request: (request.state is State.OPEN, request.number), default=None)

    def _is_ours(self, pull: Any, branch: str) -> bool:
        """From this repository: a fork may have a branch of the same name."""
        of = pull["head"].get("repo") or {}
        repository = self._path.removeprefix("/repos/").casefold()
        return bool(pull["head"]["ref"] == branch and of.get("full_name", "").casefold() == repository)

    def get(self, number: int) -> Request:
        return _request(self._client.get(f"{self._path}/pulls/{number}"))

    def open(self, branch: str, base: str, title: str, body: str) -> Request:
        wanted = {"head": branch, "base": base, "title": title, "body": body}
        return _request(self._client.post(f"{self._path}/pulls", wanted))

    def edit(self, number: int, title: str, body: str) -> None:
        self._client.patch(f"{self._path}/pulls/{number}", {"title": title, "body": body})

    def comments(self, number: int) -> list[Comment]:
        path = f"{self._path}/issues/{number}/comments"
        whole = self._words.whole_comments
        found = self._client.get(path) if whole else self._client.pages(path, self._words.size)
        return [Comment(comment["id"], comment["body"] or "") for comment in found]

    def add_comment(self, number: int, body: str) -> None:
        self._client.post(f"{self._path}/issues/{number}/comments", {"body": body})

    def edit_comment(self, number: int, comment: int, body: str) -> None:
        self._client.patch(f"{self._path}/issues/comments/{comment}", {"body": body})

    def set_status(self, commit: str, verdict: Verdict, text: str) -> None:
        body = {"state": verdict.value, "context": STATUS, "description": text}
        self._client.post(f"{self._path}/statuses/{commit}", body)

    def approvals(self, request: Request) -> list[Approval]:
        last: dict[str, Approval | None] = {}
        for found in self._client.pages(f"{self._path}/pulls/{request.number}/reviews", self._words.size):
            who = (found.get("user") or {}).get("login", "")
            if found["state"] == _APPROVED and not found.get("dismissed"):
                last[who] = Approval(who, found["commit_id"] or "")
            elif found["state"] == _APPROVED or found["state"] in self._words.objections:
                last[who] = None
        return [approval for approval in last.values() if approval and self._may_write(approval.who)]

    def _may_write(self, who: str) -> bool:
        """Anybody may approve what they can read: in a public repository, anybody at all."""
        if not who:
            return False
        try:
            found = self._client.get(f"{self._path}/collaborators/{quote(who, safe='')}/permission")
        except Refused as error:
            if error.status == 404:  # no such user any more
                return False
            raise
        return found["permission"] in _WRITERS

    def issues(self, title: str) -> list[Issue]:
        query = {"state": "open"} | ({"type": "issues"} if self._words.whole_comments else {})
        found = self._client.pages(f"{self._path}/issues", self._words.size, **query)
        return [_issue(issue) for issue in found if not issue.get("pull_request")]

    def open_issue(self, title: str, body: str) -> Issue:
        return _issue(self._client.post(f"{self._path}/issues", {"title": title, "body": body}))

    def edit_issue(self, number: int, body: str, *, close: bool = False) -> None:
        wanted = {"body": body, "state": "closed" if close else "open"}
        self._client.patch(f"{self._path}/issues/{number}", wanted)


def _issue(issue: Any) -> Issue:
    return Issue(issue["number"], issue["html_url"], issue["title"], issue["body"] or "")


def _request(pull: Any) -> Request:
    merged = pull.get("merged") or pull.get("merged_at")
    state = State.MERGED if merged else State(pull["state"])
    author = (pull.get("user") or {}).get("login", "")
    head, base = pull["head"], pull["base"]["ref"]
    return Request(pull["number"], pull["html_url"], state, author, head["ref"], base, head["sha"])
