"""Constraints that hold for new rows at once, and are checked for the old ones while everybody works."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from snapstore.model import Action, Fact, Verb
from snapstore_postgres.names import last, qualifier, spare_name
from snapstore_postgres.online.checks import after_proof, proven
from snapstore_postgres.online.scene import AFTER, BEFORE, Change, Scene, step
from snapstore_postgres.relations import STRONGEST, not_null_name


def validated(scene: Scene) -> Iterator[Change]:
    """Foreign keys and checks added NOT VALID in the transaction, and validated after it."""
    for action in scene.actions:
        fact = scene.target.get(action.subject)
        if fact is None or not _is_checked(fact, scene):
            continue
        if action.verb is Verb.CREATE and len(action.statements) == 1:
            new = msgspec.structs.replace(
                action, statements=(f"{action.statements[0]} NOT VALID",), hazards=()
            )
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


def not_null(scene: Scene) -> Iterator[Change]:
    """SET NOT NULL, after something else has said for all rows that it holds: since 18 the constraint itself,
    before that a check."""
    for action in scene.actions:
        if action.verb is not Verb.ALTER or not action.subject.startswith("column:"):
            continue
        fact = scene.target.get(action.subject)
        if fact is None:  # it only makes way
            continue
        if any(" TYPE " in s for s in action.statements) or not scene.is_large(fact.parent or ""):
            continue
        if not all(need in scene.live for need in action.needs):
            continue
        if _can_be_named(action, fact, scene):
            yield from _named(action, fact)
        elif _scanning(action, fact):
            yield _checked(action, fact, scene)


def _scanning(action: Action, fact: Fact) -> list[str]:
    """The statements that make the column NOT NULL for the rows that are there, too."""
    alter, column = f"ALTER TABLE {qualifier(fact.name)}", last(fact.name)
    sets = [f"ALTER TABLE {only}{qualifier(fact.name)} ALTER COLUMN {column} SET NOT NULL" for only in _ONLY]
    return [
        statement
        for statement in action.statements
        if statement in sets
        or (statement.startswith(f"{alter} ADD CONSTRAINT ") and statement.endswith(f" NOT NULL {column}"))
    ]


_ONLY = ("", "ONLY ")


def _can_be_named(action: Action, fact: Fact, scene: Scene) -> bool:
    """Whether NOT NULL is a constraint that can be added NOT VALID, or is there like that, for one table."""
    before = scene.live[fact.id].attrs
    alone = "inherited" not in before and qualifier(fact.name) not in scene.parents
    valid = before.get("not_null") and not _validating(action)
    return scene.version >= 180000 and alone and not valid and not action.destroys


def _validating(action: Action) -> list[str]:
    return [text for text in action.statements if " VALIDATE CONSTRAINT " in text]


def _named(action: Action, fact: Fact) -> Iterator[Change]:
    """The constraint added NOT VALID, then validated, both before the transaction; in it what is left."""
    table, column = qualifier(fact.name), last(fact.name)
    apart = [*_scanning(action, fact), *_validating(action)]
    if len(apart) != 1:
        return
    alter = f"ALTER TABLE {table}"
    usual = f"{alter} ADD CONSTRAINT {not_null_name(fact)} NOT NULL {column}"
    add = usual if apart[0].endswith(" SET NOT NULL") else apart[0]
    name = add.removeprefix(f"{alter} ADD CONSTRAINT ").removeprefix(f"{alter} VALIDATE CONSTRAINT ")
    name = name.removesuffix(f" NOT NULL {column}")
    added, done = f"added:{fact.id}", f"validated:{fact.id}"
    steps = [
        step(
            action,
            BEFORE,
            summary=f"make {fact.name} NOT NULL, for new rows",
            statements=(f"{add} NOT VALID",),
            lock=STRONGEST,
            undo=(f"{alter} DROP CONSTRAINT {name}",),
            needs=(),
            produces=(added,),
            hazards=(),
        ),
        step(
            action,
            BEFORE + 1,
            summary=f"check that {fact.name} is not null, for all rows",
            statements=(f"{alter} VALIDATE CONSTRAINT {name}",),
            undo=(),
            needs=(added,),
            produces=(done, *action.produces),
            hazards=(),
        ),
    ]
    rest = tuple(text for text in action.statements if text not in apart)
    if rest:
        steps[1] = msgspec.structs.replace(steps[1], produces=(done,))
        steps.append(msgspec.structs.replace(action, statements=rest, needs=(*action.needs, done)))
    yield Change([action], steps if apart[0] in _scanning(action, fact) else steps[1:])


def _checked(action: Action, fact: Fact, scene: Scene) -> Change:
    table, name = qualifier(fact.name), spare_name(fact.id, "filled")
    alone = "NO INHERIT " if any(s.startswith("ALTER TABLE ONLY ") for s in _scanning(action, fact)) else ""
    condition = f"CHECK ({last(fact.name)} IS NOT NULL)"
    add = f"ALTER TABLE {table} ADD CONSTRAINT {name} {condition} {alone}NOT VALID"
    check = f"constraint:{table}.{name}"
    steps, left = proven(action, check, add, f"{fact.name} is not null", scene)
    return Change([action, *left], [*steps, after_proof(action, check, steps)])
