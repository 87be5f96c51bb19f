"""What of the live rows will be as it is: told from a plan, before it begins.

Rows come and go by partitions that are attached, detached or get other bounds, by tables that are made anew,
and by what ``data`` names. Values change where a column is made anew, gets values back from the archive, or
has a type that somebody has made and this plan changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Action, Fact, Json, Verb
from snapstore_postgres.expressions.bodies import by_name, names_in
from snapstore_postgres.names import last
from snapstore_postgres.relations import children
from snapstore_postgres.relations.inheritance import partitions_below
from snapstore_postgres.renaming import doubts
from snapstore_postgres.renaming.names_before import called_now
from snapstore_postgres.rows.archived.archive import kept
from snapstore_postgres.rows.archived.taking_back import comes_back
from snapstore_postgres.rows.looks.looking import Place, numbered_key, place_of
from snapstore_postgres.rows.types.casts import akin, cast, is_null


@dataclass(frozen=True)
class Staying:
    """The stage (:class:`~snapstore_postgres.rows.looks.stage.Stage`) before a plan begins."""

    request: PlanRequest
    actions: Sequence[Action]
    memo: dict[str, bool] = field(default_factory=dict)

    @cached_property
    def touched(self) -> frozenset[str]:
        return frozenset(i for a in self.actions for i in (a.subject, *a.produces, *a.destroys))

    @cached_property
    def destroyed(self) -> frozenset[str]:
        return frozenset(i for a in self.actions for i in a.destroys)

    @cached_property
    def dropped(self) -> frozenset[str]:
        """What of that is more than altered while something of it is away."""
        return frozenset(i for a in self.actions if a.verb is not Verb.ALTER for i in a.destroys)

    @cached_property
    def doubted(self) -> dict[str, str]:
        """What may be there already under another name, which nobody knows; and that name."""
        return {new: old for old, new in doubts.doubtful(self.request)}

    @cached_property
    def moving(self) -> frozenset[str]:
        """The tables of all trees in which a partition comes, goes or gets other bounds."""
        request, found = self.request, set[str]()
        for change in request.changes.facts:
            if change.id.startswith("partition:") and _bound(change.before) != _bound(change.after):
                found |= {*_tree(change.before, request.live), *_tree(change.after, request.target)}
        return frozenset(found)

    def as_they_are(self, identities: Iterable[str]) -> bool:
        """Whether all of this is there, and nothing becomes of it or of what it stands on or names."""
        waiting, seen = {*identities}, set[str]()
        while waiting:
            identity = waiting.pop()
            if not self._is_as_it_is(identity):
                return False
            seen.add(identity)
            waiting |= {*self.request.live[identity].needs} - seen
        return True

    def _is_as_it_is(self, identity: str) -> bool:
        fact = self.request.live.get(identity)
        if fact is None or identity in self.touched or self.now(identity) != identity:
            return False
        return fact.kind != "function" or not names_in(fact, self._touched_by_name)

    @cached_property
    def _touched_by_name(self) -> Mapping[str, set[str]]:
        return by_name(self.touched)

    def now(self, identity: str) -> str:
        """What something is called before anything is renamed."""
        return called_now(identity, self.request)

    def table(self, table: str) -> str:
        """The name of a table now."""
        return self.now(table).partition(":")[2]

    def has_rows(self, table: str) -> bool:
        """Whether a table is there, and may have rows."""
        if table not in self.request.live:
            return False
        known = self.request.live_hints.get("relations", {})
        return any(known.get(i, {}).get("bytes") != 0 for i in with_below(table, self.request.live))

    def keeps_rows(self, table: str) -> bool:
        """Whether a table has the same rows before and after, all of them here. Where policies hide some
        from the role, it cannot read any (``row_security = off``), so that no look sees too few."""
        if table not in self.memo:
            self.memo[table] = self._keeps_rows(table)
        return self.memo[table]

    def _keeps_rows(self, table: str) -> bool:
        request = self.request
        tree = with_below(table, request.live)
        if table not in request.target or tree != with_below(table, request.target) or tree & self.moving:
            return False
        facts = [request.live.get(identity) for identity in tree]
        if any(f is None or "foreign" in f.attrs for f in facts):
            return False
        names = {name for i in tree for name in (i.partition(":")[2], self.table(i))}
        if any(f"rows:{name}" in self.touched for name in names):
            return False  # they come back from the archive
        return not tree & self.destroyed and not names & {*request.settings.data}

    def comes_anew(self, identity: str) -> bool:
        return False

    def comes_empty(self, table: str) -> bool:
        """Whether a table is made by this plan, and nothing puts rows into it or its partitions, or into what
        it is a partition of."""
        request = self.request
        if table in request.live or table not in request.target or "foreign" in request.target[table].attrs:
            return False
        attached = request.target.get(table.replace("table:", "partition:", 1))
        tree = {table, *partitions_below(table, request.target), *_tree(attached, request.target)}
        names = {identity.partition(":")[2] for identity in tree}
        come = any(comes_back(one, self.actions) for one in tree) or not tree.isdisjoint(request.live)
        put_in = not self.touched.isdisjoint(f"rows:{name}" for name in names)
        return not (come or put_in) and names.isdisjoint(request.settings.data)

    @property
    def gives_up(self) -> bool:
        return False

    def has_others_below(self, table: str) -> bool:
        return bool(children(table, self.request.live.dependents))

    def keeps_values(self, column: Fact) -> bool:
        """Whether a column of the target will hold what it holds now, though perhaps as another type."""
        before = self.request.live.get(column.id)
        if before is None or column.id in self.dropped or kept(self.request, column.id, "column"):
            return False
        return all(before.attrs.get(key) == column.attrs.get(key) for key in ("generated", "collation"))

    def _comes_without(self, column: Fact) -> bool:
        """Whether a column comes, and nothing is known, computed or made up for the rows."""
        request, by_itself = self.request, {"not_null", "identity", "generated", "inherited"}
        if column.id in request.live or column.needs or by_itself & column.attrs.keys():
            return False
        given = f"default:{column.name}" in request.target or kept(request, column.id, "column")
        refers = any(key.attrs.get("type") == "f" for key in request.target.dependents.get(column.id, ()))
        return not given and not refers

    def value(self, column: Fact) -> str | None:
        """That, as an expression on rows called ``t`` of its table as it is now; None where nobody knows."""
        types = (need for need in column.needs if not need.startswith("column:"))
        if self._comes_without(column):
            return f"NULL::{column.attrs['type']}"
        if not self.keeps_values(column) or not self.as_they_are(types):
            return None
        old, new = self.request.live[column.id].attrs["type"], column.attrs["type"]
        name = f"t.{last(self.now(column.id))}"
        if old == new:
            return name
        return None if "." in old + new else f"({cast(name, old, new)})"

    def is_null(self, column: Fact) -> str | None:
        """Also where the column, or its type, is made anew and gets its values back: NULL for NULL."""
        value = self.value(column)
        if value is None and self._gets_back_its_own(column):
            value = f"t.{last(self.now(column.id))}"
        return value and is_null(value, column.attrs["type"])

    def _gets_back_its_own(self, column: Fact) -> bool:
        before = self.request.live.get(column.id)
        if before is None or kept(self.request, column.id, "column"):
            return False
        by_itself = {"generated", "identity"} & {*before.attrs, *column.attrs}
        return not by_itself and akin(before.attrs["type"], column.attrs["type"])

    def place(self, table: str) -> Place:
        """How people find the rows of a table now."""
        live = self.request.live
        key = numbered_key(live.parts.get(table, ()), live)
        return place_of(last(self.now(key.id)) if key else None, self.has_others_below(table))


def with_below(table: str, side: Facts) -> set[str]:
    """The table, and all those whose rows are rows of it, too."""
    found, waiting = set[str](), [table]
    while waiting:
        found.add(table := waiting.pop())
        waiting += [f"table:{child}" for child in children(table, side.dependents)]
    return found


def _bound(partition: Fact | None) -> dict[str, Json]:
    return partition.attrs if partition else {}


def _tree(partition: Fact | None, side: Facts) -> Iterator[str]:
    """All tables of the tree that a partition is in."""
    if partition is None:
        return
    root: Fact | None = partition
    while root is not None:
        top = f"table:{root.attrs['of']}"
        root = side.get(f"partition:{root.attrs['of']}")
    yield from (top, *partitions_below(top, side))
