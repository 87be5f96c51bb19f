"""An update of rows that is no event of the application: nothing of the table has a part in it.

Triggers and rules must not see it. PostgreSQL refuses to update a published table while nothing tells the
subscribers which rows those are. Where the whole row can tell, it does so for the moment; where it cannot,
since a column is computed or not published, and where an index comes to tell, which may be there by then, the
publications leave updates out for the moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.names import block, last, literal, qualifier
from snapstore_postgres.relations import children
from snapstore_postgres.words import FIRING


def undisturbed(column: Fact, view: View, updates: Sequence[str]) -> list[str]:
    """The statements around updates of a table, given by one of its columns, and these."""
    if _changes_identity(column, view):
        told = quiet(qualifier(column.name))  # by what it is before or behind these
        return [block(f"DECLARE {QUIET_VARIABLES} BEGIN {told} {'; '.join(updates)}; {LOUD} END")]
    return _identified(column, view, _without_triggers(column, view, updates))


def _changes_identity(column: Fact, view: View) -> bool:
    """Whether the index by which subscribers are told the rows of a published table comes or goes."""
    chosen = f"replica_identity:{qualifier(column.name)}"
    return is_published(view) and (view.appears(chosen) or view.vanishes(chosen))


def is_published(view: View) -> bool:
    """Whether there are publications, which may be of all tables."""
    return bool(view.live_kinds.get("publication"))


def _identified(fact: Fact, view: View, updates: list[str]) -> list[str]:
    table = view.target.get(fact.parent or "")
    if not is_published(view) or table is None:
        return updates
    if not _is_told_by_all(table, view):
        return [unpublished(updates)]
    if _has_identity(table, view):
        return updates
    alter = f"ALTER TABLE ONLY {table.name} REPLICA IDENTITY"
    return [f"{alter} FULL", *updates, f"{alter} {_usual_identity(table, view)}"]


def _usual_identity(table: Fact, view: View) -> str:
    chosen = view.live.get(f"replica_identity:{table.name}")
    if chosen is not None and view.stays(chosen.id):
        return f"USING INDEX {chosen.attrs['index']}"
    return {"f": "FULL", "n": "NOTHING"}.get(table.attrs.get("replica_identity", ""), "DEFAULT")


def _is_told_by_all(table: Fact, view: View) -> bool:
    """Whether its rows can be told by all of their columns: all are published, and it has no children, each
    of which would have to be altered."""
    columns = (*view.live_parts.get(table.id, ()), *view.target_parts.get(table.id, ()))
    below = (*children(table.id, view.live_dependents), *children(table.id, view.target_dependents))
    chosen = any(member.attrs.get("columns") for member in _memberships(table, view))
    return not below and not chosen and not any("generated" in column.attrs for column in columns)


def _memberships(table: Fact, view: View) -> Iterator[Fact]:
    members = view.live_kinds.get("publication_member", ())
    return (member for member in members if member.attrs.get("table") == table.name)


def _has_identity(table: Fact, view: View) -> bool:
    """Whether its rows can be told by an index already: the one that was chosen, or a key that stays."""
    if any("where" in member.attrs for member in _memberships(table, view)):
        return False  # the index may be without what the filter reads
    if f"replica_identity:{table.name}" in view.live:
        return True
    keys = (
        part
        for part in view.live_parts.get(table.id, ())
        if part.kind == "constraint" and part.attrs["type"] == "p"
    )
    usual = "replica_identity" not in view.live[table.id].attrs if table.id in view.live else False
    return usual and any(view.stays(k.id) and "DEFERRABLE" not in k.attrs["definition"] for k in keys)


def unpublished(updates: Sequence[str]) -> str:
    """A statement that runs these updates while no publication has such."""
    actions = "insert", "delete", "truncate"
    rest = ", ".join(f"CASE WHEN pub{action} THEN '{action}' END" for action in actions)
    publish = f"(SELECT concat_ws(', ', {rest}) FROM pg_catalog.pg_publication WHERE pubname = publication)"
    again = f"concat_ws(', ', nullif({publish}, ''), 'update')"
    alter = "EXECUTE format('ALTER PUBLICATION %I SET (publish = %L)', publication, {});"
    return block(
        f"""DECLARE publication name;
  publications name[] := ARRAY(SELECT pubname FROM pg_catalog.pg_publication WHERE pubupdate);
BEGIN
  FOREACH publication IN ARRAY publications LOOP {alter.format(publish)} END LOOP;
  {"; ".join(updates)};
  FOREACH publication IN ARRAY publications LOOP {alter.format(again)} END LOOP;
