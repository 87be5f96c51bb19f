"""The facts of the live side as the server will tell them after a renaming.

Where it is not certain how the server will print a text, the one that the target has is believed if it is
among those that are possible; else the two differ, and the rules see an ordinary change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import structs

from snapstore.facts import Facts
from snapstore.model import Fact, Json
from snapstore_postgres.names import last, printed, qualifier, unquote
from snapstore_postgres.relations.usual_names import (
    domain_not_null_name,
    multirange_of,
    not_null_name,
    range_constructors,
)
from snapstore_postgres.renaming import INSIDE, Renaming, schema_of
from snapstore_postgres.renaming.mentions import Mentions
from snapstore_postgres.renaming.renamed_attributes import rewritten
from snapstore_postgres.renaming.wording import rewriters


def renamed_facts(
    facts: Iterable[Fact], renaming: Renaming, target: Mapping[str, Fact], version: int
) -> Iterator[Fact]:
    """The facts as they will be on a server of that version."""
    facts = list(facts)
    marks = _marks(renaming, facts)
    tables = _tables(renaming)
    for fact in facts:
        around = " ".join((fact.id, fact.parent or "", *fact.needs, *_beside(fact)))
        if fact.id not in tables and not any(mark in around for mark in marks):
            yield fact
            continue
        found = _renamed(fact, renaming, target)
        if version >= 180000 and fact.kind == "column":
            found = _named_not_null(fact, found, target.get(found.id))
        if version >= 170000 and fact.kind == "domain":
            found = _domain_not_null(fact, found)
        if fact.kind == "range":
            found = _with_range_names(fact, found, renaming)
        yield _in_its_schema(found, renaming)


def affected(renaming: Renaming, live: Facts, mentions: Mentions) -> list[Fact]:
    """Facts of which some may be others after a renaming; all others stay as they are."""
    marks = _marks(renaming, live.kinds.get("extension", ()))
    found = {fact.id: fact for fact in mentions.of(marks, live)}
    found |= {table: live[table] for table in _tables(renaming) if table in live}
    apart = ("range", "partition") if renaming.kind == "label" else ("range",)
    return [*{**found, **{fact.id: fact for kind in apart for fact in live.kinds.get(kind, ())}}.values()]


def _tables(renaming: Renaming) -> set[str]:
    """Those whose columns get other names."""
    return {f"table:{qualifier(name)}" for name in renaming.names} if renaming.kind == "column" else set()


def _marks(renaming: Renaming, facts: Iterable[Fact]) -> list[str]:
    """What is in the identity, the whole or the needs of a fact that may read otherwise then. What names a
    type of an extension needs that alone, and not its schema."""
    if renaming.kind in INSIDE:
        return [qualifier(renaming.old), *renaming.along]
    inside = (fact.id for fact in facts if fact.kind == "extension" and renaming.before in fact.needs)
    return [*renaming.names, *inside]


def _beside(fact: Fact) -> Iterator[str]:
    """The names of what came with a range type, which may be anywhere by now."""
    if fact.kind == "range":
        yield from [multirange_of(fact)] if "multirange" in fact.attrs else []
        yield from range_constructors(fact).values()


def _in_its_schema(fact: Fact, renaming: Renaming) -> Fact:
    """A fact that has moved to another schema with what was renamed, or is it."""
    if fact.name != renaming.new and fact.name not in renaming.along.values():
        return fact
    before, after = (f"schema:{schema_of(renaming.kind, name)}" for name in (renaming.old, renaming.new))
    if before == after or before not in fact.needs:
        return fact
    return structs.replace(fact, needs=tuple(sorted({*fact.needs, after} - {before})))


def _renamed(fact: Fact, renaming: Renaming, target: Mapping[str, Fact]) -> Fact:
    rename = renaming.identity
    found = Fact(
        rename(fact.id),
        fact.attrs,
        rename(fact.parent) if fact.parent else None,
        tuple(sorted(map(rename, fact.needs))),
    )
    wanted = target.get(found.id)
    if fact.kind == "row" and renaming.kind == "column" and wanted and wanted.parent == found.parent:
        old, new = last(renaming.old), last(renaming.new)
        return structs.replace(found, attrs={new if k == old else k: v for k, v in fact.attrs.items()})
    is_type = renaming.kind in INSIDE and fact.kind in ("enum", "composite")
    if is_type and fact.name == qualifier(renaming.old):
        return structs.replace(found, attrs=_with_inside(fact, renaming))
    attrs = (rewritten(fact, text, renaming) for text in rewriters(renaming))
    written = [structs.replace(found, attrs=a) for a in attrs]
    return wanted if wanted in written else written[0]


def _with_inside(fact: Fact, renaming: Renaming) -> dict[str, Json]:
    """The attributes of a type of whose labels or attributes one has another name."""
    old, new = last(renaming.old), last(renaming.new)
    if renaming.kind == "label":
        labels = [unquote(new) if label == unquote(old) else label for label in fact.attrs["labels"]]
        return {**fact.attrs, "labels": labels}
    named = [{**a, "name": new} if a["name"] == old else a for a in fact.attrs["attributes"]]
    return {**fact.attrs, "attributes": named}


def _named_not_null(was: Fact, now: Fact, wanted: Fact | None) -> Fact:
    """A renamed column, whose NOT NULL keeps its name where it has one (since 18): what was a name of its own
    may be the usual one now, and the other way round."""
    not_null = was.attrs.get("not_null")
    if not not_null or was.id == now.id or (isinstance(not_null, dict) and "name" not in not_null):
        return now
    extra = dict(not_null) if isinstance(not_null, dict) else {}
    told = extra.pop("name", None) or printed(unquote(not_null_name(was)))
    name = unquote(told)
    wished = (wanted.attrs.get("not_null") if wanted else None) or {}
    wished_name = wished.get("name") if isinstance(wished, dict) else None
    if name == unquote(not_null_name(now)) and not extra:
        kept: Json = True
    else:
        kept = {**extra, "name": wished_name if wished_name and unquote(wished_name) == name else told}
    return structs.replace(now, attrs={**now.attrs, "not_null": kept})


def _domain_not_null(was: Fact, now: Fact) -> Fact:
    """A renamed domain, the constraint of which keeps its name (of which versions before 17 know nothing)."""
    if not was.attrs.get("not_null") or was.id == now.id:
        return now
    attrs = {key: value for key, value in now.attrs.items() if key != "not_null_name"}
    kept = was.attrs.get("not_null_name") or domain_not_null_name(was)
    if unquote(kept) != unquote(domain_not_null_name(now)):
        attrs["not_null_name"] = kept
    return structs.replace(now, attrs=attrs)


def _with_range_names(was: Fact, now: Fact, renaming: Renaming) -> Fact:
    """A range type that has another name or schema: its multirange type and their functions stay where they
    are. A schema takes them along."""
    attrs = {key: value for key, value in now.attrs.items() if key != "constructors"}
    if "multirange" in attrs:
        name = _in_renamed(multirange_of(was), renaming)
        attrs["multirange"] = last(name) if qualifier(name) == qualifier(now.name) else name
    usual = range_constructors(structs.replace(now, attrs=attrs))
    kept = {key: _in_renamed(name, renaming) for key, name in range_constructors(was).items()}
    told = {key: name for key, name in kept.items() if name != usual[key]}
    return structs.replace(now, attrs={**attrs, **({"constructors": told} if told else {})})


def _in_renamed(name: str, renaming: Renaming) -> str:
    moves = renaming.kind == "schema" and qualifier(name) == renaming.old
    return f"{renaming.new}.{last(name)}" if moves else name
