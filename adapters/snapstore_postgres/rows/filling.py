"""Values that stand in where a column is NOT NULL and nobody knows what the rows had in it.

A deploy that dropped such a column took its values with it. The column comes back as it was declared, so each
row needs something: what is neutral in the type, unless a check forbids it or a key wants it to be another
one in each row. What refers to other tables gets a key that is there, be it one of several columns together.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from snapstore.model import Fact, Hazard, HazardName
from snapstore.rules import View
from snapstore_postgres.names import last, literal
from snapstore_postgres.relations import foreign_keys, size, table_of
from snapstore_postgres.relations.foreign_keys import ForeignKey
from snapstore_postgres.relations.inheritance import given_by

_NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision", "money", "oid")
_TEXTS = ("text", "character varying", "character", "name", "citext")
_TIMES = ("date", "timestamp without time zone", "timestamp with time zone")
_SHAPES = ("@example.com", ".example.com")
"""Ends of texts that a check for something from the Internet lets pass."""
_NEUTRAL = {
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


def needed(column: Fact, view: View) -> bool:
    """Whether rows that are there may be left without a value in a column that is made."""
    by_itself = {"identity", "generated"} & column.attrs.keys() or f"default:{column.name}" in view.target
    return not by_itself and _is_never_null(column, view) and size(view, column.parent or "")[1] != 0


def _is_never_null(column: Fact, view: View) -> bool:
    not_null = column.attrs.get("not_null")
    if not_null and not (isinstance(not_null, dict) and not_null.get("not_valid")):
        return True
    domains = [*_domains(column, view)]
    said = set[str]().union(*(domain.attrs.keys() for domain in domains))
    return "not_null" in said and "default" not in said


def _domains(fact: Fact, view: View) -> Iterator[Fact]:
    """The domain that a column or domain is of, and those that this one is of in turn."""
    for domain in (view.target.get(need) for need in fact.needs):
        if domain is not None and domain.kind == "domain" and domain.name == fact.attrs["type"]:
            yield domain
            yield from _domains(domain, view)


def lacking(column: Fact, reached: Iterable[Fact], view: View) -> list[Fact]:
    """Of a column that is made, and those that come below by its statement, all whose rows may be left so:
    not those whose rows are rows of one above that comes by the same statement."""
    found = {c.id: c for c in (column, *reached) if needed(c, view)}
    return [c for c in found.values() if found.keys().isdisjoint(given_by(c, view))]


def hazard(column: Fact, view: View) -> tuple[Hazard, ...]:
    """That rows get values which nobody proves to be theirs. Those that came after the values in the archive
    never had one, so there is nothing of the kind where it has some."""
    rows, bytes_ = size(view, column.parent or "")
    text = f"what rows had in {column.name} is known to nobody; they get a value that stands in"
    return (Hazard(HazardName.UNVERIFIABLE, text, rows=rows, bytes=bytes_),)


def needs(column: Fact, view: View) -> list[str]:
    """The columns whose values stand in, and what the checks of these values call and read."""
    found = [fact.id for reference in _references(column, view) for fact in reference.columns()]
    asked = [need for check in _checks(column, view) for need in check.needs]
    called = [need for need in asked if need.startswith(CALLED)]
    return [*dict.fromkeys((*found, *called, *_coming_beside(column, asked, view)))]


CALLED = ("function:", "operator:")
"""How what may not be there begins, before the column is."""


def filling(column: Fact, table: str, view: View) -> str:
    """A statement that gives each row without a value the first of those that could stand in and may."""
    name, chosen = last(column.name), _chosen(column, view)
    number = f"row_number() OVER ({_numbered_within(column, view)})"
    unused = f", {number} + {_last_number(table, name)} AS snap_unused" if _UNUSED in chosen else ""
    return (
        f"UPDATE {table} t SET {name} = ({chosen}) FROM (SELECT tableoid AS snap_part, ctid AS snap_place,"
        f" {number} AS snap_no{unused} FROM {table} WHERE {name} IS NULL) k"
        " WHERE t.tableoid = k.snap_part AND t.ctid = k.snap_place"
    )


def _chosen(column: Fact, view: View, is_there: bool = True) -> str:
    """A query for the first of the values that could stand in and may, in a row called ``t``; of a column
    that is not there yet, no row has any."""
    tests = [condition(check) for check in _checks(column, view)]
    return _first_of(column, tests, _candidates(column, tests, view, is_there))


def _numbered_within(column: Fact, view: View) -> str:
    within = ", ".join(_told_apart_within(column, view) or ())
    return f"PARTITION BY {within}" if within else ""


def of_row(column: Fact, known: Collection[str], view: View) -> str | None:
    """What stands in for a row called ``t`` of which the columns of these names are known. None where it
    depends on others, or has to be another one in each row."""
    apart = _told_apart_within(column, view) is not None
    return None if apart or _read(column, view) - {*known} else f"({_chosen(column, view)})"


def _read(column: Fact, view: View) -> set[str]:
    """The names of the columns beside it that what stands in depends on."""
    needs = (need for check in _checks(column, view) for need in check.needs if need.startswith("column:"))
    beside = (own.id for reference in _references(column, view) for own, _ in reference.beside)
    return {last(identity) for identity in (*needs, *beside)} - {last(column.name)}


class Search(NamedTuple):
    """How something that has to be there elsewhere is looked for: a query on rows called ``t``, numbered as
    ``k.snap_no`` by what is in ``OVER ()``; the columns of these rows and of other tables that are read."""

    query: str
    numbered_by: str
    own: list[Fact]
    others: list[Fact]


def search(column: Fact, view: View) -> Search | None:
    """For what stands in; None where a column refers to nothing."""
    references = _references(column, view)
    if not references:
        return None
    names = sorted(_read(column, view) | {*(_told_apart_within(column, view) or ())})
    own = [view.target[f"column:{table_of(column)}.{name}"] for name in names]
    found = [fact for reference in references for fact in reference.columns()]
    others = [fact for fact in found if fact not in own]
    return Search(_chosen(column, view, is_there=False), _numbered_within(column, view), own, others)


_UNUSED = "k.snap_unused"
"""The number of a row where none of the texts that are there begins with it: what stood in before may have
come back from the archive, to other rows."""


def _last_number(table: str, name: str) -> str:
    return f"(SELECT coalesce(max(substring(m.{name}::text, '^[0-9]{{1,9}}')::bigint), 0) FROM {table} m)"


def allowing(column: Fact, view: View) -> list[str]:
    """Conditions on a row ``t`` that a value, in ``snap`` under the name of the column, has to fulfil."""
    tests = [f"({condition(check)}) IS NOT FALSE" for check in _checks(column, view)]
    return [
        *tests,
        *(_is_there(reference, f"snap.{last(column.name)}") for reference in _references(column, view)),
    ]


def is_told_apart_as(column: Fact, other: Fact, view: View) -> bool:
    """Whether a column has no part in telling rows apart, or a live one has the same by now."""
    within = _told_apart_within(column, view)
    keys = (part for part in view.live_parts.get(other.parent or "", ()) if other.id in part.needs)
    beside = [
        {last(n) for n in key.needs if n.startswith("column:") and n != other.id}
        for key in keys
        if _is_key(key)
    ]
    return within is None or any(columns <= {*within} for columns in beside)


def first_allowed(column: Fact, values: Iterable[str], view: View) -> tuple[str, list[str]]:
    """The first of these values that the checks of the column let pass, as an expression on a row of its
    table, and the columns that these checks read."""
    checks = list(_checks(column, view))
    read = {last(need) for check in checks for need in check.needs if need.startswith("column:")}
    return f"({_first_of(column, [*map(condition, checks)], values)})", sorted(read)


def _first_of(column: Fact, tests: Sequence[str], values: Iterable[str]) -> str:
    name, kind = last(column.name), column.attrs["type"]
    listed = ", ".join(f"({place}, ({value})::{kind})" for place, value in enumerate(values))
    may = " AND ".join(f"{test} IS NOT FALSE" for test in tests) or "true"
    return (
        f"SELECT snap.{name} FROM (VALUES {listed}) snap(snap_order, {name})"
        f" WHERE {may} ORDER BY snap_order LIMIT 1"
    )


def constant(column: Fact, view: View) -> str | None:
    """What stands in for all rows alike, where that is plain: the column can come with it, and no row has to
    be written. None where the rows differ in it, or something has to be tried."""
    kind = column.attrs["type"]
    plain = kind.endswith("[]") or _base(kind) in (*_NUMBERS, *_TEXTS, *_TIMES, *_NEUTRAL)
    depends = _references(column, view) or any(_checks(column, view))
    if "." in kind or not plain or depends or _told_apart_within(column, view) is not None:
        return None
    return f"({next(_of_type(kind, column, '', view))})::{kind}"


def _checks(column: Fact, view: View) -> Iterator[Fact]:
    """The checks of the column, but for those that call or read what cannot be there before it. Of columns
    for whose values something stands in, the last one sees to what is said of all."""
    for part in view.target_parts.get(column.parent or "", ()):
        is_check = part.kind == "constraint" and part.attrs.get("type") == "c" and column.id in part.needs
        called = [need for need in part.needs if need.startswith(CALLED)] if is_check else []
        enforced = is_check and "NOT ENFORCED" not in part.attrs["definition"]
        beside = _coming_beside(column, part.needs, view) if enforced else []
        later = [identity for identity in beside if identity > column.id and _is_filled(identity, view)]
        if enforced and not later and column.id not in _standing_under([*called, *beside], view):
            yield part


def _coming_beside(column: Fact, needs: Iterable[str], view: View) -> list[str]:
    """Which of these are other columns that come to its table, which is there."""
    if view.appears(column.parent or ""):
        return []
    return [n for n in needs if n.startswith("column:") and n != column.id and view.appears(n)]


def _is_filled(column: str, view: View) -> bool:
    return column in view.target and needed(view.target[column], view)


def _standing_under(identities: list[str], view: View) -> set[str]:
    """All that these stand on, be it through others."""
    found: set[str] = set()
    waiting = [*identities]
    while waiting:
        fact = view.target.get(waiting.pop())
        waiting += [need for need in fact.needs if need not in found] if fact else []
        found.update(fact.needs if fact else ())
    return found


def condition(constraint: Fact) -> str:
    """What a check wants, as an expression."""
    text = re.sub(r"( NOT VALID| NO INHERIT)+$", "", constraint.attrs["definition"])
    return text.removeprefix("CHECK ")


def _candidates(column: Fact, tests: list[str], view: View, is_there: bool) -> Iterator[str]:
    """Expressions of values, the best first; ``snap_no`` is the number of the row among those without one, or
    among those of them that nothing else tells apart."""
    within = _told_apart_within(column, view)
    references = _references(column, view)
    if references:
        used = _is_used(column, within) if within is not None and is_there else None
        yield _key_that_is_there(references, within is not None, used)
        return  # nothing else is there to refer to
    yield from _of_type(column.attrs["type"], column, " ".join(tests), view, within is not None)


def _is_used(column: Fact, within: Sequence[str]) -> str:
    """The beginning of a test whether a row that needs another value has the one that follows it."""
    same = [f"m.{name} IS NOT DISTINCT FROM t.{name}" for name in within]
    equal = " AND ".join([*same, f"m.{last(column.name)} ="])
    return f"EXISTS (SELECT FROM {table_of(column)} m WHERE {equal}"


def _apart(kind: str, column: Fact, tests: str, view: View) -> Iterator[str]:
    """Another value of a type in each row."""
    base, name = _base(kind), last(column.name)
    if base in _NUMBERS:
        for sign, bound in ((">", "0"), *_BOUND.findall(tests)):
            end, step = ("greatest(max", "+") if sign == ">" else ("least(min", "-")
            yield f"(SELECT {end}(m.{name}), {bound}) FROM {table_of(column)} m) {step} k.snap_no"
    elif base in _TEXTS:
        yield f"{_UNUSED}::text"
        yield from (f"{_UNUSED} || {literal(text)}" for text in (*_SHAPES, *_texts(tests)))
    elif base in _TIMES:
        last_day = f"(SELECT max(m.{name}) FILTER (WHERE isfinite(m.{name})) FROM {table_of(column)} m)::date"
        for day in ("1970-01-01", *(day for day, _ in _DATE.findall(tests))):
            yield f"greatest({last_day}, date {literal(day)}) + k.snap_no::integer"
    elif base in ("uuid", "bytea"):
        yield "md5(now()::text || k.snap_no)"
    elif f"base_type:{kind}" in view.target:
        yield "k.snap_no::text"


def _of_type(kind: str, column: Fact, tests: str, view: View, apart: bool = False) -> Iterator[str]:
    base = _base(kind)
    if apart:
        yield from _apart(kind, column, tests, view)
    if kind.endswith("[]"):
        yield literal("{}")
    elif base in _NUMBERS:
        yield from ("0", "1", "-1", *_numbers(tests))
    elif base in _TEXTS:
        yield from map(literal, ("", "-", *(f"x{shape}" for shape in _SHAPES), *_texts(tests)))
    elif base in _TIMES:
        yield from (literal(text) for text in ("1970-01-01", *_dates(tests)))
    elif base in _NEUTRAL:
        yield from map(literal, _NEUTRAL[base])
    else:
        yield from _of_own_type(column, tests, view, apart)


def _of_own_type(column: Fact, tests: str, view: View, apart: bool) -> Iterator[str]:
    """For a type that somebody has made, or that stands in no table here: what its kind lets us guess."""
    for fact in (view.target.get(need) for need in column.needs):
        if fact is not None and fact.name == column.attrs["type"]:
            yield from _of_fact(fact, column, tests, view, apart)
            return
    yield literal("empty" if column.attrs["type"].endswith("range") else "")


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
    if int(view.request.live_hints.get("version", 0)) < 160000:
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
    found = _of_type(domain.attrs["type"], below, " ".join([tests, *checks]), view, apart)
    values = ", ".join(f"({n}, ({value})::{domain.attrs['type']})" for n, value in enumerate(found))
    test = " AND ".join(checks) or "true"
    return (
        f"SELECT value FROM (VALUES {values}) d(snap_order, value) WHERE {test} ORDER BY snap_order LIMIT 1"
    )


def _told_apart_within(column: Fact, view: View) -> list[str] | None:
    """The columns that are there and have a part in all keys with this one: only rows with equal values there
    need different ones here. None where it has no part in telling rows apart."""
    found = [_beside(column, key, view) for key in _keys(column, view)]
    return sorted(set.intersection(*found)) if found else None


def _keys(column: Fact, view: View) -> Iterator[Fact]:
    for part in view.target_parts.get(column.parent or "", ()):
        if column.id in part.needs and _is_key(part):
            yield part


def _is_key(part: Fact) -> bool:
    unique = part.kind == "index" and part.attrs["definition"].startswith("CREATE UNIQUE ")
    return unique or (part.kind == "constraint" and part.attrs.get("type") in ("p", "u", "x"))


_COMPARED = re.compile(
    r"(?:PRIMARY KEY|UNIQUE(?: NULLS NOT DISTINCT)?|CREATE UNIQUE INDEX .* USING btree) \(([^()]*)\)"
)


def _beside(column: Fact, key: Fact, view: View) -> set[str]:
    """The other columns that a key compares for being equal."""
    found = _COMPARED.match(key.attrs["definition"])
    compared = found[1].split(", ") if found else ()
    others = (need for need in key.needs if need.startswith("column:") and need != column.id)
    return {last(need) for need in others if view.stays(need) and last(need) in compared}


def _base(kind: str) -> str:
    """A type without its modifier; one of an extension by its own name."""
    return re.sub(r"\([\d,-]+\)", "", kind).strip().rpartition(".")[2]


_BOUND = re.compile(r"(?<!<)([<>])=? \(*'?(-?\d+(?:\.\d+)?)")


def _numbers(tests: str) -> Iterator[str]:
    for number in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?", tests):
        yield from (number, f"{number} + 1", f"{number} - 1")


def _texts(tests: str) -> list[str]:
    return [text.replace("''", "'") for text in re.findall(r"'((?:[^']|'')*)'", tests)]


_DATE = re.compile(r"'(\d{4}-\d\d-\d\d)([^']*)'")


def _dates(tests: str) -> Iterator[str]:
    for day, time in _DATE.findall(tests):
        yield from (f"{day}{time}", f"{day[:4]}-12-31")


# -- what refers to another table --------------------------------------------------------------------------


class _Reference(NamedTuple):
    """A foreign key that a value has a part in: the column where it has to be found, and the pairs of columns
    beside it, own and referred to, whose values are known by then."""

    column: Fact
    beside: list[tuple[Fact, Fact]]

    def columns(self) -> Iterator[Fact]:
        yield self.column
        for pair in self.beside:
            yield from pair


def _references(column: Fact, view: View) -> list[_Reference]:
    """Those by which rows will refer to something: a key does not, as long as another part of it is NULL."""
    parts = view.target_parts.get(column.parent or "", ())
    keys = (foreign_keys.read(p, view.target) for p in parts if column.id in p.needs)
    found = (_reference(column, key, view) for key in keys if key is not None and not key.temporal)
    return [reference for reference in found if reference is not None]


def _reference(column: Fact, key: ForeignKey, view: View) -> _Reference | None:
    pairs = [*zip(key.own, key.others, strict=True)]
    where = next((other for own, other in pairs if own.id == column.id), None)
    beside = [pair for pair in pairs if pair[0].id != column.id]
    is_whole = all(view.stays(own.id) or own.attrs.get("not_null") for own, _ in beside)
    if where is None or where.id == column.id or not is_whole:
        return None
    return _Reference(where, [pair for pair in beside if _is_known(*pair, column, view)])


def _is_known(own: Fact, other: Fact, column: Fact, view: View) -> bool:
    """Whether the value beside a column is there before its own. Of two that stand in, the second goes by the
    first."""
    if not foreign_keys.is_plain(own, other) or other.id == column.id:
        return False
    before = [view.live.get(fact.id, fact).attrs["type"] for fact in (own, other)]
    if before != [own.attrs["type"], other.attrs["type"]]:
        return False
    if view.stays(own.id):
        return True
    return "generated" not in own.attrs and (own.id < column.id or not needed(own, view))


def _key_that_is_there(references: list[_Reference], apart: bool, used: str | None) -> str:
    """The first value that is found wherever it has to be, or that of the row's number among those that are
    not used."""
    first, *rest = references
    others = [reference for reference in rest if foreign_keys.is_plain(first.column, reference.column)]
    name = f"r.{last(first.column.name)}"
    wanted = [*_equal(first, "r")]
    wanted += [_is_there(reference, name) for reference in others]
    distinct = "DISTINCT " if apart and wanted else ""
    wanted += [f"NOT {used} {name})"] if used else []
    where = f" WHERE {' AND '.join(wanted)}" if wanted else ""
    which = "k.snap_no - 1" if apart else "0"
    return f"SELECT {distinct}{name} FROM {table_of(first.column)} r{where} ORDER BY 1 OFFSET {which} LIMIT 1"


def _is_there(reference: _Reference, value: str) -> str:
    equal = [f"o.{last(reference.column.name)} = {value}", *_equal(reference, "o")]
    return f"EXISTS (SELECT FROM {table_of(reference.column)} o WHERE {' AND '.join(equal)})"


def _equal(reference: _Reference, of: str) -> Iterator[str]:
    for own, other in reference.beside:
        value = f"t.{last(own.name)}"
        equal = f"{of}.{last(other.name)} = {value}"
        yield equal if own.attrs.get("not_null") else f"({value} IS NULL OR {equal})"
