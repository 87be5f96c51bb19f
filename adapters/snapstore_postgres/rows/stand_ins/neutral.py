"""The values of a type that can stand in: neutral ones, what its checks name, another one in each row."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.names import last, literal
from snapstore_postgres.relations import table_of, version
from snapstore_postgres.rows.stand_ins import sized
from snapstore_postgres.rows.stand_ins.checked import condition

NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision", "money", "oid")


TEXTS = ("text", "character varying", "character", "name", "citext")


TIMES = ("date", "timestamp without time zone", "timestamp with time zone")


_SHAPES = ("@example.com", ".example.com")
"""Ends of texts that a check for something from the Internet lets pass."""


NEUTRAL = {
    "boolean": ("false", "true"),
    "time without time zone": ("00:00",),
    "time with time zone": ("00:00+00",),
    "interval": ("0", "1 day"),
    "uuid": ("00000000-0000-0000-0000-000000000000",),
    "json": ("{}", "[]", "null"),
    "jsonb": ("{}", "[]", "null"),
    "inet": ("0.0.0.0",),  # noqa: S104  # an address in a column
    "cidr": ("0.0.0.0/32",),
    "macaddr": ("00:00:00:00:00:00",),
    "macaddr8": ("00:00:00:00:00:00:00:00",),
    "bit": ("0",),
    "point": ("(0,0)",),
    "box": ("(0,0),(0,0)",),
    "circle": ("<(0,0),0>",),
    "lseg": ("[(0,0),(0,0)]",),
    "path": ("[(0,0)]",),
    "polygon": ("((0,0))",),
    "xml": ("<none/>",),
    "pg_lsn": ("0/0",),
}


UNUSED = "k.snap_unused"
"""The number of a row where none of the texts that are there begins with it: what stood in before may have
come back from the archive, to other rows."""


def _apart(kind: str, column: Fact, tests: str, view: View) -> Iterator[str]:
    """Another value of a type in each row."""
    base, name = base_of(kind), last(column.name)
    if base in NUMBERS:
        for sign, bound in ((">", "0"), *_BOUND.findall(tests)):
            end, step = ("greatest(max", "+") if sign == ">" else ("least(min", "-")
            yield f"(SELECT {end}(m.{name}), {bound}) FROM {table_of(column)} m) {step} k.snap_no"
    elif base in TEXTS:
        yield f"{UNUSED}::text"
        yield from (f"{UNUSED} || {literal(text)}" for text in (*_SHAPES, *_texts(tests)))
        yield from sized.texts_apart(UNUSED, tests)
    elif base in TIMES:
        last_day = f"(SELECT max(m.{name}) FILTER (WHERE isfinite(m.{name})) FROM {table_of(column)} m)::date"
        for day in ("1970-01-01", *(day for day, _ in _DATE.findall(tests))):
            yield f"greatest({last_day}, date {literal(day)}) + k.snap_no::integer"
    elif base in ("uuid", "bytea"):
        yield "md5(now()::text || k.snap_no)"
    elif f"base_type:{kind}" in view.target:
        yield "k.snap_no::text"


def of_type(kind: str, column: Fact, tests: str, view: View, apart: bool = False) -> Iterator[str]:
    base = base_of(kind)
    if apart:
        yield from _apart(kind, column, tests, view)
    if kind.endswith("[]"):
        yield literal("{}")
        yield from sized.arrays(kind, tests)
    elif base in NUMBERS:
        yield from ("0", "1", "-1", *_numbers(tests))
    elif base in TEXTS:
        yield from map(literal, ("", "-", *(f"x{shape}" for shape in _SHAPES), *_texts(tests)))
        yield from sized.texts(tests)
    elif base in TIMES:
        yield from (literal(text) for text in ("1970-01-01", *_dates(tests)))
    elif base in NEUTRAL:
        yield from map(literal, (*NEUTRAL[base], *_objects(base, tests)))
    elif base == "bytea":
        yield literal("")
        yield from sized.byte_strings(tests)
    else:
        yield from _of_own_type(column, tests, view, apart)


def _of_own_type(column: Fact, tests: str, view: View, apart: bool) -> Iterator[str]:
    """For a type that somebody has made, or that stands in no table here: what its kind lets us guess."""
    for fact in (view.target.get(need) for need in column.needs):
        if fact is not None and fact.name == column.attrs["type"]:
            yield from _of_fact(fact, column, tests, view, apart)
            return
    yield literal(_empty(column))


def _empty(column: Fact) -> str:
    """What is nothing in a type of the server's, or in the multirange type of somebody's range type."""
    kind = column.attrs["type"]
    if kind.endswith("multirange") or any(need.startswith("range:") for need in column.needs):
        return "{}"
    return "empty" if kind.endswith("range") else ""


def _of_fact(fact: Fact, column: Fact, tests: str, view: View, apart: bool) -> Iterator[str]:
    if fact.kind == "enum":
        yield from map(literal, fact.attrs["labels"])
    elif fact.kind in ("composite", "table", "view", "matview"):
        yield literal(f"({',' * (_width(fact, view) - 1)})")
    elif fact.kind == "range":
        yield literal("empty")
    elif fact.kind == "domain":
        yield _of_domain(fact, column, tests, view, apart)
    elif fact.kind == "base_type":
        yield _of_base_type(fact, view)


_GUESSES = ("0", "", "f", "1970-01-01", "{}", "()", "0/0")


def _of_base_type(fact: Fact, view: View) -> str:
    """The first text that the functions of the type read; older servers cannot be asked."""
    if version(view) < 160000:
        return f"{literal(_GUESSES[0])}::text"
    valid = (
        f"WHEN pg_catalog.pg_input_is_valid({literal(text)}, {literal(fact.name)}) THEN {literal(text)}"
        for text in _GUESSES
    )
    return f"(CASE {' '.join(valid)} END)::text"


def _width(row: Fact, view: View) -> int:
    """Of how many values a row of a type is, be it that of a relation."""
    listed = row.attrs.get("attributes", row.attrs.get("columns"))
    return len(listed or [p for p in view.target_parts.get(row.id, ()) if p.kind == "column"])


def _of_domain(domain: Fact, column: Fact, tests: str, view: View, apart: bool) -> str:
    """The first value of the type below that the domain's own checks let pass."""
    checks = [condition(p) for p in view.target_parts.get(domain.id, ()) if p.kind == "constraint"]
    below = Fact(column.id, {"type": domain.attrs["type"]}, column.parent, domain.needs)
    found = of_type(domain.attrs["type"], below, " ".join([tests, *checks]), view, apart)
    values = ", ".join(f"({n}, ({value})::{domain.attrs['type']})" for n, value in enumerate(found))
    test = " AND ".join(checks) or "true"
    return (
        f"SELECT value FROM (VALUES {values}) d(snap_order, value) WHERE {test} ORDER BY snap_order LIMIT 1"
    )


def base_of(kind: str) -> str:
    """A type without its modifier; one of an extension by its own name."""
    return re.sub(r"\([\d,-]+\)", "", kind).strip().rpartition(".")[2]


_BOUND = re.compile(r"(?<!<)([<>])=? \(*'?(-?\d+(?:\.\d+)?)")


def _numbers(tests: str) -> Iterator[str]:
    for number in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?", tests):
        yield from (number, f"{number} + 1", f"{number} - 1")


def _texts(tests: str) -> list[str]:
    return [text.replace("''", "'") for text in re.findall(r"'((?:[^']|'')*)'", tests)]


def _objects(base: str, tests: str) -> Iterator[str]:
    """JSON that has what the checks name."""
    named = _texts(tests) if base in ("json", "jsonb") else []
    if named:
        yield from (json.dumps(dict.fromkeys(named, value)) for value in (None, "", 0))


_DATE = re.compile(r"'(\d{4}-\d\d-\d\d)([^']*)'")


def _dates(tests: str) -> Iterator[str]:
    for day, time in _DATE.findall(tests):
        yield from (f"{day}{time}", f"{day[:4]}-12-31")
