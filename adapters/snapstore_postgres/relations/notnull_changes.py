"""The statements by which columns get their NOT NULL, lose it, and have it otherwise.

See ``notnull.py`` for what is inherited, and what is a column's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from snapstore.model import Fact, Json
from snapstore.rules import View
from snapstore_postgres.names import last
from snapstore_postgres.relations import children, table_of, version
from snapstore_postgres.relations.inheritance import ancestors, given_by
from snapstore_postgres.relations.left_not_nulls import released, told_own
from snapstore_postgres.relations.no_inherit import first_for_all
from snapstore_postgres.relations.notnull import (
    contested_name,
    for_children,
    gives,
    is_bound,
    is_flag,
    is_inherited,
    is_lost,
    is_named_otherwise,
    is_not_valid,
    is_only_inherited,
    name_in,
    other_name,
    without_name,
)
from snapstore_postgres.relations.notnull_names import (
    name_is_wanted,
    not_null_rename,
    renamed_as_own,
    table_literal,
    with_held,
    without_namesake,
)


def not_null_clause(column: Fact, not_null: Json, view: View) -> str:
    """As CREATE TABLE and ADD COLUMN write it."""
    if not not_null:
        return ""
    if not_null is True or is_lost(not_null):
        name = contested_name(column, view)
        return f" CONSTRAINT {name} NOT NULL" if name else " NOT NULL"
    if not_null.get("not_valid") or not_null.get("inherited"):
        return ""
    not_null = first_for_all(column, not_null, view)
    return f" CONSTRAINT {not_null['name']} NOT NULL" + (" NO INHERIT" if not_null.get("no_inherit") else "")


def not_null_statements(column: Fact, was: Json, now: Json, view: View, *, below: bool = False) -> list[str]:
    """What makes of the one the other; with ``below`` in the tables below too, whatever they have."""
    if was == now or (not was and is_inherited(now) and _comes_from_above(column, view)):
        return []
    now = first_for_all(column, now, view)
    if is_flag(column, view) and not below:
        only = f"ALTER TABLE ONLY {table_of(column)} ALTER COLUMN {last(column.name)}"
        return [] if bool(was) == bool(now) else [f"{only} {'SET' if now else 'DROP'} NOT NULL"]
    alter = f"ALTER TABLE {table_of(column)} ALTER COLUMN {last(column.name)}"
    if not now:
        return [*_held(column, view), *released(column, was, view), f"{alter} DROP NOT NULL"]
    if is_inherited(was) and is_inherited(now):
        if "not_valid" in now and "not_valid" not in was:
            return _given_anew(column, view)
        return [_validated(column)] if "not_valid" in was and "not_valid" not in now else []
    if is_inherited(was):
        return [told_own(column, now), *_own_name(column, now, view)]
    first = [] if was else _named_below(column, view)
    return [*first, *without_namesake(column, view), *_changed(column, was, now, view)]


def _comes_from_above(column: Fact, view: View) -> bool:
    """Whether such a column comes to a parent, with a NOT NULL that is for its children too."""
    return any(view.appears(i) and gives(view.target[i]) for i in given_by(column, view))


def _changed(column: Fact, was: Json, now: Json, view: View) -> list[str]:
    table = table_of(column)
    if was and without_name(was) == without_name(now):
        return not_null_rename(column, was, now, view)
    if was and not name_is_wanted(column, view):
        rename = not_null_rename(column, was, now, view) if other_name(column, was, now) else []
        if without_name(was) == {**without_name(now), "not_valid": True}:
            return [f"ALTER TABLE {table} VALIDATE CONSTRAINT {was['name']}", *rename]
        if for_children(was) == for_children(now) and "inherited" not in for_children(was):
            reach = "NO INHERIT" if "no_inherit" in without_name(now) else "INHERIT"
            return [f"ALTER TABLE {table} ALTER CONSTRAINT {name_in(was, column)} {reach}", *rename]
    return _anew(column, was, now, view)


def _anew(column: Fact, was: Json, now: Json, view: View) -> list[str]:
    table, name = table_of(column), last(column.name)
    alter = f"ALTER TABLE {table} ALTER COLUMN {name}"
    found = [*_held(column, view), f"{alter} DROP NOT NULL"] if was else []
    contested = contested_name(column, view) if now is True else None
    if contested:
        return [*found, f"ALTER TABLE {table} ADD CONSTRAINT {contested} NOT NULL {name}"]
    if now is True or "name" not in now:
        return [*found, f"{alter} SET NOT NULL"]
    clause = f"CONSTRAINT {now['name']} NOT NULL {name}" + (" NO INHERIT" if now.get("no_inherit") else "")
    if not now.get("not_valid"):
        return [*found, f"ALTER TABLE {table} ADD {clause}"]
    valid = [_validated(below) for below in _valid_below(column, view)]
    return [*found, f"ALTER TABLE {table} ADD {clause} NOT VALID", *valid]


def _given_anew(column: Fact, view: View) -> list[str]:
    """An inherited one is not valid any more once the parents, at any height, have theirs made again: which
    is done for the highest column that is to have it so."""
    if any(_is_validated(view.live.get(i)) and is_not_valid(view.target[i]) for i in given_by(column, view)):
        return []
    found = []
    for parent in dict.fromkeys(ancestors(table_of(column), view.target)):
        above = view.target.get(f"column:{parent}.{last(column.name)}")
        if above is not None and view.live.get(above.id) == above and _is_own_not_valid(above):
            own = above.attrs["not_null"]["name"]
            found += [
                f"ALTER TABLE {parent} DROP CONSTRAINT {own}",
                f"ALTER TABLE {parent} ADD CONSTRAINT {own} NOT NULL {last(column.name)} NOT VALID",
                *map(_validated, _valid_below(above, view)),
            ]
    return found


def _is_own_not_valid(column: Fact) -> bool:
    not_null = column.attrs.get("not_null")
    own = isinstance(not_null, dict) and not_null.keys() >= {"name", "not_valid"}
    return own and not is_inherited(not_null) and gives(column)


def _is_validated(column: Fact | None) -> bool:
    return column is not None and bool(column.attrs.get("not_null")) and not is_not_valid(column)


def _valid_below(column: Fact, view: View) -> Iterator[Fact]:
    """The columns of tables that inherit it, and are there, in which it is valid: it was new with these."""
    for child in children(column.parent or "", view.target_dependents):
        below = view.target.get(f"column:{child}.{last(column.name)}")
        if below is not None and view.stays(below.id):
            yield from [below] if is_only_inherited(below) or _comes_valid(below, view) else []
            yield from _valid_below(below, view)


def _comes_valid(column: Fact, view: View) -> bool:
    """Whether a column of a partition, which gets the one from above as its own, is to have it valid."""
    comes = not view.live[column.id].attrs.get("not_null") and bool(column.attrs.get("not_null"))
    return comes and view.stays(f"partition:{table_of(column)}") and not is_not_valid(column)


def own_not_null(column: Fact, view: View) -> str | None:
    """As CREATE TABLE writes it for a column that it does not name, as it comes from the parents."""
    not_null = column.attrs.get("not_null")
    given = isinstance(not_null, dict) and {"inherited", "not_valid"} & not_null.keys()
    if not not_null or given or version(view) < 180000:
        return None
    first = first_for_all(column, not_null, view)
    reach = " NO INHERIT" if "no_inherit" in without_name(first) else ""
    return f"CONSTRAINT {name_in(not_null, column)} NOT NULL {last(column.name)}{reach}"


def unvalidated(column: Fact, view: View) -> list[str]:
    """The statement behind the creation of a column whose NOT NULL is not valid."""
    not_null = column.attrs.get("not_null")
    if not isinstance(not_null, dict) or not not_null.keys() >= {"name", "not_valid"}:
        return []
    if _has_it_from_above(column, view):
        return []
    clause = f"CONSTRAINT {not_null['name']} NOT NULL {last(column.name)} NOT VALID"
    return [f"ALTER TABLE {table_of(column)} ADD {clause}"]


def _has_it_from_above(column: Fact, view: View) -> bool:
    """Whether a partition, which is there and attached, gets it by the statement for the table above."""
    attached = f"partition:{table_of(column)}"
    if not view.stays(attached):
        return False
    above = view.target.get(f"column:{view.target[attached].attrs['of']}.{last(column.name)}")
    return above is not None and gives(above) and not is_named_otherwise(column, above)


def _own_name(column: Fact, now: Json, view: View) -> list[str]:
    """For what was only inherited, and keeps the name that it had from a parent which gives it no more."""
    parents = view.target[column.parent or ""].attrs.get("inherits", ())
    if any(gives(view.target.get(f"column:{parent}.{last(column.name)}")) for parent in parents):
        return []
    return [*without_namesake(column, view), renamed_as_own(column, now, view)]


def _validated(column: Fact) -> str:
    """The statement that validates one that is only inherited."""
    return with_held(column, "ALTER TABLE %s VALIDATE CONSTRAINT %I", f"{table_literal(column)}, held")


def validated_below(column: Fact, reached: Sequence[Fact]) -> list[str]:
    """The same for columns that came with one whose NOT NULL is not valid, or were made anew with it, though
    theirs is: it was new with their table, or they are a partition's."""
    unvalidated = "not_valid" in without_name(column.attrs.get("not_null"))
    return [
        _validated(below)
        for below in reached
        if unvalidated and below.attrs.get("not_null") and not is_not_valid(below)
    ]


