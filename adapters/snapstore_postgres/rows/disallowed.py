"""Rows that the target does not allow: told before anything is changed.

A key, a NOT NULL, a check, a foreign key, a domain or an enum may leave out rows that are there. They are
looked for where they are what they will be then: no rows of the table come or go, and the columns keep their
values, under whatever names and plain types. Elsewhere PostgreSQL tells, within the transaction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, Verb
from snapstore.rules import View
from snapstore_postgres.expressions.resolution import compares
from snapstore_postgres.names import last
from snapstore_postgres.rows import archived_rows, lost_label_rows, lost_labels
from snapstore_postgres.rows.checked import condition
from snapstore_postgres.rows.clashes import clashing
from snapstore_postgres.rows.future_rows import Rows, columns_of, look, others_stay, rows_of, rows_with
from snapstore_postgres.rows.looking import (
    LOOKS,
    Look,
    first,
    statements,
)
from snapstore_postgres.rows.orphans import orphans, without_any
from snapstore_postgres.rows.returning import returning
from snapstore_postgres.rows.seen import seen_now
from snapstore_postgres.rows.stage import Stage
from snapstore_postgres.rows.staying import Staying
from snapstore_postgres.rows.taking_back import place_of_return
from snapstore_postgres.rows.unfillable import unfillable


def told_first(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, preceded by looks at the rows for those that allow less than before."""
    before = Staying(request, actions)
    back = {table.identity: table for table in returning(request)[1]}
    found: dict[str, Action] = {}
    for action in actions:
        fact = request.target.get(action.subject)
        if fact is None or action.verb is Verb.DROP or LOOKS in action.payload or fact.id in found:
            continue
        archived = back.get(fact.id) if place_of_return(action) else None
        seen = [*looks(fact, before), *(archived_rows.looks(archived, request) if archived else ())]
        unfit = [*archived_rows.checks(archived, request)] if archived else []
        if seen or unfit:
            # What is missing on one side of a foreign key may be what is wrong with the key on the other.
            behind = int(fact.attrs.get("type") == "f")
            checked = [*statements(seen, request.settings), *unfit]
            found[fact.id] = first(action, checked, "no row is in the way", behind)
    return [*found.values(), *actions]


def looks(fact: Fact, stage: Stage) -> Iterator[Look]:
    """Looks at the rows of a table that a fact of the target may not allow."""
    kind, of = fact.attrs.get("type"), (fact.parent or "").partition(":")[0]
    if fact.kind == "column":
        yield from _without_value(fact, stage)
        yield from _computed_as_null(fact, stage)
        yield from without_any(fact, stage)
        yield from unfillable(fact, stage)
    elif fact.kind == "enum":
        yield from _with_lost_labels(fact, stage)
    elif fact.kind == "domain":
        yield from _of_strict_domain(fact, stage)
    elif fact.kind == "constraint" and of == "domain":
        yield from _of_domain_check(fact, stage)
    elif not _allows_less(fact, stage):
        return
    elif fact.kind == "index" or kind in ("p", "u", "x"):
        yield from _without_any(fact, stage)
        yield from clashing(fact, stage)
    elif kind == "c":
        yield from _unfit(fact, stage)
    elif kind == "f":
        yield from orphans(fact, stage)


def _allows_less(fact: Fact, stage: Stage) -> bool:
    """Whether it may leave out rows that are there: it is new, another one, or of other values."""
    definition = fact.attrs.get("definition", "")
    table = fact.parent or ""
    if definition.endswith((" NOT VALID", " NOT ENFORCED")) or not table.startswith("table:"):
        return False
    if not stage.has_rows(table):
        return False
    live, target = stage.request.live, stage.request.target
    before = live.get(fact.id)
    if (
        before is None
        or stage.comes_anew(fact.id)
        or _promise(before.attrs.get("definition", "")) != _promise(definition)
    ):
        return True
    return any(n in live and n in target and _reads(live[n]) != _reads(target[n]) for n in fact.needs)


_MANNERS = re.compile(
    r"( ON (UPDATE|DELETE) (CASCADE|RESTRICT|SET (NULL|DEFAULT)( \(.*\))?)"
    r"| (NOT )?DEFERRABLE| INITIALLY (DEFERRED|IMMEDIATE))+$"
)


def _promise(definition: str) -> str:
    """What a key says of rows, without when it is checked and what follows from a change."""
    is_key = definition.startswith(("FOREIGN KEY ", "PRIMARY KEY ", "UNIQUE "))
    return _MANNERS.sub("", definition) if is_key else definition


def _reads(column: Fact) -> list[object]:
    return [column.attrs.get(key) for key in ("type", "collation", "generated")]


# -- no value ----------------------------------------------------------------------------------------------


def _without_value(column: Fact, stage: Stage) -> Iterator[Look]:
    before = stage.request.live.get(column.id)
    if before is None or _allows_null(column) or not _allows_null(before):
        return
    rows = rows_of(column.parent or "", [column], stage, only=False)
    if rows and stage.has_rows(column.parent or ""):
        name = last(stage.now(column.id))
        bad = f"SELECT place FROM {rows.source} t WHERE {last(column.name)} IS NULL"
        yield look(rows, bad, f"fit, in {name}", "it may not be NULL")


