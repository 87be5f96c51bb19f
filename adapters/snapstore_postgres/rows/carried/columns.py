"""What is carried over from a table to the one that is made in its place, column by column."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from snapstore.adapter import PlanRequest
from snapstore.model import DataMode, Fact
from snapstore.rules import View
from snapstore_postgres.names import last, quote
from snapstore_postgres.relations import table_of
from snapstore_postgres.relations.inheritance import ancestors
from snapstore_postgres.rows.archived import archive
from snapstore_postgres.rows.carried.source import columns_of, is_partitioned
from snapstore_postgres.rows.stand_ins import gaps
from snapstore_postgres.rows.types.casts import castable, has_attributes
from snapstore_postgres.rows.types.meaning import would_mean_nothing


@dataclass(frozen=True)
class Carried:
    """What is carried over from a table to the one that is made in its place."""

    request: PlanRequest
    identity: str
    pairs: Sequence[tuple[Fact, Fact]]
    """Columns of both tables, before and after."""
    lost: Sequence[Fact]
    """Columns of the old table without a successor."""
    back: Sequence[tuple[Fact, archive.Entry]]
    """New columns whose values are in the archive."""
    unknown: Sequence[Fact]
    """New columns that each row has to have a value in, which nobody knows."""

    @property
    def name(self) -> str:
        return self.identity.partition(":")[2]

    @property
    def place(self) -> str:
        """The schema in which the rows lie between the two actions."""
        return quote(f"{archive.REGISTRY}_rows_{hashlib.sha256(self.identity.encode()).hexdigest()[:8]}")

    @property
    def rows(self) -> str:
        """The table in which they lie there."""
        return f"{self.place}.rows"

    @property
    def has_partitions(self) -> bool:
        """Whether the new table is partitioned."""
        return is_partitioned(self.identity, self.request)

    @property
    def may_be_homeless(self) -> bool:
        """Whether rows that no partition takes go to the archive."""
        return self.has_partitions and self.request.options.data is DataMode.ARCHIVE

    @property
    def aside(self) -> dict[str, str]:
        """The names under which old columns lie there, where those of new ones are the same as theirs."""
        new = {last(column.name) for column in (*(column for column, _ in self.back), *self.unknown)}
        names = new & {last(column.name) for column in self.lost}
        return {name: quote(f"snap_was_{hashlib.sha256(name.encode()).hexdigest()[:8]}") for name in names}

    def by_name(self, old: Fact, new: Fact) -> bool:
        """Whether values go from the one column to the other as JSON, attribute by attribute."""
        return has_attributes(old, self.request.live) and has_attributes(new, self.request.target)


def carried_over(request: PlanRequest, identity: str) -> Carried:
    """What of a table goes into the one that is made in its place; given by identity."""
    old, new = columns_of(identity, request.live), columns_of(identity, request.target)
    view = View(request, fates={})
    settable = with_own_values(new)
    strangers = {c for c in old.keys() & settable if _is_another(old[c], new[c], view)}
    own = with_own_values(old) - strangers
    entries = {c: _where_values_lie(new[c], request) for c in sorted(settable - own)}
    shared = sorted((old.keys() & settable) - strangers)
    pairs = [(old[c], new[c]) for c in shared if c in own or not entries[c]]
    known = {last(old[column].name) for column in own}
    found = {c: [e for e in places if known.issuperset(e.facts["key"])] for c, places in entries.items()}
    back = [(new[c], places[0]) for c, places in found.items() if places]
    given = {*(last(after.name) for _, after in pairs), *(last(column.name) for column, _ in back)}
    unknown = [new[c] for c in sorted(settable - given) if gaps.needed(new[c], view)]
    lost = sorted((own - settable) | (strangers & with_own_values(old)))
    return Carried(request, identity, pairs, [old[c] for c in lost], back, unknown)


def _is_another(before: Fact, after: Fact, view: View) -> bool:
    """Whether a column takes nothing from the one of its name that was there before."""
    fits = castable(before.attrs["type"], after.attrs["type"])
    return not fits or would_mean_nothing(before, after, view)


def _where_values_lie(column: Fact, request: PlanRequest) -> list[archive.Entry]:
    """Its own place in the archive, else those of what it is inherited from: they have what went along in the
    tables below, and to this one their column comes without it, since it is made anew."""
    above = (f"column:{name}.{last(column.name)}" for name in ancestors(table_of(column), request.target))
    own, *others = (archive.kept(request, identity, "column") for identity in (column.id, *above))
    return [own] if own else [entry for entry in others if entry]


def with_own_values(columns: Mapping[str, Fact]) -> set[str]:
    """The names of the columns that hold values of their own."""
    return {name for name, column in columns.items() if "generated" not in column.attrs}
