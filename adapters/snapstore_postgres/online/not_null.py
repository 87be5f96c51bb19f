"""SET NOT NULL on large tables: behind something else that says so of all rows, and keeps nobody waiting."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from snapstore.model import Action, Fact, Verb
from snapstore_postgres.names import last, printed, qualifier, spare_name, unquote
from snapstore_postgres.online.checks import after_proof, proven
from snapstore_postgres.online.scene import BEFORE, Change, Scene, step
from snapstore_postgres.relations import STRONGEST
from snapstore_postgres.relations.notnull import has_name, name_of_not_null
from snapstore_postgres.relations.usual_names import not_null_name


def behind_proof(scene: Scene) -> Iterator[Change]:
    """SET NOT NULL, after something else has said for all rows that it holds: since 18 the constraint itself,
    before that a check."""
    for action in scene.actions:
        if action.verb is not Verb.ALTER or not action.subject.startswith("column:"):
            continue
        fact = scene.target.get(action.subject)
        if fact is None or fact.id not in scene.live:  # it only makes way, or has just come
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
    fits = alone and not valid and not action.destroys
    return scene.version >= 180000 and fits and not _is_taken(fact, scene)


def _is_taken(column: Fact, scene: Scene) -> bool:
    """Whether other constraints of its table still have a name that its NOT NULL would be given."""
    names = {not_null_name(column), name_of_not_null(column)}
    others = [part for part in scene.live.parts.get(column.parent or "", ()) if part.id != column.id]
    checks = {f"constraint:{qualifier(column.name)}.{printed(unquote(name))}" for name in names}
    return any(o.id in checks or (o.kind == "column" and any(has_name(o, n) for n in names)) for o in others)


def _validating(action: Action) -> list[str]:
    return [text for text in action.statements if " VALIDATE CONSTRAINT " in text]


def _named(action: Action, fact: Fact) -> Iterator[Change]:
    """The constraint added NOT VALID, then validated, both before the transaction; in it what is left."""
    apart = [*_scanning(action, fact), *_validating(action)]
    if len(apart) != 1:
        return
    add, name = _added_by(apart[0], fact)
    done = f"validated:{fact.id}"
    validated = _validated(action, fact, name)
    rest = tuple(text for text in action.statements if text not in apart)
    left = []
    if rest:
        validated = msgspec.structs.replace(validated, produces=(done,))
        left.append(msgspec.structs.replace(action, statements=rest, needs=(*action.needs, done)))
    is_there = apart[0] not in _scanning(action, fact)
    added = [] if is_there else [_added(action, fact, add, name)]
    yield Change([action], [*added, validated, *left])


def _added_by(statement: str, fact: Fact) -> tuple[str, str]:
    """The statement that adds the constraint, and its name, by what makes the column NOT NULL."""
    alter, column = f"ALTER TABLE {qualifier(fact.name)}", last(fact.name)
    usual = f"{alter} ADD CONSTRAINT {not_null_name(fact)} NOT NULL {column}"
    add = usual if statement.endswith(" SET NOT NULL") else statement
    name = add.removeprefix(f"{alter} ADD CONSTRAINT ").removeprefix(f"{alter} VALIDATE CONSTRAINT ")
    return add, name.removesuffix(f" NOT NULL {column}")


def _added(action: Action, fact: Fact, add: str, name: str) -> Action:
    return step(
        action,
        BEFORE,
        summary=f"make {fact.name} NOT NULL, for new rows",
        statements=(f"{add} NOT VALID",),
        lock=STRONGEST,
        undo=(f"ALTER TABLE {qualifier(fact.name)} DROP CONSTRAINT {name}",),
        needs=(),
        produces=(f"added:{fact.id}",),
        hazards=(),
    )


def _validated(action: Action, fact: Fact, name: str) -> Action:
    return step(
        action,
        BEFORE + 1,
        summary=f"check that {fact.name} is not null, for all rows",
        statements=(f"ALTER TABLE {qualifier(fact.name)} VALIDATE CONSTRAINT {name}",),
        undo=(),
        needs=(f"added:{fact.id}",),
        produces=(f"validated:{fact.id}", *action.produces),
        hazards=(),
    )


def _checked(action: Action, fact: Fact, scene: Scene) -> Change:
    table, name = qualifier(fact.name), spare_name(fact.id, "filled")
    alone = "NO INHERIT " if any(s.startswith("ALTER TABLE ONLY ") for s in _scanning(action, fact)) else ""
    condition = f"CHECK ({last(fact.name)} IS NOT NULL)"
    add = f"ALTER TABLE {table} ADD CONSTRAINT {name} {condition} {alone}NOT VALID"
    check = f"constraint:{table}.{name}"
    steps, left = proven(action, check, add, f"{fact.name} is not null", scene)
    return Change([action, *left], [*steps, after_proof(action, check, steps)])
