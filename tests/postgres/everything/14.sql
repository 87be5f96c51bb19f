-- All that PostgreSQL 14 knows, each kind at least once, with rows.
CREATE SCHEMA s; CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gist; CREATE EXTENSION hstore; CREATE EXTENSION postgres_fdw; CREATE EXTENSION file_fdw;
CREATE TYPE s.mood AS ENUM ('sad', 'ok', 'happy'); CREATE TYPE s.pair AS (a int, b text COLLATE "C");
CREATE TYPE s.span AS RANGE (subtype = int, multirange_type_name = s.spans);
CREATE DOMAIN s.email AS text DEFAULT 'x@y' NOT NULL CONSTRAINT shape CHECK (VALUE ~ '@');
CREATE COLLATION s.c (locale = 'C');
CREATE COLLATION s.nd (provider = icu, locale = 'de', deterministic = false); -- icu
CREATE TABLE s.icu (a text COLLATE s.nd UNIQUE, b text COLLATE "de-x-icu"); -- icu
CREATE SEQUENCE s.q AS int INCREMENT 2 START 5 CYCLE; SELECT nextval('s.q');
CREATE TABLE s.t (id int GENERATED ALWAYS AS IDENTITY (START 10) PRIMARY KEY, m s.mood DEFAULT 'ok', p s.pair, e s.email, sp s.span, sps s.spans, n numeric(10,2) NOT NULL DEFAULT 1.5, tx text COLLATE s.c, tags text[] DEFAULT ARRAY['a','b'], h hstore,
  g int GENERATED ALWAYS AS (length(tx)) STORED, at timestamptz DEFAULT now(), during tstzrange, CONSTRAINT pos CHECK (n > 0), CONSTRAINT ni CHECK (n < 1000) NO INHERIT, CONSTRAINT ex EXCLUDE USING gist (id WITH =, during WITH &&) WHERE (n > 1), CONSTRAINT u UNIQUE (tx) INCLUDE (n) DEFERRABLE INITIALLY DEFERRED) WITH (fillfactor = 70, autovacuum_enabled = off, toast.autovacuum_enabled = off);
ALTER TABLE s.t ALTER tx SET STORAGE EXTERNAL, ALTER tx SET STATISTICS 77, ALTER n SET (n_distinct = 5);
ALTER TABLE s.t ALTER tags SET COMPRESSION pglz;
CREATE TABLE s.ser (id serial PRIMARY KEY, t int REFERENCES s.t ON DELETE CASCADE DEFERRABLE, b bigserial);
ALTER TABLE s.ser ADD CONSTRAINT nv FOREIGN KEY (b) REFERENCES s.ser NOT VALID;
ALTER TABLE s.ser ADD CONSTRAINT ck CHECK (b > 0) NOT VALID;
CREATE INDEX it ON s.t (lower(tx COLLATE "C") text_pattern_ops, n DESC NULLS LAST) INCLUDE (m) WITH (fillfactor = 50) WHERE n > 2;
CREATE INDEX ig ON s.t USING gin ((tx COLLATE "C") gin_trgm_ops); CREATE INDEX ib ON s.t USING brin (n) WITH (pages_per_range = 4); CREATE INDEX ih ON s.t USING hash (n);
ALTER INDEX s.it ALTER COLUMN 1 SET STATISTICS 99;
CREATE TABLE s.p (a int NOT NULL, b text DEFAULT 'x', c date) PARTITION BY RANGE (a); CREATE TABLE s.p1 PARTITION OF s.p (b DEFAULT 'y', CONSTRAINT own CHECK (b <> '')) FOR VALUES FROM (0) TO (10);
CREATE TABLE s.p2 PARTITION OF s.p FOR VALUES FROM (10) TO (20) PARTITION BY LIST (b); CREATE TABLE s.p21 PARTITION OF s.p2 FOR VALUES IN ('x', NULL); CREATE TABLE s.pd PARTITION OF s.p DEFAULT;
ALTER TABLE s.p ADD PRIMARY KEY (a, c, b); ALTER TABLE s.p2 DROP CONSTRAINT IF EXISTS nothing;
CREATE INDEX ip ON s.p (b); CREATE INDEX ON ONLY s.p (c);
CREATE TABLE s.hp (a int) PARTITION BY HASH (a); CREATE TABLE s.hp0 PARTITION OF s.hp FOR VALUES WITH (MODULUS 2, REMAINDER 0);
ALTER TABLE s.p ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES s.t;
CREATE TABLE s.parent (a int NOT NULL, b int CHECK (b > 0)); CREATE TABLE s.child (c int NOT NULL) INHERITS (s.parent); 
CREATE TABLE s.typed OF s.pair (a WITH OPTIONS NOT NULL, PRIMARY KEY (a)); CREATE UNLOGGED TABLE s.ul (a int);
CREATE VIEW s.v AS SELECT id, n AS name, m FROM s.t WHERE m = 'ok' AND tx IN ('a', 'b'); CREATE VIEW s.w WITH (security_barrier) AS SELECT v.name, t.tx, row_number() OVER (PARTITION BY t.m ORDER BY t.id) AS r FROM s.v JOIN s.t USING (id);

