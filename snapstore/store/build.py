"""Turns what adapters captured into a Git tree, the same for the same state whatever its order."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import quote

from snapstore import canonical
from snapstore.errors import SnapError
from snapstore.large import Large
from snapstore.large.attributes import attributes
from snapstore.large.pointer import Pointer
from snapstore.large.pointer import encode as encode_pointer
from snapstore.model import Captured, Json, LiveFile, LiveFolder, ResourceState, Stamp, Wrote
from snapstore.snapshot import (
    FILES,
    FORMAT,
    INDEX,
    PAGES,
    Snapshot,
    TreeEntry,
    format_of,
    remember_facts,
    resources,
)
from snapstore.stamps import SIZE, files_of, modes_of
from snapstore.store import names
from snapstore.store.ingest import ingest_all, read_whole
from snapstore.store.objects import StoreObjects, object_id
from snapstore.store.packwriter import BLOB, TREE
from snapstore.store.sink import MemorySink, PackSink, Sink
from snapstore.store.statcache import NONE, Kept, StatCache
from snapstore.store.trees import EXECUTABLE, FILE, FOLDER, LINK, Item, TreeBuilder, encode, items_of, parse

ATTRIBUTES = b"* -text -ident -filter -working-tree-encoding\n"
"""Written as .gitattributes, so that a checkout by plain Git has the bytes that were captured."""


def keep(
    objects: StoreObjects,
    large: Large,
    stat: Path,
    states: Mapping[str, ResourceState],
    base: Snapshot | None,
    written: Mapping[str, Sequence[Wrote]],
) -> Snapshot:
    """The snapshot of these states, with every object of it durable in the store; see :class:`_Builder`."""
    objects.packs.refresh()
    with PackSink(objects.packs, large) as sink:
        builder = _Builder(objects, sink, stat, large.stamp, written, keep=True)
        tree = builder.root(states, base)
        sink.finish()
        builder.save_caches()
    return Snapshot(tree.hex(), objects, None, _hints(states, base))


def hash_only(
    objects: StoreObjects,
    large: Large,
    stat: Path,
    states: Mapping[str, ResourceState],
    base: Snapshot | None,
    written: Mapping[str, Sequence[Wrote]],
) -> Snapshot:
    """The same snapshot, without writing an object: what is new is read from memory and the live files."""
    objects.packs.refresh()
    sink = MemorySink(objects.packs, large.limit)
    builder = _Builder(objects, sink, stat, large.stamp, written, keep=False)
    tree = builder.root(states, base)
    builder.save_caches()
    live = LiveObjects(objects, sink.objects, builder.sources)
    return Snapshot(tree.hex(), live, None, _hints(states, base))


def _hints(states: Mapping[str, ResourceState], base: Snapshot | None) -> dict[str, Mapping[str, Json]]:
    known = base.hints if base else {}
    carried = {name: hints for name, hints in known.items() if name not in states and name[:1] != "@"}
    return carried | {name: state.captured.hints for name, state in states.items() if state.captured.hints}


class _Builder:
    """Builds one tree. ``sources`` are the live files of blobs that are not in the store, ``written`` those
    files of each resource that a restore has just made of blobs in packs."""

    def __init__(
        self,
        objects: StoreObjects,
        sink: Sink,
        stat: Path,
        stamp: str,
        written: Mapping[str, Sequence[Wrote]],
        *,
        keep: bool,
    ) -> None:
        self._objects = objects
        self._sink = sink
        self._stat = stat
        self._stamp = stamp
        self._written = written
        self._keep = keep
        self._caches: list[StatCache] = []
        self._format = 1
        self.sources: dict[bytes, LiveFile] = {}

    def root(self, states: Mapping[str, ResourceState], base: Snapshot | None) -> bytes:
        """The id of the tree of all resources."""
        index: dict[str, Json] = {}
        entries = []
        for name, record in (resources(base) if base else {}).items():
            if name not in states:
                index[name] = {"adapter": record.adapter, "format": record.format}
                entries += self._carried(name, record.tree)
        for name, state in states.items():
            index[name] = {"adapter": state.adapter, "format": state.format}
            entries += self._resource(name, state.captured)
        content = canonical.dumps({"format": self._format, "resources": index})
        entries.append(Item(INDEX.encode(), FILE, self._sink.put(BLOB, content)))
        entries.append(Item(b".gitattributes", FILE, self._sink.put(BLOB, ATTRIBUTES)))
        return self._sink.put(TREE, encode(entries))

    def _carried(self, name: str, tree: str | None) -> list[Item]:
        if tree is not None and self._keep and not self._objects.has(tree):
            raise SnapError("its earlier state is not in the store", where=name, fix="take all resources")
        if tree is None:
            return []
        top = [entry.name for entry in self._objects.tree(tree)]
        self._format = max(self._format, format_of([top]))
        return [Item(names.escape(name), FOLDER, bytes.fromhex(tree))]

    def _resource(self, name: str, captured: Captured) -> list[Item]:
        if name == INDEX or "/" in name:
            raise SnapError("a resource cannot have this name", where=name, fix="rename it in snapstore.toml")
        if captured.tree is not None:
            return self._carried(name, captured.tree)
        tree = TreeBuilder(name)
        for document in captured.documents:
            if document.path.partition("/")[0] in (FILES, PAGES):
                raise SnapError(
                    f"{document.path!r} is a path for files or pages, not documents",
                    where=name,
                    fix="report this as a bug of the adapter",
                )
            facts = canonical.normal(document)
            blob = self._sink.put(BLOB, canonical.encode_normal(document.path, facts))
            tree.add(document.path, FILE, blob)
            remember_facts(blob.hex(), facts)
        for page in captured.pages:
            tree.add(f"{PAGES}/{page.path}", FILE, self._sink.put(BLOB, canonical.encode(page)))
        self._add_files(name, tree, captured)
        oid = tree.write(lambda content: self._sink.put(TREE, content))
        return [Item(names.escape(name), FOLDER, oid)] if oid else []

    def _add_files(self, name: str, tree: TreeBuilder, captured: Captured) -> None:
        cache = StatCache(self._stat / quote(name, safe=""), self._objects.packs, self._stamp)
        cache.admit(self._written.get(name, ()))
        self._caches.append(cache)
        folders = [folder for folder in captured.folders if folder.names]
        kept = [self._unchanged(folder, cache) for folder in folders]
        changed = [folder for folder, known in zip(folders, kept, strict=True) if not known]
        files = list(captured.files)
        ids = iter(self._ids(files, changed, cache))
        large = []
        for file in files:
            oid = next(ids)
            tree.add(f"{FILES}/{file.path}", file.mode, oid)
            if oid in cache.large:
                large.append(names.escape_path(f"{FILES}/{file.path}"))
        for folder, known in zip(folders, kept, strict=True):
            own = [] if known else list(islice(ids, len(folder.stamps) // SIZE))
            path = f"{FILES}/{folder.path}" if folder.path else FILES
            blobs = _Folder(folder, known, own, cache, self._sink)
            tree.add_all(path, blobs)
            large += [names.escape_path(path) + b"/" + name for name in blobs.large()]
        if large:
            self._format = FORMAT
            tree.add_attributes(self._sink.put(BLOB, attributes(large)))

    def _unchanged(self, folder: LiveFolder, cache: StatCache) -> Kept | None:
        known = cache.unchanged(folder)
        return None if known and any(map(self._lost, known.large())) else known

    def _lost(self, oid: bytes) -> bool:
        """Whether what a pointer stands for has to be kept again, as somebody has removed it."""
        pointer = self._objects.pointer(oid.hex()) if self._keep and oid in self._objects.packs else None
        return pointer is not None and self._objects.large.lost(pointer)

    def _ids(self, files: Sequence[LiveFile], folders: Sequence[LiveFolder], cache: StatCache) -> list[bytes]:
        """The ids of the content of these files, and of all files of these folders behind them.

        Most of them the cache knows; the content of the others is read, all in one go.
        """
        ids = [self._known(file, cache) for file in files]
        unknown = [file for file, oid in zip(files, ids, strict=True) if oid is None]
        for folder in folders:
            known = cache.known(folder)
            for place, file in self._doubtful(folder, known, cache):
                known[place] = self._known(file, cache)
                if known[place] is None:
                    unknown.append(file)
            ids += known
        found = iter(self._read(unknown, cache))
        return [oid or next(found) for oid in ids]

    def _doubtful(
        self, folder: LiveFolder, known: Sequence[bytes | None], cache: StatCache
    ) -> Iterator[tuple[int, LiveFile]]:
        """Those files of a folder of which the cache does not say all, with their places in it."""
        places = [place for place, oid in enumerate(known) if oid is None or oid in cache.large]
        files = files_of(folder) if places else []
        for place in places:
            oid = known[place]
            if oid is None or self._lost(oid):
                yield place, _live_file(folder, *files[place])

    def _known(self, file: LiveFile, cache: StatCache) -> bytes | None:
        """The id of a file's content, where the cache has it and can be believed."""
        if file.stamp is None or file.source is None or file.mode == LINK:
            return None
        known = cache.get(file.source, file.stamp)
        # A snapshot that is kept needs the object itself; for comparing, its id is enough.
        if known is None or (known.oid in cache.large and self._lost(known.oid)):
            return None
        has = known.oid not in cache.large and self._sink.has(known.oid)
        if not (known.stored or not self._keep or has):
            return None
        if not known.stored:
            self.sources[known.oid] = file
        return known.oid

    def _read(self, files: Sequence[LiveFile], cache: StatCache) -> Iterator[bytes]:
        for file, found in zip(files, ingest_all(files, self._sink), strict=True):
            # Where nothing is kept, a pointer in a pack does not say that its content is where it belongs.
            stored = self._keep or (self._sink.has(found.oid) and not found.large)
            if found.large:
                cache.large.add(found.oid)
            if found.stamp is not None and file.source is not None:
                known = {"stored": stored, "large": found.large}
                cache.put(file.source, found.stamp, found.read_at, found.oid, **known)
            if not stored:
                self.sources[found.oid] = file
            yield found.oid

    def save_caches(self) -> None:
        """To be called when the objects are durable, and not before: the caches say that they are."""
        for cache in self._caches:
            cache.save()


