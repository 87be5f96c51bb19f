"""Folders full of new files: one action each, and one rename.

Where a build is gone, thousands of files come back. As an action each they tell a reader nothing and cost
more to plan than to write; each written beside its place and renamed, they cost twice what it takes to write
them. So a folder to which nothing but additions are planned is one action, and whatever part of it is not
there when that runs is made beside its place, whole, and renamed into it once: nobody sees it half full.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import msgspec

from snapstore import forked, safewrite
from snapstore.below import Folders, Held, held
from snapstore.errors import SnapError
from snapstore.filetree.facts import FOLDER_MODE, ancestors
from snapstore.model import Stamp, Wrote
from snapstore.paths import from_text, to_bytes

MANY = 50
"""From so many new files and folders on, a folder is one action; fewer are worth a line each."""
_PART = 200
"""Files that one process writes at a time."""
_OPEN = 100
"""New folders that are held open at a time."""

Content = Callable[[str], bytes | Iterable[bytes]]
"""What is in a blob: all of it, or piece by piece what is large or kept elsewhere."""


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """What is to be in a new folder, at ``path`` (text) below it; ``""`` is the folder itself.

    A file has permission bits and a blob, a link a blob alone, a folder permission bits alone.
    """

    path: str
    mode: str | None
    blob: str | None


class _New(NamedTuple):
    """A folder that is not there, and what is to be in it."""

    path: str
    entries: list[Entry]

    @property
    def staged(self) -> str:
        """Where it is until it is whole; a path, not its text."""
        return _beside(self.path)


class Making(NamedTuple):
    """Of one folder, what is made beside its place; ``others``, below folders that are there, is not.

    ``wrote`` are the files for which there is proof that nobody has changed them if they are as it says."""

    new: list[_New]
    others: list[Entry]
    wrote: list[Wrote]


def topmost(files: Iterable[str], folders: Iterable[str], changed: Iterable[str]) -> dict[str, list[str]]:
    """New files and folders by the outermost folder in which only such things change, if these are many.

    ``changed`` are the paths of all other changes. All are text, in any order.
    """
    mixed = {folder for path in changed for folder in (path, *ancestors(path))}
    within: dict[str, list[str]] = {path: [path] for path in folders}
    for path in files:
        within.setdefault(_parent(path), []).append(path)
    found: dict[str, list[str]] = {}
    for folder, below in within.items():
        if top := next((f for f in reversed([folder, *ancestors(folder)]) if f not in mixed), ""):
            found.setdefault(top, []).extend(below)
    return {top: sorted(below) for top, below in found.items() if len(below) >= MANY}


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


@contextmanager
def made(
    root: Folders, wanted: Iterable[tuple[str, Sequence[Entry]]], content: Content
) -> Iterator[list[Making]]:
    """What is missing of each of these folders, whole and durable beside its place, for :func:`publish`.

    SnapError names the file that could not be written. Of what was not published, nothing is left then.
    """
    makings = [_missing(root.root, top, entries) for top, entries in wanted]
    new = [one for making in makings for one in making.new]
    try:
        written = iter(_stage(root, new, content))
        yield [making._replace(wrote=_next(written, len(making.new))) for making in makings]
    except BaseException:
        for one in new:
            with suppress(Exception):  # the first error is the one to tell
                safewrite.remove_tree(root.root, one.staged)
        raise


def publish(root: Folders, making: Making) -> None:
    """Put what was made in its place: each folder at once."""
    for one in making.new:
        safewrite.move_directory(root, one.staged, from_text(one.path))


def staged_folders(top: str, entries: Sequence[Entry]) -> Iterator[str]:
    """Where :func:`made`, killed, may have left what it was making."""
    folders = {f"{top}/{folder}" for entry in entries for folder in ancestors(entry.path)}
    own = {f"{top}/{entry.path}" for entry in entries if entry.blob is None and entry.path}
    return map(_beside, sorted({top} | folders | own))


def _missing(root: Path, top: str, entries: Sequence[Entry]) -> Making:
    there: dict[str, bool] = {}
    outermost: dict[str, str | None] = {}
    missing: dict[str, list[Entry]] = {}
    others = []
    for entry in entries:
        path = f"{top}/{entry.path}" if entry.path else top
        folder = path if entry.blob is None else _parent(path)
        if folder not in outermost:
            outermost[folder] = _outermost_missing(root, top, folder, there)
        new = outermost[folder]
        if new is None:
            others.append(entry)
        else:
            missing.setdefault(new, []).append(Entry(path[len(new) + 1 :], entry.mode, entry.blob))
    return Making([_New(path, below) for path, below in missing.items()], others, [])


def _outermost_missing(root: Path, top: str, folder: str, known: dict[str, bool]) -> str | None:
    """Of the folders from ``top`` down to this one."""
    for path in reversed([folder, *(f for f in ancestors(folder) if len(f) >= len(top))]):
        if path not in known:
            known[path] = os.path.lexists(root / from_text(path))
        if not known[path]:
            return path
    return None


def _next(written: Iterator[list[Wrote]], folders: int) -> list[Wrote]:
    return [file for files in islice(written, folders) for file in files]


def _stage(root: Folders, new: Sequence[_New], content: Content) -> list[list[Wrote]]:
    for one in new:
        safewrite.remove_tree(root.root, one.staged)
        safewrite.make_directory(root, one.staged, int(FOLDER_MODE, 8))
    written: list[list[Wrote]] = []
    for start in range(0, len(new), _OPEN):
        written += _write_all(root, new[start : start + _OPEN], content)
    for one in new:
        _finish(root, one, content)
    if new:
        safewrite.flush(root.root)
    return [files if _is_certain(root, one, files) else [] for one, files in zip(new, written, strict=True)]


def _is_certain(root: Folders, new: _New, files: Sequence[Wrote]) -> bool:
    """Whether nobody can change these files from now on and leave them their stamps.

    So far nobody knew them but this process. From the moment on in which they are in their place, others do;
    what these write has a later ctime if the clock of the file system has gone on by then.
    """
    newest = max((file.stamp[2] for file in files), default=None)
    with suppress(SnapError):  # it may be closed to its owner
        return newest is not None and safewrite.is_past(root, new.staged, newest)
    return False


def _write_all(root: Folders, new: Sequence[_New], content: Content) -> list[list[Wrote]]:
    """What was written, for each new folder."""
    parts = [(number, part) for number, one in enumerate(new) for part in _parts(one)]
    written: list[list[Wrote]] = [[] for _ in new]
    with ExitStack() as stack:
        folders = [stack.enter_context(_held(root, one)) for one in new]
        for start in range(0, len(parts), forked.MOST):
            some = parts[start : start + forked.MOST]
            for number, stamps in forked.each(partial(_write_part, folders, content), some):
                place, files = some[number]
                shown = folders[place].shown
                written[place] += _wrote(str(shown), files, stamps)
    return written


def _wrote(folder: str, files: Sequence[Entry], stamps: Sequence[Stamp | None]) -> Iterator[Wrote]:
    for entry, stamp in zip(files, stamps, strict=True):
        if stamp is not None:
            yield Wrote(f"{folder}/{from_text(entry.path)}", stamp, entry.blob or "")


def _held(root: Folders, new: _New) -> AbstractContextManager[Held]:
    return held(root, new.staged, shown=root.root / from_text(new.path))


def _parts(new: _New) -> Iterator[list[Entry]]:
    files = [entry for entry in new.entries if entry.blob is not None and entry.mode is not None]
    return (files[start : start + _PART] for start in range(0, len(files), _PART))


def _write_part(
    folders: Sequence[Held], content: Content, part: tuple[int, Sequence[Entry]]
) -> list[Stamp | None]:
    """The stamps of these files of one of the folders; None for those whose content came in pieces."""
    place, files = part
    with folders[place].again() as folder:
        return [_write(folder, entry, content(entry.blob or "")) for entry in files]


def _write(folder: Folders, entry: Entry, content: bytes | Iterable[bytes]) -> Stamp | None:
    path, mode = from_text(entry.path), int(entry.mode or "", 8)
    if isinstance(content, bytes):
        return safewrite.create(folder, path, (content,), mode)
    safewrite.create(folder, path, content, mode)
    return None


def _finish(root: Folders, new: _New, content: Content) -> None:
    """Links, then the modes of folders, children first: from then on one may be closed to its owner."""
    staged = new.staged
    folders = []
    for entry in new.entries:
        path = f"{staged}/{from_text(entry.path)}".rstrip("/")
        if entry.mode is None:
            target = content(entry.blob or "")
            safewrite.symlink(root, path, target if isinstance(target, bytes) else b"".join(target))
        elif entry.blob is None:
            folders.append((path, int(entry.mode, 8)))
    for path, mode in sorted(folders, reverse=True):
        safewrite.make_directory(root, path, mode)


def _beside(path: str) -> str:
    folder, slash, name = from_text(path).rpartition("/")
    return folder + slash + os.fsdecode(safewrite.temporary_name(to_bytes(name)))
