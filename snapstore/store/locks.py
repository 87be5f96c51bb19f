"""Locks between processes, released by the kernel however their holder ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from snapstore.errors import Exit, SnapError
from snapstore.store import durable

_NOTE_LIMIT = 4096


@contextmanager
def exclusive(path: Path, purpose: str, what: str = "the store") -> Iterator[None]:
    """Held by one process at a time. SnapError (``Exit.LOCKED``) naming the holder when another has it, and
    ``what`` that is locked."""
    descriptor = _open(path)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _held(path, descriptor, what) from error
        with durable.writing(path):
            _write_note(descriptor, purpose)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


@contextmanager
def short(path: Path) -> Iterator[None]:
    """Waits for its turn; for moments such as moving a ref."""
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def collecting(root: Path) -> Iterator[None]:
    """Held by the one process that collects. SnapError (``Exit.LOCKED``) naming it when there is another."""
    with exclusive(root / "snapstore/collect.lock", "gc"):
        yield


class Making:
    """Held by any number of processes, from when they make objects until a ref leads to these.

    It ends with :meth:`close`, or with this object, or with the process.
    """

    _descriptor = -1

    def __init__(self, root: Path) -> None:
        self._descriptor = _open(_objects(root))
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    __del__ = close


@contextmanager
def alone(root: Path, seconds: float = 60.0) -> Iterator[None]:
    """Nobody else is :class:`Making` meanwhile. SnapError (``Exit.LOCKED``) when they take too long."""
    descriptor = _open(_objects(root))
    deadline = time.monotonic() + seconds
    try:
        while not _got(descriptor):
            if time.monotonic() > deadline:
                what = "other snap processes are using the store"
                fix = "wait until they are done, then run the command again; nothing was removed"
                raise SnapError(what, where=str(root), fix=fix, code=Exit.LOCKED)
            time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


def _objects(root: Path) -> Path:
    return root / "snapstore/objects.lock"


def _got(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open(path: Path) -> int:
    with durable.writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)


def _write_note(descriptor: int, purpose: str) -> None:
    import json
    from datetime import datetime

    started = datetime.now().astimezone().isoformat(timespec="seconds")
    note = {"pid": os.getpid(), "host": os.uname().nodename, "started": started, "purpose": purpose}
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(note).encode(), 0)


def _held(path: Path, descriptor: int, what: str) -> SnapError:
    note = _read_note(descriptor)
    holder = "another process"
    if note:
        holder = f"process {note.get('pid')} on {note.get('host')} since {note.get('started')}"
        holder += f" ({note.get('purpose')})"
    return SnapError(
        f"{what} is locked by {holder}",
        where=str(path),
        fix="wait until it is done; the lock goes away by itself when that process ends",
        code=Exit.LOCKED,
    )


def _read_note(descriptor: int) -> dict[str, object]:
    """What the holder wrote; {} in the instant before it has."""
    import json

    for _ in range(5):
        try:
            note = json.loads(os.pread(descriptor, _NOTE_LIMIT, 0))
            return note if isinstance(note, dict) else {}
        except ValueError:
            time.sleep(0.01)
    return {}