def _live_file(folder: LiveFolder, name: bytes, stamp: Stamp) -> LiveFile:
    path = (folder.path + "/" if folder.path else "") + name.decode("utf-8", "surrogateescape")
    mode = EXECUTABLE if stamp[4] & 0o100 else FILE
    return LiveFile(path, mode, None, f"{folder.source}/{os.fsdecode(name)}", stamp)


class _Folder(NamedTuple):
    """The files of a live folder as ``Blobs`` of its tree; ``ids`` are theirs where they are not ``kept``."""

    folder: LiveFolder
    kept: Kept | None
    ids: list[bytes]
    cache: StatCache
    sink: Sink

    def items(self) -> list[Item]:
        ids = self.kept.ids() if self.kept else self.ids
        modes = [EXECUTABLE if mode & 0o100 else FILE for mode in modes_of(self.folder)]
        return items_of(names.escape_all(self.folder.names), modes, ids)

    def large(self) -> list[bytes]:
        """The names of the pointers among them, as they are stored."""
        if not (self.kept.large() if self.kept else not self.cache.large.isdisjoint(self.ids)):
            return []
        pointers = self.cache.large.union(self.kept.large() if self.kept else ())
        return [name for name, _, oid in self.items() if oid in pointers]

    def tree(self, rest: bytes) -> bytes | None:
        known = self.kept is not None and self.kept.tree != NONE and self.kept.rest == _digest(rest)
        return self.kept.tree if self.kept and known else None

    def made(self, rest: bytes, tree: bytes) -> None:
        if self.sink.has(tree):
            self.cache.put_tree(self.folder, _digest(rest), tree)


