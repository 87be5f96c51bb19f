SELECT 'pg_ts_dict'::regclass::oid, d.oid, 0, format('ts_dictionary:%I.%I', n.nspname, d.dictname), NULL,
       json_strip_nulls(json_build_object(
         'owner', pg_get_userbyid(d.dictowner),
         'template', (SELECT format('%I.%I', tn.nspname, t.tmplname) FROM pg_ts_template t
            JOIN pg_namespace tn ON tn.oid = t.tmplnamespace WHERE t.oid = d.dicttemplate),
         'options', d.dictinitoption))
  FROM pg_ts_dict d JOIN pg_namespace n ON n.oid = d.dictnamespace
 WHERE d.dictnamespace = ANY ($1) AND NOT {{member(pg_ts_dict, d.oid)}}
