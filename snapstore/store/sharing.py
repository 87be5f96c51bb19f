"""The large files of snapshots, to and from a store's remote. Those in a bucket are shared already."""

from __future__ import annotations

import json
import shlex
import subprocess
from base64 import b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from snapstore.errors import SnapError
from snapstore.large import Place, server
from snapstore.large.folder import Folder
from snapstore.large.pointer import Pointer
from snapstore.large.server import Server
from snapstore.store import commits
from snapstore.store.needed import Needed
from snapstore.store.objects import StoreObjects
from snapstore.store.remote import Remote, require_private, ssh_command


def send(objects: StoreObjects, remote: Remote, tips: Iterable[str]) -> None:
    """Give the remote what the history of these commits needs and it does not have.

    To be called before they are pushed. What is missing here is left out: it was missing before.
    """
    place = objects.large
    pointers = [found for found in _needed(objects, tips) if isinstance(place, Folder) and place.has(found)]
    if not pointers:
        return
    folder = _folder(remote)
    if folder is None:
        server.send(_server(remote, "upload"), place, pointers)
    else:
        _copy(place, folder, pointers)


def fetch(objects: StoreObjects, remote: Remote, tips: Iterable[str]) -> None:
    """Bring from the remote what the history of these commits needs and is not here."""
    place = objects.large
    if not isinstance(place, Folder):
        return
    pointers = [found for found in _needed(objects, tips) if not place.has(found)]
    if not pointers:
        return
    folder = _folder(remote)
    if folder is None:
        server.fetch(_server(remote, "download"), place, pointers)
    else:
        _copy(folder, place, pointers)


def _needed(objects: StoreObjects, tips: Iterable[str]) -> Iterator[Pointer]:
    needed = Needed(objects)
    for tip in tips:
        for commit in commits.walk(objects, tip, {}):
            yield from needed.of(commit.tree)


def _copy(source: Place, target: Folder, pointers: Iterable[Pointer]) -> None:
    from snapstore.large.reading import verified

    for pointer in pointers:
        if not target.has(pointer):
            target.receive(pointer, verified(source, pointer))


def _folder(remote: Remote) -> Folder | None:
    """Where ``git lfs`` keeps large files beside a repository that is a folder; None for others."""
    parts = urlsplit(remote.url)
    if parts.scheme not in ("", "file") or not Path(parts.path).is_dir():
        return None
    root = Path(parts.path)
    return Folder((root / ".git" if (root / ".git").is_dir() else root) / "lfs")


def _server(remote: Remote, operation: str) -> Server:
    parts = urlsplit(remote.url)
    if parts.scheme not in ("http", "https"):
        return _server_behind_ssh(remote, operation)
    require_private(remote.url, remote.login or parts.password)
    name, password = remote.login or (unquote(parts.username or ""), unquote(parts.password or ""))
    secret = b64encode(f"{name}:{password}".encode()).decode()
    path = parts.path.rstrip("/")
    path += "/info/lfs" if path.endswith(".git") else ".git/info/lfs"
    url = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], path, "", ""))
    return Server(url, {"Authorization": f"Basic {secret}"} if password else {}, remote.shown)


def _server_behind_ssh(remote: Remote, operation: str) -> Server:
    """``git-lfs-authenticate`` of a forge says where its Git LFS server is, and lets in there."""
    parts = urlsplit(remote.url)
    host, path = (parts.netloc, parts.path) if "://" in remote.url else remote.url.split(":", 1)
    host, _, port = host.partition(":")
    words = [*shlex.split(ssh_command()), *(["-p", port] if port else []), host]
    asked = f"git-lfs-authenticate {shlex.quote(path.lstrip('/'))} {operation}"
    done = subprocess.run([*words, asked], capture_output=True, stdin=subprocess.DEVNULL, check=False)
    try:
        answer = json.loads(done.stdout)
        return Server(str(answer["href"]).rstrip("/"), dict(answer.get("header") or {}), remote.shown)
    except (ValueError, KeyError, TypeError):
        fix = "use its https:// address, or keep them in a bucket that all machines reach: [large_files] url"
        raise SnapError("it has no Git LFS, which large files need", where=remote.shown, fix=fix) from None
