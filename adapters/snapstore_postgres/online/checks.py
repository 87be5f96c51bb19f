"""A check that is added for new rows and validated for all, while everybody works, to prove what follows."""

from __future__ import annotations

import msgspec

from snapstore.model import Action
from snapstore_postgres.names import block, last, qualifier
from snapstore_postgres.online.scene import BEFORE, Scene, step
from snapstore_postgres.relations import STRONGEST


def proven(
    action: Action, check: str, add: str, what: str, scene: Scene, *, may_fail: bool = False
) -> tuple[list[Action], list[Action]]:
    """The steps before ``action`` that add a check, given by identity, and validate it, without those that an
    earlier attempt has done; and the actions that would take away what that one left.

    ``add`` is the statement that adds it NOT VALID, ``what`` says of what it is a check. One that
    ``may_fail`` is left NOT VALID then, for the action to see to the rows.
    """
    adding, validating = _added(action, check, add, what), _validated(action, check, what, may_fail)
    left, drop = scene.live.get(check), scene.drop_of(check)
    if left is None or drop is None:
        return [adding, validating], []
    if left.attrs["definition"].endswith(" NOT VALID"):
        return [msgspec.structs.replace(validating, needs=())], [drop]
    return [], [drop]


def _added(action: Action, check: str, add: str, what: str) -> Action:
    table, name = _split(check)
    return step(
        action,
        BEFORE,
        summary=f"check that {what}, for new rows",
        statements=(add,),
        lock=STRONGEST,
        undo=(f"ALTER TABLE {table} DROP CONSTRAINT {name}",),
        needs=(),
        produces=(check,),
        destroys=(),
        releases=(),
    )


def _validated(action: Action, check: str, what: str, may_fail: bool) -> Action:
    table, name = _split(check)
    validate = f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}"
    tried = block(f"BEGIN {validate}; EXCEPTION WHEN check_violation THEN NULL; END")
    return step(
        action,
        BEFORE + 1,
        summary=f"check that {what}, for all rows",
        statements=(tried if may_fail else validate,),
        undo=(),
        needs=(check,),
        produces=(f"proven:{check}",),
        destroys=(),
        releases=(),
    )


def _split(check: str) -> tuple[str, str]:
    """The table of a check, given by identity, and its own name."""
    name = check.partition(":")[2]
    return qualifier(name), last(name)


def after_proof(action: Action, check: str, steps: list[Action]) -> Action:
    """The action behind those steps, dropping the check."""
    name = check.partition(":")[2]
    drop = f"ALTER TABLE {qualifier(name)} DROP CONSTRAINT {last(name)}"
    needs = (*action.needs, *(token for s in steps for token in s.produces))
    return msgspec.structs.replace(action, needs=needs, statements=(*action.statements, drop))
