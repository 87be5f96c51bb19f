"""One HTTP conversation with a forge: JSON both ways, pages put together, and errors that can be acted on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from snapstore import __version__
from snapstore.errors import SnapError
from snapstore.remote.library import httpx_for
from snapstore.store.remote import require_private

if TYPE_CHECKING:
    import httpx

_SECONDS = 30
_SIZE = 50
_PAGES = 200
"""Where a list has more pages than this, something is wrong with whoever serves it."""


class Client:
    """Speaks to the API at ``base``. Headers hold the token, so they are in no message."""

    def __init__(self, base: str, headers: Mapping[str, str]) -> None:
        require_private(base, headers)
        self.base = base.rstrip("/")
        common = {"User-Agent": f"snapstore/{__version__}", "Accept": "application/json"}
        httpx = httpx_for("requests of a forge", "review")
        self._http = httpx.Client(headers={**common, **headers}, timeout=_SECONDS, follow_redirects=True)

    def get(self, path: str, **query: str | int) -> Any:
        return _json(self._ask("GET", path, params=query))

    def pages(self, path: str, size: str, **query: str | int) -> list[Any]:
        """A whole list. ``size`` is what the parameter for the entries of a page is called; a server may
        give fewer, so that only it can tell whether there are more."""
        found: list[Any] = []
        for page in range(1, _PAGES + 1):
            answer = self._ask("GET", path, params={"page": page, size: _SIZE, **query})
            entries = _json(answer)
            found += entries
            if not entries or not _has_more(answer, len(found)):
                return found
        raise SnapError(f"the list has no end after {len(found):,} entries", where=self.base + path)

    def post(self, path: str, body: Mapping[str, object]) -> Any:
        return _json(self._ask("POST", path, json=body))

    def patch(self, path: str, body: Mapping[str, object]) -> Any:
        return _json(self._ask("PATCH", path, json=body))

    def put(self, path: str, body: Mapping[str, object]) -> Any:
        return _json(self._ask("PUT", path, json=body))

    def _ask(self, method: str, path: str, **content: Any) -> httpx.Response:
        import httpx

        try:
            answer: httpx.Response = self._http.request(method, self.base + path, **content)
        except httpx.HTTPError as error:
            text = f"it cannot be reached: {str(error) or type(error).__name__}"
            raise SnapError(text, where=self.base, fix="look at the network, then run this again") from error
        if answer.status_code >= 300:
            raise Refused(answer.status_code, _words(answer), f"{method} {self.base}{path}")
        return answer


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json() if answer.content else None
    except ValueError as error:
        fix = "[review] api has to be the address of the forge's API"
        raise SnapError("the answer is no JSON", where=str(answer.url), fix=fix) from error


def _has_more(answer: httpx.Response, so_far: int) -> bool:
    """GitHub and GitLab give a link to the next page, Gitea for some lists only the number of all entries."""
    total = answer.headers.get("X-Total-Count", "")
    return "next" in answer.links or (total.isdecimal() and so_far < int(total))


class Refused(SnapError):
    """An answer that is no success: ``status`` is HTTP's."""

    def __init__(self, status: int, words: str, where: str) -> None:
        said = f"the forge answers {status}" + (f": {words}" if words else "")
        super().__init__(said, where=where, fix=_FIXES.get(status, "look there, then run this again"))
        self.status = status


_FIXES = {
    401: "set SNAPSTORE_TOKEN, or [review] token, to a token that is valid there",
    403: "give the token the right to write requests, comments and commit statuses",
    404: "correct [review] api and repository; what a token may not see looks like what is not there",
}


def _words(answer: httpx.Response) -> str:
    """What an error says; forges have their own ways, and a proxy in between answers with a page."""
    try:
        said = answer.json()
    except ValueError:
        return answer.reason_phrase
    if not isinstance(said, dict):
        return str(said)[:300]
    parts = [said.get("message") or said.get("error")]
    parts += [e.get("message") for e in said.get("errors") or () if isinstance(e, dict)]
    return "; ".join(str(part) for part in parts if part)[:300]
