"""Reads files of the live system into the store, each as it was at one moment or not at all."""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from snapstore.errors import SnapError
from snapstore.large.pointer import LONGEST, encode, parse
from snapstore.model import LiveFile, Stamp
from snapstore.store.objects import LARGE
from snapstore.store.packwriter import Entry
from snapstore.store.sink import Part, Sink
from snapstore.store.trees import LINK

ATTEMPTS = 3
_CHUNK = 1 << 20
# Not through a link that took the file's place, and without waiting if a pipe did.
_READ_ONLY = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_MANY, _MUCH = 400, 8 << 20
"""So many files, or bytes, are worth other processes."""
_BATCH, _BATCH_BYTES, _BATCHES = 100, 4 << 20, 1000
"""How many files, or bytes, a process takes on at a time, and into how many such parts the whole is cut."""


class Ingested(NamedTuple):
    """A file that was read: its id, the stamp it had, and when (ns) reading began. Links have no stamp.

    Of a ``large`` one it is the id of the pointer that stands for it.
    """

    oid: bytes
    stamp: Stamp | None
    read_at: int
    large: bool = False


def ingest(file: LiveFile, sink: Sink) -> Ingested:
    """Put a file's content into the sink. SnapError when it vanished, cannot be read or keeps changing."""
    if file.data is not None:
        large = file.mode != LINK and _is_large(file.data, sink)
        oid = _keep_large(io.BytesIO(file.data), sink) if large else sink.blob(file.data)
        return Ingested(oid, None, 0, large)
    source = str(file.source)
    with _naming(source):
        if file.mode == LINK:
            target = _target(source)
            return Ingested(sink.blob(target), None, 0)
        for _ in range(ATTEMPTS):
            found = _read_once(source, sink)
            if found is not None:
                return found
    raise SnapError(
        f"the file changed each of the {ATTEMPTS} times it was read",
        where=source,
        fix="take the snapshot when nothing writes to it, or exclude it",
    )


def ingest_all(files: Sequence[LiveFile], sink: Sink) -> list[Ingested]:
    """The same for many files, in their order; by a process for each core where that is worth it."""
    found: dict[int, Ingested] = {}
    shared = [number for number, file in enumerate(files) if _can_be_shared(file, sink.limit)]
    if len(shared) >= _MANY or sum(_size(files[number]) for number in shared) >= _MUCH:
        found = _ingest_shared(files, shared, sink)
    return [found.get(number) or ingest(file, sink) for number, file in enumerate(files)]


def _can_be_shared(file: LiveFile, limit: int) -> bool:
    """Not what is at hand already, nor links, nor what is too large to hold or for Git."""
    return file.data is None and file.mode != LINK and 0 <= _size(file, absent=limit) < min(LARGE, limit)


def _is_large(content: bytes, sink: Sink) -> bool:
    return len(content) >= sink.limit or (len(content) <= LONGEST and parse(content) is not None)


def _keep_large(file: BinaryIO, sink: Sink) -> bytes:
    return sink.blob(encode(sink.large(file)))


def _size(file: LiveFile, absent: int = 0) -> int:
    return file.stamp[0] if file.stamp else absent


def _ingest_shared(files: Sequence[LiveFile], numbers: list[int], sink: Sink) -> dict[int, Ingested]:
    """By number, all of these files that were as large as expected; no others are in the sink."""
    from snapstore import forked

    batches, part = _batches(files, numbers), sink.part()

    def work(batch: list[int]) -> tuple[list[Any], list[Any]]:
        read = [_read_expected(files[number], part) for number in batch]
        return read, [tuple(entry) for entry in part.finish()]

    found: dict[int, Ingested] = {}
    for place, (read, entries) in forked.each(work, batches):
        taken = zip(batches[place], read, strict=True)
        found.update((number, Ingested(*one)) for number, one in taken if one)
        sink.adopt(itertools.starmap(Entry, entries))
    return found


