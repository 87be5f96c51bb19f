"""Rows deleted where data is given up, with what refers to them.

By a key that lets rows be without what they refer to, they stay; by others, they are deleted with it.
"""

from __future__ import annotations

from snapstore_postgres.names import block
from snapstore_postgres.rows.undisturbed import LOUD, QUIET_VARIABLES, quiet_all

PLACES = "pg_catalog.array_agg(t.tableoid::regclass), pg_catalog.array_agg(t.ctid)"
"""What a query for rows called ``t`` has to tell of them."""
VARIABLES = f"tables regclass[]; places tid[]; more regclass[]; others tid[]; key record; {QUIET_VARIABLES}"


def deleted(table: str, which: str) -> str:
    """A statement that deletes rows of a table, called ``t``."""
    return block(
        f"""DECLARE {VARIABLES}
BEGIN
  SELECT {PLACES} INTO tables, places FROM {table} t WHERE {which};
  {those_found()}
END"""
    )


def those_found() -> str:
    """PL/pgSQL that deletes the rows that lie at ``places`` of ``tables``, and what has to go with them, of
    all of these tables at once: then no key minds the order."""
    return f"""IF tables IS NOT NULL THEN LOOP more := NULL;
      {_REFERRING}
      EXIT WHEN more IS NULL;
    END LOOP;
    {quiet_all(_CHANGED)}
    EXECUTE ({_AT_ONCE}) USING tables, places;
    {LOUD} END IF;"""


_TO_THEM = """c.contype = 'f' AND c.confrelid = ANY (tables)
           AND coalesce((pg_catalog.to_jsonb(c) ->> 'conenforced')::boolean, true)"""
_CHANGED = f"""ARRAY(SELECT pg_catalog.unnest(tables)
       UNION SELECT c.conrelid::regclass FROM pg_catalog.pg_constraint c WHERE {_TO_THEM})"""
"""Those, and the tables of keys that let rows be without what they refer to."""
_HERE = "SELECT FROM unnest($1, $2) g (part, place) WHERE {0}.tableoid = g.part AND {0}.ctid = g.place"
_REFERRING = f"""FOR key IN
        SELECT c.conrelid::regclass AS child, c.confrelid::regclass AS parent,
               (SELECT pg_catalog.string_agg(pg_catalog.format('p.%I OPERATOR(%I.%s) t.%I',
                         p.attname, s.nspname, CASE WHEN o.oprname = '<@' THEN '&&' ELSE o.oprname END,
                         a.attname), ' AND ')
                  FROM unnest(c.conkey, c.confkey, c.conpfeqop) k (own, other, operator)
                  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.own
                  JOIN pg_catalog.pg_attribute p ON p.attrelid = c.confrelid AND p.attnum = k.other
                  JOIN pg_catalog.pg_operator o ON o.oid = k.operator
                  JOIN pg_catalog.pg_namespace s ON s.oid = o.oprnamespace) AS pairs
          FROM pg_catalog.pg_constraint c
         WHERE {_TO_THEM} AND c.confdeltype IN ('a', 'r', 'c') LOOP
        EXECUTE pg_catalog.format('SELECT {PLACES}
            FROM %s t WHERE EXISTS (SELECT FROM ONLY %s p WHERE %s AND EXISTS ({_HERE.format("p")}))
             AND NOT EXISTS ({_HERE.format("t")})', key.child, key.parent, key.pairs)
           INTO more, others USING tables, places;
        IF more IS NOT NULL THEN tables := tables || more; places := places || others; EXIT; END IF;
      END LOOP;"""
_AT_ONCE = """SELECT 'WITH ' || pg_catalog.string_agg(pg_catalog.format('d%s AS (DELETE FROM ONLY %s t
        USING unnest($1, $2) g (part, place) WHERE g.part = %L::regclass AND t.ctid = g.place)',
        of.no, of.one, of.one), ', ') || ' SELECT'
      FROM (SELECT d.one, pg_catalog.row_number() OVER () AS no
              FROM (SELECT DISTINCT pg_catalog.unnest(tables)) d (one)) of"""
