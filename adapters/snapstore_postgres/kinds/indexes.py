"""Rules for indexes, and for what tables use them for."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Action, Fact, Hazard, HazardName, Json, Verb
from snapstore.rules import NOTHING, Alteration, Draft, Rule, View
from snapstore_postgres.expressions import before_clause, reparsable
from snapstore_postgres.relations import STRONGEST, option_statements, recognition, relation_slot, size
from snapstore_postgres.relations.inheritance import ancestors


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


def _create_index(fact: Fact, view: View) -> Draft:
    rows, bytes_ = size(view, fact.parent or "")
    text = reparsable(fact.attrs["definition"])
    if fact.attrs.get("tablespace"):
        text = before_clause(text, f" TABLESPACE {fact.attrs['tablespace']}")
    return Draft(
        statements=[text, *_index_statistics(fact, {})],
        undo=[f"DROP INDEX {fact.name}"],
        needs=made_after(fact, view),
        lock="SHARE",
        rows=rows,
        bytes=bytes_,
        hazards=[Hazard(HazardName.INDEX_BUILD, f"builds {fact.name}", rows=rows, bytes=bytes_)]
        if bytes_
        else (),
    )


def _index_statistics(fact: Fact, before: Mapping[str, Json]) -> list[str]:
    now = fact.attrs.get("statistics", {})
    targets = {**dict.fromkeys(before, -1), **now}
    return [
        f"ALTER INDEX {fact.name} ALTER COLUMN {number} SET STATISTICS {value}"
        for number, value in sorted(targets.items())
        if before.get(number, -1) != value
    ]


def _drop_index(fact: Fact, view: View) -> Draft:
    if vanishes_with_parent_index(fact, view):
        return NOTHING
    return Draft(
        statements=[f"DROP INDEX {fact.name}"],
        undo=[fact.attrs["definition"]],
        absorbs=attached_indexes(fact, view),
        lock=STRONGEST,
    )


_PARAMETER = r"\w+=(?:'[^']*'|[\w.]+)"
_PARAMETERS = re.compile(rf" WITH \(({_PARAMETER}(?:, {_PARAMETER})*)\)(?= TABLESPACE | WHERE |$)")


def _alter_index(before: Fact, after: Fact, view: View) -> Alteration | None:
    old, new = before.attrs, after.attrs
    was, now = (_PARAMETERS.search(attrs["definition"]) for attrs in (old, new))
    same = _PARAMETERS.sub("", old["definition"], 1) == _PARAMETERS.sub("", new["definition"], 1)
    if not same or old.get("invalid") != new.get("invalid"):
        return None
    parameters = [found[1].split(", ") if found else [] for found in (was, now)]
    if parameters[0] != parameters[1] and on_partitioned(after, view):
        return None
    statements = stored_otherwise(after.name, *parameters)
    if old.get("tablespace") != new.get("tablespace"):
        statements.append(f"ALTER INDEX {after.name} SET TABLESPACE {new.get('tablespace', 'pg_default')}")
    statements += _index_statistics(after, old.get("statistics", {}))
    return Alteration(statements=statements, lock=STRONGEST)


def on_partitioned(fact: Fact, view: View) -> bool:
    """Whether it is a partitioned index, whose storage parameters cannot be altered."""
    return "partition_key" in view.target[fact.parent or ""].attrs


def stored_otherwise(index: str, was: Sequence[str], now: Sequence[str]) -> list[str]:
    """Statements that change the storage parameters of an index; what is in it already stays as it lies."""
    old, new = ([item.replace("'", "") for item in items] for items in (was, now))
    return option_statements(f"ALTER INDEX {index}", old, new)


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


def _set_cluster(fact: Fact, view: View) -> Draft:
    kind = "MATERIALIZED VIEW" if (fact.parent or "").startswith("matview:") else "TABLE"
    return Draft(
        statements=[f"ALTER {kind} {fact.name} CLUSTER ON {fact.attrs['index']}"],
        undo=[f"ALTER {kind} {fact.name} SET WITHOUT CLUSTER"],
        lock="SHARE UPDATE EXCLUSIVE",
    )


def _unset_cluster(fact: Fact, view: View) -> Draft:
    if view.vanishes(fact.attrs["identity"]):
        return NOTHING
    kind = "MATERIALIZED VIEW" if (fact.parent or "").startswith("matview:") else "TABLE"
    return Draft(statements=[f"ALTER {kind} {fact.name} SET WITHOUT CLUSTER"])


def _set_replica_identity(fact: Fact, view: View) -> Draft:
    return Draft(
        statements=[f"ALTER TABLE ONLY {fact.name} REPLICA IDENTITY USING INDEX {fact.attrs['index']}"],
        lock=STRONGEST,
    )


def _unset_replica_identity(fact: Fact, view: View) -> Draft:
    after = view.target.get(f"table:{fact.name}")
    if after is None or "replica_identity" in after.attrs:
        return NOTHING
    return Draft(statements=[f"ALTER TABLE ONLY {fact.name} REPLICA IDENTITY DEFAULT"], lock=STRONGEST)


def _alter_attachment(before: Fact, after: Fact, view: View) -> Alteration | None:
    return Alteration() if before.attrs == after.attrs else None


RULES: dict[str, Rule] = {
    "index": Rule(
        _create_index,
        _drop_index,
        _alter_index,
        rank=52,
        separable=separable,
        slots=relation_slot,
        along=come_without_parts,
    ),
    "index_partition": Rule(
        _attach_index, _detach_index, _alter_attachment, rank=55, along=_with_part, behind=_without_part
    ),
    "cluster": Rule(_set_cluster, _unset_cluster, rank=80),
    "replica_identity": Rule(_set_replica_identity, _unset_replica_identity, rank=80),
}
