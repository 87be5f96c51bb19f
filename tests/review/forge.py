"""Forges on loopback that remember: requests of a real repository, comments, reviews and commit statuses.

They speak as GitHub, GitLab and Gitea do, as far as we listen, and keep every request that they were sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.review.servers import TOKEN, Served
from tests.serving import Handler, serving

REPOSITORY = "team/shop"


@dataclass
class Sent:
    """A request as it came in."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]


@dataclass
class Pull:
    number: int
    title: str
    body: str
    head: str
    base: str
    author: str
    state: str = "open"
    merged_head: str = ""
    repository: str = REPOSITORY


@dataclass
class Forge:
    """The state of one; ``kind`` is how it speaks. Whoever holds the token is ``robot``."""

    kind: str
    served: Served
    url: str = ""
    page: int = 50
    pulls: list[Pull] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    reviews: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    versions: list[dict[str, Any]] = field(default_factory=list)
    permissions: dict[str, str] = field(default_factory=lambda: {"ann": "write", "bob": "admin"})
    sent: list[Sent] = field(default_factory=list)
    clock: datetime = datetime(2026, 11, 26, tzinfo=UTC)

    # What people do

    def approve(self, who: str, number: int = 1, commit: str | None = None) -> None:
        self._review(who, number, "APPROVED", commit)

    def object(self, who: str, number: int = 1) -> None:
        words = {"github": "CHANGES_REQUESTED", "gitea": "REQUEST_CHANGES", "gitlab": "UNAPPROVED"}
        self._review(who, number, words[self.kind], None)

    def merge(self, number: int = 1) -> None:
        pull = self.pull(number)
        pull.merged_head = self.head(pull)
        self.served.git("update-ref", f"refs/heads/{pull.base}", pull.merged_head)
        pull.state = "merged"

    def close(self, number: int = 1) -> None:
        self.pull(number).state = "closed"

    def _review(self, who: str, number: int, state: str, commit: str | None) -> None:
        seen = commit or self.head(self.pull(number))
        self.look()
        self.reviews.append(
            {"who": who, "number": number, "state": state, "commit": seen, "time": self.tick()}
        )

    def look(self) -> None:
        """Notice pushes, as a forge does at once: a new version of each request whose branch has moved."""
        for pull in self.pulls:
            head = self.head(pull)
            known = [version for version in self.versions if version["number"] == pull.number]
            if not known or known[-1]["head"] != head:
                self.versions.append({"number": pull.number, "head": head, "time": self.tick()})

    def tick(self) -> str:
        self.clock += timedelta(seconds=1)
        return self.clock.isoformat().replace("+00:00", "Z")

    def pull(self, number: int) -> Pull:
        return self.pulls[number - 1]

    def head(self, pull: Pull) -> str:
        return pull.merged_head or self.served.refs()[f"refs/heads/{pull.head}"]

    def of(self, number: int = 1) -> list[str]:
        """The comments on a request."""
        return [comment["body"] for comment in self.comments if comment["number"] == number]

    def push(self, branch: str) -> str:
        """Put one more commit on a branch; its id."""
        tip = self.served.refs().get(f"refs/heads/{branch}")
        empty = self.served.git("mktree")
        words = ["-c", "user.name=x", "-c", "user.email=x@example.org", "commit-tree", empty, "-m", branch]
        commit = self.served.git(*words, *(["-p", tip] if tip else []))
        self.served.git("update-ref", f"refs/heads/{branch}", commit)
        return commit

    # What programs ask

    def answer(self, sent: Sent) -> tuple[int, Any]:
        prefix = {"github": "/api/v3", "gitea": "/api/v1", "gitlab": "/api/v4"}[self.kind]
        given = sent.headers.get("private-token") or sent.headers.get("authorization", "").split(" ")[-1]
        if given != TOKEN:
            return 401, {"message": "Bad credentials"}
        self.look()
        for method, pattern, answer in _GITLAB if self.kind == "gitlab" else _PULLS:
            found = re.fullmatch(prefix + pattern, sent.path)
            if found and method == sent.method:
                return answer(self, sent, *found.groups())
        return 404, {"message": "Not Found"}

    def open(self, body: Any, head: str, base: str) -> Pull | None:
        if any(pull.head == body[head] and pull.state == "open" for pull in self.pulls):
            return None
        text = body.get("body", body.get("description", ""))
        pull = Pull(len(self.pulls) + 1, body["title"], text, body[head], body[base], "robot")
        self.pulls.append(pull)
        self.look()
        return pull


