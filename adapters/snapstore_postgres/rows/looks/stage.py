"""Rows at a stage of a restore: before it begins, or when it gets to what they have to fit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from snapstore.adapter import PlanRequest
from snapstore.model import Fact
from snapstore_postgres.rows.looks.looking import Place


class Stage(Protocol):
    """What is known of rows then. Tables are given by identity, as the target calls them."""

    @property
    def request(self) -> PlanRequest: ...

    @property
    def touched(self) -> Collection[str]:
        """What becomes another one from then on."""

    @property
    def doubted(self) -> Mapping[str, str]:
        """What may be there already under another name, which nobody knows; and that name."""

    @property
    def gives_up(self) -> bool:
        """Whether rows in the way are given up: then the first of those that may not be there together is
        none of them."""

    def now(self, identity: str) -> str:
        """What something is called then."""

    def table(self, table: str) -> str:
        """The name of a table then."""

    def has_rows(self, table: str) -> bool:
        """Whether a table is there, and may have rows."""

    def keeps_rows(self, table: str) -> bool:
        """Whether it has all the rows that it will have, and they can be read."""

    def comes_anew(self, identity: str) -> bool:
        """Whether something is known to be made then, though it was there before."""

    def comes_empty(self, table: str) -> bool:
        """Whether it is not there yet, and comes without rows."""

    def keeps_values(self, column: Fact) -> bool:
        """Whether a column of the target has the values that it will have, though perhaps as another type."""

    def value(self, column: Fact) -> str | None:
        """The value that it will have, as an expression on rows called ``t``; None where nobody knows."""

    def is_null(self, column: Fact) -> str | None:
        """Whether a row will have none, as a condition on rows called ``t``; None where nobody knows."""

    def as_they_are(self, identities: Iterable[str]) -> bool:
        """Whether all of this is there, and nothing becomes of it."""

    def place(self, table: str) -> Place:
        """How the rows of a table are found."""
