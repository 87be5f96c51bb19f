-- Everything there is that no query in facts/ reads, by name. A kind that gets a query leaves this list.
{{unmodelled_in_schema(base type, pg_type, typname, typnamespace)}}
   AND x.typtype IN ('b', 'p') AND NOT (x.typcategory = 'A' AND x.typelem <> 0)
UNION ALL
SELECT format('security label of provider %I on %s', x.provider, pg_describe_object(x.classoid, x.objoid, x.objsubid))
  FROM pg_seclabel x
UNION ALL
-- Only a superuser may read all columns of pg_subscription; these two are for everybody.
SELECT format('subscription %I', x.subname)
  FROM (SELECT subname, subdbid FROM pg_subscription) x JOIN pg_database d ON d.oid = x.subdbid
 WHERE d.datname = current_database()
