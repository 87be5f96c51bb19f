"""Rows of a partition that a restore put among those of another one, which was there with its own.

Where a deploy had replaced a partition, going back gives the old one its place again, with the rows of the
new one, since none is lost. When the new one returns and the old one leaves, nothing in the rows tells which
were whose. So a mark of each is kept beside the archived partition. A row that is still as it was put in
leaves for the archive, and goes through the root to where it came from; one that has changed since stays.

So it is where a deploy had detached a partition: attached again, it gets rows of the default one, and other
partitions get what it may not have. Their marks lie beside the place that these rows went through.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Action, Fact, Json, Verb
from snapstore_postgres.names import block, literal, quote
from snapstore_postgres.relations.foreign_keys import references
from snapstore_postgres.relations.inheritance import ancestors, partitions_below
from snapstore_postgres.relations.locks import unwritten
from snapstore_postgres.rows.archived import archive
from snapstore_postgres.rows.archived.taking_back import place_of_return
from snapstore_postgres.rows.partitions import putting
from snapstore_postgres.rows.partitions.entries_of_leaving import SOURCE
from snapstore_postgres.rows.partitions.homeless import KIND, entry_of
from snapstore_postgres.rows.partitions.marks import marks_at
from snapstore_postgres.rows.undisturbed import LOUD, QUIET_VARIABLES, quiet

_RANK = -950
_AWAY = "away:"
"""What begins the tokens that say: this foreign key is away."""


class Parted(NamedTuple):
    """Rows that are taken out of a partition again."""

    action: Action
    """What takes them out."""
    entry: archive.Entry
    """Where they then lie."""
    home: str
    """The table that they go back through."""
    marks: str
    """The place that their marks are beside."""


class _Mixed(NamedTuple):
    """Rows of one table among those of others."""

    place: str
    """The place that their marks are beside."""
    root: str
    """The root of the tree where they are."""
    home: str
    """The table that they go back through."""
    tables: Sequence[str]
    """The partitions that they are taken out of."""
    source: Mapping[str, Json]
    """What the archive is told of where they came from."""


def mixes(root: str, request: PlanRequest) -> bool:
    """Whether a table that is there already becomes a partition below the root."""
    return any(True for _ in joining(root, request))


def joining(root: str, request: PlanRequest) -> Iterator[str]:
    """The tables that are there already and become partitions below the root, by identity."""
    for table in partitions_below(root, request.target):
        attachment = table.replace("table:", "partition:", 1)
        if table in request.live and request.live.get(attachment) != request.target[attachment]:
            yield table


def moves(partition: Fact, request: PlanRequest) -> bool:
    """Whether it is a table that is there already, in no tree or another one so far, or gets other bounds
    beside one that is."""
    if f"table:{partition.name}" not in request.live or not _is_changed(partition.name, request):
        return False
    beside = joining(_root(partition.name, request.target), request)
    return any(_comes(table.partition(":")[2], request) for table in beside)


def _comes(name: str, request: PlanRequest) -> bool:
    return _root(name, request.live) != _root(name, request.target)


def _is_changed(name: str, request: PlanRequest) -> bool:
    """Whether a table gets other bounds in its tree, or is partitioned no more."""
    before, after = (side.get(f"partition:{name}") for side in (request.live, request.target))
    return before != after or _becomes_plain(f"table:{name}", request)


def _becomes_plain(table: str, request: PlanRequest) -> bool:
    is_plain = table in request.target and "partition_key" not in request.target[table].attrs
    return is_plain and "partition_key" in request.live[table].attrs


def parted(request: PlanRequest, actions: Sequence[Action], names: Mapping[str, str]) -> Iterator[Parted]:
    """What partitions part with: for each that comes back from the archive, and for each with which rows went
    elsewhere, or came to it, as it was attached; but where a foreign key would see it. ``names`` are those of
    the target, by ids."""
    going = {identity for action in actions for identity in action.destroys}
    mixed = [*_of_coming(request, actions), *_of_archived(request, actions, names)]
    mixed += _of_attached(request, names)
    keys = [*references(request.live)] if mixed else []
    for one in mixed:
        tree = [one.root, *partitions_below(one.root, request.live)]
        bound = {key.id for key, referred in keys if referred in tree}
        stays = one.root in request.live and (one.root not in going or _becomes_plain(one.root, request))
        if not stays or not bound <= going:
            continue
        for table in one.tables:
            if table not in going or table not in request.target:
                yield _parted(request, one, table, bound)


def _of_coming(request: PlanRequest, actions: Sequence[Action]) -> Iterator[_Mixed]:
    for action in actions:
        place, name = place_of_return(action), action.subject.partition(":")[2]
        if place and f"partition:{name}" in request.target:
            root = _root(name, request.target)
            yield _Mixed(place, root, root, [*_leaving(root, request)], {})


def _of_archived(
    request: PlanRequest, actions: Sequence[Action], names: Mapping[str, str]
) -> Iterator[_Mixed]:
    """Rows of a partition that stays in the archive do not go there with another one, which may be given what
    has no place where theirs was."""
    coming = {place_of_return(action) for action in actions}
    for entry in archive.entries(request.live_hints):
        if entry.marked and entry.home and entry.place not in coming:
            root = putting.called(entry.home["identity"], entry.home["ids"], names, request)
            going = [table for table in _with_rows(root, request) if table not in request.target]
            yield _Mixed(entry.place, root, root, going, {})


def _of_attached(request: PlanRequest, names: Mapping[str, str]) -> Iterator[_Mixed]:
    """A table that leaves gets back what others were given of it; a default partition what those that leave
    were given of it, as does one that has other bounds again, and a table that is partitioned no more."""
    for entry in archive.entries(request.live_hints):
        if entry.kind != KIND or SOURCE not in entry.facts:
            continue
        root = putting.called(entry.identity, entry.facts["ids"], names, request)
        was, ids = entry.facts[SOURCE]
        source = putting.called(was, ids, names, request)
        name, told = source.partition(":")[2], {SOURCE: entry.facts[SOURCE]}
        if source not in request.target or source not in request.live:
            continue
        home = _root(name, request.target)
        if home != root and _root(name, request.live) == root:
            own = {source, *partitions_below(source, request.live)}
            others = [table for table in _with_rows(root, request) if table not in own]
            yield _Mixed(entry.place, root, home, others, told)
        elif home == root and (_is_changed(name, request) or _is_default(name, request)):
            yield _Mixed(entry.place, root, home, [*_leaving(root, request)], told)


def _is_default(name: str, request: PlanRequest) -> bool:
    attachment = request.target.get(f"partition:{name}")
    return attachment is not None and attachment.attrs["bound"] == "DEFAULT"


def _root(name: str, side: Facts) -> str:
    return f"table:{[name, *ancestors(name, side)][-1]}"


def after_parting(found: Sequence[Parted], actions: Sequence[Action]) -> list[Action]:
    """The actions; those that take tables back, or set rows of these aside, wait for the rows that go to be
    taken out, and that waits for the foreign keys to be away."""
    if not found:
        return [*actions]
    tokens: dict[str, list[str]] = defaultdict(list)
    for one in found:
        tokens[f"table:{one.action.subject.partition(':')[2]}"] += one.action.produces
    wanted = {need for parted in found for need in parted.action.needs}
    return [_in_order(action, tokens, wanted) for action in actions]


def _in_order(action: Action, tokens: Mapping[str, Sequence[str]], wanted: Collection[str]) -> Action:
    is_aside = action.subject.startswith("rows:") and action.subject in action.produces
    waiting = tokens if place_of_return(action) else {*tokens} & {*action.releases} if is_aside else ()
    needs = [token for table in sorted(waiting) for token in tokens[table]]
    away = [f"{_AWAY}{i}" for i in action.destroys if f"{_AWAY}{i}" in wanted]
    return msgspec.structs.replace(action, needs=(*action.needs, *needs), produces=(*action.produces, *away))


def _with_rows(root: str, request: PlanRequest) -> Iterator[str]:
    """The partitions below the root that have rows themselves."""
    for table in partitions_below(root, request.live):
        if not {"partition_key", "foreign"} & request.live[table].attrs.keys():
            yield table


def _leaving(root: str, request: PlanRequest) -> Iterator[str]:
    """Those of them that will be in no tree or another one, or go."""
    for table in _with_rows(root, request):
        if _root(table.partition(":")[2], request.target) != root:
            yield table


def _parted(request: PlanRequest, mixed: _Mixed, table: str, keys: Collection[str]) -> Parted:
    name, place, root = table.partition(":")[2], mixed.place, mixed.root
    entry = entry_of(request, root)
    there = archive.place_of(request, f"{KIND}:{place}:{name}")
    entry = msgspec.structs.replace(entry, place=there, facts={**entry.facts, **mixed.source})
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
    return Parted(action, entry, mixed.home, place)


def _out(place: str, root: str, table: str, entry: archive.Entry) -> str:
    marks, there = marks_at(place), entry.rows
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
  {unwritten(table)};
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
