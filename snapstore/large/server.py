"""A Git LFS server: content to and from the place beside a remote repository, as ``git lfs`` does it.

The batch interface is asked what it lacks or has, and answers with addresses to put content to, or to get it
from (https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

from snapstore.errors import SnapError
from snapstore.large import Place
from snapstore.large.folder import Folder
from snapstore.large.pointer import Pointer
from snapstore.large.reading import open_content

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

_TYPE = "application/vnd.git-lfs+json"
_AT_ONCE = 100
_CHUNK = 1 << 20
_SECONDS = 60
_ELSEWHERE = (
    "the server needs Git LFS for them, and this user the right to write there; or keep them in a bucket that"
    " all machines reach: [large_files] url"
)


class Server(NamedTuple):
    """``url`` is the address of the interface, ``headers`` let in, ``shown`` is for messages."""

    url: str
    headers: Mapping[str, str]
    shown: str


def send(server: Server, place: Place, pointers: Sequence[Pointer]) -> None:
    """Give a server all of this content that it lacks. SnapError that names what it refuses."""
    with _session(server) as http:
        for pointer, actions in _batches(server, http, "upload", pointers):
            if "upload" in actions:
                with closing(open_content(place, pointer)) as content:
                    _put(server, http, actions["upload"], pointer, content)
            if "verify" in actions:
                _verify(server, http, actions["verify"], pointer)


def fetch(server: Server, folder: Folder, pointers: Sequence[Pointer]) -> None:
    """Bring this content from a server. SnapError that names what it does not have, or has damaged."""
    with _session(server) as http:
        for pointer, actions in _batches(server, http, "download", pointers):
            if "download" not in actions:
                raise _refused(server, pointer, "it does not have it")
            answer = _call(server, http, "GET", actions["download"])
            try:
                _expect(server, pointer, answer)
                folder.receive(pointer, answer.stream(_CHUNK))
            except ValueError as error:
                raise _refused(server, pointer, str(error)) from None
            finally:
                answer.release_conn()


@contextmanager
def _session(server: Server) -> Iterator[PoolManager]:
    from urllib3 import PoolManager, Timeout
    from urllib3.exceptions import HTTPError

    try:
        with PoolManager(timeout=Timeout(_SECONDS)) as http:
            yield http
    except HTTPError as error:
        what = f"large files cannot be reached: {' '.join(str(error).split())}"
        raise SnapError(what, where=server.shown, fix=_ELSEWHERE) from None


def _batches(
    server: Server, http: PoolManager, operation: str, pointers: Sequence[Pointer]
) -> Iterator[tuple[Pointer, dict[str, Any]]]:
    for start in range(0, len(pointers), _AT_ONCE):
        asked = pointers[start : start + _AT_ONCE]
        known = {pointer.oid: pointer for pointer in asked}
        for found in _batch(server, http, operation, asked):
            pointer = known.get(found.get("oid", ""))
            if pointer is None:
                continue
            if "error" in found:
                raise _refused(server, pointer, str(found["error"].get("message", "it did not say why")))
            yield pointer, found.get("actions") or {}


def _batch(
    server: Server, http: PoolManager, operation: str, pointers: Sequence[Pointer]
) -> list[dict[str, Any]]:
    asked = {
        "operation": operation,
        "transfers": ["basic"],
        "objects": [pointer._asdict() for pointer in pointers],
        "hash_algo": "sha256",
    }
    headers = {**server.headers, "Accept": _TYPE, "Content-Type": _TYPE}
    answer = http.request("POST", f"{server.url}/objects/batch", body=json.dumps(asked), headers=headers)
    if answer.status != 200:
        what = f"large files are refused: HTTP {answer.status}"
        raise SnapError(what, where=server.shown, fix=_ELSEWHERE)
    try:
        return list(json.loads(answer.data)["objects"])
    except (ValueError, KeyError, TypeError):
        what = "what answers there is no Git LFS server"
        raise SnapError(what, where=server.shown, fix=_ELSEWHERE) from None


def _put(
    server: Server, http: PoolManager, action: dict[str, Any], pointer: Pointer, content: BinaryIO
) -> None:
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(pointer.size)}
    answer = _call(server, http, "PUT", action, content, headers)
    _expect(server, pointer, answer)
    answer.drain_conn()


def _verify(server: Server, http: PoolManager, action: dict[str, Any], pointer: Pointer) -> None:
    body = json.dumps(pointer._asdict())
    answer = _call(server, http, "POST", action, body, {"Accept": _TYPE, "Content-Type": _TYPE})
    _expect(server, pointer, answer)
    answer.drain_conn()


def _call(
    server: Server,
    http: PoolManager,
    method: str,
    action: dict[str, Any],
    body: BinaryIO | str | None = None,
    headers: Mapping[str, str] = {},
) -> BaseHTTPResponse:
    given = cast(Mapping[str, str], action.get("header") or {})
    # An address of the server's own may do without a header of its own; no other host gets what lets in.
    own = server.headers if action["href"].startswith(server.url) else {}
    sent = {**own, **headers, **given}
    return http.request(
        method, action["href"], body=body, headers=sent, preload_content=False, retries=False, redirect=False
    )


def _expect(server: Server, pointer: Pointer, answer: BaseHTTPResponse) -> None:
    if not 200 <= answer.status < 300:
        raise _refused(server, pointer, f"HTTP {answer.status}")


def _refused(server: Server, pointer: Pointer, why: str) -> SnapError:
    what = f"the large file {pointer.oid} was refused: {' '.join(why.split())[:300]}"
    return SnapError(what, where=server.shown, fix=_ELSEWHERE)
