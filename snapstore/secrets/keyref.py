"""Where the wrapped keys of a store live: ``keys.json`` in the commits of ``refs/snapstore/keys``.

A ref travels with ``git push`` and ``git fetch`` like everything else in a store, keeps its history, and lets
two machines that change it at once find out. Loaded only when used.
"""

from __future__ import annotations

import time
import zlib
from pathlib import Path
from typing import NamedTuple

from dulwich.errors import NotGitRepository, ObjectFormatException
from dulwich.file import FileLocked
from dulwich.objects import ZERO_SHA, Blob, Commit, ObjectID, Tree
from dulwich.refs import Ref
from dulwich.repo import Repo

from snapstore.errors import SnapError

REF = "refs/snapstore/keys"
FILE = "keys.json"
_REF = Ref(REF.encode())
_FILE = FILE.encode()
_AUTHOR = b"snapstore <snapstore@localhost>"


class Stored(NamedTuple):
    """What the ref holds: the commit, to replace it by compare-and-swap, and the file in it."""

    commit: bytes
    data: bytes


def read(store: Path) -> Stored | None:
    """The keys of a store; None where there is no store or it has none. SnapError when they are damaged."""
    try:
        with _opened(store) as repo:
            if _REF not in repo.refs:
                return None
            commit = repo.refs[_REF]
            return Stored(commit, _file_of(repo, commit))
    except NotGitRepository:
        return None
    except (KeyError, OSError, ObjectFormatException, AssertionError, zlib.error):
        raise SnapError(
            f"the keys of the store are damaged ({REF})",
            where=str(store),
            fix="fetch them again from another copy of the store: "
            f"git fetch <copy> '+{REF}:{REF}'; snapshots are not affected",
        ) from None


def write(store: Path, data: bytes, message: str, replaces: Stored | None) -> bool:
    """Durably put new keys in place of those that were read; False when somebody else was faster."""
    require_store(store)
    try:
        with _opened(store) as repo:
            repo.object_store.fsync_object_files = True
            commit = _commit(repo, data, message, replaces)
            expected = ObjectID(replaces.commit) if replaces else ZERO_SHA
            return repo.refs.set_if_equals(_REF, expected, commit.id)
    except FileLocked:
        return False
    except OSError as error:
        fix = "make the store writable for this user, or free some space there"
        raise SnapError(f"the keys cannot be written: {error.strerror}", where=str(store), fix=fix) from None


def require_store(store: Path) -> None:
    """SnapError where no store is."""
    try:
        _opened(store).close()
    except NotGitRepository:
        raise SnapError("there is no store here", where=str(store), fix="run `snap init` first") from None


def has_snapshots(store: Path) -> bool:
    """Whether anything was ever taken into this store."""
    try:
        with _opened(store) as repo:
            return any(name.startswith(b"refs/heads/") for name in repo.refs.allkeys())
    except NotGitRepository:
        return False


def _opened(store: Path) -> Repo:
    try:
        return Repo(str(store))
    except ValueError:
        fix = "put it back from a copy of the store, or remove it: what Git and snap do without it is right"
        raise SnapError("this is no configuration of Git", where=str(store / "config"), fix=fix) from None


def _file_of(repo: Repo, commit_id: bytes) -> bytes:
    commit = repo[commit_id]
    assert isinstance(commit, Commit)  # noqa: S101 - damage, reported by the caller
    tree = repo[commit.tree]
    assert isinstance(tree, Tree)  # noqa: S101
    return repo[tree[_FILE][1]].as_raw_string()


def _commit(repo: Repo, data: bytes, message: str, replaces: Stored | None) -> Commit:
    blob = Blob.from_string(data)
    tree = Tree()
    tree.add(_FILE, 0o100644, blob.id)
    commit = Commit()
    commit.tree = tree.id
    commit.parents = [ObjectID(replaces.commit)] if replaces else []
    commit.author = commit.committer = _AUTHOR
    commit.author_time = commit.commit_time = int(time.time())
    commit.author_timezone = commit.commit_timezone = 0
    commit.message = message.encode()
    for item in (blob, tree, commit):
        repo.object_store.add_object(item)
    return commit
