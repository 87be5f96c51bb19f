SELECT 'pg_conversion'::regclass::oid, c.oid, 0, format('conversion:%I.%I', n.nspname, c.conname), NULL,
       json_strip_nulls(json_build_object(
         'owner', pg_get_userbyid(c.conowner),
         'from', pg_encoding_to_char(c.conforencoding),
         'to', pg_encoding_to_char(c.contoencoding),
         'function', c.conproc::text,
         'default', nullif(c.condefault, false)))
  FROM pg_conversion c JOIN pg_namespace n ON n.oid = c.connamespace
 WHERE c.connamespace = ANY ($1) AND NOT {{member(pg_conversion, c.oid)}}
