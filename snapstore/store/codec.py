"""Deflate and inflate: ISA-L where its wheel is installed, else zlib; what does not shrink is stored raw.

Both write valid zlib streams; a store written with one is read with the other.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from types import ModuleType
from typing import Any

_fast: ModuleType = zlib
with suppress(ImportError):
    _fast = import_module("isal.isal_zlib")

LEVEL = 1
TINY = 96
"""Below this many bytes, deflating costs more than it saves."""
_SAMPLE = 16 * 1024
_WORTHWHILE = 0.95
_BLOCK = 65535
_PIECE = 1 << 20
_ERRORS: tuple[type[Exception], ...] = (zlib.error, getattr(_fast, "IsalError", zlib.error))


def deflate(data: bytes) -> bytes:
    """A zlib stream of ``data``, whichever of raw and level 1 is worth it."""
    if len(data) <= TINY or (len(data) > 4 * _SAMPLE and not _shrinks(data[_SAMPLE : 2 * _SAMPLE])):
        return store(data)
    deflated: bytes = _fast.compress(data, LEVEL)
    return deflated


def store(data: bytes) -> bytes:
    """A zlib stream that holds ``data`` as it is."""
    check = zlib.adler32(data).to_bytes(4, "big")
    if len(data) <= _BLOCK:
        return b"\x78\x01" + _raw_block(data, final=True) + check
    starts = range(0, len(data), _BLOCK)
    blocks = [_raw_block(data[at : at + _BLOCK], final=at == starts[-1]) for at in starts]
    return b"".join((b"\x78\x01", *blocks, check))


def _raw_block(data: bytes, *, final: bool) -> bytes:
    size = len(data)
    return bytes((final,)) + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + data


def _shrinks(sample: bytes) -> bool:
    return len(_fast.compress(sample, LEVEL)) < _WORTHWHILE * len(sample)


def deflate_stream(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same for content that is too large to hold: judged by its first chunk."""
    first = next(chunks, b"")
    engine: Any = _fast.compressobj(LEVEL) if _shrinks(first[:_SAMPLE]) else zlib.compressobj(0)
    yield engine.compress(first)
    for chunk in chunks:
        yield engine.compress(chunk)
    yield engine.flush()


def inflate_whole(data: bytes, size: int) -> bytes | None:
    """The ``size`` bytes of the zlib stream at the beginning of ``data``, None when it does not end there.

    ValueError when it is damaged.
    """
    engine: Any = _fast.decompressobj()
    try:
        content: bytes = engine.decompress(data, size + 1)
    except _ERRORS as error:
        raise ValueError(str(error)) from error
    return content if engine.eof and len(content) == size else None


def inflate(read: Callable[[], bytes], size: int) -> Iterator[bytes]:
    """The ``size`` bytes of the zlib stream that ``read`` gives chunk by chunk (empty at its end).

    ValueError when it is damaged, cut short or of another size.
    """
    engine: Any = _fast.decompressobj()
    left = size
    while not engine.eof:
        chunk = engine.unconsumed_tail or read()
        try:
            piece = engine.decompress(chunk, _PIECE)
        except _ERRORS as error:
            raise ValueError(str(error)) from error
        if not piece and not chunk and not engine.eof:
            raise ValueError("it ends too early")
        left -= len(piece)
        if left < 0:
            break
        if piece:
            yield piece
    if left:
        raise ValueError(f"it is not of the {size} bytes that were promised")
