"""What columns say of NULL. Since 18 that is a constraint, with a name, that children inherit or do not."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from snapstore.facts import Groups
from snapstore.model import Fact, Json
from snapstore.rules import View
from snapstore_postgres.names import aside, block, last, literal, unquote
from snapstore_postgres.relations import not_null_name, table_of, version

_UNKNOWN = ""
"""Instead of the name of a NOT NULL that is only inherited."""


def not_null_clause(column: Fact, not_null: Json, view: View) -> str:
    """As CREATE TABLE and ADD COLUMN write it."""
    if not not_null:
        return ""
    if not_null is True:
        name = _contested_name(column, view)
        return f" CONSTRAINT {name} NOT NULL" if name else " NOT NULL"
    if not_null.get("not_valid") or not_null.get("inherited"):
        return ""
    return f" CONSTRAINT {not_null['name']} NOT NULL" + (" NO INHERIT" if not_null.get("no_inherit") else "")


def not_null_statements(column: Fact, was: Json, now: Json, view: View) -> list[str]:
    """What makes of the one the other."""
    if was == now:
        return []
    if not now:
        return [f"ALTER TABLE {table_of(column)} ALTER COLUMN {last(column.name)} DROP NOT NULL"]
    return [*without_namesake(column, view), *_changed(column, was, now, view)]


def _changed(column: Fact, was: Json, now: Json, view: View) -> list[str]:
    table = table_of(column)
    if was and without_name(was) == without_name(now):
        return not_null_rename(column, was, now, view)
    if was and not _is_wanted(column, view):
        rename = not_null_rename(column, was, now, view) if _other_name(column, was, now) else []
        if without_name(was) == {**without_name(now), "not_valid": True}:
            return [f"ALTER TABLE {table} VALIDATE CONSTRAINT {was['name']}", *rename]
        if _for_children(was) == _for_children(now) and "inherited" not in _for_children(was):
            reach = "NO INHERIT" if "no_inherit" in without_name(now) else "INHERIT"
            return [f"ALTER TABLE {table} ALTER CONSTRAINT {_name_in(was, column)} {reach}", *rename]
    return _anew(column, was, now, view)


def _anew(column: Fact, was: Json, now: Json, view: View) -> list[str]:
    table, name = table_of(column), last(column.name)
    alter = f"ALTER TABLE {table} ALTER COLUMN {name}"
    found = [f"{alter} DROP NOT NULL"] if was else []
    contested = _contested_name(column, view) if now is True else None
    if contested:
        return [*found, f"ALTER TABLE {table} ADD CONSTRAINT {contested} NOT NULL {name}"]
    if now is True or "name" not in now:
        return [*found, f"{alter} SET NOT NULL"]
    clause = f"CONSTRAINT {now['name']} NOT NULL {name}" + (" NO INHERIT" if now.get("no_inherit") else "")
    return [*found, f"ALTER TABLE {table} ADD {clause}" + (" NOT VALID" if now.get("not_valid") else "")]


def own_not_null(column: Fact, view: View) -> list[str]:
    """The NOT NULL that a table has of its own on a column that it has from its parents."""
    not_null = column.attrs.get("not_null")
    given = isinstance(not_null, dict) and {"inherited", "not_valid"} & not_null.keys()
    return [] if given else not_null_statements(column, None, not_null, view)


def arriving_not_null(parents: Sequence[str], was: Json, now: Json, view: View) -> tuple[Json, Json]:
    """What is to change of a NOT NULL once that of the parents' columns has changed, and with it this one."""
    for identity in parents:
        before, after = (
            _passed_on(side[identity].attrs.get("not_null")) for side in (view.live, view.target)
        )
        if before != after:
            was = was if was and not now else now if after else None
        elif after and was and now:
            was = now
    return was, now


def _passed_on(not_null: Json) -> bool:
    return bool(not_null) and "no_inherit" not in without_name(not_null)


# -- names -------------------------------------------------------------------------------------------------


def without_name(not_null: Json) -> dict[str, Json]:
    """What it says besides its name."""
    return {k: v for k, v in not_null.items() if k != "name"} if isinstance(not_null, dict) else {}


