"""The content of large files, verified: whoever reads it to its end has read what the pointer says."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from typing import BinaryIO

from snapstore.errors import SnapError
from snapstore.large import Place
from snapstore.large.pointer import Pointer
from snapstore.pieces import PieceReader

_FIX = "run 'snap doctor' to see what else is; 'snap pull', or a backup of that place, can bring it back"


def open_content(place: Place, pointer: Pointer) -> BinaryIO:
    """The content of a large file. Reading raises SnapError when it is missing, or not what it should be."""
    return io.BufferedReader(PieceReader(verified(place, pointer)))


def verified(place: Place, pointer: Pointer) -> Iterator[bytes]:
    """The same piece by piece."""
    digest, size = hashlib.sha256(), 0
    try:
        for piece in place.read(pointer):
            digest.update(piece)
            size += len(piece)
            yield piece
    except FileNotFoundError:
        raise missing(place, pointer) from None
    if (digest.hexdigest(), size) != pointer:
        raise damaged(place, pointer)


def missing(place: Place, pointer: Pointer) -> SnapError:
    return SnapError(f"the large file {pointer.oid} is missing", where=place.name, fix=_FIX)


def damaged(place: Place, pointer: Pointer) -> SnapError:
    what = f"the large file {pointer.oid} is damaged: its content does not match its SHA-256"
    return SnapError(what, where=place.name, fix=_FIX)
