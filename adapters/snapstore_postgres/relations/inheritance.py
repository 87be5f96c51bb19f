"""What a table gets from its parents, and what only a new table can have.

PostgreSQL keeps with each column and check of a child whether it is *local*, its own, or only inherited. What
is not local goes when the parent's goes. A statement on the parent reaches its children; what a parent gives
cannot be changed in a child. A part becomes local when its last parent leaves it, and is never made inherited
again: ``INHERIT`` leaves them local. Where the target has it otherwise, the child is made anew.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Action, Fact, Verb
from snapstore.rules import View
from snapstore_postgres.names import last
from snapstore_postgres.relations import STRONGEST, children
from snapstore_postgres.relations.notnull_above import cannot_become


def parents(table: str, side: Mapping[str, Fact]) -> list[str]:
    """The names of the tables that a table, given by name, inherits from or is a partition of."""
    attachment = side.get(f"partition:{table}")
    if attachment is not None:
        return [attachment.attrs["of"]]
    fact = side.get(f"table:{table}")
    return list(fact.attrs.get("inherits", ())) if fact else []


def ancestors(table: str, side: Mapping[str, Fact]) -> Iterator[str]:
    """The names of a table's parents, and of theirs."""
    for parent in parents(table, side):
        yield parent
        yield from ancestors(parent, side)


def lasting_parents(table: str, view: View) -> list[str]:
    """The parents that a table has before and after, and at all times in between."""
    if not view.stays(f"table:{table}"):
        return []
    now = parents(table, view.target)
    attachment = f"partition:{table}"
    if (attachment in view.live or attachment in view.target) and not view.stays(attachment):
        return []
    return [p for p in parents(table, view.live) if p in now and view.stays(f"table:{p}")]


def given_by(part: Fact, view: View) -> Iterator[str]:
    """The identities of the same part in the parents that stay."""
    for parent in lasting_parents((part.parent or "").partition(":")[2], view):
        yield f"{part.kind}:{parent}.{last(part.name)}"


def comes_with_parent(part: Fact, view: View) -> bool:
    """Whether a column or constraint comes, or goes, by the statement on the parent."""
    return bool(part.attrs.get("inherited")) and any(view.either(i) for i in given_by(part, view))


def comes_by_several(part: Fact, view: View) -> bool:
    """Whether a column may come by statements on several tables, each of which sees to what is below it."""
    table = (part.parent or "").partition(":")[2]
    above = (table, *ancestors(table, view.target))
    return bool(part.attrs.get("inherited")) and any(len(parents(t, view.target)) > 1 for t in above)


def governing(part: Fact, view: View) -> list[str]:
    """The parts of parents whose changes reach this one, which itself cannot be changed."""
    return [i for i in given_by(part, view) if view.stays(i)]


def all_governing(part: Fact, view: View) -> list[str]:
    """The same with the parts of the parents of parents."""
    above = governing(part, view)
    return list(dict.fromkeys([*above, *(i for up in above for i in all_governing(view.target[up], view))]))


def unsettled(part: Fact, view: View) -> bool:
    """Whether a column or check of the target cannot come about in the table that there is."""
    table = part.parent or ""
    name = table.partition(":")[2]
    if not table.startswith("table:") or not view.stays(table) or f"partition:{name}" in view.target:
        return False
    before, local = view.live.get(part.id), not part.attrs.get("inherited")
    if before is None or view.vanishes(part.id):
        if before is not None and governing(part, view):
            return True  # it cannot go
        return not local and not any(view.appears(i) for i in given_by(part, view))
    through = governing(part, view)
    if cannot_become(before, part, all_governing(part, view), view):
        return True
    if local != (not before.attrs.get("inherited") or not through):
        return True
    retyped = any(before.attrs.get(key) != part.attrs.get(key) for key in ("type", "collation"))
    return retyped and len({_root(i, view) for i in through}) > 1


def made_with_table(part: Fact, view: View) -> list[str]:
    """The table that has to be made anew with a part; for the rules of parts."""
    return [part.parent] if part.parent and (unsettled(part, view) or in_partition_key(part, view)) else []


def in_partition_key(part: Fact, view: View) -> bool:
    """Whether the live table is partitioned by the column, which can then not be altered."""
    table = view.live.get(part.parent or "")
    key = table.attrs.get("partition_key", "") if table and part.kind == "column" else ""
    return names_column(key, last(part.name))


def names_column(key: str, column: str) -> bool:
    """Whether a partition key has a column in it."""
    return bool(re.search(rf'(?<![\w"]){re.escape(column)}(?![\w"])', key))


def _root(identity: str, view: View) -> str:
    """The topmost part that this one comes from."""
    above = governing(view.target[identity], view)
    return _root(above[0], view) if above else identity


def descendants(part: Fact, view: View, *, live: bool) -> Iterator[Fact]:
    """The same column or constraint in the tables that inherit it, at any depth."""
    side, dependents = (view.live, view.live_dependents) if live else (view.target, view.target_dependents)
    for child in children(part.parent or "", dependents):
        found = side.get(f"{part.kind}:{child}.{last(part.name)}")
        if found is not None and found.attrs.get("inherited"):
            yield found
            yield from descendants(found, view, live=live)


