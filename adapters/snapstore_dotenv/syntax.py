"""Cuts an env file into bindings and the text between them. Joining the pieces gives the file again.

That law holds for all bytes whatsoever: where a line is not surely a binding it is text, which is sealed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from snapstore_dotenv.settings import Dialect


class Text(NamedTuple):
    """Comments, blank lines, a byte order mark, and all that is no binding; line ends included."""

    raw: bytes

    def __repr__(self) -> str:
        return f"Text({len(self.raw)} bytes)"  # never what is secret


class Binding(NamedTuple):
    """``before`` is all up to the value (``export NAME = ``), ``value`` is as written, with its quotes.

    ``after`` is what follows on its last line (an inline comment) and ``end`` its line end, if it has one.
    """

    name: str
    before: bytes
    value: bytes
    after: bytes
    end: bytes

    @property
    def raw(self) -> bytes:
        return self.before + self.value + self.after + self.end

    def __repr__(self) -> str:
        return f"Binding({self.name!r})"  # never what is secret


_HEAD = re.compile(rb"[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*")
_QUOTED = re.compile(
    rb"""('[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*"|`[^`]*`)"""
    rb"""([ \t]*(?:\#[^\r\n]*)?)(?=[\r\n]|\Z)""",
    re.DOTALL,
)
_LINE = re.compile(rb"([^\r\n]*)(\r\n|\n|\r|\Z)")
# Node's parser ends an unquoted value at any '#', the others at one that follows white space.
_TAIL = {
    True: re.compile(rb"[ \t]*(?:#.*)?\Z", re.DOTALL),
    False: re.compile(rb"(?:(?:\A|[ \t]+)#.*|[ \t]*)\Z", re.DOTALL),
}
_ARMOUR = re.compile(rb"-----BEGIN [A-Z0-9 ]+-----")
_ARMOUR_END = re.compile(rb"-----END [A-Z0-9 ]+-----[^\r\n]*(?:\r\n|\n|\r|\Z)")
_BASE64_END = re.compile(rb"(?=[^=]*[a-z])(?=[^=]*[A-Z])(?=[^=]*[0-9])[A-Za-z0-9_-]{14,}={1,2}[ \t]*")


def split(data: bytes, dialect: Dialect) -> list[Text | Binding]:
    """The pieces of a file in order; no two texts follow each other and none is empty."""
    found: list[Text | Binding] = []
    for piece in _pieces(data, dialect):
        if isinstance(piece, Text) and found and isinstance(found[-1], Text):
            found[-1] = Text(found[-1].raw + piece.raw)
        else:
            found.append(piece)
    return found


def join(pieces: Iterable[Text | Binding]) -> bytes:
    """The file again."""
    return b"".join(piece.raw for piece in pieces)


def _pieces(data: bytes, dialect: Dialect) -> Iterator[Text | Binding]:
    position = 0
    last_end = max((found.start() for found in _ARMOUR_END.finditer(data)), default=-1)
    if data.startswith(b"\xef\xbb\xbf"):
        yield Text(data[:3])
        position = 3
    while position < len(data):
        piece = _binding(data, position, dialect) or Text(_match(_LINE, data, position)[0])
        position += len(piece.raw)
        yield piece
        rest = _armoured_rest(data, position, piece.raw) if position <= last_end else b""
        if rest:
            yield Text(rest)
            position += len(rest)


def _binding(data: bytes, position: int, dialect: Dialect) -> Binding | None:
    head = _HEAD.match(data, position)
    line = _match(_LINE, data, position)
    if head is None or _BASE64_END.fullmatch(line[1]):
        return None
    quoted = _QUOTED.match(data, head.end())
    if quoted:
        value, after = quoted[1], quoted[2]
        end = _match(_LINE, data, quoted.end())[2]
    else:
        value, after = _unquoted(line[1][head.end() - position :], dialect)
        end = line[2]
    return Binding(head[1].decode("ascii"), head[0], value, after, end)


def _unquoted(rest: bytes, dialect: Dialect) -> tuple[bytes, bytes]:
    tail = _TAIL[dialect == "node"].search(rest)
    cut = tail.start() if tail else len(rest)
    return rest[:cut], rest[cut:]


def _armoured_rest(data: bytes, position: int, before: bytes) -> bytes:
    """The rest of a key that was pasted without quotes: its lines must not pass for names of variables."""
    begin = _ARMOUR.search(before)
    if begin is None or _ARMOUR_END.search(before, begin.end()):
        return b""
    end = _ARMOUR_END.search(data, position)
    return data[position : end.end()] if end else b""


def _match(pattern: re.Pattern[bytes], data: bytes, position: int) -> re.Match[bytes]:
    found = pattern.match(data, position)
    assert found is not None  # noqa: S101 - these patterns match anywhere
    return found
