"""Indexes, and keys through their indexes, built and dropped without holding up the table.

An index that becomes another one is built under a spare name while the old one serves on; they change names
in the transaction, and the old one is dropped after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from snapstore.model import Action, Fact, Verb
from snapstore_postgres.names import last, qualifier, spare_name
from snapstore_postgres.online.scene import AFTER, BEFORE, UNNOTICED, Change, Scene, step
from snapstore_postgres.relations.keys import is_by_pairs

_NAMES = r'\((?:"(?:[^"]|"")*"|[^"()])*\)'
_KEY = re.compile(
    rf"ALTER TABLE (?:ONLY )?(?P<table>.+?) ADD CONSTRAINT (?P<name>\S+|\"(?:[^\"]|\"\")*\")"
    rf" (?P<kind>PRIMARY KEY|UNIQUE)(?P<nulls> NULLS NOT DISTINCT)? (?P<columns>{_NAMES})"
    rf"(?P<include> INCLUDE {_NAMES})?(?P<options> WITH {_NAMES})?"
    r"(?: USING INDEX(?P<tablespace> TABLESPACE \S+))?(?P<when> DEFERRABLE(?: INITIALLY DEFERRED)?)?"
)


def built(scene: Scene) -> Iterator[Change]:
    """New and other indexes built CONCURRENTLY before the transaction."""
    for action in scene.actions:
        if action.verb is Verb.CREATE and action.subject.startswith("index:") and action.transactional:
            fact = scene.target[action.subject]
            if not _can_be_built(fact, scene):
                continue
            drop = scene.drop_of(action.subject)
            if not scene.stands_alone(action) or (drop is not None and not drop.transactional):
                continue
            if drop is None and action.subject in scene.destroyers:
                yield _beside(action, fact, scene)
            elif drop is None:
                yield Change([action], [_build(action, last(fact.name))])
            elif scene.live[fact.id].attrs.get("invalid"):
                yield Change([action, drop], [_drop(drop, BEFORE), _build(action, last(fact.name))])
            else:
                yield _exchange(action, drop, scene)


def _can_be_built(fact: Fact, scene: Scene) -> bool:
    table = fact.parent or ""
    return scene.is_large(table) and not scene.is_partitioned(table) and not fact.attrs.get("invalid")


def _build(action: Action, name: str) -> Action:
    """The index, built CONCURRENTLY and under this name."""
    own = last(action.subject)
    first, *rest = action.statements
    head = re.match(rf"CREATE (UNIQUE )?INDEX {re.escape(own)} ", first)
    assert head is not None  # noqa: S101 - so pg_get_indexdef writes it
    text = f"CREATE {head[1] or ''}INDEX CONCURRENTLY {name} {first[head.end() :]}"
    index = f"{qualifier(action.subject.partition(':')[2])}.{name}"
    return step(
        action,
        BEFORE,
        summary=f"{action.summary}, concurrently",
        statements=(text, *(rest if name == own else ())),
        payload={**action.payload, "builds": index, "becomes": action.subject},
        undo=(f"DROP INDEX CONCURRENTLY {index}",),
        needs=(),
    )


def _drop(drop: Action, rank: int) -> Action:
    name = drop.subject.partition(":")[2]
    statements = (f"DROP INDEX CONCURRENTLY IF EXISTS {name}",)
    return step(drop, rank, summary=f"{drop.summary}, concurrently", statements=statements)


def _exchange(action: Action, drop: Action, scene: Scene) -> Change:
    """The new index under a spare name, both renamed in the transaction, the old one dropped after it."""
    fact = scene.target[action.subject]
    schema = qualifier(fact.name)
    spares = [spare_name(fact.id, "new"), spare_name(fact.id, "old")]
    ready = next((s for s in spares if _is(f"{schema}.{s}", fact, scene)), None)
    spare = ready or spares[0]
    away = spares[1] if spare == spares[0] else spares[0]
    stale = [d for s in spares if (d := scene.drop_of(f"index:{schema}.{s}"))]
    renames = (
        f"ALTER INDEX {fact.name} RENAME TO {away}",
        f"ALTER INDEX {schema}.{spare} RENAME TO {last(fact.name)}",
        *action.statements[1:],
    )
    swapped = f"exchanged:{fact.name}"
    exchange = msgspec.structs.replace(
        action,
        verb=Verb.REPLACE,
        summary=f"exchange index {fact.name} for the new one",
        statements=renames,
        undo=(
            f"ALTER INDEX {fact.name} RENAME TO {spare}",
            f"ALTER INDEX {schema}.{away} RENAME TO {last(fact.name)}",
        ),
        needs=(*action.needs, f"index:{schema}.{spare}"),
        produces=(*action.produces, swapped),
        destroys=(*drop.destroys, f"index:{schema}.{away}", f"comment:index:{schema}.{away}"),
        releases=drop.releases,
        hazards=(),
        lock="SHARE UPDATE EXCLUSIVE",
    )
    new = [exchange, _drop_away(drop, f"{schema}.{away}", swapped)]
    if ready is None:
        new.append(_under(_build(action, spare), f"{schema}.{spare}"))
    kept = f"index:{schema}.{ready}" if ready else None
    new += [_drop(d, BEFORE) for d in stale if d.subject != kept]
    return Change([action, drop, *stale], new)


def _beside(action: Action, fact: Fact, scene: Scene) -> Change:
    """An index of a partition under a spare name, until the one of its name goes with that of the parent."""
    index = f"{qualifier(fact.name)}.{spare_name(fact.id, 'new')}"
    rename = msgspec.structs.replace(
        action,
        summary=f"exchange index {fact.name} for the new one",
        statements=(f"ALTER INDEX {index} RENAME TO {last(fact.name)}", *action.statements[1:]),
        undo=(f"ALTER INDEX {fact.name} RENAME TO {last(index)}",),
        needs=(*action.needs, f"index:{index}"),
        hazards=(),
        lock=UNNOTICED,
    )
    stale = scene.drop_of(f"index:{index}")
    if stale is not None and _is(index, fact, scene):
        return Change([action, stale], [rename])
    build = _under(_build(action, last(index)), index)
    if stale is None:
        return Change([action], [build, rename])
    return Change([action, stale], [_drop(stale, BEFORE), build, rename])


def _under(build: Action, index: str) -> Action:
    return msgspec.structs.replace(build, subject=f"index:{index}", produces=(f"index:{index}",))


def _drop_away(drop: Action, name: str, after: str) -> Action:
    return step(
        drop,
        AFTER,
        subject=f"index:{name}",
        summary=f"{drop.summary} as it was, concurrently",
        statements=(f"DROP INDEX CONCURRENTLY IF EXISTS {name}",),
        needs=(after,),
        destroys=(f"index:{name}",),
        produces=(),
        releases=(),
    )


def _is(name: str, wanted: Fact, scene: Scene) -> bool:
    """Whether a live index of that name is what is wanted, left by an earlier attempt."""
    found = scene.live.get(f"index:{name}")
    if found is None or found.id in scene.target or found.attrs.get("invalid"):
        return False
    text = re.sub(r"INDEX \S+ ON ", f"INDEX {last(wanted.name)} ON ", found.attrs["definition"], count=1)
    same = found.attrs.get("tablespace") == wanted.attrs.get("tablespace")
    return same and found.parent == wanted.parent and text == wanted.attrs["definition"]


def keyed(scene: Scene) -> Iterator[Change]:
    """Unique and primary keys on an index that was built CONCURRENTLY before the transaction; none over
    periods, for which the server takes no index that is there."""
    for action in scene.actions:
        if action.verb is not Verb.CREATE or not action.subject.startswith("constraint:"):
            continue
        fact = scene.target[action.subject]
        table = fact.parent or ""
        match = _KEY.fullmatch(action.statements[0]) if fact.attrs.get("type") in ("p", "u") else None
        if match is None or is_by_pairs(fact) or not scene.is_large(table) or scene.is_partitioned(table):
            continue
        if scene.stands_alone(action):
            yield _on_an_index(action, match, scene)


def _on_an_index(action: Action, match: re.Match[str], scene: Scene) -> Change:
    name = action.subject.partition(":")[2]
    spare = spare_name(action.subject, "key")
    index = f"{qualifier(qualifier(name))}.{spare}"
    part = match.groupdict(default="")
    text = (
        f"CREATE UNIQUE INDEX CONCURRENTLY {spare} ON {part['table']} USING btree {part['columns']}"
        f"{part['include']}{part['nulls']}{part['options']}{part['tablespace']}"
    )
    build = step(
        action,
        BEFORE,
        subject=f"index:{index}",
        summary=f"build the index of {action.subject.replace(':', ' ', 1)}, concurrently",
        statements=(text,),
        undo=(f"DROP INDEX CONCURRENTLY {index}",),
        needs=(),
        payload={"builds": index},
        produces=(f"index:{index}",),
    )
    alter = f"ALTER TABLE {part['table']} ADD CONSTRAINT {part['name']} {part['kind']}"
    adding = msgspec.structs.replace(
        action,
        statements=(
            f"{alter} USING INDEX {spare}{part['when']}",
            *action.statements[1:],
        ),
        needs=(*action.needs, f"index:{index}"),
        hazards=(),
    )
    stale = scene.drop_of(f"index:{index}")
    if stale is None:
        return Change([action], [build, adding])
    if scene.live[stale.subject].attrs.get("invalid"):
        return Change([action, stale], [_drop(stale, BEFORE), build, adding])
    return Change([action, stale], [adding])


def dropped(scene: Scene) -> Iterator[Change]:
    """Indexes that go, dropped CONCURRENTLY after the transaction, unless something in it waits for that."""
    waited = {name for action in scene.actions for name in action.produces}
    for action in scene.actions:
        if (
            action.verb is not Verb.DROP
            or not action.subject.startswith("index:")
            or not action.transactional
        ):
            continue
        fact = scene.live.get(action.subject)
        if fact is None:  # It comes from the archive.
            continue
        table = fact.parent or ""
        if not scene.is_large(table) or scene.is_partitioned(table) or waited & set(action.destroys):
            continue
        if len(action.statements) == 1 and not any(name in scene.destroyers for name in action.releases):
            yield Change([action], [_drop(action, AFTER)])
