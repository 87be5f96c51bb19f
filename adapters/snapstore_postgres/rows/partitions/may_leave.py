"""Which tables have rows that may have to leave, and whether they may."""

from __future__ import annotations

from collections.abc import Iterator

from snapstore.model import DataMode, Fact
from snapstore.rules import View
from snapstore_postgres.relations.foreign_keys import references, referred
from snapstore_postgres.relations.inheritance import ancestors, partitions_below
from snapstore_postgres.relations.sizes import size


def may_be_taken_out(fact: Fact, view: View) -> bool:
    mode = view.request.options.data
    return mode is DataMode.DISCARD or (mode is DataMode.ARCHIVE and not _is_referred(fact, view))


def tables_to_leave(fact: Fact, view: View) -> Iterator[tuple[str, str]]:
    """Tables by name, with what the bound of the partition says of the rows that have to leave."""
    before = view.live.get(fact.id)
    as_before = before is not None and before.attrs == fact.attrs and not view.appears(f"table:{fact.name}")
    if not as_before and _may_leave_from_within(fact.name, view):
        yield fact.name, "FALSE"
    other = _defaults(view).get(fact.attrs["of"])
    if other not in (None, fact) and view.stays(other.id) and _may_leave(other.name, view):
        yield other.name, "TRUE"


def _defaults(view: View) -> dict[str, Fact]:
    """The default partitions of the target, by the names of the tables that they are of."""
    if "default_partitions" not in view.memo:
        attached = view.target.kinds.get("partition", ())
        found = {fact.attrs["of"]: fact for fact in attached if fact.attrs["bound"] == "DEFAULT"}
        view.memo["default_partitions"] = found
    known: dict[str, Fact] = view.memo["default_partitions"]
    return known


def _may_leave_from_within(table: str, view: View) -> bool:
    """The same for a new table too, which has rows where it gets partitions that have some before it is
    attached itself, or its own again, where it is made anew."""
    if not view.appears(f"table:{table}"):
        return _may_leave(table, view)
    below = partitions_below(f"table:{table}", view.target)
    others = any(_may_leave(identity.partition(":")[2], view) for identity in below)
    return others or _gets_its_own_again(table, view)


def _gets_its_own_again(table: str, view: View) -> bool:
    """Whether a table is made anew beside what it was in and is to be in, else its rows go through that, and
    without partitions, else it gets them when it is attached."""
    before, after = (side.get(f"table:{table}") for side in (view.live, view.target))
    if before is None or after is None or {"foreign"} & before.attrs.keys() or "partition_key" in after.attrs:
        return False
    if size(view, before.id)[1] == 0:
        return False
    around = {*ancestors(table, view.live)} & {*ancestors(table, view.target)}
    return not any(view.appears(f"table:{name}") for name in around)


def _may_leave(table: str, view: View) -> bool:
    identity = f"table:{table}"
    return (
        view.stays(identity) and "foreign" not in view.live[identity].attrs and size(view, identity)[1] != 0
    )


def _is_referred(fact: Fact, view: View) -> bool:
    """Whether a foreign key refers to the partition or to what it is in: a row that leaves, if only for a
    moment, might take others along."""
    if "referred" not in view.memo:
        view.memo["referred"] = referred(view.live) | _referred_from_within(view)
    names = (fact.name, *ancestors(fact.name, view.target))
    return any(f"table:{name}" in view.memo["referred"] for name in names)


def _referred_from_within(view: View) -> set[str]:
    """The tables that keys of the target refer to from their own tree. Others that come are made when the
    rows are back."""
    keys = references(view.target)
    return {to for key, to in keys if _in_tree(key.parent, view) == _in_tree(to, view)}


def _in_tree(table: str | None, view: View) -> str:
    """The root of the tree that a table of the target is in, by name."""
    name = (table or "").partition(":")[2]
    return [name, *ancestors(name, view.target)][-1]
