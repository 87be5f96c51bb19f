"""Constraints that hold for new rows at once, and are checked for the old ones while everybody works."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from snapstore.model import Action, Fact, Verb
from snapstore_postgres.names import last, qualifier
from snapstore_postgres.online.scene import AFTER, Change, Scene, step


def validated(scene: Scene) -> Iterator[Change]:
    """Foreign keys and checks added NOT VALID in the transaction, and validated after it."""
    for action in scene.actions:
        fact = scene.target.get(action.subject)
        if fact is None or not _is_checked(fact, scene):
            continue
        if action.verb is Verb.CREATE and all(text.startswith("DO ") for text in action.statements[:-1]):
            *before, add = action.statements
            new = msgspec.structs.replace(action, statements=(*before, f"{add} NOT VALID"), hazards=())
            yield Change([action], [new, _validation(action, fact)])
        elif action.verb is Verb.ALTER and " VALIDATE CONSTRAINT " in action.statements[0]:
            # Nobody waits for it: the constraint is there already.
            yield Change([action], [step(action, AFTER, produces=())])


def _is_checked(fact: Fact, scene: Scene) -> bool:
    """Whether the constraint has to be checked for the rows of a large table."""
    if fact.kind != "constraint" or fact.attrs.get("type") not in ("c", "f"):
        return False
    if not (fact.parent or "").startswith("table:") or not scene.is_large(fact.parent or ""):
        return False
    if "foreign" in scene.live[fact.parent or ""].attrs:
        return False
    if fact.attrs["type"] == "f" and scene.is_partitioned(fact.parent or "") and scene.version < 180000:
        return False
    return not fact.attrs["definition"].endswith((" NOT VALID", " NOT ENFORCED"))


def _validation(action: Action, fact: Fact) -> Action:
    table = qualifier(fact.name)
    return step(
        action,
        AFTER,
        verb=Verb.ALTER,
        summary=f"validate constraint {fact.name}",
        statements=(f"ALTER TABLE {table} VALIDATE CONSTRAINT {last(fact.name)}",),
        undo=(),
        hazards=(),
        produces=(),
        destroys=(),
        releases=(),
        needs=(fact.id,),
    )
