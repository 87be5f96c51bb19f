--- case functions of every make
--- a
CREATE FUNCTION plain(a int, b int DEFAULT 2) RETURNS int LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 5 AS 'SELECT $1 + $2';
CREATE FUNCTION atomic(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT plain(a, 1); END;
CREATE FUNCTION variadic_one(VARIADIC xs int[]) RETURNS int LANGUAGE sql AS 'SELECT $1[1]';
CREATE FUNCTION rows_out(OUT a int, OUT b text) RETURNS SETOF record ROWS 7 LANGUAGE sql AS $$SELECT 1, 'x'$$;
CREATE FUNCTION a_table() RETURNS TABLE (x int, y text) LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' SET work_mem = '8MB' AS $f$BEGIN RETURN QUERY SELECT 1, 'a'; END$f$;
CREATE FUNCTION over(int) RETURNS int LANGUAGE internal WINDOW AS 'window_rank';
CREATE FUNCTION poly(anyelement) RETURNS anyarray LANGUAGE sql LEAKPROOF AS 'SELECT ARRAY[$1]';
CREATE PROCEDURE proc(INOUT a int, b text DEFAULT 'it''s') LANGUAGE plpgsql AS $$BEGIN a := 1; END$$;
COMMENT ON FUNCTION plain(int, int) IS 'adds'; COMMENT ON PROCEDURE proc(int, text) IS 'does';
GRANT EXECUTE ON FUNCTION plain TO snap_app; REVOKE EXECUTE ON FUNCTION poly FROM PUBLIC; ALTER FUNCTION atomic OWNER TO snap_owner;
--- b
CREATE FUNCTION plain(a int, b int DEFAULT 3) RETURNS int LANGUAGE sql STABLE AS 'SELECT $1 - $2';
CREATE FUNCTION atomic(a int) RETURNS int LANGUAGE sql RETURN plain(a) + 1;
CREATE FUNCTION variadic_one(VARIADIC xs text[]) RETURNS text LANGUAGE sql AS 'SELECT $1[1]';
CREATE FUNCTION rows_out(OUT a int, OUT c text) RETURNS SETOF record LANGUAGE sql AS $$SELECT 1, 'x'$$;
CREATE FUNCTION a_table() RETURNS TABLE (x int, y text, z date) LANGUAGE plpgsql AS $f$BEGIN RETURN QUERY SELECT 1, 'a', current_date; END$f$;
CREATE FUNCTION over(int) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
CREATE FUNCTION poly(anycompatible) RETURNS anycompatiblearray LANGUAGE sql AS 'SELECT ARRAY[$1]';
CREATE FUNCTION proc(a int, b text) RETURNS int LANGUAGE sql AS 'SELECT 1';
--- case a function used in a default, a check, an index, a generated column, a policy and a view gets another signature
--- both
CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x'); ALTER TABLE t ENABLE ROW LEVEL SECURITY;
--- a
CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
ALTER TABLE t ADD d int DEFAULT f(1), ADD CONSTRAINT c CHECK (f(a) > 0), ADD g int GENERATED ALWAYS AS (f(a)) STORED;
CREATE INDEX i ON t (f(a)); CREATE POLICY p ON t USING (f(a) = 1); CREATE VIEW v AS SELECT f(a) FROM t;
--- b
CREATE FUNCTION f(y int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 0';
ALTER TABLE t ADD d int DEFAULT f(1), ADD CONSTRAINT c CHECK (f(a) > 0), ADD g int GENERATED ALWAYS AS (f(a)) STORED;
CREATE INDEX i ON t (f(a)); CREATE POLICY p ON t USING (f(a) = 1); CREATE VIEW v AS SELECT f(a) FROM t;
--- case the same function takes and gives other types
--- both
CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x'); ALTER TABLE t ENABLE ROW LEVEL SECURITY;
--- a
CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
ALTER TABLE t ADD d int DEFAULT f(1), ADD CONSTRAINT c CHECK (f(a) > 0), ADD g int GENERATED ALWAYS AS (f(a)) STORED;
CREATE INDEX i ON t (f(a)); CREATE POLICY p ON t USING (f(a) = 1); CREATE VIEW v AS SELECT f(a) FROM t;
--- b
CREATE FUNCTION f(x int) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT $1::bigint';
ALTER TABLE t ADD d bigint DEFAULT f(1), ADD CONSTRAINT c CHECK (f(a) > 0), ADD g bigint GENERATED ALWAYS AS (f(a)) STORED;
CREATE INDEX i ON t (f(a)); CREATE POLICY p ON t USING (f(a) = 1); CREATE VIEW v AS SELECT f(a) FROM t;
--- case a function on the row type of a table whose column uses the function
--- a
CREATE TABLE t (a int); CREATE FUNCTION f(t) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT ($1).a';
CREATE VIEW v AS SELECT f(t) FROM t; CREATE INDEX i ON t (f(t));
--- b
CREATE TABLE u (b int);
--- case a function whose body reads a table, atomically
--- both
CREATE TABLE t (a int, b text);
--- a
CREATE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM t WHERE b = 'x'; END;
CREATE FUNCTION g() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT f(); SELECT f() + 1; END; ALTER TABLE t ADD c bigint DEFAULT g();
--- b
ALTER TABLE t ALTER b TYPE varchar(9); CREATE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM t WHERE b = 'x'; END;
ALTER TABLE t ADD c bigint DEFAULT f();
--- case overloads come and go
--- a
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'SELECT 2'; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 3';
--- b
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 4'; CREATE FUNCTION f(date, int[]) RETURNS int LANGUAGE sql AS 'SELECT 2'; CREATE PROCEDURE f() LANGUAGE sql AS 'SELECT 3';
--- case aggregates
--- both
CREATE FUNCTION add(int, int) RETURNS int LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1 + $2'; CREATE FUNCTION fin(int) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1::text';
CREATE TABLE t (a int);
--- a
CREATE AGGREGATE total(int) (SFUNC = add, STYPE = int, INITCOND = '0', COMBINEFUNC = add, PARALLEL = SAFE); CREATE AGGREGATE any_count(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '0');
CREATE AGGREGATE pct(float8 ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
CREATE VIEW v AS SELECT total(a) FROM t; COMMENT ON AGGREGATE total(int) IS 'sums'; GRANT EXECUTE ON FUNCTION total(int) TO snap_app;
CREATE AGGREGATE moving(int) (SFUNC = add, STYPE = int, MSFUNC = add, MINVFUNC = int4mi, MSTYPE = int, SORTOP = <);
--- b
CREATE AGGREGATE total(int) (SFUNC = add, STYPE = int, FINALFUNC = fin); CREATE AGGREGATE total(VARIADIC int[]) (SFUNC = array_cat, STYPE = int[]);
CREATE VIEW v AS SELECT total(a) FROM t;
--- case triggers of every kind
--- both
CREATE TABLE t (a int, b text, c int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
--- a
CREATE TRIGGER t1 BEFORE INSERT OR UPDATE OF a, b ON t FOR EACH ROW WHEN (NEW.a > 0) EXECUTE FUNCTION g(); CREATE TRIGGER t2 AFTER DELETE ON t FOR EACH STATEMENT EXECUTE FUNCTION f('x', 'it''s');
CREATE TRIGGER t3 AFTER UPDATE ON t REFERENCING OLD TABLE AS o NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION f();
CREATE CONSTRAINT TRIGGER t4 AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f(); CREATE TRIGGER t5 BEFORE TRUNCATE ON t EXECUTE FUNCTION f();
ALTER TABLE t DISABLE TRIGGER t1; ALTER TABLE t ENABLE ALWAYS TRIGGER t2; COMMENT ON TRIGGER t3 ON t IS 'three';
--- b
CREATE TRIGGER t1 BEFORE INSERT OR UPDATE OF a, b ON t FOR EACH ROW WHEN (NEW.a > 0) EXECUTE FUNCTION g(); CREATE TRIGGER t2 AFTER DELETE ON t FOR EACH STATEMENT EXECUTE FUNCTION f('x', 'it''s');
CREATE TRIGGER t3 AFTER UPDATE ON t REFERENCING NEW TABLE AS n FOR EACH ROW EXECUTE FUNCTION f();
CREATE TRIGGER t4 AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
ALTER TABLE t ENABLE REPLICA TRIGGER t2;
--- case a trigger function is replaced by one of another kind
--- both
CREATE TABLE t (a int);
--- a
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
--- b
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION g();
--- case rules
--- both
CREATE TABLE t (a int, b text); CREATE TABLE log (a int);
--- a
CREATE RULE r1 AS ON INSERT TO t DO ALSO INSERT INTO log VALUES (NEW.a); CREATE RULE r2 AS ON UPDATE TO t WHERE OLD.a = 1 DO INSTEAD NOTHING; ALTER TABLE t DISABLE RULE r2;
--- b
CREATE RULE r1 AS ON INSERT TO t DO ALSO (INSERT INTO log VALUES (NEW.a); INSERT INTO log VALUES (1)); CREATE RULE r2 AS ON UPDATE TO t WHERE OLD.a = 1 DO INSTEAD NOTHING;
--- case cycles of functions and tables
--- both
CREATE TABLE keep (id int PRIMARY KEY); INSERT INTO keep VALUES (1);
--- a
CREATE FUNCTION f0() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'; CREATE TABLE t (id int PRIMARY KEY, n bigint DEFAULT f0()); INSERT INTO t VALUES (1, 2);
CREATE OR REPLACE FUNCTION f0() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM t; END; CREATE FUNCTION g(t) RETURNS t LANGUAGE sql AS 'SELECT $1'; CREATE FUNCTION h() RETURNS SETOF t LANGUAGE sql BEGIN ATOMIC SELECT * FROM t; END; CREATE VIEW v AS SELECT * FROM h(); ALTER TABLE t ADD CONSTRAINT c CHECK (f0() < 100 AND (g(t)).id > 0);
--- b
CREATE FUNCTION f0() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE t (id bigint PRIMARY KEY, n int DEFAULT f0()); INSERT INTO t VALUES (1, 2);
CREATE OR REPLACE FUNCTION f0() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT max(id)::int FROM t; END; CREATE FUNCTION h() RETURNS SETOF t LANGUAGE sql BEGIN ATOMIC SELECT * FROM t; END; CREATE VIEW v AS SELECT id FROM h(); CREATE FUNCTION g(t) RETURNS t LANGUAGE sql AS 'SELECT $1';

--- case privileges on aggregates of every form
--- a
CREATE AGGREGATE quantile(float8 ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal,
  FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
CREATE AGGREGATE ranked(VARIADIC "any" ORDER BY VARIADIC "any") (SFUNC = ordered_set_transition_multi,
  STYPE = internal, FINALFUNC = rank_final, FINALFUNC_EXTRA, HYPOTHETICAL);
CREATE AGGREGATE counted(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '0');
REVOKE EXECUTE ON FUNCTION quantile(float8, anyelement) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION quantile(float8, anyelement), ranked("any"), counted() TO snap_app;
--- b
CREATE AGGREGATE quantile(float8 ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal,
  FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA, PARALLEL = SAFE);

--- case a function is made stable after what is built on it
--- both
CREATE FUNCTION public.f(a int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RETURN a + 1; END$$;
CREATE FUNCTION public.g(a int) RETURNS int LANGUAGE plpgsql IMMUTABLE STRICT AS $$BEGIN RETURN -a; END$$;
CREATE OPERATOR public.!! (PROCEDURE = public.g, RIGHTARG = int);
CREATE TABLE public.t (id int PRIMARY KEY);
INSERT INTO public.t VALUES (1), (2);
ALTER FUNCTION public.f(int) STABLE;
--- a
ALTER FUNCTION public.f(int) IMMUTABLE;
--- b
ALTER FUNCTION public.f(int) IMMUTABLE;
CREATE INDEX i ON public.t (public.f(id)) WHERE (OPERATOR(public.!!) id) < 0;
ALTER TABLE public.t ADD c int GENERATED ALWAYS AS (public.f(id)) STORED;
ALTER TABLE public.t ADD EXCLUDE USING btree (public.f(id) WITH =);
ALTER FUNCTION public.f(int) STABLE;
ALTER FUNCTION public.g(int) VOLATILE;
--- case a database whose functions were made volatile at last
--- b
CREATE FUNCTION public.f(a int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RETURN a + 1; END$$;
CREATE TABLE public.t (id int, g int GENERATED ALWAYS AS (public.f(1)) STORED) PARTITION BY RANGE (public.f(id));
CREATE TABLE public.t1 PARTITION OF public.t FOR VALUES FROM (1) TO (4);
CREATE INDEX i ON public.t (public.f(id)) WHERE public.f(id) > 3;
CREATE STATISTICS public.s ON (public.f(id)), id FROM public.t;
INSERT INTO public.t VALUES (1);
ALTER FUNCTION public.f(int) VOLATILE;
--- case an index is built on a function that was made stable
--- both
CREATE FUNCTION public.f(a int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RETURN a + 1; END$$;
CREATE TABLE public.t (id int);
INSERT INTO public.t VALUES (1);
--- a
CREATE INDEX i ON public.t (public.f(id));
--- b
CREATE INDEX i ON public.t (public.f(id), id);
--- both
ALTER FUNCTION public.f(int) STABLE;
--- case a column changes its type below an index with a function that was made stable
--- both
CREATE FUNCTION public.f(a int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RETURN a + 1; END$$;
--- a
CREATE TABLE public.t (id int, v varchar(9));
--- b
CREATE TABLE public.t (id int, v varchar(20));
--- both
CREATE INDEX i ON public.t (public.f(id), v);
CREATE INDEX j ON public.t (v) WHERE public.f(id) > 2;
INSERT INTO public.t VALUES (1);
ALTER FUNCTION public.f(int) STABLE;

--- case a constraint trigger has got the name of a constraint
--- both
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE p (id integer) PARTITION BY LIST (id);
CREATE TABLE p1 PARTITION OF p DEFAULT;
ALTER TABLE p1 ADD CONSTRAINT other CHECK (id > 0);
--- b
CREATE CONSTRAINT TRIGGER t AFTER UPDATE ON p FOR EACH ROW EXECUTE FUNCTION f();
ALTER TRIGGER t ON p RENAME TO other;

--- case a computed column by a function whose body, a string, calls another
--- both
CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2);
--- b
CREATE FUNCTION g(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT public.g($1)';
ALTER TABLE t ADD a int GENERATED ALWAYS AS (f(id)) STORED, ADD d int NOT NULL DEFAULT f(3);
--- case a matview and an index by functions whose bodies call others
--- both
CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2);
--- b
CREATE TYPE m AS ENUM ('a');
CREATE TABLE z (id int); INSERT INTO z VALUES (1);
CREATE FUNCTION g(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM 'a'::public.m; RETURN (SELECT max(id) FROM public.z); END $$;
CREATE FUNCTION f(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN public.g($1); END';
CREATE INDEX i ON t (f(id));
CREATE MATERIALIZED VIEW w AS SELECT f(id) AS x FROM t;
ALTER TABLE t ADD CHECK (f(id) > 0);
CREATE DOMAIN d AS int CHECK (f(VALUE) > 0); ALTER TABLE t ADD e d DEFAULT 3;

--- case a function that goes with an extension is another one
--- a
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION f() DEPENDS ON EXTENSION plpgsql;
CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION g() DEPENDS ON EXTENSION plpgsql;
--- b
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2'; ALTER FUNCTION f() DEPENDS ON EXTENSION plpgsql;
CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 2';

--- case a function uses a transform, which a release of before 2025 has not noted
--- a
CREATE FUNCTION of_sql(internal) RETURNS internal IMMUTABLE LANGUAGE internal AS 'prsd_lextype';
CREATE TRANSFORM FOR int LANGUAGE sql (FROM SQL WITH FUNCTION of_sql(internal));
CREATE FUNCTION f(int) RETURNS int TRANSFORM FOR TYPE int LANGUAGE sql AS 'SELECT 1';
DELETE FROM pg_depend WHERE refclassid = 'pg_transform'::regclass AND classid = 'pg_proc'::regclass;
--- b
CREATE TABLE other (id int);

--- case a check calls what calls a function that is replaced, which does not take the rows as it is
--- both
CREATE TABLE t (id int); INSERT INTO t VALUES (1);
--- a
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE FUNCTION g(x int) RETURNS int LANGUAGE sql IMMUTABLE RETURN f(x);
ALTER TABLE t ADD CHECK (g(id) > 0);
--- b
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT -1'; CREATE FUNCTION g(x int) RETURNS int LANGUAGE sql IMMUTABLE RETURN f(x);

--- case a check calls what names a function in its body that is replaced, which does not take the rows as it is
--- both
CREATE TABLE t (id int); INSERT INTO t VALUES (1);
--- a
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE FUNCTION g(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT public.f(x)';
ALTER TABLE t ADD CHECK (g(id) > 0);
--- b
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT -1'; CREATE FUNCTION g(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT public.f(x)';

--- case what inserts or updates is older than a column of its table
--- a
CREATE TABLE t (a int PRIMARY KEY, b int); CREATE VIEW v AS SELECT a, b FROM t;
CREATE RULE r AS ON INSERT TO v DO INSTEAD INSERT INTO t VALUES (NEW.a, 1) ON CONFLICT (a) DO UPDATE SET b = excluded.b;
CREATE FUNCTION f() RETURNS void LANGUAGE sql BEGIN ATOMIC; INSERT INTO t AS u (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = u.b + 1; END;
CREATE FUNCTION g() RETURNS void LANGUAGE sql AS 'INSERT INTO public.t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 2';
ALTER TABLE t ADD c text;
--- b
CREATE TABLE t (a int PRIMARY KEY, b int);
--- case what is called by defaults is called alike on both sides
--- both
CREATE TYPE cold AS ENUM ('a');
CREATE TYPE warm AS ENUM ('a');
CREATE TABLE t (a int, b int);
INSERT INTO t VALUES (1, 2);
--- a
CREATE FUNCTION f(int, "m, (" cold DEFAULT 'a') RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION g(int, n int DEFAULT 2, text DEFAULT 'x') RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE VIEW v AS SELECT f(a) AS x FROM t;
CREATE DOMAIN d AS int DEFAULT f(1) CHECK (f(VALUE) > 0);
CREATE TABLE u (id int PRIMARY KEY, d d NOT NULL);
CREATE INDEX i ON t (f(a), g(b));
ALTER TABLE t ALTER a SET DEFAULT f(1), ALTER b SET DEFAULT g(1);
--- b
CREATE FUNCTION f(int, m warm DEFAULT 'a') RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION g(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE VIEW v AS SELECT f(a) AS x, f(a, 'a') AS y FROM t;
CREATE DOMAIN d AS int DEFAULT f(2) CHECK (f(VALUE) > 0);
CREATE TABLE u (id int PRIMARY KEY, d d NOT NULL);
ALTER TABLE t ALTER a SET DEFAULT f(2), ALTER b SET DEFAULT g(2);
INSERT INTO u VALUES (1, 2);
