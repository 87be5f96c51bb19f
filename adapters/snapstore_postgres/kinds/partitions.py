"""Rules for partitions, and what has to wait until one is detached."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Action, Fact
from snapstore.rules import Alteration, Draft, Rule, View, by_itself
from snapstore_postgres.kinds.columns.identities import numbered_below
from snapstore_postgres.kinds.constraints.keys_to_partitions import away_meanwhile
from snapstore_postgres.kinds.constraints.merging import are_away, own_in, taken_off
from snapstore_postgres.kinds.indexes.index_partitions import (
    before_elsewhere,
    is_exclusion,
    lacking,
    made_after,
)
from snapstore_postgres.names import block, last, literal, qualifier, unquote
from snapstore_postgres.relations import STRONGEST, version
from snapstore_postgres.relations.inheritance import all_dropped, ancestors, partitions_below
from snapstore_postgres.relations.miscounted import lost_in, waiting_for
from snapstore_postgres.rows.archived import archive
from snapstore_postgres.rows.disallowed.unvalidated import never_validated
from snapstore_postgres.rows.partitions import leaving
from snapstore_postgres.rows.partitions.entries_of_leaving import root_of, some_were_moved
from snapstore_postgres.rows.partitions.homeless import text
from snapstore_postgres.rows.types.fit_checks import COUNTS


def _attach(fact: Fact, view: View) -> Draft:
    parent, out = fact.attrs["of"], leaving.taken_out(fact, view)
    checks = leaving.must_fit(fact, view)
    rows, bytes_ = leaving.moving(out, view)
    keeps = archive.wanted(view)
    rest = "to the archive" if keeps else "are lost"
    moving = f"; rows that {' and '.join(out)} may not keep go where they belong, or {rest}"
    registers = {"archive": True} if out and keeps else {}
    payload = {**registers, leaving.TAKEN_OUT: list(out)} if out else {}
    return Draft(
        summary=f"attach partition {fact.name} to {parent}{moving if out else ''}",
        statements=[
            *out.values(),
            *checks,
            f"ALTER TABLE ONLY {parent} ATTACH PARTITION {fact.name} {fact.attrs['bound']}",
        ],
        payload={**payload, COUNTS: checks} if checks else payload,
        undo=[f"ALTER TABLE {parent} DETACH PARTITION {fact.name}"],
        needs=[
            *(taken_off(c.name) for c in view.live_parts.get(f"table:{parent}", ()) if is_exclusion(c)),
            *_before(fact, view),
            *all_dropped(parent, view.live),
            *all_dropped(fact.name, view.live),  # it may have no columns but those of its parent
            *are_away(own_in(fact, view), view),
            *_in_turn(fact, view),
            *([archive.REGISTERED] if registers else []),
        ],
        lock=STRONGEST,  # on the partition; SHARE UPDATE EXCLUSIVE on its parent
        rows=rows,
        bytes=bytes_,
        hazards=leaving.hazard(out, view),
    )


def _before(fact: Fact, view: View) -> list[str]:
    """That the partitions which leave its table are away, whose bounds may meet its own."""
    around = view.live_dependents.get(f"table:{fact.attrs['of']}", ())
    going = (p for p in around if p.kind == "partition" and p.id != fact.id and view.vanishes(p.id))
    return [detached(partition.name) for partition in going]


def _in_turn(fact: Fact, view: View) -> list[str]:
    """What of the levels around it comes first: those below, or those above where rows are numbered there;
    and of its own, where it is to get no part of an index."""
    above = view.target.get(f"partition:{fact.attrs['of']}")
    first = [*([above.id] if above and _goes_first(above, view) else []), *before_elsewhere(fact, view)]
    return first if _goes_first(fact, view) else [*first, *_parts_of_indexes(fact, view)]


def _goes_first(fact: Fact, view: View) -> bool:
    """Whether a partition is attached before those that it has: an identity column of the tables above (since
    17) reaches only what is attached to it later. Its indexes are valid as long as it has none."""
    if version(view) < 170000 or not _are_numbered(fact, view.target, view):
        return False
    indexes = (view.target[need] for need in fact.needs if need.startswith(("index:", "constraint:")))
    return not any(made_after(index, view) for index in indexes if index.parent == f"table:{fact.name}")


def _are_numbered(partition: Fact, side: Facts, view: View) -> bool:
    return any(
        part.kind == "column" and "identity" in part.attrs
        for table in ancestors(partition.name, side)
        for parts in (view.live_parts, view.target_parts)
        for part in parts.get(f"table:{table}", ())
    )


def _attached_anew(fact: Fact, view: View) -> list[str]:
    """The partitions that it has already, where it has to be attached before them."""
    below = view.live_dependents.get(f"table:{fact.name}", ()) if _goes_first(fact, view) else ()
    return [p.id for p in below if p.kind == "partition" and p.attrs["of"] == fact.name]


def _parts_of_indexes(fact: Fact, view: View) -> list[str]:
    """An index of a table with partitions is not valid before it has all its parts, and these theirs, and
    only then recognised when the table is attached itself."""
    found, waiting = list[str](), [*fact.needs]
    while waiting:
        index = waiting.pop()
        for part in view.target_dependents.get(index, ()):
            if part.kind == "index_partition" and part.attrs["parent"] == index:
                found.append(part.id)
                waiting.append(part.parent or "")
    return found


def detached(table: str) -> str:
    """What is provided by detaching a partition: from then on, changes of its parent pass it by."""
    return f"detached:{table}"


def copied(table: str, live: Facts) -> list[str]:
    """The foreign keys that a partition has as the tables above it, by their names there."""
    attached = live.get(f"partition:{table}")
    if attached is None:
        return []
    of = attached.attrs["of"]
    return sorted([*_foreign_keys(of, live), *copied(of, live)])


def _foreign_keys(table: str, live: Facts) -> list[str]:
    parts = live.parts.get(f"table:{table}", ())
    return [last(p.name) for p in parts if p.kind == "constraint" and p.attrs["type"] == "f"]


def without_keys(table: str, own: Sequence[str] = ()) -> str:
    """Takes off the foreign keys that a partition has as the tables above it: once it is detached, they are
    beside its own, by names that the server gave, or that those above had once."""
    drop = text(f"ALTER TABLE {table} DROP CONSTRAINT ") + " || '%I'"
    kept = f" AND conname <> ALL (ARRAY[{', '.join(literal(unquote(name)) for name in own)}])" if own else ""
    return block(
        f"""DECLARE name text;
