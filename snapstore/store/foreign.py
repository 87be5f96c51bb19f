"""Objects that other Git tools left in a form of their own, read by dulwich: alternates, old indexes.

Its own module because importing dulwich takes longer than most commands run, and few stores need it.
"""

from __future__ import annotations

import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dulwich.errors import ApplyDeltaError, ChecksumMismatch, FileFormatException, WrongObjectException
from dulwich.object_store import DiskObjectStore
from dulwich.objects import ObjectID
from dulwich.pack import UnresolvedDeltas

_GARBAGE = (
    *(OSError, ValueError, LookupError, AssertionError, ArithmeticError, TypeError, EOFError, RecursionError),
    *(struct.error, zlib.error, ApplyDeltaError, ChecksumMismatch, FileFormatException),
    *(WrongObjectException, UnresolvedDeltas, MemoryError),
)
"""What dulwich raises on bytes that are no Git object."""


class ForeignObjects:
    """Safe for several threads, which dulwich itself is not. ValueError on damage."""

    def __init__(self, folder: Path) -> None:
        self._store = DiskObjectStore(str(folder))
        self._lock = threading.Lock()

    def read(self, oid: str) -> tuple[int, bytes] | None:
        """Kind and content, not verified; None when there is no such object."""
        with self._reading():
            try:
                return self._store.get_raw(ObjectID(oid.encode()))
            except KeyError:
                return None

    def __contains__(self, oid: str) -> bool:
        with self._reading():
            return ObjectID(oid.encode()) in self._store

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except _GARBAGE as error:
            raise ValueError(str(error) or type(error).__name__) from error
