"""The one issue that says that the live systems are not as the last snapshot any more."""

from __future__ import annotations

from snapstore.render.review import fence
from snapstore.render.style import finish
from snapstore.review.request import MARK, Api
from snapstore.secrets import REDACTOR


def tell(api: Api, branch: str, told: str, drifted: bool) -> str | None:
    """Open the issue, bring it up to date, or close it where nothing differs; its URL if it is open.

    ``told`` is what differs, as people read it.
    """
    title = f"Drift: the live systems are not as the last snapshot of {branch}"
    body = _body(told, api.limit)
    for issue in api.issues(title):
        if issue.title == title and issue.body.startswith(MARK):
            if not drifted or issue.body.strip() != body.strip():
                api.edit_issue(issue.number, body, close=not drifted)
            return issue.url if drifted else None
    return api.open_issue(title, body).url if drifted else None


def _body(told: str, limit: int) -> str:
    """As many of the lines as there is room for."""
    lines = finish(REDACTOR.redact(told, sealed=True), colour=False).split("\n")
    room = limit - 500
    kept: list[str] = []
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            kept.append("… and more: see `snap status --full`")
            break
        kept.append(line)
    return "\n".join([MARK, "", *fence("text", kept), ""])
