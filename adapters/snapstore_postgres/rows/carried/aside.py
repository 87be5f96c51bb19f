"""The action that sets the rows of a table aside before it is dropped, and archives what has no successor."""

from __future__ import annotations

from collections.abc import Iterator

from snapstore.model import Action, DataMode, Fact, Hazard, HazardName, Verb
from snapstore_postgres.names import last, listed
from snapstore_postgres.relations import STRONGEST, held_still, keys
from snapstore_postgres.relations.inheritance import partitions_below
from snapstore_postgres.rows import archive, archived_values
from snapstore_postgres.rows.as_json import portable
from snapstore_postgres.rows.carried.columns import Carried, may_be_homeless
from snapstore_postgres.rows.carried.source import rows_of
from snapstore_postgres.rows.casts import has_attributes


def set_aside(carried: Carried) -> Action:
    request, name, place = carried.request, carried.name, carried.place
    tables = [carried.identity, *partitions_below(carried.identity, request.live)]
    kept = {
        last(old.name): portable(old, carried.by_name(old, new), request.live) for old, new in carried.pairs
    }
    if may_be_homeless(carried):
        kept |= {
            last(c.name): portable(c, has_attributes(c, request.live), request.live) for c in carried.lost
        }
    names, values = listed(kept), ", ".join(kept.values())
    source = rows_of(request, carried.identity)
    lost = ", ".join(last(column.name) for column in carried.lost)
    archived, statements, needs = _archived(carried)
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=f"rows:{name}",
        summary=f"set the rows of {name} aside",
        statements=(
            held_still(name),
            f"CREATE SCHEMA {place}",
            f"CREATE TABLE {place}.rows{names} AS SELECT {values} FROM {source}",
            *statements,
            *_taken_back(carried),
        ),
        payload={"archive": archived} if archived else {},
        produces=(f"rows:{name}",),
        needs=needs,
        releases=tuple(sorted({*tables, *(c.id for c, _ in carried.pairs), *(c.id for c in carried.lost)})),
        hazards=() if archived or not lost else (Hazard(HazardName.DATA_LOSS, f"columns {lost} of {name}"),),
        lock=STRONGEST,
        transactional=True,
        rank=-950,
    )


def _archived(carried: Carried) -> tuple[list[str], list[str], tuple[str, ...]]:
    """The places, the statements and what they need, by which columns without a successor are archived."""
    request = carried.request
    if request.options.data is not DataMode.ARCHIVE or not carried.lost:
        return [], [], ()
    key, source = _key(carried), rows_of(request, carried.identity)
    entries = [(column, archived_values.column_entry(request, column, key)) for column in carried.lost]
    copies = (archived_values.copied(column, entry, source, request) for column, entry in entries)
    statements = [statement for copy in copies for statement in copy]
    return [entry.place for _, entry in entries], statements, (archive.REGISTERED,)


def _key(carried: Carried) -> list[str]:
    """The columns of the primary key, or of another, where all are carried over, else all that are."""
    live, table = carried.request.live, carried.identity
    carried_over = [last(old.name) for old, _ in carried.pairs]
    for columns in (keys.primary(live.parts.get(table, ())), *keys.others(table, live)):
        names = [last(column) for column in columns]
        if names and set(names) <= set(carried_over):
            return names
    return carried_over


def _taken_back(carried: Carried) -> Iterator[str]:
    """Values from the archive, put beside the rows that they belong to."""
    rows, request = f"{carried.place}.rows", carried.request
    if carried.back or carried.unknown:  # a publication of all tables would not let it be filled
        yield f"ALTER TABLE {rows} REPLICA IDENTITY FULL"
    for column, entry in carried.back:
        yield f"ALTER TABLE {rows} ADD COLUMN {last(column.name)} {_kept_type(entry)}"
        as_kept = Fact(column.id, {"type": _kept_type(entry)}, column.parent)
        yield from archived_values.kept_open(entry)  # that of another column may be empty by then
        yield from archived_values.filled(rows, as_kept, entry, request)


def _kept_type(entry: archive.Entry) -> str:
    return "jsonb" if "by_name" in entry.facts else "text"
