"""An iterator of pieces as a file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any


class PieceReader(io.RawIOBase):
    """Reads what an iterator gives, one piece after the other; what it raises, reading raises."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = next(self._pieces, b"")
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
