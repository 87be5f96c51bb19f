"""Which large files snapshots need: all pointers in the trees of resources that have any."""

from __future__ import annotations

from collections.abc import Iterator

from snapstore.large.pointer import Pointer
from snapstore.snapshot import ATTRIBUTES, FILES
from snapstore.store.objects import StoreObjects
from snapstore.store.trees import FOLDER, LINK


class Needed:
    """Looks into snapshots one after the other; what several have in common is looked into once."""

    def __init__(self, objects: StoreObjects) -> None:
        self._objects = objects
        self._seen: set[str] = set()

    def of(self, tree: str) -> Iterator[Pointer]:
        """The large files of a snapshot's tree that were in none before. SnapError on damage."""
        for resource in self._objects.tree(tree):
            if resource.mode == FOLDER and self._is_new(resource.oid):
                below = {entry.name: entry for entry in self._objects.tree(resource.oid)}
                if ATTRIBUTES in below and FILES in below:
                    yield from self._below(below[FILES].oid)

    def _below(self, top: str) -> Iterator[Pointer]:
        todo = [top] if self._is_new(top) else []
        while todo:
            for entry in self._objects.tree(todo.pop()):
                if not self._is_new(entry.oid):
                    continue
                if entry.mode == FOLDER:
                    todo.append(entry.oid)
                elif entry.mode != LINK and (pointer := self._objects.pointer(entry.oid)):
                    yield pointer

    def _is_new(self, oid: str) -> bool:
        new = oid not in self._seen
        self._seen.add(oid)
        return new
