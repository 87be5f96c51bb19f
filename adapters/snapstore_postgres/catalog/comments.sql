-- Comments of everything, by address; of a column also its name. Of a NOT NULL constraint the address is that of
-- its column or domain.
SELECT d.classoid, d.objoid, d.objsubid,
       CASE WHEN d.objsubid > 0 THEN (
          SELECT quote_ident(a.attname)
            FROM pg_attribute a
           WHERE d.classoid = 'pg_class'::regclass AND a.attrelid = d.objoid AND a.attnum = d.objsubid) END,
       d.description, false
  FROM pg_description d
 WHERE d.objoid >= 16384 OR (d.classoid, d.objoid) = ('pg_namespace'::regclass, 2200)
UNION ALL
SELECT CASE k.contypid WHEN 0 THEN 'pg_class'::regclass ELSE 'pg_type'::regclass END,
       CASE k.contypid WHEN 0 THEN k.conrelid ELSE k.contypid END, coalesce(k.conkey[1], 0), NULL, d.description, true
  FROM pg_description d JOIN pg_constraint k ON d.classoid = 'pg_constraint'::regclass AND d.objoid = k.oid
 WHERE k.contype = 'n'
UNION ALL
SELECT d.classoid, d.objoid, 0, NULL, d.description, false
  FROM pg_shdescription d LEFT JOIN pg_database b ON d.classoid = 'pg_database'::regclass AND b.oid = d.objoid
 WHERE b.datname IS NULL OR b.datname = current_database()
