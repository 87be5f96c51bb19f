"""Some rows of each table of one database, copied into another with the same tables."""

from __future__ import annotations

import psycopg

from snapstore.adapter import Context
from snapstore.errors import SnapError
from snapstore_postgres.server.connection import Connection, connect, failed_statement
from snapstore_postgres.settings import Settings

_TABLES = """
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname),
       (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum)
          FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '')
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_|snapstore_archive)' AND n.nspname <> 'information_schema'
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
                      AND d.deptype = 'e')
 ORDER BY 1"""
_EMPTY = "SELECT NOT EXISTS (SELECT FROM ONLY {})"
_ORPHANS = """
SELECT pg_catalog.format('DELETE FROM ONLY %s t WHERE %s AND NOT EXISTS (SELECT FROM %s r WHERE %s)',
         c.conrelid::pg_catalog.regclass,
         pg_catalog.string_agg(pg_catalog.format('t.%I IS NOT NULL', a.attname), ' AND '),
         c.confrelid::pg_catalog.regclass,
         pg_catalog.string_agg(pg_catalog.format('t.%I = r.%I', a.attname, b.attname), ' AND '))
  FROM pg_catalog.pg_constraint c
  JOIN pg_catalog.pg_class t ON t.oid = c.conrelid AND t.relkind = 'r'
 CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(c.conkey), pg_catalog.unnest(c.confkey)) AS k (own, other)
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.own
  JOIN pg_catalog.pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.other
 WHERE c.contype = 'f' AND c.convalidated GROUP BY c.oid, c.conrelid, c.confrelid"""


def fill(source: Connection, scratch: Settings, context: Context, rows: int) -> list[str]:
    """Copy ``rows`` rows of each table, as they come, without those that refer to none that was copied.

    What a table already holds, because its rows are part of the state, is left as it is. Rows that this role
    may not read are not copied, and told. SnapError where triggers and keys cannot be put off while copying.
    """
    told: list[str] = []
    with connect(scratch, context.resource) as target:
        try:
            with target.transaction():
                _without_triggers(target, context.resource)
                for table, columns in target.execute(_TABLES.encode()).fetchall():
                    if columns and _is_empty(target, table):
                        told += _copy(source, target, table, columns, rows)
                _prune(target)
        except psycopg.Error as error:
            raise failed_statement(error, context.resource, "no sample of rows could be copied") from None
        target.execute("ANALYZE")
    return [f"with a sample of at most {rows:,} rows of each table", *told]


def _without_triggers(target: Connection, resource: str) -> None:
    try:
        target.execute("SET LOCAL session_replication_role = replica")
    except psycopg.errors.InsufficientPrivilege as error:
        raise SnapError(
            "a sample of rows is copied without triggers, which this role may not switch off",
            where=resource,
            fix='GRANT SET ON PARAMETER session_replication_role, rehearse_on = "embedded", or no --rows',
        ) from error


def _is_empty(target: Connection, table: str) -> bool:
    return target.execute(_EMPTY.format(table).encode()).fetchall() == [(True,)]


def _copy(source: Connection, target: Connection, table: str, columns: str, rows: int) -> list[str]:
    out = f"COPY (SELECT {columns} FROM ONLY {table} LIMIT {rows}) TO STDOUT"
    into = f"COPY {table} ({columns}) FROM STDIN"
    try:
        with source.cursor().copy(out) as read:
            blocks = list(read)
    except psycopg.errors.InsufficientPrivilege:
        return [f"{table}: no rows were copied, which this role may not read"]
    with target.cursor().copy(into) as write:
        for block in blocks:
            write.write(block)
    return []


def _prune(target: Connection) -> None:
    """Delete rows that refer to none that was copied, until each has what it refers to."""
    statements = [text for (text,) in target.execute(_ORPHANS.encode()).fetchall()]
    while sum(target.execute(text.encode()).rowcount for text in statements):
        pass
