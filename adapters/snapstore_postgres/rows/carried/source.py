"""Which rows are carried over: those of a table and of the partitions that go with it, as part of a query."""

from __future__ import annotations

from collections.abc import Collection

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Fact
from snapstore_postgres.names import last
from snapstore_postgres.relations.inheritance import partitions_below


def columns_of(table: str, side: Facts) -> dict[str, Fact]:
    return {last(f.name): f for f in side.parts.get(table, ()) if f.kind == "column"}


def rows_of(request: PlanRequest, identity: str) -> str:
    """A table without its children; a partitioned one with them, but not those that keep their rows or lie
    elsewhere."""
    name = identity.partition(":")[2]
    if "partition_key" not in request.live[identity].attrs:
        return f"ONLY {name} t"
    return rows_here(identity, request.live, leaving_partitions(request, identity))


def rows_here(identity: str, side: Facts, leaving: Collection[str] = ()) -> str:
    """A partitioned table without those of its partitions that leave or lie elsewhere. Where its rows lie is
    told with them, which tells those apart that have the same key."""
    below = list(partitions_below(identity, side))
    own = [p for p in below if p not in leaving and "foreign" not in side[p].attrs]
    tables = [table.partition(":")[2] for table in (identity, *own)]
    if own == below:
        return f"{tables[0]} t"
    names = ", ".join(["tableoid", "ctid", *sorted(columns_of(identity, side))])
    return f"({' UNION ALL '.join(f'SELECT {names} FROM ONLY {table}' for table in tables)}) t"


def leaving_partitions(request: PlanRequest, identity: str) -> list[str]:
    """The live partitions of a table that are tables beside it in the target: their rows are their own."""
    below = set(partitions_below(identity, request.target))
    return [p for p in partitions_below(identity, request.live) if p in request.target and p not in below]


def is_partitioned(table: str, request: PlanRequest) -> bool:
    """Whether the target has it partitioned."""
    return "partition_key" in request.target[table].attrs
