from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from snapstore import forked
from snapstore.errors import Exit, SnapError

pytestmark = [
    pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two cores"),
    pytest.mark.usefixtures("no_other_threads"),
]


def test_every_task_is_done_once_here_or_elsewhere() -> None:
    def work(task: int) -> tuple[int, int]:
        time.sleep(0.001)  # what is done at once, one process may do alone
        return task * 2, os.getpid()

    found = dict(forked.each(work, range(300)))
    assert {number: answer[0] for number, answer in found.items()} == {n: 2 * n for n in range(300)}
    workers = {answer[1] for answer in found.values()}
    assert os.getpid() in workers
    assert 1 < len(workers) <= forked.cores()


def test_answers_larger_than_a_pipe_come_whole() -> None:
    sizes = [1, 70_000, 3 << 20, 0, 5]
    assert dict(forked.each(bytes, sizes)) == {n: bytes(size) for n, size in enumerate(sizes)}


def test_an_error_comes_with_all_it_says() -> None:
    def fails(task: int) -> int:
        if task == 7:
            raise SnapError("what", where="where", fix="fix", code=Exit.REFUSED)
        return task

    with pytest.raises(SnapError) as caught:
        list(forked.each(fails, range(20)))
    error = caught.value
    assert (error.what, error.where, error.fix, error.code) == ("what", "where", "fix", Exit.REFUSED)


def test_any_other_error_is_told() -> None:
    with pytest.raises(SnapError, match="ZeroDivisionError"):
        list(forked.each(lambda task: 1 // task, [1, 0]))


def test_a_worker_that_is_killed_is_an_error() -> None:
    here, (taken, take) = os.getpid(), os.pipe()

    def work(task: int) -> None:
        if os.getpid() != here:
            os.write(take, b"x")
            os.kill(os.getpid(), signal.SIGKILL)
        os.read(taken, 1)  # not before another has taken one on

    with pytest.raises(SnapError, match="ended before it was done"):
        list(forked.each(work, [1, 2]))


def test_nothing_is_left_running_when_the_caller_stops() -> None:
    here, (told, tell) = os.getpid(), os.pipe()

    def work(task: int) -> None:
        if os.getpid() != here:
            os.write(tell, os.getpid().to_bytes(4, "little"))
            time.sleep(60)
        pids.append(int.from_bytes(os.read(told, 4), "little"))

    pids: list[int] = []
    answers = forked.each(work, range(2 * forked.cores()))
    next(answers)
    answers.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_workers_do_not_outlive_a_killed_parent() -> None:
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        list(forked.each(lambda task: (os.write(tell, b"x"), time.sleep(60)), [1, 2]))
    os.close(tell)
    while not os.read(told, 1):
        pass
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    while os.read(told, 10):
        pass  # it ends when the last worker that could write has ended
    os.close(told)


def test_beside_other_threads_nothing_is_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()
    try:
        assert {pid for _, pid in forked.each(lambda task: os.getpid(), range(5))} == {os.getpid()}
    finally:
        done.set()
        other.join()
