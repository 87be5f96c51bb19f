"""What facts stand on that the catalogs know but do not keep in ``pg_depend``."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain

from snapstore.model import Fact
from snapstore_postgres.names import last, qualifier, unquote
from snapstore_postgres.relations import recognition

Facts = Mapping[str, Fact]
Kinds = Mapping[str, Sequence[Fact]]
"""Facts by the query that told of them, mostly of one kind: what concerns few is not looked for among all."""


def derived_needs(facts: Facts, kinds: Kinds) -> Iterator[tuple[str, str]]:
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
