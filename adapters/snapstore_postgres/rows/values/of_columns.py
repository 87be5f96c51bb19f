"""Which columns have their values set aside when they go, and where those lie that a new one gets."""

from __future__ import annotations

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.names import last, qualifier
from snapstore_postgres.relations import plain_stays_bound
from snapstore_postgres.relations.inheritance import ancestors
from snapstore_postgres.relations.sizes import size
from snapstore_postgres.rows.archived import archive
from snapstore_postgres.rows.values.places import entry_of_dropped


def values_of(fact: Fact, view: View, *, own: bool) -> list[archive.Entry]:
    """Where values of a column that is created lie: set aside by this very plan, unless it has none of its
    own for that, or by an earlier one."""
    before = view.live.get(fact.id)
    if view.stays(fact.id) or "foreign" in view.target[fact.parent or ""].attrs:
        return []  # a column that becomes one with that of a parent, or whose rows are not here
    earlier = archive.kept(view.request, fact.id, "column")
    found = [earlier] if earlier else [entry for _, entry in left_above(fact, view)]
    if before is None or not own or not keeps_values(before, view):
        return found
    return [entry_of_dropped(before, view), *found]


def left_above(fact: Fact, view: View) -> list[tuple[str, archive.Entry]]:
    """Where values lie that went with the column of what its table has been a partition of, and leaves now,
    or comes to since that is made anew; and that column."""
    table = qualifier(fact.name)
    attachment = f"partition:{table}"
    if not view.either(attachment) or view.stays(attachment) or fact.id in view.live:
        return []
    new = (name for name in ancestors(table, view.target) if f"table:{name}" not in view.live)
    above = (f"column:{name}.{last(fact.name)}" for name in (*ancestors(table, view.live), *new))
    found = ((column, archive.kept(view.request, column, "column")) for column in above)
    return [(column, entry) for column, entry in found if entry]


def keeps_values(fact: Fact, view: View) -> bool:
    """Whether the values of a column that is dropped, but not its table, are set aside: they go to the
    archive, or back into the column when it is only made anew."""
    table = fact.parent or ""
    wanted = archive.wanted(view) or fact.id in view.target
    computed = "generated" in fact.attrs and not _becomes_plain(fact, view)
    return wanted and not view.vanishes(table) and not computed and size(view, table)[1] != 0


def _becomes_plain(fact: Fact, view: View) -> bool:
    """Whether a computed column goes for a plain one that is to have its values, not earlier ones."""
    after = view.target.get(fact.id)
    plain = after is not None and "generated" not in after.attrs
    return plain and plain_stays_bound(view) and archive.kept(view.request, fact.id, "column") is None
