"""Labels in the bounds of partitions.

The server prints them there without their type, which only their place in the partition key tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import structs

from snapstore.facts import Facts
from snapstore.model import Fact
from snapstore_postgres.expressions.tokens import words
from snapstore_postgres.names import last, literal, qualifier, unquote
from snapstore_postgres.renaming import Renaming
from snapstore_postgres.rows.types.casts import below_domains


def with_bounds(facts: Iterable[Fact], live: Facts, renaming: Renaming) -> list[Fact]:
    """The facts, those of partitions with the new name of a label in their bounds."""
    if renaming.kind != "label":
        return [*facts]
    return [_renamed(fact, live, renaming) if fact.kind == "partition" else fact for fact in facts]


def _renamed(partition: Fact, live: Facts, renaming: Renaming) -> Fact:
    old, new = (literal(unquote(last(name))) for name in (renaming.old, renaming.new))
    bound = partition.attrs["bound"]
    if old not in bound:
        return partition
    key = live[f"table:{partition.attrs['of']}"]
    of_enum = [kind == qualifier(renaming.old) for kind in _types(key, live)]
    found = (new if word == old and of_enum[place] else word for word, place in _placed(bound, len(of_enum)))
    return structs.replace(partition, attrs={**partition.attrs, "bound": "".join(found)})


def _placed(bound: str, width: int) -> Iterator[tuple[str, int]]:
    """The words of a bound, each with the place in the key that it is for: a list is of one column."""
    place = 0
    for word in words(bound):
        if word in ("(", ","):
            place = (place + 1) % width if word == "," else 0
        yield word, place


def _types(table: Fact, live: Facts) -> list[str]:
    """What each part of a partition key is of; nothing where it is no column."""
    columns = (live.get(f"column:{table.name}.{name}") for name in _parts(table.attrs["partition_key"]))
    return [below_domains(c.attrs["type"], live) if c is not None else "" for c in columns]


def _parts(key: str) -> Iterator[str]:
    """The first word of each part of a partition key: the name of a column, if it is one."""
    depth, first = 0, True
    for word in words(key):
        depth += (word == "(") - (word == ")")
        if depth == 1 and word in ("(", ","):
            first = True
        elif first and not word.isspace() and depth:
            yield word
            first = False