BEGIN
  FOR name IN SELECT conname FROM pg_catalog.pg_constraint
     WHERE conrelid = {literal(table)}::pg_catalog.regclass AND contype = 'f' AND conparentid = 0{kept} LOOP
    EXECUTE pg_catalog.format({drop}, name);
  END LOOP;
END"""
    )


def _detach(fact: Fact, view: View) -> Draft:
    parent = fact.attrs["of"]
    finalize = " FINALIZE" if fact.attrs.get("detaching") else ""
    live = view.request.live
    own = _foreign_keys(fact.name, live)
    return Draft(
        needs=[*lost_in(fact.name, live), *are_away(away_meanwhile(fact, view), view)],
        provides=[detached(fact.name)],
        statements=[
            *(numbered_below(fact.name, view) if _are_numbered(fact, live, view) else ()),
            f"ALTER TABLE {parent} DETACH PARTITION {fact.name}{finalize}",
            *([without_keys(fact.name, own)] if copied(fact.name, live) else []),
        ],
        undo=[f"ALTER TABLE ONLY {parent} ATTACH PARTITION {fact.name} {fact.attrs['bound']}"],
        lock=STRONGEST,
    )


def _alter_attachment(before: Fact, after: Fact, view: View) -> Alteration | None:
    return Alteration() if before.attrs == after.attrs else None


_RECURSIVE = ("column", "constraint", "index")
"""Kinds whose statements on a parent reach its partitions, and may not be changed in an attached one."""


def after_detaching(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, those on a table that leaves its parent and on that waiting for the detaching; not those
    on a table that is dropped to leave it: they come before."""
    waits: dict[str, set[str]] = {}
    named = ((action.subject.partition(":")[2], action) for action in actions)
    away = {name: action for name, action in named if detached(name) in action.produces}
    dropped = {name for name, action in away.items() if f"table:{name}" in action.destroys}
    for name in away:
        for table in (*(() if name in dropped else (name,)), *ancestors(name, request.live)):
            waits.setdefault(f"table:{table}", set()).add(detached(name))
    if not waits:
        return list(actions)
    return _behind_checks([_waiting(action, request, waits, dropped) for action in actions])


