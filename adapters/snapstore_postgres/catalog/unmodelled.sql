-- Everything there is that no query in facts/ reads, by name. A kind that gets a query leaves this list.
SELECT format('security label of provider %I on %s', x.provider, pg_describe_object(x.classoid, x.objoid, x.objsubid))
  FROM pg_seclabel x
UNION ALL
-- A role that may not read connections can still see that there are subscriptions.
SELECT format('subscription %I', x.subname)
  FROM (SELECT subname, subdbid FROM pg_subscription) x JOIN pg_database d ON d.oid = x.subdbid
 WHERE d.datname = current_database() AND NOT has_column_privilege('pg_subscription', 'subconninfo', 'SELECT')
