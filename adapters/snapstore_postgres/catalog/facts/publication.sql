-- nothing without pg_publication
SELECT 'pg_publication'::regclass::oid, p.oid, 0, format('publication:%I', p.pubname), NULL,
       pg_get_userbyid(p.pubowner) AS owner,
       nullif(p.puballtables, false) AS all_tables,
       CASE p.pubgencols WHEN 's' THEN 'stored' END AS generated_columns,  -- since 18
       concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
                            CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END) AS publish,
       nullif(p.pubviaroot, false) AS via_root
  FROM pg_publication p
 WHERE NOT {{member(pg_publication, p.oid)}}
