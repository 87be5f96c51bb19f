"""Writing that survives a crash: under a temporary name, synced, then renamed.

A temporary file's name begins with ``tmp_``, which Git's own garbage collection also cleans up.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from snapstore.errors import SnapError

TEMPORARY = "tmp_"

_FIXES = {
    errno.ENOSPC: "free some space there and run the command again; nothing was changed",
    errno.EDQUOT: "free some of the quota there and run the command again; nothing was changed",
    errno.EFBIG: "raise the file size limit (ulimit -f) and run the command again; nothing was changed",
    errno.EROFS: "the store is on a read-only file system; mount it writable or choose another [store] path",
    errno.EACCES: "give yourself write permission there, or run as the user who owns the store",
    errno.EPERM: "give yourself write permission there, or run as the user who owns the store",
}


@contextmanager
def writing(where: Path) -> Iterator[None]:
    """Turns the ways in which writing to the store fails into one clear error."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        fix = _FIXES.get(error.errno or 0, "run 'snap doctor' to see the state of the store")
        raise SnapError(f"the store cannot be written: {reason}", where=str(where), fix=fix) from error


def write_file(path: Path, data: bytes, *, mode: int = 0o444, sync: bool = True) -> None:
    """Put ``data`` at ``path``, replacing what is there: after a crash the old or the new, never a part.

    Without ``sync`` that holds for a killed process, not for a power cut.
    """
    descriptor, name = temporary(path.parent)
    temporary_path = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            if sync:
                os.fsync(file.fileno())
        temporary_path.replace(path)
    except BaseException:
        temporary_path.unlink(missing_ok=True)
        raise
    if sync:
        sync_folder(path.parent)


def temporary(folder: Path) -> tuple[int, str]:
    """A new temporary file in ``folder``: its descriptor and its path."""
    path = folder / f"{TEMPORARY}{os.urandom(8).hex()}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600), str(path)


def sync_folder(folder: Path) -> None:
    """Make renames inside ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
