"""Rules for columns and their defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from snapstore.model import Fact, Json, SealedRef
from snapstore.rules import NOTHING, Alteration, Draft, Rule, View, by_itself
from snapstore_postgres.expressions import reparsable
from snapstore_postgres.kinds import generated
from snapstore_postgres.kinds.domains import checks_before
from snapstore_postgres.kinds.flags import flags_below, kept_below
from snapstore_postgres.kinds.identities import (
    identity_clause,
    identity_slot,
    identity_statements,
    retyped_identity,
    settled_identity,
)
from snapstore_postgres.kinds.retyping import around_type
from snapstore_postgres.names import last
from snapstore_postgres.options import altered_options, options_clause
from snapstore_postgres.relations import (
    COMPRESSION,
    STORAGE,
    STRONGEST,
    changes_persistence,
    children,
    data_loss,
    default_storage,
    is_elsewhere,
    local_rows,
    option_statements,
    rewrite_hazard,
    size,
    table_of,
    version,
)
from snapstore_postgres.relations.inheritance import (
    all_governing,
    comes_with_parent,
    descendants,
    dropped,
    given_by,
    governing,
    made_with_table,
    own_below,
    unsettled,
)
from snapstore_postgres.relations.no_inherit import around_identity
from snapstore_postgres.relations.notnull import (
    arrived,
    named_by_retyping,
    named_with_parents,
    not_null_clause,
    not_null_rename,
    not_null_statements,
    unvalidated,
    validated_below,
    without_name,
    without_namesake,
)
from snapstore_postgres.rows import (
    archive,
    archived_values,
    filling,
    fitting,
    lost_labels,
    positions,
    rewriting,
)
from snapstore_postgres.rows.casts import assignable, below_domains, cast, castable
from snapstore_postgres.rows.held_rows import holders, holds
from snapstore_postgres.rows.undisturbed import undisturbed
from snapstore_postgres.rows.unvalidated import never_validated


def column_clause(column: Fact, view: View, typed: bool = False) -> str:
    """The column as CREATE TABLE and ADD COLUMN write it, without its default."""
    attrs = column.attrs
    text = last(column.name) + (" WITH OPTIONS" if typed else f" {attrs['type']}")
    text += options_clause(column.id, attrs["foreign_options"])[0] if "foreign_options" in attrs else ""
    text += f" COLLATE {attrs['collation']}" if "collation" in attrs and not typed else ""
    if "generated" in attrs:
        kind = "STORED" if attrs["generated"]["kind"] == "s" else "VIRTUAL"
        text += f" GENERATED ALWAYS AS ({reparsable(attrs['generated']['expression'])}) {kind}"
    if "identity" in attrs and not typed:
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
    alter = f"ALTER TABLE ONLY {table_of(column)} ALTER COLUMN {last(column.name)}"
    found = []
    if old.get("storage") != new.get("storage"):
        default = default_storage(alter, column.name, version(view))
        found.append(f"{alter} SET STORAGE {STORAGE[new['storage']]}" if "storage" in new else default)
    if old.get("compression") != new.get("compression"):
        found.append(f"{alter} SET COMPRESSION {COMPRESSION.get(new.get('compression', ''), 'default')}")
    if old.get("statistics") != new.get("statistics"):
        found.append(f"{alter} SET STATISTICS {new.get('statistics', -1)}")
    found += option_statements(alter, old.get("options"), new.get("options"))
    foreign, _ = altered_options(
        column.id, old.get("foreign_options") or {}, new.get("foreign_options") or {}
    )
    if before is not None and foreign:
        found.append(f"ALTER FOREIGN TABLE {table_of(column)} ALTER COLUMN {last(column.name)}{foreign}")
    found += unvalidated(column) if before is None else []
    return found


def _create_column(fact: Fact, view: View) -> Draft:
    made_with_table = view.appears(fact.parent or "") and fact.id not in view.apart.coming
    if made_with_table or comes_with_parent(fact, view):
        return NOTHING
    table = table_of(fact)
    reached = [d for d in descendants(fact, view, live=False) if comes_with_parent(d, view)]
    settings = [s for column in (fact, *reached) for s in column_settings(column, view)]
    rewrites = "identity" in fact.attrs or fact.attrs.get("generated", {}).get("kind") == "s"
    columns = () if "generated" in fact.attrs else (fact, *reached)
    back = [(column, entry) for column in columns for entry in _values_of(column, view)]
    stands_in = not rewrites and filling.needed(fact, view)
    made = (_returning(fact, back, view), ()) if back or stands_in else _adding(fact, reached, view)
    statements, absorbed = made
    return Draft(
        summary=_stands_in(fact) if stands_in else "",
        statements=[
            *without_namesake(fact, view),
            *statements,
            *around_identity(fact, view)[1],
            *settings,
            *validated_below(fact, reached),
            *generated.own_expressions(fact, reached),
            *without_default(reached, view),
            *flags_below(fact, reached, view),
        ],
        undo=[f"ALTER TABLE {table} DROP COLUMN {last(fact.name)}"],
        secrets=column_secrets(fact),
        absorbs=[*reached, *absorbed],
        needs=[
            *_keys(back),
            *(need for c in (fact, *reached) for need in checks_before(c, view)),
            *(column.id for column in own_below(fact, view)),
            *(filling.needs(fact, view) if stands_in else ()),
            *(_calls_of_default(fact, view) if back else ()),
        ],
        provides=[part for c in (fact, *reached) for part in _first_to_go(c, view)],
        lock=STRONGEST,
        hazards=[
            *(rewrite_hazard(view, f"table:{table}") if rewrites or back or stands_in else ()),
            *(filling.hazard(fact, view) if stands_in and not back else ()),
            *(lost_labels.hazards(fact, view) if back else ()),
        ],
    )


def _first_to_go(column: Fact, view: View) -> list[str]:
    """What holds rows of its table, where a column cannot come but by a rewrite, or where these rows get back
    what they had in it; and the checks that such rows may violate. To the plan that brings it, the column
    provides them: so it comes when they are gone, and before they are there again."""
    table = column.parent or ""
    own_type = f"domain:{column.attrs['type']}" in column.needs or _is_strict(column, view)
    rewrites = own_type or column.attrs.get("generated", {}).get("kind") == "s"
    held = [i for i in holders(table, view) if rewrites or archive.kept(view.request, i, "column")]
    return [*held, *never_validated(table, view)] if _gets_values(column, view) else held


def _gets_values(column: Fact, view: View) -> bool:
    """Whether rows are updated with what they had in it, or in that of a parent, or with what stands in."""
    known = (column.id, *given_by(column, view))
    back = any(view.vanishes(i) or archive.kept(view.request, i, "column") for i in known)
    return back or filling.needed(column, view)


def _values_of(column: Fact, view: View) -> list[archive.Entry]:
    """Where its values lie. Those of one that went with its parent's are among the parent's."""
    before = view.live.get(column.id)
    along = before is not None and _goes_along(before, view)
    return archived_values.values_of(column, view, own=not along)


def _stands_in(column: Fact) -> str:
    return f"create column {column.name}; rows get a value that stands in, where what they had is not known"


def _calls_of_default(column: Fact, view: View) -> list[str]:
    """What is called for rows without a value in the archive; the default itself comes behind its column."""
    default = view.target.get(f"default:{column.name}")
    return [need for need in default.needs if need.startswith(("function:", "operator:"))] if default else []


def _keys(back: Sequence[tuple[Fact, archive.Entry]]) -> list[str]:
    return [f"column:{table_of(column)}.{name}" for column, entry in back for name in entry.facts["key"]]


def without_default(reached: Sequence[Fact], view: View) -> list[str]:
    """Takes off the parent's default from the columns of children that have none."""
    return [
        f"ALTER TABLE ONLY {table_of(column)} ALTER COLUMN {last(column.name)} DROP DEFAULT"
        for column in reached
        if f"default:{column.name}" not in view.target and not {"generated", "identity"} & column.attrs.keys()
    ]


