"""Writes one pack of whole (undeltified) objects with its index, version 2.

Nothing appears under a final name before all of it is on disk. The name is the pack's own checksum, so two
processes can only ever give one name to the same bytes.
"""

from __future__ import annotations

import errno
import hashlib
import os
import struct
import sys
import zlib
from array import array
from collections.abc import Iterable
from contextlib import suppress
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO, NamedTuple

from snapstore.store import durable

COMMIT, TREE, BLOB, TAG = 1, 2, 3, 4
NAMES = {COMMIT: b"commit", TREE: b"tree", BLOB: b"blob", TAG: b"tag"}

_HEADER = struct.Struct(">4sLL")
_FAR = 0x80000000
"""Offsets from here on do not fit into an index's first table of offsets."""
_READ = 1 << 20


class Entry(NamedTuple):
    """An object of a pack: the CRC-32 of its packed form, and where that begins."""

    oid: bytes
    crc: int
    offset: int


def object_header(kind: int, size: int) -> bytes:
    """The type and size in front of an object in a pack."""
    first, rest = (kind << 4) | (size & 15), size >> 4
    header = bytearray()
    while rest:
        header.append(first | 0x80)
        first, rest = rest & 0x7F, rest >> 7
    header.append(first)
    return bytes(header)


class PackWriter:
    """Appends objects to a temporary pack in ``folder``; :meth:`finish` gives it its name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        descriptor, name = durable.temporary(folder)
        self._temporary = Path(name)
        self._file = os.fdopen(descriptor, "w+b", buffering=1 << 20)
        self._file.write(_HEADER.pack(b"PACK", 2, 0))
        self._end = _HEADER.size
        self._entries: dict[bytes, Entry] = {}

    def close(self) -> None:
        """Give up what was not finished. To be called in any case."""
        self._temporary.unlink(missing_ok=True)
        with suppress(OSError):  # a full disk: what is still buffered was to be thrown away anyhow
            self._file.close()

    def __contains__(self, oid: bytes) -> bool:
        return oid in self._entries

    def append(self, oid: bytes, kind: int, size: int, deflated: bytes) -> None:
        """Add an object whose ``size`` bytes of content are given as a zlib stream."""
        packed = object_header(kind, size) + deflated
        self._file.write(packed)
        self._entries[oid] = Entry(oid, zlib.crc32(packed), self._end)
        self._end += len(packed)

    def part(self) -> Part:
        """For a copy of this process, to add to the pack while this one waits; then :meth:`adopt` it."""
        self._file.flush()
        return Part(self._temporary)

    def adopt(self, entries: Iterable[Entry]) -> None:
        """Count as appended what parts have added to the file. No two of the objects may be equal."""
        self._entries.update((entry.oid, entry) for entry in entries)
        self._end = self._file.seek(0, os.SEEK_END)

    def stream(self, kind: int, size: int) -> Stream:
        """Begin an object that is written piece by piece, and whose id is known only at its end."""
        return Stream(self, kind, size)

    def finish(self) -> str | None:
        """Put pack and index in place, durably; the pack's name without suffix, None when it is empty."""
        if not self._entries:
            return None
        self._file.seek(0)
        self._file.write(_HEADER.pack(b"PACK", 2, len(self._entries)))
        checksum = _checksum(self._file, self._end)
        self._file.seek(self._end)
        self._file.write(checksum)
        self._file.flush()
        os.fchmod(self._file.fileno(), 0o444)
        os.fsync(self._file.fileno())
        name = f"pack-{checksum.hex()}"
        self._temporary.replace(self._folder / f"{name}.pack")
        durable.write_file(self._folder / f"{name}.idx", _index(self._entries, checksum))
        return name


class Part:
    """Appends objects to the pack of another process, at the place that each write finds at its end.

    What is appended counts only when :meth:`flush` has returned. One write is never mixed with that of
    another process (``O_APPEND`` of open(2)), and a write that is cut short is an error, after which no part
    of the pack is used. ``size`` is how many bytes wait for that.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._waiting: list[bytes] = []
        self.size = 0
        self._entries: dict[bytes, Entry] = {}

    def __contains__(self, oid: bytes) -> bool:
        return oid in self._entries

    def append(self, oid: bytes, kind: int, size: int, deflated: bytes) -> None:
        """As for :class:`PackWriter`."""
        packed = object_header(kind, size) + deflated
        self._entries[oid] = Entry(oid, zlib.crc32(packed), self.size)
        self._waiting.append(packed)
        self.size += len(packed)

    def flush(self) -> list[Entry]:
        """Write what was appended since the last time; the entries of it."""
        if self._file is None:  # by the process that writes: copies of a descriptor share its position
            self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        data = b"".join(self._waiting)
        if os.write(self._file, data) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        start = os.lseek(self._file, 0, os.SEEK_CUR) - len(data)
        found = [entry._replace(offset=start + entry.offset) for entry in self._entries.values()]
        self._waiting, self.size, self._entries = [], 0, {}
        return found


class Stream:
    """One object on its way into a pack: ``write`` its deflated pieces, then ``keep`` or ``drop`` it."""

    def __init__(self, pack: PackWriter, kind: int, size: int) -> None:
        self._pack = pack
        self._start = pack._end
        self._crc = 0
        self.write(object_header(kind, size))

    def write(self, piece: bytes) -> None:
        self._crc = zlib.crc32(piece, self._crc)
        self._pack._file.write(piece)
        self._pack._end += len(piece)

    def keep(self, oid: bytes) -> None:
        self._pack._entries[oid] = Entry(oid, self._crc, self._start)

    def drop(self) -> None:
        self._pack._file.seek(self._start)
        self._pack._file.truncate()
        self._pack._end = self._start


def _checksum(file: BinaryIO, size: int) -> bytes:
    """SHA-1 of the whole pack: its header counts the objects, so it cannot be summed on the way."""
    file.flush()
    file.seek(0)
    digest = hashlib.sha1(usedforsecurity=False)
    while size > 0 and (chunk := file.read(min(size, _READ))):
        digest.update(chunk)
        size -= len(chunk)
    return digest.digest()


def _index(entries: dict[bytes, Entry], checksum: bytes) -> bytes:
    ordered = sorted(entries.values())
    counts = [0] * 256
    for entry in ordered:
        counts[entry.oid[0]] += 1
    near = [entry.offset for entry in ordered]
    far = [offset for offset in near if offset >= _FAR]
    places = iter(range(_FAR, _FAR + len(far)))
    near = [next(places) if offset >= _FAR else offset for offset in near]
    body = b"".join((
        b"\377tOc\0\0\0\2",
        _longs(accumulate(counts)),
        b"".join(entry.oid for entry in ordered),
        _longs(entry.crc for entry in ordered),
        _longs(near),
        struct.pack(f">{len(far)}Q", *far),
        checksum,
    ))  # fmt: skip
    return body + hashlib.sha1(body, usedforsecurity=False).digest()


def _longs(numbers: Iterable[int]) -> bytes:
    table = array("I", numbers)
    if sys.byteorder == "little":
        table.byteswap()
    return table.tobytes()
