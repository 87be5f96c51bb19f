"""Rules for tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from snapstore.errors import Exit, SnapError
from snapstore.model import Fact, Json, SealedRef
from snapstore.rules import Alteration, Draft, Rule, View
from snapstore_postgres import archive
from snapstore_postgres.columns import (
    column_clause,
    column_secrets,
    column_settings,
    settled_identity,
    without_default,
)
from snapstore_postgres.expressions import reparsable
from snapstore_postgres.federation import subscribers
from snapstore_postgres.inheritance import left_parents, links_in_order, parents, partitions_below, unsettled
from snapstore_postgres.names import last
from snapstore_postgres.notnull import own_not_null
from snapstore_postgres.options import altered_options, options_clause
from snapstore_postgres.partitions import detached
from snapstore_postgres.relations import (
    STRONGEST,
    all_options,
    changes_persistence,
    data_loss,
    other_options,
    owner_statement,
    rewrite_hazard,
    row_slots,
    size,
    table_of,
)
from snapstore_postgres.words import designation


def _columns_in_order(fact: Fact, view: View) -> list[Fact]:
    """The columns in the physical order they had when the target was taken."""
    known = view.request.target_hints.get("relations", {}).get(fact.id, {}).get("columns") or []
    place = {f"column:{fact.name}.{name}": index for index, name in enumerate(known)}
    parts = view.target_parts.get(fact.id, ())
    columns = [part for part in parts if part.kind == "column" and part.id not in view.apart.coming]
    return sorted(columns, key=lambda c: (place.get(c.id, len(place)), c.id))


def _create_table(fact: Fact, view: View) -> Draft:
    attrs = fact.attrs
    columns = _columns_in_order(fact, view)
    kind, foreign, secrets = _foreign(fact)
    inline = [c for c in columns if not (attrs.get("inherits") and c.attrs.get("inherited"))]
    # A parent may have a default, and two different ones: only one of its own, be it none, settles that.
    merged = {c.id for c in inline if _is_above(c, view)}
    body = ",\n".join(
        f"    {column_clause(c, view, typed=bool(attrs.get('of')))}"
        + (" DEFAULT NULL" if c.id in merged and not {"generated", "identity"} & c.attrs.keys() else "")
        for c in inline
    )
    persistence = "UNLOGGED " if attrs.get("persistence") == "u" else ""
    of = f" OF {attrs['of']}" if attrs.get("of") else ""
    text = f"CREATE {persistence}{kind} {fact.name}{of}" + (f" (\n{body}\n)" if body or not of else "")
    text += f"\nINHERITS ({', '.join(attrs['inherits'])})" if attrs.get("inherits") else ""
    text += f"\nPARTITION BY {reparsable(attrs['partition_key'])}" if attrs.get("partition_key") else ""
    text += foreign
    text += f"\nUSING {attrs['access_method']}" if attrs.get("access_method") else ""
    text += all_options(attrs)
    text += f"\nTABLESPACE {attrs['tablespace']}" if attrs.get("tablespace") else ""
    after = [s for c in columns for s in column_settings(c, view)]
    # For a type with a length, that NULL is cast to it, and as such a default like any other.
    after += without_default([c for c in inline if c.id in merged], view)
    only_inherited = [c for c in columns if c not in inline]
    after += without_default([c for c in only_inherited if _has_default_above(c, view)], view)
    after += [s for c in only_inherited for s in own_not_null(c, view)]
    after += [s for c in inline for s in settled_identity(c)]
    return Draft(
        statements=[text, *owner_statement("TABLE", fact.name, fact), *after, *_table_flags(fact, {})],
        undo=[f"DROP {kind} {fact.name}"],
        secrets={**secrets, **{k: v for c in columns for k, v in column_secrets(c).items()}},
        absorbs=columns,
        needs=[*_inherited_by(fact, view)],
        lock=STRONGEST,
    )


def _is_above(column: Fact, view: View) -> bool:
    """Whether a table that this one inherits from has such a column too."""
    fact = view.target[column.parent or ""]
    return any(
        f"column:{parent}.{last(column.name)}" in view.target for parent in fact.attrs.get("inherits", ())
    )


def _has_default_above(column: Fact, view: View) -> bool:
    above = parents(table_of(column), view.target)
    return any(f"default:{parent}.{last(column.name)}" in view.target for parent in above)


def _inherited_by(fact: Fact, view: View) -> Iterator[str]:
    """The parents, and all that has to be in them before a child is created."""
    for parent in fact.attrs.get("inherits", ()):
        yield f"table:{parent}"
        for part in view.target_parts.get(f"table:{parent}", ()):
            if part.kind in ("column", "constraint") and part.attrs.get("type") not in ("p", "u", "x", "f"):
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
    for key, word in (("row_security", "ROW LEVEL SECURITY"), ("force_row_security", "ROW LEVEL SECURITY")):
        if bool(before.get(key)) != bool(fact.attrs.get(key)):
            on, off = ("FORCE", "NO FORCE") if key.startswith("force") else ("ENABLE", "DISABLE")
            found.append(f"{alter} {on if fact.attrs.get(key) else off} {word}")
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
        lock=STRONGEST,
        rows=rows,
        bytes=bytes_,
    )
    bound = subscribed.copying or bytes_ != 0
    moves = archive.wanted(view) and bound and "partition_key" not in fact.attrs and not carried
    if subscribed.copying and not moves:
        _refuse_to_cut(fact, subscribed.copying[0], view)
    draft = archive.table_draft(fact, view, draft) if moves else draft
    return replace(draft, hazards=[*draft.hazards, *subscribed.hazards(fact.name, carried)])


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
    old, new = before.attrs, after.attrs
    if any(old.get(key) != new.get(key) for key in _UNCHANGEABLE) or not links_in_order(before, after):
        return None
    was, now = old.get("foreign") or {}, new.get("foreign") or {}
    if was.get("server") != now.get("server"):
        return None
    if old.get("inherits") != new.get("inherits") and _has_unsettled(after, view):
        return None
    name = after.name
    leaves = left_parents(before, after)
    statements = [f"ALTER TABLE {name} NO INHERIT {parent}" for parent in leaves]
    if old.get("persistence") != new.get("persistence"):
        statements.append(f"ALTER TABLE {name} SET {'UNLOGGED' if new.get('persistence') else 'LOGGED'}")
        statements += _other_sequences(after, view)
    if old.get("access_method") != new.get("access_method"):
        usual = "DEFAULT" if "partition_key" in new else "heap"
        statements.append(f"ALTER TABLE {name} SET ACCESS METHOD {new.get('access_method', usual)}")
    if old.get("tablespace") != new.get("tablespace"):
        statements.append(f"ALTER TABLE {name} SET TABLESPACE {new.get('tablespace', 'pg_default')}")
    statements += other_options(f"ALTER TABLE {name}", old, new)
    clause, secrets = altered_options(after.id, was.get("options") or {}, now.get("options") or {})
    statements += [f"ALTER FOREIGN TABLE {name}{clause}"] if clause else []
    statements += _table_flags(after, old)
    if old.get("owner") != new.get("owner"):
        statements += owner_statement("TABLE", name, after)
    rewrites = any(old.get(key) != new.get(key) for key in ("persistence", "access_method", "tablespace"))
    return Alteration(
        statements=statements,
        secrets=secrets,
        provides=[detached(name)] if leaves else [],
        lock=STRONGEST,
        hazards=rewrite_hazard(view, after.id) if rewrites else (),
    )


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
    """The partitions that a table made anew keeps: its rows are put into the new tree, wherever they fit."""
    if table.id not in view.live or "partition_key" not in table.attrs:
        return ()
    kept = set(partitions_below(table.id, view.target))
    return [identity for identity in partitions_below(table.id, view.live) if identity in kept]


RULES: dict[str, Rule] = {
    "table": Rule(_create_table, _drop_table, _alter_table, rank=30, slots=row_slots, along=_remade_with),
}
