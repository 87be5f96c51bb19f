"""The vocabulary: the values that flow from capture to verification.

Every stage takes some of these and returns others; none of them does I/O. The way of the data is

    Captured ─▶ Snapshot (a Git tree) ─▶ Changes ─▶ Actions ─▶ Plan ─▶ Outcome

Text that names things follows two conventions:

* an *identity* is ``kind:name``, unique inside its resource, e.g. ``column:public.users.email``,
  ``var:DATABASE_URL``, ``comment:table:public.users``; the kind ends at the first colon;
* a *path* is relative to the resource, ``/``-separated, and may hold surrogate escapes for bytes that
  are not UTF-8 (``os.fsdecode``).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

import msgspec

Json: TypeAlias = Any
"""None, bool, int, float, str, list or dict of them; a sealed secret is ``{"$sealed": token}``."""

SEALED = "$sealed"
UNMODELLED = "unmodelled"
"""Kind of the facts that say: this was seen but cannot be restored. The core reports them by name."""


class Fact(msgspec.Struct, frozen=True, gc=False):
    """One addressable thing: its identity, its attributes and what it stands on.

    ``parent`` is the fact that this one is part of: when the parent goes, so does this (a column of a
    table, a comment, a grant). ``needs`` are identities in the same resource that must exist for this one
    to exist; a view needs the columns it reads. Neither list ever names the fact itself.
    """

    id: str
    attrs: dict[str, Json] = {}
    parent: str | None = None
    needs: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        return self.id.partition(":")[0]

    @property
    def name(self) -> str:
        return self.id.partition(":")[2]


class Document(msgspec.Struct, frozen=True):
    """A structured file of a snapshot: facts that a reader wants to see together, at a stable path."""

    path: str
    facts: tuple[Fact, ...]


Stamp: TypeAlias = tuple[int, int, int, int, int]
"""What tells that a file has changed: size, mtime_ns, ctime_ns, inode and st_mode."""


class Wrote(NamedTuple):
    """A file that a restore has made: its absolute path, the stamp that it had then, and the blob that it
    holds, which is content and no pointer."""

    source: str
    stamp: Stamp
    oid: str


class LiveFile(msgspec.Struct, frozen=True, gc=False):
    """A file, link or executable of the live system, not necessarily read yet.

    ``mode`` is Git's (0o100644, 0o100755, 0o120000). Either ``data`` holds the content (link target for a
    link) or ``source`` is the absolute path to read it from. ``stamp`` is what the stat cache compares;
    without one the content is always read.
    """

    path: str
    mode: int
    data: bytes | None = None
    source: str | None = None
    stamp: Stamp | None = None


class LiveFolder(msgspec.Struct, frozen=True, gc=False):
    """Regular files that are directly in one folder, none read yet: what a large tree is quickly told by.

    ``path`` is the folder's ("" for the top), ``source`` its absolute path. ``names`` are those of the file
    system with a NUL behind each, ``stamps`` in the same order, packed (:mod:`snapstore.stamps` makes both);
    a file is executable when its mode lets the owner execute it.
    """

    path: str
    source: str
    names: bytes
    stamps: bytes


class Notice(msgspec.Struct, frozen=True):
    """Something a capture has to tell its user, by name: never a secret.

    ``serious``: what is there is not all captured, or cannot come back everywhere as it is. ``snap take
    --strict`` stops at these.
    """

    subject: str
    text: str
    serious: bool = False


class Captured(msgspec.Struct, frozen=True):
    """What an adapter found in the live system. No path is told twice, be it by ``files`` or ``folders``.

    ``pages`` are documents too large or too many to be held together: each is asked for when the one before
    is in the store, so a generator that reads as it goes needs no more memory than the largest. They hold
    facts that stand alone, without a parent or needs: a plan sees those that change, and no others. Where a
    fact lies should not depend on how many there are, or a small change makes many pages another.

    ``hints`` are volatile facts that help to plan (row counts, sizes, column order, server version): kept
    beside the snapshot (a Git note), never in its tree, so that they cannot make equal states differ.

    ``stamp`` tells this state from every other one of the resource, and holds nothing from which a secret
    could be guessed; None where there is no such thing. A later capture that finds the same stamp in
    ``Context.known`` may give the ``tree`` that is known there instead of documents, files and folders.
    """

    documents: list[Document] = []
    files: Iterable[LiveFile] = ()
    notices: list[Notice] = []
    hints: dict[str, Json] = {}
    folders: Iterable[LiveFolder] = ()
    stamp: bytes | None = None
    tree: str | None = None
    pages: Iterable[Document] = ()


class ResourceState(msgspec.Struct, frozen=True):
    """One resource as its adapter captured it; ``format`` is the adapter's."""

    adapter: str
    format: int
    captured: Captured


class Known(msgspec.Struct, frozen=True):
    """A state of a resource that was captured before: its stamp, and its tree in the store."""

    stamp: bytes
    tree: str


class Blob(msgspec.Struct, frozen=True, gc=False):
    """A file of a snapshot: Git's mode and the id of its content in the store."""

    mode: int
    oid: str


class FactChange(msgspec.Struct, frozen=True):
    """A fact added (``before`` is None), removed (``after`` is None) or changed."""

    id: str
    before: Fact | None
    after: Fact | None


class FileChange(msgspec.Struct, frozen=True):
    """A file added, removed or changed (content or mode); the same convention."""

    path: str
    before: Blob | None
    after: Blob | None


