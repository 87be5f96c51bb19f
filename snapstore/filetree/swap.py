"""All changes of a folder seen at once: made to a copy beside it, which then takes its place by one rename.

The copy's files are hard links of the ones that are there, so it costs no content and what is not part of the
resource (excluded files, say) is in it too. The price: linking changes the files' ctime, so the next capture
reads them all again.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from snapstore import safewrite
from snapstore.adapter import ApplyContext
from snapstore.errors import SnapError
from snapstore.filetree import apply
from snapstore.model import Action
from snapstore.paths import from_text, to_text

_AT_FDCWD, _EXCHANGE = -100, 2  # of renameat2(2); macOS has the same number for renamex_np(2)


def apply_swapped(root: Path, actions: Sequence[Action], context: ApplyContext) -> None:
    """As :func:`snapstore.filetree.apply.apply_files`, but nobody sees some of the changes without others.

    SnapError before anything is changed where the system has no such rename or does not permit it.
    """
    place = root.resolve()
    copy = copy_of(place)
    _remove(copy)
    context.journal.started(*actions)
    try:
        known = _link_all(place, copy)
        changes = [_on_copy(copy, action) for action in actions]
        apply.apply_files(copy, changes, _unheard(context))
        _put(copy, place)
    except BaseException:
        _remove(copy)
        raise
    _move_newcomers(copy, place, known)
    _remove(copy)
    safewrite.flush(place.parent)
    context.journal.finished(*actions)
    context.journal.committed()


def copy_of(place: Path) -> Path:
    """Where the copy of a folder is while it is made, and the old folder until it is removed."""
    return place.parent / os.fsdecode(safewrite.temporary_name(os.fsencode(place.name)))


def tidy_swapped(root: Path) -> None:
    """Remove what a killed :func:`apply_swapped` has left."""
    _remove(copy_of(root.resolve()))


def _unheard(context: ApplyContext) -> ApplyContext:
    """One in which nobody learns of the copy: neither the journal, nor who would look for files there."""
    return msgspec.structs.replace(context, journal=_Untold(), wrote=lambda files: None)


class _Untold:
    """What happens to the copy is nothing to the journal: all of it counts when the copy is in its place."""

    def started(self, *actions: Action) -> None: ...

    def finished(self, *actions: Action) -> None: ...

    def committed(self) -> None: ...


def _on_copy(copy: Path, action: Action) -> Action:
    """Attributes belong to a file under all its names: one that only changes these gets a file of its own."""
    if action.payload["do"] != "set":
        return action
    with suppress(OSError):
        status = os.lstat(copy / from_text(action.payload["path"]))
        if stat.S_ISREG(status.st_mode) and status.st_nlink == 2:
            return msgspec.structs.replace(action, payload={**action.payload, "do": "separate"})
    return action


def _link_all(source: Path, copy: Path) -> set[str]:
    """Make the copy; the paths of all that is in it, relative to it."""
    known: set[str] = set()
    if source.exists():
        with _told(source):
            copy.mkdir(0o700)
            _link_below(source, copy, "", known)
    return known


def _link_below(source: Path, copy: Path, prefix: str, known: set[str]) -> None:
    for entry in os.scandir(source):
        known.add(prefix + entry.name)
        if entry.is_dir(follow_symlinks=False):
            (copy / entry.name).mkdir(0o700)
            _link_below(Path(entry.path), copy / entry.name, f"{prefix}{entry.name}/", known)
        else:
            os.link(entry.path, copy / entry.name, follow_symlinks=False)
    status = source.stat()
    with suppress(PermissionError):
        os.chown(copy, status.st_uid, status.st_gid)
    shutil.copystat(source, copy)  # last: what is put into a folder changes its time


def _put(copy: Path, place: Path) -> None:
    """Let the copy take the place, and the other way round."""
    with _told(place):
        if not copy.exists():  # the target has no folder
            if place.exists():
                place.rename(copy)
        elif not place.exists():
            copy.rename(place)
        else:
            _exchange(copy, place)


def _exchange(one: Path, other: Path) -> None:
    from ctypes import CDLL, get_errno

    library = CDLL(None, use_errno=True)
    if sys.platform == "darwin":
        failed = library.renamex_np(os.fsencode(one), os.fsencode(other), _EXCHANGE)
    else:
        failed = library.renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _EXCHANGE)
    if failed:
        raise OSError(get_errno(), os.strerror(get_errno()))


def _move_newcomers(old: Path, place: Path, known: set[str], prefix: str = "") -> None:
    """Take along what others have made in the old folder since it was copied."""
    for entry in os.scandir(old) if old.exists() else ():
        path = prefix + entry.name
        if path not in known:
            with suppress(OSError):  # its folder is not there any more, or something else has its name
                if not (place / entry.name).exists():
                    Path(entry.path).rename(place / entry.name)
        elif entry.is_dir(follow_symlinks=False):
            _move_newcomers(Path(entry.path), place / entry.name, known, f"{path}/")


def _remove(copy: Path) -> None:
    with _told(copy), suppress(FileNotFoundError):
        shutil.rmtree(copy)


@contextmanager
def _told(place: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, AttributeError) as error:
        raise SnapError(
            f"the folder cannot be replaced as a whole: {getattr(error, 'strerror', None) or error}",
            where=to_text(str(place)),
            fix='put that right, or set atomic = "file"',
        ) from error
