"""How a table is created: CREATE TABLE, what goes before it, and what follows that it cannot say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from snapstore.model import Fact, SealedRef
from snapstore.rules import Draft, View
from snapstore_postgres.expressions import reparsable
from snapstore_postgres.kinds.columns import generated
from snapstore_postgres.kinds.columns.column_text import (
    column_clause,
    column_secrets,
    column_settings,
    foreign_settings,
    without_default,
)
from snapstore_postgres.kinds.columns.identities import own_identity, settled_identity
from snapstore_postgres.kinds.constraints.flags import own_flag
from snapstore_postgres.kinds.constraints.late_checks import made_before
from snapstore_postgres.kinds.constraints.not_valid_above import left_not_valid
from snapstore_postgres.kinds.tables.columns_above import (
    has_default_above,
    merged_from,
    no_default_above,
    of_other_defaults,
    stored_alike,
    stored_as_above,
)
from snapstore_postgres.kinds.tables.table_flags import flag_statements
from snapstore_postgres.kinds.types.domain_checks import checks_before
from snapstore_postgres.options import options_clause
from snapstore_postgres.relations import STRONGEST, owner_statement
from snapstore_postgres.relations.inheritance import ancestors
from snapstore_postgres.relations.no_inherit import around_identity, for_one_table
from snapstore_postgres.relations.notnull import is_inherited
from snapstore_postgres.relations.notnull_changes import own_not_null
from snapstore_postgres.relations.storage import all_options
from snapstore_postgres.rows.positions import positions


def created(fact: Fact, view: View) -> Draft:
    """The rule by which a table comes, with its columns."""
    columns = _columns_in_order(fact, view)
    kind, foreign, secrets = _foreign(fact)
    inline, from_above = _apart(fact, columns)
    around = (
        stored_alike(columns, view),
        of_other_defaults(from_above, view),
        left_not_valid(fact, columns, view),
    )
    text = f"CREATE {_persistence(fact)}{kind} {fact.name}{_table_body(fact, columns, view)}{foreign}"
    return Draft(
        statements=[
            *(statement for each in around for statement in each.before),
            text + _where_stored(fact),
            *owner_statement("TABLE", fact.name, fact),
            *_told_behind(fact, columns, view),
            *(statement for each in around for statement in each.after),
            *flag_statements(fact, {}),
        ],
        undo=[f"DROP {kind} {fact.name}"],
        secrets={**secrets, **{k: v for c in columns for k, v in column_secrets(c).items()}},
        absorbs=columns,
        needs=[
            *_inherited_by(fact, view),
            *(need for c in columns for need in checks_before(c, view)),
            *(need for c in inline for need in positions.noted_before_identity(c, view)),
        ],
        lock=STRONGEST,
    )


def _columns_in_order(fact: Fact, view: View) -> list[Fact]:
    """The columns in the physical order they had when the target was taken."""
    known = view.request.target_hints.get("relations", {}).get(fact.id, {}).get("columns") or []
    place = {f"column:{fact.name}.{name}": index for index, name in enumerate(known)}
    parts = view.target_parts.get(fact.id, ())
    columns = [part for part in parts if part.kind == "column" and part.id not in view.apart.coming]
    return sorted(columns, key=lambda c: (place.get(c.id, len(place)), c.id))


def _told_behind(fact: Fact, columns: Sequence[Fact], view: View) -> Iterator[str]:
    """Statements for what CREATE TABLE does not say of its columns."""
    inline, from_above = _apart(fact, columns)
    for parent in generated.later_parents(fact, view):
        yield f"ALTER TABLE {fact.name} INHERIT {parent}"
    for column in columns:
        yield from column_settings(column, view, given=stored_as_above(column, view))
    yield from (s for c in from_above for s in foreign_settings(c, {}))
    # For a type with a length, the NULL is cast to it, and as such a default like any other.
    yield from without_default([c for c in inline if merged_from(c, view)], view)
    yield from without_default([c for c in from_above if has_default_above(c, view)], view)
    for column in columns:
        yield from own_flag(column, view, inline=column in inline)
    identities = _numbered_behind(fact, columns)
    for column in identities:
        yield from own_identity(column, view)
    for column in from_above:
        if above := merged_from(column, view):
            yield from generated.own_expressions(above[0], [column])
    yield from (s for c in inline if c not in identities for s in settled_identity(c, view))
    yield from (s for c in inline for s in around_identity(c, view)[1])
    yield from (s for c in inline for s in positions.of_new_identity(c, view))


def _apart(fact: Fact, columns: Sequence[Fact]) -> tuple[list[Fact], list[Fact]]:
    """The columns of a table that it has of its own, and those that it only has from its parents."""
    inherits = bool(fact.attrs.get("inherits"))
    from_above = [column for column in columns if inherits and column.attrs.get("inherited")]
    return [column for column in columns if column not in from_above], from_above


def _numbered_behind(fact: Fact, columns: Sequence[Fact]) -> list[Fact]:
    """The columns that become identity columns once the table is there: nothing that creates a table of a
    type lets one be one, and a NOT NULL from above would be the table's own if CREATE TABLE said so."""
    inline, from_above = _apart(fact, columns)
    if fact.attrs.get("of"):
        return inline
    return [*from_above, *(c for c in inline if is_inherited(c.attrs.get("not_null")))]


