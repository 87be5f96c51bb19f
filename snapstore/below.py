"""Reaching what is below a folder, and nothing else.

Each component of a path is opened from the one before (``openat``) and no symbolic link is followed, so that
one swapped in at the last moment leads nowhere. Only the folder at the top may be one: the user named it.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from snapstore.errors import SnapError
from snapstore.paths import from_bytes, to_bytes, to_text

FOLDER_MODE = 0o755
"""Mode of folders that are made only because something is put into them."""

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
BELOW = DIRECTORY | os.O_NOFOLLOW
_NO_NAMES = frozenset({b"", b".", b".."})

_AGAIN = "put that right, then run the command again"
_CAUSES = {
    errno.EACCES: ("no permission to change it", "run as a user who may write there"),
    errno.EPERM: ("the system does not permit this change", "run as the owner, or lift the immutable flag"),
    errno.ENOSPC: ("the disk is full", "free some space, then run the command again"),
    errno.EDQUOT: ("the disk quota is used up", "free some space, then run the command again"),
    errno.EROFS: ("the file system is read-only", "mount it read-write, then run the command again"),
    errno.ELOOP: ("a symbolic link is in its place", "remove the link: links are never followed"),
    errno.ENOTDIR: (
        "a symbolic link or a file is where a folder should be",
        "remove it: links below the folder are never followed",
    ),
    errno.EISDIR: ("a folder is in its place", "remove the folder, or exclude it"),
    errno.ENOENT: (
        "the folder it belongs to does not exist",
        "create the folder, then run the command again",
    ),
    errno.ENOTEMPTY: ("the folder is not empty", "remove what is in it, then run the command again"),
    errno.EBUSY: ("it is in use or a mount point", "release or unmount it, then run the command again"),
    errno.ENAMETOOLONG: ("the name is too long for this file system", ""),
}


class Folder(NamedTuple):
    """One that is open."""

    name: bytes
    descriptor: int
    status: os.stat_result
    closed: bool
    """Whether its owner may not write to it, but for as long as it is open here."""
    usual: set[int]
    """Modes with which a file that is made in it has them, and its owner, at once."""


class Folders:
    """Folders below ``root``, each opened from the one before. Those on the way to the last one stay open.

    A context manager: closes them all. Links are not followed, but for ``root`` itself. With ``start``, a
    descriptor that stays open, that folder is where they begin, and ``root`` what messages call it.
    """

    def __init__(self, root: Path, start: int | None = None) -> None:
        self.root = root
        self._start = start
        self._way: list[Folder] = []
        self._asked: list[bytes] | None = None
        """What leads to the last folder on the way."""

    def __enter__(self) -> Folders:
        return self

    def __exit__(self, *exc: object) -> None:
        self._leave(0)

    def at(self, parts: list[bytes], *, create: bool = False) -> Folder:
        """The folder that these names lead to, open and writable for its owner until another is asked for."""
        if parts == self._asked and self._way:
            return self._way[-1]
        self._asked = None
        if not self._way:
            begin = os.open(self.root, DIRECTORY) if self._start is None else os.dup(self._start)
            self._way.append(hold(b"", begin))
        known = 0
        for part, folder in zip(parts, self._way[1:], strict=False):
            if part != folder.name:
                break
            known += 1
        self._leave(known + 1)
        for part in parts[known:]:
            self._way.append(hold(part, enter(self._way[-1], part, create=create)))
        self._asked = parts
        return self._way[-1]

    def _leave(self, count: int) -> None:
        """All but so many of the folders on the way."""
        while len(self._way) > count:
            let_go(self._way.pop())


Root = Path | Folders


class Held(NamedTuple):
    """An open folder that processes forked from this one can work in; see :func:`held`."""

    shown: Path
    descriptor: int

    def again(self) -> Folders:
        return Folders(self.shown, self.descriptor)


@contextmanager
def held(root: Folders, relative: str, shown: Path) -> Iterator[Held]:
    """The folder at ``relative``, which messages call ``shown``, open until this is left."""
    with told(root, relative):
        descriptor = os.dup(root.at(parts_of(root, relative)).descriptor)
    with held_open(descriptor):
        yield Held(shown, descriptor)


@contextmanager
def parent(root: Root, relative: str, *, create: bool = True) -> Iterator[tuple[Folder, bytes]]:
    """The open folder that holds ``relative``, writable for its owner, and the name in it."""
    *parents, name = parts_of(root, relative)
    with told(root, relative), opened_below(root) as folders:
        yield folders.at(parents, create=create), name


@contextmanager
def opened_below(root: Root) -> Iterator[Folders]:
    """Folders to reach things by: those given, else ones for the moment."""
    if isinstance(root, Folders):
        yield root  # whoever made it closes it
        return
    with Folders(root) as folders:
        yield folders


def path_of(root: Root) -> Path:
    """Where the folder at the top is."""
    return root.root if isinstance(root, Folders) else root


def parts_of(root: Root, relative: str) -> list[bytes]:
    """The names that a path consists of. SnapError where they could lead out of the folder."""
    try:
        parts = to_bytes(relative).split(b"/")
    except UnicodeEncodeError:
        parts = [b""]
    if not _NO_NAMES.isdisjoint(parts) or "\0" in relative:
        raise SnapError(
            "not a path below the folder",
            where=f"{path_of(root)}: {relative!a}",
            fix="paths are relative, without '.', '..' or empty parts",
        )
    return parts


def enter(folder: Folder, name: bytes, *, create: bool) -> int:
    """A descriptor of the folder of this name in another; with ``create``, one that is missing is made."""
    try:
        return os.open(name, BELOW, dir_fd=folder.descriptor)
    except FileNotFoundError:
        if not create:
            raise
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=folder.descriptor)
    below = os.open(name, BELOW, dir_fd=folder.descriptor)
    give_owner(below, folder.status)
    os.fchmod(below, FOLDER_MODE)
    return below


def hold(name: bytes, descriptor: int) -> Folder:
    """An open folder, also opened to its owner: one of mode 0555 is restored like any other."""
    status = os.fstat(descriptor)
    closed = status.st_mode & 0o300 != 0o300 and status.st_uid == os.geteuid() != 0
    if closed:
        os.fchmod(descriptor, stat.S_IMODE(status.st_mode) | 0o300)
    return Folder(name, descriptor, status, closed, set())


def let_go(folder: Folder) -> None:
    """Close it, and close it to its owner again if it was."""
    with held_open(folder.descriptor):
        if folder.closed:
            os.fchmod(folder.descriptor, stat.S_IMODE(folder.status.st_mode))


@contextmanager
def held_open(descriptor: int) -> Iterator[int]:
    """The descriptor, closed when this is left."""
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def give_owner(descriptor: int, like: os.stat_result) -> None:
    """Let what is open belong to whom something else belongs, as far as the system allows."""
    give_owner_to(descriptor, os.fstat(descriptor), like)


def give_owner_to(descriptor: int, own: os.stat_result, like: os.stat_result) -> None:
    """The same where it is known to whom it belongs now."""
    # What root restores must stay readable to the user whom it belonged to.
    if (own.st_uid, own.st_gid) != (like.st_uid, like.st_gid):
        with suppress(PermissionError):
            os.fchown(descriptor, like.st_uid, like.st_gid)


@contextmanager
def told(root: Root, relative: str) -> Iterator[None]:
    """Turn what the system says into one SnapError that names the file."""
    try:
        yield
    except OSError as error:
        raise told_of(root, relative, error) from error


def told_of(root: Root, relative: str, error: OSError) -> SnapError:
    """The same error as users read it."""
    what, fix = _CAUSES.get(error.errno or 0, (f"cannot be changed: {error.strerror}", _AGAIN))
    return SnapError(what, where=name_of(root, relative), fix=fix)


def name_of(root: Root, relative: str) -> str:
    """What messages call it."""
    folder = to_text(from_bytes(os.fsencode(path_of(root))))
    return folder if relative == "." else f"{folder}/{to_text(relative)}"
