"""Values whose text would lose the names of attributes, read back from the JSON that they were set aside as.

PostgreSQL adds an attribute to a type of which there are values without asking what they have in it, so that
it is NULL even where it is of a domain that is never NULL. Reading such a value in one go fails. So values of
types that have domains inside are put together: the result of a query that finds no row is NULL, whatever its
type (the manual, CREATE DOMAIN).
"""

from __future__ import annotations

from collections.abc import Mapping

from snapstore.model import Fact
from snapstore_postgres.names import literal, unquote


def from_json(value: str, kind: str, facts: Mapping[str, Fact]) -> str:
    """A query for the value that was set aside as JSON, each attribute by its name; ``facts`` tell types."""
    if not _has_domains_inside(kind, facts):
        return _by_server(value, kind)
    return f"SELECT {_made(kind, facts)} FROM (SELECT {value} AS v) o"


def _by_server(value: str, kind: str) -> str:
    record = f"pg_catalog.jsonb_to_record(pg_catalog.jsonb_build_object('v', {value}))"
    return f"SELECT v FROM {record} AS x(v {kind})"


def _made(kind: str, facts: Mapping[str, Fact]) -> str:
    """An expression for the value that is told by ``o.v``."""
    at_once = f"({_by_server('o.v', kind)})"
    if not _has_domains_inside(kind, facts):
        return at_once
    if domain := facts.get(f"domain:{kind}"):
        return f"({_made(domain.attrs['type'], facts)})::{kind}"
    if kind.endswith("[]"):
        return f"CASE WHEN {_IS_LIST} THEN {_list_of(kind.removesuffix('[]'), facts)} ELSE {at_once} END"
    parts = (_attribute(a["name"], a["type"], facts) for a in _attributes(kind, facts))
    row = f"ROW({', '.join(parts)})::{kind}"
    return f"CASE pg_catalog.jsonb_typeof(o.v) WHEN 'object' THEN {row} ELSE {at_once} END"


_IS_LIST = (
    "pg_catalog.jsonb_typeof(o.v) = 'array' AND pg_catalog.jsonb_typeof(o.v -> 0) IS DISTINCT FROM 'array'"
)
"""Not one of lists."""


def _list_of(kind: str, facts: Mapping[str, Fact]) -> str:
    one = f"(SELECT {_made(kind, facts)} FROM (SELECT e.v AS v) o)"
    each = "pg_catalog.jsonb_array_elements(o.v) WITH ORDINALITY AS e (v, place)"
    return f"ARRAY(SELECT {one} FROM {each} ORDER BY e.place)::{kind}[]"


def _attribute(name: str, kind: str, facts: Mapping[str, Fact]) -> str:
    value = f"(o.v -> {literal(unquote(name))})"
    if not _has_domains(kind, facts):
        return f"({_by_server(value, kind)})"
    there = "pg_catalog.jsonb_typeof(o.v) <> 'null'"
    return f"(SELECT {_made(kind, facts)} FROM (SELECT {value} AS v) o WHERE {there})"


def _has_domains(kind: str, facts: Mapping[str, Fact]) -> bool:
    """Whether a type is a domain, or has some inside."""
    return f"domain:{kind.removesuffix('[]')}" in facts or _has_domains_inside(kind, facts)


def _has_domains_inside(kind: str, facts: Mapping[str, Fact]) -> bool:
    one = kind.removesuffix("[]")
    domain = facts.get(f"domain:{one}")
    if domain is not None:
        return _has_domains_inside(domain.attrs["type"], facts)
    return any(_has_domains(a["type"], facts) for a in _attributes(one, facts))


def _attributes(kind: str, facts: Mapping[str, Fact]) -> list[dict[str, str]]:
    composite = facts.get(f"composite:{kind}")
    return composite.attrs["attributes"] if composite else []
