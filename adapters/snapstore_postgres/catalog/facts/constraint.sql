-- Of tables. A foreign key that a partition got from its parent is part of the parent's.
SELECT 'pg_constraint'::regclass::oid, k.oid, 0,
       format('constraint:%I.%I.%I', n.nspname, c.relname, k.conname),
       format('table:%I.%I', n.nspname, c.relname),
       k.contype AS type,
       pg_get_constraintdef(k.oid) AS definition,
       nullif(k.contype = 'c' AND NOT k.conislocal, false) AS inherited,
       i.reloptions AS options,
       {{tablespace(i)}} AS tablespace
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_class i ON i.oid = k.conindid AND k.contype <> 'f'
 WHERE k.contype IN ('c', 'f', 'p', 'u', 'x') AND c.relkind IN ('r', 'p', 'f') AND n.oid = ANY ($1)
   AND c.relpersistence <> 't' AND NOT (k.contype = 'f' AND k.conparentid <> 0)
   AND NOT {{member(pg_class, c.oid)}}
   -- A parent's column that goes takes along the check of it, and leaves that in children that have the column
   -- themselves. No statement drops it any more, and pg_dump does not know it.
   AND (k.contype <> 'c' OR k.conislocal OR c.relispartition OR {{given('c', g.conislocal AND g.conname = k.conname)}})