def _digest(rest: bytes) -> bytes:
    return hashlib.sha1(rest, usedforsecurity=False).digest()


class LiveObjects:
    """The objects of a snapshot that was not kept: memory, then the live files, then the store."""

    def __init__(
        self,
        stored: StoreObjects,
        built: Mapping[bytes, tuple[int, bytes]],
        sources: Mapping[bytes, LiveFile],
    ) -> None:
        self._stored = stored
        self._built = built
        self._sources = sources

    def tree(self, oid: str) -> list[TreeEntry]:
        built = self._built.get(bytes.fromhex(oid))
        return parse(built[1]) if built else self._stored.tree(oid)

    def blob(self, oid: str) -> bytes:
        binary = bytes.fromhex(oid)
        if binary in self._built:
            return self._built[binary][1]
        if binary in self._sources:
            return _read_again(self._sources[binary], binary)
        return self._stored.blob(oid)

    def open_blob(self, oid: str) -> BinaryIO:
        binary = bytes.fromhex(oid)
        if binary in self._built or binary in self._sources:
            return io.BytesIO(self.blob(oid))
        return self._stored.open_blob(oid)

    def blob_size(self, oid: str) -> int:
        binary = bytes.fromhex(oid)
        file = self._sources.get(binary)
        if file is not None and file.data is None and file.stamp is not None:
            return file.stamp[0]
        return len(self.blob(oid)) if file or binary in self._built else self._stored.blob_size(oid)


def _pointer_id(content: bytes) -> bytes:
    pointer = Pointer(hashlib.sha256(content).hexdigest(), len(content))
    return object_id(BLOB, encode_pointer(pointer))


def _read_again(file: LiveFile, oid: bytes) -> bytes:
    content = read_whole(file)
    if oid not in (object_id(BLOB, content), _pointer_id(content)):
        fix = "run the command again when nothing writes to it"
        raise SnapError("the file changed since it was captured", where=str(file.source), fix=fix)
    return content
