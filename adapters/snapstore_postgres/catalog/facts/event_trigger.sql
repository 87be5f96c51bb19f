-- nothing without pg_event_trigger
SELECT 'pg_event_trigger'::regclass::oid, v.oid, 0, format('event_trigger:%I', v.evtname), NULL,
       pg_get_userbyid(v.evtowner) AS owner,
       v.evtevent AS event,
       v.evtfoid::regproc::text AS function,
       v.evttags AS tags,
       nullif(v.evtenabled, 'O') AS enabled
  FROM pg_event_trigger v
 WHERE NOT {{member(pg_event_trigger, v.oid)}}
