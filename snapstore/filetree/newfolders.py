"""Folders full of new files: one action each, and one rename.

Where a build is gone, thousands of files come back. As an action each they tell a reader nothing and cost
more to plan than to write; each written beside its place and renamed, they cost twice what it takes to write
them. So a folder to which nothing but additions are planned is one action, and whatever part of it is not
there when that runs is made beside its place, whole, and renamed into it once: nobody sees it half full.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from snapstore import forked, safewrite
from snapstore.filetree.facts import FOLDER_MODE, ancestors
from snapstore.paths import from_text, to_bytes
from snapstore.safewrite import Folders

MANY = 50
"""From so many new files and folders on, a folder is one action; fewer are worth a line each."""
_PART = 200
"""Files that one process writes at a time."""

Pieces = Callable[[str], Iterable[bytes]]
"""The content of a blob."""


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


def topmost(files: Iterable[str], folders: Iterable[str], changed: Iterable[str]) -> dict[str, list[str]]:
    """New files and folders by the outermost folder in which only such things change, if these are many.

    ``changed`` are the paths of all other changes. All are text, in any order.
    """
    mixed = {folder for path in changed for folder in (path, *ancestors(path))}
    tops: dict[str, str] = {}
    found: dict[str, list[str]] = {}
    for path, folder in [*((path, _parent(path)) for path in files), *((path, path) for path in folders)]:
        if folder not in tops:
            tops[folder] = next((f for f in reversed([folder, *ancestors(folder)]) if f not in mixed), "")
        if tops[folder]:
            found.setdefault(tops[folder], []).append(path)
    return {top: sorted(below) for top, below in found.items() if len(below) >= MANY}


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def make(root: Folders, top: str, entries: Sequence[Entry], content: Pieces) -> list[Entry]:
    """Make what is missing of the folder ``top``, durable but for its name. What is below folders that
    are there already is left to the caller: those entries are returned.

    SnapError names the file that could not be written; of the folder it belongs to, nothing is left then.
    """
    missing, others = _missing(root.root, top, entries)
    for new in missing:
        _make(root, new, content)
    return others


def staged_folders(top: str, entries: Sequence[Entry]) -> Iterator[str]:
    """Where :func:`make`, killed, may have left what it was making."""
    folders = {f"{top}/{folder}" for entry in entries for folder in ancestors(entry.path)}
    own = {f"{top}/{entry.path}" for entry in entries if entry.blob is None and entry.path}
    return map(_beside, sorted({top} | folders | own))


def _missing(root: Path, top: str, entries: Sequence[Entry]) -> tuple[list[_New], list[Entry]]:
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
    return [_New(path, below) for path, below in missing.items()], others


def _outermost_missing(root: Path, top: str, folder: str, known: dict[str, bool]) -> str | None:
    """Of the folders from ``top`` down to this one."""
    for path in reversed([folder, *(f for f in ancestors(folder) if len(f) >= len(top))]):
        if path not in known:
            known[path] = os.path.lexists(root / from_text(path))
        if not known[path]:
            return path
    return None


def _make(root: Folders, new: _New, content: Pieces) -> None:
    staged = _beside(new.path)
    safewrite.remove_tree(root.root, staged)
    try:
        safewrite.make_directory(root, staged, int(FOLDER_MODE, 8))
        files = [entry for entry in new.entries if entry.blob is not None and entry.mode is not None]
        _write_all(root, staged, new.path, files, content)
        _finish(root, staged, new.entries, content)
        safewrite.flush(root.root)
        safewrite.move_directory(root, staged, from_text(new.path))
    except BaseException:
        with suppress(Exception):  # the first error is the one to tell
            safewrite.remove_tree(root.root, staged)
        raise


def _write_all(root: Folders, staged: str, place: str, files: Sequence[Entry], content: Pieces) -> None:
    parts = [files[start : start + _PART] for start in range(0, len(files), _PART)]
    with safewrite.held(root, staged, shown=root.root / from_text(place)) as open_folder:
        for start in range(0, len(parts), forked.MOST):
            for _ in forked.each(
                lambda part: _write_part(open_folder, part, content), parts[start : start + forked.MOST]
            ):
                pass


def _write_part(folder: safewrite.Held, files: Sequence[Entry], content: Pieces) -> None:
    with folder.again() as folders:
        for entry in files:
            mode = int(entry.mode or "", 8)
            safewrite.create(folders, from_text(entry.path), content(entry.blob or ""), mode)


def _finish(root: Folders, staged: str, entries: Sequence[Entry], content: Pieces) -> None:
    """Links, then the modes of folders, children first: from then on one may be closed to its owner."""
    folders = []
    for entry in entries:
        path = f"{staged}/{from_text(entry.path)}".rstrip("/")
        if entry.mode is None:
            safewrite.symlink(root, path, b"".join(content(entry.blob or "")))
        elif entry.blob is None:
            folders.append((path, int(entry.mode, 8)))
    for path, mode in sorted(folders, reverse=True):
        safewrite.make_directory(root, path, mode)


def _beside(path: str) -> str:
    """Where a folder is until it is whole; a path, not its text."""
    folder, slash, name = from_text(path).rpartition("/")
    return folder + slash + os.fsdecode(safewrite.temporary_name(to_bytes(name)))
