"""Finds objects in the packs of a store, and reads those that are there whole.

This is the fast path of everything. What it does not read (indexes of other versions, alternates: the work
of other Git tools) is left to dulwich, see objects.py.
"""

from __future__ import annotations

import mmap
import os
import struct
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

_MAGIC = b"\377tOc\0\0\0\2"
_NAMES_AT = 8 + 256 * 4
_FAR = 0x80000000
SMALL = 64 << 20
"""Bytes of a pack from which on it is not written again only to have fewer."""
_OPEN_FILES = 64
"""Packs kept open at once; a store of thousands of packs must not run out of descriptors."""

_LOOKS = 20
"""How often a folder is looked at in which packs keep coming and going."""


class Place(NamedTuple):
    """Where an object begins."""

    pack: PackFile
    offset: int


class Span(NamedTuple):
    """How many bytes an object takes in a pack, and their CRC-32 as the index has it."""

    size: int
    crc: int


class PackFile:
    """A pack and its index (version 2), opened when first needed. ValueError when the index is not whole."""

    def __init__(self, index: Path) -> None:
        self.name = index.stem
        self.path = index.with_suffix(".pack")
        self._index = _map(index)
        if self._index[:8] != _MAGIC or len(self._index) < _NAMES_AT + 40:
            raise ValueError(f"{index.name} is not an index of version 2")
        self._fanout = struct.unpack(">256L", self._index[8:_NAMES_AT])
        self.count = self._fanout[-1]
        self._starts: dict[int, int] | None = None
        """Where each object begins, and where the next one does."""
        if len(self._index) < _NAMES_AT + self.count * 28 + 40 or list(self._fanout) != sorted(self._fanout):
            raise ValueError(f"{index.name} is cut short or damaged")

    def span(self, oid: bytes) -> Span | None:
        """The whole of an object as it is packed, None when it is not in it."""
        position = self._position(oid)
        if position is None:
            return None
        if self._starts is None:
            offsets = sorted(self._offset_at(at) for at in range(self.count))
            self._starts = dict(pairwise([*offsets, self.path.stat().st_size - 20]))
        offset = self._offset_at(position)
        (crc,) = struct.unpack_from(">L", self._index, _NAMES_AT + 20 * self.count + 4 * position)
        return Span(self._starts[offset] - offset, crc)

    def offset(self, oid: bytes) -> int | None:
        """Where in the pack the object begins, None when it is not in it."""
        position = self._position(oid)
        return None if position is None else self._offset_at(position)

    def __contains__(self, oid: bytes) -> bool:
        return self._position(oid) is not None

    def _position(self, oid: bytes) -> int | None:
        first = oid[0]
        low = self._fanout[first - 1] if first else 0
        bucket = self._index[_NAMES_AT + 20 * low : _NAMES_AT + 20 * self._fanout[first]]
        # A bucket is 1/256 of the ids, so a search in C beats a bisection in Python.
        at = bucket.find(oid)
        while at > 0 and at % 20:
            at = bucket.find(oid, at + 1)
        return low + at // 20 if at >= 0 else None

    def _offset_at(self, position: int) -> int:
        table = _NAMES_AT + 24 * self.count
        (near,) = struct.unpack_from(">L", self._index, table + 4 * position)
        if near < _FAR:
            return int(near)
        (far,) = struct.unpack_from(">Q", self._index, table + 4 * self.count + 8 * (near - _FAR))
        return int(far)

    def oids(self, prefix: bytes = b"") -> Iterator[bytes]:
        """All ids that begin with these bytes, sorted."""
        low = self._fanout[prefix[0] - 1] if prefix and prefix[0] else 0
        high = self._fanout[prefix[0]] if prefix else self.count
        for at in range(_NAMES_AT + 20 * low, _NAMES_AT + 20 * high, 20):
            if self._index.find(prefix, at, at + len(prefix)) == at:
                yield self._index[at : at + 20]


def _map(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


class Packs:
    """All packs of a folder. Safe for several threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.unreadable: dict[str, str] = {}
        self._packs: dict[str, PackFile] = {}
        self._last: PackFile | None = None
        self._files: dict[str, int] = {}
        self._lock = threading.Lock()
        self.refresh()

    def __del__(self) -> None:
        for descriptor in getattr(self, "_files", {}).values():
            os.close(descriptor)

    def refresh(self) -> None:
        """Look for packs that came or went; again where some did meanwhile: what was in one that went is in
        one that came behind our back."""
        for _ in range(_LOOKS):
            present = _names(self.folder)
            self._take(present)
            if _names(self.folder) == present:
                return

    def _take(self, present: set[str]) -> None:
        with self._lock:
            self._last = None
            for name in [name for name in self._packs if name not in present]:
                del self._packs[name]
            for name in present:
                if name not in self._packs:
                    self._add(name)

    def _add(self, name: str) -> None:
        try:
            self._packs[name] = PackFile(self.folder / f"{name}.idx")
            self.unreadable.pop(name, None)
        except (ValueError, OSError) as error:
            self.unreadable[name] = str(error)

    def all(self) -> list[PackFile]:
        """The packs that can be read here."""
        return list(self._packs.values())

    def names(self) -> frozenset[str]:
        """Names of the packs that can be read here."""
        return frozenset(self._packs)

    def __contains__(self, oid: bytes) -> bool:
        return self.find(oid) is not None

    def find(self, oid: bytes) -> Place | None:
        """Where an object is, None when no pack has it."""
        # Where the last one was, most others are, too; there may be hundreds of packs.
        last = self._last
        if last is not None and (offset := last.offset(oid)) is not None:
            return Place(last, offset)
        for pack in self._packs.values():
            if pack is not last and (offset := pack.offset(oid)) is not None:
                self._last = pack
                return Place(pack, offset)
        return None

    def oids(self, prefix: bytes = b"") -> Iterator[bytes]:
        """Ids that begin with these bytes, in no order, possibly repeated."""
        for pack in list(self._packs.values()):
            yield from pack.oids(prefix)

    def read(self, place: Place, start: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``start`` bytes behind the place. OSError when the pack is gone."""
        position = place.offset + start
        descriptor = self._files.get(place.pack.name)
        if descriptor is not None:
            return os.pread(descriptor, size, position)
        descriptor = os.open(place.pack.path, os.O_RDONLY | os.O_CLOEXEC)
        with self._lock:
            keep = len(self._files) < _OPEN_FILES and place.pack.name not in self._files
            if keep:
                self._files[place.pack.name] = descriptor
        try:
            return os.pread(descriptor, size, position)
        finally:
            if not keep:
                os.close(descriptor)


def _names(folder: Path) -> set[str]:
    try:
        entries = {entry.name for entry in os.scandir(folder)}
    except FileNotFoundError:
        return set()
    return {name[:-4] for name in entries if name.endswith(".idx") and name[:-4] + ".pack" in entries}