def _adding(fact: Fact, reached: Sequence[Fact], view: View) -> tuple[list[str], Sequence[Fact]]:
    """The column with its default at once, so that rows that are there already get it."""
    default = view.target.get(f"default:{fact.name}")
    held = any(True for c in (fact, *reached) for _ in holders(c.parent or "", view))
    if "identity" in fact.attrs and (held or _has_heirs(fact, view)):
        return _numbered(fact, fact.attrs["identity"].get("sequence"), fact.attrs["identity"], view), ()
    clause = column_clause(fact, view)
    if default is None:
        return [f"ALTER TABLE {table_of(fact)} ADD COLUMN {clause}", *settled_identity(fact, view)], ()
    owned = _owned_sequence(fact, view)
    if owned and fact.attrs.get("not_null") and size(view, fact.parent or "")[1] != 0:
        return _numbered(fact, owned.name, owned.attrs, view), ()
    if owned:
        return [f"ALTER TABLE {table_of(fact)} ADD COLUMN {clause}"], ()  # its sequence comes after it
    if held:
        return _written(fact, default, view), (default,)
    clause += f" DEFAULT {reparsable(default.attrs['expression'])}"
    return [f"ALTER TABLE {table_of(fact)} ADD COLUMN {clause}"], (default,)


def _written(fact: Fact, default: Fact, view: View) -> list[str]:
    """The column without its default, which an update then writes into all rows."""
    bare = Fact(fact.id, {k: v for k, v in fact.attrs.items() if k != "not_null"}, fact.parent)
    return [
        f"ALTER TABLE {table_of(fact)} ADD COLUMN {column_clause(bare, view)}",
        *undisturbed(fact, view, _defaults(fact, default, view)),
        *set_default(default).statements,
        *_made_identity(fact, view),
    ]


