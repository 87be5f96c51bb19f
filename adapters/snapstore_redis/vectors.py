"""Vector sets as facts, and back.

No command gives a vector back as exactly as RESTORE does, and no other tells how elements are linked. But
DUMP tells them in another order each time that they were loaded: it is taken apart, and put together again.
Its form is that of modules' values, and of ``VectorSetRdbSave`` in Redis 8: numbers and texts, what comes
being said before each, and a checksum at the end.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from snapstore.model import Json
from snapstore_redis.names import bytes_of, member_of, raw_of, value_of

_OF_MODULE, _VECTOR_SET = 7, 0xBDE72DA2BB1EB400
"""A value of a module, and of which: its name in letters of 6 bits each, and version 0."""
_END, _NUMBER, _TEXT = 0, 2, 5
_RDB = 12
"""The version that servers with vector sets began with. Those that came later take it too."""
_TAIL = 10
"""The bytes of version and checksum."""
_PROJECTED, _ATTRIBUTED = 1, 2
_QUANTIZED = ("f32", "int8", "bin")
_POLYNOMIAL = 0x95AC9329AC4BC9B5


def vectors_of(dump: bytes) -> Json:
    """A vector set as JSON; None where it is in a form of another version."""
    try:
        parts = iter(list(_parts(dump)))
        found = _set_of(parts)
        return found if next(parts, None) is None else None
    except (StopIteration, LookupError, ValueError, TypeError, struct.error):
        return None


def _set_of(parts: Iterator[Any]) -> Json:
    dimensions, number, config, flags = (next(parts) for _ in range(4))
    if config >> 24 or flags >> 2:
        raise ValueError
    found: dict[str, Json] = {
        "dimensions": dimensions,
        "links": config >> 8,
        "quantization": _QUANTIZED[config & 0xFF],
    }
    if flags & _PROJECTED:
        found["projection"] = {"dimensions": next(parts), "matrix": _base64(next(parts))}
    nodes = [_node(parts, flags) for _ in range(number)]
    names = {node.number: member_of(node.name) for node in nodes}
    return found | {"elements": {names[node.number]: _element(node, names) for node in nodes}}


class _Node(NamedTuple):
    """An element, with the numbers of those that it is linked with, by layer."""

    name: bytes
    number: int
    attributes: bytes
    vector: bytes
    length: float
    range: float
    layers: Sequence[Sequence[int]]


def _node(parts: Iterator[Any], flags: int) -> _Node:
    name = next(parts)
    attributes = next(parts) if flags & _ATTRIBUTED else b""
    vector = next(parts)
    told = iter([next(parts) for _ in range(next(parts))])
    number, form = next(told), next(told)
    version, level = form >> 24, form & 0xFF
    if form not in (level, level | 1 << 24):
        raise ValueError
    layers = []
    for _ in range(level + 1):
        links, _room = next(told), next(told)
        layers.append([next(told) for _ in range(links)])
        if version:
            next(told)  # which link is the longest: found again where it is not told
    length, spread = struct.unpack("<2f", struct.pack("<Q", next(told)))
    return _Node(name, number, attributes, vector, length, spread, layers)


def _element(node: _Node, names: Mapping[int, str]) -> Json:
    found: dict[str, Json] = {
        "vector": _base64(node.vector),
        "length": repr(node.length),
        "range": repr(node.range),
        "linked": [sorted(names[number] for number in layer) for layer in node.layers],
    }
    return found | ({"attributes": value_of(node.attributes)} if node.attributes else {})


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _parts(dump: bytes) -> Iterator[int | bytes]:
    kind, at = _length(dump, 1)
    if dump[0] != _OF_MODULE or kind != _VECTOR_SET:
        raise ValueError
    while True:
        what, at = _length(dump, at)
        if what == _END and at == len(dump) - _TAIL:
            return
        if what not in (_NUMBER, _TEXT):
            raise ValueError
        part, at = _length(dump, at) if what == _NUMBER else _text(dump, at)
        yield part


def _length(data: bytes, at: int) -> tuple[int, int]:
    """A number, and where what follows it begins."""
    first = data[at]
    if first < 0x40:
        return first, at + 1
    if first < 0x80:
        return (first & 0x3F) << 8 | data[at + 1], at + 2
    if first == 0x80:
        return struct.unpack_from(">I", data, at + 1)[0], at + 5
    if first == 0x81:
        return struct.unpack_from(">Q", data, at + 1)[0], at + 9
    raise ValueError


def _text(data: bytes, at: int) -> tuple[bytes, int]:
    """The same of a text: it may be a number, or be packed."""
    first = data[at]
    if first in (0xC0, 0xC1, 0xC2):
        size = 1 << (first & 3)
        number = int.from_bytes(data[at + 1 : at + 1 + size], "little", signed=True)
        return str(number).encode(), at + 1 + size
    if first == 0xC3:
        packed, at = _length(data, at + 1)
        size, at = _length(data, at)
        return _unpacked(data[at : at + packed], size), at + packed
    size, at = _length(data, at)
    return data[at : at + size], at + size


def _unpacked(data: bytes, size: int) -> bytes:
    """What LZF has packed: pieces as they are, and pieces that were there before."""
    found, at = bytearray(), 0
    while at < len(data):
        control, at = data[at], at + 1
        if control < 32:
            found += data[at : at + control + 1]
            at += control + 1
            continue
        long = data[at] if control >> 5 == 7 else 0
        at += control >> 5 == 7
        start = len(found) - ((control & 31) << 8) - data[at] - 1
        at += 1
        for place in range(start, start + (control >> 5) + long + 2):
            found.append(found[place])
    if len(found) != size:
        raise ValueError
    return bytes(found)


# Back


def dump_of(value: Mapping[str, Json]) -> bytes:
    """What RESTORE takes."""
    if "dump" in value:
        return base64.b64decode(value["dump"])
    body = b"".join([bytes([_OF_MODULE]), _sized(_VECTOR_SET), *_written(value), _sized(_END)])
    body += struct.pack("<H", _RDB)
    return body + struct.pack("<Q", _checksum(body))


def _written(value: Mapping[str, Json]) -> Iterator[bytes]:
    elements, projection = value["elements"], value.get("projection")
    attributed = any("attributes" in element for element in elements.values())
    yield _number(value["dimensions"])
    yield _number(len(elements))
    yield _number(value["links"] << 8 | _QUANTIZED.index(value["quantization"]))
    yield _number((_PROJECTED if projection else 0) | (_ATTRIBUTED if attributed else 0))
    if projection:
        yield _number(projection["dimensions"])
        yield _string(base64.b64decode(projection["matrix"]))
    numbers = {name: number for number, name in enumerate(elements, 1)}
    for name, element in elements.items():
        yield _string(bytes_of(name))
        if attributed:
            yield _string(raw_of(element.get("attributes", "")))
        yield _string(base64.b64decode(element["vector"]))
        told = list(_told(numbers[name], element, numbers, value["links"]))
        yield from map(_number, [len(told), *told])


def _told(number: int, element: Mapping[str, Json], numbers: Mapping[str, int], links: int) -> Iterator[int]:
    """An element as the first form of it had it, which does not say which link is the longest."""
    yield number
    yield len(element["linked"]) - 1
    for level, layer in enumerate(element["linked"]):
        yield len(layer)
        yield max(len(layer), links if level else 2 * links)
        yield from (numbers[name] for name in layer)
    scale = struct.pack("<2f", float(element["length"]), float(element["range"]))
    yield struct.unpack("<Q", scale)[0]


def _number(number: int) -> bytes:
    return _sized(_NUMBER) + _sized(number)


def _string(raw: bytes) -> bytes:
    return _sized(_TEXT) + _sized(len(raw)) + raw


def _sized(number: int) -> bytes:
    if number < 1 << 6:
        return bytes([number])
    if number < 1 << 14:
        return struct.pack(">H", 0x4000 | number)
    return struct.pack(">BI", 0x80, number) if number < 1 << 32 else struct.pack(">BQ", 0x81, number)


def _checksum(data: bytes) -> int:
    """CRC-64 as Redis has it."""
    table, found = _table(), 0
    for byte in data:
        found = table[(found ^ byte) & 0xFF] ^ found >> 8
    return found


@cache
def _table() -> list[int]:
    found = []
    for number in range(256):
        for _ in range(8):
            number = number >> 1 ^ (_POLYNOMIAL if number & 1 else 0)
        found.append(number)
    return found
