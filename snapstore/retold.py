"""Differences between two snapshots, without what two versions of a system only tell otherwise.

An update of a server changes how it prints what it holds, and with it the tree of a snapshot. To people that
is no change: it is counted, and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from msgspec import structs

from snapstore import adapter as adapters
from snapstore.diff import diff
from snapstore.errors import SnapError
from snapstore.model import EVERYTHING, ResourceChanges, Scope
from snapstore.snapshot import Snapshot


class Differences(NamedTuple):
    """What changed, as :func:`snapstore.diff.diff` gives it, and by resource the number of facts that are
    only told otherwise."""

    changes: list[ResourceChanges]
    retold: dict[str, int]


def differences(before: Snapshot, after: Snapshot, scope: Scope = EVERYTHING) -> Differences:
    """What changed inside ``scope``. Where an adapter is not installed, all that differs is a change."""
    changes: list[ResourceChanges] = []
    retold: dict[str, int] = {}
    for found in diff(before, after, scope):
        same = _retold(found, before, after)
        rest = structs.replace(found, facts=[change for change in found.facts if change.id not in same])
        if same:
            retold[found.resource] = len(same)
        if rest:
            changes.append(rest)
    return Differences(changes, retold)


def _retold(found: ResourceChanges, before: Snapshot, after: Snapshot) -> Collection[str]:
    hints = [snapshot.hints.get(found.resource) for snapshot in (before, after)]
    if not found.facts or not hints[0] or not hints[1]:
        return ()
    try:
        return adapters.load(found.adapter).retold(found, hints[0], hints[1])
    except SnapError:  # old snapshots are compared without what took them, too
        return ()
