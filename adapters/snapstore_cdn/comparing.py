"""Which differences between two captures a restore is about: not what one of them left out, and not what
only tells that a provider has learned something new."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from importlib import import_module

from snapstore.model import UNMODELLED, FactChange, Json, ResourceChanges
from snapstore_cdn.provider import Change, Traits

Hints = Mapping[str, Json]


def beyond(changes: ResourceChanges, live: Hints, target: Hints) -> Collection[str]:
    """The identities of the differences that no restore owes anybody."""
    excluded = [pattern for hints in (live, target) for pattern in hints.get("exclude", ())]
    known = _traits(live)
    return {
        change.id
        for change in changes.facts
        if any(fnmatchcase(change.id, pattern) for pattern in excluded)
        or (known is not None and known.left_alone(plain(change)))
    }


def _traits(hints: Hints) -> Traits | None:
    name = hints.get("provider")
    return import_module(f"snapstore_cdn.{name}.planning").TRAITS if name else None


def owed(changes: ResourceChanges, live: Hints, target: Hints) -> list[FactChange]:
    """The differences that a restore has to do something about, or say that it cannot."""
    out = beyond(changes, live, target)
    return [
        change
        for change in changes.facts
        if change.id not in out and not change.id.startswith(f"{UNMODELLED}:")
    ]


def plain(change: FactChange, version: str | None = None, earlier: str | None = None) -> Change:
    """The same as providers know it."""
    before, after = (side.attrs if side is not None else None for side in (change.before, change.after))
    return Change(change.id, before, after, version, earlier)
