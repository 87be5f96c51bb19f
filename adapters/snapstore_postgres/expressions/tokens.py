"""The words of an expression or a query as the server prints it."""

from __future__ import annotations

import re

QUOTED = r'''[Ee]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"'''
"""A string or a quoted name, whole: what is in it says nothing of how the text goes on."""
_WORD = re.compile(rf"{QUOTED}|\s+|\w+|.", re.DOTALL)


def words(text: str) -> list[str]:
    """All of the text: what is quoted, spaces and words whole, every other character by itself."""
    return _WORD.findall(text)
