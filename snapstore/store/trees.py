"""Git trees: their bytes, and the nested trees of a set of paths."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, repeat
from typing import NamedTuple, Protocol

from snapstore.errors import SnapError
from snapstore.snapshot import TreeEntry
from snapstore.store import names

FOLDER = 0o40000
FILE = 0o100644
EXECUTABLE = 0o100755
LINK = 0o120000
_ENTRY = re.compile(rb"([0-7]+) ([^\0]+)\0(.{20})", re.DOTALL)
_BUG = "report this as a bug of the adapter"
_NUMBERS = {b"100644": FILE, b"100755": EXECUTABLE, b"40000": FOLDER}
_MODES = {FILE: b"100644 ", EXECUTABLE: b"100755 ", LINK: b"120000 ", FOLDER: b"40000 "}


class Item(NamedTuple):
    """An entry of a tree that is being made: ``name`` as it is stored, ``oid`` binary."""

    name: bytes
    mode: int
    oid: bytes


def parse(content: bytes) -> list[TreeEntry]:
    """The entries of a tree, names unescaped. ValueError when these are no tree's bytes."""
    if not content:
        return []
    modes, stored, oids = zip(*_raw(content), strict=True)
    plain = [name.decode("utf-8", "surrogateescape") for name in stored]
    if b" %" in content:
        plain = list(map(names.unescape, stored))
    # Made in C: a diff reads thousands of trees.
    entries = zip(plain, map(_number, modes), [oid.hex() for oid in oids], strict=True)
    return list(map(tuple.__new__, repeat(TreeEntry), entries))


def _number(mode: bytes) -> int:
    return _NUMBERS.get(mode) or int(mode, 8)


def items_of(stored: Sequence[bytes], modes: Sequence[int], oids: Sequence[bytes]) -> list[Item]:
    """Entries of a tree by their names as they are stored, their modes and their ids."""
    return list(map(tuple.__new__, repeat(Item), zip(stored, modes, oids, strict=True)))


def items(content: bytes) -> list[Item]:
    """The entries of a tree as they are stored. ValueError when these are no tree's bytes."""
    return [Item(name, int(mode, 8), oid) for mode, name, oid in _raw(content)]


def _raw(content: bytes) -> list[tuple[bytes, bytes, bytes]]:
    """Mode, name and id of each."""
    found = _ENTRY.findall(content)
    if sum(map(len, chain.from_iterable(found))) + 2 * len(found) != len(content):
        raise ValueError("the tree is cut short")
    return found


def encode(entries: Iterable[Item]) -> bytes:
    """The bytes of a tree; the order of the entries given does not matter."""
    ordered = sorted(entries, key=_order)
    return b"".join([_MODES[mode] + name + b"\0" + oid for name, mode, oid in ordered])


def _order(item: Item) -> bytes:
    return item.name + b"/" if item.mode == FOLDER else item.name


class Blobs(Protocol):
    """Many blobs of one folder, whose tree may be known without them."""

    def items(self) -> list[Item]: ...

    def tree(self, rest: bytes) -> bytes | None:
        """The id of the folder's tree if it is known, ``rest`` being the bytes of its other entries."""
        ...

    def made(self, rest: bytes, tree: bytes) -> None:
        """It was not, and this is it."""
        ...


class TreeBuilder:
    """Collects the blobs of one resource by path, then makes their trees, deepest first."""

    def __init__(self, resource: str) -> None:
        self._resource = resource
        self._folders: dict[str, list[Item]] = {"": []}
        """What is in each, by path; names are as they are stored."""
        self._blobs: dict[str, Blobs] = {}

    def add(self, path: str, mode: int, oid: bytes) -> None:
        """Put a blob at a path. SnapError for a mode that no tree can hold."""
        if mode not in _MODES or mode == FOLDER:
            raise SnapError(f"mode {mode:o} of {path!r} cannot be stored", where=self._resource, fix=_BUG)
        if path.startswith("/"):
            raise SnapError(f"the path {path!r} is not relative", where=self._resource, fix=_BUG)
        folder, _, name = path.rpartition("/")
        entries = self._folders.get(folder)
        if entries is None:
            entries = self._open(folder)
        entries.append(Item(names.escape(name), mode, oid))

    def add_attributes(self, oid: bytes) -> None:
        """Put a ``.gitattributes`` that is one to Git at the top."""
        self._folders[""].append(Item(b".gitattributes", FILE, oid))

    def add_all(self, folder: str, blobs: Blobs) -> None:
        """Put blobs into a folder. SnapError when it has some of this kind already."""
        if folder in self._blobs:
            raise SnapError(f"the folder {folder!r} was captured twice", where=self._resource)
        if folder not in self._folders:
            self._open(folder)
        self._blobs[folder] = blobs

    def _open(self, folder: str) -> list[Item]:
        """The entries of a new folder; those above it exist from here on too."""
        opened = self._folders[folder] = []
        while (folder := folder.rpartition("/")[0]) and folder not in self._folders:
            self._folders[folder] = []
        return opened

    def write(self, put: Callable[[bytes], bytes]) -> bytes | None:
        """Give each tree's bytes to ``put``, which answers its id; the id of the top one, None if empty."""
        if not self._blobs and not any(self._folders.values()):
            return None
        for folder in sorted(self._folders, key=_depth, reverse=True):
            tree = self._tree(folder, put)
            if not folder:
                return tree
            above, _, name = folder.rpartition("/")
            self._folders[above].append(Item(names.escape(name), FOLDER, tree))
        raise AssertionError("the top folder is always there")

    def _tree(self, folder: str, put: Callable[[bytes], bytes]) -> bytes:
        blobs = self._blobs.get(folder)
        if blobs is None:
            return put(self._encode(folder, self._folders[folder]))
        rest = self._encode(folder, self._folders[folder])
        tree = blobs.tree(rest)
        if tree is None:
            tree = put(self._encode(folder, self._folders[folder] + blobs.items()))
            blobs.made(rest, tree)
        return tree

    def _encode(self, folder: str, entries: list[Item]) -> bytes:
        if len({name for name, _, _ in entries}) != len(entries):
            self._refuse_twice(folder, entries)
        return encode(entries)

    def _refuse_twice(self, folder: str, entries: list[Item]) -> None:
        seen: set[bytes] = set()
        for name, _, _ in entries:
            if name in seen:
                path = f"{folder}/{names.unescape(name)}".removeprefix("/")
                raise SnapError(f"the path {path!r} was captured twice", where=self._resource, fix=_BUG)
            seen.add(name)


def _depth(folder: str) -> int:
    return folder.count("/") + 1 if folder else 0
