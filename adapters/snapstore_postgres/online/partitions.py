"""Partitions that go, detached without holding up the table they were part of."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from snapstore.model import Action, Verb
from snapstore_postgres.kinds.partitions import copied
from snapstore_postgres.names import block, literal, spare_name
from snapstore_postgres.online.scene import BEFORE, Change, Scene, step
from snapstore_postgres.relations import STRONGEST


def detached(scene: Scene) -> Iterator[Change]:
    """Partitions detached CONCURRENTLY before the transaction, where no default partition forbids it."""
    for action in scene.actions:
        if action.verb is not Verb.DROP or not action.subject.startswith("partition:"):
            continue
        fact = scene.live.get(action.subject)
        if fact is None:  # It comes from the archive.
            continue
        parent = f"table:{fact.attrs['of']}"
        if not scene.is_large(parent) or action.needs or not action.transactional:
            continue
        if _begins_with_it(action) and fact.attrs["of"] not in scene.beside_default:
            yield _concurrently(action, scene)


def _begins_with_it(action: Action) -> bool:
    """Whether nothing has to be done in the same transaction before, and it is not half done already."""
    name = action.subject.partition(":")[2]
    return action.statements[0].endswith(f" DETACH PARTITION {name}")


def _concurrently(action: Action, scene: Scene) -> Change:
    """With a check that says what the bound says: otherwise the server leaves one, under some name."""
    name = action.subject.partition(":")[2]
    spare = spare_name(action.subject, "bound")
    add, validate = _checked(action, name, spare)
    return _reusing(action, add, validate, _detached(action, name, spare, scene), scene)


def _checked(action: Action, name: str, spare: str) -> tuple[Action, Action]:
    """The steps that make the check, and have it hold for all rows."""
    check = f"constraint:{name}.{spare}"
    add = step(
        action,
        BEFORE,
        summary=f"check the bound of {name}, for new rows",
        statements=(_bound_as_check(name, spare),),
        lock=STRONGEST,
        undo=(f"ALTER TABLE {name} DROP CONSTRAINT {spare}",),
        produces=(check,),
        destroys=(),
        releases=(),
    )
    validate = step(
        action,
        BEFORE,
        summary=f"check the bound of {name}, for all rows",
        statements=(f"ALTER TABLE {name} VALIDATE CONSTRAINT {spare}",),
        undo=(),
        needs=(check,),
        produces=(f"bound:{name}",),
        destroys=(),
        releases=(),
    )
    return add, validate


def _detached(action: Action, name: str, spare: str, scene: Scene) -> Action:
    """What its parent had stays with it as copies, under these names."""
    copies = [f"constraint:{name}.{key}" for key in copied(name, scene.live)]
    return step(
        action,
        BEFORE,
        summary=f"{action.summary}, concurrently",
        statements=(
            f"{action.statements[0]} CONCURRENTLY",
            *action.statements[1:],
            f"ALTER TABLE {name} DROP CONSTRAINT {spare}",
        ),
        needs=(f"constraint:{name}.{spare}", f"bound:{name}"),
        produces=(*action.produces, *copies),
    )


def _reusing(action: Action, add: Action, validate: Action, detach: Action, scene: Scene) -> Change:
    """The steps without those that an earlier attempt has done."""
    (check,) = add.produces
    left, drop = scene.live.get(check), scene.drop_of(check)
    if left is None or drop is None:
        return Change([action], [add, validate, detach])
    if left.attrs["definition"].endswith(" NOT VALID"):
        return Change([action, drop], [msgspec.structs.replace(validate, needs=()), detach])
    return Change([action, drop], [msgspec.structs.replace(detach, needs=())])


def _bound_as_check(name: str, check: str) -> str:
    add = literal(f"ALTER TABLE {name.replace('%', '%%')} ADD CONSTRAINT {check} CHECK (%s) NOT VALID")
    return block(
        f"BEGIN EXECUTE pg_catalog.format({add},"
        f" pg_catalog.pg_get_partition_constraintdef({literal(name)}::pg_catalog.regclass)); END"
    )
