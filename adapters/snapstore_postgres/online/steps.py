"""Actions on large tables as steps that let everybody else go on working.

Takes the actions of a plan and gives others that lead to the same state: what takes long runs before or after
the one transaction, in steps of their own that only ever hold locks which readers and writers do not notice.

    before   indexes built CONCURRENTLY, checks for NOT NULL added and validated, partitions detached
    then     the transaction: all the rest, each lock in it needed for a moment
    after    constraints validated, indexes dropped CONCURRENTLY

Everything that a step can leave behind when it is cut is a fact that the next capture sees (an invalid index,
a constraint that is NOT VALID, an index under a spare name), so that going on is planned like anything else;
here it is recognised and used again. Where a step would have to run in the middle of the transaction, the
action stays in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import groupby

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Locking
from snapstore.ordering import CircularActions, order
from snapstore_postgres.online import (
    attaching,
    constraints,
    foreign_keys,
    indexes,
    matviews,
    not_null,
    partitions,
)
from snapstore_postgres.online.renames import besides_renames
from snapstore_postgres.online.scene import Change, Scene
from snapstore_postgres.rows.looks.looking import LOOKS
from snapstore_postgres.settings import locking


def in_steps(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, those on large tables in steps, as far as ``locking`` asks for it."""
    if request.settings is None or locking(request) == Locking.ATOMIC:
        return list(actions)
    return besides_renames(actions, request.target, partial(_in_steps, request))


def _in_steps(request: PlanRequest, found: list[Action]) -> list[Action]:
    for changes in (
        partitions.detached,
        attaching.attached,
        matviews.built,
        matviews.filled,
        indexes.built,
        indexes.keyed,
        indexes.dropped,
        foreign_keys.prepared,
        constraints.validated,
        not_null.behind_proof,
    ):
        found = _with(found, list(changes(Scene(request, found))))
    return found


def _with(actions: list[Action], changes: Sequence[Change]) -> list[Action]:
    """The actions with all these changes; where that cuts up the transaction, with those that do not."""
    if not changes:
        return actions
    changed = _changed(actions, changes)
    if _transactions(changed) <= _transactions(actions):
        return changed
    if len(changes) == 1:
        return actions
    half = len(changes) // 2
    return _with(_with(actions, changes[:half]), changes[half:])


def _changed(actions: Sequence[Action], changes: Iterable[Change]) -> list[Action]:
    changes = list(changes)
    gone = {id(action) for change in changes for action in change.gone}
    return [*(a for a in actions if id(a) not in gone), *(a for change in changes for a in change.new)]


def _transactions(actions: Sequence[Action]) -> float:
    """How many transactions the actions take, in their order; without end where they have none."""
    try:
        # What only looks comes before everything else, in a transaction of its own.
        changing = [action for action in order(actions) if LOOKS not in action.payload]
        kinds = [kind for kind, _ in groupby(changing, key=lambda action: action.transactional)]
    except CircularActions:
        return float("inf")
    return float(max(1, kinds.count(True)))
