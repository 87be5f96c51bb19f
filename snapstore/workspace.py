"""What a command works with: the configuration, the store and the keys."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from snapstore.secrets import Keys, create_keys, open_keys
from snapstore.store import Store, open_store
from snapstore.store import create as create_store

if TYPE_CHECKING:
    from snapstore.config import Config


class Workspace(msgspec.Struct, frozen=True):
    config: Config
    store: Store
    keys: Keys

    @property
    def journals(self) -> Path:
        """Where the journals of restores are."""
        return self.store.workspace("journal")


def open_workspace(config: Config, *, create: bool = False) -> Workspace:
    """The store and keys that the configuration names. SnapError when there is no store.

    With ``create``, a store and its sealing key are made where there is none yet. A damaged store is
    never replaced.
    """
    if create and is_vacant(config.store):
        return _created(config)
    return Workspace(
        config, open_store(config.store, config.branch, config.large), open_keys(config.store, os.environ)
    )


def is_vacant(path: Path) -> bool:
    """Whether a store can be made here: nothing is there, or an empty folder (dot files do not count)."""
    if not path.is_dir():
        return not path.exists()
    return all(entry.name.startswith(".") for entry in path.iterdir())


def _created(config: Config) -> Workspace:
    store = create_store(config.store, config.branch or "main", config.large)
    return Workspace(config, store, create_keys(config.store, os.environ))
