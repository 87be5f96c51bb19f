"""The store: a bare Git repository whose commits are snapshots (docs/store-format.md)."""

from snapstore.model import ResourceState
from snapstore.store.commits import CommitInfo
from snapstore.store.store import Store, create, open_store

__all__ = ["CommitInfo", "ResourceState", "Store", "create", "open_store"]
