"""Hints of a snapshot, kept as a Git note on its commit: JSON, by resource.

The note's tree has one level of folders (``ab/cdef…``), so that adding a note rewrites two small trees
however many there are. Notes that other Git tools arranged otherwise are read too.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from snapstore import canonical
from snapstore.errors import SnapError
from snapstore.model import Json
from snapstore.store import commits, trees
from snapstore.store.objects import StoreObjects
from snapstore.store.packwriter import BLOB, COMMIT, TREE
from snapstore.store.refs import Refs
from snapstore.store.trees import FILE, FOLDER, Item

REF = "refs/notes/snapstore"


def read(objects: StoreObjects, refs: Refs, commit: str) -> dict[str, dict[str, Json]]:
    """The hints of a commit by resource, {} where there are none. SnapError when they are damaged."""
    tip = refs.read(REF)
    oid = _find(objects, commits.read(objects, tip).tree, commit) if tip else None
    if oid is None:
        return {}
    try:
        return msgspec.json.decode(objects.blob(oid), type=dict[str, dict[str, Json]])
    except msgspec.DecodeError as error:
        raise SnapError(
            f"the hints of {commit} are not JSON: {error}",
            where=REF,
            fix=f"they only help to plan; remove them: git notes --ref {REF} remove {commit}",
        ) from error


def _find(objects: StoreObjects, tree: str, rest: str) -> str | None:
    entries = {entry.name: entry for entry in objects.tree(tree)}
    if rest in entries:
        return entries[rest].oid
    folder = entries.get(rest[:2])
    return _find(objects, folder.oid, rest[2:]) if folder and folder.mode == FOLDER else None


def write(
    objects: StoreObjects, refs: Refs, commit: str, hints: Mapping[str, Mapping[str, Json]], who: str
) -> None:
    """Attach hints to a commit, replacing those it has; all other notes stay."""
    blob = commits.write_loose(objects, BLOB, canonical.dumps(hints))
    while True:
        tip = refs.read(REF)
        top = commits.read(objects, tip).tree if tip else None
        tree = _insert(objects, top, commit, bytes.fromhex(blob))
        content = commits.encode(tree, (tip,) if tip else (), who, f"Hints of {commit}\n")
        if refs.move(REF, tip, commits.write_loose(objects, COMMIT, content), who, "notes: hints"):
            return


def _insert(objects: StoreObjects, top: str | None, commit: str, blob: bytes) -> str:
    entries = _items(objects, top)
    folder, name = commit[:2].encode(), commit[2:].encode()
    inside = entries.get(folder)
    notes = _items(objects, inside.oid.hex() if inside else None)
    notes[name] = Item(name, FILE, blob)
    below = commits.write_loose(objects, TREE, trees.encode(notes.values()))
    entries[folder] = Item(folder, FOLDER, bytes.fromhex(below))
    entries.pop(commit.encode(), None)
    return commits.write_loose(objects, TREE, trees.encode(entries.values()))


def _items(objects: StoreObjects, tree: str | None) -> dict[bytes, Item]:
    return {item.name: item for item in trees.items(objects.content(tree, TREE))} if tree else {}
