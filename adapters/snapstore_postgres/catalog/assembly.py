"""From the rows of the catalog queries to facts that name what they are part of and what they stand on."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, repeat
from sys import intern

from snapstore.adapter import Context
from snapstore.model import UNMODELLED, Fact, Json
from snapstore_postgres.catalog.addresses import Addresses, address, object_at
from snapstore_postgres.catalog.reading import Answers, fact_queries
from snapstore_postgres.catalog.upserts import on_all_columns
from snapstore_postgres.names import last, qualifier, unquote
from snapstore_postgres.options import is_secret, sealed_options
from snapstore_postgres.relations import recognition

Facts = Mapping[str, Fact]
Kinds = Mapping[str, Sequence[Fact]]
"""Facts by the query that told of them, mostly of one kind: what concerns few is not looked for among all."""


def assemble(found: Answers, context: Context) -> dict[str, Fact]:
    """All facts by identity. psycopg.Error when a query failed, SnapError without a key for a secret."""
    addresses = Addresses()
    kinds: dict[str, list[Fact]] = {}
    for name in fact_queries(found.server):
        identities = addresses.supplied if name == "facts/supplied" else addresses.identities
        read = _facts(found, name, identities)
        secret = _SECRETS.get(name)
        kinds[name.removeprefix("facts/")] = read if secret is None else _all_sealed(read, secret, context)
    addresses.add_aliases(found)
    facts = {fact.id: fact for fact in chain.from_iterable(kinds.values())}
    needed, unknown = _dependencies(found, addresses, facts)
    for said in (_comments, _labels, _privileges, _attached, _unmodelled):
        name = said.__name__.removeprefix("_")
        kinds[name] = list(said(found, addresses))
        facts.update((fact.id, fact) for fact in kinds[name])
    for identity, needs in _needs(needed, facts, kinds).items():
        fact = facts[identity]
        facts[identity] = Fact(identity, fact.attrs, fact.parent, tuple(sorted(needs)))
    unmodelled = [f"{UNMODELLED}:{name}" for name in found.described(unknown)]
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


_SECRETS = {
    "facts/fdw": "options",
    "facts/server": "options",
    "facts/user_mapping": "options",
    "facts/table": "foreign",
    "facts/column": "foreign_options",
    "facts/subscription": "connection",
    "facts/database_setting": "value",
    "facts/role_setting": "value",
    "facts/role_password": "verifier",
}
"""Queries that may tell secrets, and the attribute that does."""


def _all_sealed(facts: Sequence[Fact], secret: str, context: Context) -> list[Fact]:
    return [_sealed(fact, context) if secret in fact.attrs else fact for fact in facts]


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
    foreign = fact.attrs["foreign"]
    if "options" not in foreign:
        return fact
    sealed = {**foreign, "options": sealed_options(fact.id, foreign["options"], False, context)}
    return Fact(fact.id, {**fact.attrs, "foreign": sealed}, fact.parent)


def _with_sealed_options(fact: Fact, key: str, context: Context) -> Fact:
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


def _dependencies(
    found: Answers, addresses: Addresses, facts: Facts
) -> tuple[dict[str, set[str]], list[tuple[int, int]]]:
    """What the server says that each fact stands on, besides what it is part of; and the class and oid of
    every object in one of our schemas that no query told of."""
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
    return needs, unknown


def _needs(needs: dict[str, set[str]], facts: Facts, kinds: Kinds) -> dict[str, set[str]]:
    """The same with what follows from the facts."""
    _without_partition_parents(needs, facts, kinds)
    _through_shells(needs, kinds)
    for identity, ref in _derived_needs(facts, kinds):
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


def _derived_needs(facts: Facts, kinds: Kinds) -> Iterator[tuple[str, str]]:
    """What the catalogs know but do not keep in ``pg_depend``: pairs of a fact and what it stands on."""
    for kind, derive in _DERIVED.items():
        for fact in kinds.get(kind, ()):
            yield from derive(fact, facts)
    yield from _of_attached_tables(kinds)
    yield from _of_recognised(facts, kinds)
    yield from _of_grants(kinds["privileges"])
    yield from _on_transforms(kinds)
    roles = {unquote(fact.name): fact.id for fact in kinds.get("role", ())}
    if roles:
        yield from _of_roles(facts, roles)


def _of_partition(fact: Fact, facts: Facts) -> Iterator[tuple[str, str]]:
    yield fact.id, "table:" + fact.attrs["of"]


def _of_index_partition(fact: Fact, facts: Facts) -> Iterator[tuple[str, str]]:
    """The child's index stands on the parent's."""
    child, attached = fact.parent or "", fact.attrs["parent"]
    yield fact.id, attached
    yield child, attached
    table = facts[child].parent if child in facts else None
    if table:
        yield fact.id, "partition:" + table.partition(":")[2]


def _of_recognised(facts: Facts, kinds: Kinds) -> Iterator[tuple[str, str]]:
    """A table is attached when it has all its indexes. But attaching it recognises neither exclusion
    constraints, nor keys of another type, nor one of two that are alike: these come after it."""
    indexes: dict[str, list[Fact]] = defaultdict(list)
    attached = kinds.get("index_partition", ())
    for fact in chain(kinds["index"], kinds["constraint"]) if attached else ():
        indexes[fact.parent or ""].append(fact)
    for fact in attached:
        child, parent = facts.get(fact.parent or ""), facts.get(fact.attrs["parent"])
        if child is None or child.attrs.get("type") == "x":
            continue
        if parent is None or recognition.is_recognised(parent, child, indexes):
            yield "partition:" + (child.parent or "").partition(":")[2], child.id


def _of_index_role(fact: Fact, facts: Facts) -> Iterator[tuple[str, str]]:
    yield fact.id, fact.attrs["identity"]


def _of_attached_tables(kinds: Kinds) -> Iterator[tuple[str, str]]:
    """A table is attached when it has the columns and the constraints of its parent."""
    attached = {"table:" + fact.name: fact.id for fact in kinds.get("partition", ())}
    for kind in ("column", "constraint") if attached else ():
        for fact in kinds.get(kind, ()):
            if fact.parent in attached and (kind == "column" or fact.attrs.get("inherited")):
                yield attached[fact.parent], fact.id


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


_TRANSFORMS = re.compile(r"^ TRANSFORM FOR TYPE (.+)$", re.MULTILINE)
_LANGUAGE = re.compile(r"^ LANGUAGE (\S+)", re.MULTILINE)


def _on_transforms(kinds: Kinds) -> Iterator[tuple[str, str]]:
    """The transforms that a routine says it uses, which releases of before 2025 have not noted."""
    if "transform" not in kinds:
        return
    for fact in chain(kinds.get("function", ()), kinds.get("procedure", ())):
        types, language = (found.search(fact.attrs["definition"]) for found in (_TRANSFORMS, _LANGUAGE))
        if types and language:
            names = types[1].split(", FOR TYPE ")
            yield from ((fact.id, f"transform:FOR {name} LANGUAGE {language[1]}") for name in names)


def _of_membership(fact: Fact, facts: Facts) -> Iterator[tuple[str, str]]:
    """Who takes others into a role is a member of it that may do so."""
    if "grantor" in fact.attrs:
        by = f"membership:{fact.attrs['role']}:{fact.attrs['grantor']}"
        found = [by] if by in facts else [other for other in facts if other.startswith(by + ":")]
        yield from ((fact.id, other) for other in found if facts[other].attrs.get("admin"))


def _of_operator(fact: Fact, facts: Facts) -> Iterator[tuple[str, str]]:
    """Making an operator writes its name into its negator and its commutator, where these have none.

    One that is to have none is therefore made after those that name it, and not completed by them. One that
    is not there is made with the first that names it, as a name and no more.
    """
    for link, left, right in (("negator", "left", "right"), ("commutator", "right", "left")):
        if link in fact.attrs:
            name = fact.attrs[link].removeprefix("OPERATOR(").removesuffix(")")
            other = f"operator:{name}({fact.attrs.get(left, 'NONE')},{fact.attrs.get(right, 'NONE')})"
            if other in facts and link not in facts[other].attrs:
                yield other, fact.id
            if f"shell_{other}" in facts:
                yield f"shell_{other}", fact.id


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
    """The trigger comes with being attached, at any height, or when the table above gets it."""
    table, name = qualifier(fact.name), last(fact.name)
    while f"partition:{table}" in facts:
        yield fact.id, f"partition:{table}"
        table = facts[f"partition:{table}"].attrs["of"]
        if f"trigger:{table}.{name}" in facts:
            yield fact.id, f"trigger:{table}.{name}"


_DERIVED: Mapping[str, Callable[[Fact, Facts], Iterator[tuple[str, str]]]] = {
    "partition": _of_partition,
    "index_partition": _of_index_partition,
    "cluster": _of_index_role,
    "replica_identity": _of_index_role,
    "membership": _of_membership,
    "operator": _of_operator,
    "trigger_state": _of_trigger_state,
}
