"""Large files in a bucket: S3 and what speaks like it, Google Cloud Storage, Azure. Needs the extra ``lfs``.

An object is ``ab/cd/abcd…``. One that is larger than ``PIECE`` is a folder of that name with its pieces,
``000000`` and so on: a piece is there whole or not at all, so that an upload that was killed goes on where it
was. Reading them one after the other gives the content.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from snapstore.errors import SnapError
from snapstore.large import Held
from snapstore.large.pointer import Pointer

if TYPE_CHECKING:
    from obstore.store import ObjectStore

PIECE = 16 << 20
_CHUNK = 1 << 20


class _Piece(NamedTuple):
    """A part of some content: the name of its object, and the size and SHA-256 that it has to have."""

    path: str
    size: int
    digest: bytes


class Bucket:
    """A :class:`snapstore.large.Place` at a URL such as ``s3://bucket/prefix``."""

    def __init__(self, url: str, options: Mapping[str, str]) -> None:
        self._url = url
        self._options = options
        self._opened: ObjectStore | None = None

    @property
    def name(self) -> str:
        parts = urlsplit(self._url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))

    def add(self, file: BinaryIO) -> Pointer:
        pointer, digests = _digested(file)
        with self._told() as store:
            there = _sizes(store, pointer.oid)
            for number, piece in enumerate(_pieces(pointer, digests)):
                if there.get(piece.path) != piece.size:
                    file.seek(number * PIECE)
                    store.put(piece.path, self._same(file.read(PIECE), piece))
        return pointer

    def _same(self, content: bytes, piece: _Piece) -> bytes:
        """A piece under its name must be that of the content which has it: the next upload builds on it."""
        if hashlib.sha256(content).digest() != piece.digest:
            fix = "take the snapshot when nothing writes to it, or exclude it"
            raise SnapError("a large file changed while it was uploaded", where=self.name, fix=fix)
        return content

    def has(self, pointer: Pointer) -> bool:
        with self._told() as store:
            return sum(_sizes(store, pointer.oid).values()) == pointer.size

    def lost(self, pointer: Pointer) -> bool:
        return False

    def read(self, pointer: Pointer) -> Iterator[bytes]:
        with self._told() as store:
            for path in _paths(pointer):
                for chunk in store.get(path).stream(min_chunk_size=_CHUNK):
                    yield bytes(chunk)

    def held(self) -> Iterator[Held]:
        sizes: Counter[str] = Counter()
        with self._told() as store:
            for found in _listed(store, None):
                parts = found["path"].split("/")
                if len(parts) in (3, 4) and len(parts[2]) == 64:
                    sizes[parts[2]] += found["size"]
        yield from (Held(oid, size) for oid, size in sorted(sizes.items()))

    def remove(self, oid: str) -> None:
        with self._told() as store:
            paths = list(_sizes(store, oid))
            if paths:
                store.delete(paths)

    @contextmanager
    def _told(self) -> Iterator[ObjectStore]:
        """The client; whatever it and the network raise, as an error that says what can be done."""
        try:
            from obstore.exceptions import BaseError
        except ImportError:
            fix = "install what it needs: pip install 'snapstore[lfs]'"
            raise SnapError(
                "buckets need obstore, which is not installed", where=self.name, fix=fix
            ) from None
        try:
            yield self._client()
        except FileNotFoundError:
            raise
        except (BaseError, OSError, ValueError, TypeError) as error:
            said = " ".join(str(error).partition("Debug source")[0].split())[:300]
            fix = "look at [large_files] and at the credentials in the environment (AWS_…, GOOGLE_…, AZURE_…)"
            raise SnapError(f"large files cannot be reached: {said}", where=self.name, fix=fix) from error

    def _client(self) -> ObjectStore:
        if self._opened is None:
            from obstore.store import from_url

            options: Any = dict(self._options)
            # Only where the address says so itself is anything sent in clear.
            private = not any(value.startswith("http://") for value in options.values())
            self._opened = from_url(self._url, config=options, client_options={"allow_http": not private})
        return self._opened


def _digested(file: BinaryIO) -> tuple[Pointer, list[bytes]]:
    """The pointer to a file's content, and the SHA-256 of each of its pieces."""
    file.seek(0)
    whole, size, digests = hashlib.sha256(), 0, []
    while piece := _read(file, whole):
        digests.append(piece.digest)
        size += piece.size
    return Pointer(whole.hexdigest(), size), digests


def _read(file: BinaryIO, whole: Any) -> _Piece | None:
    digest, left = hashlib.sha256(), PIECE
    while left and (chunk := file.read(min(left, _CHUNK))):
        whole.update(chunk)
        digest.update(chunk)
        left -= len(chunk)
    return _Piece("", PIECE - left, digest.digest()) if left < PIECE else None


def _path(oid: str) -> str:
    return f"{oid[:2]}/{oid[2:4]}/{oid}"


def _paths(pointer: Pointer) -> list[str]:
    """The names of the objects that content is kept in."""
    if pointer.size <= PIECE:
        return [_path(pointer.oid)]
    return [f"{_path(pointer.oid)}/{number:06}" for number in range(-(-pointer.size // PIECE))]


def _pieces(pointer: Pointer, digests: list[bytes]) -> Iterator[_Piece]:
    left = pointer.size
    empty = [] if digests else [hashlib.sha256().digest()]
    for path, digest in zip(_paths(pointer), digests or empty, strict=True):
        yield _Piece(path, min(left, PIECE), digest)
        left -= PIECE


def _sizes(store: ObjectStore, oid: str) -> dict[str, int]:
    """The objects that content of this SHA-256 is kept in, as far as they are there, and their sizes."""
    found = {meta["path"]: meta["size"] for meta in _listed(store, _path(oid))}
    with suppress(FileNotFoundError):
        found[_path(oid)] = store.head(_path(oid))["size"]
    return found


def _listed(store: ObjectStore, prefix: str | None) -> Iterator[Any]:
    for page in store.list(prefix):
        yield from page
