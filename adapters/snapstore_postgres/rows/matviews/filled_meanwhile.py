"""Materialized views that are to be empty, filled while others that read them are.

One that was filled before what it reads was emptied is a state like others. No statement makes it at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Action, Verb
from snapstore_postgres.relations import STRONGEST
from snapstore_postgres.rows.matviews.refreshing import reads
from snapstore_postgres.words import is_filling

_RANK = 700


def with_sources_filled(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, those that fill a materialized view while all those that it reads are filled."""
    empty = {fact.id for fact in request.target.kinds.get("matview", ()) if "unpopulated" in fact.attrs}
    readers = {a.subject: read for a in actions for read in [_read(a, empty, request.target)] if read}
    if not readers:
        return list(actions)
    sources = sorted(set().union(*readers.values()))
    above = {i: reads(request.target[i], request.target) & {*sources} for i in sources}
    return [
        *(_waiting(action, readers, sources) for action in actions),
        *(_filled(request, i, above[i]) for i in sources),
        *(_emptied(request, i, _on(i, readers), _on(i, above)) for i in sources),
    ]


def _read(action: Action, empty: set[str], target: Facts) -> set[str]:
    """What of those that are to be empty an action has to find filled."""
    fills = any(is_filling(text) and not text.endswith(" WITH NO DATA") for text in action.statements)
    matview = target.get(action.subject) if fills and empty else None
    return reads(matview, target) & empty if matview is not None and matview.kind == "matview" else set()


def _on(source: str, readers: Mapping[str, set[str]]) -> list[str]:
    return [identity for identity, read in readers.items() if source in read]


def _waiting(action: Action, readers: Mapping[str, set[str]], sources: Sequence[str]) -> Action:
    if action.verb is Verb.DROP:
        return action
    if action.subject in readers:
        needs = (*action.needs, *(f"filled:{i}" for i in sorted(readers[action.subject])))
        return structs.replace(action, needs=needs, produces=(*action.produces, f"read:{action.subject}"))
    if action.subject in sources:
        return structs.replace(action, produces=(*action.produces, f"made:{action.subject}"))
    return action


def _filled(request: PlanRequest, identity: str, above: set[str]) -> Action:
    needs = (identity, f"made:{identity}", *(f"filled:{i}" for i in sorted(above)))
    return _refreshed(request, identity, "fill matview {}, while others read it", "", needs, "filled")


def _emptied(request: PlanRequest, identity: str, readers: list[str], sources: list[str]) -> Action:
    needs = (f"filled:{identity}", *(f"read:{i}" for i in readers), *(f"filled:{i}" for i in sources))
    return _refreshed(request, identity, "empty matview {} again", " WITH NO DATA", needs, "emptied")


def _refreshed(
    request: PlanRequest, identity: str, what: str, how: str, needs: tuple[str, ...], token: str
) -> Action:
    name = identity.partition(":")[2]
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=identity,
        summary=what.format(name),
        statements=(f"REFRESH MATERIALIZED VIEW {name}{how}",),
        needs=needs,
        produces=(f"{token}:{identity}",),
        lock=STRONGEST,
        transactional=True,
        rank=_RANK,
    )
