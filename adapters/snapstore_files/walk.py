"""One pass over a tree: everything that belongs to the resource, no file opened.

A folder is there, as far as the resource is concerned, when something in it is, or when nothing at all is
in it. One that only holds what was left out is left out itself: otherwise a restore would have to remove a
folder that cannot be empty.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

import msgspec

from snapstore.errors import SnapError, some
from snapstore.filetree import dir_fact, live_file, mode_fact, special_fact
from snapstore.filetree.facts import ROOT
from snapstore.model import Notice
from snapstore.paths import from_bytes, to_text
from snapstore.safewrite import is_temporary
from snapstore.stamps import live_folder
from snapstore_files.found import USUAL, Found, add, nothing_yet, told
from snapstore_files.names import doubtful_names
from snapstore_files.selection import Selection

_STORE = {"HEAD", "objects", "refs", "snapstore"}
_SAMPLE, _MUCH = 500, 8000
"""After so many names, so many that are still to come are worth other processes."""
_PARTS = 16
_USE = attrgetter("st_mode", "st_nlink", "st_uid", "st_gid")
_STAMP = attrgetter("st_size", "st_mtime_ns", "st_ctime_ns", "st_ino", "st_mode")
"""As a function in C what :func:`snapstore.filetree.facts.stamp_of` is."""


_Entry: TypeAlias = "os.DirEntry[str]"
"""Of an open folder: its ``path`` is but its name."""


class _Entries(NamedTuple):
    """Entries of a folder, and in their order what the system says of each."""

    entries: list[_Entry]
    statuses: list[os.stat_result]


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

    def source_of(self, name: bytes) -> bytes:
        """Where the system has what is in it."""
        return os.path.join(self.source, name)  # noqa: PTH118 - of bytes


def walk(root: bytes, selection: Selection) -> Found:
    """All that belongs to the tree at ``root``, a folder. SnapError that names what cannot be read."""
    status = os.stat(root)  # noqa: PTH116
    found = nothing_yet(selection.keep, status)
    top = _Folder("", root, status, None, selection.include is None)
    _walk_below([top], selection, found, share=True)
    if found.unreadable:
        raise _unreadable(root, found.unreadable)
    _conclude(top, found)
    found.notices += [Notice(ROOT, text) for text in found.seen.finish()]
    found.facts += found.seen.facts
    found.notices.sort(key=lambda notice: notice.subject)
    return found


def _walk_below(tops: list[_Folder], selection: Selection, found: Found, *, share: bool) -> None:
    """All in these folders, which are left to be concluded; with ``share`` more processes help with much."""
    folders = list(tops)
    for number, folder in enumerate(folders):  # grows while it is walked: parents before their children
        if share and _is_much(len(folders) - number, found.entries, number):
            _walk_shared(folders[number:], selection, found)
            break
        folders += _look_into(folder, selection, found)
    for folder in reversed(folders[len(tops) :]):
        _conclude(folder, found)


def _is_much(waiting: int, entries: int, looked_into: int) -> bool:
    """Whether so many folders, if they are as full as those before, are worth other processes."""
    if entries < _SAMPLE or waiting * entries < _MUCH * looked_into:
        return False
    from snapstore import forked

    return forked.cores() > 1


def _walk_shared(folders: list[_Folder], selection: Selection, found: Found) -> None:
    from snapstore import forked

    def work(part: list[_Folder]) -> tuple[Any, ...] | None:
        mine = nothing_yet(selection.keep, found.root)
        try:
            _walk_below(part, selection, mine, share=False)
        except OSError:
            return None  # the other process will meet it too, and can say where it was
        return told(mine), [(folder.holds, folder.leaves_out) for folder in part]

    parts = [folders[start::_PARTS] for start in range(min(_PARTS, len(folders)))]
    for number, answer in sorted(forked.each(work, parts)):
        if answer is None:
            _walk_below(parts[number], selection, found, share=False)
            continue
        add(found, answer[0])
        for folder, (holds, leaves_out) in zip(parts[number], answer[1], strict=True):
            folder.holds, folder.leaves_out = holds, leaves_out


def _look_into(folder: _Folder, selection: Selection, found: Found) -> list[_Folder]:
    """The folders in it that are to be walked; all else that is in it is added to ``found``."""
    descriptor = _opened(folder, found)
    if descriptor is None:
        return []
    try:
        return _look_at(folder, _entries(folder, descriptor, found), selection, found)
    finally:
        os.close(descriptor)


def _opened(folder: _Folder, found: Found) -> int | None:
    """In an open folder the system finds what is asked about by its name alone, not by the whole path."""
    try:
        return os.open(folder.source, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        found.unreadable.append(folder.path)
        return None


def _entries(folder: _Folder, descriptor: int, found: Found) -> list[_Entry]:
    try:
        with os.scandir(descriptor) as scan:
            entries = list(scan)
    except OSError:
        found.unreadable.append(folder.path)
        return []
    if _STORE.issubset([entry.name for entry in entries]):
        found.notices.append(Notice(to_text(folder.path), "a snapstore store, never captured into itself"))
        folder.leaves_out = True
        return []
    return entries


def _look_at(folder: _Folder, entries: list[_Entry], selection: Selection, found: Found) -> list[_Folder]:
    found.entries += len(entries)
    inside = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
    files = entries
    if inside:
        files = [entry for entry in entries if not entry.is_dir(follow_symlinks=False)]
    if not selection.everything or not _are_plain(entries):
        found.notices += _repositories(folder, entries, selection)
        inside, files = _without_temporary(inside, folder, found), _without_temporary(files, folder, found)
        wanted = [entry for entry in files if selection.takes(folder.prefix, _name(entry))]
        folder.leaves_out |= len(wanted) < len(files)
        files = wanted
    below = [one for entry in inside for one in _folder(folder, entry, selection)]
    if files:
        _add(folder, files, found)
    names = _names(files) + b"".join([os.path.basename(one.source) + b"\0" for one in below])  # noqa: PTH119
    found.notices += doubtful_names(folder.prefix, names)
    return below


def _name(entry: _Entry) -> bytes:
    """As the file system has it, whatever the locale."""
    return os.fsencode(entry.name)


def _path(folder: _Folder, entry: _Entry) -> str:
    """Where it is in the tree."""
    return folder.prefix + from_bytes(_name(entry))


def _names(entries: list[_Entry]) -> bytes:
    """The names of all, with a NUL behind each, made in one go."""
    return os.fsencode("\0".join([entry.name for entry in entries] + [""]))


def _are_plain(entries: list[_Entry]) -> bool:
    """Whether no name needs a look of its own."""
    names = b"\0" + _names(entries)
    return b"\0.git\0" not in names and b"\0.snap-" not in names


def _repositories(folder: _Folder, entries: list[_Entry], selection: Selection) -> Iterator[Notice]:
    """A repository inside of the tree comes back without its history, unless that is asked for."""
    for entry in entries:
        if entry.name == ".git" and folder.parent and selection.would_take_with_git(_path(folder, entry)):
            yield Notice(to_text(_path(folder, entry)), "left out; git = true takes it as well")


def _without_temporary(entries: list[_Entry], folder: _Folder, found: Found) -> list[_Entry]:
    kept = []
    for entry in entries:
        if entry.name.startswith(".snap-") and is_temporary(from_bytes(_name(entry))):
            text = "left behind by an interrupted restore, not captured"
            found.notices.append(Notice(to_text(_path(folder, entry)), text, serious=True))
        else:
            kept.append(entry)
    return kept


def _folder(parent: _Folder, entry: _Entry, selection: Selection) -> list[_Folder]:
    name = _name(entry)
    if selection.leaves_out(parent.prefix, name, "/"):
        parent.leaves_out = True
        return []
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return []
    prefix = f"{parent.prefix}{from_bytes(name)}/"
    wanted = parent.wanted or bool(selection.include and selection.include.match(prefix))
    return [_Folder(prefix, parent.source_of(name), status, parent, wanted)]


def _add(folder: _Folder, entries: list[_Entry], found: Found) -> None:
    """What is in a folder beside folders, of which most are files that have nothing special.

    This is the cost of a capture in which nothing changed, hence the loops in C.
    """
    try:
        statuses = [entry.stat(follow_symlinks=False) for entry in entries]
    except FileNotFoundError:
        entries, statuses = _still_there(entries)
    if not found.usual.issuperset(map(_USE, statuses)):
        entries, statuses = _look_at_each(folder, entries, statuses, found)
    if entries:
        folder.holds = True
        names, stamps = _names(entries), map(_STAMP, statuses)
        found.folders.append(live_folder(folder.prefix[:-1], os.fsdecode(folder.source), names, stamps))


def _still_there(entries: list[_Entry]) -> _Entries:
    """Those that are not gone since the folder was listed."""
    there = _Entries([], [])
    for entry in entries:
        with suppress(FileNotFoundError):
            there.statuses.append(entry.stat(follow_symlinks=False))
            there.entries.append(entry)
    return there


def _look_at_each(
    folder: _Folder, entries: list[_Entry], statuses: list[os.stat_result], found: Found
) -> _Entries:
    """Tell what is special about any; the regular files among them."""
    regular = _Entries([], [])
    for entry, status in zip(entries, statuses, strict=True):
        mode = status.st_mode
        if not stat.S_ISREG(mode):
            _add_other(folder, entry, status, found)
            continue
        if mode not in USUAL:
            _look_at_mode(folder, entry, mode, found)
        if found.seen.concerns(status):
            source = folder.source_of(_name(entry))
            found.seen.look(_path(folder, entry), source, status, file=True)
        regular.entries.append(entry)
        regular.statuses.append(status)
    return regular


def _look_at_mode(folder: _Folder, entry: _Entry, mode: int, found: Found) -> None:
    path = _path(folder, entry)
    found.facts += filter(None, [mode_fact(path, mode)])
    # Asking the system costs as much as the rest of the walk, so only where not everybody may read.
    if mode & 0o444 != 0o444 and not os.access(folder.source_of(_name(entry)), os.R_OK):
        found.unreadable.append(path)


def _add_other(folder: _Folder, entry: _Entry, status: os.stat_result, found: Found) -> None:
    path = _path(folder, entry)
    try:
        link = live_file(path, os.fsdecode(folder.source_of(_name(entry))), status)
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


def _is_loop(link: _Entry) -> bool:
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
