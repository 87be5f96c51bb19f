"""A restore in a process of its own that kills itself, as a crash would, at a chosen instant."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from snapstore import journal, restore
from snapstore.model import EVERYTHING, PlanOptions
from snapstore.workspace import open_workspace
from tests.engine import toys

KINDS = {"db": "ledger", "web": "shelf"}
KILLED = -signal.SIGKILL

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([__name__])


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Countdown:
    """Stands in for a function, and dies around its ``nth`` call (from 0) in one of several ways."""

    def __init__(self, real: Callable[..., Any], nth: int, moment: str) -> None:
        self.real, self.left, self.moment = real, nth, moment

    def __call__(self, *args: Any) -> Any:
        self.left -= 1
        if self.left != -1:
            return self.real(*args)
        if self.moment == "torn":
            path, position, line = args
            self.real(path, position, line[: len(line) // 2])
        if self.moment == "after":
            self.real(*args)
        return die()


def _restore(root: Path, revision: str, moment: str, nth: int) -> None:
    toys.install()
    if moment == "sync":
        os.fsync = Countdown(os.fsync, nth, "before")
    else:
        journal._write_at = Countdown(journal._write_at, nth, moment)
    ws = open_workspace(toys.config(root, KINDS))
    restore.restore(ws, revision, EVERYTHING, PlanOptions(), (), None)


def restore_until(root: Path, revision: str, moment: str, nth: int) -> bool:
    """Restore, dying at the ``nth`` record of the journal (``before`` or ``after`` it is written, or with
    it ``torn``) or the nth time that something is ``sync``ed to disk; False when it came to its end."""
    process = _processes.Process(target=_restore, args=(root, revision, moment, nth))
    process.start()
    process.join()
    assert process.exitcode in (0, KILLED), process.exitcode
    return process.exitcode == KILLED


def hold_lock(root: Path, ready: Any, go: Any) -> None:
    """A restore that waits in its first action until it is told to go on."""
    toys.install()

    def wait(resource: str, action: object) -> None:
        ready.set()
        go.wait()

    toys.faults.on_action = wait
    ws = open_workspace(toys.config(root, KINDS))
    result = restore.restore(ws, "HEAD~1", EVERYTHING, PlanOptions(), (), None)
    assert result.verified


def start(target: Callable[..., None], *args: Any) -> Any:
    process = _processes.Process(target=target, args=args)
    process.start()
    return process


def event() -> Any:
    return _processes.Event()
