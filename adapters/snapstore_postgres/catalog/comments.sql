-- Comments of everything, by address; of a column also its name.
SELECT d.classoid, d.objoid, d.objsubid, quote_ident(a.attname), d.description
  FROM pg_description d
  LEFT JOIN pg_attribute a
    ON d.classoid = 'pg_class'::regclass AND a.attrelid = d.objoid AND a.attnum = d.objsubid
 WHERE d.objoid >= 16384 OR d.classoid = 'pg_namespace'::regclass