def left_behind(table: Fact, leaves: Sequence[str], view: View) -> list[str]:
    """Takes off what columns had of NOT NULL from parents that a table leaves, and from no other: leaving
    makes it the table's own, which the target has not."""
    found = []
    for column in view.live_parts.get(table.id, ()) if leaves and version(view) >= 180000 else ():
        after = view.target.get(column.id)
        if column.kind != "column" or after is None or is_bound(column, view):
            continue
        now = after.attrs.get("not_null")
        above = {p: view.live.get(f"column:{p}.{last(column.name)}") for p in table.attrs.get("inherits", ())}
        givers = {parent for parent, of_parent in above.items() if gives(of_parent)}
        wanted = is_inherited(column.attrs.get("not_null")) and (not now or is_inherited(now))
        if wanted and givers and givers <= {*leaves}:
            found.append(f"ALTER TABLE {table.name} ALTER COLUMN {last(column.name)} DROP NOT NULL")
    return found


def _held(column: Fact, view: View) -> list[str]:
    """Makes it their own where children cannot be without: the parent's takes along what they inherit."""
    if version(view) < 180000:
        return []
    return [
        f"ALTER TABLE {table_of(below)} ALTER COLUMN {last(below.name)} SET NOT NULL"
        for below in _inheriting(column, view)
        if is_bound(below, view)
    ]


