SELECT 'pg_publication_rel'::regclass::oid, r.oid, 0,
       format('publication_member:%I:%I.%I', p.pubname, n.nspname, c.relname), format('publication:%I', p.pubname),
       json_strip_nulls(json_build_object(
         'publication', format('%I', p.pubname),
         'where', pg_get_expr(r.prqual, r.prrelid), -- since 15
         'columns', (SELECT json_agg(format('%I', a.attname) ORDER BY a.attname) FROM pg_attribute a -- since 15
            WHERE a.attrelid = c.oid AND a.attnum = ANY (r.prattrs)), -- since 15
         'table', format('%I.%I', n.nspname, c.relname)))
  FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid JOIN pg_class c ON c.oid = r.prrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relnamespace = ANY ($1)
UNION ALL -- since 15
SELECT 'pg_publication_namespace'::regclass::oid, r.oid, 0, -- since 15
       format('publication_member:%I:%I', p.pubname, n.nspname), format('publication:%I', p.pubname), -- since 15
       json_build_object('publication', format('%I', p.pubname), 'schema', format('%I', n.nspname)) -- since 15
  FROM pg_publication_namespace r JOIN pg_publication p ON p.oid = r.pnpubid -- since 15
  JOIN pg_namespace n ON n.oid = r.pnnspid -- since 15
 WHERE n.oid = ANY ($1) -- since 15
