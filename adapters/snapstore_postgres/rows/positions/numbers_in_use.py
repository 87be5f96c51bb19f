"""The furthest numbers in a column, as queries: a sequence goes on behind these."""

from __future__ import annotations

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.names import last, literal, qualifier
from snapstore_postgres.relations import local_rows
from snapstore_postgres.relations.inheritance import partitions_below


def in_use(column: Fact | None, down: bool, view: View) -> list[str]:
    """Queries for the furthest number in a column of a table that stays, or of a new one in its partitions
    that are there already."""
    if column is None:
        return []
    if view.stays(column.parent or ""):
        return [furthest_value(column, down, view)]
    return [furthest_value(view.live[c], down, view) for c in in_coming_partitions(column, view)]


def in_coming_partitions(column: Fact, view: View) -> list[str]:
    """The same column of tables that become partitions of its new one."""
    table = column.parent or ""
    if not view.appears(table) or "partition_key" not in view.target[table].attrs:
        return []
    here = (p for p in partitions_below(table, view.target) if view.stays(p))
    own = (p.partition(":")[2] for p in here if "foreign" not in view.live[p].attrs)
    return [c for part in own if view.stays(c := f"column:{part}.{last(column.name)}")]


_NUMBERS = ("smallint", "integer", "bigint", "numeric")


def behind_values(sequence: str, column: Fact, source: str) -> list[str]:
    """For a sequence behind a column that just got its values: past them, and not back. They are read from
    the source."""
    known = f"{_values(column, source)} UNION ALL SELECT last_value, is_called FROM {sequence}"
    last_one = f"({known}) k (number, called) WHERE number > 0 ORDER BY number DESC, called DESC LIMIT 1"
    return [f"SELECT pg_catalog.setval({literal(sequence)}, number, called) FROM {last_one}"]


def furthest_value(column: Fact, down: bool, view: View) -> str:
    """Those of a table that stays, not of what lies on other servers."""
    table, name = qualifier(column.name), last(column.name)
    known = f"table:{table}" in view.live
    return _values(column, local_rows.source(table, [name], view) if known else f"{table} t", down)


def _values(column: Fact, source: str, down: bool = False) -> str:
    """A query for the furthest number in a column; not all of its values need be numbers."""
    name, where = last(column.name), ""
    if column.attrs["type"] not in _NUMBERS:
        where = f" WHERE {name}::text ~ '^[0-9]{{1,18}}$'"
        name = f"{name}::text::bigint"
    return f"SELECT {'min' if down else 'max'}({name})::bigint, true FROM {source}{where}"
