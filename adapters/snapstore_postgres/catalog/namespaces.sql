-- The schemas that are looked at: the user's, without those that the configuration excludes (parameter 1).
SELECT n.oid
  FROM pg_namespace n
 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname !~ '^snapstore_archive'
   AND NOT (n.nspname = ANY ($1))
