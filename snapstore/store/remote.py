"""The remote of a store: which refs it has, and objects to and from it. dulwich speaks the protocols.

A server may refuse a ref after it has taken the objects, and not every server says so: a push counts only
when the ref was read back.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Set
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from snapstore.errors import SnapError
from snapstore.store.refs import ZERO

if TYPE_CHECKING:
    from dulwich.client import GeneratePackDataFunc, GitClient
    from dulwich.config import StackedConfig
    from dulwich.objects import ObjectID
    from dulwich.pack import UnpackedObject
    from dulwich.refs import Ref
    from dulwich.repo import BaseRepo

_SECONDS = 60
"""How long a server may be silent."""


class Login(NamedTuple):
    """A name and a password, or a token in its place; no part of any message."""

    username: str
    password: str

    def __repr__(self) -> str:
        return "Login(***)"


class Remote(NamedTuple):
    """A Git remote as its URL says, or ``user@host:path``, or the path of a folder."""

    url: str
    login: Login | None = None

    @property
    def shown(self) -> str:
        """The URL for messages, without what could be a password."""
        parts = urlsplit(self.url)
        return self.url if "@" not in parts.netloc else f"{parts.scheme}://{_host(parts.netloc)}{parts.path}"


class Move(NamedTuple):
    """What a push does to a ref: from where it was seen, None if nowhere, to where it shall be."""

    old: str | None
    new: str


def refs(remote: Remote) -> dict[str, str]:
    """All refs of a remote by full name. SnapError when it cannot be asked."""
    with _told(remote):
        client, path = _client(remote)
        found = client.get_refs(path.encode()).refs
    return {_text(name): _text(oid) for name, oid in found.items() if oid}


def fetch(store: Path, remote: Remote, oids: Collection[str]) -> None:
    """Bring these commits, with all they stand on, into a store. No ref of it is moved."""
    from dulwich.repo import Repo

    wanted: list[ObjectID] = [_object_id(oid) for oid in oids]
    with _told(remote), Repo(str(store)) as repo:
        client, path = _client(remote)
        client.fetch(path.encode(), repo, determine_wants=lambda refs, depth=None: wanted)


def push(store: Path, remote: Remote, moves: Mapping[str, Move]) -> None:
    """Move refs of a remote, all from where they were seen, with the objects that it lacks.

    SnapError, with what the server has said, unless every ref is read back as asked for.
    """
    from dulwich.repo import Repo

    said: list[bytes] = []
    with _told(remote), Repo(str(store)) as repo:
        client, path = _client(remote)
        update = partial(_updated, remote, moves)
        result = client.send_pack(path.encode(), update, _packing(repo), progress=said.append)
    refused = {_text(name): why for name, why in (result.ref_status or {}).items() if why}
    now = refs(remote)
    wrong = [name for name, move in moves.items() if name in refused or now.get(name) != move.new]
    if wrong:
        raise _refused(remote, wrong[0], refused.get(wrong[0]), b"".join(said))


def _updated(remote: Remote, moves: Mapping[str, Move], found: Mapping[Ref, ObjectID]) -> dict[Ref, ObjectID]:
    """What dulwich is to send, which is nothing where somebody else has been faster."""
    from dulwich.refs import Ref

    seen = {_text(name): _text(oid) for name, oid in found.items()}
    for name, move in moves.items():
        if seen.get(name, ZERO) not in (move.old or ZERO, move.new):
            raise SnapError(f"{name} was moved by somebody else just now", where=remote.shown, fix=_AGAIN)
    return {Ref(name.encode()): _object_id(move.new) for name, move in moves.items()}


_AGAIN = "run the command again"


def _packing(repo: BaseRepo) -> GeneratePackDataFunc:
    def pack(
        have: Set[ObjectID],
        want: Set[ObjectID],
        *,
        ofs_delta: bool = False,
        progress: Callable[[bytes], None] | None = None,
    ) -> tuple[int, Iterator[UnpackedObject]]:
        return repo.generate_pack_data(set(have), set(want), ofs_delta=ofs_delta)

    return pack


def _refused(remote: Remote, name: str, why: str | None, said: bytes) -> SnapError:
    words = "; ".join(line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip())
    reason = ": ".join(part for part in (why or "", words) if part) or "it did not say why"
    fix = "the server's rules decide what may be pushed: ask whoever runs it, then run the command again"
    return SnapError(f"the push of {name} was refused: {reason}", where=remote.shown, fix=fix)


# dulwich


def _client(remote: Remote) -> tuple[GitClient, str]:
    from dulwich.client import SubprocessGitClient, get_transport_and_path

    parts = urlsplit(remote.url)
    if parts.scheme in ("", "file") and Path(parts.path).is_dir() and shutil.which("git"):
        return SubprocessGitClient(), parts.path  # dulwich's own way into a folder runs no hook of it
    config = _config()
    if parts.scheme not in ("http", "https"):
        return get_transport_and_path(remote.url, config=config, quiet=True, ssh_command=ssh_command())
    require_private(remote.url, remote.login)
    name, password = remote.login or (None, None)
    return get_transport_and_path(remote.url, config=config, quiet=True, username=name, password=password)


def _config() -> StackedConfig:
    """Git's own configuration, with a time limit where it has none."""
    from dulwich.config import ConfigFile, StackedConfig

    ours = ConfigFile()
    ours.set((b"http",), b"timeout", str(_SECONDS).encode())
    return StackedConfig([*StackedConfig.default_backends(), ours])


def ssh_command() -> str:
    """How ssh is called. Where nobody can answer a question, none is asked."""
    command = os.environ.get("GIT_SSH_COMMAND") or "ssh"
    quiet = "" if sys.stdin.isatty() else " -o BatchMode=yes"
    return f"{command} -o ConnectTimeout={_SECONDS}{quiet}"


def require_private(url: str, secret: object) -> None:
    """SnapError before a password or token goes through a network in clear."""
    parts = urlsplit(url)
    if secret and parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        fix = "use its https:// address"
        raise SnapError("a password or token would be sent in clear", where=Remote(url).shown, fix=fix)


def _host(netloc: str) -> str:
    return netloc.rpartition("@")[2]


def _text(name: bytes | None) -> str:
    return (name or b"").decode("utf-8", "surrogateescape")


def _object_id(oid: str) -> ObjectID:
    from dulwich.objects import ObjectID

    return ObjectID(oid.encode())


@contextmanager
def _told(remote: Remote) -> Iterator[None]:
    """Whatever dulwich and the network raise, as an error that says what can be done."""
    from dulwich.client import HTTPProxyUnauthorized, HTTPUnauthorized
    from dulwich.errors import GitProtocolError, NotGitRepository
    from urllib3.exceptions import HTTPError

    try:
        yield
    except HTTPUnauthorized:
        raise _error(remote, "it does not accept this password or token", _LOGIN) from None
    except HTTPProxyUnauthorized:
        raise _error(remote, "the proxy wants a password", "put it into https_proxy") from None
    except NotGitRepository:
        fix = "correct [store] remote; a repository that may not be seen looks like one that is not there"
        raise _error(remote, "there is no Git repository, or none that may be read", fix) from None
    except (GitProtocolError, HTTPError, OSError, AssertionError, ValueError) as error:
        raise _error(remote, f"it cannot be reached: {_words(error)}", _REACH) from error


_LOGIN = "set SNAPSTORE_TOKEN to a token that may push there, or [review] token in snapstore.toml"
_REACH = "look whether `git ls-remote` can, with the same address"


def _words(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _error(remote: Remote, what: str, fix: str) -> SnapError:
    return SnapError(what, where=remote.shown, fix=fix)
