"""Rows that the target does not allow: told before anything is changed.

A key, a NOT NULL, a check, a foreign key or a domain may leave out rows that are there. They are looked for
where they are what they will be then: no rows of the table come or go, and the columns keep their values,
under whatever names and plain types. Elsewhere PostgreSQL tells, within the transaction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, Verb
from snapstore.rules import View
from snapstore_postgres.expressions.resolution import compares
from snapstore_postgres.names import NAME, last, literal, qualifier, spare_name
from snapstore_postgres.relations import foreign_keys
from snapstore_postgres.relations.foreign_keys import ForeignKey
from snapstore_postgres.rows import lost_labels
from snapstore_postgres.rows.filling import condition
from snapstore_postgres.rows.looking import LOOKS, Look, Place, first, statements, told
from snapstore_postgres.rows.seen import seen_now
from snapstore_postgres.rows.staying import Staying


def told_first(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, preceded by looks at the rows for those that allow less than before."""
    staying = Staying(request, actions)
    found: dict[str, Action] = {}
    for action in actions:
        fact = request.target.get(action.subject)
        if fact is None or action.verb is Verb.DROP or LOOKS in action.payload or fact.id in found:
            continue
        looks = list(_looks(fact, staying))
        if looks:
            # What is missing on one side of a foreign key may be what is wrong with the key on the other.
            behind = int(fact.attrs.get("type") == "f")
            checked = statements(looks, request.settings)
            found[fact.id] = first(action, checked, "no row is in the way", behind)
    return [*found.values(), *actions]


def _looks(fact: Fact, staying: Staying) -> Iterator[Look]:
    kind, of = fact.attrs.get("type"), (fact.parent or "").partition(":")[0]
    if fact.kind == "column":
        yield from _without_value(fact, staying)
    elif fact.kind == "enum":
        yield from _with_lost_labels(fact, staying)
    elif fact.kind == "domain":
        yield from _of_strict_domain(fact, staying)
    elif fact.kind == "constraint" and of == "domain":
        yield from _of_domain_check(fact, staying)
    elif not _allows_less(fact, staying):
        return
    elif fact.kind == "index" or kind in ("p", "u"):
        yield from _twins(fact, staying)
    elif kind == "c":
        yield from _unfit(fact, staying)
    elif kind == "f":
        yield from _orphans(fact, staying)


def _allows_less(fact: Fact, staying: Staying) -> bool:
    """Whether it may leave out rows that are there: it is new, another one, or of other values."""
    definition = fact.attrs.get("definition", "")
    table = fact.parent or ""
    if definition.endswith((" NOT VALID", " NOT ENFORCED")) or not table.startswith("table:"):
        return False
    if not staying.has_rows(table):
        return False
    live, target = staying.request.live, staying.request.target
    before = live.get(fact.id)
    if before is None or _promise(before.attrs.get("definition", "")) != _promise(definition):
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


class _Rows(NamedTuple):
    """The query for rows of a table as they will be: the columns of the target, and their ``place``."""

    table: str
    place: Place
    source: str


def _rows(table: str, columns: Sequence[Fact], staying: Staying, only: bool) -> _Rows | None:
    """None where they are not known."""
    values = [staying.value(column) for column in columns]
    if not columns or None in values or not staying.keeps_rows(table):
        return None
    place = staying.place(table)
    named = (f"{value} AS {last(column.name)}" for value, column in zip(values, columns, strict=True))
    one = "ONLY " if only else ""
    source = f"(SELECT {place.expression} AS place, {', '.join(named)} FROM {one}{staying.table(table)} t)"
    return _Rows(staying.table(table), place, source)


def _columns(fact: Fact, staying: Staying) -> list[Fact]:
    """The columns of its table that something reads."""
    found = (staying.request.target.get(n) for n in fact.needs if n.startswith("column:"))
    return [column for column in found if column is not None and column.parent == fact.parent]


def _is_plain(table: str, staying: Staying) -> bool:
    """Whether what it has does not hold in tables below."""
    return "partition_key" not in staying.request.live[table].attrs


_PARTS = ("table", "column", "constraint", "index", "partition")


def _others_stay(fact: Fact, staying: Staying) -> bool:
    """Whether what it calls and compares by is there as it will be."""
    others = (need for need in fact.needs if need.partition(":")[0] not in _PARTS)
    return staying.as_they_are(others)


# -- no value ----------------------------------------------------------------------------------------------


def _without_value(column: Fact, staying: Staying) -> Iterator[Look]:
    before = staying.request.live.get(column.id)
    if before is None or _allows_null(column) or not _allows_null(before):
        return
    rows = _rows(column.parent or "", [column], staying, only=False)
    if rows and staying.has_rows(column.parent or ""):
        name = last(staying.now(column.id))
        bad = f"SELECT place FROM {rows.source} t WHERE {last(column.name)} IS NULL"
        yield _look(rows, bad, f"fit, in {name}", "it may not be NULL")


