-- Volatile: constraints of which the server has lost how often they are inherited, with columns that they are of.
-- Checks that a column of a parent has left when it went count as inherited more often than parents have them.
SELECT format('constraint:%I.%I.%I', n.nspname, c.relname, k.conname),
       ARRAY(SELECT format('column:%I.%I.%I', n.nspname, c.relname, a.attname)
               FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (k.conkey))
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE k.contype = 'c' AND k.coninhcount > 0 AND k.conkey IS NOT NULL AND n.oid = ANY ($1)
   AND k.coninhcount > (
     SELECT count(*) FROM pg_inherits i JOIN pg_constraint g ON g.conrelid = i.inhparent
      WHERE i.inhrelid = c.oid AND g.contype = 'c' AND g.conname = k.conname AND NOT g.connoinherit)
UNION ALL  -- since 18
-- A computed column that is NOT NULL, and has no such constraint: SET EXPRESSION lost one that was inherited.
SELECT format('column:%I.%I.%I', n.nspname, c.relname, a.attname), ARRAY[]::text[]  -- since 18
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace  -- since 18
 WHERE a.attgenerated <> '' AND a.attnotnull AND c.relkind IN ('r', 'p', 'f') AND n.oid = ANY ($1)  -- since 18
   AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'n' AND k.conkey[1] = a.attnum)  -- since 18
