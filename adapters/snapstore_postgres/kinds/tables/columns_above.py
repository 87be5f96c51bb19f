"""What a new table gets with the columns of its parents, and what has to be settled among them first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from snapstore.model import Fact, Json
from snapstore.rules import View
from snapstore_postgres.kinds.columns.column_text import column_settings
from snapstore_postgres.kinds.columns.defaults import set_default
from snapstore_postgres.names import last
from snapstore_postgres.relations import table_of
from snapstore_postgres.relations.inheritance import parents


class Around(NamedTuple):
    """Statements before a table is created, which change its parents for that moment, and those after it."""

    before: list[str]
    after: list[str]


def no_default_above(column: Fact, view: View) -> str:
    """What a column says that is to have no default of any parent: only one of its own, be it none, settles
    between two that differ."""
    computed = {"generated", "identity"} & column.attrs.keys()
    return " DEFAULT NULL" if merged_from(column, view) and not computed else ""


def merged_from(column: Fact, view: View) -> list[Fact]:
    """The columns of its parents that a column of a new table becomes one with."""
    inherits = view.target[column.parent or ""].attrs.get("inherits", ())
    found = (view.target.get(f"column:{parent}.{last(column.name)}") for parent in inherits)
    return [fact for fact in found if fact]


_STORED = ("storage", "compression")


def stored_as_above(column: Fact, view: View) -> dict[str, Json] | None:
    """What a column of a new table has without being told, as the one that it inherits has it."""
    above = merged_from(column, view)
    return {key: above[0].attrs[key] for key in _STORED if key in above[0].attrs} if above else None


def stored_alike(columns: Sequence[Fact], view: View) -> Around:
    """Columns that merge are stored in the same way, as they have to be in that moment; then again as they
    were."""
    around = Around([], [])
    for column in columns:
        first, *others = merged_from(column, view) or [column]
        for other in others:
            same = Fact(other.id, _stored_attributes(first, other), other.parent)
            around.before.extend(column_settings(same, view, other.attrs))
            around.after.extend(column_settings(other, view, same.attrs))
    return around


def _stored_attributes(first: Fact, other: Fact) -> dict[str, Json]:
    rest = {key: value for key, value in other.attrs.items() if key not in _STORED}
    return rest | {key: first.attrs[key] for key in _STORED if key in first.attrs}


def of_other_defaults(columns: Sequence[Fact], view: View) -> Around:
    """A column that is only inherited gets no default from two parents that have others, between which the
    server would not choose; then they have theirs again."""
    around = Around([], [])
    for column in columns:
        defaults = [view.target.get(f"default:{above.name}") for above in merged_from(column, view)]
        if len({default.attrs["expression"] for default in defaults if default}) > 1:
            drafts = [set_default(default) for default in defaults if default]
            around.before.extend(text for draft in drafts for text in draft.undo)
            around.after.extend(text for draft in drafts for text in draft.statements)
    return around


def has_default_above(column: Fact, view: View) -> bool:
    above = parents(table_of(column), view.target)
    return any(f"default:{parent}.{last(column.name)}" in view.target for parent in above)
