-- Everything there is that no query in facts/ reads, by name. A kind that gets a query leaves this list.
{{unmodelled_in_schema(operator, pg_operator, oprname, oprnamespace)}}
UNION ALL
{{unmodelled_in_schema(operator class, pg_opclass, opcname, opcnamespace)}}
UNION ALL
{{unmodelled_in_schema(operator family, pg_opfamily, opfname, opfnamespace)}}
UNION ALL
{{unmodelled_in_schema(conversion, pg_conversion, conname, connamespace)}}
UNION ALL
{{unmodelled_in_schema(statistics, pg_statistic_ext, stxname, stxnamespace)}}
UNION ALL
{{unmodelled_in_schema(text search parser, pg_ts_parser, prsname, prsnamespace)}}
UNION ALL
{{unmodelled_in_schema(text search dictionary, pg_ts_dict, dictname, dictnamespace)}}
UNION ALL
{{unmodelled_in_schema(text search template, pg_ts_template, tmplname, tmplnamespace)}}
UNION ALL
{{unmodelled_in_schema(text search configuration, pg_ts_config, cfgname, cfgnamespace)}}
UNION ALL
{{unmodelled_in_schema(foreign table, pg_class, relname, relnamespace)}} AND x.relkind = 'f'
UNION ALL
{{unmodelled_in_schema(base type, pg_type, typname, typnamespace)}}
   AND x.typtype IN ('b', 'p') AND NOT (x.typcategory = 'A' AND x.typelem <> 0)
UNION ALL
{{unmodelled_in_database(language, pg_language, lanname)}}
UNION ALL
{{unmodelled_in_database(access method, pg_am, amname)}}
UNION ALL
{{unmodelled_in_database(event trigger, pg_event_trigger, evtname)}}
UNION ALL
{{unmodelled_in_database(publication, pg_publication, pubname)}}
UNION ALL
{{unmodelled_in_database(foreign-data wrapper, pg_foreign_data_wrapper, fdwname)}}
UNION ALL
{{unmodelled_in_database(foreign server, pg_foreign_server, srvname)}}
UNION ALL
SELECT format('cast (%s AS %s)', format_type(x.castsource, NULL), format_type(x.casttarget, NULL))
  FROM pg_cast x
 WHERE x.oid >= 16384 AND NOT {{member(pg_cast, x.oid)}}
UNION ALL
SELECT format('transform for %s language %I', format_type(x.trftype, NULL), l.lanname)
  FROM pg_transform x JOIN pg_language l ON l.oid = x.trflang
 WHERE NOT {{member(pg_transform, x.oid)}}
UNION ALL
-- Only a superuser may read all columns of pg_subscription; these two are for everybody.
SELECT format('subscription %I', x.subname)
  FROM (SELECT subname, subdbid FROM pg_subscription) x JOIN pg_database d ON d.oid = x.subdbid
 WHERE d.datname = current_database()
