-- The names of objects by their classes ($1) and oids ($2), without operators that are only mentioned by others.
SELECT DISTINCT pg_describe_object(x.class, x.oid, 0)
  FROM unnest($1::oid[], $2::oid[]) x (class, oid)
 WHERE NOT EXISTS (SELECT FROM pg_operator o
                    WHERE x.class = 'pg_operator'::regclass AND o.oid = x.oid AND o.oprcode = 0)
