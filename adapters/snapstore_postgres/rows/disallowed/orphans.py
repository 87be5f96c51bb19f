"""Rows that refer, by a foreign key, to what is not there."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.names import last, literal, qualifier, spare_name
from snapstore_postgres.relations import foreign_keys
from snapstore_postgres.relations.foreign_keys import ForeignKey
from snapstore_postgres.renaming.doubts import note
from snapstore_postgres.rows.archived.archive import kept
from snapstore_postgres.rows.looks.future_rows import Rows, is_alone, look, rows_having, rows_of, rows_with
from snapstore_postgres.rows.looks.looking import Look
from snapstore_postgres.rows.looks.stage import Stage
from snapstore_postgres.rows.stand_ins import filling, gaps


def orphans(constraint: Fact, stage: Stage) -> Iterator[Look]:
    """Looks at the rows of the table of a foreign key."""
    key = foreign_keys.read(constraint, stage.request.target)
    asked = _asked(constraint, key, stage) if key else None
    if key is None:
        return
    table, other = constraint.parent or "", key.table
    rows = rows_of(table, key.own, stage, is_alone(table, stage))
    if stage.comes_empty(other):
        having = rows or rows_having(table, key.own, stage, is_alone(table, stage))
        yield from [_of_nothing(constraint, having, key, stage)] if having else []
    if asked is None:
        return
    referred = rows_of(other, key.others, stage, is_alone(other, stage))
    if rows is None or referred is None:
        return
    bad = (_not_covered if key.temporal else _not_referring)(rows, referred, key)
    arguments = ("pairs",) if asked else (literal(_equal(key)),)
    why = f"what they refer to is not in {referred.table}"
    yield Look(bad, rows.table, rows.place, f"fit {last(constraint.name)}", why, asked, arguments)


def without_any(column: Fact, stage: Stage) -> Iterator[Look]:
    """Looks at rows that get something to refer to in a column that comes, where that may not be there."""
    view = View(stage.request, fates={})
    if column.id in stage.request.live or kept(stage.request, column.id, "column"):
        return
    table, search = (
        column.parent or "",
        filling.search(column, view) if gaps.needed(column, view) else None,
    )
    rows = rows_with(table, search.own, stage) if search and stage.has_rows(table) else None
    if search is None or rows is None:
        return
    others = {other.parent or "" for other in search.others}
    empty = sorted(other.partition(":")[2] for other in others if stage.comes_empty(other))
    if empty or all(_is_read_now(other, stage) for other in search.others):
        numbered = f"SELECT t.*, row_number() OVER ({search.numbered_by}) AS snap_no FROM {rows.source} t"
        found = f" WHERE ({search.query}) IS NULL" if not empty else ""
        bad = f"SELECT place FROM ({numbered}) t, LATERAL (SELECT t.snap_no) k{found}"
        names = empty or sorted(other.partition(":")[2] for other in others)
        why = f"nothing can stand in that is in {', '.join(names)}{_unless_renamed(others, stage)}"
        yield look(rows, bad, f"fit, in {last(column.name)}", why)


def _is_read_now(column: Fact, stage: Stage) -> bool:
    """Whether it has the values and the names that it will have."""
    table = column.parent or ""
    named = stage.table(table) == table.partition(":")[2]
    return named and stage.keeps_rows(table) and stage.value(column) == f"t.{last(column.name)}"


def _of_nothing(constraint: Fact, rows: Rows, key: ForeignKey, stage: Stage) -> Look:
    """At all that refer to something, where nothing will be there."""
    given = (f"t.{last(column.name)} IS NOT NULL" for column in key.own)
    bad = f"SELECT place FROM {rows.source} t WHERE {(' OR ' if key.full else ' AND ').join(given)}"
    why = f"what they refer to is not in {key.table.partition(':')[2]}, which comes back without rows"
    why += _unless_renamed([key.table], stage)
    return look(rows, bad, f"fit {last(constraint.name)}", why)


def _unless_renamed(tables: Collection[str], stage: Stage) -> str:
    """What to say where the rows may be there, in a table that has another name by now."""
    notes = [note(stage.now(stage.doubted[table]), table) for table in tables if table in stage.doubted]
    return f" ({', '.join(notes)})" if notes else ""


def _equal(key: ForeignKey) -> str:
    """That rows ``t`` and ``r`` have the same, but for their periods."""
    pairs = [f"r.{last(o.name)} = t.{last(c.name)}" for c, o in zip(key.own, key.others, strict=True)]
    return " AND ".join(pairs[:-1] if key.temporal else pairs)


def _not_referring(rows: Rows, referred: Rows, key: ForeignKey) -> str:
    names = [f"t.{last(column.name)}" for column in key.own]
    given = " AND ".join(f"{name} IS NOT NULL" for name in names)
    bad = f"SELECT place FROM {rows.source} t WHERE {given}".replace("%", "%%")
    there = f"SELECT FROM {referred.source} r WHERE ".replace("%", "%%")
    bad = f"{bad} AND NOT EXISTS ({there}%1$s)"
    if not key.full:
        return bad
    halves = f"pg_catalog.num_nulls({', '.join(names)}) BETWEEN 1 AND {len(names) - 1}"
    return bad + f" UNION ALL SELECT place FROM {rows.source} t WHERE {halves}".replace("%", "%%")


def _not_covered(rows: Rows, referred: Rows, key: ForeignKey) -> str:
    """The same where the last column is a period, all of which has to be there, be it in several rows."""
    *named, period = (last(column.name) for column in key.others)
    keys = ", ".join(f"r.{name}" for name in named)
    all_of = (
        f"SELECT {keys}, pg_catalog.range_agg(r.{period}) AS snap_all"
        f" FROM {referred.source} r GROUP BY {keys}"
    )
    given = " AND ".join(f"t.{last(column.name)} IS NOT NULL" for column in key.own)
    within = f"t.{last(key.own[-1].name)} OPERATOR(pg_catalog.<@) r.snap_all"
    joined = f"SELECT t.place FROM {rows.source} t LEFT JOIN ({all_of}) r ON ".replace("%", "%%")
    return f"{joined}%1$s" + f" WHERE {given} AND NOT coalesce({within}, false)".replace("%", "%%")


def _asked(constraint: Fact, key: ForeignKey, stage: Stage) -> str | None:
    """Statements that find out by what the columns are compared; "" where they are of plain types, whose
    operator of that name is theirs, None where that is not to be found out."""
    if all(map(foreign_keys.is_plain, key.own, key.others)):
        return ""
    same = all(c.attrs["type"] == o.attrs["type"] for c, o in zip(key.own, key.others, strict=True))
    # By what an index that is no constraint compares is its own.
    if key.temporal or not same or any(need.startswith("index:") for need in constraint.needs):
        return None
    # ``unnest`` of several arrays is syntax, and has no schema.
    place = qualifier(stage.table(constraint.parent or ""))
    spare, other = (f"{place}.{spare_name(constraint.id, word)}" for word in ("refers", "referred"))
    defined = [", ".join(f"{last(c.name)} {c.attrs['type']}" for c in side) for side in (key.own, key.others)]
    names = [", ".join(last(c.name) for c in side) for side in (key.own, key.others)]
    return f"""CREATE TABLE {other} ({defined[1]}, UNIQUE ({names[1]}));
    CREATE TABLE {spare} ({defined[0]}, FOREIGN KEY ({names[0]}) REFERENCES {other} ({names[1]}));
    SELECT pg_catalog.string_agg(pg_catalog.format('r.%I OPERATOR(%I.%s) t.%I',
             r.attname, s.nspname, o.oprname, t.attname), ' AND ')
      INTO STRICT pairs
      FROM pg_catalog.pg_constraint c
     CROSS JOIN LATERAL unnest(c.conkey, c.confkey, c.conpfeqop) k (own, other, operator)
      JOIN pg_catalog.pg_attribute t ON t.attrelid = c.conrelid AND t.attnum = k.own
      JOIN pg_catalog.pg_attribute r ON r.attrelid = c.confrelid AND r.attnum = k.other
      JOIN pg_catalog.pg_operator o ON o.oid = k.operator
      JOIN pg_catalog.pg_namespace s ON s.oid = o.oprnamespace
     WHERE c.conrelid = {literal(spare)}::pg_catalog.regclass AND c.contype = 'f';"""
