"""The order of changes inside a zone, so that no name is without an address between two steps.

First what gets an address, then what points at it, then what only loses one. Of two names that both change,
that which is pointed at comes first when it gets an address, and last when it loses it. All that changes of a
name stays together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from snapstore.ordering import topological
from snapstore_dns.records import Change, RecordSet, Soa, is_within

ADDRESSES = frozenset({"A", "AAAA", "CNAME", "ALIAS", "LUA"})
"""Types that lead to an address; the last two are PowerDNS's."""
_POINTING = frozenset({"CNAME", "MX", "NS", "SRV", "PTR"})
_ALIAS, _TUNNEL = "CNAME", "DNAME"
_OPENED, _GAINING, _OTHER, _LOSING, _CLOSED = range(5)


Sets = Mapping[tuple[str, str], RecordSet]
ByOwner = Mapping[str, Sequence[Change]]


def in_order(zone: str, changes: Iterable[Change], before: Sets, after: Sets) -> list[Change]:
    """The changes of a zone in the order in which they are to be done, that of its SOA last. ``before`` and
    ``after`` are all record sets that it has and will have."""
    by_owner: dict[str, list[Change]] = defaultdict(list)
    last = []
    for change in sorted(changes, key=lambda change: change.key):
        if change.type == "SOA":
            last.append(change)
        else:
            by_owner[change.owner].append(change)
    return [change for owner in _owners(zone, by_owner, before, after) for change in by_owner[owner]] + last


def _owners(zone: str, by_owner: ByOwner, before: Sets, after: Sets) -> list[str]:
    """Mail servers may be for each other's mail; names that are aliases of each other are no addresses."""
    found = _sorted(by_owner, _edges(zone, by_owner, before, after, _POINTING))
    left = {owner: by_owner[owner] for owner in by_owner.keys() - set(found)}
    found += _sorted(left, _edges(zone, left, before, after, {_ALIAS}))
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


def _edges(
    zone: str, by_owner: ByOwner, before: Sets, after: Sets, kinds: Collection[str]
) -> set[tuple[str, str]]:
    """Who has to come before whom: what is pointed at is there first, and whoever keeps an address leaves
    what it pointed at before that loses its own."""
    found = set()
    for owner, changes in by_owner.items():
        for change in changes:
            if change.type not in kinds:
                continue
            found |= {(name, owner) for name in _reached(_targets(change.after), after)}
            if change.type == _ALIAS and has_address(owner, zone, after):
                left = _reached(_targets(change.before), before)
                found |= {(owner, name) for name in left if not has_address(name, zone, after)}
    return {(first, then) for first, then in found if first != then and {first, then} <= by_owner.keys()}


def answers(side: RecordSet | Soa | None) -> bool:
    """Whether a record set is there for resolvers: all its records may be disabled."""
    return isinstance(side, RecordSet) and bool(side.records)


def _targets(side: object) -> set[str]:
    """The names that a record set points at."""
    if not isinstance(side, RecordSet) or side.type not in _POINTING:
        return set()
    return {text.rpartition(" ")[2].removesuffix(".").lower() for text in side.records}


def _reached(names: Iterable[str], sets: Sets) -> set[str]:
    """These names, and those that they are aliases of, one after the other."""
    found: set[str] = set()
    for name in names:
        target = name
        while target not in found:
            found.add(target)
            alias = sets.get((target, _ALIAS))
            target = next(iter(_targets(alias)), target)
    return found


def has_address(owner: str, zone: str, sets: Sets) -> bool:
    """Whether a name leads to an address; one of another zone is taken to."""
    seen: set[str] = set()
    while is_within(owner, zone) and owner not in seen:
        if any(answers(sets.get((owner, kind))) for kind in ADDRESSES - {_ALIAS}):
            return True
        seen.add(owner)
        alias = sets.get((owner, _ALIAS))
        if alias is None or not answers(alias):
            return False
        (owner,) = _targets(alias)
    return owner not in seen


def _phase(changes: Sequence[Change]) -> int:
    tunnels = [change for change in changes if change.type == _TUNNEL]
    if tunnels:
        return _CLOSED if any(change.after for change in tunnels) else _OPENED
    addresses = [change for change in changes if change.type in ADDRESSES]
    if any(answers(change.after) for change in addresses):
        return _GAINING
    return _LOSING if addresses else _OTHER
