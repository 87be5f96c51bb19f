"""From the rows of the catalog queries to facts that name what they are part of and what they stand on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from sys import intern

from snapstore.adapter import Context
from snapstore.model import UNMODELLED, Fact, Json
from snapstore_postgres.catalog.addresses import Addresses, address
from snapstore_postgres.catalog.needs import told_needs, with_derived
from snapstore_postgres.catalog.reading import Answers, fact_queries
from snapstore_postgres.catalog.said import SAID
from snapstore_postgres.catalog.sealing import sealed


def assemble(found: Answers, context: Context) -> dict[str, Fact]:
    """All facts by identity. psycopg.Error when a query failed, SnapError without a key for a secret."""
    addresses = Addresses()
    kinds: dict[str, list[Fact]] = {}
    for name in fact_queries(found.server):
        identities = addresses.supplied if name == "facts/supplied" else addresses.identities
        kinds[name.removeprefix("facts/")] = sealed(_facts(found, name, identities), name, context)
    addresses.add_aliases(found)
    facts = {fact.id: fact for fact in chain.from_iterable(kinds.values())}
    told = told_needs(found, addresses, facts)
    for name, said in SAID.items():
        kinds[name] = list(said(found, addresses))
        facts.update((fact.id, fact) for fact in kinds[name])
    for identity, needs in with_derived(told.needs, facts, kinds).items():
        fact = facts[identity]
        facts[identity] = Fact(identity, fact.attrs, fact.parent, tuple(sorted(needs)))
    unmodelled = [f"{UNMODELLED}:{name}" for name in found.described(told.unknown)]
    facts.update((identity, Fact(identity)) for identity in unmodelled)
    return facts


def _facts(found: Answers, query: str, identities: dict[int, str]) -> list[Fact]:
    """The facts that a query tells of. There are many, so they are made column by column of a batch."""
    answer = found[query]
    attributes = _Attributes(answer.names[5:])
    facts: list[Fact] = []
    for batch in answer.batches():
        classes, oids, subs, names, parents, *values = zip(*batch, strict=True)
        names = tuple(map(intern, names))
        places = zip(classes, oids, subs, names, strict=True)
        identities.update({address(class_, oid, sub): name for class_, oid, sub, name in places if oid})
        rows = zip(*values, strict=True) if values else repeat((), len(names))
        parents = tuple(parent and intern(parent) for parent in parents)
        facts += map(Fact, names, attributes.of(rows), parents)
    return facts


class _Attributes:
    """Attributes of these names, from rows of their values. Equal ones are one object: of the many rows, few
    are different."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._known: dict[tuple[Json, ...], dict[str, Json]] = {}

    def of(self, rows: Iterable[tuple[Json, ...]]) -> Iterator[dict[str, Json]]:
        known = self._known
        for values in rows:
            try:
                yield known[values]
            except KeyError:
                attrs = known[values] = self._made(values)
                yield attrs
            except TypeError:  # a list or an object is among them
                yield self._made(values)

    def _made(self, values: tuple[Json, ...]) -> dict[str, Json]:
        return {name: value for name, value in zip(self._names, values, strict=True) if value is not None}
