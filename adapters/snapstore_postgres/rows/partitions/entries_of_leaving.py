"""What the archive is told of rows that leave a partition: whose they are, and where they came from."""

from __future__ import annotations

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.model import Fact
from snapstore_postgres.relations.inheritance import ancestors
from snapstore_postgres.renaming.evidence import ids_of_table
from snapstore_postgres.renaming.names_before import former
from snapstore_postgres.rows.archived import archive
from snapstore_postgres.rows.partitions.homeless import KIND, entry_of

SOURCE = "source"
"""Key in the facts of an entry: the table that rows were taken out of, and what tells it."""


def entry_before_attaching(fact: Fact, source: str, request: PlanRequest) -> archive.Entry:
    """The rows are those of the root, with the target's names: by then, all have their columns."""
    root = root_of(fact, request)
    there = msgspec.structs.replace(request, live=request.target, live_hints=request.target_hints)
    place = archive.place_of(request, f"{KIND}:{fact.name}:{source}")
    entry, was = entry_of(there, root), f"table:{source}"
    told = [former(was, request), ids_of_table(request.live_hints, was)]
    return msgspec.structs.replace(entry, place=place, facts={**entry.facts, SOURCE: told})


def some_were_moved(request: PlanRequest) -> bool:
    """Whether earlier restores have noted where rows came from that they moved to other partitions."""
    return any(e.kind == KIND and SOURCE in e.facts for e in archive.entries(request.live_hints))


def root_of(fact: Fact, request: PlanRequest) -> str:
    """The root of the tree that a partition of the target is in, by identity."""
    return f"table:{[*ancestors(fact.name, request.target)][-1]}"
