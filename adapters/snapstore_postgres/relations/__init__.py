"""What the rules for tables, columns, constraints, indexes and views have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from snapstore.adapter import PlanRequest
from snapstore.facts import Groups
from snapstore.model import Fact, Hazard, HazardName
from snapstore.rules import View
from snapstore_postgres.names import block, last, literal, printed, qualifier, quote, unquote

STRONGEST = "ACCESS EXCLUSIVE"


STORAGE = {"p": "PLAIN", "e": "EXTERNAL", "m": "MAIN", "x": "EXTENDED"}


def default_storage(alter: str, column: str, version: int) -> str:
    """Gives a column, by its qualified name, its type's storage again: before 16 there is no word for it."""
    if version >= 160000:
        return f"{alter} SET STORAGE DEFAULT"
    table, name = literal(qualifier(column)), literal(unquote(last(column)))
    words = " ".join(f"WHEN {literal(letter)} THEN {literal(word)}" for letter, word in STORAGE.items())
    return block(
        f"""BEGIN EXECUTE {literal(alter + " SET STORAGE ")} || (
  SELECT CASE t.typstorage {words} END FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
   WHERE a.attrelid = {table}::regclass AND a.attname = {name});
END"""
    )


COMPRESSION = {"p": "pglz", "l": "lz4"}


class Size(NamedTuple):
    """Of a relation with its children: rows, an estimate, and bytes; None where it is not known."""

    rows: int | None
    bytes: int | None


def size(view: View, identity: str) -> Size:
    """That of a live relation, given by identity."""
    found = view.request.live_hints.get("relations", {}).get(identity)
    if not found or "rows" not in found:
        return Size(None, None)
    sizes = [Size(found["rows"], found["bytes"])]
    sizes += [size(view, f"table:{child}") for child in children(identity, view.live_dependents)]
    return Size(sum(one.rows or 0 for one in sizes), sum(one.bytes or 0 for one in sizes))


def table_of(fact: Fact) -> str:
    """The qualified, quoted name of the relation that a part of it belongs to."""
    return qualifier(fact.name)


def held_still(table: str) -> str:
    """A statement after which nobody else changes rows of a table, or of those below it: what is read of them
    then is all that there is when they are written anew."""
    return f"LOCK TABLE {table} IN {STRONGEST} MODE"


def held_unlisted(relation: str) -> str:
    """The same for a sequence, of which numbers are drawn, and for a materialized view, which is refreshed:
    ``LOCK TABLE`` takes neither. That its owner is to have it changes nothing but takes the lock."""
    given = "pg_catalog.format('ALTER TABLE %s OWNER TO %I', c.oid::pg_catalog.regclass, r.rolname)"
    return block(
        f"BEGIN EXECUTE (SELECT {given} FROM pg_catalog.pg_class c JOIN pg_catalog.pg_roles r"
        f" ON r.oid = c.relowner WHERE c.oid = {literal(relation)}::pg_catalog.regclass); END"
    )


def unwritten(table: str) -> str:
    """A statement after which others only read a table: what is copied of it is what is then deleted."""
    return f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"


def version(view: View) -> int:
    """That of the live server: :func:`server_version`."""
    return server_version(view.request)


def server_version(request: PlanRequest) -> int:
    """The live server's, as it numbers itself (``server_version_num``); 0 where it is not known."""
    return int(request.live_hints.get("version", 0))


def not_null_name(column: Fact) -> str:
    """The name that the server gives where none is asked for."""
    table, name = unquote(last(table_of(column))), unquote(last(column.name))
    return quote(f"{table}_{name}_not_null"[:63])


def domain_not_null_name(domain: Fact) -> str:
    """The same for the NOT NULL of a domain."""
    return printed(f"{unquote(last(domain.name))}_not_null")


def multirange_of(fact: Fact) -> str:
    """The multirange type of a range type; told without a schema, it lies beside it."""
    name: str = fact.attrs["multirange"]
    return name if qualifier(name) else f"{qualifier(fact.name)}.{name}"