CREATE VIEW s.upd WITH (check_option = local) AS SELECT id, tx FROM s.t WHERE tx > 'a'; ALTER VIEW s.upd ALTER tx SET DEFAULT 'q';
CREATE VIEW s.rec AS WITH RECURSIVE r(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n FROM r;
CREATE VIEW s.cte AS WITH x AS MATERIALIZED (SELECT count(*) c, m FROM s.t GROUP BY GROUPING SETS ((m), ())) SELECT * FROM x, LATERAL (SELECT unnest(tags) u FROM s.t) y;
CREATE VIEW s.fns AS SELECT extract(epoch FROM at) ep, substring(tx FROM 2 FOR 3) ss, (tx COLLATE "C") LIKE 'a%' lk, at AT TIME ZONE 'UTC' tz, coalesce(n, 0) co, position('a' IN (tx COLLATE "C")) po, overlay(tx PLACING 'x' FROM 1) ov, trim(both 'x' from tx) tr, (p).a pa, tags[1] t1, n::int::text cast_, CASE m WHEN 'ok' THEN 1 ELSE 2 END cs, tx COLLATE "C" cc, date_trunc('day', at) dt, at + interval '1 day' ad, sum(n) FILTER (WHERE n > 1) OVER w sm, string_agg(tx, ',') OVER w sa FROM s.t WINDOW w AS (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW);
CREATE MATERIALIZED VIEW s.mv AS SELECT m, count(*) AS n FROM s.t GROUP BY m; CREATE UNIQUE INDEX ON s.mv (m); CREATE MATERIALIZED VIEW s.mv2 AS SELECT * FROM s.mv WITH NO DATA;
CREATE FUNCTION s.f(x int, VARIADIC y text[] DEFAULT '{}') RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE COST 5 SET search_path = s, pg_temp SET work_mem = '1MB' AS 'SELECT count(*) FROM s.t';
CREATE FUNCTION s.at(x int) RETURNS bigint LANGUAGE sql BEGIN ATOMIC; SELECT count(*) FROM s.t WHERE id > x; END;
CREATE FUNCTION s.tab(OUT a int, OUT b text) RETURNS SETOF record LANGUAGE plpgsql SECURITY DEFINER ROWS 7 AS $$ BEGIN RETURN NEXT; END $$;
CREATE PROCEDURE s.pr(INOUT x int, OUT y int) LANGUAGE plpgsql AS 'BEGIN y := x; END';
CREATE FUNCTION s.tg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr BEFORE INSERT OR UPDATE OF tx ON s.t FOR EACH ROW WHEN (NEW.n > 1) EXECUTE FUNCTION s.tg('a'); ALTER TABLE s.t DISABLE TRIGGER tr;
CREATE CONSTRAINT TRIGGER ct AFTER INSERT ON s.t DEFERRABLE FOR EACH ROW EXECUTE FUNCTION s.tg();
CREATE TRIGGER pt AFTER INSERT ON s.p FOR EACH ROW EXECUTE FUNCTION s.tg(); ALTER TABLE s.p1 DISABLE TRIGGER pt;
CREATE TRIGGER st AFTER UPDATE ON s.t REFERENCING OLD TABLE AS o NEW TABLE AS nn FOR EACH STATEMENT EXECUTE FUNCTION s.tg();
CREATE TRIGGER iv INSTEAD OF INSERT ON s.w FOR EACH ROW EXECUTE FUNCTION s.tg();
CREATE RULE ru AS ON INSERT TO s.ser WHERE NEW.b > 100 DO ALSO UPDATE s.t SET n = NEW.b WHERE id = NEW.t; CREATE RULE nope AS ON DELETE TO s.ul DO INSTEAD NOTHING;
ALTER TABLE s.t ENABLE ROW LEVEL SECURITY; ALTER TABLE s.t FORCE ROW LEVEL SECURITY; CREATE POLICY po ON s.t AS RESTRICTIVE FOR UPDATE TO snap_reader USING (id IN (SELECT t FROM s.ser)) WITH CHECK (n > 0);
CREATE AGGREGATE s.agg (int) (SFUNC = int4pl, STYPE = int, INITCOND = '0', COMBINEFUNC = int4pl, PARALLEL = SAFE);
CREATE FUNCTION s.eq(a s.pair, b s.pair) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true'; CREATE OPERATOR s.=== (LEFTARG = s.pair, RIGHTARG = s.pair, FUNCTION = s.eq, COMMUTATOR = OPERATOR(s.===), RESTRICT = eqsel);
CREATE OPERATOR CLASS s.oc FOR TYPE int USING hash AS OPERATOR 1 =, FUNCTION 1 hashint4(int);

CREATE FUNCTION s.tomood(int) RETURNS s.mood LANGUAGE sql IMMUTABLE AS $$ SELECT 'ok'::s.mood $$; CREATE CAST (int AS s.mood) WITH FUNCTION s.tomood(int) AS ASSIGNMENT;
CREATE TEXT SEARCH DICTIONARY s.dict (TEMPLATE = simple, stopwords = 'english'); CREATE TEXT SEARCH CONFIGURATION s.cfg (COPY = english); ALTER TEXT SEARCH CONFIGURATION s.cfg ALTER MAPPING FOR word WITH s.dict, simple;
CREATE INDEX fts ON s.t USING gin (to_tsvector('english', tx)); 
CREATE STATISTICS s.st (ndistinct, mcv) ON m, n FROM s.t; CREATE STATISTICS s.st2 ON (lower(tx)), n FROM s.t; ALTER STATISTICS s.st SET STATISTICS 50;
CREATE SERVER srv FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h', dbname 'd', fetch_size '10'); CREATE USER MAPPING FOR PUBLIC SERVER srv OPTIONS (user 'u'); CREATE FOREIGN TABLE s.ft (a int OPTIONS (column_name 'z') NOT NULL, b text) SERVER srv OPTIONS (table_name 't');
CREATE PUBLICATION pub FOR TABLE s.t, s.ser WITH (publish = 'insert'); CREATE PUBLICATION puba FOR ALL TABLES WITH (publish_via_partition_root);
CREATE FUNCTION s.et() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER evt ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION s.et(); ALTER EVENT TRIGGER evt DISABLE;
CREATE CONVERSION s.conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
ALTER TABLE s.ser CLUSTER ON ser_pkey; ALTER TABLE s.ser REPLICA IDENTITY USING INDEX ser_pkey; ALTER TABLE s.ul REPLICA IDENTITY FULL;
GRANT SELECT, UPDATE (n, tx) ON s.t TO snap_reader; GRANT ALL ON s.ser TO snap_app WITH GRANT OPTION; GRANT USAGE ON SCHEMA s TO PUBLIC; GRANT USAGE ON TYPE s.mood TO snap_reader; REVOKE EXECUTE ON FUNCTION s.f FROM PUBLIC; GRANT EXECUTE ON FUNCTION s.f TO snap_app; GRANT USAGE ON FOREIGN SERVER srv TO snap_app; GRANT ALL ON SEQUENCE s.q TO snap_app; REVOKE INSERT ON s.ul FROM postgres;
ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO snap_reader; ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE snap_owner GRANT ALL ON TABLES TO snap_app;
ALTER TABLE s.ul OWNER TO snap_owner; ALTER FUNCTION s.f OWNER TO snap_owner;
COMMENT ON TABLE s.t IS 'table'; COMMENT ON COLUMN s.t.n IS 'col'; COMMENT ON CONSTRAINT pos ON s.t IS 'c'; COMMENT ON TRIGGER tr ON s.t IS 't'; COMMENT ON FUNCTION s.f IS 'f'; COMMENT ON INDEX s.it IS 'i'; COMMENT ON SCHEMA s IS 's'; COMMENT ON VIEW s.v IS 'v'; COMMENT ON POLICY po ON s.t IS 'p'; COMMENT ON TYPE s.mood IS 'm'; COMMENT ON EXTENSION pg_trgm IS 'e';
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = %L', current_database(), '8MB'); EXECUTE format('ALTER ROLE snap_app IN DATABASE %I SET enable_seqscan = off', current_database()); END $$;
CREATE VIEW s.lots AS SELECT a.id, b.t FROM s.t a LEFT JOIN s.ser b ON a.id = b.t WHERE EXISTS (SELECT 1 FROM s.p WHERE p.a = a.id) AND (a.id, a.n) IN (SELECT c.id, c.n FROM s.t c ORDER BY c.n LIMIT 5) ORDER BY a.id FETCH FIRST 3 ROWS WITH TIES;

CREATE TABLE s.docs (id int PRIMARY KEY, doc xml CONSTRAINT whole CHECK (doc IS DOCUMENT), is_whole boolean GENERATED ALWAYS AS (doc IS DOCUMENT AND id > 0) STORED); CREATE INDEX docs_whole ON s.docs (id) WHERE doc IS DOCUMENT; CREATE VIEW s.whole AS SELECT id FROM s.docs WHERE (doc IS DOCUMENT) IS NOT FALSE;
CREATE RULE changed AS ON UPDATE TO s.docs DO ALSO UPDATE s.ser x SET b = 1 WHERE x.id = new.id; CREATE RULE gone AS ON DELETE TO s.docs DO ALSO DELETE FROM s.ser x WHERE x.id = old.id;
CREATE VIEW s.same_names AS SELECT t.id, t.n FROM s.t UNION SELECT ser.id, ser.t FROM s.ser;
INSERT INTO s.t (m, n, tx) VALUES ('sad', 3, 'abc'), ('ok', 4, 'xyz'); INSERT INTO s.ser (t) VALUES (10); INSERT INTO s.parent VALUES (1, 1); INSERT INTO s.child VALUES (1, 2, 3);
REFRESH MATERIALIZED VIEW s.mv; SELECT setval('s.ser_id_seq', 44);
