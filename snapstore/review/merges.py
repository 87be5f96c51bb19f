"""GitLab: https://docs.gitlab.com/api/ (version 4).

An approval there names no commit, and whether a push resets approvals is a setting of each project. So an
approval counts for the commit that was the newest version of the request when it was given.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

from snapstore.render import review
from snapstore.review.client import Client, Refused
from snapstore.review.request import STATUS, Approval, Comment, Issue, Request, State, Verdict

_STATES = {"opened": State.OPEN, "locked": State.OPEN, "merged": State.MERGED, "closed": State.CLOSED}
_VERDICTS = {Verdict.PENDING: "running", Verdict.SUCCESS: "success", Verdict.FAILURE: "failed"}
_APPROVED = "approved this merge request"
_SIZE = "per_page"


class Merges:
    """An ``Api``: the merge requests of a project."""

    def __init__(self, client: Client, project: str) -> None:
        self._client = client
        self._path = f"/projects/{quote(project, safe='')}"
        self.limit = review.GITLAB

    def _at(self, number: int, *more: str) -> str:
        return "/".join([f"{self._path}/merge_requests/{number}", *more])

    def find(self, branch: str) -> Request | None:
        found = self._client.pages(f"{self._path}/merge_requests", _SIZE, state="all", source_branch=branch)
        requests = [_request(merge) for merge in found if _is_ours(merge)]
        return max(requests, key=lambda request: (request.state is State.OPEN, request.number), default=None)

    def get(self, number: int) -> Request:
        return _request(self._client.get(self._at(number)))

    def open(self, branch: str, base: str, title: str, body: str) -> Request:
        wanted = {"source_branch": branch, "target_branch": base, "title": title, "description": body}
        return _request(self._client.post(f"{self._path}/merge_requests", wanted))

    def edit(self, number: int, title: str, body: str) -> None:
        self._client.put(self._at(number), {"title": title, "description": body})

    def comments(self, number: int) -> list[Comment]:
        return [Comment(note["id"], note["body"]) for note in self._notes(number) if not note["system"]]

    def _notes(self, number: int) -> list[Any]:
        return list(self._client.pages(self._at(number, "notes"), _SIZE, sort="asc", order_by="created_at"))

    def add_comment(self, number: int, body: str) -> None:
        self._client.post(self._at(number, "notes"), {"body": body})

    def edit_comment(self, number: int, comment: int, body: str) -> None:
        self._client.put(self._at(number, "notes", str(comment)), {"body": body})

    def set_status(self, commit: str, verdict: Verdict, text: str) -> None:
        body = {"state": _VERDICTS[verdict], "name": STATUS, "description": text}
        try:
            self._client.post(f"{self._path}/statuses/{commit}", body)
        except Refused as error:
            if error.status != 400 or "Cannot transition status" not in error.what:  # it is that already
                raise

    def approvals(self, request: Request) -> list[Approval]:
        standing = self._client.get(self._at(request.number, "approvals"))["approved_by"]
        given = {
            note["author"]["username"]: _time(note["created_at"])
            for note in self._notes(request.number)
            if note["system"] and note["body"] == _APPROVED
        }
        versions = [
            (_time(version["created_at"]), version["head_commit_sha"])
            for version in self._client.pages(self._at(request.number, "versions"), _SIZE)
        ]
        names = [entry["user"]["username"] for entry in standing]
        return [Approval(name, _newest(versions, given[name])) for name in names if name in given]

    def issues(self, title: str) -> list[Issue]:
        query = {"state": "opened", "search": title, "in": "title"}
        return [_issue(issue) for issue in self._client.pages(f"{self._path}/issues", _SIZE, **query)]

    def open_issue(self, title: str, body: str) -> Issue:
        return _issue(self._client.post(f"{self._path}/issues", {"title": title, "description": body}))

    def edit_issue(self, number: int, body: str, *, close: bool = False) -> None:
        wanted = {"description": body} | ({"state_event": "close"} if close else {})
        self._client.put(f"{self._path}/issues/{number}", wanted)


def _issue(issue: Any) -> Issue:
    return Issue(issue["iid"], issue["web_url"], issue["title"], issue["description"] or "")


def _newest(versions: list[tuple[datetime, str]], when: datetime) -> str:
    """The commit of the version that was the newest then; of two in one instant neither is taken for seen."""
    before = [version for version in versions if version[0] < when]
    same = any(version[0] == when for version in versions)
    return "" if same or not before else max(before)[1]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _is_ours(merge: Any) -> bool:
    return bool(merge["source_project_id"] == merge["target_project_id"])


def _request(merge: Any) -> Request:
    return Request(
        number=merge["iid"],
        url=merge["web_url"],
        state=_STATES[merge["state"]],
        author=merge["author"]["username"],
        branch=merge["source_branch"],
        base=merge["target_branch"],
        head=merge["sha"],
    )
