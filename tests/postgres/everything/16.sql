-- What came with 16.
CREATE COLLATION s.ru (provider = icu, locale = 'und', rules = '&V << w <<< W'); -- icu
CREATE VIEW s.a16 AS SELECT any_value(n) a, array_sample(ARRAY[1], 1) b FROM s.t; CREATE VIEW s.j16 AS SELECT tx IS JSON AS isj, JSON_ARRAY(1, 2) ja, JSON_OBJECT('a': 1) jo FROM s.t; CREATE VIEW s.su AS SELECT system_user AS u;
CREATE TABLE s.n16 (a int DEFAULT 1_000, b text CHECK (pg_input_is_valid(b, 'int')), c timestamptz DEFAULT date_add(now(), '1 day')); 
CREATE FUNCTION s.set16() RETURNS int LANGUAGE sql SET debug_parallel_query = on AS 'SELECT 1'; DO $$ BEGIN EXECUTE format('ALTER ROLE snap_app IN DATABASE %I SET vacuum_buffer_usage_limit = 256', current_database()); END $$;
CREATE SUBSCRIPTION s16 CONNECTION 'host=127.0.0.1 port=1' PUBLICATION p WITH (connect = false, slot_name = NONE, streaming = parallel, origin = none, run_as_owner = true, password_required = false);
CREATE VIEW s.j16s AS SELECT json_object_agg_unique(tx, n) FROM s.t; CREATE TABLE s.ctas (a int, b text STORAGE EXTERNAL);