END"""
    )


def _without_triggers(fact: Fact, view: View, updates: Sequence[str]) -> list[str]:
    """Putting rows back is no event of the application: its triggers and rules must not see it."""
    table = fact.parent or ""
    watching, coming = (_watching(side.get(table, ())) for side in (view.live_parts, view.target_parts))
    unsettled = any(not view.stays(part.id) or view.live[part.id] != part for part in coming)
    if unsettled or _has_others_below(table, view) or _has_unvalidated_not_null(table, view):
        return [_meanwhile_quiet(qualifier(fact.name), updates)]  # before or behind these
    return _switched_off(f"ALTER TABLE {qualifier(fact.name)}", watching, view, updates)


def _has_others_below(table: str, view: View) -> bool:
    """Partitions and children have triggers of their own, which see what is done to their rows through the
    table, and states of their own of those of the table."""
    return any(children(table, dependents) for dependents in (view.live_dependents, view.target_dependents))


def _switched_off(alter: str, watching: Sequence[Fact], view: View, updates: Sequence[str]) -> list[str]:
    staying = [part for part in watching if view.stays(part.id)]
    off = [f"{alter} DISABLE RULE {last(part.name)}" for part in staying if part.kind == "rule"]
    off += [f"{alter} DISABLE TRIGGER USER"] if any(part.kind == "trigger" for part in watching) else []
    again = [
        f"{alter} {FIRING[part.attrs.get('enabled', 'O')]} {part.kind.upper()} {last(part.name)}"
        for part in staying
    ]
    return [*off, *updates, *again]


def _has_unvalidated_not_null(table: str, view: View) -> bool:
    """Whether a column of a table, given by identity, has a NOT NULL that was never validated."""
    parts = (*view.live_parts.get(table, ()), *view.target_parts.get(table, ()))
    said = (part.attrs.get("not_null") for part in parts if part.kind == "column")
    return any(isinstance(not_null, dict) and "not_valid" in not_null for not_null in said)


def _watching(parts: Iterable[Fact]) -> list[Fact]:
    return [part for part in parts if part.kind in ("trigger", "rule")]


def _meanwhile_quiet(table: str, updates: Sequence[str]) -> str:
    """The updates without the triggers, rules and NOT NULLs in their way that are there by then."""
    name = f"{literal(table)}::pg_catalog.regclass"
    return block(
        f"""DECLARE {QUIET_VARIABLES} BEGIN FOREACH part IN ARRAY {_tree(name)} LOOP {_WITHOUT_WATCHING}
      {_WITHOUT_UNVALIDATED} END LOOP;
  {"; ".join(updates)}; {LOUD} END"""
    )


def quietly(table: str, updates: Sequence[str], published: bool) -> str:
    """A statement that runs updates of a table, which may be published, as none of the application's."""
    statement = _meanwhile_quiet(table, updates)
    return unpublished([statement]) if published else statement


QUIET_VARIABLES = "part pg_catalog.regclass; watching record; again text := '';"
LOUD = "SET CONSTRAINTS ALL IMMEDIATE; IF again <> '' THEN EXECUTE again; END IF;"


_KEYED = """EXISTS (SELECT FROM pg_catalog.pg_index WHERE indrelid = part
                AND CASE relreplident WHEN 'd' THEN indisprimary ELSE indisreplident END)"""
"""Whether an index tells the rows of a table, be it the one that was chosen, which may be gone."""
_UNTOLD = """(EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = part AND attgenerated <> '')
             OR EXISTS (SELECT FROM pg_catalog.pg_publication_rel r WHERE
                  pg_catalog.to_jsonb(r) ->> 'prattrs' IS NOT NULL AND (prrelid = part
                   OR prrelid IN (SELECT pg_catalog.pg_partition_ancestors(part)))))"""
"""Whether not even all columns of a table can tell a row, since some are computed or not published."""
_FILTERED = """EXISTS (SELECT FROM pg_catalog.pg_publication_rel r WHERE
                  pg_catalog.to_jsonb(r) ->> 'prqual' IS NOT NULL AND (prrelid = part
                   OR prrelid IN (SELECT pg_catalog.pg_partition_ancestors(part))))"""
_UNKNOWN = f"relreplident = 'n' OR relreplident <> 'f' AND (NOT {_KEYED} OR {_FILTERED})"
"""Whether what tells a row to subscribers is nothing, or may be without what a publication filters by."""


