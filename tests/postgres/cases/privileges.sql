--- case row level security and policies
--- both
CREATE TABLE t (a int, owner name DEFAULT current_user); CREATE TABLE members (who name);
--- a
ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY; CREATE POLICY p1 ON t; CREATE POLICY p2 ON t AS RESTRICTIVE FOR SELECT TO snap_app, snap_reader USING (a > 0);
CREATE POLICY p3 ON t FOR INSERT TO snap_app WITH CHECK (owner = current_user); CREATE POLICY p4 ON t FOR UPDATE USING (true) WITH CHECK (a < 9); COMMENT ON POLICY p2 ON t IS 'two';
CREATE POLICY p5 ON t USING (EXISTS (SELECT FROM members m WHERE m.who = t.owner));
--- b
ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p1 ON t USING (a = 1); CREATE POLICY p2 ON t FOR SELECT TO snap_app USING (a > 0);
CREATE POLICY p3 ON t FOR ALL TO snap_app WITH CHECK (owner = current_user); CREATE POLICY p4 ON t FOR UPDATE USING (true) WITH CHECK (a < 10) ;
CREATE POLICY p5 ON t FOR DELETE TO "user" USING (a IN (SELECT 1));
--- case policies lose their roles and conditions
--- both
CREATE TABLE t (a int);
--- a
CREATE POLICY p ON t TO snap_app USING (a > 0) WITH CHECK (a > 1);
--- b
CREATE POLICY p ON t USING (a > 0);
--- case owners of everything
--- a
CREATE SCHEMA s AUTHORIZATION snap_owner; CREATE TABLE s.t (id serial PRIMARY KEY, n int GENERATED ALWAYS AS IDENTITY); CREATE VIEW s.v AS SELECT 1 AS a; CREATE MATERIALIZED VIEW s.m AS SELECT 1 AS a;
CREATE TYPE s.e AS ENUM ('x'); CREATE DOMAIN s.d AS int; CREATE TYPE s.c AS (a int); CREATE TYPE s.r AS RANGE (SUBTYPE = int); CREATE FUNCTION s.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE s.p() LANGUAGE sql AS 'SELECT 1'; CREATE AGGREGATE s.a(int) (SFUNC = int4pl, STYPE = int); CREATE SEQUENCE s.q; CREATE COLLATION s.col (provider = libc, locale = 'C');
ALTER TABLE s.t OWNER TO snap_owner; ALTER VIEW s.v OWNER TO snap_owner; ALTER MATERIALIZED VIEW s.m OWNER TO snap_owner; ALTER TYPE s.e OWNER TO snap_owner; ALTER DOMAIN s.d OWNER TO snap_owner;
ALTER TYPE s.c OWNER TO snap_owner; ALTER TYPE s.r OWNER TO snap_owner; ALTER FUNCTION s.f OWNER TO snap_owner; ALTER PROCEDURE s.p OWNER TO snap_owner; ALTER AGGREGATE s.a(int) OWNER TO snap_owner;
ALTER SEQUENCE s.q OWNER TO snap_owner; ALTER COLLATION s.col OWNER TO snap_owner;
--- b
CREATE SCHEMA s; CREATE TABLE s.t (id serial PRIMARY KEY, n int GENERATED ALWAYS AS IDENTITY); CREATE VIEW s.v AS SELECT 1 AS a; CREATE MATERIALIZED VIEW s.m AS SELECT 1 AS a;
CREATE TYPE s.e AS ENUM ('x'); CREATE DOMAIN s.d AS int; CREATE TYPE s.c AS (a int); CREATE TYPE s.r AS RANGE (SUBTYPE = int); CREATE FUNCTION s.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE s.p() LANGUAGE sql AS 'SELECT 1'; CREATE AGGREGATE s.a(int) (SFUNC = int4pl, STYPE = int); CREATE SEQUENCE s.q; CREATE COLLATION s.col (provider = libc, locale = 'C');
ALTER TABLE s.t OWNER TO "user"; ALTER FUNCTION s.f OWNER TO "Odd ""role""; DROP TABLE x--";
--- case the owner changes and grants with it
--- both
CREATE TABLE t (a int, b int);
--- a
ALTER TABLE t OWNER TO snap_owner; GRANT SELECT ON t TO snap_app; REVOKE INSERT ON t FROM snap_owner;
--- b
GRANT SELECT ON t TO snap_app WITH GRANT OPTION; GRANT UPDATE ON t TO snap_owner;
--- case grants of every kind
--- both
CREATE SCHEMA s; CREATE TABLE s.t (a int, b int, c int); CREATE SEQUENCE s.q; CREATE FUNCTION s.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TYPE s.e AS ENUM ('x'); CREATE VIEW s.v AS SELECT a FROM s.t;
--- a
GRANT USAGE ON SCHEMA s TO snap_app, PUBLIC; GRANT SELECT, INSERT ON s.t TO snap_app; GRANT UPDATE (a, b) ON s.t TO snap_app; GRANT SELECT (c) ON s.t TO snap_reader WITH GRANT OPTION; GRANT USAGE ON SEQUENCE s.q TO snap_app;
REVOKE ALL ON FUNCTION s.f FROM PUBLIC; GRANT EXECUTE ON FUNCTION s.f TO snap_app; REVOKE USAGE ON TYPE s.e FROM PUBLIC; GRANT SELECT ON s.v TO PUBLIC; GRANT ALL ON s.t TO "Odd ""role""; DROP TABLE x--";
--- b
GRANT CREATE ON SCHEMA s TO snap_app WITH GRANT OPTION; GRANT SELECT, TRUNCATE, REFERENCES, TRIGGER ON s.t TO snap_app WITH GRANT OPTION;
GRANT MAINTAIN ON s.t TO snap_app WITH GRANT OPTION; -- since 17
GRANT UPDATE (c), SELECT (a) ON s.t TO snap_app; GRANT ALL ON SEQUENCE s.q TO "user";
GRANT USAGE ON TYPE s.e TO snap_app; GRANT SELECT, INSERT, UPDATE, DELETE ON s.v TO snap_reader; REVOKE ALL ON s.t FROM postgres;
--- case grants given on by somebody else
--- both
CREATE TABLE t (a int, b int); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
--- a
GRANT SELECT ON t TO snap_app WITH GRANT OPTION; SET ROLE snap_app; GRANT SELECT ON t TO snap_reader; RESET ROLE;
--- b
GRANT SELECT ON t TO snap_owner WITH GRANT OPTION; SET ROLE snap_owner; GRANT SELECT ON t TO snap_reader WITH GRANT OPTION; SET ROLE snap_reader; GRANT SELECT ON t TO snap_app; RESET ROLE;
--- case default privileges
--- a
ALTER DEFAULT PRIVILEGES FOR ROLE snap_owner GRANT SELECT ON TABLES TO snap_app; ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO snap_reader; ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
--- b
ALTER DEFAULT PRIVILEGES FOR ROLE snap_owner GRANT SELECT, INSERT ON TABLES TO snap_app WITH GRANT OPTION; ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO snap_app; ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO snap_app;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO snap_reader; ALTER DEFAULT PRIVILEGES REVOKE USAGE ON TYPES FROM PUBLIC;
CREATE TABLE u (id serial); CREATE SCHEMA s; CREATE TYPE e AS ENUM ('x'); CREATE VIEW v AS SELECT 1 AS a; CREATE MATERIALIZED VIEW m AS SELECT 1 AS a;
--- case what was granted on columns is granted on the table, and the other way round
--- both
CREATE TABLE t (a int, b text); CREATE VIEW v AS SELECT a, b FROM t;
--- a
GRANT UPDATE ON t TO snap_app; GRANT SELECT (a) ON v TO snap_app; GRANT SELECT ON t TO snap_app WITH GRANT OPTION; SET ROLE snap_app; GRANT SELECT ON t TO snap_reader; RESET ROLE;
--- b
GRANT UPDATE (b) ON t TO snap_app; GRANT SELECT ON v TO snap_app; GRANT SELECT (a) ON t TO snap_app WITH GRANT OPTION; SET ROLE snap_app; GRANT SELECT (a) ON t TO snap_reader; RESET ROLE;
--- case types that are made anew under default privileges
--- both
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON TYPES TO snap_app WITH GRANT OPTION;
--- a
CREATE TYPE e AS ENUM ('a', 'b'); REVOKE ALL ON TYPE e FROM snap_app; CREATE TYPE o AS ENUM ('a', 'b'); REVOKE GRANT OPTION FOR USAGE ON TYPE o FROM snap_app; CREATE DOMAIN d AS int; REVOKE ALL ON TYPE d FROM snap_app;
CREATE TABLE t (e e, o o, d d); INSERT INTO t VALUES ('a', 'b', 1);
--- b
CREATE TYPE e AS ENUM ('b', 'a', 'c'); REVOKE ALL ON TYPE e FROM snap_app; CREATE TYPE o AS ENUM ('c', 'b'); REVOKE GRANT OPTION FOR USAGE ON TYPE o FROM snap_app; CREATE DOMAIN d AS text;
CREATE TABLE t (e e, o o, d d); INSERT INTO t VALUES ('a', 'b', '1');
--- case default privileges in a schema give those who have something anyway
--- both
CREATE SCHEMA s; ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT ALL ON TABLES TO CURRENT_USER, snap_app; ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT ALL ON FUNCTIONS TO CURRENT_USER, PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT USAGE ON SEQUENCES TO CURRENT_USER WITH GRANT OPTION; ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT USAGE ON TYPES TO PUBLIC, snap_app;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC; ALTER DEFAULT PRIVILEGES REVOKE DELETE ON TABLES FROM CURRENT_USER;
--- a
CREATE TABLE s.t (id int GENERATED ALWAYS AS IDENTITY, n serial); CREATE VIEW s.v AS SELECT id FROM s.t; CREATE FUNCTION s.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TYPE s.e AS ENUM ('x');
CREATE MATERIALIZED VIEW s.m AS SELECT 1 AS a; ALTER MATERIALIZED VIEW s.m OWNER TO snap_owner; REVOKE EXECUTE ON FUNCTION s.f FROM PUBLIC;
--- b
CREATE SEQUENCE s.q; CREATE DOMAIN s.d AS int; CREATE TABLE s.u (a s.d); REVOKE ALL ON s.u FROM snap_app; REVOKE SELECT ON s.u FROM CURRENT_USER; CREATE PROCEDURE s.p() LANGUAGE sql AS 'SELECT 1';
--- case the public schema changes hands and rights
--- a
GRANT CREATE ON SCHEMA public TO PUBLIC; COMMENT ON SCHEMA public IS 'ours';
--- b
REVOKE ALL ON SCHEMA public FROM PUBLIC; ALTER SCHEMA public OWNER TO snap_owner;
--- case the public schema goes
--- a
DROP SCHEMA public; CREATE SCHEMA app;
--- b
CREATE TABLE t (a int);
--- case comments on everything
--- both
CREATE SCHEMA s; CREATE TABLE s.t (a int PRIMARY KEY, b text, c int, CONSTRAINT k CHECK (c > 0)); CREATE INDEX i ON s.t (b); CREATE SEQUENCE s.q; CREATE VIEW s.v AS SELECT a FROM s.t; CREATE MATERIALIZED VIEW s.m AS SELECT a FROM s.t;
CREATE TYPE s.e AS ENUM ('x'); CREATE DOMAIN s.d AS int; CREATE TYPE s.c AS (a int, z text); CREATE FUNCTION s.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE EXTENSION hstore; CREATE COLLATION s.col (provider = libc, locale = 'C');
--- a
COMMENT ON SCHEMA s IS 'schema'; COMMENT ON TABLE s.t IS 'it''s a \ table
of two lines'; COMMENT ON COLUMN s.t.b IS 'b'; COMMENT ON CONSTRAINT k ON s.t IS 'k'; COMMENT ON CONSTRAINT t_pkey ON s.t IS 'pk'; COMMENT ON INDEX s.t_pkey IS 'pk index'; COMMENT ON INDEX s.i IS 'i'; COMMENT ON SEQUENCE s.q IS 'q';
COMMENT ON VIEW s.v IS 'v'; COMMENT ON COLUMN s.v.a IS 'a of v'; COMMENT ON MATERIALIZED VIEW s.m IS 'm'; COMMENT ON COLUMN s.m.a IS 'a of m'; COMMENT ON TYPE s.e IS 'e'; COMMENT ON DOMAIN s.d IS 'd'; COMMENT ON TYPE s.c IS 'c';
COMMENT ON COLUMN s.c.z IS 'z of c'; COMMENT ON FUNCTION s.f(int) IS 'f'; COMMENT ON EXTENSION hstore IS 'h'; COMMENT ON COLLATION s.col IS 'col';
--- b
COMMENT ON SCHEMA s IS 'other'; COMMENT ON COLUMN s.v.a IS 'changed'; COMMENT ON COLUMN s.t.a IS $$'$$;
--- case grants with grant options and grantors
--- a
CREATE TABLE t (id int, b int); GRANT SELECT, INSERT ON t TO snap_app WITH GRANT OPTION; SET ROLE snap_app; GRANT SELECT ON t TO snap_reader WITH GRANT OPTION; RESET ROLE; SET ROLE snap_reader; GRANT SELECT ON t TO "user"; GRANT SELECT (b) ON t TO "Odd ""role""; DROP TABLE x--"; RESET ROLE; GRANT UPDATE (id), SELECT (id) ON t TO snap_app WITH GRANT OPTION; SET ROLE snap_app; GRANT UPDATE (id) ON t TO PUBLIC; RESET ROLE;
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; REVOKE ALL ON FUNCTION f() FROM PUBLIC; GRANT EXECUTE ON FUNCTION f() TO snap_app WITH GRANT OPTION; SET ROLE snap_app; GRANT EXECUTE ON FUNCTION f() TO snap_reader; RESET ROLE; REVOKE ALL ON t FROM postgres; CREATE SCHEMA s AUTHORIZATION snap_owner; GRANT USAGE ON SCHEMA s TO snap_app WITH GRANT OPTION; ALTER DEFAULT PRIVILEGES FOR ROLE snap_owner IN SCHEMA s GRANT SELECT ON TABLES TO snap_reader WITH GRANT OPTION; ALTER DEFAULT PRIVILEGES FOR ROLE snap_owner REVOKE ALL ON TABLES FROM snap_owner; ALTER DEFAULT PRIVILEGES FOR ROLE snap_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
--- b
CREATE TABLE t (id bigint, b int); GRANT SELECT ON t TO snap_app WITH GRANT OPTION; SET ROLE snap_app; GRANT SELECT ON t TO snap_reader; RESET ROLE; ALTER TABLE t OWNER TO snap_owner;
CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'; GRANT EXECUTE ON FUNCTION f() TO snap_app WITH GRANT OPTION; SET ROLE snap_app; GRANT EXECUTE ON FUNCTION f() TO snap_reader; RESET ROLE; CREATE SCHEMA s AUTHORIZATION snap_owner; ALTER DEFAULT PRIVILEGES FOR ROLE snap_owner GRANT ALL ON TABLES TO snap_owner; ALTER DEFAULT PRIVILEGES FOR ROLE snap_owner REVOKE ALL ON TABLES FROM snap_owner; ALTER DEFAULT PRIVILEGES FOR ROLE snap_owner GRANT SELECT ON TABLES TO snap_owner; SET ROLE snap_owner; CREATE TABLE s.never (); RESET ROLE;
--- case policies of odd roles on a replaced table
--- a
CREATE TABLE t (id int, o text DEFAULT current_user); ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY "p ""q""" ON t AS RESTRICTIVE FOR SELECT TO "Odd ""role""; DROP TABLE x--", "user", snap_app USING (o = current_user AND EXISTS (SELECT FROM t u WHERE u.id = t.id)); CREATE POLICY p2 ON t FOR INSERT TO "user" WITH CHECK (id > 0); COMMENT ON POLICY p2 ON t IS 'x';
--- b
CREATE TABLE t (id text, o varchar(63) DEFAULT current_user) PARTITION BY LIST (id); ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY; CREATE POLICY "p ""q""" ON t AS RESTRICTIVE FOR SELECT TO "user" USING (o = current_user AND EXISTS (SELECT FROM t u WHERE u.id = t.id)); CREATE POLICY p2 ON t FOR INSERT TO "user", PUBLIC WITH CHECK (id <> ''); COMMENT ON POLICY p2 ON t IS 'x';

