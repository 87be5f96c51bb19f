"""Which object is renamed next, and what makes way for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from snapstore.adapter import PlanRequest
from snapstore_postgres.renaming import GLOBAL, IN_SCHEMAS, Renaming
from snapstore_postgres.renaming.evidence import holder, is_settled
from snapstore_postgres.renaming.free_names import aside
from snapstore_postgres.renaming.objects import free_on_the_way, renaming_of
from snapstore_postgres.renaming.other_tables import others_of_the_name
from snapstore_postgres.renaming.wanted import turn, wanted_names


def next_object(request: PlanRequest, said: Mapping[str, str]) -> Renaming | None:
    """What is to be renamed now: roles and schemas, which are in the names of all others, before these."""
    wanted = dict(sorted(wanted_names(request, said), key=lambda pair: turn(pair[0])))
    above = {i: after for i, after in wanted.items() if i.startswith(_ABOVE)}
    others = (_making_way(request, i) for i in others_of_the_name(request) if i not in said)
    return _next(request, above) or _next(request, wanted) or next(others, None)


_ABOVE = ("role:", "schema:")


def _next(request: PlanRequest, wanted: Mapping[str, str]) -> Renaming | None:
    """The first of them. Where two swap their names, or something new has the name, one of them makes way."""
    holders: dict[str, str] = {}
    for identity, after in wanted.items():
        there = holder(after, request)
        if there is None:
            return free_on_the_way(request, renaming_of(request, identity, after))
        holders[identity] = there
    for identity, there in holders.items():
        if there in wanted:
            return renaming_of(request, there, aside(there, request))
        in_the_way = there.partition(":")[0] in (*IN_SCHEMAS, *GLOBAL) and not is_settled(there, request)
        if in_the_way and not _is_below(identity, there, request):
            return _making_way(request, there)
    return None


def _making_way(request: PlanRequest, identity: str) -> Renaming:
    return replace(renaming_of(request, identity, aside(identity, request)), making_way=True)


def _is_below(identity: str, other: str, request: PlanRequest) -> bool:
    """Whether a table is a partition of the other one or below: then rows go from one tree to another, which
    is no matter of names."""
    attachment = request.live.get("partition:" + identity.partition(":")[2])
    if attachment is None:
        return False
    above = f"table:{attachment.attrs['of']}"
    return above == other or _is_below(above, other, request)
