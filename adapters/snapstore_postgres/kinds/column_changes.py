"""How a column that is there becomes another one, and what has to be away meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from snapstore.model import Fact, Hazard, Json
from snapstore.rules import Alteration, View
from snapstore_postgres.kinds import generated, own_checks
from snapstore_postgres.kinds.column_text import column_secrets, column_settings
from snapstore_postgres.kinds.domain_checks import checks_before
from snapstore_postgres.kinds.flags import kept_below
from snapstore_postgres.kinds.identities import identity_slot, identity_statements, retyped_identity
from snapstore_postgres.kinds.merging import are_away
from snapstore_postgres.kinds.retyping import around_type
from snapstore_postgres.names import last, qualifier
from snapstore_postgres.relations import (
    STRONGEST,
    changes_persistence,
    is_elsewhere,
    local_rows,
    rewrite_hazard,
    table_of,
    version,
)
from snapstore_postgres.relations.inheritance import (
    all_governing,
    descendants,
    dropped,
    governing,
    in_partition_key,
    unsettled,
    vanishing_above,
)
from snapstore_postgres.relations.miscounted import gone_with_type, is_marked
from snapstore_postgres.relations.no_inherit import around_identity
from snapstore_postgres.relations.notnull import without_name
from snapstore_postgres.relations.notnull_above import arrived, named_by_retyping, named_with_parents
from snapstore_postgres.relations.notnull_changes import not_null_statements
from snapstore_postgres.relations.notnull_names import not_null_rename
from snapstore_postgres.rows import fitting, positions, rewriting
from snapstore_postgres.rows.casts import assignable, cast, castable
from snapstore_postgres.rows.held_rows import holds
from snapstore_postgres.rows.unvalidated import is_validated_below, never_validated
from snapstore_postgres.rows.values.back import some_back


def altered(before: Fact, after: Fact, view: View) -> Alteration | None:
    """The rule: None where the column has to be made anew."""
    if _cannot_become(before, after, view):
        return None
    retyped, follows = _is_retyped(before, after), bool(governing(after, view))
    leads, above = retyped and not follows, all_governing(after, view)
    fit = fitting.into(before, after.attrs["type"], view) if leads else fitting.Fit()
    expressions, needs = generated.changed_expression(before, after, above, view)
    renames = not_null_names(before, after, retyped, view) if follows else []
    back = _labels_back(after, view) if leads else []
    violated = never_validated(after.parent or "", view) if back else []
    losing = generated.losing(before, after, above, view)
    found = Alteration(
        statements=[
            *fit.statements,
            *_without_identity(before, after, view),
            *expressions,
            *(_typed_anew(before, after, view) if leads else ()),
            *_not_null_and_identity(before, after, view),
            *column_settings(after, view, retyped_attributes(before.attrs) if retyped else before.attrs),
            *renames,
            *back,
        ],
        secrets=column_secrets(after, before.attrs),
        needs=[
            *above,
            *needs,
            *(
                (dropped(part) for part in vanishing_above(before, view))
                if leads or _is_nullable_again(before, after)
                else ()
            ),
            *_toggled(after, view),
            *(checks_before(after, view) if retyped else ()),
            *_types_below_domains(after, view),
            *are_away(violated, view),
        ],
        provides=[i for i in _numbers_by(after) if i in view.target and i not in view.live],
        lock=STRONGEST,
        displaces=_displaced_by(before, after, retyped, bool(renames), losing, violated, view),
        reaches=[*losing, *([after.parent or ""] if violated else ())],
        swaps=_following(before, view) if leads else (),
        follows=(retyped and follows) or generated.follows(before, after, above, view),
        hazards=(*_costs(before, after, view), *fit.hazards),
        payload=fitting.with_payload([fit]),
    )
    return positions.kept_by(before, after, found, view)


def _is_nullable_again(before: Fact, after: Fact) -> bool:
    return "not_null" in before.attrs and "not_null" not in after.attrs


def _cannot_become(before: Fact, after: Fact, view: View) -> bool:
    return bool(
        _needs_new_column(before.attrs, after.attrs, view)
        or generated.stays_bound(before, after, view)
        or generated.is_to_return(before, after, view)
        or generated.cannot_change(before, after, view)
        or unsettled(after, view)
        or _is_told_how(before, after, view)
        or (_is_retyped(before, after) and in_partition_key(before, view))
    )


def _labels_back(column: Fact, view: View) -> list[str]:
    """Statements that put back what rows had in it under an enum that lost labels. Only into one again: what
    a text would take might not fit on the way back."""
    is_enum = f"enum:{column.attrs['type'].removesuffix('[]')}" in view.target
    return some_back(column, view) if is_enum else []


def _is_retyped(before: Fact, after: Fact) -> bool:
    another = any(before.attrs.get(key) != after.attrs.get(key) for key in ("type", "collation"))
    return another or is_marked(before)


def _costs(before: Fact, after: Fact, view: View) -> tuple[Hazard, ...]:
    if before.attrs.get("generated") != after.attrs.get("generated"):
        return rewrite_hazard(view, after.parent or "")
    return rewriting.hazards(before, after, view) if _is_retyped(before, after) else ()


def _without_identity(before: Fact, after: Fact, view: View) -> list[str]:
    """Comes before the type, which would have to be one that counts."""
    if "identity" in after.attrs:
        return []
    return identity_statements(after, before.attrs.get("identity"), None, view)


def _typed_anew(before: Fact, after: Fact, view: View) -> list[str]:
    old, new, name = before.attrs, after.attrs, last(after.name)
    collate = f" COLLATE {new['collation']}" if "collation" in new else ""
    told = old["type"] != new["type"] and not is_elsewhere(before, view)
    using = f" USING {cast(name, old['type'], new['type'])}" if told else ""
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


def not_null_names(before: Fact, after: Fact, retyped: bool, view: View) -> list[str]:
    """Gives the NOT NULL of a partition its name, once its table's has one; while it is detached."""
    if f"partition:{table_of(after)}" not in view.target:
        return []
    above = all_governing(after, view)
    held = named_with_parents(before, above, view)
    held = named_by_retyping(held, above, view) if retyped else held
    return not_null_rename(after, held, after.attrs.get("not_null"), view)


