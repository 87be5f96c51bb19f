-- nothing without pg_collation WHERE oid >= 16384
SELECT 'pg_collation'::regclass::oid, c.oid, 0, format('collation:%I.%I', n.nspname, c.collname), NULL,
       pg_get_userbyid(c.collowner) AS owner,
       c.collprovider AS provider,
       c.collisdeterministic AS deterministic,
       CASE WHEN c.collprovider <> 'i' THEN c.collcollate END AS collate,
       CASE WHEN c.collprovider = 'i' THEN c.collcollate END AS locale,  -- before 15
       c.colliculocale AS locale,  -- since 15, before 17
       c.colllocale AS locale,  -- since 17
       c.collicurules AS rules,  -- since 16
       CASE WHEN c.collprovider <> 'i' THEN c.collctype END AS ctype
  FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
 WHERE n.oid = ANY ($1) AND NOT {{member(pg_collation, c.oid)}}
