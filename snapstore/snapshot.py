"""A snapshot as the rest of the core sees it: a tree id and a reader, wherever its objects are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO, NamedTuple, Protocol

import msgspec

from snapstore.canonical import decode
from snapstore.errors import SnapError
from snapstore.model import Blob, Fact, Json


class TreeEntry(NamedTuple):
    """An entry of a Git tree; ``name`` is unescaped, ``mode`` is Git's."""

    name: str
    mode: int
    oid: str


class Objects(Protocol):
    """Reads Git objects: those of the store, and for a live snapshot also those not (yet) in it.

    All raise SnapError that names the object when it is missing or damaged.
    """

    def tree(self, oid: str) -> list[TreeEntry]: ...

    def blob(self, oid: str) -> bytes: ...

    def open_blob(self, oid: str) -> BinaryIO: ...

    def blob_size(self, oid: str) -> int: ...


class Snapshot(msgspec.Struct, frozen=True):
    """A whole state. ``commit`` is None for the live system; ``hints`` are by resource."""

    tree: str
    objects: Objects
    commit: str | None = None
    hints: Mapping[str, Mapping[str, Json]] = msgspec.field(default_factory=dict)


class ResourceEntry(NamedTuple):
    """A resource of a snapshot, from snapshot.json; ``tree`` is None where it holds nothing."""

    adapter: str
    format: int
    tree: str | None


INDEX = "snapshot.json"
FILES = "files"
PAGES = "pages"
FORMAT = 2
"""The latest: as 1, and there are pointers to large files, which a reader of 1 would take for content."""
ATTRIBUTES = ".gitattributes"
"""At the top of a resource that has large files; to Git it tells which, to us that there are any."""
TREE_MODE = 0o040000
_DECODED_LIMIT = 50_000


class ResourceRecord(msgspec.Struct):
    """What captured a resource."""

    adapter: str
    format: int


class Index(msgspec.Struct):
    """snapshot.json"""

    format: int
    resources: dict[str, ResourceRecord]


def resources(snapshot: Snapshot) -> dict[str, ResourceEntry]:
    """The resources of a snapshot by name, sorted. SnapError when its tree is not one of a snapshot."""
    entries = {entry.name: entry for entry in snapshot.objects.tree(snapshot.tree)}
    index = _index(snapshot, entries)
    return {
        name: ResourceEntry(record.adapter, record.format, entries[name].oid if name in entries else None)
        for name, record in sorted(index.resources.items())
    }


def _index(snapshot: Snapshot, entries: Mapping[str, TreeEntry]) -> Index:
    where = f"snapshot {(snapshot.commit or snapshot.tree)[:12]}"
    if INDEX not in entries:
        raise SnapError(f"there is no {INDEX} in it", where=where, fix="name a commit made by `snap take`")
    try:
        index = msgspec.json.decode(snapshot.objects.blob(entries[INDEX].oid), type=Index)
    except msgspec.DecodeError as error:
        raise SnapError(f"{INDEX} is damaged: {error}", where=where, fix="run `snap doctor`") from error
    if index.format > FORMAT:
        raise SnapError(
            f"it has format {index.format}, this snapstore reads up to {FORMAT}",
            where=where,
            fix="upgrade snapstore",
        )
    return index


def format_of(trees: Iterable[Iterable[str]]) -> int:
    """The format of a snapshot, given the names at the top of each of its resources."""
    return FORMAT if any(ATTRIBUTES in names for names in trees) else 1


def facts(snapshot: Snapshot, resource: str) -> dict[str, Fact]:
    """The facts of a resource by identity, without those of its pages; {} for one that the snapshot does
    not have.

    Documents with equal content give the same Fact objects, whichever snapshot they are read from.
    """
    return {
        fact.id: fact
        for path, blob in _blobs(snapshot, resource, of_files=False)
        if not is_page(path)
        for fact in document_facts(snapshot.objects, f"{resource}/{path}", blob.oid)
    }


def kinds(snapshot: Snapshot, resource: str) -> Counter[str]:
    """How many facts of each kind a resource has, those of its pages included."""
    return Counter(fact.kind for fact in each_fact(snapshot, resource))


def each_fact(snapshot: Snapshot, resource: str) -> Iterator[Fact]:
    """All facts of a resource, those of its pages included, without holding them all."""
    for path, blob in _blobs(snapshot, resource, of_files=False):
        read = page_facts if is_page(path) else document_facts
        yield from read(snapshot.objects, f"{resource}/{path}", blob.oid)


def is_page(path: str) -> bool:
    """Whether a document of a resource is one of its pages."""
    return path.startswith(f"{PAGES}/")


def files(snapshot: Snapshot, resource: str) -> Iterator[tuple[str, Blob]]:
    """Path (relative to the resource's files) and blob of each file of a resource, in tree order."""
    for path, blob in _blobs(snapshot, resource, of_files=True):
        yield path.removeprefix(FILES + "/"), blob


def _blobs(snapshot: Snapshot, resource: str, *, of_files: bool) -> Iterator[tuple[str, Blob]]:
    entry = resources(snapshot).get(resource)
    for child in snapshot.objects.tree(entry.tree) if entry and entry.tree else ():
        if child.name == ATTRIBUTES:
            continue
        if of_files == (child.name == FILES and child.mode == TREE_MODE):
            yield from _at(snapshot.objects, child)


def _at(objects: Objects, entry: TreeEntry, prefix: str = "") -> Iterator[tuple[str, Blob]]:
    path = prefix + entry.name
    if entry.mode != TREE_MODE:
        yield path, Blob(entry.mode, entry.oid)
        return
    for child in objects.tree(entry.oid):
        yield from _at(objects, child, path + "/")


# Content-addressed, so entries never go stale; it is what makes equal facts of two snapshots one object.
_decoded: dict[str, tuple[Fact, ...]] = {}


def document_facts(objects: Objects, path: str, oid: str) -> tuple[Fact, ...]:
    """The facts of one document, decoded once per process. SnapError when it is not canonical facts."""
    found = _decoded.get(oid)
    if found is None:
        found = decode(path, objects.blob(oid)).facts
        remember_facts(oid, found)
    return found


def page_facts(objects: Objects, path: str, oid: str) -> tuple[Fact, ...]:
    """The same for a page, which is not kept in memory."""
    return decode(path, objects.blob(oid)).facts


def remember_facts(oid: str, facts: tuple[Fact, ...]) -> None:
    """Take these as what the document of that id decodes to: nothing has to decode what was just encoded."""
    if len(_decoded) >= _DECODED_LIMIT:
        _decoded.clear()
    _decoded[oid] = facts
