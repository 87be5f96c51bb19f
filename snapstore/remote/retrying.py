"""Asking again what may be asked again, and doing once what may be done but once."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from snapstore.errors import SnapError
from snapstore.remote.lost import LostError, MovedError

ATTEMPTS = 4
_PAUSE = 0.1
T = TypeVar("T")
Lost = Callable[[Exception], SnapError]
"""What to tell of an answer that never came."""


def surely(ask: Callable[[], T], lost: Lost) -> T:
    """The answer to a question that changes nothing. SnapError when there is none after some attempts."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return ask()
        except LostError as error:
            if attempt == ATTEMPTS:
                raise lost(error) from error
            pause(attempt, error)
    raise AssertionError("not reached")


def once(
    write: Callable[[], None], is_done: Callable[[], bool], begun: Callable[[], None], lost: Lost
) -> bool:
    """Do what must not be done twice; False where somebody else was there first, again and again.

    An answer that got lost is not waited for: ``is_done`` looks whether it has happened, and raises SnapError
    where neither that nor the state before is there. ``begun`` is called when it has happened or may have:
    what was refused changed nothing.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            write()
        except LostError as error:
            if error.sent:
                begun()
            if attempt == ATTEMPTS:
                raise lost(error) from error
            pause(attempt, error)
            if not error.sent:
                continue
        except MovedError:
            pass  # by somebody else, or by ourselves when the answer got lost
        else:
            begun()
            return True
        if is_done():
            return True
    return False


def pause(attempt: int, error: LostError) -> None:
    """Wait longer each time, and at least as long as one was asked to."""
    time.sleep(max(_PAUSE * 2**attempt, error.wait))
