"""Checks of parents that have to come to a new table, since the new table cannot come to them.

In one that is made after it, a check that was never validated would be valid. One that inherits only once it
is there would have to have the checks by then. And where a column gets an expression of its own, the server
forgets the checks of it that are only inherited.
"""

from __future__ import annotations

from collections.abc import Iterator

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.kinds.columns import generated
from snapstore_postgres.names import last
from snapstore_postgres.relations import children, table_of
from snapstore_postgres.relations.inheritance import ancestors
from snapstore_postgres.rows.disallowed.unvalidated import is_unvalidated


def made_before(fact: Fact, view: View) -> list[str]:
    """The new tables, by identity, to which a new check of a parent has to come."""
    if not _is_check(fact) or not view.appears(fact.id):
        return []
    found = []
    for child in children(fact.parent or "", view.target_dependents):
        below = view.target.get(f"constraint:{child}.{last(fact.name)}")
        late = below and (is_unvalidated(below) or _is_late(below, table_of(fact), view))
        if late and view.appears(f"table:{child}"):
            found.append(f"table:{child}")
        found += made_before(below, view) if below else []
    return found


def live_above(table: Fact, view: View) -> Iterator[str]:
    """The checks of parents that are there, and have to come to a new table."""
    for parent in dict.fromkeys(ancestors(table.name, view.target)):
        for part in view.target_parts.get(f"table:{parent}", ()):
            below = view.target.get(f"constraint:{table.name}.{last(part.name)}")
            own = _is_check(part) and not part.attrs.get("inherited") and part.id in view.live
            if own and below and _is_late(below, parent, view):
                yield part.id


def _is_check(fact: Fact) -> bool:
    return fact.kind == "constraint" and fact.attrs.get("type") == "c"


def _is_late(below: Fact, parent: str, view: View) -> bool:
    table = view.target[below.parent or ""]
    return parent in generated.later_parents(table, view) or _is_forgotten(below, parent, view)


def _is_forgotten(below: Fact, parent: str, view: View) -> bool:
    columns = [view.target[need] for need in below.needs if need.startswith("column:")]
    pairs = ((view.target.get(f"column:{parent}.{last(c.name)}"), c) for c in columns)
    return any(above and generated.has_its_own(column, above) for above, column in pairs)
