"""A column that becomes another one, and what of it changes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.kinds.columns import generated
from snapstore_postgres.relations import table_of
from snapstore_postgres.relations.inheritance import all_governing, governing
from snapstore_postgres.relations.miscounted import is_marked
from snapstore_postgres.relations.notnull import without_name
from snapstore_postgres.relations.notnull_above import named_by_retyping, named_with_parents
from snapstore_postgres.relations.notnull_names import not_null_rename
from snapstore_postgres.rows.disallowed.unvalidated import never_validated
from snapstore_postgres.rows.types import rewriting
from snapstore_postgres.rows.values.back import some_back


@dataclass(frozen=True)
class Changing:
    """A column before and after, and what that means for it and for what is around it."""

    before: Fact
    after: Fact
    view: View

    @cached_property
    def above(self) -> list[str]:
        """The columns that it is inherited from, at any height, whose changes reach it."""
        return [*all_governing(self.after, self.view)]

    @cached_property
    def retyped(self) -> bool:
        return is_retyped(self.before, self.after)

    @cached_property
    def follows(self) -> bool:
        """Whether what changes the column of a parent changes it along."""
        return bool(governing(self.after, self.view))

    @property
    def leads(self) -> bool:
        """Whether it gets another type by a statement of its own."""
        return self.retyped and not self.follows

    @property
    def is_nullable_again(self) -> bool:
        return "not_null" in self.before.attrs and "not_null" not in self.after.attrs

    @cached_property
    def not_null_differs(self) -> bool:
        """Whether there is another NOT NULL, but for its name."""
        was, now = self.before.attrs.get("not_null"), self.after.attrs.get("not_null")
        return bool(was) != bool(now) or without_name(was) != without_name(now)

    @cached_property
    def source_differs(self) -> bool:
        """Whether it gets its values from elsewhere."""
        return any(self._differs(key) for key in ("identity", "generated"))

    @cached_property
    def rewritten(self) -> bool:
        """Whether it is computed from something else, and so by a rewrite of the table."""
        return "generated" in self.after.attrs and self._differs("generated")

    @cached_property
    def keeps_rows(self) -> bool:
        """Whether values of the new type are stored as those of the old one, and sorted alike."""
        old, new = self.before.attrs["type"], self.after.attrs["type"]
        return not self._differs("collation") and rewriting.keeps_rows(old, new)

    @cached_property
    def reindexes(self) -> bool:
        """Whether the server would make indexes and keys anew which it may not, or cannot by itself."""
        if not (self.retyped or self._differs("generated")):
            return False
        partitioned = "partition_key" in self.view.live[self.before.parent or ""].attrs
        return partitioned or (not self.retyped and generated.reads_own_table(self.after, self.view))

    @cached_property
    def not_null_renames(self) -> list[str]:
        """Statements that give the NOT NULL of a partition its name."""
        return not_null_names(self.before, self.after, self.retyped, self.view) if self.follows else []

    @cached_property
    def labels_back(self) -> list[str]:
        """Statements that put back what rows had in it under an enum that lost labels. Only into one again:
        what a text would take might not fit on the way back."""
        is_enum = f"enum:{self.after.attrs['type'].removesuffix('[]')}" in self.view.target
        return some_back(self.after, self.view) if self.leads and is_enum else []

    @cached_property
    def violated(self) -> list[str]:
        """Constraints that are not valid, and that rows which get values back may violate."""
        return never_validated(self.after.parent or "", self.view) if self.labels_back else []

    @cached_property
    def losing(self) -> list[str]:
        """The columns of partitions that would lose their NOT NULL."""
        return generated.losing(self.before, self.after, self.above, self.view)

    @cached_property
    def forgotten(self) -> list[str]:
        """The checks that tables below would lose."""
        return generated.forgotten(self.before, self.after, self.above, self.view)

    def _differs(self, key: str) -> bool:
        return bool(self.before.attrs.get(key) != self.after.attrs.get(key))


def is_retyped(before: Fact, after: Fact) -> bool:
    """Whether its type has to be told: another one, another collation, or its own once more."""
    another = any(before.attrs.get(key) != after.attrs.get(key) for key in ("type", "collation"))
    return another or is_marked(before)


def not_null_names(before: Fact, after: Fact, retyped: bool, view: View) -> list[str]:
    """Gives the NOT NULL of a partition its name, once its table's has one; while it is detached."""
    if f"partition:{table_of(after)}" not in view.target:
        return []
    above = all_governing(after, view)
    held = named_with_parents(before, above, view)
    held = named_by_retyping(held, above, view) if retyped else held
    return not_null_rename(after, held, after.attrs.get("not_null"), view)