Answer = Callable[..., tuple[int, Any]]


# GitHub and Gitea


def _pull(forge: Forge, pull: Pull) -> dict[str, Any]:
    merged = pull.state == "merged"
    return {
        "number": pull.number,
        "html_url": f"{forge.url}/{REPOSITORY}/{'pull' if forge.kind == 'github' else 'pulls'}/{pull.number}",
        "state": "closed" if merged else pull.state,
        "merged": merged,
        "merged_at": forge.tick() if merged else None,
        "title": pull.title,
        "body": pull.body,
        "user": {"login": pull.author},
        "head": {"ref": pull.head, "sha": forge.head(pull), "repo": {"full_name": pull.repository}},
        "base": {"ref": pull.base},
    }


def _list_pulls(forge: Forge, sent: Sent) -> tuple[int, Any]:
    wanted = sent.query.get("head", "").partition(":")[2] if forge.kind == "github" else ""
    return 200, [_pull(forge, pull) for pull in forge.pulls if not wanted or pull.head == wanted]


def _open_pull(forge: Forge, sent: Sent) -> tuple[int, Any]:
    pull = forge.open(sent.body, "head", "base")
    if pull is None:
        return 422, {"message": "Validation Failed", "errors": [{"message": "A pull request already exists"}]}
    return 201, _pull(forge, pull)


def _get_pull(forge: Forge, sent: Sent, number: str) -> tuple[int, Any]:
    return 200, _pull(forge, forge.pull(int(number)))


def _edit_pull(forge: Forge, sent: Sent, number: str) -> tuple[int, Any]:
    pull = forge.pull(int(number))
    pull.title, pull.body = sent.body["title"], sent.body["body"]
    return 200, _pull(forge, pull)


def _list_comments(forge: Forge, sent: Sent, number: str) -> tuple[int, Any]:
    return 200, [c for c in forge.comments if c["number"] == int(number)]


def _add_comment(forge: Forge, sent: Sent, number: str) -> tuple[int, Any]:
    comment = {
        "id": 100 + len(forge.comments),
        "number": int(number),
        "body": sent.body["body"],
        "who": "robot",
    }
    forge.comments.append(comment)
    return 201, comment


def _edit_comment(forge: Forge, sent: Sent, id: str) -> tuple[int, Any]:
    comment = next(c for c in forge.comments if c["id"] == int(id))
    if comment["who"] != "robot":
        return 403, {"message": "Must have admin rights"}
    comment["body"] = sent.body["body"]
    return 200, comment


def _list_reviews(forge: Forge, sent: Sent, number: str) -> tuple[int, Any]:
    return 200, [
        {
            "id": place,
            "user": {"login": review["who"]},
            "state": review["state"],
            "commit_id": review["commit"],
            "dismissed": review.get("dismissed", False),
        }
        for place, review in enumerate(forge.reviews)
        if review["number"] == int(number)
    ]


def _permission(forge: Forge, sent: Sent, who: str) -> tuple[int, Any]:
    return 200, {"permission": forge.permissions.get(unquote(who), "read")}


def _status(forge: Forge, sent: Sent, commit: str) -> tuple[int, Any]:
    forge.statuses.append({"commit": commit, **sent.body})
    return 201, sent.body


def _list_issues(forge: Forge, sent: Sent) -> tuple[int, Any]:
    pulls = [{"number": 900, "pull_request": {"url": "x"}, "title": "a pull request", "body": None}]
    found = [issue for issue in forge.issues if issue["state"] == "open"]
    return 200, [*(pulls if forge.kind == "github" else []), *found]


