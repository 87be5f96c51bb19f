"""A tree that no system has been in yet: resources of several snapshots, and files beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from snapstore import canonical
from snapstore.snapshot import INDEX, Snapshot, format_of, resources
from snapstore.store import commits, names
from snapstore.store.build import ATTRIBUTES
from snapstore.store.objects import StoreObjects
from snapstore.store.packwriter import BLOB, TREE
from snapstore.store.trees import FILE, FOLDER, Item, encode


def compose(objects: StoreObjects, parts: Mapping[str, Snapshot], beside: Mapping[str, bytes]) -> str:
    """The id of the tree, whose objects are durably in the store on return.

    ``parts`` says of which snapshot each resource is taken, by name; what is not listed is not in it. Paths
    of ``beside`` are in folders that are no resource.
    """
    found = {name: resources(snapshot)[name] for name, snapshot in parts.items()}
    index = {name: {"adapter": entry.adapter, "format": entry.format} for name, entry in found.items()}
    tops = [[item.name for item in objects.tree(entry.tree)] for entry in found.values() if entry.tree]
    files = {
        INDEX: canonical.dumps({"format": format_of(tops), "resources": index}),
        ".gitattributes": ATTRIBUTES,
        **beside,
    }
    trees = [Item(names.escape(n), FOLDER, bytes.fromhex(e.tree)) for n, e in found.items() if e.tree]
    return commits.write_loose(objects, TREE, encode([*trees, *_entries(objects, files)]))


def _entries(objects: StoreObjects, files: Mapping[str, bytes]) -> Iterator[Item]:
    folders: dict[str, dict[str, bytes]] = {}
    for path, content in files.items():
        head, _, rest = path.partition("/")
        if rest:
            folders.setdefault(head, {})[rest] = content
        else:
            oid = commits.write_loose(objects, BLOB, content)
            yield Item(head.encode(), FILE, bytes.fromhex(oid))
    for name, inside in folders.items():
        tree = commits.write_loose(objects, TREE, encode(_entries(objects, inside)))
        yield Item(name.encode(), FOLDER, bytes.fromhex(tree))
