-- What tells this cluster, and physical copies of it, from all others; and this database in it.
SELECT s.system_identifier::text, (SELECT d.oid::bigint FROM pg_database d WHERE d.datname = current_database())
  FROM pg_control_system() s
