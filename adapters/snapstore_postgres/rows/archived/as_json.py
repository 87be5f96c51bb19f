"""Values with attributes as JSON, each attribute as its type writes it.

PostgreSQL makes JSON of a value inside of another one by a cast to ``json``, where its type has one, as
``hstore`` has; but it reads the value back as the type does. So these are told as their text.
"""

from __future__ import annotations

from collections.abc import Mapping

from snapstore.model import Fact
from snapstore_postgres.names import last, literal, unquote
from snapstore_postgres.rows.types.casts import below_domains, written

_OTHERWISE_KNOWN = ("composite", "enum", "range", "table", "view", "matview", "foreign_table")


def as_json(value: str, kind: str, facts: Mapping[str, Fact]) -> str:
    """An expression for the JSON from which :func:`from_json` reads the value; ``facts`` tell types."""
    if not _has_own(kind, facts):
        return f"pg_catalog.to_jsonb({value})"
    return f"(SELECT {_made(kind, facts)} FROM (SELECT {value} AS v) o)"


def _made(kind: str, facts: Mapping[str, Fact]) -> str:
    """An expression for the JSON of ``o.v``."""
    below = below_domains(kind, facts)
    if below.endswith("[]"):
        return _list_of(below.removesuffix("[]"), facts)
    if _is_own(below, facts):
        return f"pg_catalog.to_jsonb({written('o.v', kind)})"
    parts = (_attribute(a["name"], a["type"], facts) for a in _attributes(below, facts))
    own = f"pg_catalog.jsonb_build_object({', '.join(part for part in parts if part)})"
    return f"pg_catalog.to_jsonb(o.v) OPERATOR(pg_catalog.||) {own}"


def _attribute(name: str, kind: str, facts: Mapping[str, Fact]) -> str:
    """Its name and JSON; nothing where the server tells it."""
    return (
        f"{literal(unquote(name))}, {as_json(f'(o.v).{name}', kind, facts)}" if _has_own(kind, facts) else ""
    )


def _list_of(kind: str, facts: Mapping[str, Fact]) -> str:
    each = "pg_catalog.generate_subscripts(o.v, 1) place"
    listed = f"(SELECT pg_catalog.jsonb_agg({as_json('o.v[place]', kind, facts)} ORDER BY place) FROM {each})"
    return f"CASE pg_catalog.array_ndims(o.v) WHEN 1 THEN {listed} ELSE pg_catalog.to_jsonb(o.v) END"


def _has_own(kind: str, facts: Mapping[str, Fact]) -> bool:
    """Whether it has values inside, or is one, of which a cast may make JSON."""
    one = below_domains(kind, facts).removesuffix("[]")
    return _is_own(one, facts) or any(_has_own(a["type"], facts) for a in _attributes(one, facts))


def _is_own(kind: str, facts: Mapping[str, Fact]) -> bool:
    """Whether there is a cast to ``json`` from the type, or it is of an extension, which may bring one."""
    known = any(f"{of}:{kind}" in facts for of in _OTHERWISE_KNOWN)
    return f"cast:({kind} AS json)" in facts or ("." in kind and not known)


def _attributes(kind: str, facts: Mapping[str, Fact]) -> list[dict[str, str]]:
    composite = facts.get(f"composite:{kind}")
    return composite.attrs["attributes"] if composite else []


def portable(column: Fact, by_name: bool, facts: Mapping[str, Fact]) -> str:
    """A column's value in a form that outlives its type: as JSON where attributes are found by name, else
    as text where its type may go."""
    name, kind = f"t.{last(column.name)}", column.attrs["type"]
    if by_name:
        return as_json(name, kind, facts)
    return f'{written(name, kind)} COLLATE pg_catalog."default"' if column.needs else name