def _waiting(
    action: Action, request: PlanRequest, waits: Mapping[str, set[str]], dropped: Collection[str]
) -> Action:
    fact = request.live.get(action.subject) or request.target.get(action.subject)
    tokens = waits.get(fact.parent or "") if fact and _reaches_below(fact, request) else None
    # What keeps the partition from going, as a foreign key to its parent does, goes first, and so does what
    # has to be away before the table is dropped, where that is how it leaves.
    released = (identity.partition(":") for identity in action.releases)
    before = {
        detached(n) for kind, _, n in released if kind == "partition" or (kind == "table" and n in dropped)
    }
    before |= {detached(name) for name in (*waiting_for(fact), *_checked_below(action))}
    waited = {*(tokens or ())} - before
    return (
        msgspec.structs.replace(action, needs=tuple(sorted({*action.needs, *waited}))) if waited else action
    )


def _checked_below(action: Action) -> list[str]:
    """The tables that lose a constraint with the one above: once away, they would keep it, and what it
    stands on."""
    if not action.subject.startswith("constraint:") or action.subject not in action.destroys:
        return []
    below = (i for i in action.destroys if i.startswith("constraint:") and i != action.subject)
    return [qualifier(identity.partition(":")[2]) for identity in below]


def _behind_checks(actions: Sequence[Action]) -> list[Action]:
    """The actions, partitions that leave waiting for the constraints that they lose with the one above."""
    first: dict[str, list[Action]] = {}
    for action in actions:
        for table in _checked_below(action):
            first.setdefault(detached(table), []).append(action)
    return [_behind(a, [c for token in a.produces for c in first.get(token, ())]) for a in actions]


def _behind(partition: Action, checks: Sequence[Action]) -> Action:
    if not checks:
        return partition
    going = {identity for check in checks for identity in check.destroys}
    needs = {*partition.needs, *(taken_off(check.subject.partition(":")[2]) for check in checks)}
    releases = tuple(identity for identity in partition.releases if identity not in going)
    return msgspec.structs.replace(partition, needs=tuple(sorted(needs)), releases=releases)


def _reaches_below(fact: Fact, request: PlanRequest) -> bool:
    """Whether a statement on it reaches the tables below: indexes and keys do in partitions only, but that a
    primary key makes its columns NOT NULL in all."""
    if fact.kind not in _RECURSIVE:
        return False
    table = request.live.get(fact.parent or "") or request.target.get(fact.parent or "")
    partitioned = table is not None and ("partition_key" in table.attrs or _is_partition(table, request))
    keys = fact.kind == "index" or fact.attrs.get("type") in ("u", "x", "f")
    return partitioned or not keys


def _is_partition(table: Fact, request: PlanRequest) -> bool:
    return any(f"partition:{table.name}" in side for side in (request.live, request.target))


def _displaced(fact: Fact, view: View) -> list[str]:
    """What of the table, and of the one above, has to go and come again for the attachment to be as it is."""
    return [
        *lacking(fact, view),
        *own_in(fact, view),
        *_attached_anew(fact, view),
        *_violated(fact, view),
        *away_meanwhile(fact, view),
    ]


def _violated(fact: Fact, view: View) -> list[str]:
    """The checks in its tree that rows may violate which it lets go: they were there before these."""
    root = root_of(fact, view.request)
    tree = (root, *partitions_below(root, view.target))
    found = [check for table in tree for check in never_validated(table, view)]
    return found if found and leaving.taken_out(fact, view) else []


def _displaced_once_away(fact: Fact, view: View) -> list[str]:
    return [*_violated_once_away(fact, view), *away_meanwhile(fact, view)]


def _violated_once_away(fact: Fact, view: View) -> list[str]:
    """The checks that rows may violate which come back to a table that leaves: they were there before."""
    found = never_validated(f"table:{fact.name}", view)
    return found if found and some_were_moved(view.request) else []


RULES: dict[str, Rule] = {
    # What comes or goes with a statement on the parent reaches the attached partition by itself.
    "partition": Rule(
        _attach,
        _detach,
        _alter_attachment,
        rank=45,
        separable=by_itself,
        along=_displaced,
        behind=_displaced_once_away,
        rebuild=lambda dependent, on: on.kind not in _RECURSIVE,
    ),
}
