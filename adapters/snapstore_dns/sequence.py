"""The order of changes inside a zone, so that no name is without an address between two steps.

First what gets an address, then what points at it, then what only loses one. Of two names that both change,
that which is pointed at comes first when it gets an address, and last when it loses it. All that changes of a
name stays together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from snapstore.ordering import topological
from snapstore_dns.records import Change, RecordSet, is_within

ADDRESSES = frozenset({"A", "AAAA", "CNAME"})
_POINTING = frozenset({"CNAME", "MX", "NS", "SRV", "PTR"})
_ALIAS, _TUNNEL = "CNAME", "DNAME"
_OPENED, _GAINING, _OTHER, _LOSING, _CLOSED = range(5)


Sets = Mapping[tuple[str, str], RecordSet]
ByOwner = Mapping[str, Sequence[Change]]


def in_order(zone: str, changes: Iterable[Change], after: Sets) -> list[Change]:
    """The changes of a zone in the order in which they are to be done, that of its SOA last. ``after`` are
    all record sets that it will have."""
    by_owner: dict[str, list[Change]] = defaultdict(list)
    last = []
    for change in sorted(changes, key=lambda change: change.key):
        if change.type == "SOA":
            last.append(change)
        else:
            by_owner[change.owner].append(change)
    return [change for owner in _owners(zone, by_owner, after) for change in by_owner[owner]] + last


def _owners(zone: str, by_owner: ByOwner, after: Sets) -> list[str]:
    """Mail servers may be for each other's mail; names that are aliases of each other are no addresses."""
    found = _sorted(by_owner, _edges(zone, by_owner, after, _POINTING))
    left = {owner: by_owner[owner] for owner in by_owner.keys() - set(found)}
    found += _sorted(left, _edges(zone, left, after, {_ALIAS}))
    return found + sorted(by_owner.keys() - set(found))


def _sorted(by_owner: ByOwner, edges: Iterable[tuple[str, str]]) -> list[str]:
    """The owners, each after those before it; what is in a circle, or behind one, is left out."""
    following: dict[str, list[str]] = defaultdict(list)
    waiting = dict.fromkeys(by_owner, 0)
    for first, then in edges:
        following[first].append(then)
        waiting[then] += 1
    keys = {owner: f"{_phase(changes)} {owner}" for owner, changes in by_owner.items()}
    return list(topological(waiting, following, key=keys.__getitem__))


def _edges(zone: str, by_owner: ByOwner, after: Sets, kinds: Collection[str]) -> set[tuple[str, str]]:
    """Who has to come before whom: what is pointed at is there first, and whoever keeps an address leaves
    what it pointed at before that loses its own."""
    found = set()
    for owner, changes in by_owner.items():
        for change in changes:
            if change.type not in kinds:
                continue
            found |= {(target, owner) for target in _targets(change.after)}
            if change.type == _ALIAS and has_address(owner, zone, after):
                left = _targets(change.before) - _targets(change.after)
                found |= {(owner, target) for target in left if not has_address(target, zone, after)}
    return {(first, then) for first, then in found if first != then and {first, then} <= by_owner.keys()}


def _targets(side: object) -> set[str]:
    """The names that a record set points at."""
    if not isinstance(side, RecordSet) or side.type not in _POINTING:
        return set()
    return {text.rpartition(" ")[2].removesuffix(".").lower() for text in side.records}


def has_address(owner: str, zone: str, sets: Sets) -> bool:
    """Whether a name leads to an address; one of another zone is taken to."""
    seen: set[str] = set()
    while is_within(owner, zone) and owner not in seen:
        if any((owner, kind) in sets for kind in ADDRESSES - {_ALIAS}):
            return True
        seen.add(owner)
        alias = sets.get((owner, _ALIAS))
        if alias is None:
            return False
        (owner,) = _targets(alias)
    return owner not in seen


def _phase(changes: Sequence[Change]) -> int:
    tunnels = [change for change in changes if change.type == _TUNNEL]
    if tunnels:
        return _CLOSED if any(change.after for change in tunnels) else _OPENED
    addresses = [change for change in changes if change.type in ADDRESSES]
    if any(change.after for change in addresses):
        return _GAINING
    return _LOSING if addresses else _OTHER