--- case default privileges that come along with a view which waits for a grant
--- a
CREATE TABLE public.t (id int);
CREATE VIEW public.v AS SELECT id FROM public.t;
ALTER VIEW public.v OWNER TO snap_app;
GRANT SELECT ON public.t TO snap_app;
CREATE MATERIALIZED VIEW public.m AS SELECT id FROM public.v;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO snap_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT UPDATE ON TABLES TO snap_app;
--- b
CREATE TABLE public.t (id int);
--- case who passes on privileges may use the schema by then
--- a
CREATE SCHEMA z; CREATE TABLE z.t (id int, b int); CREATE FUNCTION z.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; GRANT USAGE ON SCHEMA z TO snap_app; GRANT SELECT ON z.t TO snap_app WITH GRANT OPTION; GRANT UPDATE (b) ON z.t TO snap_app WITH GRANT OPTION; GRANT EXECUTE ON FUNCTION z.f() TO snap_app WITH GRANT OPTION;
SET ROLE snap_app; GRANT SELECT ON z.t TO snap_reader; GRANT UPDATE (b) ON z.t TO "user"; GRANT EXECUTE ON FUNCTION z.f() TO snap_reader; RESET ROLE;
CREATE SCHEMA y; GRANT USAGE ON SCHEMA y TO PUBLIC; CREATE TABLE y.t (id int); GRANT SELECT ON y.t TO snap_app WITH GRANT OPTION; SET ROLE snap_app; GRANT SELECT ON y.t TO snap_reader; RESET ROLE;
--- b
CREATE SCHEMA z; CREATE TABLE z.t (id int, b int);

