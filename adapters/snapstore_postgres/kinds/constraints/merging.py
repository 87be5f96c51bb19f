"""Foreign keys of partitions that are like one of the table above, and are none the less their own.

The server makes one of the two where it finds both: when the partition is attached, or when the table above
gets its own. So those of the partition come last, and go for that moment where they were first.
"""

from __future__ import annotations

from collections.abc import Iterator

from snapstore.facts import Facts
from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.relations import table_of
from snapstore_postgres.relations.inheritance import ancestors


def taken_off(constraint: str) -> str:
    """What is provided by dropping a constraint: from then on its children can drop theirs, and what may not
    find it can come."""
    return f"taken_off:{constraint}"


def comes_behind(fact: Fact, view: View) -> list[str]:
    """What a foreign key of a partition has to wait for: those like it above, and being below them."""
    found: list[str] = []
    attached = [f"partition:{table_of(fact)}"]
    for table in ancestors(table_of(fact), view.target) if attached[0] in view.target else ():
        alike = [key.id for key in _keys(table, view.target) if _are_alike(key, fact)]
        found += [*attached, *alike] if alike else []
        attached.append(f"partition:{table}")
    return [need for need in found if need in view.target]


def own_below(fact: Fact, view: View) -> list[str]:
    """The foreign keys of partitions that would be taken for what one of the table above gives them."""
    below = _partitions(table_of(fact), view) if fact.attrs.get("type") == "f" else ()
    return [key.id for table in below for key in _keys(table, view.live) if _are_alike(key, fact)]


def own_in(partition: Fact, view: View) -> list[str]:
    """The foreign keys that would be taken for one from above when a partition is attached."""
    above = [key for table in ancestors(partition.name, view.target) for key in _keys(table, view.target)]
    tree = (partition.name, *_partitions(partition.name, view)) if above else ()
    own = (key for table in tree for key in _keys(table, view.live))
    return [key.id for key in own if any(_are_alike(key, other) for other in above)]


def _partitions(table: str, view: View) -> Iterator[str]:
    for part in view.target_dependents.get(f"table:{table}", ()):
        if part.kind == "partition" and part.attrs["of"] == table:
            yield part.name
            yield from _partitions(part.name, view)


def are_away(keys: list[str], view: View) -> list[str]:
    """What has to be before something that may not find these: all of them are off."""
    return [taken_off(view.live[key].name) for key in keys if view.vanishes(key)]


def _keys(table: str, side: Facts) -> Iterator[Fact]:
    parts = side.parts.get(f"table:{table}", ())
    return (part for part in parts if part.kind == "constraint" and part.attrs["type"] == "f")


def _are_alike(one: Fact, other: Fact) -> bool:
    was, now = (fact.attrs["definition"].removesuffix(" NOT VALID") for fact in (one, other))
    return bool(was == now)
