"""One pass over a tree: everything that belongs to the resource, no file opened.

A folder is there, as far as the resource is concerned, when something in it is, or when nothing at all is
in it. One that only holds what was left out is left out itself: otherwise a restore would have to remove a
folder that cannot be empty.
"""

from __future__ import annotations

import errno
import os
import stat
from re import Pattern

import msgspec

from snapstore.errors import SnapError, some
from snapstore.filetree import dir_fact, live_file, mode_fact, special_fact
from snapstore.filetree.attributes import Seen
from snapstore.filetree.facts import ROOT
from snapstore.model import Fact, LiveFile, LiveFolder, Notice
from snapstore.paths import from_bytes, to_text
from snapstore.safewrite import is_temporary
from snapstore_files.names import doubtful_names

_STORE = {b"HEAD", b"objects", b"refs", b"snapstore"}
_USUAL = {stat.S_IFREG | 0o644, stat.S_IFREG | 0o755}
"""Modes of regular files about which Git says everything."""


class Selection(msgspec.Struct, frozen=True):
    """What to look at; see :mod:`.patterns`. ``git``: also folders and files named ``.git``.

    ``keep``: what else of them (:mod:`snapstore.filetree.attributes`).
    """

    include: Pattern[str] | None = None
    exclude: Pattern[str] | None = None
    git: bool = False
    keep: frozenset[str] = frozenset()

    @property
    def everything(self) -> bool:
        """Whether it takes all but what is named ``.git``."""
        return self.include is None and self.exclude is None

    def leaves_out(self, prefix: str, name: bytes, end: str = "") -> bool:
        """Whether this entry of a folder is not wanted, whatever ``include`` says; a folder ends in ``/``."""
        if name == b".git" and not self.git:
            return True
        return bool(self.exclude and self.exclude.match(prefix + from_bytes(name) + end))

    def takes(self, prefix: str, name: bytes) -> bool:
        """Whether a file is wanted."""
        if self.leaves_out(prefix, name):
            return False
        return not self.include or bool(self.include.match(prefix + from_bytes(name)))


class Found(msgspec.Struct):
    """What a walk found; ``unreadable`` are the paths that could not be looked into.

    Regular files are in ``folders``, links in ``files``.
    """

    seen: Seen
    folders: list[LiveFolder] = []
    files: list[LiveFile] = []
    facts: list[Fact] = []
    notices: list[Notice] = []
    unreadable: list[str] = []


class _Folder(msgspec.Struct):
    prefix: str
    """The path with a slash at its end, empty for the root."""
    source: bytes
    status: os.stat_result
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
    status = os.stat(root)  # noqa: PTH116
    found = Found(seen=Seen(selection.keep, status))
    folders = [_Folder("", root, status, None, selection.include is None)]
    for folder in folders:  # grows while it is walked: parents before their children
        folders += _look_into(folder, selection, found)
    if found.unreadable:
        raise _unreadable(root, found.unreadable)
    for folder in reversed(folders):
        _conclude(folder, found)
    found.notices += [Notice(ROOT, text) for text in found.seen.finish()]
    found.facts += found.seen.facts
    found.notices.sort(key=lambda notice: notice.subject)
    return found


def _look_into(folder: _Folder, selection: Selection, found: Found) -> list[_Folder]:
    below: list[_Folder] = []
    files: list[os.DirEntry[bytes]] = []
    everything = selection.everything
    for entry in _entries(folder, found):
        name = entry.name
        if name.startswith(b".snap-") and is_temporary(from_bytes(name)):
            text = "left behind by an interrupted restore, not captured"
            subject = to_text(folder.prefix + from_bytes(name))
            found.notices.append(Notice(subject, text, serious=True))
        elif entry.is_dir(follow_symlinks=False):
            below += _folder(folder, entry, selection)
        elif (everything and name != b".git") or selection.takes(folder.prefix, name):
            files.append(entry)
        else:
            folder.leaves_out = True
    if files:
        _add(folder, files, found)
    names = [*(entry.name for entry in files), *(os.path.basename(one.source) for one in below)]  # noqa: PTH119
    found.notices += doubtful_names(folder.prefix, names)
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


def _folder(parent: _Folder, entry: os.DirEntry[bytes], selection: Selection) -> list[_Folder]:
    if selection.leaves_out(parent.prefix, entry.name, "/"):
        parent.leaves_out = True
        return []
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return []
    prefix = f"{parent.prefix}{from_bytes(entry.name)}/"
    wanted = parent.wanted or bool(selection.include and selection.include.match(prefix))
    return [_Folder(prefix, entry.path, status, parent, wanted)]


def _add(folder: _Folder, entries: list[os.DirEntry[bytes]], found: Found) -> None:
    """What is in a folder beside folders. This loop is the cost of a capture in which nothing changed."""
    live = LiveFolder(folder.prefix[:-1], os.fsdecode(folder.source), [], [])
    names, stamps, seen = live.names, live.stamps, found.seen
    for entry in entries:
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue  # gone since the folder was listed
        mode = status.st_mode
        if mode not in _USUAL:
            if not stat.S_ISREG(mode):
                _add_other(folder, entry, status, found)
                continue
            _look_at_mode(folder.prefix + from_bytes(entry.name), entry, mode, found)
        if seen.concerns(status):
            seen.look(folder.prefix + from_bytes(entry.name), entry.path, status, file=True)
        names.append(entry.name)
        # stamp_of, without the call
        stamps.append((status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, mode))
    if names:
        folder.holds = True
        found.folders.append(live)


def _look_at_mode(path: str, entry: os.DirEntry[bytes], mode: int, found: Found) -> None:
    found.facts += filter(None, [mode_fact(path, mode)])
    # Asking the system costs as much as the rest of the walk, so only where not everybody may read.
    if mode & 0o444 != 0o444 and not os.access(entry.path, os.R_OK):
        found.unreadable.append(path)


def _add_other(folder: _Folder, entry: os.DirEntry[bytes], status: os.stat_result, found: Found) -> None:
    path = folder.prefix + from_bytes(entry.name)
    try:
        link = live_file(path, os.fsdecode(entry.path), status)
    except FileNotFoundError:
        return
    folder.holds = True
    if link is not None:
        found.files.append(link)
        if _is_loop(entry):
            found.notices.append(Notice(to_text(path), "a link that leads to itself", serious=True))
        return
    fact = special_fact(path, status.st_mode)
    found.facts.append(fact)
    found.notices.append(
        Notice(to_text(path), f"a {fact.attrs['type']}: it cannot be restored", serious=True)
    )


def _is_loop(link: os.DirEntry[bytes]) -> bool:
    try:
        link.stat()
    except OSError as error:
        return error.errno == errno.ELOOP
    return False


def _conclude(folder: _Folder, found: Found) -> None:
    """Children were concluded before: all that the folder holds is known."""
    there = folder.holds or (folder.wanted and not folder.leaves_out)
    if folder.parent:
        folder.parent.holds |= there
        folder.parent.leaves_out |= not there
    if there:
        found.seen.look(folder.path, folder.source, folder.status, file=False)
    mode = folder.status.st_mode
    if there and (not folder.holds or not folder.parent or stat.S_IMODE(mode) != 0o755):
        found.facts.append(dir_fact(folder.path, mode))


def _unreadable(root: bytes, paths: list[str]) -> SnapError:
    return SnapError(
        f"cannot be read: {some([to_text(path) for path in sorted(paths)])}",
        where=to_text(from_bytes(root)),
        fix="give this user permission to read them, or exclude them",
    )