--- case some of the rights are passed on, by several hands
--- both
CREATE TABLE t (a int, b int); ALTER TABLE t OWNER TO snap_owner;
CREATE SEQUENCE q; ALTER SEQUENCE q OWNER TO snap_owner;
--- a
SET ROLE snap_owner;
GRANT SELECT, INSERT ON t TO snap_app WITH GRANT OPTION; GRANT UPDATE (a), SELECT (b) ON t TO snap_app WITH GRANT OPTION;
GRANT USAGE ON SEQUENCE q TO snap_app WITH GRANT OPTION;
SET ROLE snap_app;
GRANT SELECT ON t TO snap_reader WITH GRANT OPTION; GRANT UPDATE (a) ON t TO snap_reader WITH GRANT OPTION;
GRANT USAGE ON SEQUENCE q TO snap_reader;
SET ROLE snap_reader;
GRANT SELECT ON t TO "user", PUBLIC; GRANT UPDATE (a) ON t TO "user";
--- b
SET ROLE snap_owner;
GRANT SELECT ON t TO snap_reader WITH GRANT OPTION; GRANT INSERT, UPDATE ON t TO snap_app;
SET ROLE snap_reader;
GRANT SELECT ON t TO snap_app WITH GRANT OPTION;
SET ROLE snap_app;
GRANT SELECT ON t TO "user";

