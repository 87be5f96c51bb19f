"""Changing files below a folder: each change atomic, none of them outside the folder.

Every function takes ``root`` and a ``relative`` path and promises that

* nothing outside ``root`` is touched, and no symbolic link below it followed (:mod:`snapstore.below`);
  absolute paths, ``..``, ``.``, empty components and NUL are refused;
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
from collections.abc import Callable, Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from time import sleep
from typing import TypeAlias

from snapstore.below import (
    BELOW,
    DIRECTORY,
    Folder,
    Folders,
    Root,
    enter,
    give_owner,
    give_owner_to,
    held_open,
    hold,
    let_go,
    name_of,
    opened_below,
    parent,
    parts_of,
    path_of,
    told,
    told_of,
)
from snapstore.errors import SnapError
from snapstore.model import Stamp

_TEMPORARY = re.compile(r"\.snap-[0-9a-f]{20}\.tmp")
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_TICKS = (0, 0.005, 0.02)
"""Seconds to wait for a clock that ticks every ten milliseconds, as those of Linux do at most."""
_ABSENT = (FileNotFoundError, NotADirectoryError)


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
    with parent(root, relative) as (folder, name):
        temporary = temporary_name(name)
        file = _create(folder.descriptor, temporary)
        try:
            with held_open(file):
                give_owner(file, _like(folder, name))
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
    with parent(root, relative) as (opened, name):
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
    *parents, name = parts_of(root, relative)
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
        raise told_of(root, relative, error) from error


def discard(root: Root, relative: str) -> None:
    """Drop what was staged for ``relative``, if anything."""
    _delete(root, relative, temporary_name)


def flush(root: Path) -> None:
    """Return once everything written so far on the file system of ``root`` is on disk."""
    if sys.platform == "linux":
        from ctypes import CDLL

        with told(root, "."), held_open(os.open(root, DIRECTORY)) as folder:
            if CDLL(None).syncfs(folder) == 0:
                return
    os.sync()


def flush_folder(root: Root, relative: str) -> None:
    """Return once the entries of this folder are on disk; one that is not there has none."""
    parts = [] if relative == "." else parts_of(root, relative)
    with told(root, relative), suppress(*_ABSENT), opened_below(root) as folders:
        os.fsync(folders.at(parts).descriptor)


def remove(root: Root, relative: str) -> None:
    """Make sure that there is no file or link at ``relative``; a folder there is left as it is."""
    _delete(root, relative, lambda name: name)


def symlink(root: Root, relative: str, target: bytes) -> None:
    """Make ``relative`` a symbolic link with exactly this target, which is never looked at."""
    if not target or b"\0" in target:
        raise SnapError(
            "not a target that a link can have",
            where=name_of(root, relative),
            fix="do not trust this snapshot: check the store with `snap doctor`",
        )
    with parent(root, relative) as (opened, name):
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
        with told(root, relative):
            path = path_of(root)
            path.mkdir(parents=True, exist_ok=True)
            _set_mode(os.open(path, DIRECTORY), mode)
        return
    with parent(root, relative) as (folder, name):
        _set_mode(enter(folder, name, create=True), mode)


def set_mode(root: Root, relative: str, mode: int) -> None:
    """Give the file or folder at ``relative`` these permission bits. SnapError when it is not there."""
    change(root, relative, lambda descriptor: os.fchmod(descriptor, mode))


def change(root: Root, relative: str, how: Finish) -> None:
    """Change the attributes of the file or folder at ``relative``. SnapError when it is not there."""
    if relative == ".":
        with told(root, relative), held_open(os.open(path_of(root), DIRECTORY)) as descriptor:
            how(descriptor)
        return
    with parent(root, relative, create=False) as (folder, name):
        # Not to wait for the other end, should this have become a pipe.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with held_open(os.open(name, flags, dir_fd=folder.descriptor)) as descriptor:
            how(descriptor)


def link(root: Root, relative: str, to: str) -> None:
    """Make ``relative`` another name of the file ``to``."""
    with parent(path_of(root), to, create=False) as (source, known), parent(root, relative) as (place, name):
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
    with parent(root, relative, create=False) as (folder, name):
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
    with told(root, relative), suppress(*_ABSENT):
        if relative == ".":
            path = path_of(root)
            return _remove_if_empty(None, os.fsencode(path), os.open(path, DIRECTORY))
        *parents, name = parts_of(root, relative)
        with opened_below(root) as folders:
            folder = folders.at(parents).descriptor
            return _remove_if_empty(folder, name, os.open(name, BELOW, dir_fd=folder))
    return True


def remove_tree(root: Root, relative: str) -> None:
    """Make sure that there is nothing at ``relative``: a folder goes with all in it, a link by itself."""
    *parents, name = parts_of(root, relative)
    with told(root, relative), suppress(*_ABSENT), opened_below(root) as folders:
        _remove_any(folders.at(parents).descriptor, name)


def move_directory(root: Root, relative: str, to: str) -> None:
    """Rename a folder, within the one that it is in. SnapError where there is something in its new place."""
    *parents, name = parts_of(root, to)
    with told(root, to), opened_below(root) as folders:
        folder = folders.at(parents).descriptor
        os.rename(parts_of(root, relative)[-1], name, src_dir_fd=folder, dst_dir_fd=folder)


def is_temporary(name: str) -> bool:
    """Whether a file of this name was left behind by a process that was killed while writing."""
    return _TEMPORARY.fullmatch(name) is not None


def _remove_if_empty(parent: int | None, name: bytes, folder: int) -> bool:
    kept = hold(name, folder)
    try:
        entries = os.listdir(folder)
        if not all(map(is_temporary, entries)):
            return False
        for entry in entries:
            _remove_any(folder, os.fsencode(entry))
    finally:
        let_go(kept)
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
    *parents, name = parts_of(root, relative)
    with told(root, relative), suppress(*_ABSENT), opened_below(root) as folders:
        folder = folders.at(parents).descriptor
        if not stat.S_ISDIR(os.lstat(which(name), dir_fd=folder).st_mode):
            os.unlink(which(name), dir_fd=folder)


def _set_mode(descriptor: int, mode: int) -> None:
    with held_open(descriptor):
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


def _like(folder: Folder, name: bytes) -> os.stat_result:
    """Whom a new file should belong to: the owner of what it replaces, else of its folder."""
    try:
        return os.lstat(name, dir_fd=folder.descriptor)
    except FileNotFoundError:
        return folder.status


def _dress(descriptor: int, like: os.stat_result, mode: int) -> bool:
    """Give a new file its owner and its mode; whether there was anything to give."""
    own = os.fstat(descriptor)
    give_owner_to(descriptor, own, like)
    other = stat.S_IMODE(own.st_mode) != mode
    if other:
        os.fchmod(descriptor, mode)
    return other or (own.st_uid, own.st_gid) != (like.st_uid, like.st_gid)


def _unlink(folder: int, name: bytes) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
