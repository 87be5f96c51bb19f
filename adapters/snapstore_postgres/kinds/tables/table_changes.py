"""How a table that is there becomes another one, or why it has to be made anew."""

from __future__ import annotations

from collections.abc import Iterator

from snapstore.model import Fact
from snapstore.rules import Alteration, View
from snapstore_postgres.kinds.partitions import detached
from snapstore_postgres.kinds.tables.table_flags import flag_statements
from snapstore_postgres.options import altered_options
from snapstore_postgres.relations import STRONGEST, changes_persistence, logged, owner_statement, version
from snapstore_postgres.relations.inheritance import left_parents, links_in_order, unsettled
from snapstore_postgres.relations.miscounted import lost_in
from snapstore_postgres.relations.notnull_above import comes_with_new_parent
from snapstore_postgres.relations.notnull_changes import left_behind
from snapstore_postgres.relations.sizes import rewrite_hazard
from snapstore_postgres.relations.storage import option_statements
from snapstore_postgres.rows.types.held_rows import holds

_UNCHANGEABLE = ("partition_key", "partition_types", "of")


def altered(before: Fact, after: Fact, view: View) -> Alteration | None:
    """The rule: None where the table has to be made anew."""
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
            *flag_statements(after, old),
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