--- case an identity column's sequence that somebody may use gets another name
--- both
CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY, a text);
GRANT USAGE ON SEQUENCE t_id_seq TO snap_reader;
COMMENT ON SEQUENCE t_id_seq IS 'counts';
CREATE TABLE u (id integer DEFAULT nextval('t_id_seq'));
--- b
ALTER SEQUENCE t_id_seq RENAME TO other;
--- case the owner of a table changes to one who may pass on a column
--- both
CREATE TABLE t (a int, b int);
GRANT SELECT (a), UPDATE (b) ON t TO snap_app WITH GRANT OPTION;
SET ROLE snap_app; GRANT SELECT (a) ON t TO snap_reader; RESET ROLE;
--- a
--- b
ALTER TABLE t OWNER TO snap_app;
--- case the owner of a view changes to one who may pass on a column
--- both
CREATE TABLE t (a int, b int); CREATE VIEW v AS TABLE t;
GRANT SELECT (a), UPDATE (b) ON v TO snap_app WITH GRANT OPTION;
SET ROLE snap_app; GRANT SELECT (a) ON v TO snap_reader; RESET ROLE;
--- a
--- b
ALTER TABLE t DROP COLUMN b CASCADE; CREATE VIEW v AS TABLE t; ALTER VIEW v OWNER TO snap_app;
--- case the owner of a table changes, and a column
--- both
CREATE TABLE t (a int, b int);
GRANT SELECT (a), UPDATE (b) ON t TO snap_app WITH GRANT OPTION;
SET ROLE snap_app; GRANT SELECT (a) ON t TO snap_reader; RESET ROLE;
--- a
--- b
ALTER TABLE t ALTER a TYPE bigint, ALTER b TYPE text; ALTER TABLE t OWNER TO snap_app;
GRANT SELECT (b) ON t TO snap_owner;

