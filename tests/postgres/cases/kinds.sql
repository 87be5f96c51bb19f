--- case privileges, owners and comments on what extensions bring
--- both
CREATE EXTENSION hstore; CREATE EXTENSION pg_trgm; CREATE EXTENSION postgres_fdw; CREATE EXTENSION ltree; CREATE EXTENSION pg_stat_statements;
CREATE VIEW uses AS SELECT similarity('a', 'b') AS s, 'a=>1'::hstore AS h;
--- a
REVOKE EXECUTE ON FUNCTION similarity(text, text) FROM PUBLIC; GRANT EXECUTE ON FUNCTION similarity(text, text) TO snap_app; GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO snap_app WITH GRANT OPTION; GRANT USAGE ON TYPE ltree TO snap_app;
REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC; ALTER TYPE hstore OWNER TO snap_owner; COMMENT ON FUNCTION word_similarity(text, text) IS 'mine'; GRANT SELECT (query) ON pg_stat_statements TO snap_app;
--- b
GRANT EXECUTE ON FUNCTION similarity(text, text) TO snap_reader; COMMENT ON FUNCTION word_similarity(text, text) IS 'yours'; ALTER FUNCTION similarity(text, text) OWNER TO snap_owner; REVOKE ALL ON pg_stat_statements FROM PUBLIC;
--- case an extension with changed members comes and goes
--- a
CREATE EXTENSION pg_trgm; REVOKE EXECUTE ON FUNCTION similarity(text, text) FROM PUBLIC; ALTER FUNCTION show_trgm(text) OWNER TO snap_owner; COMMENT ON FUNCTION show_trgm(text) IS 'mine';
--- case privileges on what PostgreSQL brings
--- a
GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_waldir() TO snap_app; GRANT SELECT (rolname) ON pg_catalog.pg_authid TO snap_reader; REVOKE SELECT ON pg_catalog.pg_stats FROM PUBLIC; REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) FROM PUBLIC;
--- b
GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_waldir() TO snap_reader WITH GRANT OPTION; GRANT SELECT ON pg_catalog.pg_authid TO snap_reader; REVOKE USAGE ON SCHEMA pg_catalog FROM PUBLIC; GRANT USAGE ON SCHEMA pg_catalog TO snap_app;
