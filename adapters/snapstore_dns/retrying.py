"""Asking again what may be asked again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from snapstore_dns.lost import LostError
from snapstore_dns.provider import Provider

ATTEMPTS = 4
_PAUSE = 0.1
T = TypeVar("T")


def surely(provider: Provider, ask: Callable[[], T]) -> T:
    """The answer to a question that changes nothing. SnapError when there is none after some attempts."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return ask()
        except LostError as error:
            if attempt == ATTEMPTS:
                raise provider.lost(error) from error
            pause(attempt, error)
    raise AssertionError("not reached")


def pause(attempt: int, error: LostError) -> None:
    """Wait longer each time, and at least as long as one was asked to."""
    time.sleep(max(_PAUSE * 2**attempt, error.wait))
