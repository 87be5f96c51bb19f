"""Reads Git objects, and believes none whose content does not hash to its id.

Three places are looked at: packs (packs.py) with their deltas, loose objects, and for whatever Git tools
leave that neither can read (alternates, indexes of other versions), dulwich.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from snapstore.errors import SnapError
from snapstore.large import Place as LargePlace
from snapstore.large.pointer import LONGEST, Pointer, parse
from snapstore.large.reading import open_content, verified
from snapstore.pieces import PieceReader
from snapstore.snapshot import TreeEntry
from snapstore.store import codec, cuts, deltas, trees
from snapstore.store.deltas import OFFSET, REFERENCE
from snapstore.store.packs import PackFile, Packs, Place
from snapstore.store.packwriter import BLOB, NAMES, TREE

if TYPE_CHECKING:
    from snapstore.store.foreign import ForeignObjects

LARGE = 8 << 20
"""Blobs from this size on are read, hashed and written as streams."""
_FIRST = 8192
"""What is read of an object in a pack at first, which most often is all of it."""
_CHUNK = 256 * 1024
_DEEPEST = 5000
_SAMPLE = 100
_USUAL_EFFORT = 2
_BASES, _SMALL_BASE = 500, 64 * 1024
"""So many bases of deltas are remembered, none of them larger."""
_KINDS = {name: kind for kind, name in NAMES.items()}


class _Head(NamedTuple):
    """The first bytes of an object in a pack, and where in them its header ends."""

    data: bytes
    start: int


def object_id(kind: int, content: bytes) -> bytes:
    """The id of an object, binary."""
    digest = hashlib.sha1(b"%s %d\0" % (NAMES[kind], len(content)), usedforsecurity=False)
    digest.update(content)
    return digest.digest()


class StoreObjects:
    """The objects of a store by id (40 hex digits). Everything raises SnapError on damage or absence."""

    def __init__(self, folder: Path, large: LargePlace) -> None:
        self.folder = folder
        self.large = large
        self.packs = Packs(folder / "pack")
        self._cuts: Mapping[str, tuple[str, ...]] | None = None
        self._others: ForeignObjects | None = None
        self._bases: dict[tuple[str, int], tuple[int, bytes]] = {}
        """What deltas were made from lately, by pack and offset."""

    @property
    def cuts(self) -> Mapping[str, tuple[str, ...]]:
        """Commits whose parents are not those that they name, since these are not there any more."""
        if self._cuts is None:
            self._cuts = cuts.read(self.folder.parent)
        return self._cuts

    def reread_cuts(self) -> None:
        """To be called when they are others now."""
        self._cuts = None

    def tree(self, oid: str) -> list[TreeEntry]:
        try:
            return trees.parse(self.content(oid, TREE))
        except ValueError as error:
            raise self.damaged(oid, str(error)) from error

    def blob(self, oid: str) -> bytes:
        content = self.content(oid, BLOB)
        pointer = parse(content) if len(content) <= LONGEST else None
        return b"".join(verified(self.large, pointer)) if pointer else content

    def pointer(self, oid: str) -> Pointer | None:
        """What a blob points to, None when it is no pointer to a large file."""
        _, content = self._measured(oid)
        return None if content is None else parse(content)

    def open_blob(self, oid: str) -> BinaryIO:
        found = self._begin(oid)
        if found is not None:
            place, kind, size, head = found
            if kind == BLOB and size >= LARGE:
                pieces = self._pieces(oid, place, size, head)
                return io.BufferedReader(PieceReader(_verified(self, oid, kind, size, pieces, place)))
            if kind == BLOB:
                return self._opened(self._require_id(oid, kind, self._whole(oid, place, size, head)))
        return self._opened(self.content(oid, BLOB))

    def _opened(self, content: bytes) -> BinaryIO:
        pointer = parse(content) if len(content) <= LONGEST else None
        return open_content(self.large, pointer) if pointer else io.BytesIO(content)

    def small_blob(self, oid: str) -> bytes | None:
        """What is in a file whose blob is in a pack. None, and :meth:`open_blob` has it, where that is large
        or a pointer to something large."""
        found = self._begin(oid)
        if found is None or found[2] >= LARGE:
            return None
        place, kind, size, head = found
        if kind == BLOB:
            content = self._require_id(oid, kind, self._whole(oid, place, size, head))
        else:
            content = self.content(oid, BLOB)
        return None if len(content) <= LONGEST and parse(content) else content

    def blob_size(self, oid: str) -> int:
        size, content = self._measured(oid)
        pointer = None if content is None else parse(content)
        return pointer.size if pointer else size

    def _measured(self, oid: str) -> tuple[int, bytes | None]:
        """The size of a blob, and what is in it where it is short enough to be a pointer."""
        found = self._begin(oid)
        if found is not None and found[1] == BLOB:
            place, kind, size, head = found
            short = size <= LONGEST
            return size, self._require_id(oid, kind, self._whole(oid, place, size, head)) if short else None
        content = self.content(oid, BLOB)
        return len(content), content if len(content) <= LONGEST else None

    def content(self, oid: str, kind: int) -> bytes:
        """The content of an object of this kind."""
        found, content = self.read(oid)
        if found != kind:
            expected, actual = NAMES[kind].decode(), NAMES[found].decode()
            raise self.damaged(oid, f"a {expected} is expected, but it is a {actual}")
        return content

    def read(self, oid: str) -> tuple[int, bytes]:
        """Kind and content of an object, verified."""
        kind, content = self._read(oid)
        return kind, self._require_id(oid, kind, content)

    def _require_id(self, oid: str, kind: int, content: bytes) -> bytes:
        if object_id(kind, content).hex() != oid:
            raise self.damaged(oid, "its content does not match its id")
        return content

    def _read(self, oid: str) -> tuple[int, bytes]:
        place = self._place(oid)
        if place is not None:
            try:
                return self._read_at(oid, place)
            except SnapError as error:
                self._look_elsewhere(error, place)
                return self._read(oid)
        loose = self.loose_path(oid)
        return self._read_loose(oid, loose) if loose.exists() else self._read_foreign(oid)

    def _place(self, oid: str) -> Place | None:
        """Where in a pack the object is, if it is in one; packs that came since are found too."""
        place = self.packs.find(bytes.fromhex(oid))
        if place is None and not self.loose_path(oid).exists():
            self.packs.refresh()
            place = self.packs.find(bytes.fromhex(oid))
        return place

    def _look_elsewhere(self, error: SnapError, place: Place) -> None:
        """Raise the error, unless it is that the pack was removed: what was in it is in another one then."""
        if not isinstance(error.__cause__, FileNotFoundError) or place.pack.path.exists():
            raise error
        self.packs.refresh()

    def _begin(self, oid: str) -> tuple[Place, int, int, _Head] | None:
        """Where in a pack an object is, its kind and size there, and its first bytes; None for others."""
        place = self.packs.find(bytes.fromhex(oid))
        if place is None:
            return None
        try:
            return place, *self._header(oid, place)
        except SnapError as error:
            self._look_elsewhere(error, place)
            return self._begin(oid)

    def _read_at(self, oid: str, place: Place) -> tuple[int, bytes]:
        kind, size, head = self._header(oid, place)
        if kind in NAMES:
            return kind, self._whole(oid, place, size, head)
        return self._undelta(oid, place) if kind in (OFFSET, REFERENCE) else self._read_foreign(oid)

    def _undelta(self, oid: str, place: Place) -> tuple[int, bytes]:
        """Kind and content of an object that is told by a chain of deltas."""
        first, chain, base = place, list[bytes](), None
        while base is None:
            if len(chain) > _DEEPEST:
                raise self.damaged(oid, "its deltas have no end", first)
            base = self._bases.get((place.pack.name, place.offset))
            if base is not None:
                break
            kind, size, head = self._header(oid, place)
            if kind in NAMES:
                base = self._remembered(place, kind, self._whole(oid, place, size, head))
                break
            at, start = self._base(oid, place, kind, head)
            chain.append(self._whole(oid, place, size, head._replace(start=start)))
            if isinstance(at, Place):
                place = at
            else:
                base = self.read(at)
        return self._remembered(first, *self._applied(oid, first, base, chain))

    def _remembered(self, place: Place, kind: int, content: bytes) -> tuple[int, bytes]:
        if len(content) <= _SMALL_BASE:
            if len(self._bases) >= _BASES:
                self._bases.clear()
            self._bases[place.pack.name, place.offset] = kind, content
        return kind, content

    def _applied(
        self, oid: str, place: Place, base: tuple[int, bytes], chain: list[bytes]
    ) -> tuple[int, bytes]:
        kind, content = base
        try:
            for delta in reversed(chain):
                content = deltas.apply(content, delta)
        except ValueError as error:
            raise self.damaged(oid, str(error), place) from error
        return kind, content

    def _base(self, oid: str, place: Place, kind: int, head: _Head) -> tuple[Place | str, int]:
        """Where the base of a delta is, or its id where it is in no pack; and where the delta begins."""
        try:
            if kind == OFFSET:
                distance, start = deltas.base_distance(head.data, head.start)
                if not 0 < distance <= place.offset:
                    raise ValueError("the base of its delta is outside the pack")
                return Place(place.pack, place.offset - distance), start
            if kind != REFERENCE:
                raise ValueError("the base of its delta is no object")
            name = head.data[head.start : head.start + 20]
            return self.packs.find(name) or name.hex(), head.start + 20
        except (IndexError, ValueError) as error:
            raise self.damaged(oid, str(error), place) from error

    def kind(self, oid: str) -> int:
        """What sort of object it is."""
        found = self._begin(oid)
        return found[1] if found is not None and found[1] in NAMES else self.read(oid)[0]

    def parse_header(self, oid: str, packed: bytes, place: Place) -> tuple[int, int, int]:
        """Kind and size of an object, given as it is packed, and where its content begins."""
        try:
            return _parse_header(packed)
        except ValueError as error:
            raise self.damaged(oid, str(error), place) from error

    def verify_at(self, oid: str, place: Place) -> None:
        """SnapError unless what is at this place is the object of this id."""
        kind, size, head = self._header(oid, place)
        if kind in NAMES:
            for _ in _verified(self, oid, kind, size, self._pieces(oid, place, size, head), place):
                pass
        else:
            self.read(oid)

    def verify_loose(self, oid: str) -> None:
        """SnapError unless the loose object of this id is whole."""
        self._require_id(oid, *self._read_loose(oid, self.loose_path(oid)))

    def require(self, oid: str) -> None:
        """SnapError when no object has this id."""
        if not self.has(oid):
            raise self._missing(oid)

    def _header(self, oid: str, place: Place) -> tuple[int, int, _Head]:
        """Kind and size of the object at a place in a pack, and the first bytes there: a small one, whole."""
        try:
            data = self.packs.read(place, 0, _FIRST)
            kind, size, start = _parse_header(data)
            return kind, size, _Head(data, start)
        except (OSError, ValueError) as error:
            raise self.damaged(oid, str(error), place) from error

    def is_hasty(self, pack: PackFile) -> bool:
        """Whether most objects of a pack, by a sample, were deflated with no time to spare.

        A zlib stream says so in its second byte, for this very question (RFC 1950).
        """
        quick = []
        for oid in islice(pack.oids(), _SAMPLE):
            kind, size, head = self._header(oid.hex(), Place(pack, pack.offset(oid) or 0))
            if kind in NAMES and size > codec.TINY:
                quick.append(head.data[head.start + 1] >> 6 < _USUAL_EFFORT)
        return sum(quick) * 2 > len(quick)

    def _whole(self, oid: str, place: Place, size: int, head: _Head) -> bytes:
        """The content of an object at a place in a pack, not yet verified."""
        try:
            content = codec.inflate_whole(head.data[head.start :], size)
        except ValueError as error:
            raise self.damaged(oid, str(error), place) from error
        return b"".join(self._pieces(oid, place, size, head)) if content is None else content

    def _pieces(self, oid: str, place: Place, size: int, head: _Head) -> Iterator[bytes]:
        """The same, piece by piece."""
        chunks = self._chunks(place, head)
        try:
            yield from codec.inflate(partial(next, chunks, b""), size)
        except (OSError, ValueError) as error:
            raise self.damaged(oid, str(error), place) from error

    def _chunks(self, place: Place, head: _Head) -> Iterator[bytes]:
        yield head.data[head.start :]
        at = len(head.data)
        while chunk := self.packs.read(place, at, _CHUNK):
            yield chunk
            at += len(chunk)

    def _read_loose(self, oid: str, path: Path) -> tuple[int, bytes]:
        try:
            header, _, content = zlib.decompress(path.read_bytes()).partition(b"\0")
            name, _, size = header.partition(b" ")
            if name not in _KINDS or int(size) != len(content):
                raise ValueError("its header is wrong")
        except (OSError, ValueError, zlib.error) as error:
            raise self.damaged(oid, str(error)) from error
        return _KINDS[name], content

    def _read_foreign(self, oid: str) -> tuple[int, bytes]:
        try:
            found = self._foreign().read(oid)
        except ValueError as error:
            raise self.damaged(oid, str(error)) from error
        if found is None:
            raise self._missing(oid)
        return found

    def _foreign(self) -> ForeignObjects:
        if self._others is None:
            from snapstore.store.foreign import ForeignObjects

            self._others = ForeignObjects(self.folder)
        return self._others

    def loose_path(self, oid: str) -> Path:
        """Where the object is if it is loose."""
        return self.folder / oid[:2] / oid[2:]

    def has(self, oid: str) -> bool:
        """Whether the object is there, in whatever state."""
        if bytes.fromhex(oid) in self.packs or self.loose_path(oid).exists():
            return True
        self.packs.refresh()
        try:
            return bytes.fromhex(oid) in self.packs or oid in self._foreign()
        except ValueError as error:
            raise self.damaged(oid, str(error)) from error

    def with_prefix(self, prefix: str) -> list[str]:
        """The ids of all objects that begin with these hex digits, sorted."""
        self.packs.refresh()
        even = bytes.fromhex(prefix[: len(prefix) & ~1])
        found = {oid.hex() for oid in self.packs.oids(even)}
        found.update(prefix[:2] + path.name for path in (self.folder / prefix[:2]).glob("[0-9a-f]*"))
        return sorted(oid for oid in found if oid.startswith(prefix) and len(oid) == 40)

    def damaged(self, oid: str, reason: str, place: Place | None = None) -> SnapError:
        """The error that names a damaged object and where it is."""
        place = place or self.packs.find(bytes.fromhex(oid))
        where = place.pack.path if place else self.loose_path(oid)
        fix = "run 'snap doctor' to see all damage; a clone or a backup of the store can replace the file"
        return SnapError(f"object {oid} is damaged: {reason}", where=str(where), fix=fix)

    def _missing(self, oid: str) -> SnapError:
        unreadable = sorted(self.packs.unreadable)
        where = str(self.packs.folder / f"{unreadable[0]}.idx") if unreadable else str(self.folder)
        fix = "run 'snap doctor' to see all damage; fetch it from a clone or a backup of the store"
        return SnapError(f"object {oid} is missing from the store", where=where, fix=fix)


def _parse_header(head: bytes) -> tuple[int, int, int]:
    if not head:
        raise ValueError("the pack is cut short")
    kind, size, shift, at = head[0] >> 4 & 7, head[0] & 15, 4, 1
    while head[at - 1] & 0x80:
        if at >= len(head) or shift > 60:
            raise ValueError("its header is damaged")
        size |= (head[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
    return kind, size, at


def _verified(
    objects: StoreObjects, oid: str, kind: int, size: int, pieces: Iterator[bytes], place: Place
) -> Iterator[bytes]:
    digest = hashlib.sha1(b"%s %d\0" % (NAMES[kind], size), usedforsecurity=False)
    for piece in pieces:
        digest.update(piece)
        yield piece
    if digest.hexdigest() != oid:
        raise objects.damaged(oid, "its content does not match its id", place)
