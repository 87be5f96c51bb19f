"""Which patterns of a scope name nothing at all: a name that is misspelt has nothing to restore either."""

from __future__ import annotations

from collections.abc import Iterator

from snapstore import adapter as adapters
from snapstore.config import Config
from snapstore.diff import diff, selector
from snapstore.model import FactChange, FileChange, Scope
from snapstore.snapshot import Snapshot, each_fact, files


def unmatched(config: Config, scope: Scope, live: Snapshot, target: Snapshot) -> list[str]:
    """Patterns of parts of resources that fit nothing in either state, nor what follows a restore."""
    parts = [pattern for pattern in scope.patterns if ":" in pattern]
    return [pattern for pattern in parts if not _fits(config, pattern, live, target)]


def _fits(config: Config, pattern: str, live: Snapshot, target: Snapshot) -> bool:
    resource, scope = pattern.partition(":")[0], Scope((pattern,))
    if diff(live, target, scope):
        return True
    inside = selector(scope, resource)
    return inside is None or any(map(inside, _things(config, resource, live, target)))


def _things(config: Config, resource: str, *states: Snapshot) -> Iterator[FactChange | FileChange]:
    """All that a resource has, as if it had just come."""
    known = config.resources[resource]
    for action in adapters.load(known.adapter).follow(known.settings, resource, ()):
        yield FactChange(action.subject, None, None)
    for state in states:
        yield from (FactChange(fact.id, None, fact) for fact in each_fact(state, resource))
        yield from (FileChange(path, None, blob) for path, blob in files(state, resource))
