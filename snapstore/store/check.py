"""Finds damage in a store and names it: what ``snap doctor`` says about the store itself.

Everything is read and hashed. Nothing here trusts what it reads, so garbage makes a notice, not a crash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from snapstore.errors import SnapError
from snapstore.large.folder import Folder
from snapstore.large.pointer import Pointer
from snapstore.large.reading import missing, verified
from snapstore.model import Notice
from snapstore.store import commits, durable, trees
from snapstore.store.needed import Needed
from snapstore.store.objects import StoreObjects
from snapstore.store.packs import PackFile, Place
from snapstore.store.packwriter import COMMIT, TAG, TREE
from snapstore.store.refs import HEADS, Refs

_CHUNK = 1 << 20
_SUBMODULE = 0o160000
_NO_INDEX = (
    "the pack has no index, so it is not read: harmless where nothing is reported missing (a process was"
    " killed before it wrote one), else git index-pack makes it again"
)


def check(root: Path, objects: StoreObjects, refs: Refs) -> list[Notice]:
    """All damage, [] when the store is well. Leftovers of killed processes are named too."""
    objects.packs.refresh()
    return [
        *_check_packs(objects),
        *_check_loose(objects),
        *_check_refs(objects, refs),
        *_check_large(objects, refs),
        *_leftovers(root),
    ]


def _check_packs(objects: StoreObjects) -> Iterator[Notice]:
    folder = objects.packs.folder
    for path in sorted(folder.glob("*.pack")) if folder.is_dir() else ():
        index = path.with_suffix(".idx")
        if not index.exists():
            yield Notice(str(path), _NO_INDEX)
            continue
        yield from _check_pack(objects, path, index)
    for path in sorted(folder.glob("*.idx")):
        if not path.with_suffix(".pack").exists():
            yield Notice(str(path), "the pack of this index is missing")


def _check_pack(objects: StoreObjects, path: Path, index: Path) -> Iterator[Notice]:
    try:
        recorded = index.read_bytes()
        if hashlib.sha1(recorded[:-20], usedforsecurity=False).digest() != recorded[-20:]:
            yield Notice(str(index), "the index does not match its checksum")
        if _sum(path) != recorded[-40:-20]:
            yield Notice(str(path), "the pack does not match its checksum, or is cut short")
        pack = PackFile(index)
    except (OSError, ValueError) as error:
        yield Notice(str(index), f"cannot be read: {error}")
        return
    for oid in pack.oids():
        yield from _check_object(objects, oid.hex(), pack, oid)


def _sum(path: Path) -> bytes:
    """The checksum at the end of a pack if it is right, else nothing."""
    digest = hashlib.sha1(usedforsecurity=False)
    left = path.stat().st_size - 20
    with path.open("rb") as file:
        while left > 0 and (chunk := file.read(min(left, _CHUNK))):
            digest.update(chunk)
            left -= len(chunk)
        stored = file.read(20)
    return stored if stored == digest.digest() else b""


def _check_object(objects: StoreObjects, name: str, pack: PackFile, oid: bytes) -> Iterator[Notice]:
    offset = pack.offset(oid)
    if offset is None:
        return
    try:
        objects.verify_at(name, Place(pack, offset))
    except SnapError as error:
        yield Notice(error.where or str(pack.path), error.what)


def _check_loose(objects: StoreObjects) -> Iterator[Notice]:
    for path in sorted(objects.folder.glob("[0-9a-f][0-9a-f]/*")):
        if path.name.startswith(durable.TEMPORARY):
            continue
        try:
            objects.verify_loose(path.parent.name + path.name)
        except SnapError as error:
            yield Notice(str(path), error.what)


def _check_refs(objects: StoreObjects, refs: Refs) -> Iterator[Notice]:
    seen: set[str] = set()
    try:
        known = refs.all()
        head = refs.target("HEAD")
    except SnapError as error:
        yield Notice(error.where, error.what)
        return
    try:
        refs.read(head)
    except SnapError as error:
        yield Notice(head, f"{error.what}; {error.fix}")
        return
    if head not in known and any(name.startswith(HEADS) for name in known):
        yield Notice("HEAD", f"it points at {head}, which does not exist, though other branches do")
    for name, oid in known.items():
        yield from _reach(objects, name, oid, seen)


def _reach(objects: StoreObjects, name: str, oid: str, seen: set[str]) -> Iterator[Notice]:
    """Damage among all that a ref leads to and that was not visited yet."""
    todo = [(oid, f"the ref {name}")]
    while todo:
        oid, needed_by = todo.pop()
        if oid in seen:
            continue
        seen.add(oid)
        try:
            todo += _children(objects, oid, seen)
        except SnapError as error:
            yield Notice(name, f"{error.what} (needed by {needed_by})")


def _children(objects: StoreObjects, oid: str, seen: set[str]) -> list[tuple[str, str]]:
    """The objects that one names, with words for it. Blobs are only looked for: they were hashed above."""
    kind, _ = objects.read(oid)
    if kind == COMMIT:
        info = commits.read(objects, oid)
        return [(info.tree, f"commit {oid}"), *((parent, f"commit {oid}") for parent in info.parents)]
    if kind == TAG:
        return [(commits.peel(objects, oid), f"tag {oid}")]
    if kind != TREE:
        return []
    found = []
    for entry in objects.tree(oid):
        if entry.mode == trees.FOLDER:
            found.append((entry.oid, f"tree {oid}"))
        elif entry.mode != _SUBMODULE and entry.oid not in seen:
            seen.add(entry.oid)
            objects.require(entry.oid)
    return found


def _check_large(objects: StoreObjects, refs: Refs) -> Iterator[Notice]:
    """Large files that a snapshot needs and that are not there as they should be.

    Those in a folder are read and hashed; of a bucket only sizes are asked for. Damage of Git objects on the
    way to them was told before.
    """
    needed = Needed(objects)
    with suppress(SnapError):
        for name, oid in refs.all().items():
            for commit in _history(objects, oid):
                for pointer in needed.of(commit.tree):
                    yield from _check_content(objects, pointer, f"{name}, snapshot {commit.commit[:10]}")


def _history(objects: StoreObjects, oid: str) -> Iterator[commits.CommitInfo]:
    with suppress(SnapError):
        yield from commits.walk(objects, commits.peel(objects, oid), {})


def _check_content(objects: StoreObjects, pointer: Pointer, needed_by: str) -> Iterator[Notice]:
    try:
        if not objects.large.has(pointer):
            raise missing(objects.large, pointer)
        if isinstance(objects.large, Folder):
            for _ in verified(objects.large, pointer):
                pass
    except SnapError as error:
        yield Notice(error.where, f"{error.what} (needed by {needed_by})")


def _leftovers(root: Path) -> Iterator[Notice]:
    for pattern in ("lfs/objects/tmp_*", "objects/tmp_*", "objects/*/tmp_*", "refs/**/*.lock", "*.lock"):
        for path in sorted(root.glob(pattern)):
            yield Notice(str(path), "left by a process that was killed; harmless, may be removed")
