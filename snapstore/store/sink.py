"""Where new objects go while a snapshot is built: into one pack, or nowhere but memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

from snapstore.large import Large
from snapstore.large.pointer import Pointer, point_to
from snapstore.store import codec, durable
from snapstore.store.objects import object_id
from snapstore.store.packs import Packs
from snapstore.store.packwriter import BLOB, Entry, PackWriter
from snapstore.store.packwriter import Part as PackPart

_CHUNK = 1 << 20
_WAITING = 4 << 20
"""Bytes that a part holds before it writes them."""


class Part(Protocol):
    """The part of a sink that a copy of this process fills with the content of files."""

    def blob(self, content: bytes) -> bytes:
        """Keep a file's content; its id."""
        ...

    def finish(self) -> list[Entry]:
        """What was kept since the last time, for :meth:`Sink.adopt`."""
        ...


class Sink(Protocol):
    @property
    def limit(self) -> int:
        """From this size on (bytes) the content of files is for :meth:`large`."""
        ...

    def large(self, file: BinaryIO) -> Pointer:
        """Keep the content of a large file beside Git; the pointer that is to be kept in its place."""
        ...

    def put(self, kind: int, content: bytes) -> bytes:
        """Keep an object that is not a file's content; its id."""
        ...

    def blob(self, content: bytes) -> bytes:
        """Keep a file's content; its id."""
        ...

    def stream(self, size: int, chunks: Iterable[bytes], settle: Callable[[], bytes | None]) -> bytes | None:
        """Keep content too large to hold. ``settle``, called at its end, gives its id, or None to drop it."""
        ...

    def has(self, oid: bytes) -> bool:
        """Whether the object is durable in the store once this sink is finished."""
        ...

    def part(self) -> Part:
        """A part for a copy of this process, which puts nothing itself until all parts are finished.

        What is given to one part must not be given to another.
        """
        ...

    def adopt(self, entries: Iterable[Entry]) -> None:
        """Count as kept what a part has finished."""
        ...


class PackSink:
    """Writes what the store does not have into one pack, opened when there is something to write."""

    def __init__(self, packs: Packs, large: Large) -> None:
        self._packs = packs
        self._large = large
        self._writer: PackWriter | None = None

    @property
    def limit(self) -> int:
        return self._large.limit

    def large(self, file: BinaryIO) -> Pointer:
        return self._large.place.add(file)

    def __enter__(self) -> PackSink:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def finish(self) -> None:
        """Everything put so far is durable and can be read from the store on return."""
        if self._writer is not None:
            with durable.writing(self._packs.folder):
                self._writer.finish()
            self._packs.refresh()

    def put(self, kind: int, content: bytes) -> bytes:
        oid = object_id(kind, content)
        if not self.has(oid):
            with durable.writing(self._packs.folder):
                self._open().append(oid, kind, len(content), codec.deflate(content))
        return oid

    def blob(self, content: bytes) -> bytes:
        return self.put(BLOB, content)

    def stream(self, size: int, chunks: Iterable[bytes], settle: Callable[[], bytes | None]) -> bytes | None:
        with durable.writing(self._packs.folder):
            stream = self._open().stream(BLOB, size)
        for piece in codec.deflate_stream(iter(chunks)):
            with durable.writing(self._packs.folder):
                stream.write(piece)
        oid = settle()
        with durable.writing(self._packs.folder):
            if oid is None or self.has(oid):
                stream.drop()
            else:
                stream.keep(oid)
        return oid

    def has(self, oid: bytes) -> bool:
        return (self._writer is not None and oid in self._writer) or oid in self._packs

    def part(self) -> Part:
        with durable.writing(self._packs.folder):
            return _PackedPart(self, self._packs.folder, self._open().part())

    def adopt(self, entries: Iterable[Entry]) -> None:
        self._open().adopt(entries)

    def _open(self) -> PackWriter:
        if self._writer is None:
            self._packs.folder.mkdir(parents=True, exist_ok=True)
            self._writer = PackWriter(self._packs.folder)
        return self._writer


class _PackedPart:
    """Of a :class:`PackSink`, which stays as it was when this was made."""

    def __init__(self, sink: PackSink, folder: Path, part: PackPart) -> None:
        self._sink = sink
        self._folder = folder
        self._part = part
        self._written: dict[bytes, Entry] = {}

    def blob(self, content: bytes) -> bytes:
        oid = object_id(BLOB, content)
        if oid not in self._part and oid not in self._written and not self._sink.has(oid):
            self._part.append(oid, BLOB, len(content), codec.deflate(content))
            if self._part.size >= _WAITING:
                self._write()
        return oid

    def _write(self) -> None:
        with durable.writing(self._folder):
            self._written.update((entry.oid, entry) for entry in self._part.flush())

    def finish(self) -> list[Entry]:
        self._write()
        found, self._written = list(self._written.values()), {}
        return found


class MemorySink:
    """Keeps documents and trees that the store does not have in ``objects``; of files, only their ids."""

    def __init__(self, packs: Packs, limit: int) -> None:
        self._packs = packs
        self.limit = limit
        self.objects: dict[bytes, tuple[int, bytes]] = {}

    def large(self, file: BinaryIO) -> Pointer:
        file.seek(0)
        return point_to(iter(partial(file.read, _CHUNK), b""))

    def put(self, kind: int, content: bytes) -> bytes:
        oid = object_id(kind, content)
        if oid not in self._packs:
            self.objects[oid] = kind, content
        return oid

    def blob(self, content: bytes) -> bytes:
        return object_id(BLOB, content)

    def stream(self, size: int, chunks: Iterable[bytes], settle: Callable[[], bytes | None]) -> bytes | None:
        for _ in chunks:
            pass
        return settle()

    def has(self, oid: bytes) -> bool:
        return oid in self._packs

    def part(self) -> Part:
        return self

    def finish(self) -> list[Entry]:
        return []

    def adopt(self, entries: Iterable[Entry]) -> None:
        """Of the content of files nothing is kept."""
