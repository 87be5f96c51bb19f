"""Foreign keys that a partitioned table has to a partition of another one.

When that is detached, the server takes those of the partitions below the first for parts of a key to the
whole that it was a partition of, and drops them: it fails, or leaves a key that nothing enforces. So such
keys are away meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator

from snapstore.facts import Facts
from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.relations.foreign_keys import referred_by


def away_meanwhile(partition: Fact, view: View) -> list[str]:
    """The keys to a partition that may not be there when it is detached."""
    if partition.id not in view.live:
        return []
    parts = view.live_parts.get(f"table:{partition.name}", ())
    standing = (key for part in parts for key in view.live_dependents.get(part.id, ()))
    return [key.id for key in standing if _is_of_partitioned(key, view.live)]


def of_table(table: Fact, view: View) -> list[Fact]:
    """The keys of a table that have to be away before others can be detached."""
    if "partition_key" not in table.attrs:
        return []
    return [key for key in view.live_parts.get(table.id, ()) if any(_left(key, view))]


def behind_detaching(key: Fact, view: View) -> list[str]:
    """The partitions that a key, which was away for it, comes behind the detaching of."""
    return [*_left(view.live[key.id], view)] if key.id in view.live else []


def _left(key: Fact, view: View) -> Iterator[str]:
    """The partitions that a key refers to, and that are detached."""
    for table in referred_by(key, view.live) if _is_of_partitioned(key, view.live) else ():
        name = table.partition(":")[2]
        if view.vanishes(f"partition:{name}"):
            yield name


def _is_of_partitioned(key: Fact, side: Facts) -> bool:
    is_key = key.kind == "constraint" and key.attrs["type"] == "f"
    return is_key and "partition_key" in side[key.parent or ""].attrs
