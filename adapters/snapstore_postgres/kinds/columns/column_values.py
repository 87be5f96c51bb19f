"""What rows have in a column that comes: its default, numbers, values from the archive, or stand-ins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from snapstore.model import Fact, Json
from snapstore.rules import View
from snapstore_postgres.expressions import reparsable
from snapstore_postgres.kinds.columns.column_text import column_clause
from snapstore_postgres.kinds.columns.defaults import set_default
from snapstore_postgres.kinds.columns.identities import identity_statements, settled_identity
from snapstore_postgres.names import last
from snapstore_postgres.relations import children, local_rows, table_of
from snapstore_postgres.relations.notnull_changes import is_named_apart, not_null_statements
from snapstore_postgres.relations.sizes import size
from snapstore_postgres.rows.archived import archive
from snapstore_postgres.rows.positions import positions
from snapstore_postgres.rows.stand_ins import filling, gaps, namesakes
from snapstore_postgres.rows.types.casts import AS_WRITTEN, below_domains, is_null
from snapstore_postgres.rows.types.held_rows import holders
from snapstore_postgres.rows.undisturbed import undisturbed
from snapstore_postgres.rows.values.back import noted_instead, put_back


def added(fact: Fact, reached: Sequence[Fact], view: View) -> tuple[list[str], Sequence[Fact]]:
    """The column with its default at once, so that rows that are there already get it."""
    default = view.target.get(f"default:{fact.name}")
    held = any(True for c in (fact, *reached) for _ in holders(c.parent or "", view))
    apart = is_named_apart(fact, reached, view)
    if "identity" in fact.attrs and (held or apart or _has_heirs(fact, view)):
        return _numbered(fact, fact.attrs["identity"].get("sequence"), fact.attrs["identity"], view), ()
    clause, then = _with_not_null(fact, view, apart=apart)
    if default is None:
        add = f"ALTER TABLE {table_of(fact)} ADD COLUMN {clause}"
        return [add, *settled_identity(fact, view), *then], ()
    owned = _owned_sequence(fact, view)
    if owned and fact.attrs.get("not_null") and size(view, fact.parent or "")[1] != 0:
        return _numbered(fact, owned.name, owned.attrs, view), ()
    if owned:
        return [f"ALTER TABLE {table_of(fact)} ADD COLUMN {clause}", *then], ()  # its sequence comes after it
    if held:
        return _written(fact, default, view), (default,)
    clause += f" DEFAULT {reparsable(default.attrs['expression'])}"
    return [f"ALTER TABLE {table_of(fact)} ADD COLUMN {clause}", *then], (default,)


def _with_not_null(fact: Fact, view: View, *, apart: bool) -> tuple[str, list[str]]:
    """The clause of a column, and what follows where its NOT NULL does not come with it."""
    if not apart:
        return column_clause(fact, view), []
    now = fact.attrs.get("not_null")
    return column_clause(_without(fact, "not_null"), view), not_null_statements(
        fact, None, now, view, below=True
    )


def _without(fact: Fact, *keys: str) -> Fact:
    return Fact(fact.id, {k: v for k, v in fact.attrs.items() if k not in keys}, fact.parent)


def _written(fact: Fact, default: Fact, view: View) -> list[str]:
    """The column without its default, which an update then writes into all rows."""
    bare = _without(fact, "not_null")
    return [
        f"ALTER TABLE {table_of(fact)} ADD COLUMN {column_clause(bare, view)}",
        *undisturbed(fact, view, _defaults(fact, default.attrs["expression"], view)),
        *set_default(default).statements,
        *_made_identity(fact, view),
    ]


def _defaults(fact: Fact, default: str, view: View) -> list[str]:
    """Updates that give a column its default, or that of its domain, where it has no value."""
    name, kind = last(fact.name), fact.attrs["type"]
    return [
        f"UPDATE {to} SET {name} = {default} WHERE {is_null(name, kind)}"
        for to in local_rows.updated(table_of(fact), view)
    ]


def _has_heirs(column: Fact, view: View) -> bool:
    """Whether other tables inherit from that of the column; its partitions do not count."""
    table = view.target[column.parent or ""]
    return "partition_key" not in table.attrs and bool(children(table.id, view.live_dependents))


def _owned_sequence(column: Fact, view: View) -> Fact | None:
    return next((part for part in view.target_parts.get(column.id, ()) if part.kind == "sequence"), None)


def _numbered(fact: Fact, sequence: str | None, options: Mapping[str, Json], view: View) -> list[str]:
    """A column that counts, and cannot come with its numbers at once: one whose sequence comes after it, or
    an identity column of a table from which others inherit."""
    bare = _without(fact, "not_null", "identity")
    return [
        f"ALTER TABLE {table_of(fact)} ADD COLUMN {column_clause(bare, view)}",
        *undisturbed(fact, view, _numbers(fact, sequence, options, view)),
        *_made_identity(fact, view),
    ]


def _numbers(fact: Fact, sequence: str | None, options: Mapping[str, Json], view: View) -> list[str]:
    """Updates that number the rows without a value in a column, behind all numbers that were given out."""
    table, name = table_of(fact), last(fact.name)
    before = positions.furthest(sequence, options, fact, view)
    number = f"{before} + {options.get('increment', 1)} * row_number() OVER ()"
    rows = local_rows.source(table, [name], view)
    return [
        f"UPDATE {to} t SET {name} = k.number FROM (SELECT t.tableoid AS part, t.ctid AS place,"
        f" {number} AS number FROM {rows} WHERE t.{name} IS NULL) k"
        " WHERE t.tableoid = k.part AND t.ctid = k.place"
        for to in local_rows.updated(table, view)
    ]


def _made_identity(fact: Fact, view: View) -> list[str]:
    """A column that has its values becomes an identity column, and goes on behind them."""
    found = not_null_statements(fact, None, fact.attrs.get("not_null"), view, below=True)
    found += identity_statements(fact, None, fact.attrs.get("identity"), view)
    return [*found, *positions.of_new_identity(fact, view)]


def with_constant(fact: Fact, reached: Sequence[Fact], view: View) -> list[str]:
    """The column with what stands in for all rows, which PostgreSQL keeps beside them; [] where it cannot."""
    value = filling.constant(fact, view)
    if value is None or _has_heirs(fact, view) or any(holders(fact.parent or "", view)):
        return []
    table = table_of(fact)
    clause, then = _with_not_null(fact, view, apart=is_named_apart(fact, reached, view))
    return [
        f"ALTER TABLE {table} ADD COLUMN {clause} DEFAULT {value}",
        f"ALTER TABLE {table} ALTER COLUMN {last(fact.name)} DROP DEFAULT",
        *then,
    ]


def returning(
    fact: Fact,
    back: Sequence[tuple[Fact, archive.Entry]],
    lacking: Sequence[Fact],
    other: Fact | None,
    view: View,
) -> list[str]:
    """The column bare, its values from the archive, then what the values have to comply with.

    ``back`` are this column and those of tables that inherit it, with where their values lie; ``lacking``
    those that have to have a value, which nobody may know; the ``other`` may have it, too.
    """
    later = _meanwhile(fact, view) if is_strict(fact, view) else None
    attrs = {k: v for k, v in fact.attrs.items() if k not in ("not_null", "identity")}
    attrs |= {"type": later} if later else {}
    bare = Fact(fact.id, attrs, fact.parent)
    table, name = table_of(fact), last(fact.name)
    found = [
        f"ALTER TABLE {table} ADD COLUMN {column_clause(bare, view)}",
        *(s for pair in back for s in put_back(*pair, view)),
    ]
    taken_over = namesakes.taken_over(fact, other, view) if other else []
    if rest := [*taken_over, *_rest_filled(fact, lacking, view)]:
        found += undisturbed(fact, view, rest)
        found += (s for pair in back for s in noted_instead(*pair, view))
    if later:
        retyped = f"TYPE {fact.attrs['type']} USING {name}::{fact.attrs['type']}"
        found.append(f"ALTER TABLE {table} ALTER COLUMN {name} {retyped}")
    return [*found, *_made_identity(fact, view)]


def _rest_filled(fact: Fact, lacking: Sequence[Fact], view: View) -> list[str]:
    """Updates of the rows for which the archive has no value, where the column has to have one."""
    default, owned = view.target.get(f"default:{fact.name}"), _owned_sequence(fact, view)
    if "identity" in fact.attrs:
        return _numbers(fact, fact.attrs["identity"].get("sequence"), fact.attrs["identity"], view)
    if fact.attrs.get("not_null") and owned is not None:
        return _numbers(fact, owned.name, owned.attrs, view)
    if fact.attrs.get("not_null") and default is not None:
        return _defaults(fact, default.attrs["expression"], view)
    if default is None and (inherited := gaps.default_of_domain(fact, view)) is not None:
        return _defaults(fact, inherited, view)
    return [
        filling.filling(column, to, view)
        for column in lacking
        for to in local_rows.updated(table_of(column), view)
    ]


def _meanwhile(fact: Fact, view: View) -> str:
    """The type of a column that has no value yet, where its own would give one or take no NULL: the one below
    its domain, or that of written values where a base type may have a default."""
    below = below_domains(fact.attrs["type"], view.target)
    plain = not below.endswith("[]") and _stands_on_base_type(fact, view)
    return AS_WRITTEN if plain else below


def _stands_on_base_type(fact: Fact, view: View) -> bool:
    """Whether a column or domain is of a base type, be it through domains."""
    types = (view.target[need] for need in fact.needs if need.startswith(("domain:", "base_type:")))
    return any(kind.kind == "base_type" or _stands_on_base_type(kind, view) for kind in types)


def is_strict(fact: Fact, view: View) -> bool:
    """Whether a column or domain is of a domain, or one of one, that has checks or is never NULL, or not
    by itself; a base type may have a default too."""
    if fact.attrs.get("type", "").endswith("[]"):
        return False
    types = [view.target[need] for need in fact.needs if need.startswith(("domain:", "base_type:"))]
    return any(_is_particular(kind, view) or is_strict(kind, view) for kind in types)


def _is_particular(kind: Fact, view: View) -> bool:
    checked = any(part.kind == "constraint" for part in view.target_parts.get(kind.id, ()))
    return checked or not {"not_null", "default"}.isdisjoint(kind.attrs)
