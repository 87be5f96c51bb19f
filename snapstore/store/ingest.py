"""Reads files of the live system into the store, each as it was at one moment or not at all."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from snapstore.errors import SnapError
from snapstore.model import LiveFile, Stamp
from snapstore.store.objects import LARGE
from snapstore.store.sink import Sink
from snapstore.store.trees import LINK

ATTEMPTS = 3
_CHUNK = 1 << 20


class Ingested(NamedTuple):
    """A file that was read: its id, the stamp it had, and when (ns) reading began. Links have no stamp."""

    oid: bytes
    stamp: Stamp | None
    read_at: int


def ingest(file: LiveFile, sink: Sink) -> Ingested:
    """Put a file's content into the sink. SnapError when it vanished, cannot be read or keeps changing."""
    if file.data is not None:
        return Ingested(sink.accept(sink.prepare(file.data)), None, 0)
    source = str(file.source)
    with _naming(source):
        if file.mode == LINK:
            target = _target(source)
            return Ingested(sink.accept(sink.prepare(target)), None, 0)
        for _ in range(ATTEMPTS):
            found = _read_once(source, sink)
            if found is not None:
                return found
    raise SnapError(
        f"the file changed each of the {ATTEMPTS} times it was read",
        where=source,
        fix="take the snapshot when nothing writes to it, or exclude it",
    )


def read_whole(file: LiveFile) -> bytes:
    """A file's content as it is now, however large. SnapError when it cannot be read."""
    if file.data is not None:
        return file.data
    source = str(file.source)
    with _naming(source):
        return _target(source) if file.mode == LINK else Path(source).read_bytes()


def _target(source: str) -> bytes:
    return os.fsencode(Path(source).readlink())


@contextmanager
def _naming(source: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        fix = "take the snapshot when nothing writes to that folder, or exclude the file"
        raise SnapError("the file vanished while the snapshot was taken", where=source, fix=fix) from error
    except PermissionError as error:
        fix = "run as a user who may read it, or exclude the file"
        raise SnapError("the file cannot be read: permission denied", where=source, fix=fix) from error
    except OSError as error:
        raise SnapError(
            f"the file cannot be read: {error.strerror}",
            where=source,
            fix="give this user permission to read it, or exclude it",
        ) from error


def _read_once(source: str, sink: Sink) -> Ingested | None:
    """The file's content, None when it changed meanwhile."""
    read_at = time.time_ns()
    # Not through a link that took the file's place, and without waiting if a pipe did.
    descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise SnapError(
                "no longer a regular file",
                where=source,
                fix="it changed while it was read: run the command again",
            )
        if before.st_size >= LARGE:
            oid = _stream(descriptor, before, sink)
        else:
            content = _read_all(descriptor, before.st_size)
            same = len(content) == before.st_size and _stamp(os.fstat(descriptor)) == _stamp(before)
            oid = sink.accept(sink.prepare(content)) if same else None
    finally:
        os.close(descriptor)
    return Ingested(oid, _stamp(before), read_at) if oid else None


def _read_all(descriptor: int, size: int) -> bytes:
    """Up to one byte more than is expected, which tells that the file has grown."""
    content = os.read(descriptor, size + 1)
    while len(content) < size and (more := os.read(descriptor, size + 1 - len(content))):
        content += more
    return content


def _stamp(status: os.stat_result) -> Stamp:
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_mode)


def _stream(descriptor: int, before: os.stat_result, sink: Sink) -> bytes | None:
    digest = hashlib.sha1(b"blob %d\0" % before.st_size, usedforsecurity=False)
    size = 0

    def chunks() -> Iterator[bytes]:
        nonlocal size
        while chunk := os.read(descriptor, _CHUNK):
            digest.update(chunk)
            size += len(chunk)
            yield chunk

    def settle() -> bytes | None:
        same = size == before.st_size and _stamp(os.fstat(descriptor)) == _stamp(before)
        return digest.digest() if same else None

    return sink.stream(before.st_size, chunks(), settle)
