"""Tables that are others than those of the target although they have their names."""

from __future__ import annotations

from collections.abc import Iterator

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore_postgres.names import last
from snapstore_postgres.relations.inheritance import ancestors, names_column
from snapstore_postgres.renaming.evidence import is_settled


def others_of_the_name(request: PlanRequest) -> Iterator[str]:
    """Tables that are others than those of the target, whatever their name: they have their rows on another
    server where the target has them here, or the other way round; or they are in another tree of partitions,
    where the rows of the one are nothing that the other could have."""
    changed = (change.id.partition(":") for change in request.changes.facts)
    for name in dict.fromkeys(name for kind, _, name in changed if kind in ("table", "partition")):
        identity = f"table:{name}"
        if identity not in request.live or identity not in request.target:
            continue
        elsewhere = {"foreign" in side[identity].attrs for side in (request.live, request.target)}
        another = _is_of_another_tree(request, name) and not is_settled(identity, request)
        if another or len(elsewhere) == 2:
            yield identity


def _is_of_another_tree(request: PlanRequest, table: str) -> bool:
    """Whether a table comes into a tree of partitions by columns that it has not got, or leaves one and keeps
    no column."""
    was, now = (_trees_of(side, table) for side in (request.live, request.target))
    had, has = (_column_names(side, table) for side in (request.live, request.target))
    if was[-1:] == now[-1:]:
        return False
    keys = [request.target[f"table:{above}"].attrs["partition_key"] for above in now]
    lacks = any(names_column(key, name) for key in keys for name in has - had)
    return lacks or (bool(was) and not had & has)


def _trees_of(side: Facts, table: str) -> list[str]:
    """What a table is a partition of, the root last."""
    return [*ancestors(table, side)] if f"partition:{table}" in side else []


def _column_names(side: Facts, table: str) -> set[str]:
    return {last(part.name) for part in side.parts.get(f"table:{table}", ()) if part.kind == "column"}
