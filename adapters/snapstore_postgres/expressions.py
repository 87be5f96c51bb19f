"""Text that PostgreSQL reads back as the very expression it was printed from.

Nearly all of what ``pg_get_expr`` and friends print is a fixed point: parse it, print it, the same text. One
common form is not. ``status IN ('a', 'b')`` over a ``varchar`` is kept as a cast of a whole array,

    (status)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])

and when that is parsed, the cast is pushed down to each element (the manual, "Array Constructors"), which
prints differently ever after. In ``(ARRAY[…]::anyarray)::text[]`` the outer cast stays where it was, and the
inner one leaves no trace: what has a type of its own is taken for ``anyarray`` as it is.
"""

from __future__ import annotations

import re

_CONSTRUCTOR = "ARRAY["
_WORD = re.compile(
    r"""
    [Ee]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*"  # quoted
    | ARRAY\[ | [\[\]] | [^'"EeA\[\]]+ | .""",
    re.VERBOSE | re.DOTALL,
)
_CLAUSE = re.compile(
    r"""[Ee]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|[()]"""
    r"|(?P<clause> WHERE | DEFERRABLE| INITIALLY)"
)
_CAST = re.compile(r"\)?::")


def reparsable(text: str) -> str:
    """The same expressions, protected where parsing them would change how they are printed."""
    if _CONSTRUCTOR not in text:
        return text
    pieces: list[str] = []
    constructors: list[bool] = []
    for found in _WORD.finditer(text):
        word = found[0]
        if word.endswith("["):
            constructors.append(word == _CONSTRUCTOR)
        elif word == "]" and constructors.pop() and pieces[-1] != _CONSTRUCTOR:
            word += "::anyarray" if _CAST.match(text, found.end()) else ""
        pieces.append(word)
    return "".join(pieces)


def before_clause(text: str, new: str) -> str:
    """The definition of an index or a constraint with a clause put in before what comes after such ones."""
    depth = 0
    for found in _CLAUSE.finditer(text):
        if found["clause"] and not depth:
            return text[: found.start()] + new + text[found.start() :]
        depth += {"(": 1, ")": -1}.get(found[0], 0)
    return text + new


def reparsable_routine(definition: str) -> str:
    """The same for a routine, of which only a body in the SQL standard's form is parsed."""
    head, mark, body = definition.partition("\nAS ")
    return reparsable(head) + mark + body
