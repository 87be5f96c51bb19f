"""Answers that never came, and states that somebody else has moved."""

from __future__ import annotations

import re
from collections.abc import Sequence

from snapstore.errors import Exit, SnapError, some

_NAMED = 5
_NUMBER = re.compile(r"^(?:\[Errno -?\d+\]|Error -?\d+ connecting to \S+\.) ")


class LostError(Exception):
    """There was no answer: whether the server has done what it was told is not known, or, where nothing was
    ``sent`` or it was put off, is known: it has not. It may have asked to ``wait`` for some seconds."""

    def __init__(self, why: str, *, sent: bool = True, wait: float = 0.0) -> None:
        super().__init__(why)
        self.sent = sent
        self.wait = wait


class MovedError(Exception):
    """Something was not what it had to be: nothing was changed."""


def reason(error: BaseException) -> str:
    """Why there was no answer, in words: without the numbers that systems have for it."""
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, EOFError):
        return "it closed the connection"
    text = getattr(error, "strerror", None) or _NUMBER.sub("", str(error)) or type(error).__name__
    return text.rstrip(".")


def moved(names: Sequence[str], where: str, what: str) -> SnapError:
    """For a plan that somebody else's change has made stale; ``what`` is the thing that it is for."""
    return SnapError(
        f"changed by somebody else since the plan was made: {some(names, _NAMED)}",
        where=where,
        fix=f"make the plan again when nobody else changes {what}",
        code=Exit.STALE,
    )


def otherwise(who: str, names: Sequence[str], where: str, fix: str) -> SnapError:
    """For who said that all was well, and what is there shows that it was not."""
    text = f"the {who} said that all was well, and has done otherwise with {some(names, _NAMED)}"
    return SnapError(text, where=where, fix=fix)
