-- nothing without pg_language WHERE oid >= 16384
SELECT 'pg_language'::regclass::oid, l.oid, 0, format('language:%I', l.lanname), NULL,
       pg_get_userbyid(l.lanowner) AS owner,
       nullif(l.lanpltrusted, false) AS trusted,
       nullif(l.lanplcallfoid, 0)::regproc::text AS handler,
       nullif(l.laninline, 0)::regproc::text AS inline,
       nullif(l.lanvalidator, 0)::regproc::text AS validator
  FROM pg_language l
 WHERE l.oid >= 16384 AND NOT {{member(pg_language, l.oid)}}
