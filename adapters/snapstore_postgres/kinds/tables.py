"""Rules for tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from snapstore.errors import Exit, SnapError
from snapstore.model import Fact, Json, SealedRef
from snapstore.rules import Alteration, Draft, Rule, View
from snapstore_postgres.expressions import reparsable
from snapstore_postgres.kinds import generated, stripping
from snapstore_postgres.kinds.column_text import (
    column_clause,
    column_secrets,
    column_settings,
    without_default,
)
from snapstore_postgres.kinds.constraints import constraint_definition, made_before
from snapstore_postgres.kinds.defaults import set_default
from snapstore_postgres.kinds.domain_checks import checks_before
from snapstore_postgres.kinds.federation import subscribers
from snapstore_postgres.kinds.flags import own_flag
from snapstore_postgres.kinds.identities import own_identity, settled_identity
from snapstore_postgres.kinds.partitions import detached
from snapstore_postgres.names import last
from snapstore_postgres.options import altered_options, options_clause
from snapstore_postgres.relations import (
    STRONGEST,
    all_options,
    changes_persistence,
    children,
    data_loss,
    logged,
    option_statements,
    owner_statement,
    rewrite_hazard,
    row_slots,
    size,
    table_of,
    version,
)
from snapstore_postgres.relations.inheritance import (
    ancestors,
    left_parents,
    links_in_order,
    parents,
    partitions_below,
    unsettled,
)
from snapstore_postgres.relations.miscounted import lost_in
from snapstore_postgres.relations.no_inherit import around_identity, for_one_table
from snapstore_postgres.relations.notnull import is_only_inherited
from snapstore_postgres.relations.notnull_above import comes_with_new_parent
from snapstore_postgres.relations.notnull_changes import left_behind, own_not_null
from snapstore_postgres.rows import archive, positions
from snapstore_postgres.rows.held_rows import holds
from snapstore_postgres.rows.unvalidated import is_unvalidated, is_valid_check
from snapstore_postgres.words import designation, row_security


def _columns_in_order(fact: Fact, view: View) -> list[Fact]:
    """The columns in the physical order they had when the target was taken."""
    known = view.request.target_hints.get("relations", {}).get(fact.id, {}).get("columns") or []
    place = {f"column:{fact.name}.{name}": index for index, name in enumerate(known)}
    parts = view.target_parts.get(fact.id, ())
    columns = [part for part in parts if part.kind == "column" and part.id not in view.apart.coming]
    return sorted(columns, key=lambda c: (place.get(c.id, len(place)), c.id))


def _create_table(fact: Fact, view: View) -> Draft:
    columns = _columns_in_order(fact, view)
    kind, foreign, secrets = _foreign(fact)
    inline, from_above = _apart(fact, columns)
    alike, again = _stored_alike(columns, view)
    absent, unvalidated = _never_validated(fact, columns, view)
    plain, defaults = _of_other_defaults(from_above, view)
    text = f"CREATE {_persistence(fact)}{kind} {fact.name}{_table_body(fact, columns, view)}{foreign}"
    text += _where_stored(fact)
    owner = owner_statement("TABLE", fact.name, fact)
    after = [*owner, *_told_behind(fact, columns, view), *again, *defaults, *unvalidated]
    return Draft(
        statements=[*alike, *plain, *absent, text, *after, *_table_flags(fact, {})],
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


def _told_behind(fact: Fact, columns: Sequence[Fact], view: View) -> Iterator[str]:
    """Statements for what CREATE TABLE does not say of its columns."""
    inline, from_above = _apart(fact, columns)
    for parent in generated.later_parents(fact, view):
        yield f"ALTER TABLE {fact.name} INHERIT {parent}"
    for column in columns:
        yield from column_settings(column, view, given=_stored_as_above(column, view))
    # For a type with a length, the NULL is cast to it, and as such a default like any other.
    yield from without_default([c for c in inline if _above(c, view)], view)
    yield from without_default([c for c in from_above if _has_default_above(c, view)], view)
    for column in columns:
        yield from own_flag(column, view, inline=column in inline)
    # Nothing that creates a table of a type lets a column of it be one.
    identities = inline if fact.attrs.get("of") else from_above
    for column in identities:
        yield from own_identity(column, view)
    for column in from_above:
        if above := _above(column, view):
            yield from generated.own_expressions(above[0], [column])
    yield from (s for c in inline if c not in identities for s in settled_identity(c, view))
    yield from (s for c in inline for s in around_identity(c, view)[1])
    yield from (s for c in inline for s in positions.of_new_identity(c, view))


def _apart(fact: Fact, columns: Sequence[Fact]) -> tuple[list[Fact], list[Fact]]:
    """The columns of a table that it has of its own, and those that it only has from its parents."""
    inherits = bool(fact.attrs.get("inherits"))
    from_above = [column for column in columns if inherits and column.attrs.get("inherited")]
    return [column for column in columns if column not in from_above], from_above


def _persistence(fact: Fact) -> str:
    return "UNLOGGED " if fact.attrs.get("persistence") == "u" else ""


def _table_body(fact: Fact, columns: Sequence[Fact], view: View) -> str:
    attrs = fact.attrs
    inline, from_above = _apart(fact, columns)
    items = [column_clause(c, view, bool(attrs.get("of"))) + _no_default_above(c, view) for c in inline]
    items += [clause for c in from_above if (clause := own_not_null(c, view))]
    body = ",\n".join(f"    {item}" for item in items)
    text = f" OF {attrs['of']}" if attrs.get("of") else ""
    text += f" (\n{body}\n)" if body or not attrs.get("of") else ""
    later = generated.later_parents(fact, view)
    first = [parent for parent in attrs.get("inherits", ()) if parent not in later]
    text += f"\nINHERITS ({', '.join(first)})" if first else ""
    return text + (
        f"\nPARTITION BY {reparsable(attrs['partition_key'])}" if attrs.get("partition_key") else ""
    )


def _no_default_above(column: Fact, view: View) -> str:
    """A parent may have a default, and two different ones: only one of its own, be it none, settles that."""
    computed = {"generated", "identity"} & column.attrs.keys()
    return " DEFAULT NULL" if _above(column, view) and not computed else ""


def _where_stored(fact: Fact) -> str:
    attrs = fact.attrs
    text = f"\nUSING {attrs['access_method']}" if attrs.get("access_method") else ""
    text += all_options(attrs)
    return text + (f"\nTABLESPACE {attrs['tablespace']}" if attrs.get("tablespace") else "")


def _above(column: Fact, view: View) -> list[Fact]:
    """Such columns of the tables that this one inherits from."""
    inherits = view.target[column.parent or ""].attrs.get("inherits", ())
    found = (view.target.get(f"column:{parent}.{last(column.name)}") for parent in inherits)
    return [fact for fact in found if fact]


_STORED = ("storage", "compression")


def _stored_as_above(column: Fact, view: View) -> dict[str, Json] | None:
    """What a column of a new table has without being told, as the one that it inherits has it."""
    above = _above(column, view)
    return {key: above[0].attrs[key] for key in _STORED if key in above[0].attrs} if above else None


def _stored_alike(columns: Sequence[Fact], view: View) -> tuple[list[str], list[str]]:
    """Statements by which columns that merge are stored in the same way, as they have to be in that moment;
    and those by which they are again as they were."""
    alike, again = [], []
    for column in columns:
        first, *others = _above(column, view) or [column]
        for other in others:
            same = Fact(other.id, _stored_attributes(first, other), other.parent)
            alike += column_settings(same, view, other.attrs)
            again += column_settings(other, view, same.attrs)
    return alike, again


def _stored_attributes(first: Fact, other: Fact) -> dict[str, Json]:
    rest = {key: value for key, value in other.attrs.items() if key not in _STORED}
    return rest | {key: first.attrs[key] for key in _STORED if key in first.attrs}


def _of_other_defaults(columns: Sequence[Fact], view: View) -> tuple[list[str], list[str]]:
    """Statements by which a column that is only inherited gets no default from two parents that have others,
    which the server would not choose from; and those that give them theirs again."""
    away, again = [], []
    for column in columns:
        defaults = [view.target.get(f"default:{above.name}") for above in _above(column, view)]
        if len({default.attrs["expression"] for default in defaults if default}) > 1:
            drafts = [set_default(default) for default in defaults if default]
            away += [text for draft in drafts for text in draft.undo]
            again += [text for draft in drafts for text in draft.statements]
    return away, again


def _never_validated(fact: Fact, columns: Sequence[Fact], view: View) -> tuple[list[str], list[str]]:
    """Statements by which a new table gets a NOT NULL or a check that is not valid: it has to come to a table
    that is there, with that of the parents that it comes from."""
    absent, again = [], []
    for column in columns if fact.attrs.get("inherits") else ():
        not_null = column.attrs.get("not_null")
        if isinstance(not_null, dict) and not_null.keys() == {"inherited", "not_valid"}:
            for parent, name in _not_nulls_above(column, view):
                absent.append(f"ALTER TABLE {parent} DROP CONSTRAINT {name}")
                clause = f"CONSTRAINT {name} NOT NULL {last(column.name)} NOT VALID"
                above = view.target[f"column:{parent}.{last(column.name)}"]
                again += [f"ALTER TABLE {parent} ADD {clause}", *_valid_below(above, name, fact, view)]
    for check in _checks_above(fact, view):
        parent, name = table_of(check), last(check.name)
        absent.append(f"ALTER TABLE {parent} DROP CONSTRAINT {name}")
        clause = f"CONSTRAINT {name} {constraint_definition(check)}"
        again += [f"ALTER TABLE {parent} ADD {clause}", *_valid_below(check, name, fact, view)]
    return absent, again


def _valid_below(part: Fact, name: str, new: Fact, view: View) -> Iterator[str]:
    """Statements that validate it in the tables below in which it was valid, being as old as they are: those
    that there are by now."""
    for child in children(part.parent or "", view.target_dependents):
        below = view.target.get(f"{part.kind}:{child}.{last(part.name)}")
        if below is None:
            continue
        if child != new.name and (is_only_inherited(below) or is_valid_check(below)):
            yield f"ALTER TABLE IF EXISTS {child} VALIDATE CONSTRAINT {name}"
        yield from _valid_below(below, name, new, view)


def _checks_above(table: Fact, view: View) -> Iterator[Fact]:
    """The same of checks: those of its parents that stay."""
    for parent in dict.fromkeys(ancestors(table.name, view.target)):
        for part in view.target_parts.get(f"table:{parent}", ()):
            own = part.kind == "constraint" and not part.attrs.get("inherited") and not view.appears(part.id)
            if own and is_unvalidated(view.target.get(f"constraint:{table.name}.{last(part.name)}")):
                yield part


def _not_nulls_above(column: Fact, view: View) -> Iterator[tuple[str, str]]:
    """The parents, at any height, that have a NOT NULL of their own that is not valid; with its name."""
    for parent in dict.fromkeys(ancestors(table_of(column), view.target)):
        above = view.target.get(f"column:{parent}.{last(column.name)}")
        not_null = above.attrs.get("not_null") if above else None
        if isinstance(not_null, dict) and not_null.keys() >= {"name", "not_valid"}:
            yield parent, not_null["name"]


def _has_default_above(column: Fact, view: View) -> bool:
    above = parents(table_of(column), view.target)
    return any(f"default:{parent}.{last(column.name)}" in view.target for parent in above)


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


def _table_flags(fact: Fact, before: Mapping[str, Json]) -> list[str]:
    alter = f"ALTER TABLE ONLY {fact.name}"
    found = []
    policies = {"row_security": ("ENABLE", "DISABLE"), "force_row_security": ("FORCE", "NO FORCE")}
    for key, (on, off) in policies.items():
        if bool(before.get(key)) != bool(fact.attrs.get(key)):
            found.append(row_security(fact.name, on if fact.attrs.get(key) else off))
    if before.get("replica_identity") != fact.attrs.get("replica_identity"):
        words = {"f": "FULL", "n": "NOTHING"}
        found.append(
            f"{alter} REPLICA IDENTITY {words.get(fact.attrs.get('replica_identity', ''), 'DEFAULT')}"
        )
    return found


def _drop_table(fact: Fact, view: View) -> Draft:
    rows, bytes_ = size(view, fact.id)
    carried = _made_anew(fact, view)
    subscribed = subscribers(fact.id, view)
    # The rows of a partitioned table are those of its partitions, which speak for themselves.
    rowless = carried or "partition_key" in fact.attrs
    draft = Draft(
        statements=[f"DROP {designation(fact)}"],
        undo=["put back by restoring the safety snapshot"],
        hazards=() if rowless else data_loss(view, fact.id, f"table {fact.name}"),
        needs=subscribed.before,
        # What changes of its parents would reach it, and what stands on it, unless it is detached before.
        provides=[detached(fact.name)] if _takes_leave(fact, view) else [],
        lock=STRONGEST,
        rows=rows,
        bytes=bytes_,
    )
    bound = subscribed.copying or bytes_ != 0
    moves = archive.wanted(view) and bound and "partition_key" not in fact.attrs and not carried
    if subscribed.copying and not moves:
        _refuse_to_cut(fact, subscribed.copying[0], view)
    draft = stripping.table_draft(fact, view, draft) if moves else positions.noting_all(fact, draft, view)
    return replace(draft, hazards=[*draft.hazards, *subscribed.hazards(fact.name, carried)])


def _takes_leave(fact: Fact, view: View) -> bool:
    """Whether its parents have it until it goes."""
    return f"partition:{fact.name}" not in view.apart.going and bool(parents(fact.name, view.live))


def _refuse_to_cut(table: Fact, subscription: str, view: View) -> None:
    raise SnapError(
        f"table {table.name} cannot be dropped while subscription {subscription} copies its rows",
        where=view.request.resource,
        fix=f"wait until it has done so, or run DROP SUBSCRIPTION {subscription}",
        code=Exit.REFUSED,
    )


def _made_anew(fact: Fact, view: View) -> bool:
    """Whether its rows are carried over into a new table: of this name, or that it was a partition of."""
    if fact.id in view.target:
        return True
    attachment = view.live.get(f"partition:{fact.name}")
    parent = view.live.get(f"table:{attachment.attrs['of']}") if attachment else None
    return parent is not None and view.vanishes(parent.id) and _made_anew(parent, view)


_UNCHANGEABLE = ("partition_key", "partition_types", "of")


def _alter_table(before: Fact, after: Fact, view: View) -> Alteration | None:
    if _cannot_become(before, after, view):
        return None
    old, new, name = before.attrs, after.attrs, after.name
    leaves = left_parents(before, after)
    options = [(attrs.get("foreign") or {}).get("options") or {} for attrs in (old, new)]
    clause, secrets = altered_options(after.id, *options)
    owned, stored = old.get("owner") == new.get("owner"), [*_stored_otherwise(before, after, view)]
    rewrites = any(old.get(key) != new.get(key) for key in ("persistence", "access_method"))
    return Alteration(
        statements=[
            *(f"ALTER TABLE {name} NO INHERIT {parent}" for parent in leaves),
            *left_behind(before, leaves, view),
            *stored,
            *option_statements(f"ALTER TABLE {name}", old.get("options"), new.get("options")),
            *([f"ALTER FOREIGN TABLE {name}{clause}"] if clause else []),
            *_table_flags(after, old),
            *([] if owned else owner_statement("TABLE", name, after)),
        ],
        secrets=secrets,
        needs=[*logged.others_first(after, view), *(lost_in(name, view.live) if leaves else ())],
        provides=[detached(name)] if leaves else [],
        lock=STRONGEST,
        displaces=lambda dependent: (
            rewrites and (holds(dependent, after.id) or logged.is_away(dependent, view))
        ),
        hazards=rewrite_hazard(view, after.id) if stored else (),
    )


def _cannot_become(before: Fact, after: Fact, view: View) -> bool:
    """Whether a table has to be made anew."""
    old, new = before.attrs, after.attrs
    if any(old.get(key) != new.get(key) for key in _UNCHANGEABLE) or not links_in_order(before, after):
        return True
    if old.get("access_method") != new.get("access_method") and version(view) < 150000:
        return True
    servers = [(attrs.get("foreign") or {}).get("server") for attrs in (old, new)]
    if servers[0] != servers[1]:
        return True
    leaves = left_parents(before, after)
    kept = [parent for parent in old.get("inherits", ()) if parent not in leaves]
    moves = old.get("inherits") != new.get("inherits")
    return moves and (_has_unsettled(after, view) or comes_with_new_parent(after, kept, view))


def _stored_otherwise(before: Fact, after: Fact, view: View) -> Iterator[str]:
    """Statements that write a table anew, or elsewhere."""
    old, new, alter = before.attrs, after.attrs, f"ALTER TABLE {after.name}"
    if old.get("persistence") != new.get("persistence"):
        yield f"{alter} SET {'UNLOGGED' if new.get('persistence') else 'LOGGED'}"
        yield from _other_sequences(after, view)
    if old.get("access_method") != new.get("access_method"):
        usual = "DEFAULT" if "partition_key" in new else "heap"
        yield f"{alter} SET ACCESS METHOD {new.get('access_method', usual)}"
    if old.get("tablespace") != new.get("tablespace"):
        yield f"{alter} SET TABLESPACE {new.get('tablespace', 'pg_default')}"


def _other_sequences(table: Fact, view: View) -> Iterator[str]:
    """The sequences of its columns, that became logged or not with it, and are to be the other."""
    if not changes_persistence(table.id, view):
        return
    parts = [part for c in view.target_parts.get(table.id, ()) for part in view.target_parts.get(c.id, ())]
    for part in parts:
        owned = part.kind == "sequence" and view.stays(part.id) and view.live[part.id].parent == part.parent
        if owned and part.attrs.get("persistence") != table.attrs.get("persistence"):
            yield f"ALTER SEQUENCE {part.name} SET {'UNLOGGED' if 'persistence' in part.attrs else 'LOGGED'}"


def _has_unsettled(table: Fact, view: View) -> bool:
    parts = view.target_parts.get(table.id, ())
    return any(part.kind in ("column", "constraint") and unsettled(part, view) for part in parts)


def _remade_with(table: Fact, view: View) -> Iterable[str]:
    """The partitions that a table made anew keeps, since its rows are put into the new tree, wherever they
    fit; and the checks that it gets from parents from which it only inherits once it is there."""
    yield from _checks_of(generated.later_parents(table, view), table, view)
    if table.id not in view.live or "partition_key" not in table.attrs:
        return
    kept = set(partitions_below(table.id, view.target))
    yield from (identity for identity in partitions_below(table.id, view.live) if identity in kept)


def _checks_of(parents: Iterable[str], table: Fact, view: View) -> Iterator[str]:
    for parent in parents:
        for part in view.target_parts.get(f"table:{parent}", ()):
            below = view.target.get(f"constraint:{table.name}.{last(part.name)}")
            inherited = part.kind == "constraint" and below is not None and below.attrs.get("inherited")
            if inherited and part.id in view.live:
                yield part.id


RULES: dict[str, Rule] = {
    "table": Rule(_create_table, _drop_table, _alter_table, rank=30, slots=row_slots, along=_remade_with),
}
