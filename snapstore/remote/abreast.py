"""Asking a service many things at a time, on no more connections than it should mind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from snapstore.remote.retrying import Lost, surely

CONNECTIONS = 8
Q = TypeVar("Q")
T = TypeVar("T")


def answers(ask: Callable[[Q], T], questions: Iterable[Q], lost: Lost) -> list[T]:
    """The answer to each question, in their order; ``ask`` has to bear being called by several threads.

    A question whose answer got lost is asked again by itself. SnapError as from :func:`surely`: then those
    not yet asked are not asked any more.
    """
    with ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="abreast") as pool:
        return list(pool.map(lambda one: surely(lambda: ask(one), lost), questions))
