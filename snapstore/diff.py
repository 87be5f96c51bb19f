"""Two snapshots to the facts and files in which they differ.

The walk descends only into subtrees whose ids differ, and decodes only documents whose blobs differ, so its
cost follows what changed. Facts are compared across all differing documents of a resource together: a
fact that moved from one document to another unchanged is no change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fnmatch import translate

from snapstore.model import EVERYTHING, Blob, Fact, FactChange, FileChange, ResourceChanges, Scope
from snapstore.snapshot import (
    ATTRIBUTES,
    FILES,
    TREE_MODE,
    Objects,
    ResourceEntry,
    Snapshot,
    TreeEntry,
    document_facts,
    is_page,
    page_facts,
    resources,
)

_BELOW_FILES = FILES + "/"

_Pair = tuple[str, Blob | None, Blob | None]
_Side = tuple[Objects, str | None]
_Selector = Callable[[FactChange | FileChange], bool]


def diff(before: Snapshot, after: Snapshot, scope: Scope = EVERYTHING) -> list[ResourceChanges]:
    """What changed inside ``scope``, by resource in the order of their names; [] when nothing did.

    A resource that another adapter captured on each side is there twice: all removals under the old
    adapter, then all additions under the new one.
    """
    old, new = resources(before), resources(after)
    found: list[ResourceChanges] = []
    for name in sorted(old.keys() | new.keys()):
        wanted = selector(scope, name)
        if wanted is None:
            continue
        for left, right in _sides(old.get(name), new.get(name)):
            sides = (before.objects, left and left.tree), (after.objects, right and right.tree)
            adapter = next(entry.adapter for entry in (right, left) if entry)
            found.append(_compare(name, adapter, *sides, wanted))
    return [changes for changes in found if changes]


def _compare(name: str, adapter: str, old: _Side, new: _Side, wanted: _Selector) -> ResourceChanges:
    documents: list[_Pair] = []
    files: list[_Pair] = []
    for pair in _differing(old, new):
        if pair[0] != ATTRIBUTES:
            (files if pair[0].startswith(_BELOW_FILES) else documents).append(pair)
    return ResourceChanges(
        resource=name,
        adapter=adapter,
        facts=_fact_changes(name, old[0], new[0], documents, wanted),
        files=_file_changes(files, wanted),
    )


def selector(scope: Scope, resource: str) -> _Selector | None:
    """Which changes of a resource are inside the scope; None when none of them can be.

    A fact is, by its identity or by its name alone: the mode of a file goes where the file goes.
    """
    if not scope.patterns:
        return lambda change: True
    globs = [p.partition(":")[2] or "*" for p in scope.patterns if p.partition(":")[0] == resource]
    if not globs:
        return None
    inside = re.compile("|".join(translate(glob) for glob in globs))
    return lambda change: any(inside.match(name) for name in _names(change))


def _names(change: FactChange | FileChange) -> tuple[str, ...]:
    if isinstance(change, FileChange):
        return (change.path,)
    return change.id, change.id.partition(":")[2]


def _sides(
    old: ResourceEntry | None, new: ResourceEntry | None
) -> Iterator[tuple[ResourceEntry | None, ResourceEntry | None]]:
    if old and new and old.adapter != new.adapter:
        yield old, None
        yield None, new
    elif (old and old.tree) != (new and new.tree):
        yield old, new


def _differing(old: _Side, new: _Side) -> Iterator[_Pair]:
    """The paths of all blobs that differ below two trees, each with its blob on either side."""
    todo = [("", old, new)]
    while todo:
        prefix, old, new = todo.pop()
        if old[1] is None or new[1] is None:
            for path, entry in _all_below(prefix, old if new[1] is None else new):
                found = Blob(entry.mode, entry.oid)
                yield (path, found, None) if new[1] is None else (path, None, found)
            continue
        left, right = _entries(old), _entries(new)
        for name in left.keys() | right.keys():
            a, b = left.get(name), right.get(name)
            if a == b:
                continue
            before, after = _blob(a), _blob(b)
            if before or after:
                yield prefix + name, before, after
            below = _subtree(a), _subtree(b)
            if any(below):
                todo.append((f"{prefix}{name}/", (old[0], below[0]), (new[0], below[1])))


def _all_below(prefix: str, side: _Side) -> Iterator[tuple[str, TreeEntry]]:
    """All that are no trees: a folder that came or went needs no comparing."""
    objects, top = side
    todo = [(prefix, top)] if top else []
    while todo:
        prefix, tree = todo.pop()
        for entry in objects.tree(tree):
            if entry.mode == TREE_MODE:
                todo.append((f"{prefix}{entry.name}/", entry.oid))
            else:
                yield prefix + entry.name, entry


def _entries(side: _Side) -> dict[str, TreeEntry]:
    objects, tree = side
    return {entry.name: entry for entry in objects.tree(tree)} if tree else {}


def _blob(entry: TreeEntry | None) -> Blob | None:
    return Blob(entry.mode, entry.oid) if entry and entry.mode != TREE_MODE else None


def _subtree(entry: TreeEntry | None) -> str | None:
    return entry.oid if entry and entry.mode == TREE_MODE else None


def _fact_changes(
    resource: str, old: Objects, new: Objects, documents: list[_Pair], wanted: _Selector
) -> list[FactChange]:
    before: dict[str, Fact] = {}
    after: dict[str, Fact] = {}
    for path, left, right in documents:
        gone, come = _different(_facts(old, resource, path, left), _facts(new, resource, path, right))
        before |= gone
        after |= come
    changes = [
        FactChange(identity, before.get(identity), after.get(identity))
        for identity in sorted(before.keys() | after.keys())
        if before.get(identity) != after.get(identity)
    ]
    return [change for change in changes if wanted(change)]


def _facts(objects: Objects, resource: str, path: str, blob: Blob | None) -> dict[str, Fact]:
    if blob is None:
        return {}
    read = page_facts if is_page(path) else document_facts
    return {fact.id: fact for fact in read(objects, f"{resource}/{path}", blob.oid)}


def _different(left: dict[str, Fact], right: dict[str, Fact]) -> tuple[dict[str, Fact], dict[str, Fact]]:
    """Both without what they have in common: of large documents that differ in little, little is kept."""
    return (
        {identity: fact for identity, fact in left.items() if right.get(identity) != fact},
        {identity: fact for identity, fact in right.items() if left.get(identity) != fact},
    )


def _file_changes(pairs: list[_Pair], wanted: _Selector) -> list[FileChange]:
    changes = (FileChange(path.removeprefix(FILES + "/"), left, right) for path, left, right in pairs)
    return sorted((c for c in changes if wanted(c)), key=lambda c: c.path)
