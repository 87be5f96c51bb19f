"""Refs: where branches, tags and the store's own marks point, and how one is moved safely.

Reading follows Git's rules (HEAD, loose, packed) without importing a Git library, since every command reads
one. Writing takes the same ``.lock`` files that Git does, so that a push into the store and a ``snap take``
cannot overwrite each other, and appends to the reflog.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
import time
from collections.abc import Collection
from pathlib import Path

from snapstore.errors import SnapError
from snapstore.store import durable

ZERO = "0" * 40
HEADS = "refs/heads/"
_OID = re.compile(r"[0-9a-f]{40}\Z")
_PACKED = re.compile(r"^([0-9a-f]{40}) (refs/\S+)$", re.MULTILINE)
_INVALID = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\Z|\.\Z|(\A|/)\.|\.lock(/|\Z)")
_MOVE = re.compile(r"([0-9a-f]{40}) ([0-9a-f]{40}) ")
_SYMBOLIC = "ref: "
_DEPTH = 5
_WAIT = 10.0
_ABANDONED = 60.0
"""Seconds: Git holds a ref's lock for an instant, so one older than this was left by a killed process."""

_REF_MODE = 0o644


class Refs:
    """The refs of a store at ``root``. SnapError for those that are damaged.

    With ``branch``, HEAD is that branch, whatever the store's own HEAD says.
    """

    def __init__(self, root: Path, branch: str | None = None) -> None:
        self._root = root
        self._head = HEADS + branch if branch else None

    def read(self, name: str) -> str | None:
        """The object a ref points at, symbolic refs followed; None when there is no such ref.

        SnapError when there was one: Git removes the reflog of a ref that it deletes, damage does not.
        """
        name = self.target(name)
        value = self._value(name)
        if value is None and (last := self._last_known(name)):
            fix = f"put it back: git -C '{self._root}' update-ref {name} {last}"
            raise SnapError(f"the ref {name} is missing, but not its reflog", where=str(self._root), fix=fix)
        return value

    def _last_known(self, name: str) -> str | None:
        """Where a reflog says that a ref is. Its first line alone may be of a commit that was cut off."""
        try:
            lines = (self._root / "logs" / name).read_text("utf-8", "surrogateescape").splitlines()
        except OSError:
            return None
        found = _MOVE.match(lines[-1]) if lines else None
        return found[2] if found and found[1] != ZERO else None

    def target(self, name: str) -> str:
        """The ref at the end of a chain of symbolic refs, which may not exist (yet)."""
        if name == "HEAD" and self._head:
            return self._head
        for _ in range(_DEPTH):
            text = self._loose(name)
            if text is None or not text.startswith(_SYMBOLIC):
                return name
            name = text.removeprefix(_SYMBOLIC).strip()
            if not is_valid(name):
                raise self._broken("HEAD", f"it points at {name!r}")
        raise self._broken(name, "it points at itself")

    def _value(self, name: str) -> str | None:
        text = self._loose(name)
        if text is None:
            return self._packed().get(name)
        if not _OID.match(text):
            raise self._broken(name, "it holds no object id")
        return text

    def _loose(self, name: str) -> str | None:
        try:
            return (self._root / name).read_text("utf-8", "surrogateescape").strip()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return None
            raise self._broken(name, error.strerror or str(error)) from error

    def _packed(self) -> dict[str, str]:
        try:
            text = (self._root / "packed-refs").read_text("utf-8", "surrogateescape")
        except FileNotFoundError:
            return {}
        return {name: oid for oid, name in _PACKED.findall(text)}

    def all(self, prefix: str = "refs/") -> dict[str, str]:
        """Refs whose names begin with ``prefix``, sorted by name, with what they point at."""
        found = {name: oid for name, oid in self._packed().items() if name.startswith(prefix)}
        folder = self._root / prefix.rpartition("/")[0]
        for path in folder.rglob("*"):
            name = path.relative_to(self._root).as_posix()
            if name.startswith(prefix) and path.suffix != ".lock" and path.is_file():
                value = self.read(name)
                if value:
                    found[name] = value
        return dict(sorted(found.items()))

    def _broken(self, name: str, reason: str) -> SnapError:
        fix = "run 'snap doctor'; the reflog below logs/ has the ids that it had"
        return SnapError(f"the ref {name} is damaged: {reason}", where=str(self._root / name), fix=fix)

    def move(self, name: str, expected: str | None, new: str, who: str, reason: str) -> bool:
        """Point ``name`` (no symbolic ref) at ``new`` if it points at ``expected`` now; whether it did."""
        path = self._root / name
        with durable.writing(path), _Lock(path) as lock:
            if self._value(name) != expected:
                return False
            self._log(name, expected, new, who, reason)
            lock.replace(f"{new}\n".encode())
        return True

    def put(self, name: str, oid: str) -> None:
        """Point a ref of our own somewhere, wherever it was; without a reflog."""
        path = self._root / name
        with durable.writing(path), _Lock(path) as lock:
            lock.replace(f"{oid}\n".encode())

    def drop(self, name: str) -> None:
        """Remove a ref that has no reflog, if it is there."""
        path = self._root / name
        if path.exists():
            with durable.writing(path), _Lock(path):
                path.unlink(missing_ok=True)
        packed = self._root / "packed-refs"
        if name in self._packed():
            with durable.writing(packed), _Lock(packed) as lock:
                lines = packed.read_text("utf-8", "surrogateescape").splitlines(keepends=True)
                kept = "".join(line for line in lines if line.rstrip("\n")[41:] != name)
                lock.replace(kept.encode("utf-8", "surrogateescape"))

    def forget(self, gone: Collection[str]) -> None:
        """Take moves to these commits out of all reflogs, as ``git reflog expire --rewrite`` does."""
        logs = self._root / "logs"
        for path in sorted(logs.rglob("*")) if gone else ():
            if path.is_file():
                with durable.writing(path), _Lock(self._root / path.relative_to(logs)):
                    lines = path.read_bytes().splitlines(keepends=True)
                    kept = _without(lines, gone)
                    if kept != lines:
                        durable.write_file(path, b"".join(kept), mode=_REF_MODE)

    def _log(self, name: str, old: str | None, new: str, who: str, reason: str) -> None:
        """Append to the reflog of the ref, and to that of HEAD when HEAD points at it."""
        line = f"{old or ZERO} {new} {who}\t{' '.join(reason.split())}\n".encode("utf-8", "surrogateescape")
        for log in (name, "HEAD") if Refs(self._root).target("HEAD") == name else (name,):
            path = self._root / "logs" / log
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as file:
                file.write(line)

    def log_path(self, name: str) -> Path:
        """Where the reflog of a ref is."""
        return self._root / "logs" / (self._head if name == "HEAD" and self._head else name)