def _allows_null(column: Fact) -> bool:
    not_null = column.attrs.get("not_null")
    return not not_null or (isinstance(not_null, dict) and "not_valid" in not_null)


def _with_lost_labels(enum: Fact, staying: Staying) -> Iterator[Look]:
    """Rows for which nothing may or can stand in, where no other look sees to them."""
    view = View(staying.request, fates={})
    for one in lost_labels.held(enum.id, view):
        where = seen_now(one.column, view)
        elsewhere = one.itself and not one.is_partitioned_by
        if where is None or elsewhere or lost_labels.is_told(one.column, view):
            continue
        bad = lost_labels.rows(one, where, staying.request)
        count = f"EXECUTE {literal(told(bad))} INTO bad, places;"
        why = f"they do not fit the labels of {one.enum}{f', and {one.why_not}' if one.why_not else ''}"
        yield Look(count, where.table, where.place, f"fit, in {where.column}", why)


def _look(rows: _Rows, bad: str, what: str, why: str) -> Look:
    count = f"EXECUTE {literal(told(bad))} INTO bad, places;"
    return Look(count, rows.table, rows.place, what, why)


# -- checks and domains ------------------------------------------------------------------------------------


def _unfit(check: Fact, staying: Staying) -> Iterator[Look]:
    text = condition(check)
    if not _is_readable(check, text, staying):
        return
    only = " NO INHERIT" in check.attrs["definition"]
    rows = _rows(check.parent or "", _columns(check, staying), staying, only)
    if rows:
        bad = f"SELECT place FROM {rows.source} t WHERE NOT ({text})"
        yield _look(rows, bad, f"fit {last(check.name)}", f"they do not fit CHECK {text}")


def _is_readable(check: Fact, text: str, staying: Staying) -> bool:
    """Whether what a check says means the same of the columns alone, and as things are."""
    return ".*" not in text and not compares(text) and _others_stay(check, staying)


def _of_domain_check(check: Fact, staying: Staying) -> Iterator[Look]:
    text, domain = condition(check), staying.request.target.get(check.parent or "")
    before = staying.request.live.get(check.id)
    is_same = before is not None and before.attrs["definition"] == check.attrs["definition"]
    others = Fact(check.id, needs=tuple(n for n in check.needs if n != check.parent))
    if domain is None or is_same or "NOT VALID" in check.attrs["definition"]:
        return
    if _is_readable(others, text, staying):
        yield from _of_domain(domain, f"NOT ({text})", f"they do not fit CHECK {text}", staying)


def _of_strict_domain(domain: Fact, staying: Staying) -> Iterator[Look]:
    before = staying.request.live.get(domain.id)
    if before is not None and domain.attrs.get("not_null") and not before.attrs.get("not_null"):
        yield from _of_domain(domain, "value IS NULL", "it may not be NULL", staying)


def _of_domain(domain: Fact, bad: str, why: str, staying: Staying) -> Iterator[Look]:
    """Looks at all columns whose values are of a domain, or of one that is of it."""
    live, target = staying.request.live, staying.request.target
    for dependent in live.dependents.get(domain.id, ()):
        after = target.get(dependent.id)
        if after is None or dependent.attrs.get("type") != domain.name != after.attrs.get("type"):
            continue
        if dependent.kind == "domain":
            yield from _of_domain(after, bad, f"{why}, of {domain.name}", staying)
        elif dependent.kind == "column":
            yield from _in_column(after, domain, bad, f"{why}, of {domain.name}", staying)


def _in_column(column: Fact, domain: Fact, bad: str, why: str, staying: Staying) -> Iterator[Look]:
    """``bad`` is a condition on ``value``."""
    table = column.parent or ""
    if not (staying.keeps_values(column) and staying.keeps_rows(table) and staying.has_rows(table)):
        return
    place, name = staying.place(table), last(staying.now(column.id))
    value = f"t.{name}::{domain.attrs['type']}"
    source = f"(SELECT {place.expression} AS place, {value} AS value FROM ONLY {staying.table(table)} t)"
    rows = _Rows(staying.table(table), place, source)
    yield _look(rows, f"SELECT place FROM {source} t WHERE {bad}", f"fit, in {name}", why)


# -- foreign keys ------------------------------------------------------------------------------------------


