"""Which differences between two captures a restore is about: not what one of them was told to leave alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase

from snapstore.model import Json, ResourceChanges

Hints = Mapping[str, Json]


def beyond(changes: ResourceChanges, live: Hints, target: Hints) -> Collection[str]:
    """The identities of the differences that no restore owes anybody."""
    excluded = [pattern for hints in (live, target) for pattern in hints.get("exclude", ())]
    return {
        change.id
        for change in changes.facts
        if any(fnmatchcase(_variable(change.id), pattern) for pattern in excluded)
    }


def _variable(identity: str) -> str:
    """What it is called, wherever it is for."""
    return identity.partition(":")[2].partition("@")[0]
