SELECT 'pg_language'::regclass::oid, l.oid, 0, format('language:%I', l.lanname), NULL,
       json_strip_nulls(json_build_object(
         'owner', pg_get_userbyid(l.lanowner),
         'trusted', nullif(l.lanpltrusted, false),
         'handler', nullif(l.lanplcallfoid, 0)::regproc::text,
         'inline', nullif(l.laninline, 0)::regproc::text,
         'validator', nullif(l.lanvalidator, 0)::regproc::text))
  FROM pg_language l
 WHERE l.oid >= 16384 AND NOT {{member(pg_language, l.oid)}}
