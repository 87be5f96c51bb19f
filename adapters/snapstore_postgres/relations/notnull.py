"""What columns say of NULL. Since 18 that is a constraint, with a name, that children inherit or do not.

What a child of an inheritance tree has is its own, or only inherited. What is only inherited comes and goes
with that of the parents, under a name that nobody can choose; ``SET NOT NULL`` on the child makes it its own,
and nothing makes it only inherited again. A partition always has one of its own. Before 18 it is a flag of
each column: see ``flags.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from snapstore.facts import Groups
from snapstore.model import Fact, Json
from snapstore.rules import View
from snapstore_postgres.names import aside, block, last, literal, unquote
from snapstore_postgres.relations import children, not_null_name, table_of, version
from snapstore_postgres.relations.no_inherit import first_for_all

_UNKNOWN = ""
"""Instead of the name of a NOT NULL that is only inherited."""
_INHERITED = {"inherited": True}
_LOST = {"lost": True}


def not_null_clause(column: Fact, not_null: Json, view: View) -> str:
    """As CREATE TABLE and ADD COLUMN write it."""
    if not not_null:
        return ""
    if not_null is True or is_lost(not_null):
        name = _contested_name(column, view)
        return f" CONSTRAINT {name} NOT NULL" if name else " NOT NULL"
    if not_null.get("not_valid") or not_null.get("inherited"):
        return ""
    not_null = first_for_all(column, not_null, view)
    return f" CONSTRAINT {not_null['name']} NOT NULL" + (" NO INHERIT" if not_null.get("no_inherit") else "")


def not_null_statements(column: Fact, was: Json, now: Json, view: View, *, below: bool = False) -> list[str]:
    """What makes of the one the other; with ``below`` in the tables below too, whatever they have."""
    if was == now:
        return []
    now = first_for_all(column, now, view)
    if is_flag(column, view) and not below:
        only = f"ALTER TABLE ONLY {table_of(column)} ALTER COLUMN {last(column.name)}"
        return [] if bool(was) == bool(now) else [f"{only} {'SET' if now else 'DROP'} NOT NULL"]
    alter = f"ALTER TABLE {table_of(column)} ALTER COLUMN {last(column.name)}"
    if not now:
        return [*_held(column, view), *_released(column, was, view), f"{alter} DROP NOT NULL"]
    if is_inherited(was) and is_inherited(now):
        return [_validated(column)] if "not_valid" in was and "not_valid" not in now else []
    if is_inherited(was):
        return [_told_own(column, now), *_own_name(column, now, view)]
    first = [] if was else _named_below(column, view)
    return [*first, *without_namesake(column, view), *_changed(column, was, now, view)]


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
    found = [*_held(column, view), f"{alter} DROP NOT NULL"] if was else []
    contested = _contested_name(column, view) if now is True else None
    if contested:
        return [*found, f"ALTER TABLE {table} ADD CONSTRAINT {contested} NOT NULL {name}"]
    if now is True or "name" not in now:
        return [*found, f"{alter} SET NOT NULL"]
    clause = f"CONSTRAINT {now['name']} NOT NULL {name}" + (" NO INHERIT" if now.get("no_inherit") else "")
    if not now.get("not_valid"):
        return [*found, f"ALTER TABLE {table} ADD {clause}"]
    valid = [_validated(below) for below in _valid_below(column, view)]
    return [*found, f"ALTER TABLE {table} ADD {clause} NOT VALID", *valid]


def _valid_below(column: Fact, view: View) -> Iterator[Fact]:
    """The columns of tables that inherit it, and are there, in which it is valid: it was new with these."""
    for child in children(column.parent or "", view.target_dependents):
        below = view.target.get(f"column:{child}.{last(column.name)}")
        if below is not None and view.stays(below.id):
            yield from [below] if is_only_inherited(below) else []
            yield from _valid_below(below, view)


def may_be_left(column: Fact, not_null: Json, view: View) -> bool:
    """Whether a NOT NULL (since 18) may be one that a parent's column has left when it went: it has the name
    that it had there."""
    named = isinstance(not_null, dict) and "name" in not_null
    table = view.live.get(column.parent or "")
    return named and version(view) >= 180000 and table is not None and "inherits" in table.attrs


def _released(column: Fact, not_null: Json, view: View) -> list[str]:
    """Makes one droppable that a parent has left. It counts as inherited until it is called the column's own
    and the column is given its type once more, which makes it anew."""
    if not may_be_left(column, not_null, view):
        return []
    alter = f"ALTER TABLE {table_of(column)} ALTER COLUMN {last(column.name)}"
    collation = f" COLLATE {column.attrs['collation']}" if "collation" in column.attrs else ""
    return [
        block(
            f"""BEGIN
  IF EXISTS (
    SELECT FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_attribute a
        ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
     WHERE k.conrelid = {_table(column)}::pg_catalog.regclass AND k.contype = 'n' AND k.coninhcount > 0
       AND a.attname = {literal(unquote(last(column.name)))})
  THEN
    {alter} SET NOT NULL;
    {alter} TYPE {column.attrs["type"]}{collation};
  END IF;
