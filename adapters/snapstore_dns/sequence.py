"""The order of changes inside a zone, so that no name is without an address between two steps.

First what gets an address, then what points at it, then what only loses one. Of two names that both change,
that which is pointed at comes first when it gets an address, and last when it loses it. All that changes of a
name stays together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from snapstore.ordering import topological
from snapstore_dns.records import Change, RecordSet

ADDRESSES = frozenset({"A", "AAAA", "CNAME"})
_POINTING = frozenset({"CNAME", "MX", "NS", "SRV", "PTR"})
_TUNNEL = "DNAME"
_OPENED, _GAINING, _OTHER, _LOSING, _CLOSED = range(5)


def in_order(zone: str, changes: Iterable[Change]) -> list[Change]:
    """The changes of one zone in the order in which they are to be done; that of its SOA is the last."""
    by_owner: dict[str, list[Change]] = defaultdict(list)
    last = []
    for change in sorted(changes, key=lambda change: change.key):
        if change.type == "SOA":
            last.append(change)
        else:
            by_owner[change.owner].append(change)
    return [change for owner in _owners(by_owner) for change in by_owner[owner]] + last


def _owners(by_owner: Mapping[str, Sequence[Change]]) -> list[str]:
    after: dict[str, list[str]] = defaultdict(list)
    waiting = dict.fromkeys(by_owner, 0)
    for first, then in _edges(by_owner):
        after[first].append(then)
        waiting[then] += 1
    keys = {owner: f"{_phase(changes)} {owner}" for owner, changes in by_owner.items()}
    found = list(topological(waiting, after, key=keys.__getitem__))
    left = set(by_owner) - set(found)  # names that point at each other in a circle
    return found + sorted(left, key=keys.__getitem__)


def _edges(by_owner: Mapping[str, Sequence[Change]]) -> set[tuple[str, str]]:
    """Who has to come before whom."""
    found = set()
    for owner, changes in by_owner.items():
        for change in changes:
            found |= {(target, owner) for target in _targets(change.after) if target in by_owner}
            gone = _targets(change.before) - _targets(change.after)
            found |= {(owner, target) for target in gone if target in by_owner and _loses(by_owner[target])}
    return {(first, then) for first, then in found if first != then}


def _targets(side: object) -> set[str]:
    """The names that a record set points at."""
    if not isinstance(side, RecordSet) or side.type not in _POINTING:
        return set()
    return {text.rpartition(" ")[2].removesuffix(".").lower() for text in side.records}


def _phase(changes: Sequence[Change]) -> int:
    tunnels = [change for change in changes if change.type == _TUNNEL]
    if tunnels:
        return _CLOSED if any(change.after for change in tunnels) else _OPENED
    if _loses(changes):
        return _LOSING
    return _GAINING if any(change.after and change.type in ADDRESSES for change in changes) else _OTHER


def _loses(changes: Sequence[Change]) -> bool:
    """Whether addresses go and none comes: what stays of them, unchanged, is not asked for."""
    addresses = [change for change in changes if change.type in ADDRESSES]
    return bool(addresses) and not any(change.after for change in addresses)
