"""What each fact stands on: what the server says, and what follows from the facts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from snapstore.model import Fact
from snapstore_postgres.catalog.addresses import Addresses, object_at
from snapstore_postgres.catalog.derived_needs import Facts, Kinds, derived_needs
from snapstore_postgres.catalog.reading import Answers
from snapstore_postgres.catalog.upserts import on_all_columns


class Told(NamedTuple):
    """What the server says of dependencies."""

    needs: dict[str, set[str]]
    """What each fact stands on, besides what it is part of."""
    unknown: list[tuple[int, int]]
    """The class and oid of every object in one of our schemas that no query told of."""


def told_needs(found: Answers, addresses: Addresses, facts: Facts) -> Told:
    """What ``pg_depend`` says of these facts."""
    unknown: list[tuple[int, int]] = []
    needs: dict[str, set[str]] = defaultdict(set)
    known, resolve = addresses.identities.get, addresses.resolve
    for at, ref_at in found.rows("dependencies"):
        identity = known(at) or resolve(at)
        ref = known(ref_at) or resolve(ref_at)
        if identity and ref and identity != ref and facts[identity].parent != ref:
            if known(at) or not ref.startswith("schema:"):  # where a part of it lies tells nothing of it
                needs[identity].add(ref)
        elif identity is None and ref and ref.startswith("schema:"):
            unknown.append(object_at(at))
    return Told(needs, unknown)


def with_derived(needs: dict[str, set[str]], facts: Facts, kinds: Kinds) -> dict[str, set[str]]:
    """What each fact stands on by what was told, and by what follows from the facts."""
    _without_partition_parents(needs, facts, kinds)
    _through_shells(needs, kinds)
    for identity, ref in derived_needs(facts, kinds):
        if ref in facts and identity != ref:
            needs[identity].add(ref)
    _on_partitions(needs, facts, kinds)
    _on_rows(needs, kinds)
    on_all_columns(needs, kinds)
    return {identity: refs for identity, refs in needs.items() if refs}


def _on_partitions(needs: dict[str, set[str]], facts: Facts, kinds: Kinds) -> None:
    """A foreign key stands on all partitions of the table that it refers to, or none of them could go."""
    partitions: dict[str, list[str]] = defaultdict(list)
    for fact in kinds.get("partition", ()):
        partitions["table:" + fact.attrs["of"]].append(fact.id)
    for fact in kinds.get("constraint", ()) if partitions else ():
        if fact.attrs.get("type") == "f":
            keys = [need for need in needs[fact.id] if need.startswith(("constraint:", "index:"))]
            for key in keys:
                needs[fact.id].update(_partitions_below(facts[key].parent or "", partitions))


def _on_rows(needs: dict[str, set[str]], kinds: Kinds) -> None:
    """What holds rows of another table stands on that and on its columns, which cannot change else."""
    standing = [fact for fact in kinds.get("column", ()) if fact.id in needs]
    holders = {fact.id: tables for fact in standing if (tables := _held(fact.id, fact.parent, needs))}
    matviews = ((fact.id, _held_by_matview(fact, needs)) for fact in kinds.get("matview", ()))
    holders.update((identity, tables) for identity, tables in matviews if tables)
    held = set().union(*holders.values())
    columns: dict[str, list[str]] = defaultdict(list)
    for fact in kinds.get("column", ()) if held else ():
        columns[fact.parent or ""].append(fact.id)
    for holder, tables in holders.items():
        needs[holder].update(tables, *(columns[table] for table in tables))


def _held(identity: str, own: str | None, needs: Mapping[str, set[str]]) -> set[str]:
    """The tables, besides the fact's own, whose rows are in it or in what it is made of."""
    found: set[str] = set()
    for need in needs.get(identity, ()):
        if need.startswith("table:") and need != own:
            found.add(need)
        elif need.startswith(_MADE_OF):
            found |= _held(need, own, needs)
    return found


_MADE_OF = ("composite:", "domain:", "range:")


def _held_by_matview(fact: Fact, needs: Mapping[str, set[str]]) -> set[str]:
    """The same for a materialized view, which may also stand on tables that it only reads."""
    types = {column["type"].removesuffix("[]") for column in fact.attrs.get("columns") or ()}
    own = {need for need in needs.get(fact.id, ()) if need.partition(":")[2] in types}
    tables = {need for need in own if need.startswith("table:")}
    return tables.union(*(_held(need, None, needs) for need in own if need.startswith(_MADE_OF)))


def _partitions_below(table: str, partitions: Mapping[str, list[str]]) -> Iterator[str]:
    for identity in partitions.get(table, ()):
        yield identity
        yield from _partitions_below("table:" + identity.partition(":")[2], partitions)


def _without_partition_parents(needs: Mapping[str, set[str]], facts: Facts, kinds: Kinds) -> None:
    """A partition stands on its parent by its attachment, which is a fact of its own."""
    for fact in kinds.get("partition", ()):
        if fact.parent and fact.parent in needs:
            needs[fact.parent].discard("table:" + fact.attrs["of"])


def _through_shells(needs: Mapping[str, set[str]], kinds: Kinds) -> None:
    """What a type is made of is declared with its name only, or each would need the other first."""
    for fact in (*kinds.get("base_type", ()), *kinds.get("range", ())):
        for made_of in needs.get(fact.id, ()) if fact.parent else ():
            if fact.id in needs.get(made_of, ()):
                needs[made_of].remove(fact.id)
                needs[made_of].add(fact.parent or "")
