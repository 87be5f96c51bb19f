"""The action that sets the rows of a table aside before it is dropped, and archives what has no successor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from snapstore.model import Action, DataMode, Fact, Hazard, HazardName, Verb
from snapstore_postgres.names import last, listed
from snapstore_postgres.relations import STRONGEST, keys
from snapstore_postgres.relations.inheritance import partitions_below
from snapstore_postgres.relations.locks import held_still
from snapstore_postgres.rows.archived import archive
from snapstore_postgres.rows.archived.as_json import portable
from snapstore_postgres.rows.carried import labels
from snapstore_postgres.rows.carried.columns import Carried
from snapstore_postgres.rows.carried.source import rows_of
from snapstore_postgres.rows.types.casts import has_attributes
from snapstore_postgres.rows.values.back import filled
from snapstore_postgres.rows.values.places import column_entry, copied, kept_open


def set_aside(carried: Carried) -> Action:
    """Holds the table still, copies its rows to their place, and archives the columns without a successor."""
    request, name, place = carried.request, carried.name, carried.place
    tables = [carried.identity, *partitions_below(carried.identity, request.live)]
    columns = [*(old for old, _ in carried.pairs), *carried.lost]
    copied, archived = _copied(carried), _archived(carried)
    values, source = ", ".join(copied.values()), rows_of(request, carried.identity)
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=f"rows:{name}",
        summary=f"set the rows of {name} aside",
        statements=(
            held_still(name),
            f"CREATE SCHEMA {place}",
            f"CREATE TABLE {carried.rows}{listed(copied)} AS SELECT {values} FROM {source}",
            *archived.statements,
            *_taken_back(carried),
        ),
        payload={"archive": archived.places} if archived.places else {},
        produces=(f"rows:{name}",),
        needs=archived.needs,
        releases=tuple(sorted({*tables, *(column.id for column in columns)})),
        hazards=() if archived.places or not carried.lost else (_loss(carried),),
        lock=STRONGEST,
        transactional=True,
        rank=-950,
    )


def _copied(carried: Carried) -> dict[str, str]:
    """The expressions that are copied, by the names of the columns. Rows that no partition takes are kept
    whole, and with what goes are told those that values in the archive belong to."""
    live, aside = carried.request.live, carried.aside
    found = {last(old.name): portable(old, carried.by_name(old, new), live) for old, new in carried.pairs}
    tells = {name for _, entry in carried.back for name in entry.facts["key"]}
    too = [c for c in carried.lost if carried.may_be_homeless or last(c.name) in tells]
    return found | {
        aside.get(last(column.name), last(column.name)): portable(column, has_attributes(column, live), live)
        for column in too
    }


def _loss(carried: Carried) -> Hazard:
    lost = ", ".join(last(column.name) for column in carried.lost)
    return Hazard(HazardName.DATA_LOSS, f"columns {lost} of {carried.name}")


class _Archived(NamedTuple):
    """How the values of columns without a successor get into the archive: to which places, by which
    statements, and what these need."""

    places: Sequence[str] = ()
    statements: Sequence[str] = ()
    needs: tuple[str, ...] = ()


def _archived(carried: Carried) -> _Archived:
    request, losing = carried.request, labels.losing(carried)
    if request.options.data is not DataMode.ARCHIVE or not (carried.lost or losing):
        return _Archived()
    key, source = key_of(carried), rows_of(request, carried.identity)
    entries = [(column, column_entry(request, column, key)) for column in carried.lost]
    copies = [copied(column, entry, source, request) for column, entry in entries]
    some = [(one, one.entry(key, request)) for one in losing]
    copies += [labels.kept(one, entry, source, request) for one, entry in some]
    places = [entry.place for _, entry in (*entries, *some)]
    return _Archived(places, [text for copy in copies for text in copy], (archive.REGISTERED,))


def key_of(carried: Carried) -> list[str]:
    """The columns of the primary key, or of another, where all are carried over as they are, else all that
    are."""
    live, table = carried.request.live, carried.identity
    losing = {one.old.id for one in labels.losing(carried)}
    carried_over = [last(old.name) for old, _ in carried.pairs if old.id not in losing]
    for columns in (keys.primary(live.parts.get(table, ())), *keys.others(table, live)):
        names = [last(column) for column in columns]
        if names and set(names) <= set(carried_over):
            return names
    return carried_over


def _taken_back(carried: Carried) -> Iterator[str]:
    """Values from the archive, put beside the rows that they belong to."""
    rows, request = carried.rows, carried.request
    if carried.back or carried.unknown:  # a publication of all tables would not let it be filled
        yield f"ALTER TABLE {rows} REPLICA IDENTITY FULL"
    for column, entry in carried.back:
        yield f"ALTER TABLE {rows} ADD COLUMN {last(column.name)} {_kept_type(entry)}"
        as_kept = Fact(column.id, {"type": _kept_type(entry)}, column.parent)
        yield from kept_open(entry)  # that of another column may be empty by then
        yield from filled(rows, as_kept, entry, request)


def _kept_type(entry: archive.Entry) -> str:
    return "jsonb" if "by_name" in entry.facts else "text"
