"""How a column is written: as CREATE TABLE and ADD COLUMN do, and what no other statement says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from snapstore.model import Fact, Json, SealedRef
from snapstore.rules import View
from snapstore_postgres.expressions import reparsable
from snapstore_postgres.kinds.columns.identities import identity_clause
from snapstore_postgres.names import last
from snapstore_postgres.options import altered_options, options_clause
from snapstore_postgres.relations import table_of, version
from snapstore_postgres.relations.notnull_changes import not_null_clause, unvalidated
from snapstore_postgres.relations.storage import COMPRESSION, STORAGE, default_storage, option_statements


def column_clause(column: Fact, view: View, typed: bool = False, numbered: bool = True) -> str:
    """The column as CREATE TABLE and ADD COLUMN write it, without its default; as an identity column where it
    is ``numbered`` with that statement."""
    attrs = column.attrs
    text = last(column.name) + (" WITH OPTIONS" if typed else f" {attrs['type']}")
    text += options_clause(column.id, attrs["foreign_options"])[0] if "foreign_options" in attrs else ""
    text += f" COLLATE {attrs['collation']}" if "collation" in attrs and not typed else ""
    if "generated" in attrs:
        kind = "STORED" if attrs["generated"]["kind"] == "s" else "VIRTUAL"
        text += f" GENERATED ALWAYS AS ({reparsable(attrs['generated']['expression'])}) {kind}"
    if "identity" in attrs and numbered:
        text += f" {identity_clause(column, view)}"
    return text + not_null_clause(column, attrs.get("not_null"), view)


def column_secrets(column: Fact, before: Mapping[str, Json] | None = None) -> Mapping[str, SealedRef]:
    """The secrets in :func:`column_clause` and :func:`column_settings`: options of foreign columns."""
    old, new = (before or {}).get("foreign_options") or {}, column.attrs.get("foreign_options") or {}
    return altered_options(column.id, old, new)[1]


def column_settings(
    column: Fact,
    view: View,
    before: Mapping[str, Json] | None = None,
    given: Mapping[str, Json] | None = None,
) -> list[str]:
    """Storage, compression, statistics and options, where they differ from ``before``, or for a new column
    from what was ``given`` to it."""
    old, new = before or given or {}, column.attrs
    found = settings(f"ALTER TABLE ONLY {table_of(column)}", column.name, old, new, view)
    found += foreign_settings(column, before) if before is not None else unvalidated(column, view)
    return found


def foreign_settings(column: Fact, before: Mapping[str, Json]) -> list[str]:
    """Options of a foreign column, where they differ; a new one that comes from above has none before."""
    old, new = before.get("foreign_options") or {}, column.attrs.get("foreign_options") or {}
    options, _ = altered_options(column.id, old, new)
    alter = f"ALTER FOREIGN TABLE {table_of(column)} ALTER COLUMN {last(column.name)}"
    return [f"{alter}{options}"] if options else []


def settings(
    alter: str, column: str, old: Mapping[str, Json], new: Mapping[str, Json], view: View
) -> list[str]:
    """The statements for all of these that tables and materialized views have; ``alter`` says which one it
    is, and ``column`` is the qualified name."""
    alter, found = f"{alter} ALTER COLUMN {last(column)}", []
    if old.get("storage") != new.get("storage"):
        default = default_storage(alter, column, version(view))
        found.append(f"{alter} SET STORAGE {STORAGE[new['storage']]}" if "storage" in new else default)
    if old.get("compression") != new.get("compression"):
        found.append(f"{alter} SET COMPRESSION {COMPRESSION.get(new.get('compression', ''), 'default')}")
    if old.get("statistics") != new.get("statistics"):
        found.append(f"{alter} SET STATISTICS {new.get('statistics', -1)}")
    return [*found, *option_statements(alter, old.get("options"), new.get("options"))]


def without_default(reached: Sequence[Fact], view: View) -> list[str]:
    """Takes off the parent's default from the columns of children that have none."""
    return [
        f"ALTER TABLE ONLY {table_of(column)} ALTER COLUMN {last(column.name)} DROP DEFAULT"
        for column in reached
        if f"default:{column.name}" not in view.target and not {"generated", "identity"} & column.attrs.keys()
    ]