_WITHOUT_WATCHING = """FOR watching IN
        SELECT 'TRIGGER' AS kind, tgname AS name, tgenabled AS state FROM pg_catalog.pg_trigger
         WHERE tgrelid = part AND tgenabled <> 'D'
           AND (NOT tgisinternal OR tgparentid <> 0 AND tgconstrindid = 0)
        UNION ALL SELECT 'RULE', rulename, ev_enabled FROM pg_catalog.pg_rewrite
         WHERE ev_class = part AND ev_enabled <> 'D' AND ev_type <> '1' LOOP
        EXECUTE pg_catalog.format('ALTER TABLE ONLY %s DISABLE %s %I', part, watching.kind, watching.name);
        again := again || pg_catalog.format('ALTER TABLE ONLY %s ENABLE %s %s %I;', part,
          CASE watching.state WHEN 'A' THEN 'ALWAYS' WHEN 'R' THEN 'REPLICA' ELSE '' END,
          watching.kind, watching.name);
      END LOOP;"""
"""What a partition got from its parent is internal before 15, as are the triggers of keys in all versions."""


_WITHOUT_UNVALIDATED = """FOR watching IN
        SELECT conname AS name, attname AS state, CASE WHEN connoinherit THEN 'NO INHERIT' END AS alone,
               pg_catalog.obj_description(c.oid, 'pg_constraint') AS said
          FROM pg_catalog.pg_constraint c
          JOIN pg_catalog.pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
         WHERE conrelid = part AND contype = 'n' AND NOT convalidated AND coninhcount = 0
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE inhparent = part) LOOP
        EXECUTE pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', part, watching.name);
        again := again || pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I NOT NULL %I %s NOT VALID;',
            part, watching.name, watching.state, watching.alone)
          || CASE WHEN watching.said IS NULL THEN '' ELSE pg_catalog.format(
            'COMMENT ON CONSTRAINT %I ON %s IS %L;', watching.name, part, watching.said) END;
      END LOOP;"""
"""A NOT NULL that was never validated refuses an update of a row that has NULL there already."""


def _tree(name: str) -> str:
    """The table and all that have rows of it: its partitions and children, and theirs."""
    return (
        f"ARRAY(WITH RECURSIVE below AS (SELECT {name} AS relid UNION SELECT i.inhrelid::pg_catalog.regclass"
        " FROM pg_catalog.pg_inherits i JOIN below b ON b.relid = i.inhparent) SELECT relid FROM below)"
    )


def quiet(table: str) -> str:
    """PL/pgSQL that keeps the triggers and rules of a table and those below from seeing what follows, and
    lets rows be changed and deleted that nothing tells to subscribers, until :data:`LOUD`."""
    return quiet_all(_tree(f"{literal(table)}::pg_catalog.regclass"))


def quiet_all(tables: str) -> str:
    """The same for tables by themselves, given by an expression for an array of them."""
    return f"""FOREACH part IN ARRAY {tables} LOOP
      {_WITHOUT_WATCHING}
      {_WITHOUT_UNVALIDATED}
      FOR watching IN
        SELECT CASE relreplident WHEN 'n' THEN 'NOTHING' WHEN 'i' THEN
            (SELECT pg_catalog.format('USING INDEX %I', i.relname) FROM pg_catalog.pg_index
               JOIN pg_catalog.pg_class i ON i.oid = indexrelid WHERE indrelid = part AND indisreplident)
            ELSE 'DEFAULT' END AS state
          FROM pg_catalog.pg_class c
         WHERE c.oid = part AND relkind = 'r' AND NOT {_UNTOLD} AND (relreplident <> 'i' OR {_KEYED})
           AND EXISTS (SELECT FROM pg_catalog.pg_publication WHERE pubdelete OR pubupdate)
           AND ({_UNKNOWN}) LOOP
        EXECUTE pg_catalog.format('ALTER TABLE ONLY %s REPLICA IDENTITY FULL', part);
        again := again || pg_catalog.format('ALTER TABLE ONLY %s REPLICA IDENTITY %s;', part, watching.state);
      END LOOP;
      FOR watching IN
        SELECT pubname AS name,
            pg_catalog.concat_ws(', ', CASE WHEN pubinsert THEN 'insert' END,
              CASE WHEN pubtruncate THEN 'truncate' END) AS rest,
            pg_catalog.concat_ws(', ', CASE WHEN pubupdate THEN 'update' END,
              CASE WHEN pubdelete THEN 'delete' END) AS others
          FROM pg_catalog.pg_class c, pg_catalog.pg_publication
         WHERE c.oid = part AND (pubdelete OR pubupdate)
           AND ({_UNTOLD} AND (relreplident = 'f' OR {_UNKNOWN}) OR relreplident = 'i' AND NOT {_KEYED}) LOOP
        EXECUTE pg_catalog.format('ALTER PUBLICATION %I SET (publish = %L)', watching.name, watching.rest);
        again := again || pg_catalog.format('ALTER PUBLICATION %I SET (publish = %L);', watching.name,
          pg_catalog.concat_ws(', ', nullif(watching.rest, ''), watching.others));
      END LOOP;
    END LOOP;"""