END"""
        )
    ]


def own_not_null(column: Fact, view: View) -> str | None:
    """As CREATE TABLE writes it for a column that it does not name, as it comes from the parents."""
    not_null = column.attrs.get("not_null")
    given = isinstance(not_null, dict) and {"inherited", "not_valid"} & not_null.keys()
    if not not_null or given or version(view) < 180000:
        return None
    first = first_for_all(column, not_null, view)
    reach = " NO INHERIT" if "no_inherit" in without_name(first) else ""
    return f"CONSTRAINT {_name_in(not_null, column)} NOT NULL {last(column.name)}{reach}"


def is_flag(column: Fact, view: View) -> bool:
    """Whether it is a flag that can be changed in this table and in none below it."""
    table = view.either(column.parent or "")
    return version(view) < 180000 and table is not None and "partition_key" not in table.attrs


def unvalidated(column: Fact) -> list[str]:
    """The statement behind the creation of a column whose NOT NULL is not valid."""
    not_null = column.attrs.get("not_null")
    if not isinstance(not_null, dict) or not not_null.keys() >= {"name", "not_valid"}:
        return []
    clause = f"CONSTRAINT {not_null['name']} NOT NULL {last(column.name)} NOT VALID"
    return [f"ALTER TABLE {table_of(column)} ADD {clause}"]


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
    if unquote(old) == unquote(new):
        return []
    if not _is_wanted(column, view):
        rename = f"ALTER TABLE {table_of(column)} RENAME CONSTRAINT {old} TO {new}"
        heirs = "no_inherit" not in without_name(was) and children(column.parent or "", view.live_dependents)
        return [_renamed_with_heirs(column, now, old, rename) if heirs else rename]
    return [_renamed(column, new)]


def _renamed(column: Fact, name: str, *, unless: str | None = None) -> str:
    rename = "ALTER TABLE %s RENAME CONSTRAINT %I TO %s"
    return _with_held(column, rename, f"{_table(column)}, held, {literal(name)}", unless=unless)


def _told_own(column: Fact, now: Json) -> str:
    """Makes one that was inherited the column's own, which ``SET NOT NULL`` would validate too."""
    if "not_valid" in without_name(now):
        return f"ALTER TABLE {table_of(column)} ADD NOT NULL {last(column.name)} NOT VALID"
    return f"ALTER TABLE {table_of(column)} ALTER COLUMN {last(column.name)} SET NOT NULL"


def _own_name(column: Fact, now: Json, view: View) -> list[str]:
    """For what was only inherited, and keeps the name that it had from a parent which gives it no more."""
    parents = view.target[column.parent or ""].attrs.get("inherits", ())
    if any(gives(view.target.get(f"column:{parent}.{last(column.name)}")) for parent in parents):
        return []
    new = _name_in(now, column)
    return [*without_namesake(column, view), _renamed(column, new, unless=new)]


def not_null_comment(column: Fact, text: str) -> str:
    """The statement that comments on it; ``text`` is a literal or NULL. Only the server knows the name under
    which it was inherited."""
    if not is_inherited(column.attrs.get("not_null")):
        return f"COMMENT ON CONSTRAINT {name_of_not_null(column)} ON {table_of(column)} IS {text}"
    return _with_held(
        column, "COMMENT ON CONSTRAINT %I ON %s IS %s", f"held, {_table(column)}, {literal(text)}"
    )


def _validated(column: Fact) -> str:
    """The statement that validates one that is only inherited."""
    return _with_held(column, "ALTER TABLE %s VALIDATE CONSTRAINT %I", f"{_table(column)}, held")


def validated_below(column: Fact, reached: Sequence[Fact]) -> list[str]:
    """The same for columns that came with one whose NOT NULL is not valid, though theirs is: it was new with
    their table."""
    unvalidated = "not_valid" in without_name(column.attrs.get("not_null"))
    return [
        _validated(below) for below in reached if unvalidated and below.attrs.get("not_null") == _INHERITED
    ]


def _table(column: Fact) -> str:
    return literal(table_of(column))


