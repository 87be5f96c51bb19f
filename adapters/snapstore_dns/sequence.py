"""The order of changes inside a zone, so that no name is without an address between two steps.

First what gets an address, then what points at it, then what only loses one. Of two names that both change,
that which is pointed at comes first when it gets an address, and last when it loses it. All that changes of a
name stays together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from snapstore.ordering import topological
from snapstore_dns.records import ALIAS, Change, RecordSet, Soa, is_within

Side = RecordSet | Soa | None
ADDRESSES = frozenset({"A", "AAAA", "CNAME", "ALIAS", "LUA"})
"""Types that lead to an address; the last two are PowerDNS's."""
_POINTING = frozenset({"CNAME", "MX", "NS", "SRV", "PTR"})
_CNAME, _TUNNEL = "CNAME", "DNAME"
_OPENED, _GAINING, _OTHER, _LOSING, _CLOSED = range(5)


Sets = Mapping[str, Sequence[RecordSet]]
"""The record sets of a zone, by owner."""
ByOwner = Mapping[str, Sequence[Change]]


def by_owner(found: Iterable[RecordSet]) -> Sets:
    sets: dict[str, list[RecordSet]] = defaultdict(list)
    for one in found:
        sets[one.owner].append(one)
    return dict(sets)


def in_order(zone: str, changes: Iterable[Change], before: Sets, after: Sets) -> list[Change]:
    """The changes of a zone in the order in which they are to be done, that of its SOA last. ``before`` and
    ``after`` are all record sets that it has and will have."""
    owners: dict[str, list[Change]] = defaultdict(list)
    last = []
    for change in sorted(changes, key=lambda change: change.key):
        if change.type == "SOA":
            last.append(change)
        else:
            owners[change.owner].append(change)
    return [change for owner in _owners(zone, owners, before, after) for change in owners[owner]] + last


def _owners(zone: str, changes: ByOwner, before: Sets, after: Sets) -> list[str]:
    """Mail servers may be for each other's mail; names that are aliases of each other are no addresses."""
    found = _sorted(changes, _edges(zone, changes, before, after, points))
    left = {owner: changes[owner] for owner in changes.keys() - set(found)}
    found += _sorted(left, _edges(zone, left, before, after, _is_alias))
    return found + sorted(changes.keys() - set(found))


def _sorted(changes: ByOwner, edges: Iterable[tuple[str, str]]) -> list[str]:
    """The owners, each after those before it; what is in a circle, or behind one, is left out."""
    following: dict[str, list[str]] = defaultdict(list)
    waiting = dict.fromkeys(changes, 0)
    for first, then in edges:
        following[first].append(then)
        waiting[then] += 1
    keys = {owner: f"{_phase(some)} {owner}" for owner, some in changes.items()}
    return list(topological(waiting, following, key=keys.__getitem__))


def _edges(
    zone: str, changes: ByOwner, before: Sets, after: Sets, counts: Callable[[Side], bool]
) -> set[tuple[str, str]]:
    """Who has to come before whom: what is pointed at is there first, and whoever keeps an address leaves
    what it pointed at before that loses its own."""
    found = set()
    for owner, some in changes.items():
        for change in some:
            if counts(change.after):
                found |= {(name, owner) for name in _reached(targets(change.after), after)}
            if _is_alias(change.before) and has_address(owner, zone, after):
                left = _reached(targets(change.before), before)
                found |= {(owner, name) for name in left if not has_address(name, zone, after)}
    return {(first, then) for first, then in found if first != then and {first, then} <= changes.keys()}


def answers(side: Side) -> bool:
    """Whether a record set is there for resolvers: all its records may be disabled."""
    return isinstance(side, RecordSet) and (bool(side.records) or ALIAS in side.extras)


def points(side: Side) -> bool:
    """Whether a record set points at names."""
    return isinstance(side, RecordSet) and (side.type in _POINTING or ALIAS in side.extras)


def _is_alias(side: Side) -> bool:
    return isinstance(side, RecordSet) and (side.type == _CNAME or ALIAS in side.extras)


def targets(side: Side) -> set[str]:
    """The names that a record set points at."""
    if not isinstance(side, RecordSet) or not points(side):
        return set()
    names = [side.extras[ALIAS]["DNSName"]] if ALIAS in side.extras else side.records
    return {text.rpartition(" ")[2].removesuffix(".").lower() for text in names}


def _reached(names: Iterable[str], sets: Sets) -> set[str]:
    """These names, and those that they are aliases of, one after the other."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += (target for one in sets.get(name, ()) if _is_alias(one) for target in targets(one))
    return found


def has_address(owner: str, zone: str, sets: Sets) -> bool:
    """Whether a name leads to an address; one of another zone is taken to."""
    return any(
        not is_within(name, zone) or any(_is_address(one) for one in sets.get(name, ()))
        for name in _reached([owner], sets)
    )


def _is_address(side: RecordSet) -> bool:
    return side.type in ADDRESSES and not _is_alias(side) and answers(side)


def _phase(changes: Sequence[Change]) -> int:
    tunnels = [change for change in changes if change.type == _TUNNEL]
    if tunnels:
        return _CLOSED if any(change.after for change in tunnels) else _OPENED
    addresses = [change for change in changes if change.type in ADDRESSES]
    if any(answers(change.after) for change in addresses):
        return _GAINING
    return _LOSING if addresses else _OTHER
