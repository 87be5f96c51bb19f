"""Tables that become logged or unlogged together: what is logged may not refer to what is not.

So a table becomes logged behind those it refers to, and unlogged behind those that refer to it. Where they
refer to each other in a circle, these foreign keys are away meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.relations.foreign_keys import read
from snapstore_postgres.relations.inheritance import ancestors, partitions_below


def changes(table: str, view: View) -> bool:
    """Whether a table, given by identity, stays and becomes logged or unlogged."""
    if not view.stays(table):
        return False
    before, after = (side[table].attrs.get("persistence") for side in (view.live, view.target))
    return bool(before != after)


def others_first(table: Fact, view: View) -> list[str]:
    """The tables that change before this one does, given by identity."""
    if not changes(table.id, view):
        return []
    found = _referrers(table.id, view) if "persistence" in table.attrs else _referred(table.id, view)
    return sorted({other for other in found if not _in_circle(table.id, other, view)})


def is_away(key: Fact, view: View) -> bool:
    """Whether a foreign key has to be away while the tables on both sides change."""
    found, table = read(key, view.live) if key.kind == "constraint" else None, key.parent or ""
    both = found is not None and changes(table, view) and changes(found.table, view)
    return found is not None and both and _in_circle(table, found.table, view)


def _in_circle(table: str, other: str, view: View) -> bool:
    """Whether two tables of which one refers to the other are referred to in turn."""
    return other in _reached(table, _referred, view) and table in _reached(other, _referred, view)


def _reached(table: str, following: Callable[[str, View], Iterable[str]], view: View) -> set[str]:
    found: set[str] = set()
    waiting = [table]
    while waiting:
        more = set(following(waiting.pop(), view)) - found
        found |= more
        waiting += more
    return found


def _referred(table: str, view: View) -> Iterator[str]:
    """The other tables that change, to which rows of a table refer."""
    keys = (read(part, view.live) for part in _parts(table, view) if part.kind == "constraint")
    return _changing((key.table for key in keys if key is not None), table, view)


def _referrers(table: str, view: View) -> Iterator[str]:
    """The other tables that change, whose rows refer to a table."""
    standing = (d for part in _parts(table, view) for d in view.live_dependents.get(part.id, ()))
    keys = (d for d in standing if d.kind == "constraint" and d.attrs.get("type") == "f")
    return _changing((key.parent or "" for key in keys), table, view)


def _parts(table: str, view: View) -> Iterator[Fact]:
    """Those of a table and of what it is a part of."""
    for name in (table.partition(":")[2], *ancestors(table.partition(":")[2], view.live)):
        yield from view.live_parts.get(f"table:{name}", ())


def _changing(tables: Iterable[str], but: str, view: View) -> Iterator[str]:
    for table in tables:
        for each in (table, *partitions_below(table, view.live)):
            if each != but and changes(each, view):
                yield each
