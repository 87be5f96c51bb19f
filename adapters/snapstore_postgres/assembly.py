"""From the rows of the catalog queries to facts that name what they are part of and what they stand on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from sys import intern
from typing import Any

from snapstore.adapter import Context
from snapstore.model import UNMODELLED, Fact, Json
from snapstore_postgres.addresses import Addresses, address
from snapstore_postgres.names import qualifier, unquote
from snapstore_postgres.options import is_secret, sealed_options
from snapstore_postgres.reading import Answers, fact_queries

Facts = Mapping[str, Fact]
Kinds = Mapping[str, Sequence[str]]
"""Identities of facts by their kind: what concerns one kind is not looked for among all."""


def assemble(found: Answers, context: Context) -> list[Fact]:
    """All facts. psycopg.Error when a query failed, SnapError when there is no key for a secret."""
    addresses = Addresses()
    facts: dict[str, Fact] = {}
    for name in fact_queries(found.server):
        identities = addresses.supplied if name == "facts/supplied" else addresses.identities
        read = _facts(found, name, identities)
        if name in _WITH_SECRETS:
            read = {identity: _sealed(fact, context) for identity, fact in read.items()}
        facts |= read
    addresses.add_aliases(found)
    for said in (_comments, _labels, _privileges, _attached, _unmodelled):
        facts.update((fact.id, fact) for fact in said(found, addresses))
    needed, unknown = _needs(found, addresses, facts)
    for identity, needs in needed.items():
        fact = facts[identity]
        facts[identity] = Fact(identity, fact.attrs, fact.parent, tuple(sorted(needs)))
    return [*facts.values(), *(Fact(f"{UNMODELLED}:{name}") for name in found.described(unknown))]


def _facts(found: Answers, query: str, identities: dict[int, str]) -> dict[str, Fact]:
    """The facts that a query tells of. There are many: what is equal in them is kept once."""
    answer = found[query]
    names = answer.names[5:]
    facts: dict[str, Fact] = {}
    known: dict[tuple[Any, ...], dict[str, Json]] = {}
    for row in answer.rows:
        class_, oid, sub, identity, parent = row[:5]
        identity = intern(identity)
        if oid:
            identities[address(class_, oid, sub)] = identity
        values = row[5:]
        try:
            attrs = known.get(values)
        except TypeError:  # a list or an object is among them
            attrs = _attributes(names, values)
        else:
            if attrs is None:
                attrs = known[values] = _attributes(names, values)
        facts[identity] = Fact(identity, attrs, parent and intern(parent))
    return facts


def _attributes(names: Sequence[str], values: Sequence[Json]) -> dict[str, Json]:
    return {name: value for name, value in zip(names, values, strict=True) if value is not None}


_WITH_SECRETS = {"facts/fdw", "facts/server", "facts/user_mapping", "facts/table", "facts/column",
                 "facts/subscription", "facts/database_setting", "facts/role_setting",
                 "facts/role_password"}  # fmt: skip


def _sealed(fact: Fact, context: Context) -> Fact:
    """The fact with what is secret in its connection, or in options of foreign objects, sealed."""
    if fact.kind == "subscription":
        return _with_sealed(fact, "connection", context)
    if fact.kind == "role_password":
        return _with_sealed(fact, "verifier", context)
    if fact.kind in ("database_setting", "role_setting"):
        secret = is_secret(fact.attrs["name"], fact.attrs["value"])
        return _with_sealed(fact, "value", context) if secret else fact
    if fact.kind == "column":
        return _with_sealed_options(fact, "foreign_options", context)
    if fact.kind != "table":
        return _with_sealed_options(fact, "options", context)
    foreign = fact.attrs.get("foreign", {})
    if "options" not in foreign:
        return fact
    sealed = {**foreign, "options": sealed_options(fact.id, foreign["options"], False, context)}
    return Fact(fact.id, {**fact.attrs, "foreign": sealed}, fact.parent)


def _with_sealed_options(fact: Fact, key: str, context: Context) -> Fact:
    if key not in fact.attrs:
        return fact
    options = sealed_options(fact.id, fact.attrs[key], fact.kind == "user_mapping", context)
    return Fact(fact.id, {**fact.attrs, key: options}, fact.parent)


def _with_sealed(fact: Fact, name: str, context: Context) -> Fact:
    value = context.seal(f"{fact.id}:{name}", fact.attrs[name].encode())
    return Fact(fact.id, {**fact.attrs, name: value}, fact.parent)


def _comments(found: Answers, addresses: Addresses) -> Iterator[Fact]:
    for class_, oid, sub, column, text, not_null in found.rows("comments"):
        part = addresses.part(class_, oid, sub, column)
        if part is not None and not_null:
            attrs = {"text": text, "not_null": True}
            yield Fact(f"comment:not_null:{part[0].partition(':')[2]}", attrs, part[1])
        elif part is not None:
            yield Fact(f"comment:{part[0]}", {"text": text}, part[1])


def _labels(found: Answers, addresses: Addresses) -> Iterator[Fact]:
    for class_, oid, sub, column, provider, text in found.rows("labels"):
        part = addresses.part(class_, oid, sub, column)
        if part is not None:
            attrs = {"of": part[0], "provider": provider, "label": text}
            yield Fact(f"label:{part[0]}:{provider}", attrs, part[1])


def _privileges(found: Answers, addresses: Addresses) -> Iterator[Fact]:
    for class_, oid, sub, column, grantee, grantor, given, built_in in found.rows("privileges"):
        part = addresses.part(class_, oid, sub, column)
        if part is None:
            continue
        attrs: dict[str, Json] = {"grantee": grantee, "privileges": given or []}
        attrs |= {"default": built_in} if built_in else {}
        attrs |= {"grantor": grantor} if grantor else {}
        yield Fact(f"grant:{part[0]}:{grantee}" + (f":{grantor}" if grantor else ""), attrs, part[1])


def _attached(found: Answers, addresses: Addresses) -> Iterator[Fact]:
    for class_, oid, extension in found.rows("attached"):
        part = addresses.part(class_, oid, 0, None)
        if part is not None:
            needs = (f"extension:{extension}",)
            attrs = {"of": part[0], "extension": extension}
            yield Fact(f"depends_on_extension:{part[0]}:{extension}", attrs, part[1], needs)


def _unmodelled(found: Answers, addresses: Addresses) -> Iterator[Fact]:
    for (name,) in found.rows("unmodelled"):
        yield Fact(f"{UNMODELLED}:{name}")


def _needs(
    found: Answers, addresses: Addresses, facts: Facts
) -> tuple[dict[str, set[str]], list[tuple[int, int]]]:
    """What each fact stands on, besides what it is part of; and the class and oid of every object in one of
    our schemas that no query told of."""
    unknown: list[tuple[int, int]] = []
    needs: dict[str, set[str]] = defaultdict(set)
    known, resolve = addresses.identities.get, addresses.resolve
    for class_, oid, sub, ref_class, ref_oid, ref_sub in found.rows("dependencies"):
        identity = known(address(class_, oid, sub)) or resolve(class_, oid, sub)
        ref = known(address(ref_class, ref_oid, ref_sub)) or resolve(ref_class, ref_oid, ref_sub)
        if identity and ref and identity != ref and facts[identity].parent != ref:
            needs[identity].add(ref)
        elif identity is None and ref and ref.startswith("schema:"):
            unknown.append((class_, oid))
    kinds = _by_kind(facts)
    _without_partition_parents(needs, facts, kinds)
    _through_shells(needs, facts, kinds)
    for identity, ref in _derived_needs(facts, kinds):
        if ref in facts and identity != ref:
            needs[identity].add(ref)
    _on_partitions(needs, facts, kinds)
    _on_rows(needs, facts, kinds)
    return {identity: refs for identity, refs in needs.items() if refs}, unknown


def _by_kind(facts: Facts) -> Kinds:
    kinds: dict[str, list[str]] = defaultdict(list)
    for identity in facts:
        kinds[identity.partition(":")[0]].append(identity)
    return kinds


def _on_partitions(needs: dict[str, set[str]], facts: Facts, kinds: Kinds) -> None:
    """A foreign key stands on all partitions of the table that it refers to, or none of them could go."""
    partitions: dict[str, list[str]] = defaultdict(list)
    for identity in kinds.get("partition", ()):
        partitions["table:" + facts[identity].attrs["of"]].append(identity)
    for identity in kinds.get("constraint", ()) if partitions else ():
        if facts[identity].attrs.get("type") == "f":
            keys = [need for need in needs[identity] if need.startswith(("constraint:", "index:"))]
            for key in keys:
                needs[identity].update(_partitions_below(facts[key].parent or "", partitions))


def _on_rows(needs: dict[str, set[str]], facts: Facts, kinds: Kinds) -> None:
    """A column that holds rows of another table stands on the columns of that, which cannot change else."""
    holders = {i: tables for i in kinds.get("column", ()) if (tables := _held(i, facts[i].parent, needs))}
    held = set().union(*holders.values())
    columns: dict[str, list[str]] = defaultdict(list)
    for identity in kinds.get("column", ()) if held else ():
        columns[facts[identity].parent or ""].append(identity)
    for holder, tables in holders.items():
        needs[holder].update(column for table in tables for column in columns[table])


def _held(identity: str, own: str | None, needs: Mapping[str, set[str]]) -> set[str]:
    """The tables, besides the fact's own, whose rows are in it or in what it is made of."""
    found: set[str] = set()
    for need in needs.get(identity, ()):
        if need.startswith("table:") and need != own:
            found.add(need)
        elif need.startswith(("composite:", "domain:", "range:")):
            found |= _held(need, own, needs)
    return found


