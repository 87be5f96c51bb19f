-- Where a trigger that a partition got from its parent is not enabled as the parent's is; not those of keys.
-- All that a partition got are internal before 15.
-- nothing without pg_inherits
SELECT 0::oid, 0::oid, 0, format('trigger_state:%I.%I.%I', n.nspname, c.relname, g.tgname),
       format('table:%I.%I', n.nspname, c.relname),
       g.tgenabled AS enabled
  FROM pg_trigger g JOIN pg_trigger u ON u.oid = g.tgparentid
  JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE g.tgconstrindid = 0 AND g.tgenabled <> u.tgenabled AND n.oid = ANY ($1)
