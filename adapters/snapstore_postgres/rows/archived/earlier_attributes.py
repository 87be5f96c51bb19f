"""Attributes and labels in values that lie in the archive as JSON, by the names that they had then.

What an entry notes of such values, a :data:`Shape`, says by which ids the names in them are told. It follows
the type that they had: of a row ``row`` has each attribute, with its ``ids`` and, where names are inside, the
shape ``of`` it; of an enum ``labels`` has each label, with its ids. ``many`` tells an array of such.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from snapstore.adapter import PlanRequest
from snapstore.model import Json
from snapstore_postgres.names import literal, unquote
from snapstore_postgres.renaming import belonging
from snapstore_postgres.rows.types.casts import below_domains

ATTRIBUTES = "attributes"
"""In the facts of an entry of a column whose values lie there as JSON: their shape."""

Shape = dict[str, Json]


def shape_of(kind: str, request: PlanRequest) -> Shape:
    """What an entry says of live values of a type; {} where no name is in them."""
    below = below_domains(kind, request.live)
    one, many = below.removesuffix("[]"), {"many": True} if below.endswith("[]") else {}
    composite = request.live.get(f"composite:{one}")
    if composite is not None:
        ids = ids_in(composite.id, request)
        kinds = {unquote(a["name"]): a["type"] for a in composite.attrs["attributes"]}
        return {"row": {n: _attribute(ids.get(n, []), t, request) for n, t in kinds.items()}, **many}
    labels = ids_in(f"enum:{one}", request)
    return {"labels": labels, **many} if labels else {}


def _attribute(ids: list[str], kind: str, request: PlanRequest) -> Json:
    inside = shape_of(kind, request)
    return {"ids": ids, **({"of": inside} if inside else {})}


def ids_in(whole: str, request: PlanRequest) -> dict[str, list[str]]:
    """What tells the live labels or attributes of a type, given by identity, by their names."""
    found: dict[str, list[str]] = {}
    for known, name in belonging.known_inside(request.live_hints, whole).items():
        found.setdefault(unquote(name), []).append(known)
    return found


def followed(shape: Shape, called: Mapping[str, str]) -> Shape:
    """The shape with the names of now, by all that tells them."""
    if "labels" in shape:
        names = renamed(shape["labels"], called)
        return {**shape, "labels": {names.get(name, name): ids for name, ids in shape["labels"].items()}}
    names = renamed(_ids_of(shape), called)
    row = {names.get(name, name): _inside(attribute, called) for name, attribute in shape["row"].items()}
    return {**shape, "row": row}


def _inside(attribute: dict[str, Json], called: Mapping[str, str]) -> Json:
    return {**attribute, "of": followed(attribute["of"], called)} if "of" in attribute else attribute


def renamed(ids: Mapping[str, list[str]], called: Mapping[str, str]) -> dict[str, str]:
    """The names that are others by now, and those."""
    now = {name: next((called[n] for n in known if n in called), name) for name, known in ids.items()}
    return {old: new for old, new in now.items() if old != new}


def _ids_of(shape: Shape) -> dict[str, list[str]]:
    return {name: attribute["ids"] for name, attribute in shape["row"].items()}


def with_names_of_now(value: str, shape: Shape, called: Mapping[str, str]) -> str:
    """An expression for a value of that shape in which the names are those of now."""
    if followed(shape, called) == shape:
        return value
    if "many" not in shape:
        return _one(value, shape, called)
    one = _one("e.value", shape, called)
    each = f"pg_catalog.jsonb_array_elements({value}) WITH ORDINALITY AS e (value, place)"
    listed = f"(SELECT coalesce(pg_catalog.jsonb_agg({one} ORDER BY e.place), '[]') FROM {each})"
    return f"CASE pg_catalog.jsonb_typeof({value}) WHEN 'array' THEN {listed} ELSE {value} END"


def _one(value: str, shape: Shape, called: Mapping[str, str]) -> str:
    if "labels" in shape:
        label = f"{value} #>> '{{}}'"
        now = f"pg_catalog.to_jsonb({case_of(label, renamed(shape['labels'], called), label)})"
        return f"CASE pg_catalog.jsonb_typeof({value}) WHEN 'string' THEN {now} ELSE {value} END"
    key = case_of("f.key", renamed(_ids_of(shape), called), "f.key")
    whens = " ".join(_inner_values(shape, called))
    inner = f"CASE f.key {whens} ELSE f.value END" if whens else "f.value"
    row = f"(SELECT pg_catalog.jsonb_object_agg({key}, {inner}) FROM pg_catalog.jsonb_each({value}) f)"
    return f"CASE pg_catalog.jsonb_typeof({value}) WHEN 'object' THEN {row} ELSE {value} END"


def _inner_values(shape: Shape, called: Mapping[str, str]) -> Iterator[str]:
    for name, attribute in shape["row"].items():
        inside = with_names_of_now("f.value", attribute["of"], called) if "of" in attribute else "f.value"
        if inside != "f.value":
            yield f"WHEN {literal(name)} THEN {inside}"


def case_of(value: str, names: Mapping[str, str], otherwise: str) -> str:
    """An expression for the name that a value becomes, or for something else where it is none of these."""
    whens = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in names.items())
    return f"CASE {value} {whens} ELSE {otherwise} END" if names else value
