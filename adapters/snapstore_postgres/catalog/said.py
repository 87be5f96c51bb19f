"""What is said of objects of any kind: comments, labels, privileges, and that they go with an extension."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from snapstore.model import UNMODELLED, Fact, Json
from snapstore_postgres.catalog.addresses import Addresses
from snapstore_postgres.catalog.reading import Answers


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


SAID: Mapping[str, Callable[[Answers, Addresses], Iterator[Fact]]] = {
    "comments": _comments,
    "labels": _labels,
    "privileges": _privileges,
    "attached": _attached,
    "unmodelled": _unmodelled,
}
"""What makes facts of each of the queries that tell of any kind of object."""
