"""Where in the text of ``snapstore.toml`` a key is, for errors that name the line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from snapstore.errors import SnapError

REFERENCE = "correct it; `snap schema config` prints what the file may say"
_HEADER = r"\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$"
_KEY = r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""

Keys = tuple[str | int, ...]


class Source(msgspec.Struct, frozen=True):
    """The text of a file, to say where in it something is wrong."""

    path: Path
    text: str

    def error(self, path: Keys, what: str, fix: str = "") -> SnapError:
        return SnapError(what, where=self.at(line_of(self.text, path)), fix=fix or REFERENCE)

    def at(self, line: int | None) -> str:
        return f"{self.path}:{line}" if line else str(self.path)


def dotted(path: Keys) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def line_with(text: str, part: str) -> int | None:
    for number, line in enumerate(text.splitlines(), 1):
        if part in line and not line.lstrip().startswith("#"):
            return number
    return None


def line_of(text: str, path: Keys) -> int | None:
    """The line of a key: where it is set, or where the innermost table is that is written out.

    A scan of headers and keys, good enough to point at; the TOML itself was parsed properly before.
    """
    wanted = tuple(part for part in path if isinstance(part, str))
    best: tuple[int, int] | None = None
    for number, keys in _keys(text):
        common = _common(keys, wanted)
        if common and common == min(len(keys), len(wanted)) and (best is None or common > best[0]):
            best = (common, number)
    if best is None:
        return None
    depth, number = best
    return _inside(text, number, wanted[depth:])


def _keys(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each header and each ``key =`` with its line, as the whole way from the top."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(_HEADER, line):
            table = _split(header[1])
            yield number, table
        elif key := re.match(_KEY, line):
            yield number, (*table, *_split(key[1]))


def _split(dotted: str) -> tuple[str, ...]:
    parts = re.findall(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""", dotted)
    return tuple(part.strip("\"'") for part in parts)


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    return next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def _inside(text: str, number: int, rest: tuple[str, ...]) -> int:
    """The line of a key of an inline table that begins at line ``number``."""
    if rest:
        for later, line in enumerate(text.splitlines()[number - 1 :], number):
            if re.search(rf"\b{re.escape(rest[-1])}\b[\"']?\s*=", line):
                return later
    return number