def along(part: Fact, view: View, *, live: bool) -> list[Fact]:
    """The same in the tables below that comes, or goes, by the statement on this one: not in those that are
    attached later, or were detached before, nor in what is below them. Each once, though a table may be below
    by several others."""
    return list({found.id: found for found in _along(part, view, live=live)}.values())


def _along(part: Fact, view: View, *, live: bool) -> Iterator[Fact]:
    side, dependents = (view.live, view.live_dependents) if live else (view.target, view.target_dependents)
    for child in children(part.parent or "", dependents):
        found = side.get(f"{part.kind}:{child}.{last(part.name)}")
        if found is not None and found.attrs.get("inherited") and part.id in given_by(found, view):
            yield found
            yield from _along(found, view, live=live)


def own_parts_below(part: Fact, view: View) -> Iterator[Fact]:
    """The same column or check of tables that inherit it, that add one of their own: it has to come first."""
    for child in children(part.parent or "", view.target_dependents):
        found = view.target.get(f"{part.kind}:{child}.{last(part.name)}")
        if found is not None and part.id in given_by(found, view):
            if not found.attrs.get("inherited") and view.appears(found.id):
                yield found
            yield from own_parts_below(found, view)


def is_made_anew_below(table: str, view: View) -> bool:
    """Whether a table that is to inherit from this one, given by identity, goes and comes again."""
    below = [f"table:{child}" for child in children(table, view.target_dependents)]
    return any(view.vanishes(child) or is_made_anew_below(child, view) for child in below)


def partitions_below(table: str, side: Facts) -> Iterator[str]:
    """The identities of the partitions of a table, given by identity, at any depth."""
    of: dict[str, list[str]] = defaultdict(list)
    for fact in side.kinds.get("partition", ()):
        of[f"table:{fact.attrs['of']}"].append(f"table:{fact.name}")
    waiting = of[table]
    while waiting:
        partition = waiting.pop()
        yield partition
        waiting += of[partition]


def dropped(column: Fact) -> str:
    """What is provided by dropping a parent's column: from then on, its children can drop theirs, and tables
    come to it that have none."""
    return f"dropped:{column.name}"


def vanishing_above(column: Fact, view: View) -> list[Fact]:
    """The same column of the parents that stay, where it goes."""
    return [view.live[i] for i in given_by(column, view) if view.vanishes(i)]


def all_dropped(parent: str, live: Facts) -> Iterator[str]:
    """The same for all columns of a table, given by name; nobody provides it for those that stay."""
    return (dropped(part) for part in live.parts.get(f"table:{parent}", ()) if part.kind == "column")


# -- links -------------------------------------------------------------------------------------------------


def links_in_order(before: Fact, after: Fact) -> bool:
    """Whether leaving parents and adding others, each at the end, gives the target's order."""
    was, now = before.attrs.get("inherits", []), after.attrs.get("inherits", [])
    kept = [parent for parent in was if parent in now]
    return bool(now[: len(kept)] == kept)


def left_parents(before: Fact, after: Fact) -> list[str]:
    now = after.attrs.get("inherits", ())
    return [parent for parent in before.attrs.get("inherits", ()) if parent not in now]


def with_new_links(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, and those that make tables which stay inherit: both have all their parts by then."""
    anew = {a.subject for a in actions if a.verb is Verb.DROP}
    links = [
        _link(request, change.after, parent)
        for change in request.changes.facts
        if change.before and change.after and change.after.kind == "table" and change.id not in anew
        for parent in left_parents(change.after, change.before)
    ]
    return [*actions, *links]


def _link(request: PlanRequest, child: Fact, parent: str) -> Action:
    ends = (child.id, f"table:{parent}")
    around = chain.from_iterable(request.target.parts.get(end, ()) for end in ends)
    parts = [f.id for f in around if f.kind in ("column", "constraint")]
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=f"inherits:{child.name}.{parent}",
        summary=f"table {child.name} inherits from {parent}",
        statements=(f"ALTER TABLE {child.name} INHERIT {parent}",),
        undo=(f"ALTER TABLE {child.name} NO INHERIT {parent}",),
        needs=tuple(sorted({*ends, *parts, *all_dropped(parent, request.live)})),
        lock=STRONGEST,
        transactional=True,
        rank=51,
    )


def goes_along(fact: Fact, view: View) -> bool:
    """Whether it goes by the statement for a parent's."""
    above = vanishing_above(fact, view)
    return comes_with_parent(fact, view) and not any(is_dropped_alone(part, view) for part in above)


def is_dropped_alone(fact: Fact, view: View) -> bool:
    """Whether a table below keeps the column that this one loses, and has it from no other parent. Asked for
    each of those below, once all fates are known."""
    known: dict[str, bool] = view.memo.setdefault("dropped alone", {})
    if fact.id not in known:
        below = along(fact, view, live=True)
        known[fact.id] = any(view.stays(d.id) and not _others_above(d, fact, view) for d in below)
    return known[fact.id]


def _others_above(column: Fact, above: Fact, view: View) -> list[str]:
    return [identity for identity in governing(column, view) if identity != above.id]