def _open_issue(forge: Forge, sent: Sent) -> tuple[int, Any]:
    number = len(forge.issues) + 1
    place = f"{forge.url}/{REPOSITORY}/issues/{number}"
    text = sent.body.get("body", sent.body.get("description"))
    issue = {"number": number, "iid": number, "html_url": place, "web_url": place, "state": "open"}
    forge.issues.append({**issue, "title": sent.body["title"], "body": text, "description": text})
    return 201, forge.issues[-1]


def _edit_issue(forge: Forge, sent: Sent, number: str) -> tuple[int, Any]:
    issue = forge.issues[int(number) - 1]
    text = sent.body.get("body", sent.body.get("description"))
    ended = sent.body.get("state") == "closed" or sent.body.get("state_event") == "close"
    issue.update(body=text, description=text, state="closed" if ended else "open")
    return 200, issue


_REPO = f"/repos/{REPOSITORY}"
_PULLS: list[tuple[str, str, Answer]] = [
    ("GET", f"{_REPO}/pulls", _list_pulls),
    ("POST", f"{_REPO}/pulls", _open_pull),
    ("GET", rf"{_REPO}/pulls/(\d+)", _get_pull),
    ("PATCH", rf"{_REPO}/pulls/(\d+)", _edit_pull),
    ("GET", rf"{_REPO}/pulls/(\d+)/reviews", _list_reviews),
    ("GET", rf"{_REPO}/issues/(\d+)/comments", _list_comments),
    ("POST", rf"{_REPO}/issues/(\d+)/comments", _add_comment),
    ("PATCH", rf"{_REPO}/issues/comments/(\d+)", _edit_comment),
    ("POST", rf"{_REPO}/statuses/([0-9a-f]{{40}})", _status),
    ("GET", f"{_REPO}/issues", _list_issues),
    ("POST", f"{_REPO}/issues", _open_issue),
    ("PATCH", rf"{_REPO}/issues/(\d+)", _edit_issue),
    ("GET", rf"{_REPO}/collaborators/([^/]+)/permission", _permission),
]


# GitLab


def _merge(forge: Forge, pull: Pull) -> dict[str, Any]:
    return {
        "iid": pull.number,
        "web_url": f"{forge.url}/{REPOSITORY}/-/merge_requests/{pull.number}",
        "state": {"open": "opened"}.get(pull.state, pull.state),
        "title": pull.title,
        "description": pull.body,
        "author": {"username": pull.author},
        "source_branch": pull.head,
        "target_branch": pull.base,
        "source_project_id": 1 if pull.repository == REPOSITORY else 2,
        "target_project_id": 1,
        "sha": forge.head(pull),
    }


def _list_merges(forge: Forge, sent: Sent) -> tuple[int, Any]:
    return 200, [_merge(forge, pull) for pull in forge.pulls if pull.head == sent.query["source_branch"]]


def _open_merge(forge: Forge, sent: Sent) -> tuple[int, Any]:
    pull = forge.open(sent.body, "source_branch", "target_branch")
    return (409, {"message": ["Another open merge request"]}) if pull is None else (201, _merge(forge, pull))


def _get_merge(forge: Forge, sent: Sent, number: str) -> tuple[int, Any]:
    return 200, _merge(forge, forge.pull(int(number)))


def _edit_merge(forge: Forge, sent: Sent, number: str) -> tuple[int, Any]:
    pull = forge.pull(int(number))
    pull.title, pull.body = sent.body["title"], sent.body["description"]
    return 200, _merge(forge, pull)


def _notes(forge: Forge, sent: Sent, number: str) -> tuple[int, Any]:
    texts = {"APPROVED": "approved this merge request", "UNAPPROVED": "unapproved this merge request"}
    said = [
        {"id": c["id"], "system": False, "body": c["body"], "author": {"username": c["who"]}}
        for c in _list_comments(forge, sent, number)[1]
    ]
    done = [
        {
            "id": 1000 + place,
            "system": True,
            "body": texts[review["state"]],
            "author": {"username": review["who"]},
            "created_at": review["time"],
        }
        for place, review in enumerate(forge.reviews)
    ]
    return 200, [*said, *done]