def range_constructors(fact: Fact) -> dict[str, str]:
    """The names of the functions that came with a range type, by the function of the server that each calls:
    those of the types, in the schema of the range, if nothing else is told."""
    usual = dict.fromkeys(("range_constructor2", "range_constructor3"), fact.name)
    if "multirange" in fact.attrs:
        name = f"{qualifier(fact.name)}.{last(fact.attrs['multirange'])}"
        usual |= {f"multirange_constructor{number}": name for number in range(3)}
    return {**usual, **fact.attrs.get("constructors", {})}


def owner_statement(keyword: str, name: str, fact: Fact) -> list[str]:
    return [f"ALTER {keyword} {name} OWNER TO {quote(fact.attrs['owner'])}"] if "owner" in fact.attrs else []


def data_loss(view: View, identity: str, what: str) -> tuple[Hazard, ...]:
    """The hazard of destroying a relation's rows; none where it is known to be empty or they are archived."""
    rows, bytes_ = size(view, identity)
    if bytes_ == 0:
        return ()
    return (Hazard(HazardName.DATA_LOSS, f"{what} and the rows in it", rows=rows, bytes=bytes_),)


def rewrite_hazard(view: View, table: str) -> tuple[Hazard, ...]:
    rows, bytes_ = size(view, table)
    if bytes_ == 0:
        return ()
    return (Hazard(HazardName.TABLE_REWRITE, f"rewrites {table}", rows=rows, bytes=bytes_),)


def is_elsewhere(column: Fact, view: View) -> bool:
    """Whether values of the column lie on another server, where a type is changed for this one only."""
    table = view.live.get(column.parent or "")
    if table is None or "foreign" in table.attrs:
        return table is not None
    below = (Fact(column.id, {}, f"table:{name}") for name in children(table.id, view.live_dependents))
    return any(is_elsewhere(part, view) for part in below)


def plain_stays_bound(view: View) -> bool:
    """Whether a computed column that is made plain still stands on what its expression read (before 15):
    dropping that function would silently drop the column."""
    return 0 < version(view) < 150000


def changes_persistence(table: str, view: View) -> bool:
    """Whether a table, given by identity, becomes logged or not, and the sequences of its columns with it."""
    if not view.stays(table) or version(view) < 150000:
        return False
    return view.live[table].attrs.get("persistence") != view.target[table].attrs.get("persistence")


def option_statements(alter: str, old: Any, new: Any, prefix: str = "") -> list[str]:
    """SET and RESET of storage parameters, from two lists of ``name=value``."""
    if old == new:
        return []
    was, now = dict(o.split("=", 1) for o in old or ()), dict(o.split("=", 1) for o in new or ())
    kept = [key for key in was if now.get(key) == was[key]]
    # The server puts what is set behind what it has, and shows them in that order.
    in_order = [*kept, *(key for key in now if key not in kept)] == list(now)
    gone = [key for key in was if key not in now or not in_order]
    set_ = [(key, value) for key, value in now.items() if was.get(key) != value or not in_order]
    return [
        *([f"{alter} RESET ({', '.join(prefix + key for key in gone)})"] if gone else []),
        *([f"{alter} SET ({', '.join(f'{prefix}{k}={literal(v)}' for k, v in set_)})"] if set_ else []),
    ]


def all_options(attrs: Mapping[str, Any]) -> str:
    """The storage parameters of a table or materialized view and of its TOAST table, as a clause."""
    options = [*attrs.get("options", ()), *(f"toast.{o}" for o in attrs.get("toast_options", ()))]
    return f"\nWITH ({', '.join(options)})" if options else ""


def other_options(alter: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Statements that change them."""
    return [
        *option_statements(alter, old.get("options"), new.get("options")),
        *option_statements(alter, old.get("toast_options"), new.get("toast_options"), "toast."),
    ]


def children(table: str, dependents: Groups) -> list[str]:
    """The names of the partitions of a table and of the tables that inherit from it."""
    return [
        fact.name
        for fact in dependents.get(table, ())
        if fact.kind == "partition"
        or (fact.kind == "table" and table.partition(":")[2] in fact.attrs.get("inherits", ()))
    ]


def relation_slot(fact: Fact) -> list[str]:
    """Relations of all kinds share one space of names."""
    return [f"relation:{fact.name}"]


def row_slots(fact: Fact) -> list[str]:
    """A relation with columns is also a type."""
    return [f"relation:{fact.name}", f"type:{fact.name}"]
