"""Remembers which content files had, so that those which did not change are not opened again.

An entry is believed when the file's stamp (size, mtime, ctime, inode, mode) is the one remembered, and was
old enough when the content was read: a file written twice within one tick of its file system's clock has
one stamp for two contents, so a stamp younger than ``GRAIN`` is never remembered. A restore may do so sooner:
it knows that nobody wrote the file but itself (:mod:`snapstore.filetree.newfolders`).

Entries are kept by folder, so that an unchanged folder is one comparison, and with them the tree that the
folder was and what that tree held beside its files: while both are the same, so is the tree.

The cache also remembers which packs the store had. While they are all there, so are the objects of its
entries marked as stored; when one is gone (``git gc``), each object is looked up before it is believed.

docs/store-format.md has the format. A cache that differs from it in any way, another version's for
instance, counts as empty. Losing it costs time and nothing else.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from snapstore.model import LiveFolder, Stamp, Wrote
from snapstore.stamps import SIZE, names_of, pack
from snapstore.store import durable
from snapstore.store.packs import Packs

GRAIN = 2_000_000_000
"""Nanoseconds: the coarsest clock of a common file system (FAT) ticks every two seconds."""

_MAGIC = b"snapstat3\n"
_BODY = len(_MAGIC) + 20
_SIZES = struct.Struct("<QQQ")
_FOLDER = struct.Struct("<QQQ20s20s")
_OID = 20
STORED, LARGE = 1, 2
NONE = bytes(20)
"""Stands for an id where there is none."""


class Known(NamedTuple):
    """What the cache says of a file: the id of its content, and whether the store had that object."""

    oid: bytes
    stored: bool


class Kept(NamedTuple):
    """The files of one folder: names with a NUL behind each, and in their order stamps, ids and ``stored``.

    ``stored`` are flags: ``STORED`` when the store has the object, ``LARGE`` when that is a pointer.

    ``tree`` is the tree in the store that the folder was, ``rest`` the digest of what it held beside these
    files; both are NONE where that is not known.
    """

    names: bytes
    stamps: bytes
    oids: bytes
    stored: bytes
    rest: bytes = NONE
    tree: bytes = NONE

    @property
    def all_stored(self) -> bool:
        return 0 not in self.stored and LARGE not in self.stored

    def large(self) -> list[bytes]:
        """The ids of the pointers among them."""
        if LARGE not in self.stored and LARGE | STORED not in self.stored:
            return []
        return [oid for oid, flags in zip(self.ids(), self.stored, strict=True) if flags & LARGE]

    def ids(self) -> list[bytes]:
        return _pieces(self.oids, _OID)


class StatCache:
    """The cache of one resource: asked and added to while a snapshot is built, then saved."""

    def __init__(self, path: Path, packs: Packs, stamp: str = "") -> None:
        """With another ``stamp`` than the one it was saved with, it is empty."""
        self._path = path
        self._stamp = stamp.encode("utf-8", "surrogateescape")
        self.large: set[bytes] = set()
        """The ids of the pointers among all entries that were asked for."""
        self._packs = packs
        self._folders: dict[str, Kept] = {}
        self._trusted = self._load()
        self._positions: dict[str, dict[bytes, int]] = {}
        self._same: dict[str, Kept] = {}
        self._seen: dict[str, dict[bytes, bytes]] = {}
        self._names: dict[str, list[bytes]] = {}
        self._bases: dict[str, Kept] = {}
        self._trees: list[tuple[LiveFolder, bytes, bytes]] = []
        self._admitted = False

    def admit(self, files: Sequence[Wrote]) -> None:
        """Believe what a restore says of files that it has just made from blobs in the packs."""
        folders: dict[str, dict[bytes, bytes]] = {}
        for source, stamp, oid in files:
            folder, _, name = source.rpartition("/")
            record = pack([stamp]) + bytes.fromhex(oid) + bytes((STORED,))
            folders.setdefault(folder, {})[os.fsencode(name)] = record
        # What was known of a folder that was made anew is about files that are not there any more.
        self._folders |= {folder: _pack(records) for folder, records in folders.items()}
        self._admitted = bool(folders)

    def _load(self) -> bool:
        try:
            data = self._path.read_bytes()
        except OSError:
            return False
        if not data.startswith(_MAGIC) or _digest(memoryview(data)[_BODY:]) != data[len(_MAGIC) : _BODY]:
            return False
        stamp, length, count = _SIZES.unpack_from(data, _BODY)
        start = _BODY + _SIZES.size + stamp
        if data[_BODY + _SIZES.size : start] != self._stamp:
            return False
        packs = data[start : start + length].decode().split("\0")[:-1]
        self._folders = dict(_parse(data, start + length, count))
        return self._packs.names().issuperset(packs)

    def unchanged(self, folder: LiveFolder) -> Kept | None:
        """What is known of a folder if it has exactly the files that were remembered, all of them stored."""
        kept = self._folders.get(folder.source)
        if kept is None or not self._trusted or not kept.all_stored:
            return None
        if not _is_of(kept, folder):
            return None
        self._same[folder.source] = kept
        return kept

    def known(self, folder: LiveFolder) -> list[bytes | None]:
        """In the order of its files, the ids of those stored and known with their stamp, else None."""
        kept = self._folders.get(folder.source)
        if kept is not None and self._trusted and kept.names == folder.names and kept.all_stored:
            # What is known of a file that has changed since is still true of the file that it was.
            self._bases[folder.source] = kept
            both = zip(_pieces(kept.stamps, SIZE), _pieces(folder.stamps, SIZE), kept.ids(), strict=True)
            return [oid if was == now else None for was, now, oid in both]
        names = self._names[folder.source] = names_of(folder)
        if kept is None or not self._trusted:
            return [None] * len(names)
        before = zip(_pieces(kept.stamps, SIZE), kept.ids(), kept.stored, strict=True)
        records = dict(zip(kept.names.split(b"\0"), before, strict=False))
        stamps = _pieces(folder.stamps, SIZE)
        return [
            self._known_as(folder, name, stamp, records) for name, stamp in zip(names, stamps, strict=True)
        ]

    def _known_as(
        self, folder: LiveFolder, name: bytes, stamp: bytes, records: dict[bytes, tuple[bytes, bytes, int]]
    ) -> bytes | None:
        found, oid, flags = records.get(name, (None, NONE, 0))
        if found != stamp or not flags & STORED:
            return None
        self._see_raw(folder.source, name, stamp + oid, flags)
        return oid

    def get(self, source: str, stamp: Stamp) -> Known | None:
        """What is known of the file at ``source``, None when it is not known with this stamp."""
        folder, _, name = source.rpartition("/")
        kept = self._folders.get(folder)
        position = self._find(folder, kept, os.fsencode(name)) if kept else None
        if kept is None or position is None:
            return None
        packed = pack([stamp])
        if kept.stamps[position * SIZE : (position + 1) * SIZE] != packed:
            return None
        flags = kept.stored[position]
        known = Known(kept.oids[position * _OID : (position + 1) * _OID], bool(flags & STORED))
        if known.stored and not self._trusted and known.oid not in self._packs:
            return None
        self._see_raw(folder, os.fsencode(name), packed + known.oid, flags)
        return known

    def _find(self, folder: str, kept: Kept, name: bytes) -> int | None:
        positions = self._positions.get(folder)
        if positions is None:
            names = kept.names.split(b"\0")[:-1]
            positions = self._positions[folder] = dict(zip(names, range(len(names)), strict=True))
        return positions.get(name)

    def put(
        self, source: str, stamp: Stamp, read_at: int, oid: bytes, *, stored: bool, large: bool = False
    ) -> None:
        """Remember the content that was read at ``read_at`` (ns), unless the stamp was too young by then."""
        if large:
            self.large.add(oid)
        _, modified, changed, _, _ = stamp
        if max(modified, changed) + GRAIN <= read_at:
            folder, _, name = source.rpartition("/")
            flags = (STORED if stored else 0) | (LARGE if large else 0)
            self._see_raw(folder, os.fsencode(name), pack([stamp]) + oid, flags)

    def _see_raw(self, folder: str, name: bytes, record: bytes, flags: int) -> None:
        if flags & LARGE:
            self.large.add(record[-_OID:])
        self._seen.setdefault(folder, {})[name] = record + bytes((flags,))

    def put_tree(self, folder: LiveFolder, rest: bytes, tree: bytes) -> None:
        """Remember the tree, which is stored, that a folder was, and the digest of the rest that it held."""
        self._trees.append((folder, rest, tree))

    def save(self) -> None:
        """Replace the file, if anything is different; without effect where it cannot be written.

        By now the objects of all entries marked as stored must be in the packs.
        """
        changed = self._bases.keys() | self._seen.keys()
        folders = self._same | {folder: self._now(folder) for folder in changed}
        for folder, rest, tree in self._trees:
            kept = folders.get(folder.source)
            # A file too young to be remembered, or changed since the walk, is in the tree but not in here.
            if kept is not None and _is_of(kept, folder):
                folders[folder.source] = kept._replace(rest=rest, tree=tree)
        known = folders == self._folders and not self._admitted
        if known and (self._trusted or not folders):
            return
        packs = "".join([name + "\0" for name in sorted(self._packs.names())]).encode()
        sizes = _SIZES.pack(len(self._stamp), len(packs), len(folders))
        body = b"".join([sizes, self._stamp, packs, *_format(folders)])
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            durable.write_file(self._path, _MAGIC + _digest(body) + body, mode=0o600, sync=False)

    def _now(self, folder: str) -> Kept:
        """What was seen of a folder, in the order of its files, where that is known."""
        seen = self._seen.get(folder, {})
        if folder in self._bases:
            return _replaced(self._bases[folder], seen)
        return _pack({name: seen[name] for name in self._names.get(folder, seen) if name in seen})


def _is_of(kept: Kept, folder: LiveFolder) -> bool:
    """Whether it is about exactly these files with these stamps."""
    return kept.names == folder.names and kept.stamps == folder.stamps


def _parse(data: bytes, at: int, count: int) -> Iterator[tuple[str, Kept]]:
    for _ in range(count):
        path_size, names_size, files, rest, tree = _FOLDER.unpack_from(data, at)
        path = at + _FOLDER.size
        names = path + path_size
        stamps = names + names_size
        oids = stamps + files * SIZE
        stored = oids + files * _OID
        at = stored + files
        kept = Kept(data[names:stamps], data[stamps:oids], data[oids:stored], data[stored:at], rest, tree)
        yield os.fsdecode(data[path:names]), kept


def _format(folders: dict[str, Kept]) -> Iterator[bytes]:
    for folder, kept in folders.items():
        path = os.fsencode(folder)
        yield _FOLDER.pack(len(path), len(kept.names), len(kept.stored), kept.rest, kept.tree)
        yield from (path, kept.names, kept.stamps, kept.oids, kept.stored)


def _pack(files: dict[bytes, bytes]) -> Kept:
    records = files.values()
    return Kept(
        b"\0".join([*files, b""]),
        b"".join([record[:SIZE] for record in records]),
        b"".join([record[SIZE:-1] for record in records]),
        b"".join([record[-1:] for record in records]),
    )


def _replaced(kept: Kept, seen: dict[bytes, bytes]) -> Kept:
    """The same folder with these files of it as they were seen."""
    if not seen:
        return kept
    names = kept.names.split(b"\0")[:-1]
    known = zip(_pieces(kept.stamps, SIZE), kept.ids(), _pieces(kept.stored, 1), strict=True)
    files = dict(zip(names, map(b"".join, known), strict=True))
    return _pack(files | seen)


def _pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def _digest(body: bytes | memoryview) -> bytes:
    return hashlib.sha1(body, usedforsecurity=False).digest()
