"""A VCL program as its sources: the main one, and the files that it includes.

A program is given to Varnish as one text. An included file is put where it is included, between two comments
by which it is told apart again: so that a program reads the same, whichever way it came to the server.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from posixpath import normpath

import msgspec

BUILTIN = "<builtin>"
_HEAD = re.compile(r"// VCL\.SHOW \d+ (\d+) ([^\n]*)\n")
_TOKEN = re.compile(
    r'''//[^\n]*|\#[^\n]*|/\*.*?\*/|\{".*?"\}|"""|C\{.*?\}C'''
    r'''|\binclude\s+(?P<glob>\+glob\s+)?"(?P<name>[^"\n]*)"\s*;|"[^"\n]*"''',
    re.DOTALL,
)
_LONG = '"""'
_OPEN, _CLOSE = "\n#[snapstore ", "\n#snapstore]\n"
_MARK = re.compile(r"\n#\[snapstore (\[[^\n]*\])\n")


class Sources(msgspec.Struct, frozen=True):
    """``main``, and ``includes`` by the paths from which the server read them."""

    main: str
    includes: Mapping[str, str] = {}


def of_answer(text: str) -> Sources:
    """The sources in an answer to ``vcl.show -v``, whose sizes count bytes."""
    files: dict[str, str] = {}
    data = text.encode("utf-8", "surrogateescape")
    place, first = 0, ""
    while found := _HEAD.match(data[place : place + 8192].decode("utf-8", "surrogateescape")):
        begin = place + len(found[0].encode("utf-8", "surrogateescape"))
        end = begin + int(found[1])
        first = first or found[2]
        files.setdefault(found[2], data[begin:end].decode("utf-8", "surrogateescape"))
        place = end + 1
    main = files.pop(first, "")
    files.pop(BUILTIN, None)
    return apart(Sources(main, files))


def whole(sources: Sources) -> str:
    """The program as one text."""
    return _with_includes(sources.main, sources.includes)


def _with_includes(text: str, files: Mapping[str, str]) -> str:
    parts, place = [], 0
    for found in includes(text):
        inner = "".join(
            _marked(path, found[0], _with_includes(files[path], files)) for path in _paths(found, files)
        )
        parts += [text[place : found.start()], inner or found[0]]
        place = found.end()
    return "".join([*parts, text[place:]])


def _marked(path: str, words: str, text: str) -> str:
    return f"{_OPEN}{json.dumps([path, words])}\n{text}{_CLOSE}"


def includes(text: str) -> Iterator[re.Match[str]]:
    """The places at which a text includes others: not those in comments and in strings."""
    place = 0
    while found := _TOKEN.search(text, place):
        place = found.end()
        if found[0] == _LONG:
            place = text.find(_LONG, place) + len(_LONG) if _LONG in text[place:] else len(text)
        elif found["name"] is not None:
            yield found


def _paths(found: re.Match[str], files: Mapping[str, str]) -> list[str]:
    """The files that are included at a place, as the server found them."""
    name = normpath(found["name"])
    if found["glob"]:
        return sorted(path for path in files if fnmatchcase(path, f"*{name.lstrip('.')}"))
    matching = [path for path in files if path == name or path.endswith(f"/{name}")]
    return [min(matching, key=len)] if matching else []


def apart(sources: Sources) -> Sources:
    """The sources of a program that was put together here; any other is as it is."""
    if _OPEN not in sources.main:
        return sources
    files = dict(sources.includes)
    text, _ = _taken_apart(sources.main, 0, files)
    return Sources(text, files)


def _taken_apart(text: str, place: int, files: dict[str, str]) -> tuple[str, int]:
    """The text from a place on to where its part ends, with what it includes put aside."""
    parts: list[str] = []
    last = ""
    while True:
        mark = _MARK.search(text, place)
        end = text.find(_CLOSE, place)
        end = len(text) if end < 0 else end
        if mark is None or mark.start() > end:
            return "".join([*parts, text[place:end]]), end
        between = text[place : mark.start()]
        path, words = json.loads(mark[1])
        files[path], stop = _taken_apart(text, mark.end(), files)
        again = not between and "+glob" in last and words == last
        parts += [between] if again else [between, words]
        last = words
        place = stop + len(_CLOSE)
