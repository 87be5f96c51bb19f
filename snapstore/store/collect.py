"""Brings the objects of a store into few packs, and removes what nothing needs.

A pack is removed when all that it has is elsewhere, or needed by nothing. What is needed is looked at twice:
before the new pack is written, which takes its time, and again when nobody is between making objects and
pointing a ref at them (:class:`snapstore.store.locks.Making`), which is short. Killed at any moment, the
store has some objects twice.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from snapstore.large import Held
from snapstore.large.folder import Folder
from snapstore.store import codec, commits, durable, locks, trees
from snapstore.store.needed import Needed
from snapstore.store.objects import StoreObjects
from snapstore.store.packs import SMALL, PackFile, Place
from snapstore.store.packwriter import COMMIT, NAMES, TAG, TREE, PackWriter
from snapstore.store.refs import ZERO, Refs

YOUNG = 60.0
"""Seconds: a push by Git points a ref at the objects of its pack within this time, or never."""
_WHOLE = 8 << 20
_MUCH = 10
"""A part in so many is worth deflating all again."""
_PATH = 200
"""So many bytes of a path are told to Git, whose lines are not endless."""
_SUBMODULE = 0o160000
_MOVES = re.compile(r"^([0-9a-f]{40}) ([0-9a-f]{40}) ", re.MULTILINE)


class Space(NamedTuple):
    """What the objects of a store are kept in: packs, objects by themselves, and bytes in all of these."""

    packs: int
    loose: int
    bytes: int


class Collected(NamedTuple):
    """What a collection did, or would do: the large files that went are those of the store's own folder."""

    before: Space
    after: Space
    large: list[Held]


def space(objects: StoreObjects) -> Space:
    packs = list(objects.packs.folder.glob("*.pack"))
    loose = list(_loose(objects))
    return Space(len(packs), len(loose), sum(_size(path) for path in (*packs, *loose)))


def consolidate(objects: StoreObjects, root: Path) -> bool:
    """Bring small packs and loose objects into one pack; whether there was anything to do.

    Everything stays, so nobody has to wait; nothing is compressed anew, so it is quick.
    """
    with locks.collecting(root):
        objects.packs.refresh()
        small = [pack for pack in objects.packs.all() if _size(pack.path) < SMALL]
        loose = list(_loose(objects))
        if len(small) < 2:
            return False
        oids = {oid for pack in small for oid in pack.oids()}
        oids.update(_id(path) for path in loose)
        name = _copy(objects, oids)
        _remove([pack for pack in small if pack.name != name], loose)
        objects.packs.refresh()
    return True


def collect(objects: StoreObjects, refs: Refs, root: Path, *, dry: bool) -> Collected:
    """Repack what is needed, with deltas where Git is there to make them; remove the rest.

    SnapError, with nothing removed, when something that is needed is missing or damaged, or when somebody
    else uses the store for long.
    """
    with locks.collecting(root):
        objects.packs.refresh()
        before = space(objects)
        packs, loose = objects.packs.all(), list(_loose(objects))
        needed = reachable(objects, roots(objects, refs, root), set())
        if dry:
            return Collected(before, before, _unneeded_large(objects, needed))
        name = _repack(objects, root, needed, packs, loose)
        with locks.alone(root):
            objects.packs.refresh()
            now = reachable(objects, roots(objects, refs, root), needed)
            old = [pack for pack in packs if pack.name != name]
            _remove(_dispensable(objects, old, now), [path for path in loose if _may_go(objects, path, now)])
            large = _unneeded_large(objects, now)
            for held in large:
                objects.large.remove(held.oid)
        objects.packs.refresh()
        return Collected(before, space(objects), large)


# What is needed


def roots(objects: StoreObjects, refs: Refs, root: Path) -> list[str]:
    """All that refs point at, or did as far as their reflogs go and it is still there."""
    found = set(refs.all().values())
    head = refs.read("HEAD")
    for path in (root / "logs").rglob("*"):
        if path.is_file():
            text = path.read_text("utf-8", "surrogateescape")
            found.update(oid for move in _MOVES.findall(text) for oid in move if oid != ZERO)
    return sorted(oid for oid in found | {head or ""} if oid and objects.has(oid))


