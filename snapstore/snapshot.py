"""A snapshot as the rest of the core sees it: a tree id and a reader, wherever its objects are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple, Protocol

from snapstore.model import Json


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


@dataclass(frozen=True)
class Snapshot:
    """A whole state. ``commit`` is None for the live system; ``hints`` are by resource."""

    tree: str
    objects: Objects
    commit: str | None = None
    hints: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)


class ResourceEntry(NamedTuple):
    """A resource of a snapshot, from snapshot.json; ``tree`` is None where it holds nothing."""

    adapter: str
    format: int
    tree: str | None
