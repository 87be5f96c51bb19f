SELECT 'pg_collation'::regclass::oid, c.oid, 0, format('collation:%I.%I', n.nspname, c.collname), NULL,
       json_strip_nulls(json_build_object(
         'owner', pg_get_userbyid(c.collowner),
         'provider', c.collprovider,
         'deterministic', c.collisdeterministic,
         'collate', c.collcollate,
         'locale', c.colliculocale,  -- since 15, before 17
         'locale', c.colllocale,     -- since 17
         'rules', c.collicurules,    -- since 16
         'ctype', c.collctype))
  FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
 WHERE c.collnamespace = ANY ($1) AND NOT {{member(pg_collation, c.oid)}}