class ResourceChanges(msgspec.Struct, frozen=True):
    """All that differs in one resource, both lists sorted by identity or path.

    ``adapter`` is the adapter that captured it. A resource that exists on one side only is all
    additions or all removals.
    """

    resource: str
    adapter: str
    facts: list[FactChange] = []
    files: list[FileChange] = []

    def __bool__(self) -> bool:
        return bool(self.facts or self.files)


class HazardName(StrEnum):
    """What can go wrong for the people around. The first five are refused unless allowed by name."""

    DATA_LOSS = "data-loss"
    IRREVERSIBLE = "irreversible"
    UNVERIFIABLE = "unverifiable"
    DOWNTIME = "downtime"
    SECURITY = "security"
    TABLE_REWRITE = "table-rewrite"
    BLOCKING_LOCK = "blocking-lock"
    INDEX_BUILD = "index-build"


REFUSED_BY_DEFAULT = frozenset(
    {
        HazardName.DATA_LOSS,
        HazardName.IRREVERSIBLE,
        HazardName.UNVERIFIABLE,
        HazardName.DOWNTIME,
        HazardName.SECURITY,
    }
)


class Hazard(msgspec.Struct, frozen=True, omit_defaults=True):
    """One danger of one action, with its size where known."""

    name: HazardName
    text: str
    rows: int | None = None
    bytes: int | None = None


class SealedRef(msgspec.Struct, frozen=True):
    """A secret that an action needs when it runs: the identity it was sealed for and its token."""

    identity: str
    token: str


class Verb(StrEnum):
    CREATE = "create"
    ALTER = "alter"
    REPLACE = "replace"
    DROP = "drop"


class Action(msgspec.Struct, frozen=True, omit_defaults=True):
    """One operation on one live system.

    ``statements`` are what will be run or called, for reading and, where the adapter says so, for
    execution, with each secret as its placeholder (a key of ``secrets``). ``payload`` is the adapter's own
    machine-readable part. ``undo`` is how it would be taken back, for reading.

    Ordering is declared, not positioned: an action runs after those that produce what it ``needs``, before
    those that destroy what it ``needs`` or ``releases`` (stops standing on), and after the one that
    destroys what it ``produces``. All four name identities or paths of its own resource.
    """

    resource: str
    verb: Verb
    subject: str
    summary: str
    statements: tuple[str, ...] = ()
    payload: dict[str, Json] = {}
    undo: tuple[str, ...] = ()
    produces: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    destroys: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()
    hazards: tuple[Hazard, ...] = ()
    lock: str | None = None
    rows: int | None = None
    bytes: int | None = None
    transactional: bool = False
    secrets: dict[str, SealedRef] = {}
    rank: int = 0
    """Breaks ties inside a resource: lower runs first where no dependency decides."""


class DataMode(StrEnum):
    """What happens to rows that a restore would destroy."""

    ARCHIVE = "archive"
    DISCARD = "discard"
    REFUSE = "refuse"


class Archived(msgspec.Struct, frozen=True):
    """Something that a restore put aside instead of destroying it: its place in the archive of its resource,
    what it was, when that was (ISO 8601, UTC) and how much of it there is, where known. An adapter leaves
    ``resource`` empty.
    """

    place: str
    identity: str
    archived_at: str
    rows: int | None = None
    bytes: int | None = None
    resource: str = ""


class Locking(StrEnum):
    """How long others may have to wait: for one transaction, or for steps that they hardly notice."""

    ONLINE = "online"
    ATOMIC = "atomic"


class PlanOptions(msgspec.Struct, frozen=True):
    """What the operator asked for, beyond the target; part of the plan and of its digest."""

    data: DataMode = DataMode.ARCHIVE
    exact_column_order: bool = False
    """Whether tables are rebuilt that differ from the target in nothing but how their columns lie."""
    locking: Locking | None = None
    """For adapters that can work in either way; None leaves it to the settings of each resource."""
    renames: dict[str, str] = {}
    """Identities that are live and what the target calls them, where the operator says that the two are one.
    The same identity twice says that it is not to be renamed."""


class Scope(msgspec.Struct, frozen=True):
    """Which part of the state an operation is about; empty means everything.

    Each pattern is ``RESOURCE`` or ``RESOURCE:PATTERN`` where PATTERN is a shell glob matched against the
    paths of that resource's files, and the identities and the names of its facts.
    """

    patterns: tuple[str, ...] = ()


EVERYTHING = Scope()


class PlanSide(msgspec.Struct, frozen=True):
    """A state that a plan starts from or leads to."""

    tree: str
    commit: str | None = None


class Plan(msgspec.Struct, frozen=True):
    """A reviewed document: from ``base`` (the live state it was made for) to ``target``.

    ``digest`` is the SHA-256 of the canonical JSON of all other fields; ``actions`` are in the order in
    which they run. ``notes`` are hazards of the plan as a whole (for instance what cannot be verified).
    """

    base: PlanSide
    target: PlanSide
    scope: Scope
    options: PlanOptions
    actions: list[Action]
    notes: list[Hazard] = []
    format: int = 1
    digest: str = ""


class Condition(StrEnum):
    """The state in which a restore left a resource."""

    UNCHANGED = "unchanged"
    RESTORED = "restored"
    PARTIAL = "partial"


class Outcome(msgspec.Struct, frozen=True):
    """What a restore did to one resource."""

    resource: str
    condition: Condition
    done: int
    total: int
    error: str | None = None
