"""The vocabulary of forges: a request, an approval, and what every forge can do for us."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, Protocol


class State(StrEnum):
    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"


class Request(NamedTuple):
    """A pull or merge request: ``head`` is the commit that its branch is at, or was when it was merged."""

    number: int
    url: str
    state: State
    author: str
    branch: str
    base: str
    head: str


class Approval(NamedTuple):
    """Somebody who approves as things stand, and the commit that they have seen."""

    who: str
    commit: str


class Verdict(StrEnum):
    """What a commit status says."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"


class Comment(NamedTuple):
    id: int
    body: str


class Issue(NamedTuple):
    number: int
    url: str
    title: str
    body: str


class Api(Protocol):
    """One repository on one forge. Everything raises SnapError; ``number`` is that of a request."""

    limit: int
    """How many characters a body may have."""

    def find(self, branch: str) -> Request | None:
        """The newest request from a branch of this repository, one that is open before all others."""
        ...

    def get(self, number: int) -> Request: ...

    def open(self, branch: str, base: str, title: str, body: str) -> Request: ...

    def edit(self, number: int, title: str, body: str) -> None: ...

    def comments(self, number: int) -> list[Comment]: ...

    def add_comment(self, number: int, body: str) -> None: ...

    def edit_comment(self, number: int, comment: int, body: str) -> None: ...

    def set_status(self, commit: str, verdict: Verdict, text: str) -> None:
        """Say at a commit how far its plan is: ``snapstore/apply``."""
        ...

    def approvals(self, request: Request) -> list[Approval]:
        """Those that stand: the last word of each who may write there, neither dismissed nor taken back."""
        ...

    def issues(self, title: str) -> list[Issue]:
        """Open issues of this title, and perhaps others."""
        ...

    def open_issue(self, title: str, body: str) -> Issue: ...

    def edit_issue(self, number: int, body: str, *, close: bool = False) -> None: ...


STATUS = "snapstore/apply"
MARK = "<!-- snapstore -->"
"""Begins the one comment of ours in each request."""
SHORTEST_STATUS = 140
"""Characters that the text of a status may have (GitHub's limit, the tightest)."""


def say(api: Api, number: int, text: str) -> None:
    """Put the text into our comment of the request: the one that is there, or else a new one."""
    from snapstore.review.client import Refused

    body = f"{MARK}\n{text}"
    for comment in api.comments(number):
        if comment.body.startswith(MARK):
            try:
                api.edit_comment(number, comment.id, body)
            except Refused as error:
                if error.status not in (403, 404):
                    raise
                continue  # somebody else's, who has copied the mark
            return
    api.add_comment(number, body)
