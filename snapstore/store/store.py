"""The store as the rest of the core uses it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from snapstore.errors import SnapError
from snapstore.large import DEFAULTS, LargeSettings, open_large
from snapstore.model import Json, Known, Notice, ResourceState, Wrote
from snapstore.snapshot import Snapshot, resources
from snapstore.store import commits, locks, notes, repository
from snapstore.store.commits import CommitInfo
from snapstore.store.compose import compose
from snapstore.store.known import KnownStates
from snapstore.store.objects import StoreObjects
from snapstore.store.packs import SMALL
from snapstore.store.packwriter import COMMIT
from snapstore.store.refs import HEADS, Refs, is_valid

if TYPE_CHECKING:
    from snapstore.store.collect import Collected, Space
    from snapstore.store.history import Keep, Retention
    from snapstore.store.remote import Remote

MANY = 50
"""So many small packs are brought together after a take."""
_DETACHED = "HEAD of the store must name a branch: git symbolic-ref HEAD refs/heads/main"


def create(path: Path, branch: str = "main", large: LargeSettings = DEFAULTS) -> Store:
    """Make an empty store. SnapError when there is one already, or none can be made there."""
    repository.create(path, branch)
    return Store(path, large=large)


def open_store(path: Path, branch: str | None = None, large: LargeSettings = DEFAULTS) -> Store:
    """A store, on ``branch`` or else on the one that its HEAD names; the branch may have to be born yet.

    ``large`` says which files are kept beside Git, and where.

    SnapError when there is no store, or one that is damaged or of a later format.
    """
    repository.check_format(path)
    if branch:
        repository.check_branch(branch)
    return Store(path, branch, large)


class Store:
    """A bare Git repository of snapshots. Everything raises SnapError on damage, by name."""

    def __init__(self, path: Path, branch: str | None = None, large: LargeSettings = DEFAULTS) -> None:
        self.path = path
        self.large = open_large(large, path)
        self._objects = StoreObjects(path / "objects", self.large.place)
        self._refs = Refs(path, branch)
        self._held: locks.Making | None = None
        self._known = KnownStates(self.workspace("known"), self._objects.packs)
        self._written: dict[str, list[Wrote]] = {}

    @property
    def branch(self) -> str:
        """The name of the current branch: that for which HEAD stands."""
        return self._refs.target("HEAD").removeprefix(HEADS)

    def build(
        self,
        states: Mapping[str, ResourceState],
        *,
        keep: bool,
        base: Snapshot | None = None,
        stat: Path | None = None,
    ) -> Snapshot:
        """The snapshot of these resources; those only in ``base`` are carried over unchanged.

        With ``keep`` all its objects are durably in the store on return, new ones in one pack. Without,
        no object is written: the snapshot reads new ones from memory and from the live files. ``stat`` is a
        folder for what is known of files by their stamps, where these are not the live ones.
        """
        from snapstore.store import build

        make = build.keep if keep else build.hash_only
        if keep:
            self.hold()
        written = {name: self._written.pop(name, []) for name in states}
        snapshot = make(self._objects, self.large, stat or self.workspace("stat"), states, base, written)
        if keep:
            self._remember(states, snapshot)
        return snapshot

    def hold(self) -> None:
        """Let nobody remove objects that no ref leads to, until the next commit or the end of this store."""
        if self._held is None:
            self._held = locks.Making(self.path)

    def _release(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None

    def space(self) -> Space:
        """What its objects are kept in."""
        from snapstore.store import collect

        return collect.space(self._objects)

    def pin(self, name: str, commit: str) -> None:
        """Keep a snapshot for as long as there is a ref of this name, in full."""
        with locks.short(self.workspace("commit.lock")):
            self._refs.put(name, commit)

    def retention(self, keep: Keep, needed: Collection[str], *, shared: bool) -> Retention:
        """Which snapshots of the branch would go; see :func:`snapstore.store.history.decide`."""
        from snapstore.store import history

        return history.decide(self._objects, self._refs, keep, needed, shared)

    def retain(self, keep: Keep, needed: Collection[str], *, shared: bool) -> Retention:
        """Take them out of the history of the branch; :meth:`collect` then removes them."""
        from snapstore.store import history

        with locks.short(self.workspace("commit.lock")):
            found = self.retention(keep, needed, shared=shared)
            if found.goes:
                history.carry_out(self._objects, self._refs, self.path, found)
        return found

    def collect(self, *, dry: bool = False) -> Collected:
        """Remove what nothing needs, and bring the rest into one pack."""
        from snapstore.store import collect

        return collect.collect(self._objects, Refs(self.path), self.path, dry=dry)

    def consolidate(self) -> bool:
        """Bring many small packs into one, quickly, and remove nothing; whether there was anything to do."""
        from snapstore.store import collect

        return collect.consolidate(self._objects, self.path)

    def consolidate_soon(self) -> None:
        """The same in a process of its own, where there are many packs; nobody waits for it."""
        if sum(_is_small(pack.path) for pack in self._objects.packs.all()) >= MANY:
            from snapstore.store import background

            background.start(self.path)

    def small_blob(self, oid: str) -> bytes | None:
        """What is in a file, sooner than by a snapshot's ``open_blob``; None where only that has it."""
        return self._objects.small_blob(oid)

    def lacks(self, blob: str) -> bool:
        """Whether it stands for a large file that is not where it should be kept."""
        pointer = self._objects.pointer(blob)
        return pointer is not None and not self.large.place.has(pointer)

    def wrote(self, resource: str, files: Iterable[Wrote]) -> None:
        """These files hold what :meth:`small_blob` gave: the next :meth:`build` need not read them."""
        # Under a limit that was lowered since, a capture has a pointer for what was a blob.
        small = (file for file in files if file.stamp[0] < self.large.limit)
        self._written.setdefault(resource, []).extend(small)

    def _remember(self, states: Mapping[str, ResourceState], snapshot: Snapshot) -> None:
        """Keep the stamps of states whose objects are now in the packs."""
        trees = resources(snapshot)
        for name, state in states.items():
            stamp, tree = state.captured.stamp, trees[name].tree
            if stamp is not None and tree and tree != state.captured.tree:
                self._known.remember(name, state.adapter, state.format, Known(stamp, tree))

    def known(self, resource: str, adapter: str, format: int) -> Known | None:
        """The state of a resource that was last kept with a stamp, by this format of its adapter."""
        return self._known.find(resource, adapter, format)

    def snapshot(self, commit: str) -> Snapshot:
        """The snapshot of a commit id, with its hints."""
        tree = commits.read(self._objects, commit).tree
        return Snapshot(tree, self._objects, commit, notes.read(self._objects, self._refs, commit))

    def resolve(self, revision: str) -> str:
        """The commit id that a revision names. SnapError naming candidates when there is not exactly one."""
        from snapstore.store import revisions

        return revisions.resolve(self._objects, self._refs, revision)

    def has(self, commit: str) -> bool:
        """Whether there is an object of this id (40 hex digits)."""
        return bool(re.fullmatch("[0-9a-f]{40}", commit)) and self._objects.has(commit)

    def head(self) -> str | None:
        """The commit id of the current branch, None before its first snapshot."""
        return self._refs.read("HEAD")

    def commit(
        self,
        snapshot: Snapshot,
        message: str,
        *,
        trailers: Mapping[str, str] | None = None,
        ref: str | None = None,
        force_new: bool = False,
    ) -> str | None:
        """Commit a snapshot that was built with ``keep``, on the current branch or on ``ref``.

        Its parent is the tip at that moment, whoever moved it there. None, and no commit, when the tip
        has the same tree already (unless ``force_new``). The hints go into a note.
        """
        name = self._refs.target(ref or "HEAD")
        if not name.startswith("refs/") or not is_valid(name):
            raise SnapError(f"no snapshot can be committed to {name!r}", fix=_DETACHED)
        with locks.short(self.workspace("commit.lock")):
            while True:
                tip = self._refs.read(name)
                if tip and not force_new and commits.read(self._objects, tip).tree == snapshot.tree:
                    return None
                commit = self._commit(name, tip, snapshot, commits.with_trailers(message, trailers or {}))
                if commit is not None:
                    self._release()
                    return commit

    def _commit(self, name: str, tip: str | None, snapshot: Snapshot, message: str) -> str | None:
        """One try to put a commit on a tip; None when another Git process has moved it meanwhile."""
        who = commits.signature(self.path)
        content = commits.encode(snapshot.tree, (tip,) if tip else (), who, message)
        commit = commits.write_loose(self._objects, COMMIT, content)
        if snapshot.hints:
            notes.write(self._objects, self._refs, commit, snapshot.hints, who)
        subject = message.partition("\n")[0]
        return commit if self._refs.move(name, tip, commit, who, f"take: {subject}") else None

    def annotate(self, commit: str, name: str, value: dict[str, Json]) -> None:
        """Keep something beside a snapshot, in its note, under a name that begins with ``@``: no resource's
        does. What was kept there before is replaced."""
        self.hold()
        with locks.short(self.workspace("commit.lock")):
            kept = {**notes.read(self._objects, self._refs, commit), name: value}
            notes.write(self._objects, self._refs, commit, kept, commits.signature(self.path))

    def compose(self, parts: Mapping[str, Snapshot], beside: Mapping[str, bytes]) -> str:
        """The id of a tree, kept: each resource as one snapshot has it, and files beside them."""
        self.hold()
        return compose(self._objects, parts, beside)

    def put_commit(
        self, tree: str, parents: tuple[str, ...], message: str, trailers: Mapping[str, str]
    ) -> str:
        """Make a commit that no ref points at yet."""
        self.hold()
        who = commits.signature(self.path)
        content = commits.encode(tree, parents, who, commits.with_trailers(message, trailers))
        return commits.write_loose(self._objects, COMMIT, content)

    def move(self, ref: str, old: str | None, new: str, reason: str) -> bool:
        """Point a ref, given by its full name, somewhere else if it is where it was seen; whether it was."""
        with locks.short(self.workspace("commit.lock")):
            return self._refs.move(ref, old, new, commits.signature(self.path), reason)

    def contains(self, tip: str, commit: str) -> bool:
        """Whether a commit is in the history of another, or is it; both have to be in the store."""
        return any(info.commit == commit for info in commits.walk(self._objects, tip, {}))

    def info(self, commit: str) -> CommitInfo:
        """The commit of a commit id; ``refs`` are not looked for."""
        return commits.read(self._objects, commit)

    def log(self, revision: str = "HEAD", limit: int | None = None) -> Iterator[CommitInfo]:
        """The history of a revision, newest first, with the refs that point at each commit."""
        start = self.resolve(revision)
        tips = {name: commits.peel_if(self._objects, oid) for name, oid in self._refs.all().items()}
        return islice(commits.walk(self._objects, start, tips), limit)

    def refs(self, prefix: str) -> dict[str, str]:
        """All refs whose full names begin with ``prefix``, and the object ids they point at."""
        return self._refs.all(prefix)

    def send_large(self, remote: Remote, tips: Iterable[str]) -> None:
        """Give a remote the large files that the history of these commits needs; before they are pushed."""
        from snapstore.store import sharing

        sharing.send(self._objects, remote, tips)

    def fetch_large(self, remote: Remote, tips: Iterable[str]) -> None:
        """Bring the large files that the history of these commits needs and that are not here."""
        from snapstore.store import sharing

        sharing.fetch(self._objects, remote, tips)

    def check(self) -> list[Notice]:
        """Every damage there is, by name; [] when the store is well. Never raises on damage."""
        from snapstore.store import check

        return check.check(self.path, self._objects, Refs(self.path))

    def lock(self, purpose: str) -> AbstractContextManager[None]:
        """The exclusive lock of a restore. SnapError (``Exit.LOCKED``) naming who has it.

        It ends with its holder, however that ends.
        """
        return locks.exclusive(self.workspace("lock"), purpose)

    def workspace(self, name: str) -> Path:
        """A path below the store for what are no Git objects: journals, caches, locks. It may not exist."""
        return self.path / "snapstore" / name


def _is_small(pack: Path) -> bool:
    """One that is gone was brought into another by a process that was started before."""
    try:
        return pack.stat().st_size < SMALL
    except FileNotFoundError:
        return False
