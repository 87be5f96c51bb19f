SELECT 'pg_publication'::regclass::oid, p.oid, 0, format('publication:%I', p.pubname), NULL,
       json_strip_nulls(json_build_object(
         'owner', pg_get_userbyid(p.pubowner),
         'all_tables', nullif(p.puballtables, false),
         'generated_columns', CASE p.pubgencols WHEN 's' THEN 'stored' END, -- since 18
         'publish', concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
                              CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END),
         'via_root', nullif(p.pubviaroot, false)))
  FROM pg_publication p
 WHERE NOT {{member(pg_publication, p.oid)}}
