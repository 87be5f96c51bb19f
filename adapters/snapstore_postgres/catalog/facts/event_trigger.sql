SELECT 'pg_event_trigger'::regclass::oid, v.oid, 0, format('event_trigger:%I', v.evtname), NULL,
       json_strip_nulls(json_build_object(
         'owner', pg_get_userbyid(v.evtowner),
         'event', v.evtevent,
         'function', v.evtfoid::regproc::text,
         'tags', (SELECT json_agg(t ORDER BY t) FROM unnest(v.evttags) t),
         'enabled', nullif(v.evtenabled, 'O')))
  FROM pg_event_trigger v
 WHERE NOT {{member(pg_event_trigger, v.oid)}}
