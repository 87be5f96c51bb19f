-- nothing without pg_conversion WHERE oid >= 16384
SELECT 'pg_conversion'::regclass::oid, c.oid, 0, format('conversion:%I.%I', n.nspname, c.conname), NULL,
       pg_get_userbyid(c.conowner) AS owner,
       pg_encoding_to_char(c.conforencoding) AS from,
       pg_encoding_to_char(c.contoencoding) AS to,
       c.conproc::text AS function,
       nullif(c.condefault, false) AS default
  FROM pg_conversion c JOIN pg_namespace n ON n.oid = c.connamespace
 WHERE n.oid = ANY ($1) AND NOT {{member(pg_conversion, c.oid)}}
