SELECT 'pg_type'::regclass::oid, t.oid, 0, format('enum:%I.%I', n.nspname, t.typname), NULL,
       json_build_object(
         'owner', pg_get_userbyid(t.typowner),
         'labels', (SELECT coalesce(json_agg(e.enumlabel ORDER BY e.enumsortorder), '[]')
                      FROM pg_enum e
                     WHERE e.enumtypid = t.oid))
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
 WHERE t.typtype = 'e' AND t.typnamespace = ANY ($1) AND NOT {{member(pg_type, t.oid)}}
