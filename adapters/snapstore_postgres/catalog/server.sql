-- What has to be known before all else: the schemas that are looked at (the user's, without those that the
-- configuration excludes by parameter 1, regular expressions), who we are, what server this is, whether it has
-- an archive that we may read, the greatest number of a place in it, whether we may read how subscriptions
-- connect, how many bytes of columns there are, the name of the database and its encoding, whether it has
-- PL/pgSQL, whether we may do everything and read the verifiers of passwords; all roles unless they are many,
-- and those whose rights we have, and those that we may become, unless that is all; what else we may do here,
-- and whose the extensions are, unless we may do everything.
SELECT ARRAY(
         SELECT n.oid
           FROM pg_namespace n
          WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname !~ '^snapstore_archive'
            AND NOT (n.nspname ~ ANY ($1)))::text,
       quote_ident(current_user),
       current_setting('server_version'),
       EXISTS (SELECT FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'entries'
                WHERE n.nspname = 'snapstore_archive' AND has_schema_privilege(n.oid, 'USAGE')
                  AND has_table_privilege(c.oid, 'SELECT')),
       (SELECT coalesce(max(substring(n.nspname FROM '^snapstore_archive_([0-9]{1,9})_')::int), 0)
          FROM pg_namespace n WHERE n.nspname ~ '^snapstore_archive_[0-9]{1,9}_'),
       has_column_privilege('pg_subscription', 'subconninfo', 'SELECT'),
       pg_relation_size('pg_attribute'),
       current_database()::text,
       getdatabaseencoding()::text,
       EXISTS (SELECT FROM pg_language WHERE lanname = 'plpgsql'),
       (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user),
       has_column_privilege('pg_authid', 'rolpassword', 'SELECT'),
       has_function_privilege('pg_control_system()', 'EXECUTE'),
       (SELECT array_agg(r.rolname::text ORDER BY r.rolname) FROM pg_roles r HAVING count(*) <= 1000),
       (SELECT array_agg(r.rolname::text ORDER BY r.rolname) FROM pg_roles r
         WHERE pg_has_role(r.oid, 'USAGE')
           AND NOT (SELECT s.rolsuper FROM pg_roles s WHERE s.rolname = current_user)),
       (SELECT array_agg(r.rolname::text ORDER BY r.rolname) FROM pg_roles r
         WHERE pg_has_role(r.oid, 'MEMBER')  -- before 16
         WHERE pg_has_role(r.oid, 'SET')  -- since 16
           AND NOT (SELECT s.rolsuper FROM pg_roles s WHERE s.rolname = current_user)),
       (SELECT jsonb_build_object(
                 'creates', has_database_privilege(current_database(), 'CREATE'),
                 'closed', ARRAY(SELECT quote_ident(n.nspname) FROM pg_namespace n
                                  WHERE n.nspname !~ '^pg_' AND NOT has_schema_privilege(n.oid, 'CREATE')),
                 'sees_all_rows', s.rolbypassrls,
                 'creates_roles', s.rolcreaterole,
                 'extensions', (SELECT jsonb_object_agg(quote_ident(e.extname), pg_get_userbyid(e.extowner))
                                  FROM pg_extension e))
          FROM pg_roles s WHERE s.rolname = current_user AND NOT s.rolsuper)
