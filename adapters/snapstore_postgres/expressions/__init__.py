"""Text that PostgreSQL reads back as the very expression it was printed from.

Nearly all of what ``pg_get_expr`` and friends print is a fixed point: parse it, print it, the same text. Some
common forms are not. ``status IN ('a', 'b')`` over a ``varchar`` is kept as a cast of a whole array,

    (status)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])

and when that is parsed, the cast is pushed down to each element (the manual, "Array Constructors"), which
prints differently ever after. In ``(ARRAY[…]::anyarray)::text[]`` the outer cast stays where it was, and the
inner one leaves no trace: what has a type of its own is taken for ``anyarray`` as it is.

``n BETWEEN 1 AND 9 AND m > 0``, as rows that are compared, is kept as an ``AND`` within another,

    (((n >= 1) AND (n <= 9)) AND (m > 0))

of which the parser makes one of three, since the inner one comes first. In ``((…) AND (…))::boolean AND (…)``
it does not see it, and a cast of what is of that type already leaves no trace. Columns without a name are a
third one: see ``unnamed``. The marks of a CYCLE are printed as casts, where only constants may be. And a view
of bare VALUES whose columns got names is printed as a query of these values, which becomes one of a subquery
when it is read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from snapstore_postgres.expressions.tokens import QUOTED, words
from snapstore_postgres.expressions.unnamed import named

_CONSTRUCTOR = "ARRAY["
_WORD = re.compile(rf"""{QUOTED}|ARRAY\[|[\[\]]|[^'"EeA\[\]]+|.""", re.DOTALL)
_CLAUSE = re.compile(rf"{QUOTED}|[()]|(?P<clause> WHERE | DEFERRABLE| INITIALLY)")
_CAST = re.compile(r"\)?::")
_JOINS = ("AND", "OR")
_MARK = re.compile(r"( TO | DEFAULT )('(?:[^']|'')*')::([\w.\"]+)(?= DEFAULT '| USING )")
_GIVEN = r'"\*VALUES\*"'
_VALUES = re.compile(
    rf"SELECT (?:(?:{_GIVEN}\.)?column\d+(?: AS (?:{QUOTED}|\w+))?,?\s+)+"
    rf"FROM \((VALUES (?:{QUOTED}|.)*?)\) {_GIVEN}",
    re.DOTALL,
)
"""A query of VALUES is printed with a space before the word where it is a subquery."""


def reparsable(text: str) -> str:
    """The same expressions, protected where parsing them would change how they are printed."""
    return named(_with_nested_logic(_with_whole_arrays(_with_marks(_with_bare_values(text)))))


def _with_bare_values(text: str) -> str:
    return _VALUES.sub(r"\1", text) if "FROM (VALUES " in text else text


def _with_marks(text: str) -> str:
    return _MARK.sub(r"\1\3 \2", text) if " CYCLE " in text else text


def _with_whole_arrays(text: str) -> str:
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


@dataclass
class _Group:
    """What is between parentheses: what its operands are joined by, and where one in parentheses that it
    begins with ends, and what is joined there."""

    joined: str | None = None
    empty: bool = True
    first: tuple[int, str | None] = (-1, None)


def _with_nested_logic(text: str) -> str:
    if not any(f") {word} " in text for word in _JOINS):
        return text
    pieces: list[str] = []
    groups = [_Group()]
    before = -1
    for word in words(text):
        if word == "(":
            groups.append(_Group())
        elif word == ")" and len(groups) > 1:
            closed = groups.pop()
            if groups[-1].empty:
                groups[-1].first = (len(pieces), closed.joined)
        elif word in _JOINS:
            groups[-1].joined = word
            if groups[-1].first == (before, word):
                pieces[before] = ")::boolean"
        pieces.append(word)
        if not word.isspace():
            before = len(pieces) - 1
            groups[-1].empty = word == "("
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
