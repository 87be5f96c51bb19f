-- Comments of everything, by address; of a column also its name, of a NOT NULL constraint only that of its column.
SELECT d.classoid, d.objoid, d.objsubid, quote_ident(a.attname), d.description
  FROM pg_description d
  LEFT JOIN pg_attribute a
    ON d.classoid = 'pg_class'::regclass AND a.attrelid = d.objoid AND a.attnum = d.objsubid
 WHERE d.objoid >= 16384 OR (d.classoid, d.objoid) = ('pg_namespace'::regclass, 2200)
UNION ALL
SELECT 'pg_class'::regclass, k.conrelid, k.conkey[1], NULL, d.description
  FROM pg_description d JOIN pg_constraint k ON d.classoid = 'pg_constraint'::regclass AND d.objoid = k.oid
 WHERE k.contype = 'n' AND k.conrelid <> 0
UNION ALL
SELECT d.classoid, d.objoid, 0, NULL, d.description
  FROM pg_shdescription d LEFT JOIN pg_database b ON d.classoid = 'pg_database'::regclass AND b.oid = d.objoid
 WHERE b.datname IS NULL OR b.datname = current_database()
