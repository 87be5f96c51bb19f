"""Which differences between two captures a restore is about: not what one of them left out or was not asked
for, and not what only tells that a provider has learned something new."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from importlib import import_module

from msgspec import structs

from snapstore.model import UNMODELLED, FactChange, Json, ResourceChanges
from snapstore_cdn.provider import Change, Traits

Hints = Mapping[str, Json]


def beyond(changes: ResourceChanges, live: Hints, target: Hints) -> Collection[str]:
    """The identities of the differences that no restore owes anybody."""
    return {
        change.id
        for change in changes.facts
        if _is_left_out(change, live, target) or _is_unknown(change, live, target)
    }


def owed(changes: ResourceChanges, live: Hints, target: Hints) -> list[FactChange]:
    """The differences that a restore has to do something about, or say that it cannot."""
    out = beyond(changes, live, target)
    due = [change for change in changes.facts if change.id not in out and not _is_unmodelled(change)]
    return [_retold(change, live, target) for change in due]


def _retold(change: FactChange, live: Hints, target: Hints) -> FactChange:
    """With the target in the words of now."""
    known = _traits(live)
    if known is None or change.after is None:
        return change
    attrs = dict(known.told_as(change.after.attrs, live, target))
    return structs.replace(change, after=structs.replace(change.after, attrs=attrs))


def unknown(changes: ResourceChanges, live: Hints, target: Hints) -> dict[str, list[str]]:
    """What is there and was not asked for when the target was captured, by kind and place."""
    found: dict[str, list[str]] = {}
    for change in changes.facts:
        if _is_unknown(change, live, target) and not _is_left_out(change, live, target):
            found.setdefault(group_of(change.id), []).append(change.id)
    return found


def _is_left_out(change: FactChange, live: Hints, target: Hints) -> bool:
    """By the settings of one of them, by what is known of the provider, or since it only stands on others."""
    sides = (live, target)
    excluded = [pattern for hints in sides for pattern in hints.get("exclude", ())]
    if any(fnmatchcase(change.id, pattern) for pattern in excluded):
        return True
    known, one = _traits(live), plain(_retold(change, live, target))
    if one.before == one.after or (known is not None and known.left_alone(one)):
        return True
    return not (_is_unmodelled(change) or all(_is_about(hints, change.id) for hints in sides))


def _is_unknown(change: FactChange, live: Hints, target: Hints) -> bool:
    """Whether it is there, and nobody knows whether it was when the target was captured."""
    if change.after is not None or _is_unmodelled(change):
        return False
    if "asked" in target:
        return not has_told(target, change.id)
    known = _traits(live)
    return known is not None and change.id.partition(":")[0] in known.later


def _traits(hints: Hints) -> Traits | None:
    name = hints.get("provider")
    return import_module(f"snapstore_cdn.{name}.planning").TRAITS if name else None


def _is_unmodelled(change: FactChange) -> bool:
    return change.id.startswith(f"{UNMODELLED}:")


def has_told(hints: Hints, identity: str) -> bool:
    """Whether a capture had all there was of that kind at that place."""
    kind, _, _ = identity.partition(":")
    return "asked" not in hints or not {group_of(identity), f"{kind}:"}.isdisjoint(hints["asked"])


def group_of(identity: str) -> str:
    """Its kind and its place, such as a service or a zone."""
    return identity.partition("/")[0]


def _is_about(hints: Hints, identity: str) -> bool:
    """Whether a capture was asked for anything at that place."""
    place = group_of(identity).partition(":")[2]
    return has_told(hints, identity) or any(one.partition(":")[2] == place for one in hints["asked"])


def plain(change: FactChange, version: str | None = None, earlier: str | None = None) -> Change:
    """The same as providers know it."""
    before, after = (side.attrs if side is not None else None for side in (change.before, change.after))
    return Change(change.id, before, after, version, earlier)
