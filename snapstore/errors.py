"""The one error that users see, and the exit codes of ``snap``."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes, part of the command line's contract (docs/cli.md)."""

    DONE = 0
    ERROR = 1
    DIFFERENT = 2
    REFUSED = 3
    MISMATCH = 4
    STALE = 5
    LOCKED = 6
    INTERRUPTED = 7


class SnapError(Exception):
    """Something a user can act on: what happened, where, and what to do next.

    Raised anywhere, printed once by the command line as one to three lines on stderr, without a
    traceback (``--debug`` adds it). None of the texts may hold a secret.
    """

    def __init__(self, what: str, *, where: str = "", fix: str = "", code: Exit = Exit.ERROR) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix
        self.code = code

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n  {self.fix}" if self.fix else head


def some(names: Sequence[object], limit: int = 10) -> str:
    """Names for a message: the first few, and how many more there are."""
    more = f" and {len(names) - limit:,} more" if len(names) > limit else ""
    return ", ".join(map(str, names[:limit])) + more