def name_of_not_null(column: Fact) -> str:
    """The name of a column's NOT NULL, as it is."""
    return _name_in(column.attrs.get("not_null"), column)


def _name_in(not_null: Json, column: Fact) -> str:
    named = isinstance(not_null, dict) and "name" in not_null
    return str(not_null["name"]) if named else not_null_name(column)


def _for_children(not_null: Json) -> dict[str, Json]:
    """A NOT NULL without its name, and without whether it is for tables that inherit."""
    return {key: value for key, value in without_name(not_null).items() if key != "no_inherit"}


def _other_name(column: Fact, was: Json, now: Json) -> bool:
    return unquote(_name_in(was, column)) != unquote(_name_in(now, column))


def not_null_rename(column: Fact, was: Json, now: Json, view: View) -> list[str]:
    """The statement that gives it its new name; that of a partition can change only while it is detached."""
    if not was or not now or was == now:
        return []
    old, new = (value["name"] if isinstance(value, dict) else not_null_name(column) for value in (was, now))
    if not _is_wanted(column, view):
        return [f"ALTER TABLE {table_of(column)} RENAME CONSTRAINT {old} TO {new}"]
    table = literal(table_of(column))
    return [
        block(
            f"DECLARE held name; BEGIN SELECT c.conname INTO held FROM pg_catalog.pg_constraint c"
            f" JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]"
            f" WHERE c.conrelid = {table}::pg_catalog.regclass AND c.contype = 'n'"
            f" AND a.attname = {literal(unquote(last(column.name)))}; EXECUTE pg_catalog.format("
            f"'ALTER TABLE %s RENAME CONSTRAINT %I TO %s', {table}, held, {literal(new)}); END"
        )
    ]


def _is_wanted(column: Fact, view: View) -> bool:
    """Whether another column is to have the name that this one's NOT NULL has now, and may have taken it."""
    before = view.live.get(column.id)
    return before is not None and any(
        _has_name(other, name_of_not_null(before)) for other in _beside(column, view.target_parts, view)
    )


def without_namesake(column: Fact, view: View) -> list[str]:
    """Another name for the NOT NULL of a column that has the one which this column's gets."""
    if not column.attrs.get("not_null"):
        return []
    name, table = name_of_not_null(column), table_of(column)
    others = [other for other in _beside(column, view.live_parts, view) if _has_name(other, name)]
    if all(_has_name(view.target.get(other.id), name) and view.stays(other.id) for other in others):
        return []
    found = (
        f"SELECT FROM pg_catalog.pg_constraint WHERE contype = 'n' AND conname = {literal(unquote(name))}"
        f" AND conrelid = {literal(table)}::pg_catalog.regclass"
    )
    rename = f"ALTER TABLE {table} RENAME CONSTRAINT {name} TO {aside(name)}"
    return [block(f"BEGIN IF EXISTS ({found}) THEN {rename}; END IF; END")]


def _beside(column: Fact, parts: Groups, view: View) -> list[Fact]:
    """The other columns of its table, on a server where NOT NULL has a name."""
    if version(view) < 180000:
        return []
    return [c for c in parts.get(column.parent or "", ()) if c.kind == "column" and c.id != column.id]


def _has_name(column: Fact | None, name: str) -> bool:
    if column is None or not column.attrs.get("not_null"):
        return False
    return unquote(name_of_not_null(column)) == unquote(name)


def _contested_name(column: Fact, view: View) -> str | None:
    """The usual name of a NOT NULL where the server would give another, because somebody else has it."""
    if "not_null_names" not in view.memo:
        facts = chain(view.live.values(), view.target.values())
        columns = (fact for fact in facts if fact.id.startswith("column:"))
        values = (f.attrs.get("not_null") for f in columns)
        view.memo["not_null_names"] = {unquote(v.get("name", "")) for v in values if isinstance(v, dict)}
    name, taken = not_null_name(column), view.memo["not_null_names"]
    return name if unquote(name) in taken or _UNKNOWN in taken else None
