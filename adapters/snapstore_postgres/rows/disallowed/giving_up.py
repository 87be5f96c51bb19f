"""Rows that the target does not allow, deleted right before it would refuse them: where data is given up.

What refers to them by a key that does not let it go along or be without, is deleted with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.model import Action, DataMode, Hazard, HazardName, Verb
from snapstore.rules import View
from snapstore_postgres.names import block, literal
from snapstore_postgres.relations import STRONGEST
from snapstore_postgres.relations.sizes import size
from snapstore_postgres.renaming import renames
from snapstore_postgres.rows.disallowed.deleting import VARIABLES, those_found
from snapstore_postgres.rows.disallowed.told import looks
from snapstore_postgres.rows.looks.arrived import BY_ITSELF, arrived
from snapstore_postgres.rows.looks.looking import CANNOT_TELL, LOOKS, Look

_LOCK = "SHARE ROW EXCLUSIVE"
_FITTING = "fitting:"


def are_given_up(request: PlanRequest) -> bool:
    """Whether rows in the way are."""
    return request.options.data is DataMode.DISCARD


def before_refused(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, each that allows less than before behind one that deletes what it does not allow."""
    stage, found = arrived(request, actions), list[Action]()
    for number, action in enumerate(actions):
        fact = request.target.get(action.subject)
        allows = action.verb is Verb.DROP or LOOKS in action.payload or renames(action)
        if seen := [] if fact is None or allows else [*looks(fact, stage)]:
            fitting = f"{_FITTING}{number}"
            found.append(_deleting(action, fitting, seen, request))
            action = structs.replace(action, needs=(*action.needs, fitting))
        found.append(action)
    return found


def joined(actions: Sequence[Action]) -> list[Action]:
    """The actions, those before which rows are deleted doing that themselves, where they are of the
    transaction: no other may delete in between what their rows refer to."""
    deleting = {name: action for action in actions for name in action.produces if name.startswith(_FITTING)}
    found, gone = list[Action](), set[str]()
    for action in actions:
        tokens = [need for need in action.needs if need in deleting]
        if action.transactional and len(tokens) == 1:
            gone.add(tokens[0])
            action = _joined(deleting[tokens[0]], action)
        found.append(action)
    return [action for action in found if gone.isdisjoint(action.produces)]


def _joined(first: Action, action: Action) -> Action:
    return structs.replace(
        action,
        summary=f"{action.summary}, without the rows in its way",
        statements=(*first.statements, *action.statements),
        needs=tuple(need for need in action.needs if need not in first.produces),
        hazards=(*first.hazards, *action.hazards),
        lock=action.lock if action.lock == STRONGEST else first.lock,
    )


def _deleting(action: Action, fitting: str, seen: Sequence[Look], request: PlanRequest) -> Action:
    view, made = View(request, fates={}), {*action.produces, action.subject}
    # What goes may be what others of the same table refer to.
    again = request.target[action.subject].attrs.get("type") == "f"
    return Action(
        resource=action.resource,
        verb=Verb.ALTER,
        subject=action.subject,
        summary=f"delete rows that are in the way, before: {action.summary}",
        statements=tuple(text for look in seen for text in _deleted(look, again)),
        produces=(fitting,),
        needs=tuple(need for need in action.needs if need not in made),
        hazards=tuple(_hazards(seen, view)),
        lock=_LOCK,
        rows=action.rows,
        bytes=action.bytes,
        transactional=True,
        rank=action.rank,
    )


def _hazards(seen: Sequence[Look], view: View) -> Iterator[Hazard]:
    for look in seen:
        rows, bytes_ = size(view, f"table:{look.table}")
        what = f"rows of {look.table} that do not {look.what}"
        yield Hazard(HazardName.DATA_LOSS, what, rows, bytes_)


def _deleted(look: Look, again: bool) -> list[str]:
    """Statements that delete what a look finds; ``again`` until it finds nothing."""
    lock = f"LOCK TABLE {look.table} IN {_LOCK} MODE"
    if look.place == BY_ITSELF and not (look.arguments or again):
        return [lock, f"DELETE FROM ONLY {look.table} t WHERE t.ctid IN ({look.bad})"]
    return [
        lock,
        block(
            f"""#variable_conflict use_column
DECLARE parts text; which text; pairs text; {VARIABLES}
BEGIN
  BEGIN {look.asking()}
  LOOP
    tables := NULL; {look.executed(partial(_lying_there, look), "tables, places")}
    EXIT WHEN tables IS NULL;
    {those_found()}
    {"" if again else "EXIT;"}
  END LOOP;
  EXCEPTION WHEN {CANNOT_TELL} THEN NULL; END;
END"""
        ),
    ]


def _lying_there(look: Look, query: str) -> str:
    """The query for the tables and the places of rows, of one for what tells both."""
    one, place = f"{literal(look.table)}::regclass", "b.place"
    if look.place != BY_ITSELF:
        part, place = (f"pg_catalog.split_part(b.place, ' ', {number})" for number in (1, 2))
        one = f"{part}::oid::regclass"
    return f"SELECT pg_catalog.array_agg({one}), pg_catalog.array_agg({place}::tid) FROM ({query}) b"
