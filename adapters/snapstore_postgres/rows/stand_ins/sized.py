"""Values that can stand in and are as long as a check says: ``length(code) = 3``, ``code ~ '^[A-Z]{3}$'``."""

from __future__ import annotations

import re
from collections.abc import Iterator

_LONGEST, _MOST = 1000, 20
_MADE_OF = (("", "x"), ("", "X"), ("", "0"), ("#", "0"))
"""How a text begins, and the letter that it goes on with."""
_TEN_LETTERS = ("abcdefghij", "ABCDEFGHIJ")


def texts(tests: str) -> Iterator[str]:
    for length in _lengths(tests):
        yield from (f"'{begins}' || pg_catalog.repeat('{letter}', {length})" for begins, letter in _MADE_OF)


def texts_apart(number: str, tests: str) -> Iterator[str]:
    """Those that are a number of the row, in digits or in letters."""
    for length in _lengths(tests):
        padded = (
            f"pg_catalog.lpad({number}::text, greatest({length}, pg_catalog.length({number}::text)), '0')"
        )
        yield padded
        yield from (f"pg_catalog.translate({padded}, '0123456789', '{ten}')" for ten in _TEN_LETTERS)


def arrays(kind: str, tests: str) -> Iterator[str]:
    element = kind.removesuffix("[]")
    for length in _lengths(tests):
        yield f"pg_catalog.array_fill(NULL::{element}, ARRAY[{length}])"


def byte_strings(tests: str) -> Iterator[str]:
    for length in _lengths(tests):
        yield f"pg_catalog.decode(pg_catalog.repeat('00', {length}), 'hex')"


def _lengths(tests: str) -> list[int]:
    numbers = map(int, re.findall(r"(?<![\w.])\d{1,4}(?![\w.])", tests))
    told = [length for number in numbers for length in (number, number + 1)]
    return (
        [*dict.fromkeys(length for length in (1, *told) if 0 < length <= _LONGEST)][:_MOST] if tests else []
    )
