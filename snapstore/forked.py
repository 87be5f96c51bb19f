"""Work on many things in this process and in forked copies of it, one a core.

Python's threads take turns, so they read, hash and write small files no faster than one does. A forked worker
starts within a few milliseconds, with everything loaded and all that this process knows; only its answers
cross a pipe. Where nothing can be forked, or only one core is there, all is done right here.
"""

from __future__ import annotations

import fcntl
import marshal
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any, NamedTuple, NoReturn, TypeVar

from snapstore import interruptions
from snapstore.errors import Exit, SnapError

T = TypeVar("T")
R = TypeVar("R")

MOST = 4000
"""Tasks at once: their numbers wait in a pipe, which has to hold them all."""
_NUMBER = 4
_LENGTH = 8
_PIPE = 1 << 20
"""Bytes of answers that a worker may be ahead of whoever reads them, where the system permits it."""
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)


class _Worker(NamedTuple):
    pid: int
    answers: int
    """Where its answers can be read."""


def each(work: Callable[[T], R], tasks: Sequence[T]) -> Iterator[tuple[int, R]]:
    """The number of each task with what ``work`` makes of it, in the order in which they are finished.

    At most ``MOST`` tasks. Answers are plain values (what :mod:`marshal` takes). A SnapError of ``work`` is
    raised here as it was, any other as a SnapError that tells it; then, and when the caller stops, the
    workers are ended. Of what ``work`` changes in memory, some is seen here and some is not.
    """
    count = min(len(tasks), cores())
    if count < 2:
        yield from ((number, work(task)) for number, task in enumerate(tasks))
        return
    workers: list[_Worker] = []
    todo = _numbers(len(tasks))
    try:
        with interruptions.held():
            for _ in range(count - 1):  # this process is one itself
                workers.append(_start(work, tasks, todo))
        yield from _gather(work, tasks, todo, workers)
    finally:
        os.close(todo)
        _end(workers)


def cores() -> int:
    """How many processes can work at the same time: 1 where this one cannot be copied."""
    # A copy has only the thread that made it: locks that others hold would be held there for ever. obstore
    # has threads that Python knows nothing of.
    if not hasattr(os, "fork") or threading.active_count() > 1 or "obstore" in sys.modules:
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _numbers(count: int) -> int:
    """The end of a pipe from which whoever is free takes the number of the next task."""
    if count > MOST:
        raise ValueError(f"{count} tasks are more than {MOST}")
    todo, write = os.pipe()
    os.write(write, b"".join(number.to_bytes(_NUMBER, "little") for number in range(count)))
    os.close(write)
    return todo


def _start(work: Callable[[T], R], tasks: Sequence[T], todo: int) -> _Worker:
    parent, (answers, write) = os.getpid(), os.pipe()
    if sys.platform == "linux":
        import ctypes  # noqa: F401 - imported once, not by every worker
    pid = os.fork()
    if pid == 0:
        os.close(answers)
        _run(work, tasks, todo, write, parent)
    os.close(write)
    _widen(answers)
    return _Worker(pid, answers)


def _widen(pipe: int) -> None:
    if sys.platform == "linux":
        with suppress(OSError):  # a user may have so much in pipes and no more
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)


def _run(work: Callable[[T], R], tasks: Sequence[T], todo: int, write: int, parent: int) -> NoReturn:
    """The life of a worker. It ends without doing what its parent would do at its end."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is told as well, and ends its workers
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _die_with(parent)
        for answer in _answers(work, tasks, todo):
            _send(write, answer)
        code = 0
    finally:
        os._exit(code)


def _die_with(parent: int) -> None:
    """A worker that outlives a killed parent would go on holding its locks."""
    if sys.platform == "linux":
        from ctypes import CDLL

        CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _answers(work: Callable[[T], R], tasks: Sequence[T], todo: int) -> Iterator[tuple[Any, ...]]:
    """Take on tasks for as long as there are any."""
    while number := os.read(todo, _NUMBER):
        yield _answer(work, tasks, int.from_bytes(number, "little"))


def _answer(work: Callable[[T], R], tasks: Sequence[T], number: int) -> tuple[Any, ...]:
    try:
        return number, work(tasks[number]), None
    except SnapError as error:
        return number, None, (error.what, error.where, error.fix, int(error.code))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where somebody can handle it
        what = f"it failed unexpectedly: {type(error).__name__}: {error}"
        return number, None, (what, "", "--debug shows where", int(Exit.ERROR))


def _send(write: int, answer: tuple[Any, ...]) -> None:
    data = marshal.dumps(answer)
    left = memoryview(len(data).to_bytes(_LENGTH, "little") + data)
    while left:
        left = left[os.write(write, left) :]


def _gather(
    work: Callable[[T], R], tasks: Sequence[T], todo: int, workers: Sequence[_Worker]
) -> Iterator[tuple[int, R]]:
    """The answers of this process, and those of the workers as they come."""
    received = {worker.answers: bytearray() for worker in workers}
    missing = len(tasks)
    for answer in chain(_with_others(_answers(work, tasks, todo), received), _rest(received)):
        yield _result(answer)
        missing -= 1
        if not missing:
            return
    raise SnapError(
        "a process that did a part of the work ended before it was done",
        fix="it may have been short of memory: free some, then run the command again",
    )


def _with_others(own: Iterator[tuple[Any, ...]], received: dict[int, bytearray]) -> Iterator[tuple[Any, ...]]:
    """Answers of this process, and after each what has come meanwhile."""
    for answer in own:
        yield answer
        yield from _come(received, wait=False)


def _rest(received: dict[int, bytearray]) -> Iterator[tuple[Any, ...]]:
    while received:
        yield from _come(received, wait=True)


def _come(received: dict[int, bytearray], *, wait: bool) -> Iterator[tuple[Any, ...]]:
    """The answers of workers that have come whole; those that have ended are ``received`` from no more."""
    for source in select.select(list(received), [], [], None if wait else 0)[0]:
        data = os.read(source, _PIPE)
        received[source].extend(data)
        yield from _taken(received[source])
        if not data:
            del received[source]


def _result(answer: tuple[Any, ...]) -> tuple[int, Any]:
    number, found, error = answer
    if error is not None:
        what, where, fix, code = error
        raise SnapError(what, where=where, fix=fix, code=Exit(code))
    return number, found


def _taken(received: bytearray) -> Iterator[tuple[Any, ...]]:
    """The answers that have come whole, which are removed."""
    while len(received) >= _LENGTH:
        end = _LENGTH + int.from_bytes(received[:_LENGTH], "little")
        if len(received) < end:
            return
        answer = marshal.loads(received[_LENGTH:end])  # noqa: S302 - written by a copy of this process
        del received[:end]
        yield answer


def _end(workers: Sequence[_Worker]) -> None:
    """Workers that have run out of tasks are on their way out; others are not wanted any more."""
    for worker in workers:
        os.close(worker.answers)
        os.kill(worker.pid, signal.SIGKILL)
    for worker in workers:
        os.waitpid(worker.pid, 0)
