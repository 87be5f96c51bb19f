"""How a table or index is stored: its parameters, and the storage and compression of columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from snapstore_postgres.names import block, last, literal, qualifier, unquote

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
