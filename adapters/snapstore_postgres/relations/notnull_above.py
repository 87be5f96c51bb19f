"""What a column has of NOT NULL by those of the tables above it, as these change.

See ``notnull.py`` for what is inherited, and what is a column's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from snapstore.model import Fact, Json
from snapstore.rules import View
from snapstore_postgres.names import last, unquote
from snapstore_postgres.relations import table_of, version
from snapstore_postgres.relations.notnull import (
    INHERITED,
    gives,
    is_bound,
    is_inherited,
    name_in,
    name_of_not_null,
    without_name,
)


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
    return given and (unquote(name_in(now, after)) not in names or (len(givers) > 1 and len(names) > 1))


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
        return was or {**INHERITED, **({"not_valid": True} if unvalidated else {})}
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
        if held and renamed and unquote(name_in(held, column)) == unquote(name_in(was, above)):
            held = {**without_name(held), "name": name_in(will, now)}
    return held


def named_by_retyping(held: Json, parents: Sequence[str], view: View) -> Json:
    """What a column of a partition has of NOT NULL once one above it has got another type (since 18): it is
    made anew with that one's, by its name."""
    for identity in parents if held and version(view) >= 180000 else ():
        given = view.target[identity].attrs.get("not_null")
        if given:
            return {**without_name(held), "name": name_in(given, view.target[identity])}
    return held


def comes_with_new_parent(table: Fact, kept: Sequence[str], view: View) -> bool:
    """Whether a NOT NULL is only inherited, and from none of the parents that are ``kept``: a table has to
    have one of its own to get a parent that gives it."""
    return any(
        not any(gives(view.target.get(f"column:{parent}.{last(column.name)}")) for parent in kept)
        for column in view.target_parts.get(table.id, ())
        if column.kind == "column" and is_inherited(column.attrs.get("not_null"))
    )