def _computed_as_null(column: Fact, stage: Stage) -> Iterator[Look]:
    """Rows for which nothing is computed in a column that has to have a value."""
    before, computed = stage.request.live.get(column.id), column.attrs.get("generated")
    if computed is None or _allows_null(column) or not stage.has_rows(column.parent or ""):
        return
    if before is not None and _reads(before) == _reads(column):
        return
    text = computed["expression"]
    rows = rows_with(column.parent or "", columns_of(column, stage), stage)
    if rows and _is_readable(column, text, stage):
        bad = f"SELECT place FROM {rows.source} t WHERE ({text}) IS NULL"
        yield look(rows, bad, f"fit, in {last(column.name)}", "it may not be NULL, and is computed as that")


def _without_any(key: Fact, stage: Stage) -> Iterator[Look]:
    """Rows without a value in a column of a primary key, whose NOT NULL comes with it."""
    for column in columns_of(key, stage) if key.attrs.get("type") == "p" else ():
        if column.id not in stage.touched:
            yield from _without_value(column, stage)


def _allows_null(column: Fact) -> bool:
    not_null = column.attrs.get("not_null")
    return not not_null or (isinstance(not_null, dict) and "not_valid" in not_null)


def _with_lost_labels(enum: Fact, stage: Stage) -> Iterator[Look]:
    """Rows for which nothing may or can stand in, where no other look sees to them."""
    view = View(stage.request, fates={})
    for one in lost_labels.held(enum.id, view):
        where = seen_now(one.column, view)
        elsewhere = one.itself and not one.is_partitioned_by
        if stage.gives_up:
            elsewhere = one.itself or one.is_partitioned_by  # that does so when it puts rows elsewhere
        if where is None or elsewhere or lost_label_rows.is_told(one.column, view):
            continue
        there = where._replace(place=stage.place(one.column.parent or ""))
        bad = lost_label_rows.rows(one, there, stage.request)
        why = f"they do not fit the labels of {one.enum}{f', and {one.why_not}' if one.why_not else ''}"
        yield Look(bad, there.table, there.place, f"fit, in {there.column}", why)


# -- checks and domains ------------------------------------------------------------------------------------


def _unfit(check: Fact, stage: Stage) -> Iterator[Look]:
    text = condition(check)
    if not _is_readable(check, text, stage):
        return
    only = " NO INHERIT" in check.attrs["definition"]
    rows = rows_of(check.parent or "", columns_of(check, stage), stage, only)
    if rows:
        bad = f"SELECT place FROM {rows.source} t WHERE NOT ({text})"
        yield look(rows, bad, f"fit {last(check.name)}", f"they do not fit CHECK {text}")


def _is_readable(check: Fact, text: str, stage: Stage) -> bool:
    """Whether what a check says means the same of the columns alone, and as things are."""
    return ".*" not in text and not compares(text) and others_stay(check, stage)


def _of_domain_check(check: Fact, stage: Stage) -> Iterator[Look]:
    text, domain = condition(check), stage.request.target.get(check.parent or "")
    before = stage.request.live.get(check.id)
    is_same = before is not None and before.attrs["definition"] == check.attrs["definition"]
    others = Fact(check.id, needs=tuple(n for n in check.needs if n != check.parent))
    if domain is None or is_same or "NOT VALID" in check.attrs["definition"]:
        return
    if _is_readable(others, text, stage):
        yield from _of_domain(domain, f"NOT ({text})", f"they do not fit CHECK {text}", stage)


def _of_strict_domain(domain: Fact, stage: Stage) -> Iterator[Look]:
    before = stage.request.live.get(domain.id)
    if before is not None and domain.attrs.get("not_null") and not before.attrs.get("not_null"):
        yield from _of_domain(domain, "value IS NULL", "it may not be NULL", stage)


def _of_domain(domain: Fact, bad: str, why: str, stage: Stage) -> Iterator[Look]:
    """Looks at all columns whose values are of a domain, or of one that is of it."""
    live, target = stage.request.live, stage.request.target
    for dependent in live.dependents.get(domain.id, ()):
        after = target.get(dependent.id)
        if after is None or dependent.attrs.get("type") != domain.name != after.attrs.get("type"):
            continue
        if dependent.kind == "domain":
            yield from _of_domain(after, bad, f"{why}, of {domain.name}", stage)
        elif dependent.kind == "column" and not stage.comes_anew(after.parent or ""):
            yield from _in_column(after, domain, bad, f"{why}, of {domain.name}", stage)


def _in_column(column: Fact, domain: Fact, bad: str, why: str, stage: Stage) -> Iterator[Look]:
    """``bad`` is a condition on ``value``."""
    table, lowest = column.parent or "", _lowest(domain, stage)
    if not (stage.keeps_values(column) and stage.keeps_rows(table) and stage.has_rows(table)):
        return
    if any(stage.now(need) != need for need in lowest.needs if not need.startswith("schema:")):
        return
    place, name = stage.place(table), last(stage.now(column.id))
    value = f"t.{name}::{lowest.attrs['type']}"
    source = f"(SELECT {place.expression} AS place, {value} AS value FROM ONLY {stage.table(table)} t)"
    rows = Rows(stage.table(table), place, source)
    yield look(rows, f"SELECT place FROM {source} t WHERE {bad}", f"fit, in {name}", why)


def _lowest(domain: Fact, stage: Stage) -> Fact:
    """The domain itself, or the one below it that is of no other: only its type is no domain, which may have
    another name now."""
    below = stage.request.target.get(f"domain:{domain.attrs['type']}")
    return _lowest(below, stage) if below else domain
