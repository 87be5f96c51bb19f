"""Stamps of many files as one value, so that those of a whole folder are compared at once.

Each number takes eight bytes, the lowest first, and is taken modulo 2⁶⁴: inode numbers and times use, on
some file systems, all of them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from itertools import chain

from snapstore.model import LiveFolder, Stamp

SIZE = 40
"""Bytes of one packed stamp."""
_STAMP = struct.Struct("<5q")
_MODE = struct.Struct("<32xq")
_HALF = 1 << 63


def pack(stamps: Iterable[Stamp]) -> bytes:
    """All of them, one behind the other."""
    numbers = list(chain.from_iterable(stamps))
    try:
        return struct.pack(f"<{len(numbers)}q", *numbers)
    except struct.error:
        return struct.pack(f"<{len(numbers)}q", *map(_wrapped, numbers))


def _wrapped(number: int) -> int:
    return (number + _HALF) % (2 * _HALF) - _HALF


def unpack(packed: bytes) -> list[Stamp]:
    """The stamps again. What does not fit in 63 bits comes back as another number, always the same."""
    found: list[Stamp] = list(_STAMP.iter_unpack(packed))
    return found


def live_folder(path: str, source: str, names: bytes, stamps: Iterable[Stamp]) -> LiveFolder:
    """``names`` have a NUL behind each."""
    return LiveFolder(path, source, names, pack(stamps))


def names_of(folder: LiveFolder) -> list[bytes]:
    """The names of its files, in their order."""
    return folder.names.split(b"\0")[:-1]


def modes_of(folder: LiveFolder) -> list[int]:
    """The modes of its files, in their order."""
    return [mode for (mode,) in _MODE.iter_unpack(folder.stamps)]


def files_of(folder: LiveFolder) -> list[tuple[bytes, Stamp]]:
    """Name and stamp of each of its files, in their order."""
    return list(zip(names_of(folder), unpack(folder.stamps), strict=True))
