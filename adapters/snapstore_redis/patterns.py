"""Redis' patterns of keys (``*``, ``?``, ``[…]``, ``\\``), for keys that are already here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable


def matcher(patterns: Iterable[str]) -> Callable[[bytes], bool]:
    """Whether a key matches any of the patterns."""
    expressions = [_expression(pattern.encode()) for pattern in patterns]
    if not expressions:
        return lambda key: False
    found = re.compile(b"|".join(expressions), re.DOTALL)
    return lambda key: found.fullmatch(key) is not None


def _expression(pattern: bytes) -> bytes:
    parts: list[bytes] = []
    place = 0
    while place < len(pattern):
        part, place = _next(pattern, place)
        parts.append(part)
    return b"(?:" + b"".join(parts) + b")"


def _next(pattern: bytes, place: int) -> tuple[bytes, int]:
    """The expression for what begins at a place, and where it ends."""
    character = pattern[place : place + 1]
    if character == b"*":
        return b".*", place + 1
    if character == b"?":
        return b".", place + 1
    if character == b"\\" and place + 1 < len(pattern):
        return re.escape(pattern[place + 1 : place + 2]), place + 2
    end = pattern.find(b"]", place + 1) if character == b"[" else -1
    if end == -1:
        return re.escape(character), place + 1
    inner = pattern[place + 1 : end]
    negated, inner = inner.startswith(b"^"), inner.removeprefix(b"^")
    members = re.sub(rb"[\\\[\]^&~|]", rb"\\\g<0>", inner)
    if not members:
        return (b"." if negated else b"(?!)"), end + 1
    return b"[" + (b"^" if negated else b"") + members + b"]", end + 1
