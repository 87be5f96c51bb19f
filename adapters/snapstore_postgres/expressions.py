"""Text that PostgreSQL reads back as the very expression it was printed from.

Nearly all of what ``pg_get_expr`` and friends print is a fixed point: parse it, print it, the same text. One
common form is not. ``status IN ('a', 'b')`` over a ``varchar`` is kept as a cast of a whole array,

    (status)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])

and when that is parsed, the cast is pushed down to each element (the manual, "Array Constructors"), which
prints differently ever after. A cast to the array's own type in between changes nothing else and keeps the
outer cast where it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_CAST_ARRAY = re.compile(r"\(ARRAY\[")
_ELEMENT_TYPE = re.compile(r"::((?:[a-z_]|\"[^\"]+\"|[. ]|\(\d+(?:,\d+)?\))+)$")
_AFTER = re.compile(r"\]\)::([a-z_ .\"]+?)\[\]")


def reparsable(text: str) -> str:
    """The same expression, protected where parsing it would change how it is printed."""
    if "(ARRAY[" not in text:
        return text
    pieces, done = [], 0
    for start, end, kind in _cast_arrays(text):
        if start < done:
            continue
        pieces += [text[done:start], f"({text[start:end]}::{kind}[])"]
        done = end
    return "".join([*pieces, text[done:]])


def _cast_arrays(text: str) -> Iterator[tuple[int, int, str]]:
    """Start and end of each ``(ARRAY[…])`` that is cast to another type, with its elements' type."""
    for match in _CAST_ARRAY.finditer(text):
        elements, close = _elements(text, match.end())
        after = _AFTER.match(text, close)
        kinds = {found[1] for e in elements if (found := _ELEMENT_TYPE.search(e))}
        if after and len(kinds) == 1 and after[1] not in kinds:
            yield match.start(), close + 2, kinds.pop()


def _elements(text: str, start: int) -> tuple[list[str], int]:
    """The elements of the array constructor that begins at ``start``, and where its bracket closes."""
    found, depth, begin, index = [], 0, start, start
    while index < len(text):
        char = text[index]
        if char in "'\"":
            index = _skip_quoted(text, index)
            continue
        if char in "([":
            depth += 1
        elif char in ")]":
            if depth == 0:
                break
            depth -= 1
        elif char == "," and depth == 0:
            found.append(text[begin:index].strip())
            begin = index + 1
        index += 1
    return [*found, text[begin:index].strip()], index


def _skip_quoted(text: str, index: int) -> int:
    """Behind the quoted text at ``index``; a backslash counts only after E, as printed by the server."""
    quote, escapes = text[index], index > 0 and text[index - 1] in "Ee"
    index += 1
    while index < len(text):
        if escapes and text[index] == "\\":
            index += 2
        elif text[index] != quote:
            index += 1
        elif text.startswith(quote, index + 1):
            index += 2
        else:
            return index + 1
    return index
