"""Where new objects go while a snapshot is built: into one pack, or nowhere but memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from snapstore.store import codec, durable
from snapstore.store.objects import object_id
from snapstore.store.packs import Packs
from snapstore.store.packwriter import BLOB, PackWriter


class Prepared(NamedTuple):
    """A file's content, hashed; ``deflated`` is None where it need not be written."""

    oid: bytes
    size: int
    deflated: bytes | None


class Sink(Protocol):
    def put(self, kind: int, content: bytes) -> bytes:
        """Keep an object that is not a file's content; its id."""
        ...

    def prepare(self, content: bytes) -> Prepared:
        """The costly part of keeping a file's content; may run in any thread."""
        ...

    def accept(self, prepared: Prepared) -> bytes:
        """The rest of it; the id."""
        ...

    def stream(self, size: int, chunks: Iterable[bytes], settle: Callable[[], bytes | None]) -> bytes | None:
        """Keep content too large to hold. ``settle``, called at its end, gives its id, or None to drop it."""
        ...

    def has(self, oid: bytes) -> bool:
        """Whether the object is durable in the store once this sink is finished."""
        ...


class PackSink:
    """Writes what the store does not have into one pack, opened when there is something to write."""

    def __init__(self, packs: Packs) -> None:
        self._packs = packs
        self._writer: PackWriter | None = None

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
            self._append(oid, kind, len(content), codec.deflate(content))
        return oid

    def prepare(self, content: bytes) -> Prepared:
        oid = object_id(BLOB, content)
        return Prepared(oid, len(content), None if self.has(oid) else codec.deflate(content))

    def accept(self, prepared: Prepared) -> bytes:
        if prepared.deflated is not None and not self.has(prepared.oid):
            self._append(prepared.oid, BLOB, prepared.size, prepared.deflated)
        return prepared.oid

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

    def _append(self, oid: bytes, kind: int, size: int, deflated: bytes) -> None:
        with durable.writing(self._packs.folder):
            self._open().append(oid, kind, size, deflated)

    def has(self, oid: bytes) -> bool:
        return (self._writer is not None and oid in self._writer) or oid in self._packs

    def _open(self) -> PackWriter:
        if self._writer is None:
            self._packs.folder.mkdir(parents=True, exist_ok=True)
            self._writer = PackWriter(self._packs.folder)
        return self._writer


class MemorySink:
    """Keeps documents and trees that the store does not have in ``objects``; of files, only their ids."""

    def __init__(self, packs: Packs) -> None:
        self._packs = packs
        self.objects: dict[bytes, tuple[int, bytes]] = {}

    def put(self, kind: int, content: bytes) -> bytes:
        oid = object_id(kind, content)
        if oid not in self._packs:
            self.objects[oid] = kind, content
        return oid

    def prepare(self, content: bytes) -> Prepared:
        return Prepared(object_id(BLOB, content), len(content), None)

    def accept(self, prepared: Prepared) -> bytes:
        return prepared.oid

    def stream(self, size: int, chunks: Iterable[bytes], settle: Callable[[], bytes | None]) -> bytes | None:
        for _ in chunks:
            pass
        return settle()

    def has(self, oid: bytes) -> bool:
        return oid in self._packs
