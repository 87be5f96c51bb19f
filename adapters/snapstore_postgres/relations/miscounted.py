"""Constraints of which the server does not know any more how often they are inherited.

``DROP COLUMN`` takes the checks of the column along. In a table below that has such a column of its own it
leaves them, counted as inherited from a parent that has them no more. No statement drops such a check or
gives it another name, and one that a parent gets later merges with it, be it valid or not.

``SET EXPRESSION`` (since 18) loses the NOT NULL that a child or a partition has by the table above. That one
cannot take back its own then, nor let the child or partition go.

Where a column gets its type once more, both are set right: for it, the constraints of its table and of those
below are made anew, and what is left over goes. So where a plan has to do with such a constraint, the topmost
column is marked on the live side, with all that get a type by the same statement: they differ from the
target, and change in the way of a column whose type changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Fact, FactChange, Json
from snapstore.rules import View
from snapstore_postgres.names import last, qualifier, unquote
from snapstore_postgres.relations import children, table_of
from snapstore_postgres.relations.inheritance import ancestors, parents
from snapstore_postgres.relations.notnull import name_of_not_null
from snapstore_postgres.relations.usual_names import not_null_name
from snapstore_postgres.renaming import MISCOUNTED
from snapstore_postgres.renaming.renamed_request import changes_after

_MARK = "miscounted"
"""Of a live column that is to get its type once more: the identities of what its statement sets right."""


def is_miscounted(check: str, request: PlanRequest) -> bool:
    """Whether a live check, given by identity and maybe no fact, is one that a parent has left."""
    return check in request.live_hints.get(MISCOUNTED, {})


def set_right(request: PlanRequest) -> PlanRequest:
    """The request with marks on the columns that have to get their types once more."""
    wrong: dict[str, list[str]] = defaultdict(list)
    for identity, columns in sorted(request.live_hints.get(MISCOUNTED, {}).items()):
        top = _topmost(identity, columns, request) if _matters(identity, request) else None
        if top is not None:
            wrong[top].append(identity)
    if not wrong:
        return request
    found = {i: request.live[i] for i in wrong for i in _reached(i, request)}
    found = {i: _with(column, **{_MARK: wrong.get(i, [])}) for i, column in found.items()}
    for top, lost in ((top, i) for top, identities in wrong.items() for i in identities if _is_column(i)):
        found[lost] = _given(found.get(lost, request.live[lost]), request.live[top], request)
    moves = [FactChange(i, request.live[i], column) for i, column in sorted(found.items())]
    live = request.live.changed(moves)
    changes = structs.replace(request.changes, facts=changes_after(request, live, moves))
    return structs.replace(request, live=live, changes=changes)


def _with(column: Fact, **attrs: Json) -> Fact:
    return structs.replace(column, attrs={**column.attrs, **attrs})


def _given(column: Fact, top: Fact, request: PlanRequest) -> Fact:
    """A column as it is once it has its NOT NULL again: that of a partition has the name from above."""
    if f"partition:{_table(column.id)}" not in request.live:
        return column
    name = name_of_not_null(top)
    usual = unquote(name) == unquote(not_null_name(column))
    return _with(column, not_null=True if usual else {"name": name})


def _is_column(identity: str) -> bool:
    return identity.startswith("column:")


def _table(identity: str) -> str:
    return qualifier(identity.partition(":")[2])


# -- what matters ------------------------------------------------------------------------------------------


def _matters(identity: str, request: PlanRequest) -> bool:
    """Whether the plan has to do with it: something changes for a check of that name, or such a column, in
    the tables above it and below, or in what its table has above it."""
    table = _table(identity)
    links = {f"partition:{table}", f"table:{table}"}
    names = {table, *_around(table, request.live), *_around(table, request.target)}
    same = {f"{identity.partition(':')[0]}:{name}.{last(identity)}" for name in names}
    near = (change for change in request.changes.facts if change.id in same or change.id in links)
    return f"table:{table}" in request.live and any(map(_counts, near))


def _around(table: str, side: Facts) -> Iterator[str]:
    yield from ancestors(table, side)
    yield from _below(table, side)


def _below(table: str, side: Facts) -> Iterator[str]:
    for child in children(f"table:{table}", side.dependents):
        yield child
        yield from _below(child, side)


def _counts(change: FactChange) -> bool:
    if not change.id.startswith("table:") or change.before is None or change.after is None:
        return True
    return bool(change.before.attrs.get("inherits") != change.after.attrs.get("inherits"))


# -- what has to be done -----------------------------------------------------------------------------------


def _topmost(identity: str, columns: Sequence[str], request: PlanRequest) -> str | None:
    """The column that gets its type once more: of a check, for one that it reads, if possible one that its
    table has of its own; of a NOT NULL, that by which it would be there. None where it is not looked at, and
    where no column may get its type."""
    if _is_column(identity):
        columns = _same(identity, parents(_table(identity), request.live), request)
    tops = (_top(column, request) for column in columns if column in request.live)
    possible = (top for top in tops if _is_alone(top, request))
    return min(possible, key=lambda top: (top not in columns, top), default=None)


def _is_alone(top: str, request: PlanRequest) -> bool:
    """Whether no column that gets its type by the same statement is given by another one too: PostgreSQL
    alters none then."""
    reached = {*_reached(top, request)}
    above = (_same(column, _lasting(_table(column), request), request) for column in reached - {top})
    return all(reached.issuperset(given_by) for given_by in above)


def _same(column: str, tables: Sequence[str], request: PlanRequest) -> list[str]:
    found = (f"column:{table}.{last(column)}" for table in tables)
    return [identity for identity in found if identity in request.live]


def _top(column: str, request: PlanRequest) -> str:
    """The topmost column that gives this one its type, before and after."""
    above = _same(column, _lasting(_table(column), request), request)
    return _top(above[0], request) if above else column


def _lasting(table: str, request: PlanRequest) -> list[str]:
    now = parents(table, request.target)
    return [parent for parent in parents(table, request.live) if parent in now]


def _reached(column: str, request: PlanRequest) -> Iterator[str]:
    """A column, with those that get a type by the same statement."""
    yield column
    table = _table(column)
    below = children(f"table:{table}", request.live.dependents)
    for same in _same(column, [child for child in below if table in _lasting(child, request)], request):
        yield from _reached(same, request)


# -- for rules ---------------------------------------------------------------------------------------------


def is_marked(column: Fact | None) -> bool:
    """Whether a live column is to get its type once more."""
    return column is not None and _MARK in column.attrs


def goes_with_type(check: Fact, view: View) -> bool:
    """Whether a live check goes behind the statement by which a column gets its type: not before."""
    marked = any(is_marked(view.live.get(need)) for need in check.needs)
    return marked and is_miscounted(check.id, view.request)


def gone_with_type(column: Fact, view: View) -> Iterator[Fact]:
    """Those that go behind the statement for this column, being tables' own by then."""
    for identity in column.attrs.get(_MARK, ()):
        fact = view.live.get(identity)
        if fact and fact.kind == "constraint" and not fact.attrs.get("inherited") and view.vanishes(identity):
            yield fact