--- case what default privileges give to parts of extensions, base types and large objects
--- a
CREATE EXTENSION hstore; SELECT lo_create(77);
CREATE TYPE num;
CREATE FUNCTION num_in(cstring) RETURNS num LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
CREATE FUNCTION num_out(num) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
CREATE TYPE num (INPUT = num_in, OUTPUT = num_out, LIKE = int4);
--- both
ALTER DEFAULT PRIVILEGES GRANT ALL ON TYPES TO snap_app; ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON FUNCTIONS TO snap_app WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON LARGE OBJECTS TO snap_app; -- since 18
--- b
CREATE EXTENSION ltree;

--- case what default privileges give to the one who becomes the owner
--- both
CREATE TABLE t (id int); ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT ON TABLES TO snap_app WITH GRANT OPTION;
--- a
CREATE VIEW v AS SELECT id FROM t; REVOKE ALL ON v FROM snap_app; ALTER VIEW v OWNER TO snap_app;
--- b

--- case a language, a server and a database get an owner who had privileges on them
--- a
CREATE TRUSTED LANGUAGE other HANDLER plpgsql_call_handler; GRANT USAGE ON LANGUAGE other TO snap_app WITH GRANT OPTION;
CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; GRANT USAGE ON FOREIGN SERVER s TO snap_app WITH GRANT OPTION;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO snap_app WITH GRANT OPTION', current_database()); END $$;
--- b
CREATE TRUSTED LANGUAGE other HANDLER plpgsql_call_handler; ALTER LANGUAGE other OWNER TO snap_app;
CREATE FOREIGN DATA WRAPPER w; GRANT USAGE ON FOREIGN DATA WRAPPER w TO snap_app; CREATE SERVER s FOREIGN DATA WRAPPER w; ALTER SERVER s OWNER TO snap_app;
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO snap_app', current_database()); END $$;