def _without(lines: list[bytes], gone: Collection[str]) -> list[bytes]:
    """The lines of a reflog that lead to none of these, each from where the one before it has led."""
    kept: list[bytes] = []
    for line in lines:
        if line[41:81].decode("ascii", "replace") in gone:
            continue
        if kept:
            line = kept[-1][41:81] + line[40:]
        elif line[:40].decode("ascii", "replace") in gone:
            line = ZERO.encode() + line[40:]
        kept.append(line)
    return kept


def is_valid(name: str) -> bool:
    """Whether Git allows this as the name of a ref (git check-ref-format)."""
    return not re.search(
        r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\Z|\.\Z|(\A|/)\.|\.lock(/|\Z)", name
    ) and bool(name)


class _Lock:
    """Git's lock on a file: the new content is written to NAME.lock, which then takes the file's place."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = path.with_name(path.name + ".lock")

    def __enter__(self) -> _Lock:
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = _create(self._lock)
        self._ours = True
        return self

    def replace(self, content: bytes) -> None:
        os.write(self._descriptor, content)
        os.fsync(self._descriptor)
        self._lock.replace(self._path)
        os.fchmod(self._descriptor, _REF_MODE)
        self._ours = False
        durable.sync_folder(self._path.parent)

    def __exit__(self, *exc: object) -> None:
        if self._ours:
            self._lock.unlink(missing_ok=True)
        os.close(self._descriptor)


def _create(lock: Path) -> int:
    """Make and flock the lock, sticky from its birth: who dies right after it leaves one known as ours."""
    mode = _REF_MODE | stat.S_ISVTX
    deadline = time.monotonic() + _WAIT
    while True:
        try:
            descriptor = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        except FileExistsError as error:
            if _is_abandoned(lock):
                continue
            if time.monotonic() > deadline:
                fix = "another Git process is using the store; if none is, remove that file"
                raise SnapError("the ref is locked", where=str(lock), fix=fix) from error
            time.sleep(0.02)
            continue
        os.fchmod(descriptor, mode)
        if _take(descriptor, lock):
            return descriptor
        os.close(descriptor)


def _is_abandoned(lock: Path) -> bool:
    """Whether the holder of a lock is dead, or silent for long; the lock is gone then.

    Git has no way to tell. A lock of this program has the sticky bit, and its holder keeps it flocked.
    """
    try:
        found = lock.stat()
        if not found.st_mode & stat.S_ISVTX:
            silent = time.time() - found.st_mtime > _ABANDONED
            if silent:
                lock.unlink()
            return silent
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        if not _take(descriptor, lock):
            return False
        lock.unlink(missing_ok=True)
        return True
    finally:
        os.close(descriptor)


def _take(descriptor: int, lock: Path) -> bool:
    """Flock an open lock file; False when another process has it, or has put another one in its place."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(descriptor), lock.stat())
    except (BlockingIOError, FileNotFoundError):
        return False
