"""What is captured of a file tree beside content: the facts of ``metadata.json``.

* ``dir:PATH`` with ``mode``: a folder that is empty or whose permission bits are not 0755; ``dir:.`` is the
  root, and there whenever the root is;
* ``mode:PATH`` with ``mode``: a file whose permission bits are not 0644 (0755 when Git calls it executable);
* ``unmodelled:PATH`` with ``type``: a socket, a pipe or a device, which is seen and never restored.

Modes are octal text, ``"0600"``; PATH is the text of :mod:`snapstore.paths`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from functools import lru_cache

from snapstore.model import UNMODELLED, Blob, Document, Fact, LiveFile, Stamp
from snapstore.paths import to_text

METADATA = "metadata.json"
ROOT = "."
DIR = "dir"
MODE = "mode"

LINK = 0o120000
EXECUTABLE = 0o100755
REGULAR = 0o100644
FOLDER_MODE = "0755"

_TYPES = {
    stat.S_IFSOCK: "socket",
    stat.S_IFIFO: "pipe",
    stat.S_IFBLK: "block device",
    stat.S_IFCHR: "character device",
}


def live_file(path: str, source: str, found: os.stat_result) -> LiveFile | None:
    """A file, not read, or a link, read, as ``capture`` reports it; None for what Git cannot hold."""
    kind = stat.S_IFMT(found.st_mode)
    if kind == stat.S_IFLNK:
        return LiveFile(path, LINK, data=os.readlink(os.fsencode(source)))  # noqa: PTH115 - its bytes
    if kind != stat.S_IFREG:
        return None
    mode = EXECUTABLE if found.st_mode & 0o100 else REGULAR
    return LiveFile(path, mode, None, source, stamp_of(found))


def stamp_of(found: os.stat_result) -> Stamp:
    """What tells that the file has changed."""
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_mode)


def mode_fact(path: str, st_mode: int) -> Fact | None:
    """The fact about the permission bits of a regular file, where Git would bring back others."""
    bits = st_mode & 0o7777
    if bits == (0o755 if bits & 0o100 else 0o644):
        return None
    return Fact(f"{MODE}:{to_text(path)}", {"mode": f"{bits:04o}"})


def dir_fact(path: str, st_mode: int) -> Fact:
    """The fact about a folder; ``path`` is ``.`` for the root."""
    return Fact(f"{DIR}:{to_text(path)}", {"mode": f"{st_mode & 0o7777:04o}"})


def special_fact(path: str, st_mode: int) -> Fact:
    """The fact about something that is neither file nor link nor folder."""
    return Fact(f"{UNMODELLED}:{to_text(path)}", {"type": _TYPES.get(stat.S_IFMT(st_mode), "special file")})


def metadata(facts: Iterable[Fact]) -> list[Document]:
    """These facts as ``Captured.documents``; no document where there is nothing to say."""
    ordered = tuple(sorted(facts, key=lambda fact: fact.id))
    return [Document(METADATA, ordered)] if ordered else []


def file_mode(blob: Blob) -> str:
    """The permission bits that a file of a snapshot has when no fact says otherwise."""
    return "0755" if blob.mode == EXECUTABLE else "0644"


def ancestors(path: str) -> tuple[str, ...]:
    """The folders a path is in, nearest first, without the root."""
    return _with_parents(path.rpartition("/")[0])


@lru_cache(4096)
def _with_parents(folder: str) -> tuple[str, ...]:
    found = []
    while folder:
        found.append(folder)
        folder = folder.rpartition("/")[0]
    return tuple(found)