def _partitions_below(table: str, partitions: Mapping[str, list[str]]) -> Iterator[str]:
    for identity in partitions.get(table, ()):
        yield identity
        yield from _partitions_below("table:" + identity.partition(":")[2], partitions)


def _without_partition_parents(needs: Mapping[str, set[str]], facts: Facts, kinds: Kinds) -> None:
    """A partition stands on its parent by its attachment, which is a fact of its own."""
    for fact in (facts[identity] for identity in kinds.get("partition", ())):
        if fact.parent and fact.parent in needs:
            needs[fact.parent].discard("table:" + fact.attrs["of"])


def _through_shells(needs: Mapping[str, set[str]], facts: Facts, kinds: Kinds) -> None:
    """What a type is made of is declared with its name only, or each would need the other first."""
    types = [*kinds.get("base_type", ()), *kinds.get("range", ())]
    for fact in (facts[identity] for identity in types):
        for made_of in needs.get(fact.id, ()) if fact.parent else ():
            if fact.id in needs.get(made_of, ()):
                needs[made_of].remove(fact.id)
                needs[made_of].add(fact.parent or "")


def _derived_needs(facts: Facts, kinds: Kinds) -> Iterator[tuple[str, str]]:
    """What the catalogs know but do not keep in ``pg_depend``: pairs of a fact and what it stands on."""
    for kind, derive in _DERIVED.items():
        for identity in kinds.get(kind, ()):
            yield from derive(facts[identity], facts)
    yield from _of_attached_tables(facts, kinds)
    yield from _of_grants([facts[identity] for identity in kinds.get("grant", ())])
    roles = {unquote(facts[identity].name): identity for identity in kinds.get("role", ())}
    if roles:
        yield from _of_roles(facts, roles)


