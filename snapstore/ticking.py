"""A line on the terminal that says how long something is going on already, by a timer's signal.

A thread would do as well, but while there is one this process cannot be copied, and work on many files would
be left to one core (:func:`snapstore.forked.cores`).
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

CLEAR_LINE = "\r\x1b[2K"


@contextmanager
def ticking(title: str) -> Iterator[None]:
    """From the second second on, the last line of stderr tells ``title`` and how many have passed; then it is
    empty again. Nothing where a signal cannot tell the time: in another thread, or on another system."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return
    since = time.monotonic()

    def tick(_number: int, _frame: FrameType | None) -> None:
        # Right to the terminal: the signal may have come in the middle of a write to the stream.
        line = f"{CLEAR_LINE}{title} … {round(time.monotonic() - since)} s"
        with suppress(OSError):  # the terminal may be gone
            os.write(sys.stderr.fileno(), line.encode(sys.stderr.encoding, "replace"))

    handler = signal.signal(signal.SIGALRM, tick)
    signal.siginterrupt(signal.SIGALRM, False)
    timer = signal.setitimer(signal.ITIMER_REAL, 1, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)
        if time.monotonic() - since >= 1:
            sys.stderr.write(CLEAR_LINE)
            sys.stderr.flush()