def _batches(files: Sequence[LiveFile], numbers: list[int]) -> list[list[int]]:
    """The largest files first. Those of one size are in one batch, and so what is equal is kept once."""
    fewest = max(_BATCH, len(numbers) // _BATCHES)
    full = max(_BATCH_BYTES, sum(_size(files[number]) for number in numbers) // _BATCHES)
    batches: list[list[int]] = [[]]
    held, last = 0, -1
    for number in sorted(numbers, key=lambda number: (-_size(files[number]), number)):
        size = _size(files[number])
        if size != last and (len(batches[-1]) >= fewest or held >= full):
            batches.append([])
            held = 0
        batches[-1].append(number)
        held, last = held + size, size
    return batches


def _read_expected(file: LiveFile, part: Part) -> tuple[Any, ...] | None:
    """The plain values of an :class:`Ingested`; None when the file is not as large any more, changes, or is
    one for :meth:`Sink.large`."""
    source, read_at = str(file.source), time.time_ns()
    # Without context managers: this is done for every file of a tree, and each costs what a system call does.
    try:
        descriptor = os.open(source, _READ_ONLY)
        try:
            before = os.fstat(descriptor)
            _require_regular(source, before)
            content = _content(descriptor, before) if before.st_size == _size(file) else None
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _named(source, error) from error
    if content is None or (len(content) <= LONGEST and parse(content)):
        return None
    return part.blob(content), _stamp(before), read_at


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
    except OSError as error:
        raise _named(source, error) from error


def _named(source: str, error: OSError) -> SnapError:
    if isinstance(error, FileNotFoundError):
        fix = "take the snapshot when nothing writes to that folder, or exclude the file"
        return SnapError("the file vanished while the snapshot was taken", where=source, fix=fix)
    if isinstance(error, PermissionError):
        fix = "run as a user who may read it, or exclude the file"
        return SnapError("the file cannot be read: permission denied", where=source, fix=fix)
    fix = "give this user permission to read it, or exclude it"
    return SnapError(f"the file cannot be read: {error.strerror}", where=source, fix=fix)


def _read_once(source: str, sink: Sink) -> Ingested | None:
    """The file's content, None when it changed meanwhile."""
    read_at = time.time_ns()
    with _opened(source) as (descriptor, before):
        if before.st_size >= sink.limit:
            oid, large = _large(descriptor, before, sink), True
        elif before.st_size >= LARGE:
            oid, large = _stream(descriptor, before, sink), False
        else:
            oid, large = _small(descriptor, before, sink)
    return Ingested(oid, _stamp(before), read_at, large) if oid else None


def _small(descriptor: int, before: os.stat_result, sink: Sink) -> tuple[bytes | None, bool]:
    content = _content(descriptor, before)
    if content is None:
        return None, False
    large = _is_large(content, sink)
    return (_keep_large(io.BytesIO(content), sink) if large else sink.blob(content)), large


def _large(descriptor: int, before: os.stat_result, sink: Sink) -> bytes | None:
    """The id of the pointer to a file beside Git, None when the file changed while it was read."""
    with open(descriptor, "rb", closefd=False) as file:
        pointer = sink.large(file)
    same = pointer.size == before.st_size and _stamp(os.fstat(descriptor)) == _stamp(before)
    return sink.blob(encode(pointer)) if same else None


@contextmanager
def _opened(source: str) -> Iterator[tuple[int, os.stat_result]]:
    descriptor = os.open(source, _READ_ONLY)
    try:
        status = os.fstat(descriptor)
        _require_regular(source, status)
        yield descriptor, status
    finally:
        os.close(descriptor)


def _require_regular(source: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        fix = "it changed while it was read: run the command again"
        raise SnapError("no longer a regular file", where=source, fix=fix)


def _content(descriptor: int, before: os.stat_result) -> bytes | None:
    """The content, None when it changed while it was read."""
    content = _read_all(descriptor, before.st_size)
    same = len(content) == before.st_size and _stamp(os.fstat(descriptor)) == _stamp(before)
    return content if same else None


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
