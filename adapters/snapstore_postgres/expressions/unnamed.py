"""Columns of queries that nobody named, whose text would give them another name when it is read.

``SELECT 'x'`` calls its column ``?column?`` and is printed as ``SELECT 'x'::text``, of which the parser calls
it ``text``: within other queries, in branches of a UNION and in bodies of functions that is seen, and prints
differently ever after. What is printed without a name and is no column itself is called ``?column?``, or by
nothing that anybody sees. Where that is said, it stays so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from snapstore_postgres.expressions.tokens import words

_NAME = r'(?:[^\W\d]\w*|"(?:[^"]|"")*")'
_COLUMN = re.compile(rf"{_NAME}(?:\.{_NAME})*")
_ENDS = re.compile(
    r"FROM|WHERE|GROUP|HAVING|WINDOW|ORDER|LIMIT|OFFSET|FETCH|FOR|UNION|INTERSECT|EXCEPT|ON|[;)\]]"
)
_RETURNING = "RETURNING"
_NO_END = {"GROUP": "WITHIN", "ON": "DISTINCT"}
"""Where such a word does not end a list: after this one."""


@dataclass
class _Item:
    """One of what a query gives: within how many parentheses, where it begins, whether it has a name."""

    depth: int
    begins: int
    named: bool = False


def named(text: str) -> str:
    """The same queries, the columns without a name called as they are."""
    if "SELECT " not in text and _RETURNING not in text:
        return text
    pieces: list[str] = []
    items: list[_Item] = []
    depth, before, space = 0, "", ""
    for word in words(text):
        here = bool(items) and items[-1].depth == depth
        returning = word == _RETURNING and "\n" in space
        if here and (returning or (_ENDS.fullmatch(word) and _NO_END.get(word) != before)):
            _end(pieces, items.pop())
        elif here and word == ",":
            _end(pieces, items.pop())
            items.append(_Item(depth, len(pieces) + 1))
        elif here and word == "AS":
            items[-1].named = True
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(word, 0)
        pieces.append(word)
        if word == "SELECT" or returning:
            items.append(_Item(depth, len(pieces)))
        before, space = (before, word) if word.isspace() else (word, "")
    for item in items:
        _end(pieces, item)
    return "".join(pieces)


def _end(pieces: list[str], item: _Item) -> None:
    begins = _behind_distinct(pieces, item.begins)
    words = [i for i in range(begins, len(pieces)) if not pieces[i].isspace()]
    if not words or item.named or pieces[words[0]] == "WITH":  # what RETURNING may begin with
        return
    if not _COLUMN.fullmatch("".join(pieces[i] for i in words)):
        pieces[words[-1]] += ' AS "?column?"'


def _behind_distinct(pieces: Sequence[str], begins: int) -> int:
    """Where the first item itself begins."""
    words = (i for i in range(begins, len(pieces)) if not pieces[i].isspace())
    if pieces[(distinct := next(words, begins - 1))] != "DISTINCT":
        return begins
    on = next(words, distinct)
    if pieces[on] != "ON":
        return distinct + 1
    depth = 0
    for i in words:
        depth += {"(": 1, ")": -1}.get(pieces[i], 0)
        if not depth:
            return i + 1
    return len(pieces)