--- case the owner of a schema changes, who has a grant there, while types in it are replaced
--- both
CREATE SCHEMA q; CREATE FUNCTION q.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER DEFAULT PRIVILEGES FOR ROLE snap_app IN SCHEMA q GRANT EXECUTE ON FUNCTIONS TO snap_reader;
--- a
CREATE TYPE q.e AS ENUM ('x'); GRANT ALL ON SCHEMA q TO snap_app; CREATE DOMAIN q.d AS q.e; CREATE TABLE t (id int PRIMARY KEY, v q.e, d q.d); CREATE COLLATION q.c (provider = libc, locale = 'C'); CREATE TABLE u (c text COLLATE q.c);
--- b
CREATE TYPE q.ee AS ENUM ('x'); ALTER SCHEMA q OWNER TO snap_app; CREATE DOMAIN q.d AS q.ee; CREATE TABLE t (id int PRIMARY KEY, v q.ee, d q.d); CREATE COLLATION q.cc (provider = libc, locale = 'C'); CREATE TABLE u (c text COLLATE q.cc);
--- both
INSERT INTO t VALUES (1, 'x', 'x'); INSERT INTO u VALUES ('y');

--- case who has granted something may not use its schema any more
--- a
CREATE SCHEMA s; CREATE SCHEMA r; GRANT USAGE ON SCHEMA s TO snap_app, snap_reader; CREATE TABLE s.t (a int, b int);
GRANT SELECT ON s.t TO snap_app WITH GRANT OPTION;
SET ROLE snap_app; GRANT SELECT ON s.t TO snap_reader WITH GRANT OPTION; RESET ROLE;
SET ROLE snap_reader; GRANT SELECT ON s.t TO snap_owner; RESET ROLE; ALTER TABLE s.t SET SCHEMA r;
CREATE TABLE public.u (a int); GRANT SELECT ON public.u TO snap_app WITH GRANT OPTION; SET ROLE snap_app; GRANT SELECT ON public.u TO snap_reader; RESET ROLE;
--- b
CREATE TABLE o (x int);

