"""Answers that never came, and states that somebody else has moved."""

from __future__ import annotations


class LostError(Exception):
    """There was no answer: whether the server has done what it was told is not known, or, where nothing was
    ``sent`` or it was put off, is known: it has not. It may have asked to ``wait`` for some seconds."""

    def __init__(self, why: str, *, sent: bool = True, wait: float = 0.0) -> None:
        super().__init__(why)
        self.sent = sent
        self.wait = wait


class MovedError(Exception):
    """Something was not what it had to be: nothing was changed."""
