"""The pointer of a large file: a small text that Git LFS has specified, which stands in the tree for it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import NamedTuple

LONGEST = 200
"""Bytes; no pointer is longer."""
_START = b"version https://git-lfs.github.com/spec/v1\n"
_REST = re.compile(rb"oid sha256:([0-9a-f]{64})\nsize (0|[1-9][0-9]{0,18})\n")


class Pointer(NamedTuple):
    """The SHA-256 (hex) of some content, and its size in bytes."""

    oid: str
    size: int


def encode(pointer: Pointer) -> bytes:
    """The one way to write a pointer."""
    return _START + f"oid sha256:{pointer.oid}\nsize {pointer.size}\n".encode()


def parse(content: bytes) -> Pointer | None:
    """What ``encode`` was given; None for any other bytes.

    Content that is a pointer by itself is kept as a large file is, however small: so what reads as a pointer
    in a tree always is one.
    """
    if not content.startswith(_START):
        return None
    found = _REST.fullmatch(content, len(_START))
    return Pointer(found[1].decode(), int(found[2])) if found else None


def point_to(pieces: Iterable[bytes]) -> Pointer:
    """The pointer to content that is given piece by piece."""
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
    return Pointer(digest.hexdigest(), size)
