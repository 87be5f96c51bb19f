"""Paths as text: the one reversible way in which names of files enter JSON, plans and messages.

A path in memory is what ``os.fsdecode`` gives on a UTF-8 system: text in which each byte that is not UTF-8
is a lone surrogate. JSON cannot hold that and a terminal should not see control characters, so wherever a
path leaves memory as text, those bytes and the percent sign itself are written ``%XX``. All other names
stay as they are: ``static/naïve file.js`` is its own text.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

_SPECIAL = "[%\x00-\x1f\x7f\udc80-\udcff]"


def to_text(path: str) -> str:
    """The path as text that any JSON parser and any terminal takes; ``from_text`` gives the path back."""
    if path.isascii() and path.isprintable() and "%" not in path:
        return path  # as nearly all are; to compile the expression takes as long as to tell this of thousands
    return re.sub(_SPECIAL, _escape, path)


def from_text(text: str) -> str:
    """The path that ``to_text`` wrote so."""
    if "%" not in text:
        return text
    return unquote_to_bytes(text).decode("utf-8", "surrogateescape")


def to_bytes(path: str) -> bytes:
    """The path as the file system has it, whatever the locale. UnicodeEncodeError when no bytes give it."""
    return path.encode("utf-8", "surrogateescape")


def from_bytes(path: bytes) -> str:
    """The path in memory for a name of the file system, whatever the locale."""
    return path.decode("utf-8", "surrogateescape")


def _escape(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogateescape"))
