"""Foreign keys of partitioned tables before PostgreSQL 18, which cannot add them NOT VALID.

Each partition can have one of its own, added NOT VALID and validated while everybody works. That of the
partitioned table takes those over as they are, and reads nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from snapstore.model import Action, Fact, Verb
from snapstore_postgres.names import last
from snapstore_postgres.online.scene import BEFORE, Change, Scene, step
from snapstore_postgres.relations.inheritance import partitions_below


def prepared(scene: Scene) -> Iterator[Change]:
    """Foreign keys added to partitions, validated, and then to the partitioned table in the transaction."""
    for action in scene.actions if scene.version < 180000 else ():
        fact = scene.target.get(action.subject)
        if fact is None or action.verb is not Verb.CREATE or fact.attrs.get("type") != "f":
            continue
        table = fact.parent or ""
        if scene.is_large(table) and scene.is_partitioned(table) and scene.stands(action):
            yield _by_partitions(action, fact, scene)


def _by_partitions(action: Action, fact: Fact, scene: Scene) -> Change:
    gone, new, tokens = [action], [], []
    for table in sorted(partitions_below(fact.parent or "", scene.live)):
        if not _takes_one(table, scene):
            continue
        steps, left = _steps(action, fact, table.partition(":")[2], scene)
        gone += left
        new += steps
        tokens += [token for s in steps for token in s.produces]
    hazards = () if tokens or len(gone) > 1 else action.hazards
    final = msgspec.structs.replace(action, needs=(*action.needs, *tokens), hazards=hazards)
    return Change(gone, [*new, final])


def _takes_one(table: str, scene: Scene) -> bool:
    attachment = f"partition:{table.partition(':')[2]}"
    stays = attachment in scene.live and attachment in scene.target and attachment not in scene.destroyers
    return stays and scene.is_large(table) and not scene.is_partitioned(table)


def _steps(action: Action, fact: Fact, table: str, scene: Scene) -> tuple[list[Action], list[Action]]:
    """The steps for one partition, without those that an earlier attempt has done; and the actions that would
    take away what that one left."""
    name, text = last(fact.name), action.statements[-1].partition(f" ADD CONSTRAINT {last(fact.name)} ")[2]
    identity = f"constraint:{table}.{name}"
    left, drop = scene.live.get(identity), scene.drop_of(identity)
    if left is not None and (drop is None or left.attrs["definition"].removesuffix(" NOT VALID") != text):
        return [], []  # the name is taken: there it is checked in the transaction
    ordering = {"needs": (), "destroys": (), "releases": (), "hazards": ()}
    add = step(
        action,
        BEFORE,
        summary=f"create constraint {table}.{name}, for new rows",
        statements=(f"ALTER TABLE {table} ADD CONSTRAINT {name} {text} NOT VALID",),
        lock="SHARE ROW EXCLUSIVE",
        undo=(f"ALTER TABLE {table} DROP CONSTRAINT {name}",),
        **{**ordering, "produces": (identity,)},
    )
    validate = step(
        action,
        BEFORE + 1,
        verb=Verb.ALTER,
        summary=f"validate constraint {table}.{name}",
        statements=(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}",),
        undo=(),
        **{**ordering, "needs": (identity,), "produces": (f"valid:{identity}",)},
    )
    if left is None or drop is None:
        return [add, validate], []
    if left.attrs["definition"].endswith(" NOT VALID"):
        return [msgspec.structs.replace(validate, needs=())], [drop]
    return [], [drop]
