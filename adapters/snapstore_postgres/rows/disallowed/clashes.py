"""Rows that have a key together which no two may have: a unique one, one that excludes, or a temporal one.

What a key is of, and what it compares by, the server says of an empty table that has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from snapstore.model import Fact
from snapstore_postgres.names import NAME, last, literal, qualifier, spare_name
from snapstore_postgres.relations.keys import is_by_pairs
from snapstore_postgres.rows.looks.future_rows import Rows, columns_of, is_alone, others_stay, rows_of
from snapstore_postgres.rows.looks.looking import Look
from snapstore_postgres.rows.looks.stage import Stage

_PART = """pg_catalog.concat('(', pg_catalog.pg_get_indexdef(i.indexrelid, n, false), ')',
           ' COLLATE ' || nullif(i.indcollation[n - 1], 0)::pg_catalog.regcollation)"""
_WHICH = "'(' || pg_catalog.max(pg_catalog.pg_get_expr(i.indpred, i.indrelid)) || ')'"
_NULLS = "(pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::boolean"  # since 15
_TEMPORAL = "(pg_catalog.to_jsonb(c) ->> 'conperiod')::boolean"  # since 18
_INDEX = rf"CREATE UNIQUE INDEX {NAME} ON (?:ONLY )?{{}} USING "


def clashing(key: Fact, stage: Stage) -> Iterator[Look]:
    """Looks at the rows of the table of a key, or of an index."""
    columns, table = columns_of(key, stage), key.parent or ""
    rows = rows_of(table, columns, stage, is_alone(table, stage)) if others_stay(key, stage) else None
    spare = f"{qualifier(stage.table(table))}.{spare_name(key.id, 'key')}"
    made = _made(key, spare)
    if rows is None or made is None:
        return
    by_pairs = is_by_pairs(key)
    asked = _operators("<" if stage.gives_up else "<>") if by_pairs else _EQUAL
    bad = _pairs(rows) if by_pairs else _twins(rows, stage.gives_up)
    table_made = f"CREATE TABLE {spare} ({', '.join(map(_defined, columns))}); {made};"
    found = f"WHERE i.indrelid = {literal(spare)}::pg_catalog.regclass"
    why = "they have a key together that no two rows may have"
    what, asking = f"fit {last(key.name)}", f"{table_made} {asked} {found};"
    yield Look(bad, rows.table, rows.place, what, why, asking, ("parts", "which", "pairs"))


def _made(key: Fact, spare: str) -> str | None:
    """The statement that makes it on the spare table; None where it is no such key."""
    definition = key.attrs["definition"]
    if key.kind != "index":
        return f"ALTER TABLE {spare} ADD {definition}"
    table = (key.parent or "").partition(":")[2]
    found = re.match(_INDEX.format(re.escape(table)), definition)
    return f"CREATE UNIQUE INDEX ON {spare} USING {definition[found.end() :]}" if found else None


def _defined(column: Fact) -> str:
    collation = f" COLLATE {column.attrs['collation']}" if "collation" in column.attrs else ""
    return f"{last(column.name)} {column.attrs['type']}{collation}"


_EQUAL = f"""SELECT CASE WHEN pg_catalog.bool_and(c.opcdefault) THEN pg_catalog.string_agg(part, ', ') END,
           pg_catalog.concat_ws(' AND ', 'true', {_WHICH},
             CASE WHEN NOT coalesce(pg_catalog.bool_or({_NULLS}), false)
                  THEN pg_catalog.string_agg(part || ' IS NOT NULL', ' AND ') END)
      INTO STRICT parts, which
      FROM pg_catalog.pg_index i CROSS JOIN LATERAL pg_catalog.generate_series(1, i.indnkeyatts) n
     CROSS JOIN LATERAL {_PART} part
      JOIN pg_catalog.pg_opclass c ON c.oid = i.indclass[n - 1]"""
"""What is equal in an operator class that was chosen is left to the server: then there are no ``parts``."""


def _twins(rows: Rows, first_fits: bool) -> str:
    times = "row_number() OVER (PARTITION BY %1$s ORDER BY place)"
    times = times if first_fits else "count(*) OVER (PARTITION BY %1$s)"
    return (
        f"SELECT place FROM (SELECT place, pg_catalog.{times} AS times"
        f" FROM {rows.source.replace('%', '%%')} t WHERE %2$s) t WHERE times > 1"
    )


def _operators(placed: str) -> str:
    """Those that a key compares by; ``placed`` says how another row lies to one that it is in the way of."""
    return f"""SELECT pg_catalog.string_agg(pg_catalog.format('%s AS p%s', part, n), ', '),
           pg_catalog.concat_ws(' AND ', 'true', {_WHICH}),
           pg_catalog.concat('EXISTS (SELECT FROM keyed b WHERE b.place {placed} a.place AND ',
             pg_catalog.string_agg(pg_catalog.format('a.p%s OPERATOR(%I.%s) b.p%1$s',
                                                     n, s.nspname, o.oprname), ' AND '), ')',
             CASE WHEN pg_catalog.bool_or({_TEMPORAL}) THEN pg_catalog.format(
               ' UNION ALL SELECT place FROM keyed a WHERE pg_catalog.isempty(a.p%s)',
               pg_catalog.max(n)) END)
      INTO STRICT parts, which, pairs
      FROM pg_catalog.pg_index i JOIN pg_catalog.pg_constraint c ON c.conindid = i.indexrelid
     CROSS JOIN LATERAL pg_catalog.unnest(c.conexclop) WITH ORDINALITY x (operator, n)
     CROSS JOIN LATERAL {_PART.replace("indexrelid, n", "indexrelid, n::integer")} part
      JOIN pg_catalog.pg_operator o ON o.oid = x.operator
      JOIN pg_catalog.pg_namespace s ON s.oid = o.oprnamespace"""


def _pairs(rows: Rows) -> str:
    """Where one of the operators is hashed, no more pairs are compared than are equal in that."""
    source = rows.source.replace("%", "%%")
    keyed = f"WITH keyed AS MATERIALIZED (SELECT place, %1$s FROM {source} t WHERE %2$s)"
    return f"{keyed} SELECT place FROM keyed a WHERE %3$s"
