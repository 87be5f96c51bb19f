"""Commits: their bytes, their trailers, who makes them, and the walk through their history."""

from __future__ import annotations

import heapq
import os
import re
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from snapstore.errors import SnapError
from snapstore.store import durable
from snapstore.store.objects import StoreObjects, object_id
from snapstore.store.packwriter import COMMIT, NAMES, TAG

_TRAILER = r"(?s)([A-Za-z0-9][A-Za-z0-9-]*): ?(.*)\Z"
_PERSON = r"(?s)(.*?) ?<([^>]*)> (-?\d+) ([+-]\d{4})\Z"
_UNWANTED = r"[\x00-\x1f<>]"


class CommitInfo(msgspec.Struct, frozen=True):
    """A commit. ``time`` is seconds since 1970, ``tz`` minutes east of UTC; ``message`` has no trailers.

    ``refs`` are the full names of the refs that point here, where the walk was asked for them.
    """

    commit: str
    tree: str
    parents: tuple[str, ...]
    time: int
    tz: int
    author: str
    message: str
    trailers: Mapping[str, str]
    refs: tuple[str, ...] = ()


def read(objects: StoreObjects, oid: str) -> CommitInfo:
    """The commit of that id. SnapError when it is missing, damaged or no commit.

    Where snapshots before it are gone (history.py), its parent is the next one that is there.
    """
    content = objects.content(oid, COMMIT)
    try:
        info = _parse(oid, content)
    except ValueError as error:
        raise objects.damaged(oid, f"not a commit: {error}") from error
    cut = objects.cuts.get(oid)
    return info if cut is None else msgspec.structs.replace(info, parents=cut)


def _parse(oid: str, content: bytes) -> CommitInfo:
    head, _, body = content.decode("utf-8", "replace").partition("\n\n")
    fields: dict[str, list[str]] = {}
    for line in head.split("\n"):
        key, _, value = line.partition(" ")
        fields.setdefault(key, []).append(value)
    person = re.match(_PERSON, fields.get("committer", [""])[0])
    if "tree" not in fields or person is None:
        raise ValueError("it has no tree or no committer")
    name, mail, seconds, zone = person.groups()
    message, trailers = split_trailers(body)
    parents = tuple(fields.get("parent", ()))
    who, tree = f"{name} <{mail}>", fields["tree"][0]
    return CommitInfo(oid, tree, parents, int(seconds), _minutes(zone), who, message, trailers)


def _minutes(zone: str) -> int:
    minutes = int(zone[1:3]) * 60 + int(zone[3:5])
    return -minutes if zone[0] == "-" else minutes


def encode(tree: str, parents: tuple[str, ...], who: str, message: str) -> bytes:
    """The bytes of a commit by ``who`` (see :func:`signature`)."""
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents), f"author {who}", f"committer {who}"]
    text = "\n".join(lines) + "\n\n" + message
    return text.encode("utf-8", "backslashreplace")


def with_trailers(message: str, trailers: Mapping[str, str]) -> str:
    """A commit message with Git trailers at its end, in a paragraph of their own."""
    body = message.replace("\0", "").strip() or "Snapshot"
    lines = [f"{key}: {' '.join(value.split())}" for key, value in trailers.items()]
    # A paragraph of the message that looks like trailers must not become some.
    return "\n\n".join([body, "\n".join(lines)]) + "\n" if lines else body + "\n"


def split_trailers(text: str) -> tuple[str, dict[str, str]]:
    """The message and the trailers of its last paragraph, {} when that is not all trailers."""
    text = text.strip("\n")
    body, _, last = text.rpartition("\n\n")
    matches = [re.match(_TRAILER, line) for line in last.split("\n")]
    if not body or not all(matches):
        return text, {}
    return body.strip("\n"), {match[1]: match[2].strip() for match in matches if match}


def signature(root: Path, when: float | None = None) -> str:
    """``Name <mail> seconds zone`` of whoever runs this, from Git's environment and configuration."""
    name, mail = identity(root)
    seconds = int(time.time() if when is None else when)
    return f"{name} <{mail}> {seconds} {time.strftime('%z', time.localtime(seconds))}"


def identity(root: Path) -> tuple[str, str]:
    """The committer's name and mail as Git would use them; ``snapstore <user>`` where it has none."""
    name = os.environ.get("GIT_COMMITTER_NAME") or os.environ.get("GIT_AUTHOR_NAME")
    mail = os.environ.get("GIT_COMMITTER_EMAIL") or os.environ.get("GIT_AUTHOR_EMAIL")
    if not (name and mail):
        configured = _configured(root)
        name, mail = name or configured[0], mail or configured[1]
    return _clean(name or "snapstore") or "snapstore", _clean(mail or _user())


def _clean(text: str) -> str:
    """Git forbids newlines and angle brackets in a name or a mail address."""
    return re.sub(_UNWANTED, "", text).strip(" .,:;\"'\\")


def _configured(root: Path) -> tuple[str | None, str | None]:
    from dulwich.config import ConfigFile, StackedConfig

    try:
        backends = StackedConfig.default_backends()
        stack = StackedConfig([ConfigFile.from_path(str(root / "config")), *backends])
    except (OSError, ValueError):
        return None, None
    return _setting(stack.get, b"name"), _setting(stack.get, b"email")


def _setting(get: Callable[[tuple[bytes], bytes], bytes], key: bytes) -> str | None:
    try:
        return get((b"user",), key).decode("utf-8", "replace")
    except KeyError:
        return None


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def write_loose(objects: StoreObjects, kind: int, content: bytes) -> str:
    """Put one object into the store by itself, durably; its id. For the few that are no part of a tree."""
    oid = object_id(kind, content).hex()
    path = objects.loose_path(oid)
    if not path.exists():
        with durable.writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            durable.write_file(path, zlib.compress(b"%s %d\0" % (NAMES[kind], len(content)) + content, 1))
    return oid


def peel(objects: StoreObjects, oid: str) -> str:
    """The commit that an id of a commit or an annotated tag stands for. SnapError when it is neither."""
    for _ in range(10):
        kind, content = objects.read(oid)
        if kind == COMMIT:
            return oid
        found = re.match(rb"object ([0-9a-f]{40})\n", content)
        if kind != TAG or not found:
            break
        oid = found[1].decode()
    raise SnapError(f"{oid} is no commit", fix="name a commit; 'snap log' lists them")


def peel_if(objects: StoreObjects, oid: str) -> str:
    """The commit of a tag where there is one, else the id itself."""
    try:
        return peel(objects, oid)
    except SnapError:
        return oid


def walk(objects: StoreObjects, start: str, refs: Mapping[str, str]) -> Iterator[CommitInfo]:
    """The history of a commit, newest first, each commit once and never before all seen children."""
    names: dict[str, tuple[str, ...]] = {}
    for name, oid in refs.items():
        names[oid] = (*names.get(oid, ()), name)
    first = read(objects, start)
    queue = [(-first.time, 0, first)]
    seen = {start}
    while queue:
        info = heapq.heappop(queue)[2]
        yield msgspec.structs.replace(info, refs=names.get(info.commit, ()))
        for parent in info.parents:
            if parent not in seen:
                seen.add(parent)
                found = read(objects, parent)
                heapq.heappush(queue, (-found.time, len(seen), found))
