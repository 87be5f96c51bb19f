"""One pass over a tree: everything that belongs to the resource, no file opened.

A folder is there, as far as the resource is concerned, when something in it is, or when nothing at all is
in it. One that only holds what was left out is left out itself: otherwise a restore would have to remove a
folder that cannot be empty.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from re import Pattern

from snapstore.errors import SnapError
from snapstore.filetree import dir_fact, live_file, mode_fact, special_fact
from snapstore.model import Fact, LiveFile, Notice
from snapstore.paths import from_bytes, to_text
from snapstore.safewrite import is_temporary

_STORE = {b"HEAD", b"objects", b"refs", b"snapstore"}
_NAMED = 10


@dataclass(frozen=True)
class Selection:
    """What to look at; see :mod:`.patterns`. ``git``: also folders and files named ``.git``."""

    include: Pattern[str] | None = None
    exclude: Pattern[str] | None = None
    git: bool = False


@dataclass
class Found:
    """What a walk found; ``unreadable`` are the paths that could not be looked into."""

    files: list[LiveFile] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Folder:
    prefix: str
    """The path with a slash at its end, empty for the root."""
    source: bytes
    mode: int
    parent: _Folder | None
    wanted: bool
    """Whether it matches ``include`` itself, so that it counts even when nothing is in it."""
    holds: bool = False
    leaves_out: bool = False

    @property
    def path(self) -> str:
        return self.prefix[:-1] or "."


def walk(root: bytes, selection: Selection) -> Found:
    """All that belongs to the tree at ``root``, a folder. SnapError that names what cannot be read."""
    found = Found()
    folders = [_Folder("", root, os.stat(root).st_mode, None, selection.include is None)]  # noqa: PTH116
    for folder in folders:  # grows while it is walked: parents before their children
        folders += _look_into(folder, selection, found)
    if found.unreadable:
        raise _unreadable(root, found.unreadable)
    for folder in reversed(folders):
        _conclude(folder, found)
    found.notices.sort(key=lambda notice: notice.subject)
    return found


def _look_into(folder: _Folder, selection: Selection, found: Found) -> list[_Folder]:
    below: list[_Folder] = []
    for entry in _entries(folder, found):
        name = from_bytes(entry.name)
        path = folder.prefix + name
        if is_temporary(name):
            found.notices.append(Notice(to_text(path), "left behind by an interrupted restore, not captured"))
        elif entry.is_dir(follow_symlinks=False):
            below += _folder(folder, entry, path + "/", selection, found)
        elif _leaves_out(path, entry.name, selection) or (
            selection.include and not selection.include.match(path)
        ):
            folder.leaves_out = True
        else:
            _add(folder, entry, path, found)
    return below


def _entries(folder: _Folder, found: Found) -> list[os.DirEntry[bytes]]:
    try:
        with os.scandir(folder.source) as scan:
            entries = list(scan)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError:
        found.unreadable.append(folder.path)
        return []
    if _STORE.issubset(entry.name for entry in entries):
        found.notices.append(Notice(to_text(folder.path), "a snapstore store, never captured into itself"))
        folder.leaves_out = True
        return []
    return entries


def _folder(
    parent: _Folder, entry: os.DirEntry[bytes], prefix: str, selection: Selection, found: Found
) -> list[_Folder]:
    if _leaves_out(prefix, entry.name, selection):
        parent.leaves_out = True
        return []
    try:
        mode = entry.stat(follow_symlinks=False).st_mode
    except FileNotFoundError:
        return []
    wanted = parent.wanted or bool(selection.include and selection.include.match(prefix))
    return [_Folder(prefix, entry.path, mode, parent, wanted)]


def _leaves_out(path: str, name: bytes, selection: Selection) -> bool:
    if name == b".git" and not selection.git:
        return True
    return selection.exclude is not None and selection.exclude.match(path) is not None


def _add(folder: _Folder, entry: os.DirEntry[bytes], path: str, found: Found) -> None:
    try:
        status = entry.stat(follow_symlinks=False)
        file = live_file(path, os.fsdecode(entry.path), status)
    except FileNotFoundError:
        return  # gone since the folder was listed
    folder.holds = True
    if file is None:
        fact = special_fact(path, status.st_mode)
        found.facts.append(fact)
        found.notices.append(Notice(to_text(path), f"a {fact.attrs['type']}: it cannot be restored"))
        return
    found.files.append(file)
    if file.data is None:
        found.facts += filter(None, [mode_fact(path, status.st_mode)])
        if not _readable(entry, status):
            found.unreadable.append(path)


def _readable(entry: os.DirEntry[bytes], status: os.stat_result) -> bool:
    # Asking the system costs as much as the rest of the walk, so only where not everybody may read.
    return status.st_mode & 0o444 == 0o444 or os.access(entry.path, os.R_OK)


def _conclude(folder: _Folder, found: Found) -> None:
    """Children were concluded before: all that the folder holds is known."""
    there = folder.holds or (folder.wanted and not folder.leaves_out)
    if folder.parent:
        folder.parent.holds |= there
        folder.parent.leaves_out |= not there
    if there and (not folder.holds or not folder.parent or stat.S_IMODE(folder.mode) != 0o755):
        found.facts.append(dir_fact(folder.path, folder.mode))


def _unreadable(root: bytes, paths: list[str]) -> SnapError:
    shown = [to_text(path) for path in sorted(paths)[:_NAMED]]
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return SnapError(
        f"cannot be read: {', '.join(shown)}{more}",
        where=to_text(from_bytes(root)),
        fix="give this user permission to read them, or exclude them",
    )
