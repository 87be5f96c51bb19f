-- A table of a publication.
-- nothing without pg_publication
SELECT 'pg_publication_rel'::regclass::oid, r.oid, 0,
       format('publication_member:%I:%I.%I', p.pubname, n.nspname, c.relname), format('publication:%I', p.pubname),
       format('%I', p.pubname) AS publication,
       pg_get_expr(r.prqual, r.prrelid) AS where,  -- since 15
       {{column_names(r.prrelid, r.prattrs)}} AS columns,  -- since 15
       format('%I.%I', n.nspname, c.relname) AS table
  FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid JOIN pg_class c ON c.oid = r.prrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.oid = ANY ($1)
