"""Remembers the tree that a resource's state became, under the stamp by which its adapter knows that state.

As in the stat cache, a tree is believed to be whole while all packs are there that were when it was written:
all its objects are in them. Losing a record, or having one of another version, costs time and nothing else.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import msgspec

from snapstore import __version__
from snapstore.model import Known
from snapstore.store import durable
from snapstore.store.packs import Packs


class _Record(msgspec.Struct, forbid_unknown_fields=True):
    """``by`` is all whose change may make another tree of the same state."""

    by: str
    stamp: bytes
    tree: str
    packs: list[str]


class KnownStates:
    """The states known of a store, one for each resource: the last that was kept with a stamp."""

    def __init__(self, folder: Path, packs: Packs) -> None:
        self._folder = folder
        self._packs = packs

    def find(self, resource: str, adapter: str, format: int) -> Known | None:
        """What is known of a resource, if this version captured it and all of it is in the store."""
        try:
            record = msgspec.json.decode(self._path(resource).read_bytes(), type=_Record)
        except (OSError, msgspec.DecodeError):
            return None
        whole = self._packs.names().issuperset(record.packs)
        return Known(record.stamp, record.tree) if whole and record.by == _by(adapter, format) else None

    def remember(self, resource: str, adapter: str, format: int, known: Known) -> None:
        """To be called when all objects of the tree are in packs; no effect where it cannot be written."""
        record = _Record(_by(adapter, format), known.stamp, known.tree, sorted(self._packs.names()))
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            durable.write_file(self._path(resource), msgspec.json.encode(record), mode=0o600, sync=False)

    def _path(self, resource: str) -> Path:
        return self._folder / f"{quote(resource, safe='')}.json"


def _by(adapter: str, format: int) -> str:
    return f"snapstore {__version__}, {adapter} {format}"
