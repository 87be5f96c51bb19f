-- Security labels of everything, by address; of a column also its name.
SELECT l.classoid, l.objoid, l.objsubid, quote_ident(a.attname), quote_ident(l.provider), l.label
  FROM pg_seclabel l
  LEFT JOIN pg_attribute a
    ON l.classoid = 'pg_class'::regclass AND a.attrelid = l.objoid AND a.attnum = l.objsubid
UNION ALL
SELECT l.classoid, l.objoid, 0, NULL, quote_ident(l.provider), l.label
  FROM pg_shseclabel l LEFT JOIN pg_database b ON l.classoid = 'pg_database'::regclass AND b.oid = l.objoid
 WHERE b.datname IS NULL OR b.datname = current_database()
