"""Which objects had another name in the target, by what the operator says, by ids, or by their column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore_postgres.renaming import GLOBAL, IN_SCHEMAS, RELATIONS, TYPES, Renaming, split
from snapstore_postgres.renaming.evidence import alike, by_id
from snapstore_postgres.renaming.free_names import is_taken
from snapstore_postgres.renaming.objects import renaming_of
from snapstore_postgres.rows.archived.archive import kept


def turn(identity: str) -> int:
    """A key to sort by: relations and types come first, since routines have them in their names and sequences
    go along with them."""
    kind = identity.partition(":")[0]
    first = (*RELATIONS, *TYPES)
    return first.index(kind) if kind in first else len(first)


def wanted_names(request: PlanRequest, said: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The identities that had another name in the target, and that one. What was made of several things is
    known by the ids of all, and is the one that it was last."""
    for identity, after in said.items():
        kind = identity.partition(":")[0]
        if identity != after and kind in (*IN_SCHEMAS, *GLOBAL) and after in request.target:
            yield identity, after
    live, target = by_id(request.live_hints), by_id(request.target_hints)
    told = {*said}
    for key, identity in live.items():
        known = target.get(key, "")
        if identity in told or not known or not _is_one(identity, known, request):
            continue
        told.add(identity)
        if known != identity and known not in said.values():
            yield identity, known


def of_same_column(request: PlanRequest) -> Iterator[Renaming]:
    """The sequence of a column that had one of another name, as in a copy that took the place of its table.
    Not where ids say that one is another's, nor where numbers of it are kept: those count on."""
    now, then = (_sequences_of_columns(side) for side in (request.live, request.target))
    pairs = ((now[column], then[column]) for column in sorted(now.keys() & then.keys()))
    new = [(before, after) for before, after in pairs if before not in request.target]
    known = _told_by_ids(request) if new else ()
    for before, after in new:
        if before in known or after in known or kept(request, after, "sequence"):
            continue
        if not is_taken(request, after) and _can(before, after, request):
            yield renaming_of(request, before, after)


def _told_by_ids(request: PlanRequest) -> set[str]:
    """What ids say is one on both sides, under either name."""
    live, target = by_id(request.live_hints), by_id(request.target_hints)
    return {side[key] for side in (live, target) for key in live.keys() & target.keys()}


def _sequences_of_columns(side: Facts) -> dict[str, str]:
    """The one sequence of each column that has one."""
    owned = [fact for fact in side.kinds.get("sequence", ()) if fact.parent]
    several = Counter(fact.parent for fact in owned)
    return {fact.parent: fact.id for fact in owned if fact.parent and several[fact.parent] == 1}


def _is_one(identity: str, after: str, request: PlanRequest) -> bool:
    """Whether what ids say is one thing can be: or else they do by chance."""
    if after == identity:
        return True
    same_kind = identity.partition(":")[0] == after.partition(":")[0]
    known = identity in request.live and after in request.target
    return same_kind and known and _can(identity, after, request) and alike(request, identity, after)


def _can(identity: str, after: str, request: PlanRequest) -> bool:
    """Whether SQL gives the name: that of an operator, and what a routine takes, stay what they are, and a
    sequence stays where its owner is."""
    kind, _, old = identity.partition(":")
    new = after.partition(":")[2]
    if kind not in IN_SCHEMAS:
        return True
    (schema, name, behind), (to, wanted, arguments) = split(kind, old), split(kind, new)
    if kind == "sequence" and request.live[identity].parent and schema != to:
        return False
    return behind == arguments and (kind != "operator" or name == wanted)