def is_named_apart(column: Fact, reached: Sequence[Fact], view: View) -> bool:
    """Whether the NOT NULL of a column that comes (since 18) has another name in a partition that gets it by
    the same statement, and with it the name from above."""
    below = (c for c in reached if f"partition:{table_of(c)}" in view.target)
    named = version(view) >= 180000 and gives(column) and not is_not_valid(column)
    return named and any(is_named_otherwise(c, column) for c in below)


def _named_below(column: Fact, view: View) -> list[str]:
    """Gives partitions theirs, before they would get it from above and under the name there."""
    if version(view) < 180000 or not gives(view.target.get(column.id)):
        return []
    found: list[str] = []
    for child in children(column.parent or "", view.target_dependents):
        below = view.target.get(f"column:{child}.{last(column.name)}")
        if below is None or not view.stays(f"partition:{child}"):
            continue
        found += _named_below(below, view)
        held = view.stays(below.id) and view.live[below.id].attrs.get("not_null")
        if not held and is_named_otherwise(below, column):
            found += [*without_namesake(below, view), *_anew(below, None, below.attrs["not_null"], view)]
    return found


def _inheriting(column: Fact, view: View) -> Iterator[Fact]:
    for child in children(column.parent or "", view.live_dependents):
        below = view.live.get(f"column:{child}.{last(column.name)}")
        stays = below is not None and view.stays(below.id)
        if below is not None and stays and is_inherited(below.attrs.get("not_null")):
            yield below
            yield from _inheriting(below, view)
