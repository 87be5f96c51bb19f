"""Partitions that go, detached without holding up the table they were part of."""

from __future__ import annotations

from collections.abc import Iterator

from snapstore.model import Action, Verb
from snapstore_postgres.names import block, last, literal
from snapstore_postgres.online import BEFORE, Change, Scene, step


def detached(scene: Scene) -> Iterator[Change]:
    """Partitions detached CONCURRENTLY before the transaction, where no default partition forbids it."""
    for action in scene.actions:
        if action.verb is not Verb.DROP or not action.subject.startswith("partition:"):
            continue
        fact = scene.live[action.subject]
        parent = f"table:{fact.attrs['of']}"
        if scene.is_large(parent) and not action.needs and not _has_default(parent, scene):
            yield Change([action], [_concurrently(action, scene)])


def _has_default(parent: str, scene: Scene) -> bool:
    return any(
        fact.kind == "partition"
        and f"table:{fact.attrs['of']}" == parent
        and fact.attrs["bound"] == "DEFAULT"
        for fact in scene.live.values()
    )


def _concurrently(action: Action, scene: Scene) -> Action:
    name = action.subject.partition(":")[2]
    return step(
        action,
        BEFORE,
        summary=f"{action.summary}, concurrently",
        statements=(
            f"{action.statements[0]} CONCURRENTLY",
            _without_copied_bound(name, scene),
            *action.statements[1:],
        ),
    )


def _without_copied_bound(name: str, scene: Scene) -> str:
    """Takes off the check that the server leaves in place of the bound, under a name of its choice."""
    known = ", ".join(
        literal(last(fact.name).strip('"'))
        for fact in scene.live.values()
        if fact.kind == "constraint" and fact.parent == f"table:{name}"
    )
    others = f" AND conname <> ALL (ARRAY[{known}]::name[])" if known else ""
    return block(
        "DECLARE found name; BEGIN FOR found IN SELECT conname FROM pg_catalog.pg_constraint"
        f" WHERE contype = 'c' AND conrelid = {literal(name)}::pg_catalog.regclass{others} LOOP"
        f" EXECUTE pg_catalog.format('ALTER TABLE {name.replace(chr(39), chr(39) * 2).replace('%', '%%')}"
        " DROP CONSTRAINT %I', found); END LOOP; END"
    )
