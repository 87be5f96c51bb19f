"""Deltas of Git: an object told by what of another one it is made of."""

from __future__ import annotations

OFFSET, REFERENCE = 6, 7
"""Kinds in a pack: a delta whose base is so many bytes before it, or the object of an id."""


def base_distance(data: bytes, at: int) -> tuple[int, int]:
    """How far before it the base of an ``OFFSET`` delta begins, and where what follows this number begins."""
    byte = data[at]
    distance, at = byte & 0x7F, at + 1
    while byte & 0x80:
        byte = data[at]
        distance, at = ((distance + 1) << 7) | (byte & 0x7F), at + 1
    return distance, at


def apply(base: bytes, delta: bytes) -> bytes:
    """What a delta makes of its base. ValueError when it is not one of this base."""
    try:
        expected, at = _number(delta, 0)
        size, at = _number(delta, at)
        if expected != len(base):
            raise ValueError("the delta is of another base")
        made = b"".join(_parts(base, delta, at))
    except IndexError as error:
        raise ValueError("the delta is cut short") from error
    if len(made) != size:
        raise ValueError("the delta makes something of another size")
    return made


def _parts(base: bytes, delta: bytes, at: int) -> list[bytes]:
    parts = []
    while at < len(delta):
        order, at = delta[at], at + 1
        if order & 0x80:
            offset = size = 0
            for place in range(4):
                if order & (1 << place):
                    offset, at = offset | delta[at] << 8 * place, at + 1
            for place in range(3):
                if order & (0x10 << place):
                    size, at = size | delta[at] << 8 * place, at + 1
            parts.append(base[offset : offset + (size or 0x10000)])
        elif order:
            parts.append(delta[at : at + order])
            at += order
        else:
            raise ValueError("the delta has an order that nobody knows")
    return parts


def _number(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte, at = data[at], at + 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return number, at
