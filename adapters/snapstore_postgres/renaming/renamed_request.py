"""What a request is after a renaming: its live facts, their hints, and the changes that are left."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import FactChange, Json
from snapstore_postgres.names import last, qualifier
from snapstore_postgres.relations import server_version
from snapstore_postgres.renaming import INSIDE, MISCOUNTED, Renaming, belonging
from snapstore_postgres.renaming.bounds import with_bounds
from snapstore_postgres.renaming.mentions import Mentions
from snapstore_postgres.renaming.names_before import MADE_WAY, RENAMED_BACK
from snapstore_postgres.renaming.renamed_facts import affected, renamed_facts


def renamed(request: PlanRequest, renaming: Renaming, mentions: Mentions | None = None) -> PlanRequest:
    """The request as it will be after the renaming. ``mentions``, of its live facts, are kept up."""
    facts = affected(renaming, request.live, mentions) if mentions else [*request.live.values()]
    bound = with_bounds(facts, request.live, renaming)
    found = renamed_facts(bound, renaming, request.target, server_version(request))
    others = [(was, now) for was, now in zip(facts, found, strict=True) if now is not was]
    come = {now.id: now for _, now in others}
    moves = [FactChange(was.id, was, None) for was, _ in others if was.id not in come]
    moves += [FactChange(identity, request.live.get(identity), now) for identity, now in come.items()]
    live = request.live.changed(moves)
    if mentions:
        mentions.move(moves)
    changed = structs.replace(request.changes, facts=changes_after(request, live, moves))
    return structs.replace(request, live=live, live_hints=_hints(request, renaming), changes=changed)


def changes_after(request: PlanRequest, live: Facts, moves: Iterable[FactChange]) -> list[FactChange]:
    """The changes to the target, looked for anew where something has moved only."""
    changes = {change.id: change for change in request.changes.facts}
    for identity in {move.id for move in moves}:
        before, after = live.get(identity), request.target.get(identity)
        changes.pop(identity, None)
        if before != after:
            changes[identity] = FactChange(identity, before, after)
    return sorted(changes.values(), key=attrgetter("id"))


def _hints(request: PlanRequest, renaming: Renaming) -> dict[str, Json]:
    """What is known of the live side, under the names that it gets."""
    hints, rename = dict(request.live_hints), renaming.identity
    for name in ("relations", "subscribed", "ids", MISCOUNTED):
        hints[name] = {rename(identity): hint for identity, hint in hints.get(name, {}).items()}
    hints[MISCOUNTED] = {i: [*map(rename, columns)] for i, columns in hints[MISCOUNTED].items()}
    for old, new in renaming.names.items() if renaming.kind in ("column", *INSIDE) else ():
        whole = next((f"{k}:{qualifier(old)}" for k in ("table", "enum", "composite")
                      if f"{k}:{qualifier(old)}" in hints["relations"]), "")  # fmt: skip
        known = hints["relations"].get(whole)
        if known:
            columns = [last(new) if column == last(old) else column for column in known.get("columns") or ()]
            hints["relations"][whole] = {**known, "columns": columns}
    if hints.get("archive"):
        numbers = belonging.renamed_along(request.live_hints, renaming)
        kept = [belonging.renamed_entry(e, renaming, numbers) for e in hints["archive"].get("entries", ())]
        hints["archive"] = {**hints["archive"], "entries": kept}
    for key in (RENAMED_BACK, *([MADE_WAY] if renaming.making_way else [])):
        hints[key] = [renaming.reverse, *hints.get(key, ())]
    return hints
