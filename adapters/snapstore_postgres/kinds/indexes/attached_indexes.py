"""Rules for indexes that are attached to one of the table above, and what that means for both."""

from __future__ import annotations

from snapstore.model import Fact
from snapstore.rules import NOTHING, Alteration, Draft, Rule, View
from snapstore_postgres.relations import STRONGEST


def attached_indexes(fact: Fact, view: View) -> list[Fact]:
    """The indexes of partitions that vanish with this one, at any depth."""
    found = []
    for part in view.live_dependents.get(fact.id, ()):
        if part.kind == "index_partition" and part.attrs["parent"] == fact.id and part.parent:
            child = view.live[part.parent]
            if _goes_with_parent(child, view):
                found += [child, *attached_indexes(child, view)]
    return found


def vanishes_with_parent_index(fact: Fact, view: View) -> bool:
    for part in view.live_parts.get(fact.id, ()):
        if part.kind == "index_partition" and view.vanishes(part.attrs["parent"]):
            return _goes_with_parent(fact, view)
    return False


def _goes_with_parent(fact: Fact, view: View) -> bool:
    """Whether an attached index is still attached when the one above it goes; one that is taken apart from a
    table that goes would be left behind by that, not by the table's leaving."""
    table = (fact.parent or "").partition(":")[2]
    partition = f"partition:{table}"
    if not view.vanishes(partition):
        return True
    leaves_first = partition in view.apart.going or not view.vanishes(f"table:{table}")
    return fact.id in view.apart.going and not leaves_first


def separable(fact: Fact, view: View) -> list[str]:
    """An index and those that it is attached to, without which it cannot go."""
    above = [p.attrs["parent"] for p in view.live_parts.get(fact.id, ()) if p.kind == "index_partition"]
    return [fact.id, *(i for name in above if name in view.live for i in separable(view.live[name], view))]


def _attach_index(fact: Fact, view: View) -> Draft:
    return Draft(statements=[f"ALTER INDEX {fact.attrs['of']} ATTACH PARTITION {fact.name}"], lock=STRONGEST)


def _detach_index(fact: Fact, view: View) -> Draft:
    return NOTHING


def _elsewhere(fact: Fact, view: View) -> list[str]:
    """For an index that gets another above it: itself, and the one that it is of, which cannot be without."""
    before = view.live.get(fact.id)
    if before is None or before.attrs["parent"] == fact.attrs["parent"]:
        return []
    return [before.attrs["parent"], before.parent or ""]


def _without_part(fact: Fact, view: View) -> list[str]:
    """The parent's index, which cannot be without that of a partition that stays, not even for a moment."""
    before = view.live.get(fact.id)
    if before is None:
        return []
    child = view.live[before.parent or ""]
    partition = "partition:" + (child.parent or "").partition(":")[2]
    return [before.attrs["parent"]] if view.stays(partition) else []


def _with_part(fact: Fact, view: View) -> list[str]:
    return [*_elsewhere(fact, view), *_without_part(fact, view)]


def _alter_attachment(before: Fact, after: Fact, view: View) -> Alteration | None:
    return Alteration() if before.attrs == after.attrs else None


RULES: dict[str, Rule] = {
    "index_partition": Rule(
        _attach_index, _detach_index, _alter_attachment, rank=55, along=_with_part, behind=_without_part
    ),
}