def reachable(objects: StoreObjects, starts: Iterable[str], known: Collection[bytes]) -> set[bytes]:
    """The ids (binary) of all objects that these lead to, and those known, which lead to nothing else.

    SnapError when one is missing or damaged on the way; the content of files is only looked for.
    """
    found = set(known)
    todo = [oid for oid in starts if bytes.fromhex(oid) not in found]
    while todo:
        oid = todo.pop()
        if bytes.fromhex(oid) not in found:
            found.add(bytes.fromhex(oid))
            todo += _children(objects, oid, found)
    return found


def _children(objects: StoreObjects, oid: str, found: set[bytes]) -> Iterator[str]:
    kind, content = objects.read(oid)
    if kind == COMMIT:
        info = commits.read(objects, oid)
        yield from (info.tree, *info.parents)
    elif kind == TAG:
        target = re.match(rb"object ([0-9a-f]{40})\n", content)
        yield from [target[1].decode()] if target else []
    elif kind == TREE:
        for _, mode, below in trees.items(content):
            if mode == trees.FOLDER:
                yield below.hex()
            elif mode != _SUBMODULE and below not in found:
                objects.require(below.hex())
                found.add(below)


def _unneeded_large(objects: StoreObjects, needed: Collection[bytes]) -> list[Held]:
    """Those of the store's own folder; what is in a bucket may be needed by other stores."""
    if not isinstance(objects.large, Folder):
        return []
    held = list(objects.large.held())
    if not held:
        return []
    pointers = Needed(objects)
    kept = {found.oid for tree in _snapshots(objects, needed) for found in pointers.of(tree)}
    return [found for found in held if found.oid not in kept]


def _snapshots(objects: StoreObjects, needed: Collection[bytes]) -> Iterator[str]:
    """The trees of all commits among these."""
    for oid in needed:
        if objects.kind(oid.hex()) == COMMIT:
            yield commits.read(objects, oid.hex()).tree


# A new pack


def _repack(
    objects: StoreObjects, root: Path, needed: set[bytes], packs: list[PackFile], loose: list[Path]
) -> str | None:
    """The name of a pack with all that is needed; None where that would gain nothing."""
    git, again = shutil.which("git"), _is_worth_deflating(objects, packs)
    tidy = len(packs) == 1 and not loose and all(oid in needed for oid in packs[0].oids())
    if tidy and not (git and again):
        return packs[0].name
    if not needed:
        return None
    return (_by_git(git, objects, root, needed, again) if git else None) or _copy(objects, needed)


def _is_worth_deflating(objects: StoreObjects, packs: list[PackFile]) -> bool:
    """Whether much of what is packed was deflated to be quick, as a take does: a fifth smaller otherwise.

    Doing so again for each few objects that came would take longer than it is worth.
    """
    hasty = sum(_size(pack.path) for pack in packs if objects.is_hasty(pack))
    return hasty * _MUCH > sum(_size(pack.path) for pack in packs)


def _by_git(git: str, objects: StoreObjects, root: Path, needed: set[bytes], again: bool) -> str | None:
    """The same with deltas, and where asked for, deflated again; None where Git does not want to."""
    settings = (f"core.bigFileThreshold={_WHOLE}", "pack.compression=6", f"safe.directory={root}")
    words = ["pack-objects", "-q", "--threads=1", "--delta-base-offset", "--window=10", "--depth=10"]
    words += ["--no-reuse-object"] if again else []
    env = {**os.environ, "GIT_DIR": str(root)}
    done = subprocess.run(
        [
            git,
            *(word for setting in settings for word in ("-c", setting)),
            *words,
            str(objects.packs.folder / "pack"),
        ],
        input=_listed(objects, needed),
        capture_output=True,
        env=env,
        check=False,
    )
    name = f"pack-{done.stdout.decode().strip()}"
    if done.returncode:
        return None
    objects.packs.refresh()
    made = next((pack for pack in objects.packs.all() if pack.name == name), None)
    return name if made is not None and made.count == len(needed) else None


def _listed(objects: StoreObjects, needed: set[bytes]) -> bytes:
    """The objects as ``git pack-objects`` reads them, with paths: it looks for deltas among what is called
    alike. Without, a pack is a fifteenth larger, and takes a third longer to make."""
    paths = dict.fromkeys(needed, b"")
    for tree in set(_snapshots(objects, needed)):
        _add_paths(objects, tree, paths)
    return b"".join([b"%s %s\n" % (oid.hex().encode(), path) for oid, path in sorted(paths.items())])