def _defaults(fact: Fact, default: Fact, view: View) -> list[str]:
    """Updates that give a column its default where it has no value."""
    name = last(fact.name)
    return [
        f"UPDATE {to} SET {name} = {default.attrs['expression']} WHERE {name} IS NULL"
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
    bare = Fact(
        fact.id, {k: v for k, v in fact.attrs.items() if k not in ("not_null", "identity")}, fact.parent
    )
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


def _returning(fact: Fact, back: Sequence[tuple[Fact, archive.Entry]], view: View) -> list[str]:
    """The column bare, its values from the archive, then what the values have to comply with.

    ``back`` are this column and those of tables that inherit it, with where their values lie.
    """
    later = _meanwhile(fact, back, view) if _is_strict(fact, view) else None
    attrs = {k: v for k, v in fact.attrs.items() if k not in ("not_null", "identity")}
    attrs |= {"type": later} if later else {}
    bare = Fact(fact.id, attrs, fact.parent)
    table, name = table_of(fact), last(fact.name)
    alter = f"ALTER TABLE {table} ALTER COLUMN {name}"
    found = [
        f"ALTER TABLE {table} ADD COLUMN {column_clause(bare, view)}",
        *(s for column, entry in back for s in archived_values.put_back(_typed(column, later), entry, view)),
        *([f"{alter} TYPE {fact.attrs['type']} USING {name}::{fact.attrs['type']}"] if later else []),
    ]
    if rest := _rest_filled(fact, view):
        found += undisturbed(fact, view, rest)
        found += (s for pair in back for s in archived_values.noted_instead(*pair, view))
    return [*found, *_made_identity(fact, view)]


def _rest_filled(fact: Fact, view: View) -> list[str]:
    """Updates of the rows for which the archive has no value, where the column has to have one."""
    default, owned = view.target.get(f"default:{fact.name}"), _owned_sequence(fact, view)
    if "identity" in fact.attrs:
        return _numbers(fact, fact.attrs["identity"].get("sequence"), fact.attrs["identity"], view)
    if fact.attrs.get("not_null") and owned is not None:
        return _numbers(fact, owned.name, owned.attrs, view)
    if fact.attrs.get("not_null") and default is not None:
        return _defaults(fact, default, view)
    if filling.needed(fact, view):
        return [filling.filling(fact, to, view) for to in local_rows.updated(table_of(fact), view)]
    return []


def _meanwhile(fact: Fact, back: Sequence[tuple[Fact, archive.Entry]], view: View) -> str:
    """The type of a column that has no value yet, where its own would give one or take no NULL: the one below
    its domain if values come by the names of their attributes, else text."""
    by_name = any("by_name" in entry.facts for _, entry in back)
    return below_domains(fact.attrs["type"], view.target) if by_name else "text"


def _typed(column: Fact, kind: str | None) -> Fact:
    return Fact(column.id, {**column.attrs, "type": kind}, column.parent) if kind else column


def _is_strict(fact: Fact, view: View) -> bool:
    """Whether a column or domain is of a domain, or one of one, that is never NULL or not by itself; a base
    type may have a default too."""
    if fact.attrs.get("type", "").endswith("[]"):
        return False
    types = [view.target[need] for need in fact.needs if need.startswith(("domain:", "base_type:"))]
    return any({"not_null", "default"} & kind.attrs.keys() or _is_strict(kind, view) for kind in types)


def _drop_column(fact: Fact, view: View) -> Draft:
    table = table_of(fact)
    if _goes_along(fact, view):
        return NOTHING
    above = _vanishing_above(fact, view)
    reached = [d for d in descendants(fact, view, live=True) if comes_with_parent(d, view)]
    # Without the parent's column, a child that keeps its own has it as a local one from then on.
    only = "ONLY " if _only(fact, view) else ""
    reached = [] if only else reached
    rows, bytes_ = size(view, f"table:{table}")
    kept = "generated" in fact.attrs
    draft = Draft(
        statements=[f"ALTER TABLE {only}{table} DROP COLUMN {last(fact.name)}"],
        undo=["put back by restoring the safety snapshot"],
        absorbs=reached,
        needs=[dropped(part) for part in above],
        provides=[dropped(part) for part in (fact, *reached)],
        hazards=() if kept else data_loss(view, f"table:{table}", f"column {fact.name}"),
        lock=STRONGEST,
        rows=rows,
        bytes=bytes_,
    )
    if archived_values.keeps_values(fact, view):
        draft = archived_values.column_draft(fact, view, draft)
    return positions.noting_those_of(fact, draft, view)


def _goes_along(fact: Fact, view: View) -> bool:
    """Whether it goes by the statement for a parent's."""
    above = _vanishing_above(fact, view)
    return comes_with_parent(fact, view) and not any(_only(part, view) for part in above)


def _vanishing_above(fact: Fact, view: View) -> list[Fact]:
    return [view.live[i] for i in given_by(fact, view) if view.vanishes(i)]


def _only(fact: Fact, view: View) -> bool:
    """Whether a table below keeps the column that this one loses, and has it from no other parent."""
    below = (d for d in descendants(fact, view, live=True) if comes_with_parent(d, view))
    return any(view.stays(d.id) and not _others(d, fact, view) for d in below)


def _others(column: Fact, above: Fact, view: View) -> list[str]:
    return [identity for identity in governing(column, view) if identity != above.id]


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
    and extended statistics too, but without their statistics targets.
    """
    if dependent.kind == "constraint":
        return bool(dependent.attrs.get("type") == "f")
    if dependent.kind == "index":
        return "statistics" in dependent.attrs
    if dependent.kind == "statistics":
        return "target" in dependent.attrs
    return dependent.kind in _BLOCKS_TYPE_CHANGE


def _alter_column(before: Fact, after: Fact, view: View) -> Alteration | None:
    old, new = before.attrs, after.attrs
    if (
        _needs_new_column(old, new, view)
        or generated.stays_bound(before, after, view)
        or generated.is_to_return(before, after, view)
        or generated.cannot_change(before, after, view)
        or unsettled(after, view)
        or _is_told_how(before, after, view)
    ):
        return None
    follows = governing(after, view)
    retyped = (old["type"], old.get("collation")) != (new["type"], new.get("collation"))
    table, name = table_of(after), last(after.name)
    alter = f"ALTER TABLE {table} ALTER COLUMN {name}"
    fit = fitting.into(before, new["type"], view) if retyped and not follows else fitting.Fit()
    statements = [*fit.statements]
    if "identity" not in new:  # its type would have to be one that counts
        statements += identity_statements(after, old.get("identity"), None, view)
    above = all_governing(after, view)
    expressions, needs = generated.changed_expression(before, after, above, view)
    statements += expressions
    if retyped and not follows:
        collate = f" COLLATE {new['collation']}" if "collation" in new else ""
        told = old["type"] != new["type"] and not is_elsewhere(before, view)
        using = f" USING {cast(name, old['type'], new['type'])}" if told else ""
        apart, again = around_type(before, view)
        statements += [*apart, f"{alter} TYPE {new['type']}{collate}{using}", *again]
    # An identity column is NOT NULL for as long as it is one.
    was = arrived(before, after, above, view)
    not_null = not_null_statements(after, was, new.get("not_null"), view)
    not_null += kept_below(after, was, new.get("not_null"), view)
    identity = identity_statements(after, retyped_identity(before, after), new.get("identity"), view)
    before_it, behind = around_identity(after, view)
    statements += [*before_it, *not_null, *identity, *behind] if "identity" in new else not_null
    statements += column_settings(after, view, retyped_attributes(old) if retyped else old)
    rewrites = old.get("generated") != new.get("generated")
    in_partition = follows and f"partition:{table}" in view.target
    costs = rewrite_hazard(view, f"table:{table}") if rewrites else ()
    costs = rewriting.hazards(before, after, view) if retyped and not rewrites else costs
    held = named_with_parents(before, above, view)
    held = named_by_retyping(held, above, view) if retyped else held
    renames = not_null_rename(after, held, new.get("not_null"), view) if in_partition else []
    altered = Alteration(
        statements=[*statements, *renames],
        secrets=column_secrets(after, old),
        needs=[*above, *needs, *_toggled(after, view), *(checks_before(after, view) if retyped else ())],
        provides=[i for i in _numbers_by(after) if i in view.target and i not in view.live],
        lock=STRONGEST,
        displaces=_displaced_by(before, after, retyped, bool(renames), view),
        swaps=_following(before, view) if retyped and not follows else (),
        follows=(retyped and bool(follows)) or generated.follows(before, after, above, view),
        hazards=(*costs, *fit.hazards),
        payload=fitting.with_payload([fit]),
    )
    return positions.kept_by(before, after, altered, view)


def _following(column: Fact, view: View) -> list[str]:
    """The columns below that get another type by the same statement."""
    return [d.id for d in descendants(column, view, live=True) if view.stays(d.id) and governing(d, view)]


def retyped_attributes(attrs: Mapping[str, Json]) -> dict[str, Json]:
    """What is left of a column's attributes when it gets a type: storage and compression are that type's."""
    return {key: value for key, value in attrs.items() if key not in ("storage", "compression")}


def _toggled(column: Fact, view: View) -> list[str]:
    """The table whose persistence changes, and with it that of the column's sequence."""
    table = column.parent or ""
    return [table] if "identity" in column.attrs and changes_persistence(table, view) else []


def _displaced_by(
    before: Fact, after: Fact, retyped: bool, renames: bool, view: View
) -> Callable[[Fact], bool]:
    """What has to be away while the column changes: for a new type much, for a new source its default."""
    old, new = before.attrs, after.attrs
    sources = any(old.get(key) != new.get(key) for key in ("identity", "generated"))
    was, now = old.get("not_null"), new.get("not_null")
    another = bool(was) != bool(now) or without_name(was) != without_name(now)
    rebuilt = retyped or old.get("generated") != new.get("generated")
    # What a server rebuilds on partitions has the names that it gives to new ones.
    partitioned = rebuilt and "partition_key" in view.live[before.parent or ""].attrs
    rewritten = "generated" in new and old.get("generated") != new["generated"]
    alone = rebuilt and (partitioned or (not retyped and generated.reads_own_table(after, view)))

    def displaces(dependent: Fact) -> bool:
        if dependent.kind == "comment":
            return another and dependent.id.startswith("comment:not_null:")
        if alone and dependent.kind in ("index", "constraint") and dependent.attrs.get("type") != "c":
            return True
        if rewritten and holds(dependent, before.parent or ""):
            return True
        if renames and dependent.kind == "partition":
            return True
        if retyped:
            # What goes anyway has to be gone: the server would read it anew with the new type.
            return blocks_type_change(dependent) or view.vanishes(dependent.id)
        if dependent.kind == "identity_sequence":  # what is said of it is taken back under its name
            return dependent.id not in _numbers_by(after)
        return sources and dependent.kind == "default"

    return displaces


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


def _alter_of_default(fact: Fact) -> str:
    keyword = "VIEW" if fact.parent and fact.parent.startswith("view:") else "TABLE ONLY"
    return f"ALTER {keyword} {table_of(fact)} ALTER COLUMN {last(fact.name)}"


def set_default(fact: Fact, view: View | None = None) -> Draft:
    alter = _alter_of_default(fact)
    return Draft(
        statements=[f"{alter} SET DEFAULT {reparsable(fact.attrs['expression'])}"],
        undo=[f"{alter} DROP DEFAULT"],
        lock=STRONGEST,
    )


def _drop_default(fact: Fact, view: View) -> Draft:
    if "column:" + fact.name in view.target and "generated" in view.target["column:" + fact.name].attrs:
        return NOTHING
    alter = _alter_of_default(fact)
    return Draft(
        statements=[f"{alter} DROP DEFAULT"],
        undo=[f"{alter} SET DEFAULT {fact.attrs['expression']}"],
        lock=STRONGEST,
    )


def _alter_default(before: Fact, after: Fact, view: View) -> Alteration:
    draft = set_default(after)
    undo = set_default(before).statements
    same = before.attrs == after.attrs
    return Alteration(statements=() if same else draft.statements, undo=undo, lock=STRONGEST)


def _with_column(fact: Fact, view: View) -> list[str]:
    """What is made anew with a column: also those that come and go by the statement for it, though they may
    stand on other things."""
    before = view.live.get(fact.id)
    below = descendants(before, view, live=True) if before else ()
    again = [d.id for d in below if view.vanishes(fact.id) and comes_with_parent(d, view)]
    return [*made_with_table(fact, view), *_first_to_go(fact, view), *again]


def _computed(fact: Fact, view: View) -> tuple[str, ...]:
    """What it is computed with may stand on the table."""
    return (fact.id,) if "generated" in fact.attrs else ()


RULES: dict[str, Rule] = {
    "column": Rule(
        _create_column,
        _drop_column,
        _alter_column,
        rank=31,
        separable=_computed,
        along=_with_column,
        slots=identity_slot,
    ),
    "default": Rule(set_default, _drop_default, _alter_default, rank=40, separable=by_itself),
}
