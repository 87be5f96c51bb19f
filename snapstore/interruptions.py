"""Moments that Ctrl-C and other signals have to wait for: something is started and its owner not told yet."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def held() -> Iterator[None]:
    """Those that come meanwhile take effect at the end of the block.

    Between the fork of a child and the assignment of its handle an interruption would leave a child that
    nobody ends. Processes started meanwhile have the default handlers again. Only the main thread is ever
    interrupted, so in any other thread nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        came.append(number)

    before = {number: signal.signal(number, note) for number in _NUMBERS if _is_handled(number)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for first in came[:1]:
            signal.raise_signal(first)


def _is_handled(number: int) -> bool:
    """Whether Python reacts to it: what is ignored stays so, and None is a handler set by others."""
    return callable(signal.getsignal(number))
