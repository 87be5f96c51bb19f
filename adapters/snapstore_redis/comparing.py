"""Which differences between two captures a restore is about: not what one of them was not asked for, not what
has expired since, and not what two versions only tell otherwise."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from fnmatch import fnmatchcase

from snapstore.model import Fact, FactChange, Json, ResourceChanges
from snapstore_redis.functions import FUNCTION, MODULE
from snapstore_redis.names import KEY, key_place
from snapstore_redis.parameters import PARAMETER
from snapstore_redis.patterns import matcher

Hints = Mapping[str, Json]

_COUNTERS = ("entries_added", "max_deleted_id")


def beyond(changes: ResourceChanges, live: Hints, target: Hints) -> Collection[str]:
    """The identities of the differences that no restore owes anybody."""
    excused = _Excuses(live, target)
    return {change.id for change in changes.facts if excused(change)}


class _Excuses:
    def __init__(self, live: Hints, target: Hints) -> None:
        self._live = live
        self._asked = [_asked(live), _asked(target)]
        self._covered = [_covered(live), _covered(target)]
        self._excluded = [pattern for hints in (live, target) for pattern in hints.get("exclude", ())]
        self._old = any(version(hints) < (7,) for hints in (live, target))

    def __call__(self, change: FactChange) -> bool:
        kind = change.id.partition(":")[0]
        if any(fnmatchcase(change.id, pattern) for pattern in self._excluded):
            return True
        if kind == KEY:
            return self._key(change)
        if kind in (PARAMETER, MODULE) and change.after is None:
            return kind == PARAMETER or not self._asked[1](kind)
        asked_now, asked_then = (asked(kind) for asked in self._asked)
        # A server without functions lacks what the target has of them: that is owed, and cannot be given.
        lacking = kind == FUNCTION and change.before is None and version(self._live) < (7,)
        return not asked_then or not (asked_now or lacking)

    def _key(self, change: FactChange) -> bool:
        _, key = key_place(change.id)
        if not all(covered(key) for covered in self._covered):
            return True
        if change.before is None and has_expired(change.after, self._live):
            return True
        if change.before is None or change.after is None:
            return False
        if change.before.attrs == _unexpired(change.after.attrs, self._live):
            return True
        return self._old and plain(change.before.attrs) == plain(change.after.attrs)


def _asked(hints: Hints) -> Callable[[str], bool]:
    parts = hints.get("parts")
    return lambda kind: parts is None or kind in parts


def _covered(hints: Hints) -> Callable[[bytes], bool]:
    """Whether a capture was asked for a key; one without hints is taken to have been."""
    patterns = hints.get("keys")
    return (lambda key: True) if patterns is None else matcher(patterns)


def version(hints: Hints) -> tuple[int, ...]:
    """That of the Redis whose commands the server has."""
    return tuple(hints.get("speaks", (7,)))


def knows_vectors(hints: Hints) -> bool:
    return hints.get("server") == "redis" and tuple(hints.get("version", ())) >= (8,)


def has_expired(fact: Fact | None, live: Hints) -> bool:
    expires = fact.attrs.get("expires_at") if fact else None
    return expires is not None and expires <= live.get("time", 0)


def _unexpired(attrs: dict[str, Json], live: Hints) -> dict[str, Json]:
    """A hash without the fields that have expired by now."""
    times, value = attrs.get("fields_expire_at", {}), attrs.get("value")
    gone = {field for field, time in times.items() if time <= live.get("time", 0)}
    if not gone or not isinstance(value, dict):
        return attrs
    left = {field: time for field, time in times.items() if field not in gone}
    rest = {name: item for name, item in attrs.items() if name != "fields_expire_at"}
    found = rest | {"value": {field: item for field, item in value.items() if field not in gone}}
    return found | {"fields_expire_at": left} if left else found


def plain(attrs: dict[str, Json]) -> dict[str, Json]:
    """A key without what servers before 7.0 do not know of its stream."""
    value = attrs.get("value")
    if attrs.get("type") != "stream" or not isinstance(value, dict):
        return attrs
    found = {name: item for name, item in value.items() if name not in _COUNTERS}
    if "groups" in found:
        found["groups"] = {
            name: {key: item for key, item in group.items() if key != "entries_read"}
            for name, group in found["groups"].items()
        }
    return attrs | {"value": found}
