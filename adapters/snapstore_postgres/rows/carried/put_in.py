"""The action that puts the rows that were set aside into the new table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.model import Action, DataMode, Fact, Hazard, Verb
from snapstore.rules import View
from snapstore_postgres.names import last, listed, unquote
from snapstore_postgres.relations.inheritance import partitions_below
from snapstore_postgres.renaming.labels_as_text import as_once_named
from snapstore_postgres.rows.archived import archive
from snapstore_postgres.rows.archived.from_json import from_json
from snapstore_postgres.rows.carried import labels
from snapstore_postgres.rows.carried.aside import key_of
from snapstore_postgres.rows.carried.columns import Carried, with_own_values
from snapstore_postgres.rows.carried.source import columns_of, rows_here, rows_of
from snapstore_postgres.rows.carried.stand_ins import standing_in
from snapstore_postgres.rows.looks.looking import numbered_key
from snapstore_postgres.rows.partitions import bounds, homeless, parting
from snapstore_postgres.rows.partitions.entries_of_leaving import SOURCE
from snapstore_postgres.rows.partitions.marks import closed, marked
from snapstore_postgres.rows.partitions.stopping import stopping
from snapstore_postgres.rows.positions.numbers_in_use import behind_values
from snapstore_postgres.rows.types.fit_checks import COUNTS


def filled_again(identity: str) -> str:
    """What is provided by putting the rows into the new table."""
    return "filled:" + identity.partition(":")[2]


def put_in(carried: Carried) -> Action:
    """Puts the rows in, drops what they lay in, and moves the sequences behind the numbers that came."""
    request, name = carried.request, carried.name
    values, stand_ins = _values(carried), standing_in(carried)
    columns = [column for column, _ in values]
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=f"rows:{name}",
        summary=f"put the rows of {name} into the new table",
        statements=(
            *stand_ins.statements,
            _insert(carried, {last(column.name): value for column, value in values}),
            f"DROP TABLE {carried.rows}",
            f"DROP SCHEMA {carried.place}",
            *_noted(carried),
            *(statement for column in columns for statement in _positions(request, column)),
        ),
        payload={"archive": True} if carried.may_be_homeless else _counts(carried),
        produces=(filled_again(carried.identity),),
        needs=tuple(sorted({*_needs(carried, columns), *stand_ins.needs})),
        hazards=(*stand_ins.hazards, *_lost(carried)),
        lock="ROW EXCLUSIVE",
        transactional=True,
        rank=46,
    )


def _noted(carried: Carried) -> Iterator[str]:
    """What rows have got for values in the archive."""
    for one in labels.losing(carried):
        yield from labels.noted(one, key_of(carried), carried.request)


def _values(carried: Carried) -> list[tuple[Fact, str]]:
    """The columns that something is put into, each with its value as an expression on the rows set aside."""
    return [
        *((new, _value(carried, old, new)) for old, new in carried.pairs),
        *((column, _returned(carried.request, column, entry)) for column, entry in carried.back),
        *((column, last(column.name)) for column in carried.unknown),
    ]


def _needs(carried: Carried, columns: Sequence[Fact]) -> Iterator[str]:
    """The rows set aside, and all of the new table that takes them: its partitions, columns and sequences."""
    target = carried.request.target
    yield f"rows:{carried.name}"
    yield carried.identity
    if carried.has_partitions:
        yield from {f"partition:{carried.name}"} & target.keys()
    for table in partitions_below(carried.identity, target):
        yield f"partition:{table.partition(':')[2]}"
    for column in columns:
        yield column.id
        yield from _sequences(carried.request, column)


def _counts(carried: Carried) -> dict[str, list[str]]:
    """The check that partitions take all rows, where none may go anywhere else."""
    request, name = carried.request, carried.name
    if not carried.has_partitions or request.options.data is not DataMode.REFUSE:
        return {}
    rows = f"(SELECT t.* FROM {rows_of(request, carried.identity)}) t"
    key = numbered_key(request.live.parts.get(carried.identity, ()), request.live)
    column = last(key.name) if key is not None and key.id in request.target else None
    place = f"t.{column}" if column else "NULL"
    count = bounds.counted(_tree(carried), name, rows, place, "'(' || leaves || ') IS NOT TRUE'")
    why = "they are kept, until one does, with --data archive, and lost with --data discard"
    message = f"% rows of {name} do not fit: no partition takes them"
    return {COUNTS: [stopping(count, message, why, unquote(column or ""))]}


def _tree(carried: Carried) -> bounds.Tree:
    target = carried.request.target
    tables = [carried.identity, *partitions_below(carried.identity, target)]
    parts = [target[table.replace("table:", "partition:", 1)] for table in tables[1:]]
    facts = [target[table] for table in tables]
    keys = {f.name: str(f.attrs["partition_key"]) for f in facts if "partition_key" in f.attrs}
    return bounds.Tree(carried.name, parts, keys)


def _lost(carried: Carried) -> list[Hazard]:
    """That rows which the new table refuses are gone."""
    if carried.request.options.data is not DataMode.DISCARD:
        return []
    which = "that no partition takes" if carried.has_partitions else "that it takes no more"
    return [homeless.lost(carried.name, View(carried.request, fates={}), which)]


def _insert(carried: Carried, values: Mapping[str, str]) -> str:
    """The statement that puts the rows in, with these expressions by the names of columns."""
    name, source = carried.name, carried.rows
    if carried.may_be_homeless:
        return _insert_or_archive(carried, values)
    if carried.request.options.data is DataMode.DISCARD:
        return homeless.put_or_lost(name, values, _by_itself(carried), source, carried.has_partitions)
    selected = ", ".join(values.values())
    return f"INSERT INTO {name}{listed(values)} OVERRIDING SYSTEM VALUE SELECT {selected} FROM {source}"


def _insert_or_archive(carried: Carried, values: Mapping[str, str]) -> str:
    """The same, where rows that no partition takes go to the archive."""
    name, source, joining = carried.name, carried.rows, _joining(carried)
    new = [*(column for column, _ in carried.back), *carried.unknown]
    entry = homeless.entry_of(carried.request, carried.identity, new, carried.aside)
    if not joining:
        return homeless.put(name, values, _by_itself(carried), source, entry)
    told = {**entry.facts, SOURCE: [entry.identity, entry.facts["ids"]]}
    entry = msgspec.structs.replace(entry, facts=told)
    marks, closing = marked(entry.place, joining), closed(entry, marked=True)
    return homeless.put(name, values, _by_itself(carried), source, entry, marks, closing)


def _joining(carried: Carried) -> list[str]:
    """The names of partitions that were there with rows of their own, beside a table that was plain."""
    request, root = carried.request, carried.identity
    joining = [*parting.joining(root, request)] if "partition_key" not in request.live[root].attrs else []
    below = (part for table in joining for part in (table, *partitions_below(table, request.target)))
    return [part.partition(":")[2] for part in below]


def _by_itself(carried: Carried) -> dict[str, str]:
    """What a new row has in each column that nothing is put into: a partition may be chosen by it."""
    facts, columns = carried.request.target, columns_of(carried.identity, carried.request.target)
    defaults = {name: facts.get(f"default:{columns[name].name}") for name in with_own_values(columns)}
    values = {name: default.attrs["expression"] if default else "NULL" for name, default in defaults.items()}
    return {name: f"({value})::{columns[name].attrs['type']}" for name, value in sorted(values.items())}


def _value(carried: Carried, old: Fact, new: Fact) -> str:
    name, kind = last(new.name), new.attrs["type"]
    if carried.by_name(old, new):
        return f"({from_json(name, kind, carried.request.target)})"
    return as_once_named(name, old.attrs["type"], kind, carried.request, "text" if old.needs else "")


def _returned(request: PlanRequest, column: Fact, entry: archive.Entry) -> str:
    """The value from the archive, or the default where there is none and must be one."""
    name, kind = last(column.name), column.attrs["type"]
    value = f"({from_json(name, kind, request.target)})" if "by_name" in entry.facts else f"{name}::{kind}"
    default = request.target.get(f"default:{column.name}")
    if default is None or not column.attrs.get("not_null"):
        return value
    return f"coalesce({value}, ({default.attrs['expression']})::{kind})"


def _sequences(request: PlanRequest, column: Fact) -> list[str]:
    return [f.id for f in request.target.parts.get(column.id, ()) if f.kind == "sequence"]


def _positions(request: PlanRequest, column: Fact) -> list[str]:
    """The sequences behind a column, moved behind the values that it got."""
    names = [identity.partition(":")[2] for identity in _sequences(request, column)]
    names += [column.attrs["identity"]["sequence"]] if "sequence" in column.attrs.get("identity", {}) else []
    source = rows_here(column.parent or "", request.target)
    return [s for name in names for s in behind_values(name, column, source)]
