"""Remembers which content a file had, so that a file which did not change is not opened again.

An entry is believed when the file's stamp (size, mtime, ctime, inode, mode) is the one remembered, and was
old enough when the content was read: a file written twice within one tick of its file system's clock has
one stamp for two contents, so a stamp younger than ``GRAIN`` is never remembered.

The cache also remembers which packs the store had. While they are all there, so are the objects of its
entries marked as stored; when one is gone (``git gc``), each object is looked up before it is believed.

On disk: a magic line, the SHA-1 of the rest, the number of packs and the length of the names, the names of
packs and files (each ended by NUL), and a record of fixed size per file. A cache that differs from this in
any way, another version's for instance, counts as empty. Losing it costs time and nothing else.
"""

from __future__ import annotations

import hashlib
import struct
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeAlias

from snapstore.store import durable
from snapstore.store.packs import Packs

Stamp: TypeAlias = tuple[int, int, int, int, int]

GRAIN = 2_000_000_000
"""Nanoseconds: the coarsest clock of a common file system (FAT) ticks every two seconds."""

_MAGIC = b"snapstat1\n"
_BODY = len(_MAGIC) + 20
_SIZES = struct.Struct("<QQ")
_STAMP = struct.Struct("<QqqQQ")
_OID = slice(_STAMP.size, _STAMP.size + 20)
_RECORD = _STAMP.size + 20 + 1


class Known(NamedTuple):
    """What the cache says of a file: the id of its content, and whether the store had that object."""

    oid: bytes
    stored: bool


class StatCache:
    """The cache of one resource: asked and added to while a snapshot is built, then saved."""

    def __init__(self, path: Path, packs: Packs) -> None:
        self._path = path
        self._packs = packs
        self._names: list[str] = []
        self._records = b""
        self._trusted = self._load()
        self._index = dict(zip(self._names, range(len(self._names)), strict=True))
        self._used: list[int] = []
        self._added: dict[str, bytes] = {}

    def _load(self) -> bool:
        try:
            data = self._path.read_bytes()
        except OSError:
            return False
        body = memoryview(data)[_BODY:]
        if not data.startswith(_MAGIC) or _digest(body) != data[len(_MAGIC) : _BODY]:
            return False
        packs, length = _SIZES.unpack_from(body)
        text = bytes(body[_SIZES.size : _SIZES.size + length]).decode("utf-8", "surrogateescape")
        words = text.split("\0")
        self._names = words[packs:-1]
        self._records = bytes(body[_SIZES.size + length :])
        return self._packs.names().issuperset(words[:packs])

    def get(self, source: str, stamp: Stamp) -> Known | None:
        """What is known of the file at ``source``, None when it is not known with this stamp."""
        position = self._index.get(source)
        if position is None:
            return None
        record = self._records[position * _RECORD : (position + 1) * _RECORD]
        if not record.startswith(_STAMP.pack(*stamp)):
            return None
        known = Known(record[_OID], bool(record[-1]))
        if known.stored and not self._trusted and known.oid not in self._packs:
            return None
        self._used.append(position)
        return known

    def put(self, source: str, stamp: Stamp, read_at: int, oid: bytes, *, stored: bool) -> None:
        """Remember the content that was read at ``read_at`` (ns), unless the stamp was too young by then."""
        _, modified, changed, _, _ = stamp
        if max(modified, changed) + GRAIN <= read_at:
            self._added[source] = _STAMP.pack(*stamp) + oid + bytes((stored,))

    def save(self) -> None:
        """Replace the file, if anything is different; without effect where it cannot be written.

        By now the objects of all entries marked as stored must be in the packs.
        """
        if not self._added and len(self._used) == len(self._names) and self._trusted:
            return
        listed = sorted(self._packs.names())
        names, records = listed.copy(), []
        for position in self._used:
            if (name := self._names[position]) not in self._added:
                names.append(name)
                records.append(self._records[position * _RECORD : (position + 1) * _RECORD])
        names += self._added
        records += self._added.values()
        text = "".join([name + "\0" for name in names]).encode("utf-8", "surrogateescape")
        body = b"".join((_SIZES.pack(len(listed), len(text)), text, *records))
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            durable.write_file(self._path, _MAGIC + _digest(body) + body, mode=0o600, sync=False)


def _digest(body: bytes | memoryview) -> bytes:
    return hashlib.sha1(body, usedforsecurity=False).digest()
