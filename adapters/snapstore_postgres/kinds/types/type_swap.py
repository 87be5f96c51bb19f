"""A new type under an old name: what columns have it, and what becomes of their values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from snapstore.facts import Groups
from snapstore.model import Fact
from snapstore.rules import Alteration, View
from snapstore_postgres.kinds.columns.changing_column import not_null_names
from snapstore_postgres.kinds.columns.column_changes import retyped_attributes
from snapstore_postgres.kinds.columns.column_text import column_settings
from snapstore_postgres.kinds.columns.displaced_by_columns import blocks_type_change, is_rebuilt_otherwise
from snapstore_postgres.kinds.columns.one_rewrite import joined
from snapstore_postgres.kinds.constraints.merging import taken_off
from snapstore_postgres.kinds.partitions import detached
from snapstore_postgres.names import aside, last, qualifier
from snapstore_postgres.relations import STRONGEST, is_elsewhere, table_of
from snapstore_postgres.relations.inheritance import governing, in_partition_key
from snapstore_postgres.relations.sizes import rewrite_hazard
from snapstore_postgres.rows.archived import archive
from snapstore_postgres.rows.disallowed.unvalidated import never_validated
from snapstore_postgres.rows.types import fitting
from snapstore_postgres.rows.values.back import some_back


def swap(
    before: Fact,
    after: Fact,
    create: Sequence[str],
    through: Callable[[str, str], str],
    fitted: Callable[[Fact], fitting.Fit],
    view: View,
    anew: Sequence[str] = (),
) -> Alteration:
    """A new type under the old name, with every column that has the old one rewritten.

    ``through(value, brackets)`` is what a value, or an array of them, is made before it gets the new type;
    ``fitted`` says for a column how it is told whether its values fit. The columns in ``anew`` keep none.
    """
    columns = [column for column in _columns_of_type(before, view) if column.id not in anew]
    here = [column for column in columns if not is_elsewhere(column, view)]
    own = [column for column in columns if not governing(column, view)]
    fits = [fitted(column) for column in own if column in here]
    tables = sorted({column.parent or "" for column in columns})
    rewriting = [hazard for table in tables for hazard in rewrite_hazard(view, table)]
    rewritten = joined(_rewritten(column, through if column in here else None) for column in own)
    set_aside = any(fit.set_aside for fit in fits)
    updates = set_aside or any(some_back(column, view) for column in columns)
    violated = [check for table in tables for check in never_validated(table, view)] if updates else []
    gone = [taken_off(view.live[check].name) for check in violated]
    kept = f"alter {before.kind} {before.name}, values that do not fit moved to the archive"
    return Alteration(
        statements=[
            *(text for fit in fits for text in fit.statements),
            *_under_its_name(before, [*create, *rewritten, *_after_rewriting(columns, view)]),
        ],
        summary=kept if set_aside else "",
        swaps=[before.id, *sorted({column.id for column in columns})],
        reaches=tables if violated else (),
        displaces=_displaced_by_swap(before, columns, [*violated, *anew], view),
        lock=STRONGEST,
        hazards=[*rewriting, *(hazard for fit in fits for hazard in fit.hazards)],
        needs=[*gone, *map(_alone, tables), *([archive.REGISTERED] if set_aside else [])],
        payload=fitting.with_payload(fits),
    )


def _alone(table: str) -> str:
    """That the table has left those above it, which cannot be with its columns as they are."""
    return detached(table.partition(":")[2])


def _under_its_name(before: Fact, statements: Sequence[str]) -> list[str]:
    """The statements while the old type has another name, and its end."""
    keyword = "DOMAIN" if before.kind == "domain" else "TYPE"
    old_name = aside(last(before.name))
    return [
        f"ALTER {keyword} {before.name} RENAME TO {old_name}",
        *statements,
        f"DROP {keyword} {qualifier(before.name)}.{old_name}",
    ]


def _after_rewriting(columns: Sequence[Fact], view: View) -> Iterator[str]:
    """What rewriting has reset, and the values that find a place again."""
    for column in columns:
        yield from column_settings(view.target[column.id], view, retyped_attributes(column.attrs))
        yield from some_back(column, view)


def _displaced_by_swap(
    before: Fact, columns: Sequence[Fact], others: Sequence[str], view: View
) -> Callable[[Fact], bool]:
    """What has to be away while a type is swapped and the columns that have it are rewritten."""
    altered = {column.id for column in columns}
    leaving = {f"partition:{table_of(column)}" for column in columns if _would_be_renamed(column, view)}

    def displaces(dependent: Fact) -> bool:
        if dependent.id in others or dependent.id in leaving:
            return True
        if {before.id, *altered}.isdisjoint((*dependent.needs, dependent.parent)):
            return False  # it is but of the same table
        if dependent.kind == "column":
            holds_rows = not altered.isdisjoint(dependent.needs)  # of a table that is altered
            return holds_rows or in_partition_key(dependent, view) or "generated" in dependent.attrs
        stands = before.id in (*dependent.needs, dependent.parent) or blocks_type_change(dependent)
        return stands or view.vanishes(dependent.id) or is_rebuilt_otherwise(dependent, view)

    return displaces


def _would_be_renamed(column: Fact, view: View) -> bool:
    """Whether the NOT NULL of a partition's column would get the name of the one above it."""
    return bool(governing(column, view) and not_null_names(column, view.target[column.id], True, view))


def _rewritten(column: Fact, through: Callable[[str, str], str] | None) -> str:
    kind, name = column.attrs["type"], last(column.name)
    using = f" USING {through(name, '[]' * kind.count('[]'))}::{kind}" if through else ""
    return f"ALTER TABLE {table_of(column)} ALTER COLUMN {name} TYPE {kind}{using}"


def _columns_of_type(fact: Fact, view: View) -> list[Fact]:
    """Columns that have the type before and after, and can be altered: one that gets another type sees to it
    itself, and what is computed or partitioned by is displaced."""
    found = []
    for column in view.live_dependents.get(fact.id, ()):
        if column.kind != "column" or "generated" in column.attrs or in_partition_key(column, view):
            continue
        if not view.vanishes(column.id):
            after = view.target.get(column.id)
            if after is not None and after.attrs["type"] == column.attrs["type"]:
                found.append(column)
    return found


def columns_with(kind: Fact, dependents: Groups) -> Iterator[Fact]:
    """The columns that hold values of the type, be it inside another one."""
    for dependent in dependents.get(kind.id, ()):
        if dependent.kind == "column":
            yield dependent
        elif dependent.kind in ("composite", "domain", "range"):
            yield from columns_with(dependent, dependents)
