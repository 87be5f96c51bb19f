"""Large files: kept beside Git, each under the SHA-256 of its content, with a Git LFS pointer in the tree.

:mod:`.pointer` is what stands in the tree, :mod:`.folder` and :mod:`.bucket` are where content can be kept,
:mod:`.reading` gives it back verified. docs/store-format.md has the layout.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from snapstore.large.pointer import Pointer

DEFAULT_LIMIT = 100_000_000


class LargeSettings(NamedTuple):
    """From which size on (bytes) files are kept beside Git, and where: None is the store itself.

    ``options`` are those of the client of a bucket, as its documentation calls them.
    """

    limit: int = DEFAULT_LIMIT
    url: str | None = None
    options: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return f"LargeSettings(limit={self.limit})"  # options may be secrets


DEFAULTS = LargeSettings()


class Held(NamedTuple):
    """Content that a place has, whole or in part: its SHA-256, and how many bytes of it are there."""

    oid: str
    size: int


class Place(Protocol):
    """Where the content of large files is. Everything raises SnapError that names the place."""

    @property
    def name(self) -> str:
        """What tells this place from others, without a secret."""
        ...

    def add(self, file: BinaryIO) -> Pointer:
        """Keep all that can be read of a file (which can be sought) from its start, durably.

        Memory is bounded. What was added before is not written again, nor are parts of it that a process
        which was killed has left.
        """
        ...

    def has(self, pointer: Pointer) -> bool:
        """Whether the content is there in its full size."""
        ...

    def lost(self, pointer: Pointer) -> bool:
        """Whether the content is known to be missing where asking costs nothing; False where it does."""
        ...

    def read(self, pointer: Pointer) -> Iterator[bytes]:
        """The content piece by piece, not verified. FileNotFoundError when there is none."""
        ...

    def held(self) -> Iterator[Held]:
        """All that is there."""
        ...

    def remove(self, oid: str) -> None:
        """Forget this content; no error when it is gone already."""
        ...


class Large(NamedTuple):
    """What the store needs to know: from which size on, and where."""

    limit: int
    place: Place

    @property
    def stamp(self) -> str:
        """What a stat cache is only good for: under another limit, the same files are another tree."""
        return f"{self.limit} {self.place.name}"


def open_large(settings: LargeSettings, store: Path) -> Large:
    """The large files of a store. Nothing is read or reached yet."""
    if settings.url is None:
        from snapstore.large.folder import Folder

        return Large(settings.limit, Folder(store / "lfs"))
    from snapstore.large.bucket import Bucket

    return Large(settings.limit, Bucket(settings.url, settings.options))
