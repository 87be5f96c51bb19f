"""Identity columns: their clause, and what of their sequence it leaves open."""

from __future__ import annotations

from snapstore.model import Fact, Json
from snapstore.rules import View
from snapstore_postgres.kinds.sequences import altered_sequence, first_name, sequence_options
from snapstore_postgres.names import block, last, literal, qualifier, quote, unquote
from snapstore_postgres.relations import changes_persistence, table_of, version


def identity_clause(column: Fact, view: View) -> str:
    identity = column.attrs["identity"]
    when = "ALWAYS" if identity["kind"] == "a" else "BY DEFAULT"
    first, name = first_name(_sequence(column), view), identity.get("sequence")
    options = [f"SEQUENCE NAME {first}"] if name or first != _sequence(column) else []
    options += [sequence_options(identity)] if _counts_as_column(column) else []
    return f"GENERATED {when} AS IDENTITY" + (f" ({' '.join(options)})" if options else "")


def settled_identity(column: Fact, view: View) -> list[str]:
    """What the clause of a new identity column leaves open of its sequence: a name that a type has, a type
    that is not the column's, and whether it is logged where its table is not, or the other way round."""
    identity = column.attrs.get("identity", {})
    sequence = identity.get("sequence")
    named = rename_sequence(first_name(_sequence(column), view), _sequence(column)) if identity else []
    if sequence is None:
        return named
    return [*named, *_retyped_identity(column), *_persistence(sequence, identity.get("persistence"), view)]


def _persistence(sequence: str, persistence: str | None, view: View) -> list[str]:
    words = {"u": "UNLOGGED", "p": "LOGGED"}
    known = version(view) >= 150000  # before, all sequences are logged
    return [f"ALTER SEQUENCE {sequence} SET {words[persistence]}"] if persistence and known else []


def _retyped_identity(column: Fact) -> list[str]:
    identity = column.attrs["identity"]
    if _counts_as_column(column):
        return []
    kind, options = identity.get("type", "bigint"), sequence_options(identity)
    return [f"ALTER SEQUENCE {identity['sequence']} AS {kind} {options} RESTART"]


def _counts_as_column(column: Fact) -> bool:
    return bool(column.attrs["identity"].get("type", "bigint") == column.attrs["type"])


def retyped_identity(before: Fact, after: Fact) -> Json:
    """What a column's identity is once it has its new type, which its sequence gets with it."""
    was = before.attrs.get("identity")
    if before.attrs["type"] == after.attrs["type"] or not isinstance(was, dict) or "sequence" not in was:
        return was
    kind = after.attrs["type"]
    return {**was, "type": None if kind == "bigint" else kind}


def own_identity(column: Fact, view: View) -> list[str]:
    """That of a column that a table has from its parents: only partitions have their parent's."""
    return identity_statements(column, None, column.attrs.get("identity"), view)


def identity_statements(column: Fact, was: Json, now: Json, view: View) -> list[str]:
    alter = f"ALTER TABLE {table_of(column)} ALTER COLUMN {last(column.name)}"
    if was == now:
        return []
    if now is None:
        return [*numbered_below(table_of(column), view), f"{alter} DROP IDENTITY"]
    if was is None:
        return [f"{alter} ADD {identity_clause(column, view)}", *settled_identity(column, view)]
    found = []
    if was["kind"] != now["kind"]:
        found += numbered_below(table_of(column), view)
        found.append(f"{alter} SET GENERATED {'ALWAYS' if now['kind'] == 'a' else 'BY DEFAULT'}")
    if "sequence" in was and "sequence" in now:
        found += rename_sequence(was["sequence"], now["sequence"])
        if was.get("type") != now.get("type") or sequence_options(was) != sequence_options(now):
            found.append(altered_sequence(now["sequence"], was, now))
        found += _persistence(now["sequence"], _other_persistence(column, was, now, view), view)
    return found


def numbered_below(table: str, view: View) -> list[str]:
    """The statement that lets identity columns reach all partitions, before something is said of them to all.

    Since 17, partitions have the identity of what they are attached to, but not of what that is attached to
    later: so a dump leaves partitions of partitions without, where PostgreSQL then takes none off the others.
    A partition gets it by being attached again.
    """
    if version(view) < 170000 or "partition_key" not in view.live[f"table:{table}"].attrs:
        return []
    name = f"{literal(table)}::pg_catalog.regclass"
    lost = f"""SELECT c.oid::pg_catalog.regclass AS part, p.parentrelid AS above,
           pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS bound
      FROM pg_catalog.pg_partition_tree({name}) p JOIN pg_catalog.pg_class c ON c.oid = p.relid
     WHERE p.level > 0 AND EXISTS (
       SELECT FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_attribute o USING (attname)
        WHERE a.attidentity <> '' AND o.attidentity = '' AND o.attrelid = p.relid
          AND a.attrelid IN (SELECT pg_catalog.pg_partition_ancestors(p.relid)))
     ORDER BY p.level"""
    return [
        block(
            f"""DECLARE lost record;
BEGIN
  FOR lost IN {lost} LOOP
    EXECUTE pg_catalog.format('ALTER TABLE %s DETACH PARTITION %s', lost.above, lost.part);
    EXECUTE pg_catalog.format('ALTER TABLE ONLY %s ATTACH PARTITION %s %s',
                              lost.above, lost.part, lost.bound);
  END LOOP;
END"""
        )
    ]


def _other_persistence(column: Fact, was: Json, now: Json, view: View) -> str | None:
    """What the sequence has to become; where its table becomes another, it goes with that."""
    wanted = now.get("persistence")
    there = None if changes_persistence(column.parent or "", view) else was.get("persistence")
    of_table = view.target[column.parent or ""].attrs.get("persistence", "p")
    return None if wanted == there else wanted or of_table


def rename_sequence(was: str, now: str) -> list[str]:
    found = []
    if qualifier(was) != qualifier(now):
        found.append(f"ALTER SEQUENCE {was} SET SCHEMA {qualifier(now)}")
    if last(was) != last(now):
        found.append(f"ALTER SEQUENCE {qualifier(now)}.{last(was)} RENAME TO {last(now)}")
    return found


def identity_slot(fact: Fact) -> list[str]:
    """The sequence of an identity column is a relation beside its table."""
    return [f"relation:{_sequence(fact)}"] if "identity" in fact.attrs else []


def _sequence(column: Fact) -> str:
    """The name of its sequence, told or not."""
    table = table_of(column)
    usual = quote(f"{unquote(last(table))}_{unquote(last(column.name))}_seq")
    return str(column.attrs["identity"].get("sequence") or f"{qualifier(table)}.{usual}")
