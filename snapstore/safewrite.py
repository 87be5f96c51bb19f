"""Changing files below a folder: each change atomic, none of them outside the folder.

Every function takes ``root`` and a ``relative`` path and promises that

* nothing outside ``root`` is touched. Each component is opened from the one before (``openat``) and no
  symbolic link below ``root`` is followed, so that a link swapped in at the last moment leads nowhere;
  absolute paths, ``..``, ``.``, empty components and NUL are refused (``root`` itself may be a link: the
  user named it);
* a file is seen old or new, never torn: it is written beside its place and renamed into it. It has its
  final mode before its first byte, whatever the umask, and the owner of the file it replaces (of its
  folder when it is new) as far as the system allows;
* folders on the way that are missing are made with mode 0755; a folder that its owner may not write to is
  opened for the moment of the change only;
* running twice does what running once does;
* every failure is a SnapError that names the file, and leaves no temporary behind. Only a killed process
  leaves one: ``is_temporary`` tells it by its name, ``discard`` or writing the file again removes it.

For many files, :func:`stage` all, :func:`flush` once, then :func:`publish` each: the same promises at the
cost of one flush, which however waits for all that others have written to the same file system. Where a
``Root`` is taken, :class:`Folders` can be given instead of a path: what lies near each other is then reached
without opening all the folders on the way again.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from time import sleep
from typing import NamedTuple, TypeAlias

from snapstore.errors import SnapError
from snapstore.model import Stamp
from snapstore.paths import from_bytes, to_bytes, to_text

FOLDER_MODE = 0o755
"""Mode of folders that are made only because something is put into them."""

_TEMPORARY = re.compile(r"\.snap-[0-9a-f]{20}\.tmp")
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_BELOW = _DIRECTORY | os.O_NOFOLLOW
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_NAMES = frozenset({b"", b".", b".."})
_TICKS = (0, 0.005, 0.02)
"""Seconds to wait for a clock that ticks every ten milliseconds, as those of Linux do at most."""
_ABSENT = (FileNotFoundError, NotADirectoryError)

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


class _Folder(NamedTuple):
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
        self._way: list[_Folder] = []
        self._asked: list[bytes] | None = None
        """What leads to the last folder on the way."""

    def __enter__(self) -> Folders:
        return self

    def __exit__(self, *exc: object) -> None:
        self._leave(0)

    def at(self, parts: list[bytes], *, create: bool = False) -> _Folder:
        """The folder that these names lead to, open and writable for its owner until another is asked for."""
        if parts == self._asked and self._way:
            return self._way[-1]
        self._asked = None
        if not self._way:
            begin = os.open(self.root, _DIRECTORY) if self._start is None else os.dup(self._start)
            self._way.append(_hold(b"", begin))
        known = 0
        for part, folder in zip(parts, self._way[1:], strict=False):
            if part != folder.name:
                break
            known += 1
        self._leave(known + 1)
        for part in parts[known:]:
            self._way.append(_hold(part, _enter(self._way[-1], part, create=create)))
        self._asked = parts
        return self._way[-1]

    def _leave(self, count: int) -> None:
        """All but so many of the folders on the way."""
        while len(self._way) > count:
            _let_go(self._way.pop())


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
    with _told(root, relative):
        descriptor = os.dup(root.at(_parts(root, relative)).descriptor)
    with _opened(descriptor):
        yield Held(shown, descriptor)


def replace(root: Root, relative: str, data: Iterable[bytes], mode: int) -> None:
    """Make ``relative`` a file with this content and these permission bits, durably."""
    stage(root, relative, data, mode, durable=True)
    publish(root, relative, durable=True)


Finish: TypeAlias = Callable[[int], None]
"""What else is to be done to an open file before anybody sees it."""


def stage(
    root: Root,
    relative: str,
    data: Iterable[bytes],
    mode: int,
    *,
    durable: bool = False,
    finish: Finish | None = None,
) -> None:
    """Write the content beside its place, where :func:`publish` takes it from."""
    with _parent(root, relative) as (folder, name):
        temporary = temporary_name(name)
        file = _create(folder.descriptor, temporary)
        try:
            with _opened(file):
                _give(file, _like(folder, name))
                os.fchmod(file, mode)
                for piece in data:
                    _write(file, piece)
                if finish is not None:
                    finish(file)
                if durable:
                    os.fsync(file)
        except BaseException:
            _unlink(folder.descriptor, temporary)
            raise


def publish(root: Root, relative: str, *, durable: bool = False) -> None:
    """Put what was staged in its place, at once."""
    with _parent(root, relative) as (opened, name):
        folder = opened.descriptor
        try:
            os.rename(temporary_name(name), name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            _unlink(folder, temporary_name(name))
            raise
        if durable:
            os.fsync(folder)


def create(root: Folders, relative: str, data: Iterable[bytes], mode: int) -> Stamp:
    """Write a file that is not there, where nobody looks yet: it is not put into its place at once.

    What is given back is what tells whether somebody has changed it since.
    """
    # Without context managers: thousands of files are made here, and each costs what a system call does.
    *parents, name = _parts(root, relative)
    try:
        folder = root.at(parents, create=True)
        file = os.open(name, _NEW, mode & 0o777, dir_fd=folder.descriptor)
        try:
            if mode not in folder.usual and not _dress(file, folder.status, mode):
                folder.usual.add(mode)
            for piece in data:
                _write(file, piece)
            found = os.fstat(file)
            return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_mode
        finally:
            os.close(file)
    except OSError as error:
        raise _told_of(root, relative, error) from error


def discard(root: Root, relative: str) -> None:
    """Drop what was staged for ``relative``, if anything."""
    _delete(root, relative, temporary_name)


def flush(root: Path) -> None:
    """Return once everything written so far on the file system of ``root`` is on disk."""
    if sys.platform == "linux":
        from ctypes import CDLL

        with _told(root, "."), _opened(os.open(root, _DIRECTORY)) as folder:
            if CDLL(None).syncfs(folder) == 0:
                return
    os.sync()


def flush_folder(root: Root, relative: str) -> None:
    """Return once the entries of this folder are on disk; one that is not there has none."""
    parts = [] if relative == "." else _parts(root, relative)
    with _told(root, relative), suppress(*_ABSENT), _folders(root) as folders:
        os.fsync(folders.at(parts).descriptor)


def remove(root: Root, relative: str) -> None:
    """Make sure that there is no file or link at ``relative``; a folder there is left as it is."""
    _delete(root, relative, lambda name: name)


def symlink(root: Root, relative: str, target: bytes) -> None:
    """Make ``relative`` a symbolic link with exactly this target, which is never looked at."""
    if not target or b"\0" in target:
        raise SnapError(
            "not a target that a link can have",
            where=_shown(root, relative),
            fix="do not trust this snapshot: check the store with `snap doctor`",
        )
    with _parent(root, relative) as (opened, name):
        folder, temporary = opened.descriptor, temporary_name(name)
        _unlink(folder, temporary)
        os.symlink(target, temporary, dir_fd=folder)
        like = _like(opened, name)
        try:
            with suppress(PermissionError):
                os.chown(temporary, like.st_uid, like.st_gid, dir_fd=folder, follow_symlinks=False)
            os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            _unlink(folder, temporary)
            raise


def make_directory(root: Root, relative: str, mode: int) -> None:
    """Make sure that ``relative`` is a folder with these permission bits; ``.`` is ``root`` itself."""
    if relative == ".":
        with _told(root, relative):
            path = _path(root)
            path.mkdir(parents=True, exist_ok=True)
            _set_mode(os.open(path, _DIRECTORY), mode)
        return
    with _parent(root, relative) as (folder, name):
        _set_mode(_enter(folder, name, create=True), mode)


def set_mode(root: Root, relative: str, mode: int) -> None:
    """Give the file or folder at ``relative`` these permission bits. SnapError when it is not there."""
    change(root, relative, lambda descriptor: os.fchmod(descriptor, mode))


def change(root: Root, relative: str, how: Finish) -> None:
    """Change the attributes of the file or folder at ``relative``. SnapError when it is not there."""
    if relative == ".":
        with _told(root, relative), _opened(os.open(_path(root), _DIRECTORY)) as descriptor:
            how(descriptor)
        return
    with _parent(root, relative, create=False) as (folder, name):
        # Not to wait for the other end, should this have become a pipe.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with _opened(os.open(name, flags, dir_fd=folder.descriptor)) as descriptor:
            how(descriptor)


def link(root: Root, relative: str, to: str) -> None:
    """Make ``relative`` another name of the file ``to``."""
    with _parent(_path(root), to, create=False) as (source, known), _parent(root, relative) as (place, name):
        temporary = temporary_name(name)
        _unlink(place.descriptor, temporary)
        os.link(
            known,
            temporary,
            src_dir_fd=source.descriptor,
            dst_dir_fd=place.descriptor,
            follow_symlinks=False,
        )
        os.rename(temporary, name, src_dir_fd=place.descriptor, dst_dir_fd=place.descriptor)
        _unlink(place.descriptor, temporary)  # rename(2) leaves it where both are names of one file


def read(root: Root, relative: str) -> tuple[bytes, int]:
    """What is in the file at ``relative`` now, and its permission bits."""
    with _parent(root, relative, create=False) as (folder, name):
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with open(os.open(name, flags, dir_fd=folder.descriptor), "rb") as file:  # noqa: PTH123 - a descriptor
            return file.read(), stat.S_IMODE(os.fstat(file.fileno()).st_mode)


def is_past(root: Root, relative: str, time: int) -> bool:
    """Whether the file system of this folder says that ``time``, a ctime (ns) of its own, is past.

    Then whatever is changed there from now on gets a later one: clocks of file systems tick seldom.
    """
    return any(_ctime_after(root, relative, wait) > time for wait in _TICKS)


def _ctime_after(root: Root, relative: str, wait: float) -> int:
    """The ctime that a change of this folder in so many seconds has."""
    found: list[int] = []

    def touch(descriptor: int) -> None:
        os.fchmod(descriptor, stat.S_IMODE(os.fstat(descriptor).st_mode))
        found.append(os.fstat(descriptor).st_ctime_ns)

    sleep(wait)
    change(root, relative, touch)
    return found[0]


def remove_directory(root: Root, relative: str) -> bool:
    """Remove the folder if there is nothing in it but left-over temporaries; say whether there is none now.

    ``.`` is ``root`` itself. What is no folder is left as it is.
    """
    with _told(root, relative), suppress(*_ABSENT):
        if relative == ".":
            path = _path(root)
            return _remove_if_empty(None, os.fsencode(path), os.open(path, _DIRECTORY))
        *parents, name = _parts(root, relative)
        with _folders(root) as folders:
            folder = folders.at(parents).descriptor
            return _remove_if_empty(folder, name, os.open(name, _BELOW, dir_fd=folder))
    return True


def remove_tree(root: Root, relative: str) -> None:
    """Make sure that there is nothing at ``relative``: a folder goes with all in it, a link by itself."""
    *parents, name = _parts(root, relative)
    with _told(root, relative), suppress(*_ABSENT), _folders(root) as folders:
        _remove_any(folders.at(parents).descriptor, name)


def move_directory(root: Root, relative: str, to: str) -> None:
    """Rename a folder, within the one that it is in. SnapError where there is something in its new place."""
    *parents, name = _parts(root, to)
    with _told(root, to), _folders(root) as folders:
        folder = folders.at(parents).descriptor
        os.rename(_parts(root, relative)[-1], name, src_dir_fd=folder, dst_dir_fd=folder)


def is_temporary(name: str) -> bool:
    """Whether a file of this name was left behind by a process that was killed while writing."""
    return _TEMPORARY.fullmatch(name) is not None


def _remove_if_empty(parent: int | None, name: bytes, folder: int) -> bool:
    kept = _hold(name, folder)
    try:
        entries = os.listdir(folder)
        if not all(map(is_temporary, entries)):
            return False
        for entry in entries:
            _remove_any(folder, os.fsencode(entry))
    finally:
        _let_go(kept)
    try:
        os.rmdir(name, dir_fd=parent)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False
    return True


def _remove_any(folder: int, name: bytes) -> None:
    if not stat.S_ISDIR(os.lstat(name, dir_fd=folder).st_mode):
        os.unlink(name, dir_fd=folder)
        return
    import shutil

    try:
        shutil.rmtree(name, dir_fd=folder)
    except PermissionError:  # folders in it that their owner may not write to
        for *_, descriptor in os.fwalk(name, dir_fd=folder):
            os.fchmod(descriptor, 0o700)
        shutil.rmtree(name, dir_fd=folder)


def _delete(root: Root, relative: str, which: Callable[[bytes], bytes]) -> None:
    *parents, name = _parts(root, relative)
    with _told(root, relative), suppress(*_ABSENT), _folders(root) as folders:
        folder = folders.at(parents).descriptor
        if not stat.S_ISDIR(os.lstat(which(name), dir_fd=folder).st_mode):
            os.unlink(which(name), dir_fd=folder)


def _parts(root: Root, relative: str) -> list[bytes]:
    try:
        parts = to_bytes(relative).split(b"/")
    except UnicodeEncodeError:
        parts = [b""]
    if not _NO_NAMES.isdisjoint(parts) or "\0" in relative:
        raise SnapError(
            "not a path below the folder",
            where=f"{_path(root)}: {relative!a}",
            fix="paths are relative, without '.', '..' or empty parts",
        )
    return parts


@contextmanager
def _parent(root: Root, relative: str, *, create: bool = True) -> Iterator[tuple[_Folder, bytes]]:
    """The open folder that holds ``relative``, writable for its owner, and the name in it."""
    *parents, name = _parts(root, relative)
    with _told(root, relative), _folders(root) as folders:
        yield folders.at(parents, create=create), name


@contextmanager
def _folders(root: Root) -> Iterator[Folders]:
    if isinstance(root, Folders):
        yield root  # whoever made it closes it
        return
    with Folders(root) as folders:
        yield folders


def _path(root: Root) -> Path:
    return root.root if isinstance(root, Folders) else root


def _enter(folder: _Folder, name: bytes, *, create: bool) -> int:
    try:
        return os.open(name, _BELOW, dir_fd=folder.descriptor)
    except FileNotFoundError:
        if not create:
            raise
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=folder.descriptor)
    below = os.open(name, _BELOW, dir_fd=folder.descriptor)
    _give(below, folder.status)
    os.fchmod(below, FOLDER_MODE)
    return below


def _hold(name: bytes, descriptor: int) -> _Folder:
    """An open folder, also opened to its owner: one of mode 0555 is restored like any other."""
    status = os.fstat(descriptor)
    closed = status.st_mode & 0o300 != 0o300 and status.st_uid == os.geteuid() != 0
    if closed:
        os.fchmod(descriptor, stat.S_IMODE(status.st_mode) | 0o300)
    return _Folder(name, descriptor, status, closed, set())


def _let_go(folder: _Folder) -> None:
    with _opened(folder.descriptor):
        if folder.closed:
            os.fchmod(folder.descriptor, stat.S_IMODE(folder.status.st_mode))


@contextmanager
def _opened(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _set_mode(descriptor: int, mode: int) -> None:
    with _opened(descriptor):
        os.fchmod(descriptor, mode)


def _create(folder: int, temporary: bytes) -> int:
    # Readable to nobody else until it has its own mode.
    try:
        return os.open(temporary, _NEW, 0o600, dir_fd=folder)
    except FileExistsError:  # left by a killed process
        _unlink(folder, temporary)
        return os.open(temporary, _NEW, 0o600, dir_fd=folder)


def _write(file: int, data: bytes) -> None:
    written = os.write(file, data)
    while written < len(data):
        written += os.write(file, memoryview(data)[written:])


def temporary_name(name: bytes) -> bytes:
    """Where something is on its way to this name, beside it; see :func:`is_temporary`."""
    # Always the same for a file, so that the run after a crash replaces it instead of leaving one more.
    return b".snap-%s.tmp" % sha256(name).hexdigest()[:20].encode()


def _like(folder: _Folder, name: bytes) -> os.stat_result:
    """Whom a new file should belong to: the owner of what it replaces, else of its folder."""
    try:
        return os.lstat(name, dir_fd=folder.descriptor)
    except FileNotFoundError:
        return folder.status


def _give(descriptor: int, like: os.stat_result) -> None:
    _give_own(descriptor, os.fstat(descriptor), like)


def _give_own(descriptor: int, own: os.stat_result, like: os.stat_result) -> None:
    # What root restores must stay readable to the user whom it belonged to.
    if (own.st_uid, own.st_gid) != (like.st_uid, like.st_gid):
        with suppress(PermissionError):
            os.fchown(descriptor, like.st_uid, like.st_gid)


def _dress(descriptor: int, like: os.stat_result, mode: int) -> bool:
    """Give a new file its owner and its mode; whether there was anything to give."""
    own = os.fstat(descriptor)
    _give_own(descriptor, own, like)
    other = stat.S_IMODE(own.st_mode) != mode
    if other:
        os.fchmod(descriptor, mode)
    return other or (own.st_uid, own.st_gid) != (like.st_uid, like.st_gid)


def _unlink(folder: int, name: bytes) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


@contextmanager
def _told(root: Root, relative: str) -> Iterator[None]:
    """Turn what the system says into one SnapError that names the file."""
    try:
        yield
    except OSError as error:
        raise _told_of(root, relative, error) from error


def _told_of(root: Root, relative: str, error: OSError) -> SnapError:
    what, fix = _CAUSES.get(error.errno or 0, (f"cannot be changed: {error.strerror}", _AGAIN))
    return SnapError(what, where=_shown(root, relative), fix=fix)


def _shown(root: Root, relative: str) -> str:
    folder = to_text(from_bytes(os.fsencode(_path(root))))
    return folder if relative == "." else f"{folder}/{to_text(relative)}"
