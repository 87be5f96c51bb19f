"""Large files in a folder, arranged as ``git lfs`` keeps them: ``objects/ab/cd/abcd…``."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from snapstore.large import Held
from snapstore.large.pointer import Pointer, point_to
from snapstore.store import durable

_CHUNK = 1 << 20


class Folder:
    """A :class:`snapstore.large.Place` below ``root``, which is made when something is added."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._objects = root / "objects"

    @property
    def name(self) -> str:
        return str(self._root)

    def path(self, oid: str) -> Path:
        """Where content of this SHA-256 is, or would be."""
        return self._objects / oid[:2] / oid[2:4] / oid

    def add(self, file: BinaryIO) -> Pointer:
        file.seek(0)
        return self._put(iter(partial(file.read, _CHUNK), b""), None)

    def receive(self, pointer: Pointer, pieces: Iterator[bytes]) -> None:
        """Keep content that comes from elsewhere. ValueError, and nothing is kept, when it is not this."""
        self._put(pieces, pointer)

    def _put(self, pieces: Iterator[bytes], expected: Pointer | None) -> Pointer:
        with durable.writing(self._root):
            self._objects.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = durable.temporary(self._objects)
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as copy:
                pointer = point_to(self._written(pieces, copy))
                if expected not in (None, pointer):
                    raise ValueError("it is other content than was asked for")
                with durable.writing(self._root):
                    self._settle(pointer, copy, Path(temporary))
        finally:
            Path(temporary).unlink(missing_ok=True)
        return pointer

    def _written(self, pieces: Iterator[bytes], copy: BinaryIO) -> Iterator[bytes]:
        for piece in pieces:
            with durable.writing(self._root):
                if copy.write(piece) < len(piece):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            yield piece

    def _settle(self, pointer: Pointer, copy: BinaryIO, temporary: Path) -> None:
        if self.has(pointer):
            return
        path = self.path(pointer.oid)
        os.fchmod(copy.fileno(), 0o444)
        os.fsync(copy.fileno())
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(path)
        for folder in (path.parent, path.parent.parent, self._objects):
            durable.sync_folder(folder)

    def has(self, pointer: Pointer) -> bool:
        try:
            return self.path(pointer.oid).stat().st_size == pointer.size
        except FileNotFoundError:
            return False

    def lost(self, pointer: Pointer) -> bool:
        return not self.has(pointer)

    def read(self, pointer: Pointer) -> Iterator[bytes]:
        with self.path(pointer.oid).open("rb", buffering=0) as file:
            yield from iter(partial(file.read, _CHUNK), b"")

    def held(self) -> Iterator[Held]:
        for path in sorted(self._objects.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*")):
            yield Held(path.name, path.stat().st_size)

    def remove(self, oid: str) -> None:
        with durable.writing(self._root):
            self.path(oid).unlink(missing_ok=True)
