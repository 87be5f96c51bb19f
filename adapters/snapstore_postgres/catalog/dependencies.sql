-- Who stands on whom, by address. What initdb made (below 16384) is always there; a schema is the exception,
-- since "public" can be dropped. Defaults and constraints NOT NULL are part of their column anyway. A pair may
-- come more than once: to sort a hundred thousand of them takes longer than the rest. Where statistics are old, a
-- server takes "objid >= 16384" for one row, and looks up each constraint; of a bigint it knows no better.
SELECT {{address(d.classid, d.objid, d.objsubid)}}, {{address(d.refclassid, d.refobjid, d.refobjsubid)}}
  FROM pg_depend d
  LEFT JOIN pg_constraint k ON k.oid = d.objid AND d.classid = 'pg_constraint'::regclass AND k.contype = 'n'
 WHERE d.deptype IN ('n', 'a') AND d.objid::bigint >= 16384
   AND (d.refobjid >= 16384 OR d.refclassid = 'pg_namespace'::regclass)
   AND NOT (d.classid = 'pg_attrdef'::regclass AND d.deptype = 'a') AND k.oid IS NULL
UNION ALL
-- Of several keys of the same columns, a foreign key uses the one that was there first: it stands on each.
SELECT {{address('pg_constraint'::regclass, k.oid, 0)}}, {{address('pg_class'::regclass, i.indexrelid, 0)}}
  FROM pg_constraint k JOIN pg_index i ON i.indrelid = k.confrelid
 WHERE k.contype = 'f' AND k.oid >= 16384 AND i.indexrelid <> k.conindid
   AND i.indisunique AND i.indimmediate AND i.indisvalid
   AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indnkeyatts = cardinality(k.confkey)
   AND (i.indkey::smallint[])[0:i.indnkeyatts - 1] @> k.confkey
   AND k.confkey @> (i.indkey::smallint[])[0:i.indnkeyatts - 1]
