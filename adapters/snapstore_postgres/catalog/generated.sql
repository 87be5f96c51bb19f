-- The address of a generated column's expression, and of the column that it stands for.
SELECT {{address('pg_attrdef'::regclass, d.oid, 0)}}, {{address('pg_class'::regclass, d.adrelid, d.adnum)}}
  FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
 WHERE a.attgenerated <> '' AND d.oid >= 16384
