"""Materialized views whose queries run while everybody goes on reading what was there.

One that becomes another is built beside the old one, under a spare name and with its indexes; they change
places in the transaction. What was written since it was built, a refresh afterwards brings in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from snapstore.model import Action, Fact, Locking, Verb
from snapstore_postgres.names import last, qualifier, spare_name
from snapstore_postgres.online.scene import (
    AFTER,
    BEFORE,
    REFRESHING,
    UNNOTICED,
    Change,
    Scene,
    bytes_of,
    step,
)
from snapstore_postgres.relations import STRONGEST
from snapstore_postgres.rows.matviews.refreshing import is_refreshable, reads
from snapstore_postgres.settings import locking
from snapstore_postgres.words import is_filling


def built(scene: Scene) -> Iterator[Change]:
    """Materialized views with another query, built beside those that are read meanwhile."""
    for action in scene.actions:
        if action.verb is not Verb.CREATE or not action.subject.startswith("matview:"):
            continue
        fact, drop = scene.target[action.subject], scene.drop_of(action.subject)
        if drop is None or fact.attrs.get("unpopulated") or not _takes_long(fact, scene):
            continue
        if scene.stands(action, drop):
            yield _beside(action, fact, scene)


def _takes_long(fact: Fact, scene: Scene) -> bool:
    if locking(scene.request) == Locking.ONLINE:
        return True
    relations = [identity for identity in reads(fact, scene.target) if identity in scene.live]
    return any(bytes_of(scene.request, i) >= scene.request.settings.online_above for i in relations)


def _beside(action: Action, fact: Fact, scene: Scene) -> Change:
    spare = f"{qualifier(fact.name)}.{spare_name(fact.id, 'new')}"
    stale = scene.drop_of(f"matview:{spare}")
    build = step(
        action,
        BEFORE,
        subject=f"matview:{spare}",
        summary=f"{action.summary}, beside the one that is read",
        statements=tuple(text.replace(fact.name, spare, 1) for text in action.statements),
        lock="ACCESS SHARE",
        undo=(f"DROP MATERIALIZED VIEW {spare}",),
        produces=(f"matview:{spare}",),
        hazards=(),
    )
    exchange = msgspec.structs.replace(
        action,
        verb=Verb.REPLACE,
        summary=f"exchange matview {fact.name} for the new one",
        statements=(f"ALTER MATERIALIZED VIEW {spare} RENAME TO {last(fact.name)}",),
        lock=STRONGEST,
        needs=(*action.needs, f"matview:{spare}"),
        hazards=(),
    )
    indexes = [change for other in scene.actions if (change := _index_beside(other, fact, spare, scene))]
    gone = [action, *(a for change in indexes for a in change.gone)]
    new = [build, exchange, *(a for change in indexes for a in change.new)]
    if stale is not None:
        gone.append(stale)
        new.append(step(stale, BEFORE, lock=STRONGEST))
    if is_refreshable(fact, scene.target):
        names = tuple(a.subject for a in scene.actions if _is_part(a, fact, scene))
        refresh = _refresh(fact, exchange, concurrently=True)
        new.append(msgspec.structs.replace(refresh, needs=(fact.id, *names), produces=(), undo=()))
    return Change(gone, new)


def _is_part(action: Action, matview: Fact, scene: Scene) -> bool:
    """Whether the action makes an index on it."""
    fact = scene.target.get(action.subject)
    created = action.verb is Verb.CREATE and fact is not None and fact.kind == "index"
    return bool(created and fact and fact.parent == matview.id)


def _index_beside(action: Action, matview: Fact, spare: str, scene: Scene) -> Change | None:
    """An index on the new one as one on the spare: built before, and renamed in the transaction."""
    if not _is_part(action, matview, scene):
        return None
    fact = scene.target[action.subject]
    others = [need for need in action.needs if need != matview.id]
    if any(need not in scene.live or scene.changed[need] for need in others):
        return None
    name = spare_name(fact.id, "new")
    first, *rest = action.statements
    head = re.match(
        rf"CREATE (UNIQUE )?INDEX {re.escape(last(fact.name))} ON {re.escape(matview.name)} ", first
    )
    assert head is not None  # noqa: S101 - so pg_get_indexdef writes it
    index = f"index:{qualifier(fact.name)}.{name}"
    build = step(
        action,
        BEFORE,
        subject=index,
        summary=f"{action.summary}, beside the one that is read",
        statements=(f"CREATE {head[1] or ''}INDEX {name} ON {spare} {first[head.end() :]}",),
        lock="SHARE",
        produces=(index,),
        needs=(f"matview:{spare}", *others),
        hazards=(),
    )
    rename = msgspec.structs.replace(
        action,
        statements=(f"ALTER INDEX {qualifier(fact.name)}.{name} RENAME TO {last(fact.name)}", *rest),
        needs=(*action.needs, index),
        lock=UNNOTICED,
        hazards=(),
    )
    return Change([action], [build, rename])


def filled(scene: Scene) -> Iterator[Change]:
    """What is filled again in place, after the transaction: concurrently where PostgreSQL can."""
    for action in scene.actions:
        fact = scene.target.get(action.subject)
        if fact is None or fact.kind != "matview" or fact.id not in scene.live:
            continue
        if action.verb is not Verb.ALTER or not action.transactional:
            continue
        *others, text = action.statements
        if not is_filling(text) or text.endswith(" WITH NO DATA") or not _takes_long(fact, scene):
            continue
        full = "unpopulated" not in scene.live[fact.id].attrs
        refresh = _refresh(fact, action, full and is_refreshable(fact, scene.target))
        if others:
            refresh = msgspec.structs.replace(refresh, needs=(fact.id,), produces=(), undo=())
            yield Change([action], [msgspec.structs.replace(action, statements=tuple(others)), refresh])
        elif not _is_read_in_transaction(fact, scene):
            yield Change([action], [refresh])


def _is_read_in_transaction(matview: Fact, scene: Scene) -> bool:
    made = [a.subject for a in scene.actions if a.verb is Verb.CREATE and a.subject.startswith("matview:")]
    others = [scene.target[other] for other in made if other in scene.target]  # no spare name
    return any(matview.id in reads(other, scene.target) for other in others)


def _refresh(matview: Fact, action: Action, concurrently: bool) -> Action:
    name = matview.name
    if not concurrently:
        summary = f"refresh matview {name}"
        return step(action, AFTER, summary=summary, statements=action.statements[-1:], lock=STRONGEST)
    return step(
        action,
        AFTER,
        verb=Verb.ALTER,
        summary=f"refresh matview {name}, concurrently",
        statements=(f"REFRESH MATERIALIZED VIEW CONCURRENTLY {name}",),
        lock=REFRESHING,
        hazards=(),
    )