def _orphans(constraint: Fact, staying: Staying) -> Iterator[Look]:
    """Rows that refer to what is not there. Only by plain types, whose operator of that name is theirs."""
    key = foreign_keys.read(constraint, staying.request.target)
    if key is None or not all(map(foreign_keys.is_plain, key.own, key.others)):
        return
    table, other = constraint.parent or "", key.table
    rows = _rows(table, key.own, staying, _is_plain(table, staying))
    referred = (
        _rows(other, key.others, staying, _is_plain(other, staying))
        if other in staying.request.live
        else None
    )
    if rows and referred:
        bad = _not_referring(rows, referred, key)
        yield _look(
            rows, bad, f"fit {last(constraint.name)}", f"what they refer to is not in {referred.table}"
        )


def _not_referring(rows: _Rows, referred: _Rows, key: ForeignKey) -> str:
    names = [f"t.{last(column.name)}" for column in key.own]
    pairs = (f"r.{last(o.name)} = {name}" for o, name in zip(key.others, names, strict=True))
    given = " AND ".join(f"{name} IS NOT NULL" for name in names)
    bad = (
        f"SELECT place FROM {rows.source} t WHERE {given}"
        f" AND NOT EXISTS (SELECT FROM {referred.source} r WHERE {' AND '.join(pairs)})"
    )
    if not key.full:
        return bad
    halves = f"pg_catalog.num_nulls({', '.join(names)}) BETWEEN 1 AND {len(names) - 1}"
    return f"{bad} UNION ALL SELECT place FROM {rows.source} t WHERE {halves}"


# -- keys --------------------------------------------------------------------------------------------------

_PART = """pg_catalog.concat('(', pg_catalog.pg_get_indexdef(i.indexrelid, n, false), ')',
           ' COLLATE ' || nullif(i.indcollation[n - 1], 0)::pg_catalog.regcollation)"""
_NULLS = "(pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::boolean"  # since 15
_INDEX = rf"CREATE UNIQUE INDEX {NAME} ON (?:ONLY )?{{}} USING "


def _twins(key: Fact, staying: Staying) -> Iterator[Look]:
    """Rows that have one key together. What that is of, the server says of an empty table; what is equal in
    an operator class that was chosen is left to it."""
    columns, table = _columns(key, staying), key.parent or ""
    if key.attrs.get("type") == "p":
        for column in columns:
            yield from _without_value(column, staying) if column.id not in staying.touched else ()
    rows = _rows(table, columns, staying, _is_plain(table, staying)) if _others_stay(key, staying) else None
    asked = _asked(key, columns, staying)
    if rows is None or asked is None:
        return
    bad = (
        "SELECT place FROM (SELECT place, pg_catalog.count(*) OVER (PARTITION BY %s) AS times"
        f" FROM {rows.source.replace('%', '%%')} t WHERE %s) t WHERE times > 1"
    )
    execute = f"EXECUTE pg_catalog.format({literal(told(bad))}, parts, which) INTO bad, places;"
    count = f"IF parts IS NOT NULL THEN {execute} END IF;"
    why = "they have a key together that no two rows may have"
    yield Look(count, rows.table, rows.place, f"fit {last(key.name)}", why, asked)


def _asked(key: Fact, columns: Sequence[Fact], staying: Staying) -> str | None:
    """Statements that find out what a key is of; None where it is no such key."""
    definition = key.attrs["definition"]
    spare = f"{qualifier(staying.table(key.parent or ''))}.{spare_name(key.id, 'key')}"
    made = f"ALTER TABLE {spare} ADD {definition}"
    if key.kind == "index":
        table = (key.parent or "").partition(":")[2]
        found = re.match(_INDEX.format(re.escape(table)), definition)
        if found is None:
            return None
        made = f"CREATE UNIQUE INDEX ON {spare} USING {definition[found.end() :]}"
    return f"""CREATE TABLE {spare} ({", ".join(map(_defined, columns))});
    {made};
    SELECT CASE WHEN pg_catalog.bool_and(c.opcdefault) THEN pg_catalog.string_agg(part, ', ') END,
           pg_catalog.concat_ws(' AND ', 'true',
             '(' || pg_catalog.max(pg_catalog.pg_get_expr(i.indpred, i.indrelid)) || ')',
             CASE WHEN NOT coalesce(pg_catalog.bool_or({_NULLS}), false)
                  THEN pg_catalog.string_agg(part || ' IS NOT NULL', ' AND ') END)
      INTO STRICT parts, which
      FROM pg_catalog.pg_index i CROSS JOIN LATERAL pg_catalog.generate_series(1, i.indnkeyatts) n
     CROSS JOIN LATERAL {_PART} part
      JOIN pg_catalog.pg_opclass c ON c.oid = i.indclass[n - 1]
     WHERE i.indrelid = {literal(spare)}::pg_catalog.regclass AND i.indisunique AND NOT i.indisexclusion;"""


def _defined(column: Fact) -> str:
    collation = f" COLLATE {column.attrs['collation']}" if "collation" in column.attrs else ""
    return f"{last(column.name)} {column.attrs['type']}{collation}"