def marked_below(column: Fact, view: View) -> Iterator[str]:
    """The columns with which one that comes will merge, at any depth, that get their types before, maybe by
    the statement for one above: later they could not."""
    for child in children(column.parent or "", view.target_dependents):
        same = view.target.get(f"column:{child}.{last(column.name)}")
        if same is not None:
            tables = (child, *ancestors(child, view.live)) if is_marked(view.live.get(same.id)) else ()
            marked = (i for i in _same(same.id, tables, view.request) if is_marked(view.live[i]))
            yield from (identity for identity in marked if view.stays(identity))
            yield from marked_below(same, view)


def lost_in(table: str, live: Facts) -> Iterator[str]:
    """The columns above that get their types once more before a table, given by name, leaves them."""
    for parent in ancestors(table, live):
        columns = (part for part in live.parts.get(f"table:{parent}", ()) if part.kind == "column")
        yield from (column.id for column in columns if table in waiting_for(column))


def waiting_for(column: Fact | None) -> list[str]:
    """The tables that stay below a live column until it has got its type once more."""
    marks = column.attrs.get(_MARK, ()) if column else ()
    return [_table(identity) for identity in marks if _is_column(identity)]


def to_leave(table: Fact, view: View) -> list[str]:
    """Statements behind which a table can leave those above it that go, too: nothing else gives their columns
    their types once more."""
    lost = [i for i in sorted(view.request.live_hints.get(MISCOUNTED, {})) if _is_column(i)]
    above = [*ancestors(table.name, view.live)][::-1]
    tops = (next(iter(_same(i, above, view.request)), "") for i in lost if _table(i) == table.name)
    columns = [view.live[top] for top in dict.fromkeys(tops) if view.vanishes(top) and top in view.live]
    return [
        f"ALTER TABLE {table_of(column)} ALTER COLUMN {last(column.name)} TYPE {column.attrs['type']}"
        + (f" COLLATE {column.attrs['collation']}" if "collation" in column.attrs else "")
        for column in columns
    ]
