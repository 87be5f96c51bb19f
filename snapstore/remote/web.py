"""Talking to a provider's HTTP API: what came, what may have been lost, and what it says no to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import httpx

from snapstore.errors import SnapError
from snapstore.remote.lost import LostError, in_trouble, no_answer, put_off, reason

_LATER, _NOT_FOUND = 429, 404
_PATIENCE = 60.0
"""Seconds that are waited at most where a provider asks for it."""


class RefusedError(SnapError):
    """The API has said no, and done nothing: its ``status``, and the ``codes`` of what is wrong."""

    def __init__(self, what: str, where: str, fix: str, status: int, codes: Sequence[Any] = ()) -> None:
        super().__init__(what, where=where, fix=fix)
        self.status = status
        self.codes = codes


class Api:
    """An API that speaks JSON. ``page`` is the page of the documentation that has what it has to allow."""

    def __init__(self, client: httpx.Client, resource: str, place: str, page: str) -> None:
        self._client = client
        self._resource = resource
        self._place = place
        self._page = page

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The body of the answer, None where it has none. LostError where nobody knows whether it was done;
        RefusedError where it was refused."""
        try:
            answer = self._client.request(method, path, json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise LostError(_reason(error), sent=False) from error
        except httpx.TransportError as error:
            raise LostError(_reason(error)) from error
        if answer.status_code == _LATER:
            raise put_off(_LATER, _asked_to_wait(answer))
        if answer.status_code >= 500:
            # What stands before a server says 503 also where that has done it and was too slow to say so.
            raise in_trouble(answer.status_code, _asked_to_wait(answer))
        if answer.is_error or answer.has_redirect_location:
            raise self._refused(answer, f"{method} {path}")
        try:
            return answer.json() if answer.content else None
        except ValueError as error:
            raise LostError("its answer is not that of an API") from error

    def lost(self, why: Exception) -> SnapError:
        fix = "check the address and that the server is up, then run the command again"
        return no_answer(self._place, why, self._resource, fix)

    def _refused(self, answer: httpx.Response, what: str) -> RefusedError:
        status = answer.status_code
        fix = f"see {self._page} for the permissions that this needs"
        if status in (401, 403):
            fix = f"check the key of this resource; {fix}"
        elif status == _NOT_FOUND:
            fix = f"check the names of this resource and its address: one of them is not there; {fix}"
        elif answer.has_redirect_location:
            fix = "check the address of this resource: that of an API answers by itself"
        text = f"{self._place} says {status} to {what}: {_told(answer)}"
        return RefusedError(text, self._resource, fix, status, _codes(answer))


def _reason(error: Exception) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "it did not answer in time"
    return reason(error)


def _asked_to_wait(answer: httpx.Response) -> float:
    with suppress(ValueError):
        return min(float(answer.headers.get("retry-after", 0)), _PATIENCE)
    return 0.0


def _codes(answer: httpx.Response) -> list[Any]:
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        return [one["code"] for one in answer.json().get("errors", ())]
    return []


def _told(answer: httpx.Response) -> str:
    """What the API says is wrong."""
    if answer.has_redirect_location:
        return f"it is at {answer.headers['location'].partition('?')[0][:200]}"
    with suppress(ValueError, KeyError, TypeError):
        said = answer.json()
        if isinstance(said, dict) and "error" in said:
            return str(said["error"])
        if isinstance(said, dict) and "msg" in said:
            return ": ".join(filter(None, (said["msg"], said.get("detail"))))
        if isinstance(said, dict) and said.get("errors"):
            return "; ".join(f"{one['message']} ({one['code']})" for one in said["errors"])
    return answer.text.strip()[:200] or answer.reason_phrase


def _sendable(value: str, resource: str, page: str) -> str:
    """The value of a header that lets us in. SnapError where no key is in it, or one that none can hold."""
    where = f"resources.{resource}"
    if value in ("", "Bearer"):
        fix = f"see {page} for what lets us in, and where it comes from"
        raise SnapError("no key is given, or an empty one", where=where, fix=fix)
    if not (value.isascii() and value.isprintable()):
        text = "the key is none: it holds a line break, or signs that are not ASCII"
        raise SnapError(text, where=where, fix=f"copy it again from where it is shown; see {page}")
    return value


@contextmanager
def api(url: str, headers: Mapping[str, str], resource: str, timeout: float, page: str) -> Iterator[Api]:
    """SnapError for what is no URL of the web, and for a key that is none. The ``headers`` are what lets us
    in, with or without the end of a line."""
    said = {name: _sendable(value.strip(), resource, page) for name, value in headers.items()}
    place = url.partition("://")[2].partition("@")[2] or url.partition("://")[2]
    try:
        safe = not url.startswith("http:")  # certificates are read from a file, which takes a while
        client = httpx.Client(base_url=url, headers=said, timeout=timeout, verify=safe)
        if client.base_url.scheme not in ("http", "https") or not client.base_url.host:
            raise httpx.InvalidURL("it begins with no http:// and a host")
    except httpx.InvalidURL as error:
        raise SnapError(
            f"this is no address of an API: {error}",
            where=f"resources.{resource}.server",
            fix='write it as "http://127.0.0.1:8081"',
        ) from error
    with client:
        yield Api(client, resource, place, page)
