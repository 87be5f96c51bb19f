"""Tables that become partitions, proven to hold nothing but what may be in them before they are attached.

Attaching one reads all of it, and all of the default partition, while nobody else may use either. PostgreSQL
does without where a check says the same. What it has to say, a partition of an empty table of the same kind
is asked for, which is gone again at once: no lock on anything that others use.
"""

from __future__ import annotations

from collections.abc import Iterator

from snapstore.model import Action, Fact, Verb
from snapstore_postgres.names import block, literal, spare_name
from snapstore_postgres.online.checks import after_proof, proven
from snapstore_postgres.online.renames import waits_for_renames
from snapstore_postgres.online.scene import Change, Scene
from snapstore_postgres.relations.inheritance import partitions_below
from snapstore_postgres.rows.partitions import bounds, leaving


def attached(scene: Scene) -> Iterator[Change]:
    """Partitions attached after checks that their rows, and those of the default partition, fit."""
    for action in scene.actions:
        if action.verb is not Verb.CREATE or not action.subject.startswith("partition:"):
            continue
        fact = scene.target[action.subject]
        parent = f"table:{fact.attrs['of']}"
        if not action.transactional or fact.attrs["bound"] == "DEFAULT" or waits_for_renames(action):
            continue
        if _is_there(parent, scene):
            yield from _proven(action, fact, scene)


def _is_there(table: str, scene: Scene) -> bool:
    """Whether the table is live, as what it will be, and not half detached: that takes no other change."""
    if table not in scene.live or table not in scene.target or table in scene.destroyers:
        return False
    attachment = scene.live.get(table.replace("table:", "partition:", 1))
    if attachment is not None and attachment.attrs.get("detaching"):
        return False
    keys = [side[table].attrs.get("partition_key") for side in (scene.live, scene.target)]
    retyped = any(_is_retyped(identity, scene) for identity in scene.columns_of(table))
    return keys[0] == keys[1] and not retyped


def _keeps_parts(table: str, scene: Scene) -> bool:
    """Whether nothing below is detached meanwhile, which would have the check for good."""
    below = partitions_below(table, scene.live)
    return not any(part.replace("table:", "partition:", 1) in scene.destroyers for part in below)


def _is_retyped(column: str, scene: Scene) -> bool:
    before, after = scene.live.get(column), scene.target.get(column)
    if before is None or after is None or column in scene.destroyers:
        return True
    return any(before.attrs.get(key) != after.attrs.get(key) for key in ("type", "collation"))


def _proven(action: Action, fact: Fact, scene: Scene) -> Iterator[Change]:
    """The attaching, with a check of the table, and one of the default partition that it has to leave."""
    gone, new, attach = [action], [], action
    moves = leaving.TAKEN_OUT in action.payload
    for identity, word, condition in _to_prove(fact, scene):
        if not (scene.is_large(identity) and _is_there(identity, scene) and _keeps_parts(identity, scene)):
            continue
        table, name = identity.partition(":")[2], spare_name(fact.id, word)
        check, add = f"constraint:{table}.{name}", _bound_as_check(fact, table, name, condition, scene)
        what = f"{table} has what partition {fact.name} takes"
        steps, left = proven(action, check, add, what, scene, may_fail=moves)
        attach = after_proof(attach, check, steps)
        gone += left
        new += steps
    if new or len(gone) > 1:
        yield Change(gone, [*new, attach])


def _to_prove(fact: Fact, scene: Scene) -> Iterator[tuple[str, str, str]]:
    """Tables, a word for the check of each, and what the check is to say of the bound, in PL/pgSQL."""
    whole = f"pg_catalog.concat_ws(' AND ', bound, {bounds.above(fact)})"
    yield f"table:{fact.name}", "fits", whole
    other = scene.default_partitions.get(fact.attrs["of"])
    if other is not None:
        yield f"table:{other.name}", "leaves", "pg_catalog.format('NOT (%s)', bound)"


def _bound_as_check(fact: Fact, table: str, check: str, condition: str, scene: Scene) -> str:
    """Adds the check."""
    key = scene.live[f"table:{fact.attrs['of']}"].attrs["partition_key"]
    add = literal(f"ALTER TABLE {table.replace('%', '%%')} ADD CONSTRAINT {check} CHECK (%s) NOT VALID")
    return block(
        f"""DECLARE bound text; BEGIN
  {bounds.of_coming(fact, key)}
  EXECUTE pg_catalog.format({add}, {condition}); END"""
    )