def _of_partition(fact: Fact, facts: Facts) -> Iterator[tuple[str, str]]:
    yield fact.id, "table:" + fact.attrs["of"]


def _of_index_partition(fact: Fact, facts: Facts) -> Iterator[tuple[str, str]]:
    """The child's index stands on the parent's, and the table is attached when it has all its indexes; but
    attaching it does not recognise exclusion constraints, so that these come after it."""
    child, attached = fact.parent or "", fact.attrs["parent"]
    yield fact.id, attached
    yield child, attached
    table = facts[child].parent if child in facts else None
    if table:
        partition = "partition:" + table.partition(":")[2]
        yield fact.id, partition
        if facts[child].attrs.get("type") != "x":
            yield partition, child


def _of_index_role(fact: Fact, facts: Facts) -> Iterator[tuple[str, str]]:
    yield fact.id, fact.attrs["identity"]


def _of_attached_tables(facts: Facts, kinds: Kinds) -> Iterator[tuple[str, str]]:
    """A table is attached when it has the columns and the constraints of its parent."""
    attached = {"table:" + name.partition(":")[2]: name for name in kinds.get("partition", ())}
    for kind in ("column", "constraint") if attached else ():
        for identity in kinds.get(kind, ()):
            fact = facts[identity]
            partition = attached.get(fact.parent or "")
            if partition and (kind == "column" or fact.attrs.get("inherited")):
                yield partition, identity


