"""Which come first: the indexes of a table, the partitions that have parts of them, or being attached."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Action, Fact, Verb
from snapstore.rules import View
from snapstore_postgres.kinds.indexes.attached_indexes import separable
from snapstore_postgres.relations import recognition
from snapstore_postgres.relations.inheritance import ancestors


def made_after(fact: Fact, view: View) -> list[str]:
    """The partitions that come before an index or key of their table, since attaching them would give it
    another part than its own: one that is made there and then, or one that only looks like it."""
    if fact.kind == "constraint" and fact.attrs["type"] not in ("p", "u"):
        return []
    around = view.target_dependents
    below = (p for p in around.get(fact.id, ()) if p.kind == "index_partition")
    children = [view.target[part.parent or ""] for part in below if part.attrs["parent"] == fact.id]
    recognised = {c.parent for c in children if recognition.is_recognised(fact, c, view.target_parts)}
    parts = _partitions_of(fact, view.target)
    late = elsewhere(fact, view.target)
    return [part.id for part in parts if part.parent not in recognised and part not in late]


def elsewhere(index: Fact, side: Facts) -> list[Fact]:
    """The partitions of the table of an index that lie on other servers, and have no part of it. It becomes
    valid when it has got its last part, if each partition that is attached in that moment has one: so these
    come after it. Not those of one that is to be invalid."""
    if index.kind != "index" or "invalid" in index.attrs:
        return []
    return [p for p in _partitions_of(index, side) if "foreign" in side[p.parent or ""].attrs]


def _partitions_of(index: Fact, side: Facts) -> list[Fact]:
    return [part for part in side.dependents.get(index.parent or "", ()) if part.kind == "partition"]


def come_without_parts(index: Fact, view: View) -> list[str]:
    """The partitions on other servers that have to leave for a new index to become valid."""
    return [part.id for part in elsewhere(index, view.live)]


def before_elsewhere(partition: Fact, view: View) -> Iterator[str]:
    """What is attached before such a partition: to the indexes of its table their parts."""
    if "foreign" not in view.target[partition.parent or ""].attrs:
        return
    for index in view.target_parts.get(f"table:{partition.attrs['of']}", ()):
        if partition in elsewhere(index, view.target):
            yield index.id
            around = view.target_dependents.get(index.id, ())
            yield from (p.id for p in around if p.kind == "index_partition" and p.attrs["parent"] == index.id)


def behind_partitions(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, where a new index that comes behind one partition of its table comes behind all that come:
    neither these nor those in them wait for their parts of it, as one could wait for the other by two
    indexes."""
    coming = {i for a in actions if a.verb is Verb.CREATE for i in a.produces if i.startswith("partition:")}
    new = [action for action in actions if action.subject not in request.live] if coming else []
    late = {a.subject: places for a in new if (places := _partitions_before(a, coming, request.target))}
    return [_waiting(action, late, request.target) for action in actions] if late else list(actions)


def _partitions_before(action: Action, coming: Collection[str], target: Facts) -> set[str]:
    """All coming partitions of the table of an index or key that comes, where it waits for one of them."""
    fact = target.get(action.subject) if action.verb is Verb.CREATE else None
    is_key = fact is not None and (fact.kind == "index" or fact.attrs.get("type") in ("p", "u"))
    if fact is None or not is_key:
        return set()
    late = {part.id for part in elsewhere(fact, target)}
    partitions = {part.id for part in _partitions_of(fact, target) if part.id in coming} - late
    return set() if partitions.isdisjoint(action.needs) else partitions


def _attached_to(index: str, target: Facts) -> Iterator[str]:
    """The indexes that are attached to one, at any depth, and their being so."""
    for attached in target.dependents.get(index, ()):
        if attached.kind == "index_partition" and attached.attrs["parent"] == index:
            part = attached.parent or ""
            yield from (attached.id, part, *_attached_to(part, target))


def _with_those_above(produced: Iterable[str], target: Facts) -> Iterator[str]:
    """The partitions that an action brings, and those that they are in; none for one that lies elsewhere, as
    that is to wait."""
    for kind, _, name in (identity.partition(":") for identity in produced):
        if kind == "partition" and "foreign" not in target[f"table:{name}"].attrs:
            yield from (f"partition:{table}" for table in (name, *ancestors(name, target)))


def _waiting(action: Action, late: Mapping[str, set[str]], target: Facts) -> Action:
    if action.subject in late:
        return structs.replace(action, needs=tuple(sorted({*action.needs, *late[action.subject]})))
    coming = set(_with_those_above(action.produces, target))
    indexes = [index for index, places in late.items() if not places.isdisjoint(coming)]
    parts = {part for index in indexes for part in _attached_to(index, target)}
    needs = tuple(need for need in action.needs if need not in parts)
    return structs.replace(action, needs=needs) if parts else action


def lacking(partition: Fact, view: View) -> list[str]:
    """The indexes of the parent to which attaching a partition would give another part than its own."""
    indexes = view.target_parts.get(f"table:{partition.attrs['of']}", ())
    return [
        _topmost(index, view)
        for index in indexes
        if index.id in view.live
        and (is_exclusion(index) or (index.kind in _KINDS and partition.id in made_after(index, view)))
    ]


_KINDS = ("index", "constraint")


def _topmost(index: Fact, view: View) -> str:
    """The index that this one is, over others, attached to: none below it can go by itself."""
    *_, top = separable(index, view)
    return top


def is_exclusion(fact: Fact) -> bool:
    """Whether it is a constraint that PostgreSQL does not compare with others when a table is attached."""
    return fact.kind == "constraint" and fact.attrs.get("type") == "x"
