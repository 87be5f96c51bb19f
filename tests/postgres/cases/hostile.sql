--- case settings of the database change what statements mean
--- both
CREATE TABLE base (id int PRIMARY KEY, at timestamptz, i interval, b bytea, f float8);
INSERT INTO base VALUES (1, '2020-01-02', '1 day 02:03:04', '\x01ff', 0.1);
--- a
CREATE TABLE t (id int DEFAULT 5, a text DEFAULT E'a\\b' CHECK (a <> E'c\\d'), i interval DEFAULT '1 mon 2 days',
  n int[] DEFAULT '{NULL}', q boolean DEFAULT (NULL::int = 5), f float8 DEFAULT 0.1);
INSERT INTO t VALUES (1, 'x');
CREATE VIEW v AS SELECT at > '2020-05-06' AS c, NULL::int = id AS d, ARRAY['NULL'] AS e FROM base;
--- b
ALTER TABLE base ALTER f TYPE text USING f::text, ALTER at TYPE text USING at::text;
--- both
DO $$ DECLARE setting text; BEGIN FOREACH setting IN ARRAY ARRAY['search_path = public', 'DateStyle = ''German, DMY''',
  'IntervalStyle = ''sql_standard''', 'standard_conforming_strings = off', 'backslash_quote = off',
  'quote_all_identifiers = on', 'bytea_output = ''escape''', 'extra_float_digits = -10', 'transform_null_equals = on',
  'array_nulls = off', 'TimeZone = ''Asia/Kathmandu''', 'default_transaction_read_only = on',
  'default_transaction_isolation = ''serializable''', 'plpgsql.extra_errors = ''all'''] LOOP
  EXECUTE format('ALTER DATABASE %I SET %s', current_database(), setting); END LOOP; END $$;

--- case event triggers that stop everything
--- both
CREATE FUNCTION nope() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';
--- a
CREATE TABLE t (a int); INSERT INTO t VALUES (1); CREATE VIEW v AS SELECT a FROM t;
CREATE EVENT TRIGGER first ON ddl_command_start EXECUTE FUNCTION nope();
CREATE EVENT TRIGGER stays ON table_rewrite EXECUTE FUNCTION nope();
--- b
CREATE TABLE t (a bigint); INSERT INTO t VALUES (1); CREATE TABLE u (a int); INSERT INTO u VALUES (1);
CREATE EVENT TRIGGER second ON sql_drop EXECUTE FUNCTION nope();
CREATE EVENT TRIGGER third ON ddl_command_end WHEN TAG IN ('ALTER TABLE', 'CREATE VIEW') EXECUTE FUNCTION nope();
CREATE EVENT TRIGGER stays ON table_rewrite EXECUTE FUNCTION nope();
ALTER EVENT TRIGGER third ENABLE ALWAYS;

--- case names that look like clauses
--- a
CREATE TABLE t ("x WHERE y" int, "a)b" int, "FOR VALUES" int DEFAULT 1, "q[]" text DEFAULT 'ARRAY[1]::int[]',
  CONSTRAINT "un WHERE" UNIQUE ("x WHERE y", "a)b") WITH (fillfactor = 33) DEFERRABLE INITIALLY DEFERRED);
CREATE INDEX "i WHERE j" ON t ("x WHERE y", ("FOR VALUES" + 1)) WITH (fillfactor = 50) WHERE "x WHERE y" > 0;
--- b
CREATE TABLE t ("x WHERE y" bigint);
CREATE INDEX "i WHERE j" ON t ("x WHERE y") WITH (fillfactor = 60) WHERE "x WHERE y" > 0;
