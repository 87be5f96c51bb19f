"""Small states, and git itself, for the tests of the store."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from snapstore.model import Captured, Document, Fact, LiveFile
from snapstore.snapshot import Snapshot, files
from snapstore.store import ResourceState, Store

IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
}


def git(store: Store | Path, *args: str, ok: bool = True) -> str:
    """What git says on stdout about a store."""
    path = store.path if isinstance(store, Store) else store
    done = subprocess.run(
        ["git", "-C", str(path), *args], capture_output=True, env={**os.environ, **IDENTITY}, check=False
    )
    if ok:
        assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout.decode("utf-8", "surrogateescape")


def assert_clean(store: Store) -> None:
    """Git finds nothing at all to say about the store, and neither does the store itself."""
    done = subprocess.run(
        ["git", "-C", str(store.path), "fsck", "--full", "--strict"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert store.check() == []


def state(*given: LiveFile, documents: Iterable[Document] = (), **hints: object) -> ResourceState:
    return ResourceState("test", 1, Captured(list(documents), given, [], dict(hints)))


def document(path: str, **attrs: object) -> Document:
    return Document(path, (Fact(f"thing:{path}", attrs),))


def text(path: str, content: str = "x", mode: int = 0o100644) -> LiveFile:
    return LiveFile(path, mode, data=content.encode())


def live(path: Path, root: Path) -> LiveFile:
    status = path.lstat()
    stamp = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_mode)
    return LiveFile(str(path.relative_to(root)), 0o100644, source=str(path), stamp=stamp)


def take(store: Store, message: str = "take", **resources: ResourceState) -> str | None:
    return store.commit(store.build(resources, keep=True), message)


def contents(snapshot: Snapshot, resource: str = "a") -> dict[str, tuple[int, bytes]]:
    return {path: (blob.mode, snapshot.objects.blob(blob.oid)) for path, blob in files(snapshot, resource)}


def everything_in(folder: Path) -> dict[str, bytes]:
    """All files below a folder, to tell whether anything was written there."""
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