def _edit_note(forge: Forge, sent: Sent, number: str, id: str) -> tuple[int, Any]:
    return _edit_comment(forge, sent, id)


def _approvals(forge: Forge, sent: Sent, number: str) -> tuple[int, Any]:
    last = {review["who"]: review["state"] for review in forge.reviews}
    names = [who for who, state in last.items() if state == "APPROVED"]
    return 200, {"approved_by": [{"user": {"username": who}} for who in names]}


def _versions(forge: Forge, sent: Sent, number: str) -> tuple[int, Any]:
    found = [
        {"id": place, "head_commit_sha": version["head"], "created_at": version["time"]}
        for place, version in enumerate(forge.versions)
        if version["number"] == int(number)
    ]
    return 200, found[::-1]


def _gitlab_status(forge: Forge, sent: Sent, commit: str) -> tuple[int, Any]:
    same = [s for s in forge.statuses if s["commit"] == commit][-1:]
    if same and same[0]["state"] == sent.body["state"]:
        return 400, {"message": "Cannot transition status via :run from :running"}
    return _status(forge, sent, commit)


_PROJECT = "/projects/team%2Fshop"
_MERGE = rf"{_PROJECT}/merge_requests/(\d+)"
_GITLAB: list[tuple[str, str, Answer]] = [
    ("GET", f"{_PROJECT}/merge_requests", _list_merges),
    ("POST", f"{_PROJECT}/merge_requests", _open_merge),
    ("GET", _MERGE, _get_merge),
    ("PUT", _MERGE, _edit_merge),
    ("GET", f"{_MERGE}/notes", _notes),
    ("POST", f"{_MERGE}/notes", _add_comment),
    ("PUT", rf"{_MERGE}/notes/(\d+)", _edit_note),
    ("GET", f"{_MERGE}/approvals", _approvals),
    ("GET", f"{_MERGE}/versions", _versions),
    ("GET", f"{_PROJECT}/issues", _list_issues),
    ("POST", f"{_PROJECT}/issues", _open_issue),
    ("PUT", rf"{_PROJECT}/issues/(\d+)", _edit_issue),
    ("POST", rf"{_PROJECT}/statuses/([0-9a-f]{{40}})", _gitlab_status),
]


# HTTP


@contextmanager
def running(kind: str, served: Served) -> Iterator[Forge]:
    forge = Forge(kind, served)
    with serving(_handler(forge)) as port:
        forge.url = f"http://127.0.0.1:{port}"
        yield forge


def _handler(forge: Forge) -> type[Handler]:
    class Answers(Handler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            data = self.body()
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = json.loads(data) if data else None
            sent = Sent(self.command, parts.path, dict(parse_qsl(parts.query)), body, headers)
            forge.sent.append(sent)
            status, found = forge.answer(sent)
            more: list[tuple[str, str]] = []
            if isinstance(found, list) and not (forge.kind == "gitea" and parts.path.endswith("/comments")):
                found, more = _page(forge, sent, found)
            self.send(status, json.dumps(found).encode(), more)

        do_POST = do_PATCH = do_PUT = do_GET

    return Answers


def _page(forge: Forge, sent: Sent, found: list[Any]) -> tuple[list[Any], list[tuple[str, str]]]:
    """One page, never longer than the server likes; how it tells of more is each forge's own way."""
    page = int(sent.query.get("page", 1))
    size = min(forge.page, int(sent.query.get("per_page") or sent.query.get("limit") or 30))
    if forge.kind == "gitea":
        return found[(page - 1) * size : page * size], [("X-Total-Count", str(len(found)))]
    link = f'<{forge.url}{sent.path}?page={page + 1}>; rel="next"'
    return found[(page - 1) * size : page * size], [("Link", link)] if page * size < len(found) else []
