"""Answers that never came, and states that somebody else has moved."""

from __future__ import annotations

import re
from collections.abc import Sequence

from snapstore.errors import Exit, SnapError, some

_NAMED = 5
_NUMBER = re.compile(r"^(?:\[Errno -?\d+\]|Error -?\d+ connecting to \S+\.) ")


class LostError(Exception):
    """There was no answer: whether the server has done what it was told is not known, or, where nothing was
    ``sent`` or it was ``put_off``, is known: it has not. It may have asked to ``wait`` for some seconds.
    ``fix`` is what can be done about it, where that is known."""

    def __init__(
        self, why: str, *, sent: bool = True, put_off: bool = False, wait: float = 0.0, fix: str = ""
    ) -> None:
        super().__init__(why)
        self.sent = sent and not put_off
        self.put_off = put_off
        self.wait = wait
        self.fix = fix


class MovedError(Exception):
    """Something was not what it had to be: nothing was changed."""


def put_off(status: object, wait: float) -> LostError:
    """For who has done nothing, since it is asked too often."""
    fix = "wait some minutes, then run the command again: others may ask with the same key"
    return LostError(f"it is asked too often ({status})", put_off=True, wait=wait, fix=fix)


def in_trouble(status: object, wait: float = 0.0) -> LostError:
    """For who says that it does not work, be it before or after it has done what it was told."""
    fix = "see whether it has trouble of its own, and run the command again when that is over"
    return LostError(f"it says {status}", wait=wait, fix=fix)


def no_answer(who: str, why: Exception, where: str, fix: str) -> SnapError:
    """What to tell of an answer that never came; ``fix`` is what to do where no more is known."""
    return SnapError(f"no answer from {who}: {why}", where=where, fix=getattr(why, "fix", "") or fix)


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