def _of_grants(grants: Sequence[Fact]) -> Iterator[tuple[str, str]]:
    """What somebody else than the owner grants stands on the grants by which that one may."""
    passed_on = [fact for fact in grants if "grantor" in fact.attrs]
    held: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    for fact in grants if passed_on else ():
        held[_granted_object(fact), fact.attrs["grantee"]].append(fact)
    for fact in passed_on:
        options = {f"{privilege.rstrip('*')}*" for privilege in fact.attrs["privileges"]}
        above = (held.get((on, fact.attrs["grantor"]), ()) for on in _granted_objects(fact))
        for other in chain.from_iterable(above):
            if options & set(other.attrs["privileges"]):
                yield fact.id, other.id


def _of_membership(fact: Fact, facts: Facts) -> Iterator[tuple[str, str]]:
    """Who takes others into a role is a member of it that may do so."""
    if "grantor" in fact.attrs:
        by = f"membership:{fact.attrs['role']}:{fact.attrs['grantor']}"
        found = [by] if by in facts else [other for other in facts if other.startswith(by + ":")]
        yield from ((fact.id, other) for other in found if facts[other].attrs.get("admin"))


def _of_operator(fact: Fact, facts: Facts) -> Iterator[tuple[str, str]]:
    """Making an operator writes its name into its negator and its commutator, where these have none.

    One that is to have none is therefore made after those that name it, and not completed by them.
    """
    for link, left, right in (("negator", "left", "right"), ("commutator", "right", "left")):
        if link in fact.attrs:
            name = fact.attrs[link].removeprefix("OPERATOR(").removesuffix(")")
            other = f"operator:{name}({fact.attrs.get(left, 'NONE')},{fact.attrs.get(right, 'NONE')})"
            if other in facts and link not in facts[other].attrs:
                yield other, fact.id


_ROLES = ("owner", "role", "grantee", "grantor", "user", "roles")


def _of_roles(facts: Facts, roles: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Owners, grantees and members stand on their roles, where those are captured at all."""
    for fact in facts.values():
        for named in map(fact.attrs.get, _ROLES):
            for name in named if isinstance(named, list) else [named]:
                role = roles.get(name) or roles.get(unquote(name)) if isinstance(name, str) else None
                if role and role != fact.parent:
                    yield fact.id, role


def _granted_objects(fact: Fact) -> list[str]:
    """What the grant is on; for a column its relation too, whose rights are those of all columns."""
    granted = _granted_object(fact)
    kind, _, name = granted.partition(":")
    relations = [f"{of}:{qualifier(name)}" for of in ("table", "view", "matview")] if kind == "column" else []
    return [granted, *relations]


def _granted_object(fact: Fact) -> str:
    words = [fact.attrs["grantee"], *filter(None, [fact.attrs.get("grantor")])]
    return fact.name.removesuffix(":" + ":".join(words))


def _of_trigger_state(fact: Fact, facts: Facts) -> Iterator[tuple[str, str]]:
    """The trigger comes with being attached."""
    yield fact.id, "partition:" + qualifier(fact.name)


_DERIVED: Mapping[str, Callable[[Fact, Facts], Iterator[tuple[str, str]]]] = {
    "partition": _of_partition,
    "index_partition": _of_index_partition,
    "cluster": _of_index_role,
    "replica_identity": _of_index_role,
    "membership": _of_membership,
    "operator": _of_operator,
    "trigger_state": _of_trigger_state,
}