def _add_paths(objects: StoreObjects, top: str, paths: dict[bytes, bytes]) -> None:
    """To those that have none yet, the end of the path below this tree: all that Git looks at."""
    todo = [(b"", top)]
    while todo:
        prefix, tree = todo.pop()
        for name, mode, below in trees.items(objects.content(tree, TREE)):
            if paths.get(below) == b"":
                path = paths[below] = (prefix + name.replace(b"\n", b" "))[-_PATH:]
                if mode == trees.FOLDER:
                    todo.append((path + b"/", below.hex()))


def _copy(objects: StoreObjects, oids: Iterable[bytes]) -> str | None:
    """A pack with these objects, as compressed as they are. SnapError when one is missing or damaged."""
    objects.packs.folder.mkdir(parents=True, exist_ok=True)
    with durable.writing(objects.packs.folder):
        writer = PackWriter(objects.packs.folder)
    try:
        for oid, place in _in_order(objects, oids):
            if place is None or not _copy_packed(objects, writer, oid, place):
                kind, content = objects.read(oid.hex())
                with durable.writing(objects.packs.folder):
                    writer.append(oid, kind, len(content), codec.deflate(content))
        with durable.writing(objects.packs.folder):
            return writer.finish()
    finally:
        writer.close()


def _in_order(objects: StoreObjects, oids: Iterable[bytes]) -> list[tuple[bytes, Place | None]]:
    """The objects with their places, so that each pack is read from its start to its end."""
    placed = [(oid, objects.packs.find(oid)) for oid in oids]
    return sorted(placed, key=lambda item: (item[1].pack.name, item[1].offset) if item[1] else ("", 0))


def _copy_packed(objects: StoreObjects, writer: PackWriter, oid: bytes, place: Place) -> bool:
    """Copy an object as it is in its pack; False where that has to be read: a delta, or too large to hold."""
    span = place.pack.span(oid)
    if span is None or span.size > _WHOLE:
        return False
    packed = objects.packs.read(place, 0, span.size)
    if len(packed) != span.size or zlib.crc32(packed) != span.crc:
        raise objects.damaged(oid.hex(), "it does not match the checksum in the index", place)
    kind, size, start = objects.parse_header(oid.hex(), packed, place)
    if kind not in NAMES:
        return False
    with durable.writing(objects.packs.folder):
        writer.append(oid, kind, size, packed[start:])
    return True


# What goes


def _dispensable(objects: StoreObjects, old: list[PackFile], needed: set[bytes]) -> list[PackFile]:
    """Of these packs, those without which everything needed is still there."""
    going = {pack.name for pack in old if not _is_young(pack, needed)}
    others = [pack for pack in objects.packs.all() if pack.name not in going]
    lacking = [oid for oid in needed if not any(oid in pack for pack in others)]
    lacking = [oid for oid in lacking if not objects.loose_path(oid.hex()).exists()]
    return [pack for pack in old if pack.name in going and not any(oid in pack for oid in lacking)]


def _is_young(pack: PackFile, needed: set[bytes]) -> bool:
    """Whether something in it may be about to be needed."""
    age = time.time() - pack.path.stat().st_mtime
    return age < YOUNG and any(oid not in needed for oid in pack.oids())


def _may_go(objects: StoreObjects, loose: Path, needed: set[bytes]) -> bool:
    """Whether a loose object is in a pack, or has long been needed by nothing."""
    oid = _id(loose)
    with suppress(FileNotFoundError):
        return oid in objects.packs or (oid not in needed and time.time() - loose.stat().st_mtime > YOUNG)
    return False


def _remove(packs: Iterable[PackFile], loose: Iterable[Path]) -> None:
    """First what makes a pack one, so that half of one that is left is no pack."""
    for pack in packs:
        for suffix in (".idx", ".rev", ".bitmap", ".pack"):
            pack.path.with_suffix(suffix).unlink(missing_ok=True)
    for path in loose:
        path.unlink(missing_ok=True)


def _loose(objects: StoreObjects) -> Iterator[Path]:
    pattern = re.compile("[0-9a-f]{38}")
    for path in objects.folder.glob("[0-9a-f][0-9a-f]/*"):
        if pattern.fullmatch(path.name):
            yield path


def _id(loose: Path) -> bytes:
    return bytes.fromhex(loose.parent.name + loose.name)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
