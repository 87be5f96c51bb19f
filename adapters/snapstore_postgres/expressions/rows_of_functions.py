"""What reads the rows of a function by a list of their columns, and is older than some of these.

A view over ``public.f() x(a, b)`` goes on telling just these columns where the table or the type of whose
rows the function gives some gets others, and whoever writes it so gets them all. So it is made before they
come: columns of a table are taken to stand on it, and attributes of a type come in stages
(``type_stages.py``).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Fact, FactChange
from snapstore_postgres.expressions.tokens import words
from snapstore_postgres.features import strings
from snapstore_postgres.names import last
from snapstore_postgres.relations import children
from snapstore_postgres.renaming.renamed_request import changes_after
from snapstore_postgres.words import plain

_ALIAS = re.compile(r' (?:\w+|"(?:[^"]|"")+")(?=\()')


class Reading(NamedTuple):
    """That a fact reads rows of a table or a type, given by identity, by a list of so many columns."""

    reader: Fact
    function: str
    rows_of: str
    listed: int


def read_by(fact: Fact, target: Facts) -> Iterator[Reading]:
    """How a fact reads the rows of functions."""
    for need in fact.needs:
        function = target.get(need) if need.startswith("function:") else None
        rows_of = _rows_of(function, target) if function else ""
        if function and rows_of:
            name = plain(function.name)
            counts = {count for text in strings(fact.attrs) for count in _listed(text, name)}
            yield from (Reading(fact, name, rows_of, count) for count in sorted(counts))


def _rows_of(function: Fact, target: Facts) -> str:
    """The table or the type of whose rows it gives some, "" where it is none of these."""
    name = str(function.attrs.get("result")).removeprefix("SETOF ")
    return next((i for i in (f"table:{name}", f"composite:{name}") if i in target), "")


def _listed(text: str, function: str) -> Iterator[int]:
    """How many columns are listed behind each call of a function."""
    for found in re.finditer(rf'(?<![\w".]){re.escape(function)}(?=\()', text):
        behind = text[found.end() :].removeprefix(_enclosed(text[found.end() :]))
        alias = _ALIAS.match(behind)
        if alias:
            yield words(_enclosed(behind[alias.end() :])).count(",") + 1


def _enclosed(text: str) -> str:
    """The beginning of a text: a parenthesis, up to that which closes it."""
    depth, end = 0, 0
    for word in words(text):
        depth += (word == "(") - (word == ")")
        end += len(word)
        if not depth:
            break
    return text[:end]


# -- columns of tables -------------------------------------------------------------------------------------


def before_columns(request: PlanRequest) -> PlanRequest:
    """The request, whose target has new columns of tables stand on what is older than they are; partitions,
    and columns of tables below, on those that their table then gets by itself."""
    needs: dict[str, set[str]] = defaultdict(set)
    for reading in _of_tables(request.target):
        later = (request.target[column] for column in later_columns(reading, request))
        for column in (c for c in later if c.id not in request.live and not c.attrs.get("inherited")):
            needs[column.id].add(reading.reader.id)
            for heir in _given_by(column, request.target):
                needs[heir].add(column.id)
    if not needs:
        return request
    old = ((i, request.target[i]) for i in sorted(needs))
    moves = [
        FactChange(i, fact, structs.replace(fact, needs=tuple(sorted({*fact.needs, *needs[i]}))))
        for i, fact in old
    ]
    later_target = structs.replace(request, target=request.target.changed(moves))
    changes = changes_after(later_target, request.live, moves)
    return structs.replace(later_target, changes=structs.replace(request.changes, facts=changes))


def taken_back_too_late(request: PlanRequest, counted: PlanRequest) -> set[str]:
    """The tables that come back from the archive, live only where these count as such, with columns that
    something is older than: they are made anew, and get their rows then."""
    readings = (
        r for r in _of_tables(request.target) if r.rows_of in counted.live.keys() - request.live.keys()
    )
    return {reading.rows_of for reading in readings if later_columns(reading, request)}


def _given_by(column: Fact, target: Facts) -> Iterator[str]:
    """What gets the column of a table by itself, once that has it."""
    for child in children(column.parent or "", target.dependents):
        heirs = (f"partition:{child}", f"column:{child}.{last(column.name)}")
        yield from [heir for heir in heirs if heir in target][:1]


def _of_tables(target: Facts) -> Iterator[Reading]:
    functions = (f for f in target.kinds.get("function", ()) if _rows_of(f, target).startswith("table:"))
    readers = {fact.id: fact for f in functions for fact in target.dependents.get(f.id, ())}
    return (reading for fact in readers.values() for reading in read_by(fact, target))


def later_columns(reading: Reading, request: PlanRequest) -> list[str]:
    """The columns of the table that are not in the list; none where it is a type."""
    known = request.target_hints.get("relations", {}).get(reading.rows_of, {}).get("columns") or []
    table = reading.rows_of.partition(":")[2]
    columns = [f"column:{table}.{name}" for name in known]
    return [column for column in columns if column in request.target][reading.listed :]
