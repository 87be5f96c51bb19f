"""What columns say of NULL. Since 18 that is a constraint, with a name, that children inherit or do not.

What a child of an inheritance tree has is its own, or only inherited. What is only inherited comes and goes
with that of the parents, under a name that nobody can choose; ``SET NOT NULL`` on the child makes it its own,
and nothing makes it only inherited again. A partition always has one of its own. Before 18 it is a flag of
each column: see ``flags.py``.
"""

from __future__ import annotations

from itertools import chain

from snapstore.facts import Groups
from snapstore.model import Fact, Json
from snapstore.rules import View
from snapstore_postgres.names import unquote
from snapstore_postgres.relations import version
from snapstore_postgres.relations.usual_names import not_null_name

_UNKNOWN = ""
"""Instead of the name of a NOT NULL that is only inherited."""
INHERITED = {"inherited": True}
_LOST = {"lost": True}


def is_flag(column: Fact, view: View) -> bool:
    """Whether it is a flag that can be changed in this table and in none below it."""
    table = view.either(column.parent or "")
    return version(view) < 180000 and table is not None and "partition_key" not in table.attrs


def without_name(not_null: Json) -> dict[str, Json]:
    """What it says besides its name."""
    return {k: v for k, v in not_null.items() if k != "name"} if isinstance(not_null, dict) else {}


def name_of_not_null(column: Fact) -> str:
    """The name of a column's NOT NULL, as it is."""
    return name_in(column.attrs.get("not_null"), column)


def name_in(not_null: Json, column: Fact) -> str:
    """The name that this says, or the usual one for a column."""
    named = isinstance(not_null, dict) and "name" in not_null
    return str(not_null["name"]) if named else not_null_name(column)


def for_children(not_null: Json) -> dict[str, Json]:
    """A NOT NULL without its name, and without whether it is for tables that inherit."""
    return {key: value for key, value in without_name(not_null).items() if key != "no_inherit"}


def other_name(column: Fact, was: Json, now: Json) -> bool:
    """Whether the two have other names, each of a NOT NULL of this column."""
    return unquote(name_in(was, column)) != unquote(name_in(now, column))


def beside(column: Fact, parts: Groups, view: View) -> list[Fact]:
    """The other columns of its table, on a server where NOT NULL has a name."""
    if version(view) < 180000:
        return []
    return [c for c in parts.get(column.parent or "", ()) if c.kind == "column" and c.id != column.id]


def has_name(column: Fact | None, name: str) -> bool:
    """Whether there is such a column, with a NOT NULL of that name."""
    if column is None or not column.attrs.get("not_null"):
        return False
    return unquote(name_of_not_null(column)) == unquote(name)


def contested_name(column: Fact, view: View) -> str | None:
    """The usual name of a NOT NULL where the server would give another, because somebody else has it."""
    if "not_null_names" not in view.memo:
        columns = chain.from_iterable(side.kinds.get("column", ()) for side in (view.live, view.target))
        values = (f.attrs.get("not_null") for f in columns)
        view.memo["not_null_names"] = {unquote(v.get("name", "")) for v in values if isinstance(v, dict)}
    name, taken = not_null_name(column), view.memo["not_null_names"]
    return name if unquote(name) in taken or _UNKNOWN in taken else None


def is_inherited(not_null: Json) -> bool:
    """Whether it is only inherited."""
    return isinstance(not_null, dict) and bool(not_null.get("inherited"))


def is_lost(not_null: Json) -> bool:
    """Whether a partition has no such constraint, though its column is NOT NULL: see ``miscounted.py``."""
    return bool(not_null == _LOST)


def is_only_inherited(column: Fact) -> bool:
    """Whether its NOT NULL is that of the tables above, and valid."""
    return bool(column.attrs.get("not_null") == INHERITED)


def gives(column: Fact | None) -> bool:
    """Whether the tables below get the NOT NULL of a column."""
    not_null = column.attrs.get("not_null") if column else None
    return bool(not_null) and "no_inherit" not in without_name(not_null)


def is_named_otherwise(column: Fact, above: Fact) -> bool:
    """Whether it has a NOT NULL, of another name than that of the column above it."""
    return bool(column.attrs.get("not_null")) and not has_name(column, name_of_not_null(above))


def is_not_valid(column: Fact) -> bool:
    """Whether rows may be NULL that were there before its NOT NULL."""
    return "not_valid" in without_name(column.attrs.get("not_null"))


def is_bound(column: Fact, view: View) -> bool:
    """Whether it numbers rows, or is part of a primary key, so that it has to be NOT NULL."""
    parts = view.live_parts.get(column.parent or "", ())
    keys = (part for part in parts if part.kind == "constraint" and part.attrs.get("type") == "p")
    return "identity" in column.attrs or any(column.id in key.needs for key in keys)
