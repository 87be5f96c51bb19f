SELECT 'pg_largeobject'::regclass::oid, l.oid, 0, format('large_object:%s', l.oid), NULL,
       pg_get_userbyid(l.lomowner) AS owner
  FROM pg_largeobject_metadata l