def _with_held(column: Fact, statement: str, values: str, *, unless: str | None = None) -> str:
    """A statement with ``values``, among which ``held`` is the name that the NOT NULL of a column has; none
    where that is ``unless``."""
    run = f"EXECUTE pg_catalog.format('{statement}', {values});"
    if unless is not None:
        run = f"IF held <> {literal(unquote(unless))} THEN {run} END IF;"
    return block(
        f"DECLARE held name; BEGIN SELECT c.conname INTO held FROM pg_catalog.pg_constraint c"
        f" JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]"
        f" WHERE c.conrelid = {_table(column)}::pg_catalog.regclass AND c.contype = 'n'"
        f" AND a.attname = {literal(unquote(last(column.name)))};"
        f" {run} END"
    )


def _renamed_with_heirs(column: Fact, now: Json, old: str, rename: str) -> str:
    """PostgreSQL renames that of the tables below too. It does not where one has it under another name, or
    from another parent as well, and facts do not tell that of what is only inherited: it is made anew."""
    table, name = table_of(column), last(column.name)
    valid = " NOT VALID" if "not_valid" in without_name(now) else ""
    return block(
        f"""BEGIN
  IF EXISTS (
    WITH RECURSIVE below AS (
      SELECT inhrelid, inhparent FROM pg_catalog.pg_inherits
       WHERE inhparent = {literal(table)}::pg_catalog.regclass
       UNION
      SELECT i.inhrelid, i.inhparent FROM pg_catalog.pg_inherits i JOIN below b ON i.inhparent = b.inhrelid)
    SELECT FROM (SELECT inhrelid, pg_catalog.count(*) AS parents FROM below GROUP BY inhrelid) b
      JOIN pg_catalog.pg_attribute a ON a.attrelid = inhrelid AND a.attname = {literal(unquote(name))}
      JOIN pg_catalog.pg_constraint k ON k.conrelid = inhrelid AND k.contype = 'n' AND k.conkey[1] = a.attnum
     WHERE k.conname <> {literal(unquote(old))} OR k.coninhcount > parents)
  THEN
    ALTER TABLE {table} ALTER COLUMN {name} DROP NOT NULL;
    ALTER TABLE {table} ADD CONSTRAINT {_name_in(now, column)} NOT NULL {name}{valid};
  ELSE {rename};
  END IF;
END"""
    )


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
        columns = chain.from_iterable(side.kinds.get("column", ()) for side in (view.live, view.target))
        values = (f.attrs.get("not_null") for f in columns)
        view.memo["not_null_names"] = {unquote(v.get("name", "")) for v in values if isinstance(v, dict)}
    name, taken = not_null_name(column), view.memo["not_null_names"]
    return name if unquote(name) in taken or _UNKNOWN in taken else None


# -- below parents -----------------------------------------------------------------------------------------


def is_inherited(not_null: Json) -> bool:
    """Whether it is only inherited."""
    return isinstance(not_null, dict) and bool(not_null.get("inherited"))


def is_lost(not_null: Json) -> bool:
    """Whether a partition has no such constraint, though its column is NOT NULL: see ``miscounted.py``."""
    return bool(not_null == _LOST)


def is_only_inherited(column: Fact) -> bool:
    """Whether its NOT NULL is that of the tables above, and valid."""
    return bool(column.attrs.get("not_null") == _INHERITED)


def gives(column: Fact | None) -> bool:
    """Whether the tables below get the NOT NULL of a column."""
    not_null = column.attrs.get("not_null") if column else None
    return bool(not_null) and "no_inherit" not in without_name(not_null)


def cannot_become(before: Fact, after: Fact, parents: Sequence[str], view: View) -> bool:
    """Whether a column of a child cannot get the NOT NULL that it is to have: one would have to become only
    inherited, or an inherited one get another name. ``parents`` are the columns above it that stay."""
    was, now = before.attrs.get("not_null"), after.attrs.get("not_null")
    if not now or was == now:
        return False
    is_own = bool(was) and not is_inherited(was)
    if is_inherited(now):
        return is_own
    givers = [identity for identity in parents if gives(view.target[identity])]
    given = bool(givers)
    if is_own:
        return given or any(gives(view.live[identity]) for identity in parents)
    names = set(_names_of(parents, view))
    # Of several parents, nothing tells whose name it has.
    return given and (unquote(_name_in(now, after)) not in names or (len(givers) > 1 and len(names) > 1))


def _names_of(parents: Sequence[str], view: View) -> Iterator[str]:
    for identity in parents:
        yield from (unquote(name_of_not_null(side[identity])) for side in (view.live, view.target))


