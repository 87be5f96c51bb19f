-- What tells this cluster, and physical copies of it, from all others.
SELECT s.system_identifier::text FROM pg_control_system() s
