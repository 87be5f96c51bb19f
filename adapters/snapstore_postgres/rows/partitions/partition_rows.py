"""Rows of partitions that lie in the archive: put where others of the same table take them.

A table is read through its partitions, so that a row in the archive is one that it has lost. Which partitions
it is cut into differs from state to state; a partition that nobody wants any more may have what others take.
The partition itself stays in the archive, be it empty: by its ids later restores know it and its columns.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, Verb
from snapstore_postgres.names import last, quote
from snapstore_postgres.relations.foreign_keys import referred
from snapstore_postgres.relations.inheritance import ancestors, partitions_below
from snapstore_postgres.renaming.names_before import former
from snapstore_postgres.rows.archived import archive
from snapstore_postgres.rows.archived.taking_back import place_of_return
from snapstore_postgres.rows.partitions import parting, putting
from snapstore_postgres.rows.partitions.marks import UNMARKED, marked
from snapstore_postgres.rows.types.casts import cast, written
from snapstore_postgres.rows.types.widening import widens


def put_back(
    request: PlanRequest, actions: Sequence[Action], touched: Collection[str], names: Mapping[str, str]
) -> Iterator[Action]:
    """For partitions that these actions archive, and for those that lie there and stay: what their tables,
    of which something is ``touched``, take of their rows. ``names`` are those of the target, by ids."""
    yield from _of_going(request, actions)
    back = {place_of_return(action) for action in actions}
    for entry in archive.entries(request.live_hints):
        if entry.home and entry.place not in back:
            root = putting.called(entry.home["identity"], entry.home["ids"], names, request)
            if putting.has_rows(root, request) and not putting.tree(root, request).isdisjoint(touched):
                yield from _of_archived(request, root, entry)


def _of_going(request: PlanRequest, actions: Sequence[Action]) -> Iterator[Action]:
    gone = {identity for action in actions for identity in action.destroys}
    for action in actions:
        name, place = action.subject.partition(":")[2], action.payload.get("archive")
        attached = f"partition:{name}" in request.live and action.verb is Verb.DROP
        if not attached or not isinstance(place, str):
            continue
        root = f"table:{[*ancestors(name, request.live)][-1]}"
        if root not in gone and putting.has_rows(root, request) and _may_take(root, request):
            there = last(former(action.subject, request).partition(":")[2])
            yield from _moved(request, root, (place, there), name, _shared(action.subject, root, request))


def _of_archived(request: PlanRequest, root: str, entry: archive.Entry) -> Iterator[Action]:
    there = {last(f.name): f for f in entry.table if f.kind == "column" and "generated" not in f.attrs}
    kept = {name: entry.home["columns"].get(name, ()) for name in there}
    columns = [(there[old], new) for old, new in putting.columns(request, root, kept)]
    name = entry.identity.partition(":")[2]
    if _may_take(root, request):
        yield from _moved(request, root, (entry.place, last(name)), name, columns)


def _may_take(root: str, request: PlanRequest) -> bool:
    """Whether the table is one by itself by now, has other partitions than before, or a default one. What
    that takes, the partition gets when it comes back; but where a foreign key refers to the tree, no row
    could leave for it."""
    below = [*partitions_below(root, request.target)]
    attached = [request.target[partition.replace("table:", "partition:", 1)] for partition in below]
    if "partition_key" not in request.target[root].attrs:
        return True
    if any(request.live.get(part.id) != part for part in attached):
        return True
    takes_others = any(part.attrs["bound"] == "DEFAULT" for part in attached)
    return takes_others and referred(request.live, request.target).isdisjoint((root, *below))


def _shared(table: str, root: str, request: PlanRequest) -> list[tuple[Fact, Fact | None]]:
    """The columns of a live partition, and those of its table that they are in the target."""
    was, now = (
        {last(f.name): f for f in side.parts.get(of, ()) if f.kind == "column" and "generated" not in f.attrs}
        for side, of in ((request.live, table), (request.target, root))
    )
    return [(column, now.get(name)) for name, column in was.items()]


def _moved(
    request: PlanRequest,
    root: str,
    there: tuple[str, str],
    name: str,
    pairs: Sequence[tuple[Fact, Fact | None]],
) -> Iterator[Action]:
    """No row of which a value would have no place in the table, or does not fit there."""
    found = [(old, new) for old, new in pairs if new is not None]
    if not found:
        return
    may = [_fits(old, new) for old, new in found if not _widens(old, new)]
    may += [f"x.{last(old.name)} IS NULL" for old, new in pairs if new is None]
    table, names = f"{quote(there[0])}.{there[1]}", {last(new.name) for _, new in found}
    # What rows get beside has no place where they came from: back they go only as those that they were.
    told_apart = parting.mixes(root, request) or _plain_columns(root, request) != names
    rows = putting.Rows(
        table,
        f"{table} x",
        "x.ctid",
        {last(new.name): _value(old, new) for old, new in found},
        only=" AND ".join(may) or "true",
        marks=marked(there[0]) if told_apart else UNMARKED,
        copied=True,
    )
    what = f"put what other partitions take of {name} into {root.partition(':')[2]}"
    yield putting.put_back(request, root, rows, what)


def _plain_columns(table: str, request: PlanRequest) -> set[str]:
    parts = request.target.parts.get(table, ())
    return {last(f.name) for f in parts if f.kind == "column" and "generated" not in f.attrs}


def _type(column: Fact) -> str:
    """That of a column in the archive, in which those of types that may go are text."""
    return "text" if column.needs else column.attrs["type"]


def _value(old: Fact, new: Fact) -> str:
    return cast(f"x.{last(old.name)}", _type(old), new.attrs["type"])


def _widens(old: Fact, new: Fact) -> bool:
    return bool(old.needs) or widens(_type(old), new.attrs["type"])


def _fits(old: Fact, new: Fact) -> str:
    back = cast(f"({_value(old, new)})", new.attrs["type"], _type(old))
    here = written(f"x.{last(old.name)}", _type(old))
    return f"{written(f'({back})', _type(old))} IS NOT DISTINCT FROM {here}"
