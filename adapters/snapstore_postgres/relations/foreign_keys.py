"""Foreign keys: which column of a table refers to which of another one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from snapstore.facts import Facts
from snapstore.model import Fact
from snapstore_postgres.names import NAME

_LIST = rf"(?:PERIOD )?{NAME}(?:, (?:PERIOD )?{NAME})*"
_KEY = re.compile(
    rf"FOREIGN KEY \((?P<own>{_LIST})\) REFERENCES (?P<table>\S.*?)\((?P<other>{_LIST})\)"
    r"(?P<full> MATCH FULL)?.*"
)


@dataclass(frozen=True)
class ForeignKey:
    """The columns of a key, and those that they refer to; ``table`` is the identity of the other table. The
    last columns of a temporal one are periods."""

    own: list[Fact]
    others: list[Fact]
    table: str
    full: bool
    temporal: bool


def read(key: Fact, columns: Facts) -> ForeignKey | None:
    """None for a constraint that is none, and where a column is not known."""
    found = _KEY.fullmatch(key.attrs["definition"]) if key.attrs.get("type") == "f" else None
    if found is None:
        return None
    other = f"table:{found['table']}"
    sides = [
        [columns.get(f"column:{table.partition(':')[2]}.{name}") for name in _names(found[names])]
        for table, names in ((key.parent or "", "own"), (other, "other"))
    ]
    own, others = ([column for column in side if column is not None] for side in sides)
    if None in (*sides[0], *sides[1]):
        return None
    return ForeignKey(own, others, other, bool(found["full"]), "PERIOD " in found["own"])


def _names(listed: str) -> list[str]:
    return [name for _, name in re.findall(rf"(PERIOD )?({NAME})", listed)]


def is_plain(own: Fact, other: Fact) -> bool:
    """Whether the two are compared by PostgreSQL's own operator, whatever the search path is."""
    types = [column.attrs["type"] for column in (own, other)]
    return "." not in types[0] and (types[0] == types[1] or {*types} <= {"smallint", "integer", "bigint"})


def referred(*sides: Facts) -> set[str]:
    """The tables that foreign keys refer to, on any of the sides."""
    return {table for side in sides for _, table in references(side)}


def references(side: Facts) -> Iterator[tuple[Fact, str]]:
    """The foreign keys, with the tables that they refer to."""
    for key in side.kinds.get("constraint", ()):
        if key.attrs.get("type") == "f":
            yield from ((key, table) for table in referred_by(key, side))


def referred_by(key: Fact, side: Facts) -> Iterator[str]:
    """The table that a foreign key refers to."""
    targets = (need for need in key.needs if need.startswith(("constraint:", "index:")))
    return (side[need].parent or "" for need in targets if need in side)
