"""The physical order of columns: no part of the state, since nothing but ``SELECT *`` sees it, but reported.

A column that comes back lands behind the others. ``--exact-column-order`` makes such a table anew, with its
rows carried over; so does a view that names the columns of a table, or of a function that gives its rows, in
their order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, pairwise

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, Json, Verb
from snapstore.ordering import softly
from snapstore.rules import View
from snapstore_postgres.expressions.column_lists import listed
from snapstore_postgres.kinds.columns.generated import reads_own_table
from snapstore_postgres.names import qualifier

_ROUTINES = ("function", "procedure")
_READS = ("view", "matview", "rule", "policy", *_ROUTINES)


def made_anew(request: PlanRequest, actions: Sequence[Action] = ()) -> set[str]:
    """The tables to be made anew for the order of their columns: all that would have another one after the
    actions where that was asked for, else those whose columns something names in their order, as in
    ``public.t t(a, b)`` or in ``public.f() f(a, b)``."""
    tables = misplaced(request, actions)
    if request.options.exact_column_order or not tables:
        return tables
    return {*_listed(request, tables), *_called(request, tables)}


def _listed(request: PlanRequest, tables: Collection[str]) -> Iterator[str]:
    for fact in _reading(request, tables):
        yield from listed(fact) & {*tables}


def _reading(request: PlanRequest, tables: Collection[str]) -> Iterator[Fact]:
    """What may name one of these tables: all that stands on one or on a part of it, and routines, whose text
    the server need not have read."""
    parts = chain.from_iterable(request.target.parts.get(table, ()) for table in tables)
    known = {*tables, *(part.id for part in parts)}
    for kind in _READS:
        for fact in request.target.kinds.get(kind, ()):
            if kind in _ROUTINES or fact.parent in known or not known.isdisjoint(fact.needs):
                yield fact


def _called(request: PlanRequest, tables: Collection[str]) -> Iterator[str]:
    """The tables whose rows a function gives that something calls: what it gives is named by its place."""
    functions = {f.id: _given(f) for f in request.target.kinds.get("function", ()) if _given(f) in tables}
    reading = chain.from_iterable(request.target.kinds.get(kind, ()) for kind in _READS) if functions else ()
    return (functions[need] for fact in reading for need in fact.needs if need in functions)


def _given(function: Fact) -> str:
    return f"table:{function.attrs['result'].removeprefix('SETOF ')}"


def misplaced(request: PlanRequest, actions: Sequence[Action]) -> set[str]:
    """The tables, by identity, whose columns would lie in another order than in the target."""
    subjects = (action.subject for action in actions if action.verb is Verb.CREATE)
    return set(_misplaced(request, {s for s in subjects if s.startswith("column:") and s in request.live}))


def _misplaced(request: PlanRequest, replaced: Collection[str]) -> Iterator[str]:
    moving = {f"table:{qualifier(column.partition(':')[2])}" for column in replaced}
    there, wanted = _columns(request.live_hints), _columns(request.target_hints)
    differing = {identity for identity, now in there.items() if now != wanted.get(identity, now)}
    for identity in differing | moving & there.keys() & wanted.keys():
        now, then = there[identity], wanted[identity]
        fact = request.target.get(identity)
        if fact is None or identity not in request.live or not identity.startswith("table:"):
            continue
        if fact.attrs.keys() & {"of", "inherits", "foreign"} or f"partition:{fact.name}" in request.target:
            continue
        prefix = f"column:{fact.name}."
        staying = [c for c in now if c in then and prefix + c not in replaced]
        after = staying + [c for c in then if c not in staying]
        if after not in (then, _as_made_anew(then, prefix, request)):
            yield identity


def _as_made_anew(columns: Sequence[str], prefix: str, request: PlanRequest) -> list[str]:
    """The order in which a table gets its columns at best: those that are computed from itself come last."""
    view, facts = View(request, fates={}), [(c, request.target.get(prefix + c)) for c in columns]
    own = [c for c, fact in facts if fact is not None and reads_own_table(fact, view)]
    return [*(c for c in columns if c not in own), *own]


def _columns(hints: Mapping[str, Json]) -> dict[str, list[str]]:
    """The columns of each relation, in their order."""
    return {identity: _columns_of(identity, hints) for identity in hints.get("relations", {})}


def _columns_of(relation: str, hints: Mapping[str, Json]) -> list[str]:
    known = hints.get("relations", {}).get(relation, {})
    return known.get("columns") or []


def in_order(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions; those that add columns to one table in the order of the target, where nothing is against
    it."""
    added = {a.subject for a in actions if a.verb is Verb.CREATE and a.subject.startswith("column:")}
    wanted: dict[str, set[str]] = {}
    for table in {f"table:{qualifier(column.partition(':')[2])}" for column in added}:
        name = table.partition(":")[2]
        columns = (f"column:{name}.{column}" for column in _columns_of(table, request.target_hints))
        wanted |= {after: {before} for before, after in pairwise(c for c in columns if c in added)}
    return softly(actions, wanted)


def noted(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions; those that add a column to a table that is not as in the target then say so."""
    tables = misplaced(request, actions)
    return [_noted(action) if tables and _adds_to(action, tables) else action for action in actions]


def _adds_to(action: Action, tables: set[str]) -> bool:
    kind, _, name = action.subject.partition(":")
    return action.verb is Verb.CREATE and kind == "column" and f"table:{qualifier(name)}" in tables


def _noted(action: Action) -> Action:
    note = "behind the others, which is cosmetic (--exact-column-order rebuilds the table)"
    return structs.replace(action, summary=f"{action.summary}, {note}")