def arrived(before: Fact, after: Fact, parents: Sequence[str], view: View) -> Json:
    """What a column has of NOT NULL once that of the columns above it is as it will be."""
    was = before.attrs.get("not_null")
    if not parents:
        return was
    is_partition = f"partition:{table_of(after)}" in view.target
    if version(view) < 180000 and not is_partition:
        return was
    if is_partition:
        return _followed(was, after.attrs.get("not_null"), parents, view)
    if was and not is_inherited(was):
        return was
    above = [view.target[identity].attrs["not_null"] for identity in parents if gives(view.target[identity])]
    if above:
        unvalidated = all("not_valid" in without_name(not_null) for not_null in above)
        return was or {**_INHERITED, **({"not_valid": True} if unvalidated else {})}
    givers = [identity for identity in parents if gives(view.live[identity])]
    # What is no more for children stays theirs; what goes takes along all that can be without.
    stays = any(view.target[identity].attrs.get("not_null") for identity in givers)
    if not was or not (stays or is_bound(before, view)):
        return was if _may_keep(before, after, view) else None
    own = [view.live[i] for i in givers if not is_inherited(view.live[i].attrs["not_null"])]
    return {"name": name_of_not_null(own[0])} if own else was


def _may_keep(before: Fact, after: Fact, view: View) -> bool:
    """Whether what was only inherited may be the table's own by now, since it leaves a parent that gives it:
    it is, if the others have taken back theirs before."""
    now = after.attrs.get("not_null")
    was_below, is_below = (
        side[before.parent or ""].attrs.get("inherits", ()) for side in (view.live, view.target)
    )
    left = (f"column:{parent}.{last(before.name)}" for parent in was_below if parent not in is_below)
    return bool(now) and not is_inherited(now) and any(gives(view.live.get(above)) for above in left)


def _followed(was: Json, now: Json, parents: Sequence[str], view: View) -> Json:
    """The same where a parent's is that of all its partitions."""
    for identity in parents:
        before, after = gives(view.live[identity]), gives(view.target[identity])
        if before != after:
            was = was if was and not now else now if after else None
        elif after and was and now:
            was = now
    return was


def named_with_parents(column: Fact, parents: Sequence[str], view: View) -> Json:
    """What a column of a partition has of NOT NULL once that of the columns above it has its new name: one of
    the same name gets that too."""
    held = column.attrs.get("not_null")
    for identity in parents:
        above, now = view.live[identity], view.target[identity]
        was, will = (side.attrs.get("not_null") for side in (above, now))
        renamed = was and will and was != will and without_name(was) == without_name(will)
        if held and renamed and unquote(_name_in(held, column)) == unquote(_name_in(was, above)):
            held = {**without_name(held), "name": _name_in(will, now)}
    return held


def named_by_retyping(held: Json, parents: Sequence[str], view: View) -> Json:
    """What a column of a partition has of NOT NULL once one above it has got another type (since 18): it is
    made anew with that one's, by its name."""
    for identity in parents if held and version(view) >= 180000 else ():
        given = view.target[identity].attrs.get("not_null")
        if given:
            return {**without_name(held), "name": _name_in(given, view.target[identity])}
    return held


def comes_with_new_parent(table: Fact, kept: Sequence[str], view: View) -> bool:
    """Whether a NOT NULL is only inherited, and from none of the parents that are ``kept``: a table has to
    have one of its own to get a parent that gives it."""
    return any(
        not any(gives(view.target.get(f"column:{parent}.{last(column.name)}")) for parent in kept)
        for column in view.target_parts.get(table.id, ())
        if column.kind == "column" and is_inherited(column.attrs.get("not_null"))
    )


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


def _is_named_otherwise(column: Fact, above: Fact) -> bool:
    return bool(column.attrs.get("not_null")) and not _has_name(column, name_of_not_null(above))


def is_named_apart(column: Fact, reached: Sequence[Fact], view: View) -> bool:
    """Whether the NOT NULL of a column that comes (since 18) has another name in a partition that gets it by
    the same statement, and with it the name from above."""
    below = (c for c in reached if f"partition:{table_of(c)}" in view.target)
    named = version(view) >= 180000 and gives(column) and not _is_unvalidated(column)
    return named and any(_is_named_otherwise(c, column) for c in below)


def _is_unvalidated(column: Fact) -> bool:
    return "not_valid" in without_name(column.attrs.get("not_null"))


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
        if not held and _is_named_otherwise(below, column):
            found += [*without_namesake(below, view), *_anew(below, None, below.attrs["not_null"], view)]
    return found


def _inheriting(column: Fact, view: View) -> Iterator[Fact]:
    for child in children(column.parent or "", view.live_dependents):
        below = view.live.get(f"column:{child}.{last(column.name)}")
        if below is not None and is_inherited(below.attrs.get("not_null")):
            yield below
            yield from _inheriting(below, view)


def is_bound(column: Fact, view: View) -> bool:
    """Whether it numbers rows, or is part of a primary key, so that it has to be NOT NULL."""
    parts = view.live_parts.get(column.parent or "", ())
    keys = (part for part in parts if part.kind == "constraint" and part.attrs.get("type") == "p")
    return "identity" in column.attrs or any(column.id in key.needs for key in keys)
