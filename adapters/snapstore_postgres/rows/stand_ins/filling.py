"""Values that stand in where a column is NOT NULL and nobody knows what the rows had in it.

A deploy that dropped such a column took its values with it. The column comes back as it was declared, so each
row needs something: what is neutral in the type, unless a check forbids it or compares it with what else is
in the row, or a key wants it to be another one in each row. What refers to other tables gets a key that is
there, be it one of several columns together.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.names import last
from snapstore_postgres.relations import table_of
from snapstore_postgres.rows.stand_ins.checked import CALLED, checks_of, coming_beside, condition
from snapstore_postgres.rows.stand_ins.compared import behind, beside
from snapstore_postgres.rows.stand_ins.neutral import NEUTRAL, NUMBERS, TEXTS, TIMES, UNUSED, base_of, of_type
from snapstore_postgres.rows.stand_ins.referring import is_found, key_that_is_there, references_of
from snapstore_postgres.rows.stand_ins.together import leaving_room, wanted_beside
from snapstore_postgres.rows.types.casts import is_null


def needs(column: Fact, view: View) -> list[str]:
    """The columns whose values stand in, and what the checks of these values call and read."""
    found = [fact.id for reference in references_of(column, view) for fact in reference.columns()]
    asked = [need for check in checks_of(column, view) for need in check.needs]
    called = [need for need in asked if need.startswith(CALLED)]
    return [*dict.fromkeys((*found, *called, *coming_beside(column, asked, view)))]


def filling(column: Fact, table: str, view: View) -> str:
    """A statement that gives each row without a value the first of those that could stand in and may."""
    name, chosen = last(column.name), _chosen(column, view)
    number = f"row_number() OVER ({_numbered_within(column, view)})"
    unused = f", {number} + {_last_number(table, name)} AS snap_unused" if UNUSED in chosen else ""
    return (
        f"UPDATE {table} t SET {name} = ({chosen}) FROM (SELECT tableoid AS snap_part, ctid AS snap_place,"
        f" {number} AS snap_no{unused} FROM {table} WHERE {is_null(name, column.attrs['type'])}) k"
        " WHERE t.tableoid = k.snap_part AND t.ctid = k.snap_place"
    )


def _chosen(column: Fact, view: View, is_there: bool = True) -> str:
    """A query for the first of the values that could stand in and may, in a row called ``t``; of a column
    that is not there yet, no row has any."""
    checks = [*checks_of(column, view)]
    values = _candidates(column, checks, view, is_there)
    return _first_of(column, [*map(condition, checks)], values, leaving_room(column, view))


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
    needs = (need for check in checks_of(column, view) for need in check.needs if need.startswith("column:"))
    beside = (own.id for reference in references_of(column, view) for own, _ in reference.beside)
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
    references = references_of(column, view)
    if not references:
        return None
    own = _own(column, _told_apart_within(column, view) or (), view)
    found = [fact for reference in references for fact in reference.columns()]
    others = [fact for fact in found if fact not in own]
    return Search(_chosen(column, view, is_there=False), _numbered_within(column, view), own, others)


def trial(column: Fact, view: View) -> Search | None:
    """The same where checks alone say what may stand in. None where it depends on the other rows."""
    depends = references_of(column, view) or _told_apart_within(column, view) is not None
    if depends or not any(checks_of(column, view)):
        return None
    return Search(_chosen(column, view), "", _own(column, (), view), [])


def _own(column: Fact, within: Iterable[str], view: View) -> list[Fact]:
    """The columns of its rows by which a value is chosen."""
    names = sorted(_read(column, view) | {*within})
    return [view.target[f"column:{table_of(column)}.{name}"] for name in names]


def _last_number(table: str, name: str) -> str:
    return f"(SELECT coalesce(max(substring(m.{name}::text, '^[0-9]{{1,9}}')::bigint), 0) FROM {table} m)"


def allowing(column: Fact, view: View) -> list[str]:
    """Conditions on a row ``t`` that a value, in ``snap`` under the name of the column, has to fulfil."""
    tests = [f"({condition(check)}) IS NOT FALSE" for check in checks_of(column, view)]
    return [
        *tests,
        *(is_found(reference, f"snap.{last(column.name)}") for reference in references_of(column, view)),
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
    checks = list(checks_of(column, view))
    read = {last(need) for check in checks for need in check.needs if need.startswith("column:")}
    return f"({_first_of(column, [*map(condition, checks)], values)})", sorted(read)


def _first_of(column: Fact, tests: Sequence[str], values: Iterable[str], better: Sequence[str] = ()) -> str:
    """A query for the first of these values that passes the tests, best one for which more is true."""
    name, kind = last(column.name), column.attrs["type"]
    listed = ", ".join(f"({place}, ({value})::{kind})" for place, value in enumerate(values))
    may = " AND ".join(f"{test} IS NOT FALSE" for test in tests) or "true"
    return (
        f"SELECT snap.{name} FROM (VALUES {listed}) snap(snap_order, {name})"
        f" WHERE {may} ORDER BY {''.join(f'{each} DESC, ' for each in better)}snap_order LIMIT 1"
    )


def constant(column: Fact, view: View) -> str | None:
    """What stands in for all rows alike, where that is plain: the column can come with it, and no row has to
    be written. None where the rows differ in it, or something has to be tried."""
    kind = column.attrs["type"]
    plain = kind.endswith("[]") or base_of(kind) in (*NUMBERS, *TEXTS, *TIMES, *NEUTRAL)
    depends = references_of(column, view) or any(checks_of(column, view))
    if "." in kind or not plain or depends or _told_apart_within(column, view) is not None:
        return None
    return f"({next(of_type(kind, column, '', view))})::{kind}"


def _candidates(column: Fact, checks: list[Fact], view: View, is_there: bool) -> Iterator[str]:
    """Expressions of values, the best first; ``snap_no`` is the number of the row among those without one, or
    among those of them that nothing else tells apart."""
    within = _told_apart_within(column, view)
    references = references_of(column, view)
    if references:
        used = _is_used(column, within) if within is not None and is_there else None
        yield key_that_is_there(references, within is not None, used)
        return  # nothing else is there to refer to
    tests = " ".join((*map(condition, checks), *wanted_beside(column, view)))
    if within is not None and is_there:
        yield from behind(column, checks, view)
    yield from of_type(column.attrs["type"], column, tests, view, within is not None)
    yield from beside(column, checks, view)


def _is_used(column: Fact, within: Sequence[str]) -> str:
    """The beginning of a test whether a row that needs another value has the one that follows it."""
    same = [f"m.{name} IS NOT DISTINCT FROM t.{name}" for name in within]
    equal = " AND ".join([*same, f"m.{last(column.name)} ="])
    return f"EXISTS (SELECT FROM {table_of(column)} m WHERE {equal}"


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