def _persistence(fact: Fact) -> str:
    return "UNLOGGED " if fact.attrs.get("persistence") == "u" else ""


def _table_body(fact: Fact, columns: Sequence[Fact], view: View) -> str:
    attrs = fact.attrs
    inline, from_above = _apart(fact, columns)
    typed, behind = bool(attrs.get("of")), _numbered_behind(fact, columns)
    clauses = ((c, column_clause(c, view, typed, numbered=c not in behind)) for c in inline)
    items = [text + no_default_above(c, view) for c, text in clauses]
    items += [clause for c in from_above if (clause := own_not_null(c, view))]
    body = ",\n".join(f"    {item}" for item in items)
    text = f" OF {attrs['of']}" if attrs.get("of") else ""
    text += f" (\n{body}\n)" if body or not attrs.get("of") else ""
    later = generated.later_parents(fact, view)
    first = [parent for parent in attrs.get("inherits", ()) if parent not in later]
    text += f"\nINHERITS ({', '.join(first)})" if first else ""
    text += f"\nPARTITION BY {reparsable(attrs['partition_key'])}" if attrs.get("partition_key") else ""
    return text


def _where_stored(fact: Fact) -> str:
    attrs = fact.attrs
    text = f"\nUSING {attrs['access_method']}" if attrs.get("access_method") else ""
    text += all_options(attrs)
    return text + (f"\nTABLESPACE {attrs['tablespace']}" if attrs.get("tablespace") else "")


def _inherited_by(fact: Fact, view: View) -> Iterator[str]:
    """The parents and theirs, and all that has to be in them before a child is created."""
    for parent in dict.fromkeys(ancestors(fact.name, view.target)) if fact.attrs.get("inherits") else ():
        yield f"table:{parent}"
        for part in view.target_parts.get(f"table:{parent}", ()):
            inherited = (
                part.kind == "column" or part.attrs.get("type") == "c" or any(for_one_table(part, view))
            )
            if inherited and fact.id not in made_before(part, view):
                yield part.id
                yield from (f.id for f in view.target_parts.get(part.id, ()) if f.kind == "default")


def _foreign(fact: Fact) -> tuple[str, str, Mapping[str, SealedRef]]:
    """The keyword, the clause and its secrets of a table that lies on another server."""
    foreign = fact.attrs.get("foreign")
    if foreign is None:
        return "TABLE", "", {}
    clause, secrets = options_clause(fact.id, foreign.get("options") or {})
    return "FOREIGN TABLE", f"\nSERVER {foreign['server']}{clause}", secrets
