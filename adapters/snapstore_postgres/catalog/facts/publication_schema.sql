-- since 15
-- All tables of a schema as a member of a publication.
-- nothing without pg_publication
SELECT 'pg_publication_namespace'::regclass::oid, r.oid, 0,
       format('publication_member:%I:%I', p.pubname, n.nspname), format('publication:%I', p.pubname),
       format('%I', p.pubname) AS publication,
       format('%I', n.nspname) AS schema
  FROM pg_publication_namespace r JOIN pg_publication p ON p.oid = r.pnpubid
  JOIN pg_namespace n ON n.oid = r.pnnspid
 WHERE n.oid = ANY ($1)
