"""The state after against the state promised."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple

from msgspec import structs

from snapstore import adapter as adapters
from snapstore.diff import diff, selector
from snapstore.model import FactChange, FileChange, ResourceChanges, Scope
from snapstore.snapshot import Snapshot, resources


class Name(NamedTuple):
    """A fact or a file of a snapshot: what messages call it."""

    resource: str
    name: str

    def __str__(self) -> str:
        return f"{self.resource}:{self.name}"


Resealed = Callable[[str, FactChange], bool]
"""Whether a fact of a resource changed in nothing but the key of its secrets: ``Keys.only_resealed``."""


def verify(
    before: Snapshot, after: Snapshot, target: Snapshot, scope: Scope, resealed: Resealed
) -> list[str]:
    """Where the live state after a restore is not what was promised, one line each; [] when it is.

    Inside the scope everything must be as in the target. Outside it, in the resources that the restore
    worked on, everything must be as before, except the whole of which a part came or went. Secrets are
    compared by what they hold: after a rotation of the data key their tokens differ.
    """
    found = [owed(changes, resealed, after, target) for changes in diff(after, target, scope)]
    inside = [
        f"{changes.resource}:{_name(change)} {_wrong(change)}"
        for changes in found
        for change in _all(changes)
    ]
    beside = [f"{name} has changed, outside the scope" for name in outside(before, after, scope)]
    untold = {changes.resource for changes in found}
    return inside + beside or list(_other_layout(after, target, scope, untold))


def without(changes: ResourceChanges, resealed: Resealed) -> ResourceChanges:
    """The changes that are more than another key for the same secrets."""
    facts = [change for change in changes.facts if not resealed(changes.resource, change)]
    return structs.replace(changes, facts=facts)


def owed(changes: ResourceChanges, resealed: Resealed, live: Snapshot, target: Snapshot) -> ResourceChanges:
    """The changes from ``live`` to ``target`` that a restore is held to account for: not what one side's
    settings left out of it, nor what the two only tell otherwise."""
    found = without(changes, resealed)
    if not found.facts:
        return found
    hints = [snapshot.hints.get(changes.resource, {}) for snapshot in (live, target)]
    beyond = adapters.load(changes.adapter).beyond(found, *hints)
    return structs.replace(found, facts=[change for change in found.facts if change.id not in beyond])


def differing(changes: Iterable[ResourceChanges]) -> list[Name]:
    """The names of all that changed."""
    return [Name(found.resource, _name(change)) for found in changes for change in _all(found)]


def outside(before: Snapshot, after: Snapshot, scope: Scope) -> Iterator[Name]:
    """What changed in the resources of the scope though it is not in the scope."""
    for changes in diff(before, after) if scope.patterns else ():
        inside = selector(scope, changes.resource)
        if inside is None:
            continue
        wholes = {_whole(change) for change in changes.facts if inside(change)}
        for change in _all(changes):
            if not inside(change) and _name(change) not in wholes:
                yield Name(changes.resource, _name(change))


def _whole(change: FactChange) -> str | None:
    """The parent of a fact that came or went: it may list its parts, as an env file does."""
    fact = change.after if change.before is None else change.before if change.after is None else None
    return fact.parent if fact else None


def _other_layout(after: Snapshot, target: Snapshot, scope: Scope, untold: Collection[str]) -> Iterator[str]:
    """Equal facts in other documents: then the tree ids would differ though nothing else does."""
    promised = resources(target)
    for name, entry in resources(after).items():
        whole = (not scope.patterns or name in scope.patterns) and name not in untold
        if whole and name in promised and entry != promised[name] and entry.format == promised[name].format:
            yield f"{name}: the same facts, but in other documents"


def _all(changes: ResourceChanges) -> list[FactChange | FileChange]:
    return [*changes.facts, *changes.files]


def _name(change: FactChange | FileChange) -> str:
    return change.id if isinstance(change, FactChange) else change.path


def _wrong(change: FactChange | FileChange) -> str:
    """``change`` leads from what is there to what should be."""
    if change.before is None:
        return "is missing"
    return "is there, but should not be" if change.after is None else "is not as promised"