--- case who has granted something may not use the schema that it comes from
--- both
CREATE SCHEMA s; CREATE SCHEMA r; GRANT USAGE ON SCHEMA s TO snap_app, snap_reader; CREATE TABLE s.t (a int, b int);
GRANT SELECT ON s.t TO snap_app WITH GRANT OPTION;
SET ROLE snap_app; GRANT SELECT ON s.t TO snap_reader WITH GRANT OPTION; RESET ROLE;
--- a
SET ROLE snap_reader; GRANT SELECT ON s.t TO snap_owner; RESET ROLE; ALTER TABLE s.t SET SCHEMA r;
CREATE TABLE public.u (a int); GRANT SELECT ON public.u TO snap_app WITH GRANT OPTION; SET ROLE snap_app; GRANT SELECT ON public.u TO snap_reader; RESET ROLE;
--- b
REVOKE USAGE ON SCHEMA s FROM snap_app;
--- case a function that an extension keeps among those of PostgreSQL is granted
--- both
DROP EXTENSION plpgsql; CREATE EXTENSION plpgsql;
--- a
REVOKE EXECUTE ON FUNCTION pg_catalog.plpgsql_call_handler() FROM PUBLIC; GRANT EXECUTE ON FUNCTION pg_catalog.plpgsql_call_handler() TO snap_app;

--- case an identity column comes to a table of an owner with default privileges
--- both
CREATE SCHEMA s; GRANT ALL ON SCHEMA s TO snap_owner; ALTER DEFAULT PRIVILEGES FOR ROLE snap_owner IN SCHEMA s GRANT USAGE ON SEQUENCES TO snap_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE snap_owner GRANT SELECT ON SEQUENCES TO PUBLIC;
--- a
CREATE TABLE s.t (n int GENERATED ALWAYS AS IDENTITY, p int, q int NOT NULL); ALTER TABLE s.t OWNER TO snap_owner; INSERT INTO s.t (p, q) VALUES (1, 2);
GRANT UPDATE ON SEQUENCE s.t_n_seq TO snap_reader;
--- b
CREATE TABLE s.t (m int GENERATED ALWAYS AS IDENTITY, p int, q int GENERATED BY DEFAULT AS IDENTITY); ALTER TABLE s.t OWNER TO snap_owner; INSERT INTO s.t (p) VALUES (1);
