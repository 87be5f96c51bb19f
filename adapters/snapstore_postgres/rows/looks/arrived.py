"""Rows when a plan gets to what they have to fit: all that is read of them is as the target has it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, Verb
from snapstore_postgres.names import last
from snapstore_postgres.relations.foreign_keys import referred
from snapstore_postgres.renaming.names_before import RENAMED_BACK
from snapstore_postgres.rows.looks.looking import Place
from snapstore_postgres.rows.looks.staying import with_below
from snapstore_postgres.rows.types.casts import is_null

BY_ITSELF = Place("ctid", "t.ctid")
"""Where a row lies in a table that nothing is below, refers to, or watches."""
_AMONG_OTHERS = Place("place", "pg_catalog.concat(t.tableoid, ' ', t.ctid)")
"""Where a row lies in others: the number of its table, and its place there."""


@dataclass(frozen=True)
class Arrived:
    """A stage (:class:`snapstore_postgres.rows.looks.stage.Stage`)."""

    request: PlanRequest
    made: frozenset[str]
    referred: frozenset[str]
    touched: frozenset[str] = frozenset()
    gives_up: bool = True

    @property
    def doubted(self) -> dict[str, str]:
        return {}

    def now(self, identity: str) -> str:
        return identity

    def table(self, table: str) -> str:
        return table.partition(":")[2]

    def has_rows(self, table: str) -> bool:
        known, live = self.request.live_hints.get("relations", {}), self.request.live
        tree = with_below(table, live) | with_below(table, self.request.target)
        return any(i in live and known.get(i, {}).get("bytes") != 0 for i in tree)

    def keeps_rows(self, table: str) -> bool:
        fact = self.request.target.get(table)
        return fact is not None and "foreign" not in fact.attrs and not self._is_chosen(table)

    def _is_chosen(self, table: str) -> bool:
        return table.partition(":")[2] in getattr(self.request.settings, "data", ())

    def comes_anew(self, identity: str) -> bool:
        return identity in self.made

    def comes_empty(self, table: str) -> bool:
        return False

    def keeps_values(self, column: Fact) -> bool:
        return True

    def value(self, column: Fact) -> str | None:
        return f"t.{last(column.name)}"

    def is_null(self, column: Fact) -> str | None:
        return is_null(f"t.{last(column.name)}", column.attrs["type"])

    def as_they_are(self, identities: Iterable[str]) -> bool:
        return True

    def place(self, table: str) -> Place:
        return BY_ITSELF if self._is_by_itself(table) else _AMONG_OTHERS

    def _is_by_itself(self, table: str) -> bool:
        sides = (self.request.live, self.request.target)
        attached = f"partition:{table.partition(':')[2]}"
        if table in self.referred or any(s.kinds.get("publication") or attached in s for s in sides):
            return False
        watched = {part.kind for side in sides for part in side.parts.get(table, ())} & {"trigger", "rule"}
        return not watched and all(len(with_below(table, side)) == 1 for side in sides)


def arrived(request: PlanRequest, actions: Sequence[Action]) -> Arrived:
    """When all has the names of the target."""
    made = frozenset(action.subject for action in actions if action.verb in (Verb.CREATE, Verb.REPLACE))
    hints = {key: value for key, value in request.live_hints.items() if key != RENAMED_BACK}
    return Arrived(
        structs.replace(request, live_hints=hints), made, frozenset(referred(request.live, request.target))
    )
