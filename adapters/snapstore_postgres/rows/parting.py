"""Rows of a partition that a restore put among those of another one, which was there with its own.

Where a deploy had replaced a partition, going back gives the old one its place again, with the rows of the
new one, since none is lost. When the new one returns and the old one leaves, nothing in the rows tells which
were whose. So a mark of each is kept beside the archived partition. A row that is still as it was put in
leaves for the archive, and goes through the root to where it came from; one that has changed since stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Verb
from snapstore_postgres.names import block, literal, quote
from snapstore_postgres.relations.inheritance import ancestors, partitions_below
from snapstore_postgres.rows import archive
from snapstore_postgres.rows.homeless import KIND, entry_of
from snapstore_postgres.rows.leaving import references
from snapstore_postgres.rows.taking_back import place_of_return
from snapstore_postgres.rows.undisturbed import LOUD, QUIET_VARIABLES, quiet

_RANK = -950
_AWAY = "away:"
"""What begins the tokens that say: this foreign key is away."""


class Parted(NamedTuple):
    """What takes the rows out of a partition, where they then lie, and the root that they go back through."""

    action: Action
    entry: archive.Entry
    root: str


def mixes(root: str, request: PlanRequest) -> bool:
    """Whether a table that is there already becomes a partition below the root."""
    for table in partitions_below(root, request.target):
        attachment = table.replace("table:", "partition:", 1)
        if table in request.live and request.live.get(attachment) != request.target[attachment]:
            return True
    return False


def marked(place: str) -> tuple[str, str, str]:
    """PL/pgSQL that makes room for the marks of rows from a place in the archive; and what a statement that
    inserts them into a table, as ``snap_put``, begins and ends with, to leave them there."""
    rows = f"{_marks(place)}.rows"
    return (
        f"CREATE SCHEMA IF NOT EXISTS {_marks(place)}; CREATE TABLE IF NOT EXISTS {rows} (mark text);",
        "WITH put AS (",
        f" RETURNING pg_catalog.md5(snap_put::text) AS mark) INSERT INTO {rows} SELECT mark FROM put",
    )


def _marks(place: str) -> str:
    return quote(archive.marks_of(place))


def parted(request: PlanRequest, actions: Sequence[Action]) -> Iterator[Parted]:
    """For each partition that comes back from the archive and each that leaves its tree, but where a foreign
    key would see it."""
    coming = [(place, action.subject) for action in actions if (place := place_of_return(action))]
    going = {identity for action in actions for identity in action.destroys}
    keys = [*references(request.live)] if coming else []
    for place, subject in coming:
        name = subject.partition(":")[2]
        if f"partition:{name}" not in request.target:
            continue
        root = f"table:{[*ancestors(name, request.target)][-1]}"
        tree = [root, *partitions_below(root, request.live)]
        bound = {key.id for key, referred in keys if referred in tree}
        if root in going or root not in request.live or not bound <= going:
            continue
        for table in _leaving(root, request):
            if table not in going:
                yield _parted(request, place, root, table, bound)


def after_parting(found: Sequence[Parted], actions: Sequence[Action]) -> list[Action]:
    """The actions, those that take tables back waiting for the rows of these to be told, which wait for the
    foreign keys to be away."""
    if not found:
        return [*actions]
    tokens = tuple(token for parted in found for token in parted.action.produces)
    wanted = {need for parted in found for need in parted.action.needs}
    return [_in_order(action, tokens, wanted) for action in actions]


def _in_order(action: Action, tokens: tuple[str, ...], wanted: Collection[str]) -> Action:
    needs = tokens if place_of_return(action) else ()
    away = [f"{_AWAY}{i}" for i in action.destroys if f"{_AWAY}{i}" in wanted]
    return msgspec.structs.replace(action, needs=(*action.needs, *needs), produces=(*action.produces, *away))


def _leaving(root: str, request: PlanRequest) -> Iterator[str]:
    """The partitions with rows that are below the root, and will be in no tree or another one."""
    for table in partitions_below(root, request.live):
        name = table.partition(":")[2]
        rows = table in request.target and not {"partition_key", "foreign"} & request.live[table].attrs.keys()
        if rows and [*ancestors(name, request.target)][-1:] != [root.partition(":")[2]]:
            yield table


def _parted(request: PlanRequest, place: str, root: str, table: str, keys: Collection[str]) -> Parted:
    name = table.partition(":")[2]
    entry = entry_of(request, root)
    entry = msgspec.structs.replace(entry, place=archive.place_of(request, f"{KIND}:{place}:{name}"))
    between = [name, *ancestors(name, request.live)][:-1]
    action = Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=f"rows:{name}",
        summary=f"take out of {name} the rows that an earlier restore put there",
        statements=(_out(place, root.partition(":")[2], name, entry),),
        payload={"archive": True},
        produces=(f"parted:{place}:{name}",),
        needs=(archive.REGISTERED, *(f"{_AWAY}{key}" for key in sorted(keys))),
        releases=tuple(f"partition:{partition}" for partition in between),
        lock="SHARE ROW EXCLUSIVE",
        transactional=True,
        rank=_RANK,
    )
    return Parted(action, entry, root)


def _out(place: str, root: str, table: str, entry: archive.Entry) -> str:
    marks, there = f"{_marks(place)}.rows", f"{quote(entry.place)}.rows"
    number = "pg_catalog.row_number() OVER (PARTITION BY {}) AS copy"
    mark = "pg_catalog.md5(snap_row::text)"
    here = (
        f"SELECT snap_row.ctid AS snap_place, {mark} AS mark, {number.format(mark)},"
        f" pg_catalog.row_to_json(snap_row) AS value FROM {root} snap_row"
        f" WHERE snap_row.tableoid = {literal(table)}::pg_catalog.regclass"
    )
    return block(
        f"""DECLARE {QUIET_VARIABLES}
BEGIN
  IF pg_catalog.to_regclass({literal(marks)}) IS NULL THEN RETURN; END IF;
  CREATE SCHEMA {quote(entry.place)};
  CREATE TABLE {there} AS SELECT pg_catalog.row_number() OVER () AS no, h.value, h.snap_place
    FROM ({here}) h JOIN (SELECT mark, {number.format("mark")} FROM {marks}) m USING (mark, copy);
  {quiet(table)}
  DELETE FROM ONLY {table} WHERE ctid IN (SELECT snap_place FROM {there});
  {LOUD}
  ALTER TABLE {there} DROP COLUMN snap_place;
  {archive.register(entry.place, entry.identity, entry.kind, entry.facts)};
  {archive.closed_when_empty(entry)}
END"""
    )
