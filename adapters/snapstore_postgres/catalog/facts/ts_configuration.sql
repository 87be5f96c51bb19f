-- nothing without pg_ts_config WHERE oid >= 16384
SELECT 'pg_ts_config'::regclass::oid, c.oid, 0, format('ts_configuration:%I.%I', n.nspname, c.cfgname), NULL,
       pg_get_userbyid(c.cfgowner) AS owner,
       (SELECT format('%I.%I', pn.nspname, p.prsname) FROM pg_ts_parser p
          JOIN pg_namespace pn ON pn.oid = p.prsnamespace WHERE p.oid = c.cfgparser) AS parser,
       (SELECT json_object_agg(x.token, x.dictionaries ORDER BY x.token)
          FROM (SELECT (SELECT quote_ident(t.alias) FROM ts_token_type(c.cfgparser) t WHERE t.tokid = m.maptokentype)
                         AS token,
                       json_agg(m.mapdict::regdictionary::text ORDER BY m.mapseqno) AS dictionaries
                  FROM pg_ts_config_map m WHERE m.mapcfg = c.oid GROUP BY m.maptokentype) x) AS mappings
  FROM pg_ts_config c JOIN pg_namespace n ON n.oid = c.cfgnamespace
 WHERE n.oid = ANY ($1) AND NOT {{member(pg_ts_config, c.oid)}}
