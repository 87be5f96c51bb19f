"""Real trees for the tests: to make one, to look at one, and to move between two through the adapter."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from snapstore.adapter import Adapter, ApplyContext, Context, PlanRequest
from snapstore.model import (
    Action,
    Blob,
    Captured,
    Fact,
    FactChange,
    FileChange,
    LiveFile,
    LiveFolder,
    PlanOptions,
    ResourceChanges,
)
from snapstore.plan import order
from snapstore.stamps import files_of


@dataclass(frozen=True)
class File:
    content: bytes
    mode: int = 0o644


@dataclass(frozen=True)
class Link:
    target: bytes


@dataclass(frozen=True)
class Folder:
    children: Mapping[bytes, Node] = field(default_factory=dict)
    mode: int = 0o755


Node = File | Link | Folder


def build(path: Path, node: Node | None) -> None:
    """Make exactly this at ``path``, where anything or nothing may be."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    if node is not None:
        _build(path, node)


def _build(path: Path, node: Node) -> None:
    if isinstance(node, Link):
        path.symlink_to(os.fsdecode(node.target))
        return
    if isinstance(node, File):
        path.write_bytes(node.content)
    else:
        path.mkdir()
        for name, child in node.children.items():
            _build(path / os.fsdecode(name), child)
    path.chmod(node.mode)


def picture(path: Path) -> Any:
    """All that can be seen of a tree: kind, mode bits, content or target, and so on below."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    bits = stat.S_IMODE(found.st_mode)
    if stat.S_ISLNK(found.st_mode):
        return ("link", str(path.readlink()))
    if stat.S_ISREG(found.st_mode):
        return ("file", bits, path.read_bytes())
    if stat.S_ISDIR(found.st_mode):
        return ("folder", bits, {os.fsencode(entry.name): picture(entry) for entry in path.iterdir()})
    return ("special", stat.S_IFMT(found.st_mode))


@dataclass(frozen=True)
class State:
    """What a store would keep of a capture."""

    facts: dict[str, Fact]
    files: dict[str, Blob]
    contents: dict[str, bytes]
    captured: Captured

    def __eq__(self, other: object) -> bool:
        return isinstance(other, State) and (self.facts, self.files) == (other.facts, other.files)


def context(root: Path, **more: Any) -> Context:
    return Context(
        resource="tree", root=root, seal=_no_secret, unseal=_no_secret, env=dict(os.environ), **more
    )


def _no_secret(*_: object) -> Any:
    raise AssertionError("there are no secrets here")


def capture(adapter: Adapter, settings: Any, root: Path) -> State:
    """Capture, read the files as the store does, and send the facts through JSON."""
    captured = adapter.capture(settings, context(root))
    facts = {fact.id: fact for document in captured.documents for fact in document.facts}
    again = msgspec.json.decode(msgspec.json.encode(facts), type=dict[str, Fact])
    files: dict[str, Blob] = {}
    contents: dict[str, bytes] = {}
    for file in [*captured.files, *(file for folder in captured.folders for file in _files(folder))]:
        data = file.data if file.data is not None else _read(file.source)
        oid = hashlib.sha1(data).hexdigest()
        assert file.path not in files
        files[file.path] = Blob(file.mode, oid)
        contents[oid] = data
    return State(again, files, contents, captured)


def _files(folder: LiveFolder) -> Iterator[LiveFile]:
    for name, stamp in files_of(folder):
        path = f"{folder.path}/".lstrip("/") + name.decode("utf-8", "surrogateescape")
        mode = 0o100755 if stamp[4] & 0o100 else 0o100644
        yield LiveFile(path, mode, source=f"{folder.source}/{os.fsdecode(name)}", stamp=stamp)


def _read(source: str | None) -> bytes:
    assert source is not None
    return Path(source).read_bytes()


def changes(before: State, after: State) -> ResourceChanges:
    facts = [
        FactChange(identity, before.facts.get(identity), after.facts.get(identity))
        for identity in sorted(before.facts.keys() | after.facts.keys())
        if before.facts.get(identity) != after.facts.get(identity)
    ]
    files = [
        FileChange(path, before.files.get(path), after.files.get(path))
        for path in sorted(before.files.keys() | after.files.keys())
        if before.files.get(path) != after.files.get(path)
    ]
    return ResourceChanges("tree", "files", facts, files)


def plan(adapter: Adapter, settings: Any, live: State, target: State) -> list[Action]:
    """The actions in the order that the core gives them, as they come back from a plan's JSON."""
    request = PlanRequest(
        resource="tree",
        settings=settings,
        changes=changes(live, target),
        live=live.facts,
        target=target.facts,
        live_hints=live.captured.hints,
        target_hints=target.captured.hints,
        options=PlanOptions(),
    )
    ordered = order(list(reversed(adapter.plan(request))))
    return msgspec.json.decode(msgspec.json.encode(ordered), type=list[Action])


@dataclass
class Journal:
    """Remembers what it is told; calls ``at`` before each entry."""

    entries: list[tuple[str, str]] = field(default_factory=list)

    def started(self, *actions: Action) -> None:
        self.entries += [("started", action.subject) for action in actions]

    def finished(self, *actions: Action) -> None:
        self.entries += [("finished", action.subject) for action in actions]

    def committed(self) -> None:
        self.entries.append(("committed", ""))


def apply(
    adapter: Adapter,
    settings: Any,
    actions: Sequence[Action],
    root: Path,
    contents: Mapping[str, bytes],
    journal: Journal | None = None,
) -> Journal:
    def open_blob(oid: str) -> BinaryIO:
        return io.BytesIO(contents[oid])

    journal = journal or Journal()
    plain = context(root)
    adapter.apply(
        settings,
        actions,
        ApplyContext(
            resource=plain.resource,
            root=root,
            seal=plain.seal,
            unseal=plain.unseal,
            env=plain.env,
            open_blob=open_blob,
            journal=journal,
        ),
    )
    return journal


def restore(adapter: Adapter, settings: Any, root: Path, target: State) -> list[Action]:
    """Bring the live tree to a captured state; the actions that did it."""
    actions = plan(adapter, settings, capture(adapter, settings, root), target)
    apply(adapter, settings, actions, root, target.contents)
    return actions
