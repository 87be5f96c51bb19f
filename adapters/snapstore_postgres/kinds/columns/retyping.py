"""Another type or expression for a column whose NOT NULL is one of several tables, by inheritance (since 18).

PostgreSQL makes each NOT NULL of the column anew for the type, for the tables below too, and fails where one
has another name there. So none is for the tables below meanwhile; what is only inherited comes back with it.
What a parent's column has left behind would go for good, and is called the column's own first. So would what
a column inherits by another expression of its own, and by no statement could the parent's be dropped then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.names import last, unquote
from snapstore_postgres.relations import children, table_of, version
from snapstore_postgres.relations.inheritance import all_governing, given_by
from snapstore_postgres.relations.left_not_nulls import kept_with_type
from snapstore_postgres.relations.notnull import (
    gives,
    is_bound,
    is_inherited,
    is_not_valid,
    name_of_not_null,
)
from snapstore_postgres.relations.notnull_changes import validated_below


def around_type(column: Fact, view: View) -> tuple[list[str], list[str]]:
    """Statements before and behind the one that gives a type to a column, as it is, and to those below."""
    held = [c for c in (column, *_below(column, view)) if gives(c)]
    left = [text for c in held for text in kept_with_type(c, view)]
    valid = validated_below(column, [c for c in held if not is_not_valid(view.target.get(c.id, c))])
    if len({unquote(name_of_not_null(c)) for c in _own(held)}) < 2:
        return left, valid
    before, behind = _not_for_children(held, view)
    return [*left, *before], [*behind, *valid]


def around_expression(told: Sequence[Fact], view: View) -> tuple[list[str], list[str]]:
    """The same around those that say what columns, of live tables, are computed from: the first, and others
    below it. What is above the first is as it will be by then."""
    heirs = (c for c in told if is_inherited(view.live[c.id].attrs.get("not_null")))
    above = dict.fromkeys(identity for heir in heirs for identity in all_governing(heir, view))
    done = all_governing(told[0], view) if told else ()
    givers = [c for c in ((view.target if i in done else view.live)[i] for i in above) if gives(c)]
    below = [found for giver in givers for found in _below(giver, view) if gives(found)]
    return _not_for_children(list({c.id: c for c in (*givers, *below)}.values()), view)


def _own(held: Sequence[Fact]) -> list[Fact]:
    return [c for c in held if not is_inherited(c.attrs["not_null"])]


def _not_for_children(held: Sequence[Fact], view: View) -> tuple[list[str], list[str]]:
    own = _own(held)
    if version(view) < 180000 or any("partition_key" in view.live[c.parent or ""].attrs for c in held):
        return [], []
    above = [c for c in own if children(c.parent or "", view.live_dependents)]
    alter = [f"ALTER TABLE {table_of(c)} ALTER CONSTRAINT {name_of_not_null(c)}" for c in above]
    away = [f"{_alter(c)} DROP NOT NULL" for c in held if c not in own and not is_bound(c, view)]
    return [*(f"{text} NO INHERIT" for text in alter), *away], [f"{text} INHERIT" for text in reversed(alter)]


def _alter(column: Fact) -> str:
    return f"ALTER TABLE {table_of(column)} ALTER COLUMN {last(column.name)}"


def _below(column: Fact, view: View) -> Iterator[Fact]:
    for child in children(column.parent or "", view.live_dependents):
        found = view.live.get(f"column:{child}.{last(column.name)}")
        if found is not None and view.stays(found.id) and column.id in given_by(found, view):
            yield found
            yield from _below(found, view)