_BLOCKS_TYPE_CHANGE = (
    "view",
    "matview",
    "policy",
    "rule",
    "trigger",
    "default",
    "column",
    "function",
    "procedure",
    "publication_member",
)


def blocks_type_change(dependent: Fact) -> bool:
    """What PostgreSQL does not rebuild by itself when a column it stands on gets another type.

    Foreign keys it would rebuild, but against a column whose type may change later in the same plan; indexes
    and extended statistics too, but without their statistics targets. Of keys that include the column it
    forgets the foreign keys that refer to them.
    """
    if dependent.kind == "constraint":
        return bool(dependent.attrs.get("type") == "f") or _includes(dependent)
    if dependent.kind == "index":
        return "statistics" in dependent.attrs or _includes(dependent)
    if dependent.kind == "statistics":
        return "target" in dependent.attrs
    return dependent.kind in _BLOCKS_TYPE_CHANGE


def is_rebuilt_otherwise(dependent: Fact, view: View) -> bool:
    """What a server rebuilds on partitions has the names that it gives to new ones, and is on all of them."""
    return _is_index_or_key(dependent) and "partition_key" in view.live[dependent.parent or ""].attrs


def _is_index_or_key(fact: Fact) -> bool:
    return fact.kind in ("index", "constraint") and fact.attrs.get("type") != "c"


def _includes(key: Fact) -> bool:
    definition = str(key.attrs.get("definition", ""))
    return definition.startswith(("PRIMARY KEY", "UNIQUE", "CREATE UNIQUE")) and " INCLUDE (" in definition


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


def _displaced_by(
    before: Fact,
    after: Fact,
    retyped: bool,
    renames: bool,
    losing: Sequence[str],
    violated: Sequence[str],
    view: View,
) -> Callable[[Fact], bool]:
    """What has to be away while the column changes: for a new type much, for a new source its default."""
    old, new = before.attrs, after.attrs
    sources = any(old.get(key) != new.get(key) for key in ("identity", "generated"))
    was, now = old.get("not_null"), new.get("not_null")
    another = bool(was) != bool(now) or without_name(was) != without_name(now)
    rebuilt = retyped or old.get("generated") != new.get("generated")
    partitioned = rebuilt and "partition_key" in view.live[before.parent or ""].attrs
    rewritten = "generated" in new and old.get("generated") != new["generated"]
    kept = old.get("collation") == new.get("collation") and rewriting.keeps_rows(old["type"], new["type"])
    alone = rebuilt and (partitioned or (not retyped and generated.reads_own_table(after, view)))

    leaving = {f"partition:{qualifier(column.partition(':')[2])}" for column in losing}

    def displaces(dependent: Fact) -> bool:
        if dependent.kind == "comment":
            return another and dependent.id.startswith("comment:not_null:")
        if alone and _is_index_or_key(dependent):
            return True
        if dependent.id in violated or (rewritten and holds(dependent, before.parent or "")):
            return True
        if dependent.kind == "partition" and (renames or dependent.id in leaving):
            return True
        if retyped:
            # What goes anyway has to be gone: the server would read it anew with the new type.
            blocks = blocks_type_change(dependent) and not (kept and _is_plain_foreign_key(dependent, view))
            return blocks or view.vanishes(dependent.id) or is_validated_below(dependent, view)
        if dependent.kind == "identity_sequence":  # what is said of it is taken back under its name
            return dependent.id not in _numbers_by(after)
        return sources and dependent.kind == "default"

    return displaces


def _is_plain_foreign_key(fact: Fact, view: View) -> bool:
    """Whether it is one that the server makes anew under the same name, and without looking at a row where
    the values stay as they are stored: a foreign key between tables without partitions."""
    if fact.kind != "constraint" or fact.attrs["type"] != "f":
        return False
    columns = (view.live[need] for need in fact.needs if need.startswith("column:"))
    return not any("partition_key" in view.live[column.parent or ""].attrs for column in columns)


def _numbers_by(column: Fact) -> list[str]:
    """What is said of the sequence of an identity column, by its name."""
    sequences = (slot.partition(":")[2] for slot in identity_slot(column))
    return [f"identity_sequence:{name}" for name in sequences]


def _needs_new_column(old: Mapping[str, Json], new: Mapping[str, Json], view: View) -> bool:
    was, now = old.get("generated"), new.get("generated")
    if was == now:
        # The type of a generated column follows its expression, which is rebuilt with it.
        return old["type"] != new["type"] and (bool(was) or not castable(old["type"], new["type"]))
    if was is None or now is None:
        return now is not None or (was is not None and was["kind"] != "s")
    return bool(was["kind"] != now["kind"]) or version(view) < 170000 or old["type"] != new["type"]


def _is_told_how(before: Fact, after: Fact, view: View) -> bool:
    """Whether a column gets a type that values do not get by themselves: PostgreSQL cannot be told how where
    a foreign table inherits it."""
    old, new = before.attrs["type"], after.attrs["type"]
    return old != new and not assignable(old, new) and not local_rows.are_all(table_of(after), view)
