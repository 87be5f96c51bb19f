-- Volatile: the tables that subscriptions fill, and whether their rows are still being copied: then PostgreSQL
-- does not let them go.
SELECT format('table:%I.%I', n.nspname, c.relname), format('%I', s.subname), r.srsubstate <> 'r'
  FROM pg_subscription_rel r JOIN pg_class c ON c.oid = r.srrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_subscription s ON s.oid = r.srsubid
