"""Values that name objects, as those of ``regclass`` do, of which some are made anew.

Such a value is the id of its object. What is made anew gets another one, and the value would name nothing any
more: it is given that of what has the name now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, Verb
from snapstore_postgres.names import last, literal
from snapstore_postgres.renaming import TYPES
from snapstore_postgres.rows.carried.carry import held
from snapstore_postgres.rows.undisturbed import quietly

_RELATIONS = ("table", "view", "matview", "sequence", "index")
_ROUTINES = ("function", "procedure")
_NAMING: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "regclass": ("regclass", _RELATIONS),
    "regproc": ("regprocedure", _ROUTINES),
    "regprocedure": ("regprocedure", _ROUTINES),
    "regtype": ("regtype", tuple(TYPES)),
    "regoper": ("regoperator", ("operator",)),
    "regoperator": ("regoperator", ("operator",)),
    "regconfig": ("regconfig", ("ts_configuration",)),
    "regdictionary": ("regdictionary", ("ts_dictionary",)),
    "regcollation": ("regcollation", ("collation",)),
}
"""By the type of a column: the one that reads whole names, and the kinds of facts that these are of."""
_RANK = 900


def named_anew(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, with one for each column whose values may name what they make anew."""
    made = {a.subject for a in actions if _makes(a) and _id(a.subject, request)}
    going = {identity for action in actions for identity in action.destroys}
    columns = (
        (c for c in request.target.kinds.get("column", ()) if c.attrs["type"] in _NAMING) if made else ()
    )
    found = [
        _renamed(column, names, request)
        for column in columns
        if column.id not in going and column.parent not in going and _has_values(column, request)
        if (names := _named(column, made, request))
    ]
    return [*actions, *found]


def _makes(action: Action) -> bool:
    """Whether it makes something; a type whose labels change is made under its name too."""
    swaps = any(text.startswith("CREATE TYPE ") for text in action.statements)
    return action.verb is Verb.CREATE or (action.verb is Verb.ALTER and swaps)


def _id(identity: str, request: PlanRequest) -> str:
    """The id that it has now, if it is there."""
    hints = request.live_hints
    whole = hints.get("relations", {}).get(identity, {}).get("oid") or hints.get("ids", {}).get(identity)
    return str(whole or "").rpartition("/")[2]


def _has_values(column: Fact, request: PlanRequest) -> bool:
    """Whether it is there before and after as it is, in a table that has rows of its own."""
    table = column.parent or ""
    before = request.live.get(column.id)
    if before is None or before.attrs["type"] != column.attrs["type"] or "generated" in column.attrs:
        return False
    part = f"partition:{table.partition(':')[2]}" in request.target
    return table.startswith("table:") and not part and held(request, table) != 0


def _named(column: Fact, made: set[str], request: PlanRequest) -> list[str]:
    """What is made anew that its values may name."""
    _, kinds = _NAMING[column.attrs["type"]]
    return [i for i in sorted(made) if i.partition(":")[0] in kinds and i in request.target]


def _renamed(column: Fact, made: Sequence[str], request: PlanRequest) -> Action:
    table, name, kind = (column.parent or "").partition(":")[2], last(column.name), column.attrs["type"]
    only = "" if "partition_key" in request.target[column.parent or ""].attrs else "ONLY "
    now = (f"{literal(i.partition(':')[2])}::pg_catalog.{_NAMING[kind][0]}::pg_catalog.oid" for i in made)
    pairs = ", ".join(f"({_id(i, request)}::pg_catalog.oid, {oid})" for i, oid in zip(made, now, strict=True))
    update = (
        f"UPDATE {only}{table} t SET {name} = n.now::pg_catalog.{kind} FROM (VALUES {pairs}) AS n (was, now)"
        f" WHERE t.{name}::pg_catalog.oid OPERATOR(pg_catalog.=) n.was"
    )
    published = any(side.kinds.get("publication") for side in (request.live, request.target))
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=column.id,
        summary=f"let values of {column.name} name what was made anew",
        statements=(quietly(table, [update], published),),
        needs=(column.id, column.parent or "", *made),
        lock="SHARE ROW EXCLUSIVE",
        transactional=True,
        rank=_RANK,
    )
