"""How a column that is there becomes another one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from snapstore.model import Fact, Hazard, Json
from snapstore.rules import Alteration, View
from snapstore_postgres.kinds.columns import generated
from snapstore_postgres.kinds.columns.changing_column import Changing
from snapstore_postgres.kinds.columns.column_text import column_secrets, column_settings
from snapstore_postgres.kinds.columns.columns_made_anew import is_made_anew
from snapstore_postgres.kinds.columns.displaced_by_columns import displaces, numbers_by
from snapstore_postgres.kinds.columns.identities import identity_statements, retyped_identity
from snapstore_postgres.kinds.columns.retyping import around_type
from snapstore_postgres.kinds.constraints import own_checks
from snapstore_postgres.kinds.constraints.flags import kept_below
from snapstore_postgres.kinds.constraints.merging import are_away
from snapstore_postgres.kinds.types.domain_checks import checks_before
from snapstore_postgres.names import last
from snapstore_postgres.relations import STRONGEST, changes_persistence, is_elsewhere, table_of
from snapstore_postgres.relations.inheritance import (
    all_governing,
    descendants,
    dropped,
    governing,
    vanishing_above,
)
from snapstore_postgres.relations.miscounted import gone_with_type
from snapstore_postgres.relations.no_inherit import around_identity
from snapstore_postgres.relations.notnull_above import arrived
from snapstore_postgres.relations.notnull_changes import not_null_statements
from snapstore_postgres.relations.notnull_names import namesakes_going
from snapstore_postgres.relations.sizes import rewrite_hazard
from snapstore_postgres.renaming.labels_as_text import as_once_named
from snapstore_postgres.rows.positions import positions
from snapstore_postgres.rows.types import fitting, rewriting


def altered(before: Fact, after: Fact, view: View) -> Alteration | None:
    """The rule: None where the column has to be made anew."""
    if is_made_anew(before, after, view):
        return None
    change = Changing(before, after, view)
    fit = fitting.into(before, after.attrs["type"], view) if change.leads else fitting.Fit()
    expressions = generated.changed_expression(before, after, change.above, view)
    found = Alteration(
        statements=[*fit.statements, *_statements(change, expressions.statements)],
        secrets=column_secrets(after, before.attrs),
        needs=[*change.above, *expressions.needs, *_needs(change)],
        provides=[i for i in numbers_by(after) if i in view.target and i not in view.live],
        lock=STRONGEST,
        displaces=partial(displaces, change),
        reaches=[*_reached(change)],
        swaps=_following(before, view) if change.leads else (),
        follows=(change.retyped and change.follows) or generated.follows(before, after, change.above, view),
        hazards=(*_costs(change), *fit.hazards),
        payload=fitting.with_payload([fit]),
    )
    return positions.kept_by(before, after, found, view)


def _reached(change: Changing) -> Iterator[str]:
    """What else that stands on may be in the way."""
    yield from change.losing
    yield from [change.after.parent or ""] if change.violated else []
    yield from (change.view.live[check].parent or "" for check in change.forgotten)


def _statements(change: Changing, expressions: Sequence[str]) -> Iterator[str]:
    """Those that make the one column of the other, behind the check that values fit."""
    before, after, view = change.before, change.after, change.view
    yield from _without_identity(before, after, view)
    yield from expressions
    typed = _typed_anew(before, after, view) if change.leads else []
    not_null = _not_null_and_identity(before, after, view)
    yield from (*not_null, *typed) if _is_nullable_first(change) else (*typed, *not_null)
    given = retyped_attributes(before.attrs) if change.retyped else before.attrs
    yield from column_settings(after, view, given)
    yield from change.not_null_renames
    yield from change.labels_back


def _is_nullable_first(change: Changing) -> bool:
    """Whether it loses its NOT NULL before it gets a type: PostgreSQL makes that anew for the type, and fails
    where it has another name in a partition."""
    table = change.view.live[change.before.parent or ""]
    return change.is_nullable_again and "partition_key" in table.attrs


def _needs(change: Changing) -> Iterator[str]:
    """What has to be there, or to be gone, before the column changes."""
    after, view = change.after, change.view
    if change.leads or change.is_nullable_again:
        yield from (dropped(part) for part in vanishing_above(change.before, view))
    yield from _toggled(after, view)
    if change.retyped:
        yield from checks_before(after, view)
    yield from _types_below_domains(after, view)
    yield from namesakes_going(after, view)
    yield from are_away(change.violated, view)


def _costs(change: Changing) -> tuple[Hazard, ...]:
    before, after, view = change.before, change.after, change.view
    if before.attrs.get("generated") != after.attrs.get("generated"):
        return rewrite_hazard(view, after.parent or "")
    return rewriting.hazards(before, after, view) if change.retyped else ()


def _without_identity(before: Fact, after: Fact, view: View) -> list[str]:
    """Comes before the type, which would have to be one that counts."""
    if "identity" in after.attrs:
        return []
    return identity_statements(after, before.attrs.get("identity"), None, view)


def _typed_anew(before: Fact, after: Fact, view: View) -> list[str]:
    old, new, name = before.attrs, after.attrs, last(after.name)
    collate = f" COLLATE {new['collation']}" if "collation" in new else ""
    told = old["type"] != new["type"] and not is_elsewhere(before, view)
    using = f" USING {as_once_named(name, old['type'], new['type'], view.request)}" if told else ""
    apart, again = around_type(before, view)
    alter = f"ALTER TABLE {table_of(after)} ALTER COLUMN {name} TYPE {new['type']}{collate}{using}"
    gone = [text for check in gone_with_type(before, view) for text in own_checks.dropped(check, view)]
    return [*apart, alter, *again, *gone]


def _not_null_and_identity(before: Fact, after: Fact, view: View) -> list[str]:
    """An identity column is NOT NULL for as long as it is one."""
    was, now = arrived(before, after, all_governing(after, view), view), after.attrs.get("not_null")
    not_null = [*not_null_statements(after, was, now, view), *kept_below(after, was, now, view)]
    identity = identity_statements(after, retyped_identity(before, after), after.attrs.get("identity"), view)
    before_it, behind = around_identity(after, view)
    return [*before_it, *not_null, *identity, *behind] if "identity" in after.attrs else not_null


def _following(column: Fact, view: View) -> list[str]:
    """The columns below that get another type by the same statement."""
    return [d.id for d in descendants(column, view, live=True) if view.stays(d.id) and governing(d, view)]


def retyped_attributes(attrs: Mapping[str, Json]) -> dict[str, Json]:
    """What is left of a column's attributes when it gets a type: storage and compression are that type's."""
    return {key: value for key, value in attrs.items() if key not in ("storage", "compression")}


def _types_below_domains(column: Fact, view: View) -> Iterator[str]:
    """The base types that its domain is of: their storage is the default of a column."""
    for need in column.needs:
        if need.startswith("domain:"):
            domain = view.target[need]
            yield from (below for below in domain.needs if below.startswith("base_type:"))
            yield from _types_below_domains(domain, view)


def _toggled(column: Fact, view: View) -> list[str]:
    """The table whose persistence changes, and with it that of the column's sequence."""
    table = column.parent or ""
    return [table] if "identity" in column.attrs and changes_persistence(table, view) else []
