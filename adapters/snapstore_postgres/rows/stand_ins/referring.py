"""The keys of other tables that values of a column that comes have to be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.names import last
from snapstore_postgres.relations import foreign_keys, table_of
from snapstore_postgres.relations.foreign_keys import ForeignKey
from snapstore_postgres.rows.stand_ins.gaps import needed


class Reference(NamedTuple):
    """A foreign key that a value has a part in: the column where it has to be found, and the pairs of columns
    beside it, own and referred to, whose values are known by then."""

    column: Fact
    beside: list[tuple[Fact, Fact]]

    def columns(self) -> Iterator[Fact]:
        yield self.column
        for pair in self.beside:
            yield from pair


def references_of(column: Fact, view: View) -> list[Reference]:
    """Those by which rows will refer to something: a key does not, as long as another part of it is NULL."""
    parts = view.target_parts.get(column.parent or "", ())
    keys = (foreign_keys.read(p, view.target) for p in parts if column.id in p.needs)
    found = (_reference(column, key, view) for key in keys if key is not None and not key.temporal)
    return [reference for reference in found if reference is not None]


def _reference(column: Fact, key: ForeignKey, view: View) -> Reference | None:
    pairs = [*zip(key.own, key.others, strict=True)]
    where = next((other for own, other in pairs if own.id == column.id), None)
    beside = [pair for pair in pairs if pair[0].id != column.id]
    is_whole = all(view.stays(own.id) or own.attrs.get("not_null") for own, _ in beside)
    if where is None or where.id == column.id or not is_whole:
        return None
    return Reference(where, [pair for pair in beside if _is_known(*pair, column, view)])


def _is_known(own: Fact, other: Fact, column: Fact, view: View) -> bool:
    """Whether the value beside a column is there before its own. Of two that stand in, the second goes by the
    first."""
    if not foreign_keys.is_plain(own, other) or other.id == column.id:
        return False
    before = [view.live.get(fact.id, fact).attrs["type"] for fact in (own, other)]
    if before != [own.attrs["type"], other.attrs["type"]]:
        return False
    if view.stays(own.id):
        return True
    return "generated" not in own.attrs and (own.id < column.id or not needed(own, view))


def key_that_is_there(references: list[Reference], apart: bool, used: str | None) -> str:
    """The first value that is found wherever it has to be, or that of the row's number among those that are
    not used."""
    first, *rest = references
    others = [reference for reference in rest if foreign_keys.is_plain(first.column, reference.column)]
    name = f"r.{last(first.column.name)}"
    wanted = [*where_equal(first, "r")]
    wanted += [is_found(reference, name) for reference in others]
    distinct = "DISTINCT " if apart and wanted else ""
    wanted += [f"NOT {used} {name})"] if used else []
    where = f" WHERE {' AND '.join(wanted)}" if wanted else ""
    which = "k.snap_no - 1" if apart else "0"
    return f"SELECT {distinct}{name} FROM {table_of(first.column)} r{where} ORDER BY 1 OFFSET {which} LIMIT 1"


def is_found(reference: Reference, value: str) -> str:
    equal = [f"o.{last(reference.column.name)} = {value}", *where_equal(reference, "o")]
    return f"EXISTS (SELECT FROM {table_of(reference.column)} o WHERE {' AND '.join(equal)})"


def where_equal(reference: Reference, of: str) -> Iterator[str]:
    for own, other in reference.beside:
        value = f"t.{last(own.name)}"
        equal = f"{of}.{last(other.name)} = {value}"
        yield equal if own.attrs.get("not_null") else f"({value} IS NULL OR {equal})"
