--- case an enum loses a value that is used everywhere
--- a
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy', 'gone');
CREATE TABLE t (id int PRIMARY KEY, m mood DEFAULT 'ok' NOT NULL CHECK (m <> 'gone'), ms mood[] DEFAULT '{ok,sad}');
INSERT INTO t VALUES (1, 'ok', '{happy}'), (2, 'sad', NULL);
CREATE VIEW v AS SELECT id FROM t WHERE m = 'happy'; CREATE INDEX i ON t (m) WHERE m > 'sad'; CREATE MATERIALIZED VIEW mv AS SELECT m, count(*) FROM t GROUP BY m;
CREATE FUNCTION better(mood) RETURNS mood LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RETURN 'happy'::public.mood; END$$; CREATE INDEX j ON t (better(m));
ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (m <> 'sad'::mood);
CREATE DOMAIN good AS mood CHECK (VALUE > 'sad'); CREATE TABLE d (g good);
GRANT USAGE ON TYPE mood TO snap_app; COMMENT ON TYPE mood IS 'moods';
--- b
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE t (id int PRIMARY KEY, m mood DEFAULT 'ok' NOT NULL CHECK (m <> 'happy'), ms mood[] DEFAULT '{ok}');
CREATE VIEW v AS SELECT id FROM t WHERE m = 'happy'; CREATE INDEX i ON t (m) WHERE m > 'sad'; CREATE MATERIALIZED VIEW mv AS SELECT m, count(*) FROM t GROUP BY m;
CREATE FUNCTION better(mood) RETURNS mood LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RETURN 'happy'::public.mood; END$$; CREATE INDEX j ON t (better(m));
ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (m <> 'sad'::mood);
CREATE DOMAIN good AS mood CHECK (VALUE > 'sad'); CREATE TABLE d (g good);
GRANT USAGE ON TYPE mood TO snap_app; COMMENT ON TYPE mood IS 'moods';
--- case enum labels are added at every place, and reordered
--- a
CREATE TYPE e AS ENUM ('b', 'd'); CREATE TYPE o AS ENUM ('x', 'y'); CREATE TYPE empty AS ENUM ();
CREATE TABLE t (e e, o o); INSERT INTO t VALUES ('b', 'y');
--- b
CREATE TYPE e AS ENUM ('a', 'b', 'c', 'd', 'it''s', 'Ω'); CREATE TYPE o AS ENUM ('y', 'x'); CREATE TYPE empty AS ENUM ('no');
CREATE TABLE t (e e, o o);
--- case an added label is used at once
--- a
CREATE TYPE e AS ENUM ('x'); CREATE TABLE t (e e DEFAULT 'x'); CREATE FUNCTION f() RETURNS e LANGUAGE sql AS $$SELECT 'x'::e$$;
--- b
CREATE TYPE e AS ENUM ('x', 'new'); CREATE TABLE t (e e DEFAULT 'new'); CREATE VIEW v AS SELECT * FROM t WHERE e = 'new';
CREATE FUNCTION f() RETURNS e LANGUAGE sql AS $$SELECT 'new'::e$$;
--- case an enum becomes text and a domain
--- a
CREATE TYPE e AS ENUM ('x', 'y'); CREATE TABLE t (a e DEFAULT 'x', b e); INSERT INTO t VALUES ('x', 'y');
--- b
CREATE DOMAIN e AS text CHECK (VALUE IN ('x', 'y')); CREATE TABLE t (a text DEFAULT 'x', b e); INSERT INTO t VALUES ('x', 'y');
--- case domains
--- a
CREATE DOMAIN d AS text COLLATE "C" DEFAULT 'x' NOT NULL CONSTRAINT c CHECK (VALUE <> ''); CREATE DOMAIN on_d AS d CHECK (length(VALUE) < 9);
CREATE DOMAIN wide AS int; CREATE TABLE t (a d, b on_d, c wide, e wide[]); INSERT INTO t VALUES ('q', 'r', 3, '{4}'); CREATE VIEW v AS SELECT c FROM t;
CREATE INDEX ON t (c); COMMENT ON DOMAIN d IS 'dee'; COMMENT ON CONSTRAINT c ON DOMAIN d IS 'cee';
--- b
CREATE DOMAIN d AS text COLLATE "C" DEFAULT 'y' CONSTRAINT c CHECK (VALUE <> 'z') CONSTRAINT more CHECK (VALUE <> 'w'); CREATE DOMAIN on_d AS d CHECK (length(VALUE) < 10);
CREATE DOMAIN wide AS bigint; CREATE TABLE t (a d, b on_d, c wide, e wide[]); CREATE VIEW v AS SELECT c FROM t;
CREATE INDEX ON t (c);
--- case a domain constraint that is not valid
--- both
CREATE DOMAIN d AS int; CREATE TABLE t (a d); INSERT INTO t VALUES (1);
--- a
ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID;
--- b
ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0);
--- case composite types change under tables, views and functions
--- a
CREATE TYPE pair AS (a int, b text); CREATE TABLE t (id int, p pair); INSERT INTO t VALUES (1, ROW(1, 'x'));
CREATE VIEW v AS SELECT (p).a FROM t; CREATE FUNCTION f(pair) RETURNS int LANGUAGE sql AS 'SELECT ($1).a';
--- b
CREATE TYPE pair AS (a int, b text, c date); CREATE TABLE t (id int, p pair);
CREATE VIEW v AS SELECT (p).a FROM t; CREATE FUNCTION f(pair) RETURNS int LANGUAGE sql AS 'SELECT ($1).a';
--- case a composite type loses, retypes and renames
--- a
CREATE TYPE pair AS (a int, b text, c text COLLATE "C"); CREATE TYPE nest AS (p pair, q pair[]);
CREATE FUNCTION f() RETURNS SETOF nest LANGUAGE sql AS 'SELECT NULL::nest';
--- b
CREATE TYPE pair AS (a bigint, c text); CREATE TYPE nest AS (p pair, r pair[]);
CREATE FUNCTION f() RETURNS SETOF nest LANGUAGE sql AS 'SELECT NULL::nest';
--- case a composite type orders its attributes in another way
--- a
CREATE TYPE pair AS (a int, b text); CREATE TABLE t (id int, p pair);
--- b
CREATE TYPE pair AS (b text, a int); CREATE TABLE t (id int, p pair);
--- case ranges
--- a
CREATE TYPE r AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi); CREATE TYPE s AS RANGE (SUBTYPE = text, COLLATION = "C", MULTIRANGE_TYPE_NAME = many_s);
CREATE TABLE t (a r, b s, c many_s); CREATE FUNCTION f(r) RETURNS float8 LANGUAGE sql AS 'SELECT lower($1)';
--- b
CREATE TYPE r AS RANGE (SUBTYPE = float8); CREATE TYPE s AS RANGE (SUBTYPE = text, SUBTYPE_OPCLASS = text_pattern_ops);
CREATE TABLE t (a r, b s);
--- case a type moves to another schema
--- both
CREATE SCHEMA one; CREATE SCHEMA two;
--- a
CREATE TYPE one.e AS ENUM ('x', 'y'); CREATE TABLE t (id int, a one.e DEFAULT 'x'); INSERT INTO t VALUES (1, 'y');
--- b
CREATE TYPE two.e AS ENUM ('x', 'y'); CREATE TABLE t (id int, a two.e DEFAULT 'x'); INSERT INTO t VALUES (1, 'y');
--- case collations
--- a
CREATE COLLATION c (provider = builtin, locale = 'C.UTF-8'); -- since 17
CREATE COLLATION c (provider = libc, locale = 'POSIX'); -- before 17
CREATE TABLE t (a text COLLATE c); CREATE INDEX ON t (a);
--- b
CREATE COLLATION c (provider = libc, locale = 'C'); CREATE TABLE t (a text COLLATE c, b text COLLATE c); CREATE INDEX ON t (a COLLATE "C");
--- case a type of one kind becomes one of another
--- a
CREATE TYPE x AS ENUM ('a'); CREATE DOMAIN y AS int; CREATE TYPE z AS (a int);
--- b
CREATE TYPE y AS ENUM ('a'); CREATE TYPE x AS (b int); CREATE TABLE z (a int);
--- case extensions
--- a
CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE TABLE t (a hstore, b citext UNIQUE); INSERT INTO t VALUES ('k=>v', 'X'); CREATE INDEX ON t USING gin (a);
COMMENT ON EXTENSION hstore IS 'mine';
--- b
CREATE EXTENSION pg_trgm; CREATE TABLE t (c text, b text UNIQUE); INSERT INTO t VALUES ('k', 'X'); CREATE INDEX ON t USING gin (c gin_trgm_ops);
--- case an extension moves to another schema
--- both
CREATE SCHEMA ext;
--- a
CREATE EXTENSION citext; CREATE TABLE t (a citext); INSERT INTO t VALUES ('x'); CREATE VIEW v AS SELECT a = 'y' AS b FROM t;
--- b
CREATE EXTENSION citext SCHEMA ext; CREATE TABLE t (a ext.citext); INSERT INTO t VALUES ('x'); CREATE VIEW v AS SELECT a OPERATOR(ext.=) 'y' AS b FROM t;
--- case sequences
--- a
CREATE SEQUENCE a; CREATE SEQUENCE b AS smallint INCREMENT -2 MINVALUE -100 MAXVALUE -1 START -5 CACHE 7 CYCLE; 
CREATE UNLOGGED SEQUENCE c; -- since 15
CREATE TABLE t (id int, n int); CREATE SEQUENCE owned OWNED BY t.id; CREATE SEQUENCE moves OWNED BY t.id;
--- b
CREATE SEQUENCE a START 10 MINVALUE 5; CREATE SEQUENCE b AS int; CREATE SEQUENCE c;
CREATE TABLE t (id int, n int); CREATE SEQUENCE owned; CREATE SEQUENCE moves OWNED BY t.n;
--- case an owned sequence moves from one table to another, and the first goes
--- a
CREATE TABLE t (id int); CREATE SEQUENCE s OWNED BY t.id; ALTER TABLE t ALTER id SET DEFAULT nextval('s'); INSERT INTO t DEFAULT VALUES;
--- b
CREATE TABLE u (id int); CREATE SEQUENCE s OWNED BY u.id; ALTER TABLE u ALTER id SET DEFAULT nextval('s'); INSERT INTO u DEFAULT VALUES;
--- case an enum becomes a domain of its name
--- a
CREATE TYPE m AS ENUM ('a', 'b'); CREATE TABLE t (id int, m m DEFAULT 'a', ms m[]); INSERT INTO t VALUES (1, 'b', '{a,b}'); CREATE VIEW v AS SELECT m FROM t; CREATE INDEX i ON t (m); CREATE FUNCTION f(m) RETURNS m LANGUAGE sql AS 'SELECT $1';
--- b
CREATE DOMAIN m AS text CHECK (VALUE IN ('a', 'b')); CREATE TABLE t (id int, m m DEFAULT 'a', ms m[]); INSERT INTO t VALUES (1, 'b', '{a,b}'); CREATE VIEW v AS SELECT m FROM t; CREATE INDEX i ON t (m); CREATE FUNCTION f(m) RETURNS m LANGUAGE sql AS 'SELECT $1';
--- case composite types in rows, arrays and each other change
--- a
CREATE TYPE c AS (x int, y text, z int); CREATE TABLE t (id int, c c, cs c[]); INSERT INTO t VALUES (1, '(1,a,3)', '{"(1,a,3)"}'); CREATE TYPE c2 AS (x int, y text); CREATE TABLE t2 (id int, c c2); INSERT INTO t2 VALUES (1, '(1,a)'); CREATE VIEW v AS SELECT (c).x FROM t; CREATE TYPE n AS (c c, k int); CREATE TABLE t3 (n n); INSERT INTO t3 VALUES (ROW(ROW(1, 'a', 3)::c, 5)::n);
--- b
CREATE TYPE c AS (z int, y text, x int); CREATE TABLE t (id int, c c, cs c[]); INSERT INTO t VALUES (1, '(3,a,1)', '{"(3,a,1)"}'); CREATE TYPE c2 AS (x int); CREATE TABLE t2 (id int, c c2); INSERT INTO t2 VALUES (1, '(1)'); CREATE VIEW v AS SELECT (c).x FROM t; CREATE TYPE n AS (c c, k int); CREATE TABLE t3 (n n); INSERT INTO t3 VALUES (ROW(ROW(3, 'a', 1)::c, 5)::n);
--- case enum values go under arrays, domains, defaults, indexes, partitions
--- a
CREATE TYPE e AS ENUM ('a', 'b', 'c', 'd'); CREATE DOMAIN de AS e DEFAULT 'b' CHECK (VALUE <> 'd'); CREATE TABLE t (id int, x e DEFAULT 'a', xs e[] DEFAULT '{a,b}', dx de, g e GENERATED ALWAYS AS (x) STORED); INSERT INTO t VALUES (1, 'a', '{a,c}', 'c'), (2, 'c', NULL, NULL); CREATE INDEX i ON t (x) WHERE x > 'a'; CREATE TABLE p (k e, v int) PARTITION BY LIST (k); CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('a', 'b'); CREATE TABLE p2 PARTITION OF p DEFAULT; INSERT INTO p VALUES ('a', 1), ('c', 2); CREATE VIEW v AS SELECT * FROM t WHERE x = ANY (ARRAY['a'::e]); CREATE FUNCTION f(e, e[] DEFAULT '{a}') RETURNS SETOF e LANGUAGE sql AS 'SELECT $1'; ALTER TABLE t ADD CHECK (x IN ('a', 'b', 'c')); CREATE TYPE er AS RANGE (SUBTYPE = e); CREATE TABLE ter (r er); INSERT INTO ter VALUES ('[a,b]');
--- b
CREATE TYPE e AS ENUM ('c', 'a', 'z', 'b'); CREATE DOMAIN de AS e DEFAULT 'b' CHECK (VALUE <> 'z'); CREATE TABLE t (id int, x e DEFAULT 'z', xs e[] DEFAULT '{a,z}', dx de, g e GENERATED ALWAYS AS (x) STORED); INSERT INTO t VALUES (1, 'a', '{a,c}', 'c'), (2, 'c', NULL, NULL); CREATE INDEX i ON t (x) WHERE x > 'a'; CREATE TABLE p (k e, v int) PARTITION BY LIST (k); CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('a', 'b'); CREATE TABLE p2 PARTITION OF p DEFAULT; INSERT INTO p VALUES ('a', 1), ('c', 2); CREATE VIEW v AS SELECT * FROM t WHERE x = ANY (ARRAY['a'::e]); CREATE FUNCTION f(e, e[] DEFAULT '{a}') RETURNS SETOF e LANGUAGE sql AS 'SELECT $1'; ALTER TABLE t ADD CHECK (x IN ('a', 'b', 'c')); CREATE TYPE er AS RANGE (SUBTYPE = e); CREATE TABLE ter (r er); INSERT INTO ter VALUES ('[a,b]');
--- case domains under arrays and composites change
--- a
CREATE DOMAIN d AS int CHECK (VALUE > 0); CREATE DOMAIN d2 AS d; CREATE TYPE c AS (d d, e int); CREATE TABLE t (id int, x d, xs d[], c c, y d2); INSERT INTO t VALUES (1, 1, '{1,2}', '(1,2)', 5);
--- b
CREATE DOMAIN d AS int NOT NULL CHECK (VALUE > -1) CHECK (VALUE < 1000); CREATE DOMAIN d2 AS d; CREATE TYPE c AS (d d, e int); CREATE TABLE t (id int, x d, xs d[], c c, y d2); INSERT INTO t VALUES (1, 1, '{1,2}', '(1,2)', 5);
--- case an enum of which no label is there before and after
--- a
CREATE TYPE e AS ENUM ('A', 'B');
CREATE DOMAIN d AS e NOT NULL;
CREATE TABLE t (id int PRIMARY KEY, e e NOT NULL DEFAULT 'A', n e, many e[], d e NOT NULL CHECK (d <> 'A'), x text);
INSERT INTO t VALUES (1, 'A', 'A', '{A,B}', 'B'), (2, 'B', 'B', '{}', 'B'), (3, 'B', NULL, '{A}', 'B');
CREATE TABLE p (id int PRIMARY KEY, e e NOT NULL) PARTITION BY RANGE (id);
--- b
CREATE TYPE e AS ENUM ('a', 'b', 'c');
CREATE DOMAIN d AS e NOT NULL;
CREATE TABLE t (id int PRIMARY KEY, e e NOT NULL DEFAULT 'b', n e, many e[], d e NOT NULL CHECK (d <> 'a'), x text);
INSERT INTO t VALUES (1, 'a', 'a', '{a,b}', 'b'), (2, 'b', 'c', '{c}', 'c'), (4, 'b', NULL, '{}', 'c');
CREATE TABLE p (id int PRIMARY KEY, e e NOT NULL) PARTITION BY RANGE (id);
--- both
CREATE INDEX t_e ON t (e, id); CREATE INDEX t_x ON t (x) WHERE e IS NOT NULL;
CREATE VIEW v AS SELECT id, e, d FROM t;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.x := ''seen''; RETURN NEW; END';
CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();
COMMENT ON COLUMN t.e IS 'of it';
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); CREATE TABLE p2 PARTITION OF p DEFAULT;
INSERT INTO p SELECT n, (enum_range(NULL::e))[n % 2 + 1] FROM generate_series(8, 12) n;
CREATE TABLE h (id int PRIMARY KEY, d d); INSERT INTO h SELECT n, (enum_range(NULL::e))[n] FROM generate_series(1, 2) n;

--- case a table that is made anew with wholly other labels
--- a
CREATE TYPE e AS ENUM ('A', 'B'); CREATE TABLE t (id int PRIMARY KEY, e e NOT NULL, n e);
INSERT INTO t VALUES (1, 'A', 'A'), (2, 'B', NULL);
--- b
CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (id int PRIMARY KEY, e e NOT NULL, n e) PARTITION BY RANGE (id);
CREATE TABLE t1 PARTITION OF t DEFAULT; INSERT INTO t VALUES (1, 'a', 'b'), (3, 'b', NULL);

--- case a table that is made anew, partitioned by wholly other labels
--- a
CREATE TYPE e AS ENUM ('A', 'B'); CREATE TABLE t (id int PRIMARY KEY, e e NOT NULL, n e);
INSERT INTO t VALUES (1, 'A', 'A'), (2, 'B', NULL);
--- b
CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (id int, e e NOT NULL, n e, PRIMARY KEY (id, e)) PARTITION BY LIST (e);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN ('a'); CREATE TABLE t2 PARTITION OF t DEFAULT; INSERT INTO t VALUES (1, 'a', 'b'), (3, 'b', NULL);

--- case a table that is made anew, with some labels that go
--- a
CREATE TYPE e AS ENUM ('A', 'B', 'C'); CREATE TABLE t (id int PRIMARY KEY, n e);
INSERT INTO t VALUES (1, 'A'), (2, 'C'), (3, NULL);
--- b
CREATE TYPE e AS ENUM ('A', 'D', 'C'); CREATE TABLE t (id int PRIMARY KEY, n e) PARTITION BY RANGE (id);
CREATE TABLE t1 PARTITION OF t DEFAULT; INSERT INTO t VALUES (1, 'A'), (3, 'D'), (4, NULL);

--- case a table that is made anew with some labels that go and something that stands in
--- a
CREATE TYPE e AS ENUM ('A', 'B', 'C'); CREATE TABLE t (id int PRIMARY KEY, n e NOT NULL);
INSERT INTO t VALUES (1, 'A'), (2, 'C'), (3, 'B');
--- b
CREATE TYPE e AS ENUM ('A', 'D', 'C'); CREATE TABLE t (id int PRIMARY KEY, n e NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE t1 PARTITION OF t DEFAULT; INSERT INTO t VALUES (1, 'A'), (3, 'D'), (4, 'C');

--- case a domain gets another base under arrays
--- a
CREATE DOMAIN d AS int; CREATE TABLE t (id int, x d, xs d[]); INSERT INTO t VALUES (1, 1, '{1,2}'); CREATE INDEX i ON t (x); CREATE VIEW v AS SELECT x FROM t;
--- b
CREATE DOMAIN d AS text CHECK (VALUE <> ''); CREATE TABLE t (id int, x d, xs d[]); INSERT INTO t VALUES (1, '1', '{1,2}'); CREATE INDEX i ON t (x); CREATE VIEW v AS SELECT x FROM t;

--- case a range with a canonical function of its own
--- a
CREATE TYPE public.span;
CREATE FUNCTION public.canonical(public.span) RETURNS public.span LANGUAGE internal IMMUTABLE STRICT
  AS 'int4range_canonical';
CREATE TYPE public.span AS RANGE (subtype = int4, canonical = public.canonical);
CREATE TABLE public.t (s public.span);
--- b
CREATE TABLE public.t (s int);

--- case a range and its multirange in two schemas
--- both
CREATE SCHEMA other;
CREATE TABLE public.t (id int PRIMARY KEY);
--- a
CREATE TYPE public.span AS RANGE (subtype = int, multirange_type_name = other.spans);
ALTER TABLE public.t ADD s public.span DEFAULT '[1,2)', ADD m other.spans;
INSERT INTO public.t VALUES (1);
--- b
CREATE TYPE public.extent AS RANGE (subtype = int, multirange_type_name = other.spans);
ALTER TABLE public.t ADD s public.extent DEFAULT '[1,2)';
INSERT INTO public.t VALUES (1);

--- case a domain over a row type that lies elsewhere
--- both
CREATE SCHEMA other;
--- a
CREATE TYPE public.pair AS (x int, y text);
CREATE DOMAIN public.good AS public.pair CHECK ((VALUE).x > 0);
CREATE TABLE public.t (id int, g public.good);
INSERT INTO public.t VALUES (1, '(1,a)');
--- b
CREATE TYPE other.pair AS (x int, y text);
CREATE DOMAIN public.good AS other.pair CHECK ((VALUE).x > 0);
CREATE TABLE public.t (id int, g public.good);
INSERT INTO public.t VALUES (1, '(1,a)');

--- case a domain's NOT NULL has a name and a comment
--- a
CREATE DOMAIN one AS int CONSTRAINT filled NOT NULL;
CREATE DOMAIN two AS int NOT NULL;
CREATE DOMAIN three AS int;
COMMENT ON CONSTRAINT filled ON DOMAIN one IS 'never empty'; -- since 17
COMMENT ON CONSTRAINT two_not_null ON DOMAIN two IS 'usual'; -- since 17
--- b
CREATE DOMAIN one AS int NOT NULL;
CREATE DOMAIN two AS int;
CREATE DOMAIN three AS int CONSTRAINT "not empty" NOT NULL;
CREATE DOMAIN four AS int CONSTRAINT filled NOT NULL;

--- case a type that is but a name becomes one, and the other way round
--- a
CREATE TYPE becomes;
CREATE TYPE was;
CREATE FUNCTION was_in(cstring) RETURNS was LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION was_out(was) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE was (INPUT = was_in, OUTPUT = was_out, LIKE = text);
--- b
CREATE TYPE becomes AS ENUM ('x');
CREATE TYPE was;
COMMENT ON TYPE was IS 'a name';
ALTER TYPE was OWNER TO snap_owner;

--- case a base type is another one, with fewer functions
--- a
CREATE TYPE num;
CREATE FUNCTION num_in(cstring) RETURNS num LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
CREATE FUNCTION num_out(num) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
CREATE FUNCTION num_recv(internal) RETURNS num LANGUAGE internal IMMUTABLE STRICT AS 'int4recv';
CREATE TYPE num (INPUT = num_in, OUTPUT = num_out, RECEIVE = num_recv, LIKE = int4, DEFAULT = '5');
CREATE TABLE t (id int PRIMARY KEY, a num, many num[]);
INSERT INTO t VALUES (1, '7', '{8}');
--- b
CREATE TYPE num;
CREATE FUNCTION num_in(cstring) RETURNS num LANGUAGE internal IMMUTABLE STRICT AS 'int8in';
CREATE FUNCTION num_out(num) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int8out';
CREATE TYPE num (INPUT = num_in, OUTPUT = num_out, LIKE = int8);
CREATE TABLE t (id int PRIMARY KEY, a num, many num[]);
INSERT INTO t VALUES (1, '7', '{8}');

--- case a base type that takes itself for an array
--- a
CREATE TYPE list;
CREATE FUNCTION list_in(cstring) RETURNS list LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION list_out(list) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE list (INPUT = list_in, OUTPUT = list_out, LIKE = text, CATEGORY = 'A', ELEMENT = int4,
  SUBSCRIPT = raw_array_subscript_handler);
CREATE TABLE t (a list, b list[]);

--- case types of columns that lie on another server
--- both
CREATE EXTENSION file_fdw; CREATE SERVER s FOREIGN DATA WRAPPER file_fdw;
--- a
CREATE TYPE e AS ENUM ('a', 'b');
CREATE FOREIGN TABLE f (x e, y int, z text) SERVER s OPTIONS (filename '/dev/null');
CREATE TABLE p (k int, v int) PARTITION BY LIST (k);
--- b
CREATE TYPE e AS ENUM ('b', 'a');
CREATE FOREIGN TABLE f (x e, y text, z int) SERVER s OPTIONS (filename '/dev/null');
CREATE TABLE p (k int, v bigint) PARTITION BY LIST (k);
--- both
CREATE FOREIGN TABLE fp PARTITION OF p FOR VALUES IN (1) SERVER s OPTIONS (filename '/dev/null');
CREATE TABLE lp PARTITION OF p FOR VALUES IN (2); INSERT INTO p VALUES (2, 3);

--- case a column gets a type that comes when the key of its rows goes
--- a
CREATE TABLE public.t (id int PRIMARY KEY, v text);
INSERT INTO public.t VALUES (1, 'x');
--- b
CREATE TYPE public.e AS ENUM ('x', 'y');
CREATE TABLE public.t (no int PRIMARY KEY, v public.e);
INSERT INTO public.t VALUES (1, 'x');

--- case columns get an enum together with labels that their values have
--- both
CREATE TYPE public.f AS ENUM ('x', 'z');
--- a
CREATE TYPE public.e AS ENUM ('x', 'y');
CREATE TABLE public.t (id int PRIMARY KEY, t text, f public.f, fs public.f[], d text);
INSERT INTO public.t VALUES (1, 'x', 'z', '{z,x}', 'z'), (2, 'z', 'x', NULL, NULL);
CREATE DOMAIN public.d AS public.e;
--- b
CREATE TYPE public.e AS ENUM ('x', 'y', 'z');
CREATE DOMAIN public.d AS public.e;
CREATE TABLE public.t (id int PRIMARY KEY, t public.e, f public.e, fs public.e[], d public.d);
INSERT INTO public.t VALUES (1, 'x', 'z', '{z,x}', 'z'), (2, 'z', 'x', NULL, NULL);
--- case a column comes back together with labels that its values have
--- a
CREATE TYPE public.e AS ENUM ('x', 'y');
CREATE DOMAIN public.d AS public.e;
CREATE TABLE public.t (id int PRIMARY KEY);
INSERT INTO public.t VALUES (1), (2);
--- b
CREATE TYPE public.e AS ENUM ('x', 'y', 'z');
CREATE DOMAIN public.d AS public.e;
CREATE TABLE public.t (id int PRIMARY KEY, v public.e, w public.d, ws public.e[]);
INSERT INTO public.t VALUES (1, 'x', 'z', '{z,x}'), (2, 'z', 'x', NULL);
--- case a table comes back together with labels that its values have
--- a
CREATE TYPE public.e AS ENUM ('x', 'y');
--- b
CREATE TYPE public.e AS ENUM ('x', 'y', 'z');
CREATE TABLE public.t (id int PRIMARY KEY, v public.e);
INSERT INTO public.t VALUES (1, 'x'), (2, 'z');
--- case rows get labels that come with what they are in
--- a
CREATE TYPE public.e AS ENUM ('x', 'y');
CREATE TYPE public.c AS (e public.e);
CREATE TABLE public.t (id int PRIMARY KEY, v text);
INSERT INTO public.t VALUES (1, '(z)');
--- b
CREATE TYPE public.e AS ENUM ('x', 'y', 'z');
CREATE TYPE public.c AS (e public.e);
CREATE TABLE public.t (id int PRIMARY KEY, v public.c);
INSERT INTO public.t VALUES (1, '(z)');
--- case a column that is never NULL comes together with the first label
--- a
CREATE TYPE public.e AS ENUM ('x');
CREATE TABLE public.t (id int PRIMARY KEY);
INSERT INTO public.t VALUES (1);
--- b
CREATE TYPE public.e AS ENUM ('new', 'x');
CREATE TABLE public.t (id int PRIMARY KEY, v public.e NOT NULL);
INSERT INTO public.t VALUES (1, 'new');

--- case an enum turned into a domain of its name
--- a
CREATE TYPE mood AS ENUM ('sad', 'ok');
--- b
CREATE DOMAIN mood AS text CHECK (VALUE <> '');
--- both
CREATE TABLE t (id int PRIMARY KEY, m mood NOT NULL DEFAULT 'ok', ms mood[]); INSERT INTO t VALUES (1, 'sad', '{ok,sad}'), (2, 'ok', NULL);
CREATE VIEW v AS SELECT m FROM t WHERE m = 'ok';
CREATE INDEX i ON t (m);

--- case an enum turned into text
--- a
CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t (id int PRIMARY KEY, m mood NOT NULL DEFAULT 'ok', ms mood[] DEFAULT '{ok}');
--- b
CREATE TABLE t (id int PRIMARY KEY, m text NOT NULL DEFAULT 'ok' CHECK (m IN ('sad', 'ok')), ms text[] DEFAULT '{ok}');
--- both
INSERT INTO t VALUES (1, 'sad', '{ok,sad}'), (2, 'ok', NULL);

--- case an enum of a domain turned into another one
--- a
CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN dm AS mood CHECK (VALUE <> 'sad');
--- b
CREATE DOMAIN dm AS text CHECK (VALUE <> 'sad');
--- both
CREATE TABLE t (id int PRIMARY KEY, m dm); INSERT INTO t VALUES (1, 'ok'), (2, NULL);
--- case an enum in rows that a column holds -- since 17
--- both
CREATE TYPE mood AS ENUM ('a', 'b');
--- b
ALTER TYPE mood ADD VALUE 'c' AFTER 'a';
--- both
CREATE TABLE t (id int UNIQUE, m mood, ms mood[]); CREATE VIEW v AS SELECT x FROM t x; CREATE TABLE u AS SELECT * FROM v;
INSERT INTO u VALUES ((1, 'a', '{b}')), (NULL);
--- a
CREATE TABLE w (m mood DEFAULT 'b');
--- b
CREATE TABLE w (m mood DEFAULT 'c');
--- case a check comes to a domain with a column that holds it in arrays
--- a
CREATE TYPE c AS (x int, y int); CREATE DOMAIN d AS c CHECK (VALUE::text <> 'x'); CREATE TYPE e AS (d d);
CREATE TABLE t (id int PRIMARY KEY, v d[]); CREATE TABLE u (w e); ALTER TABLE t ADD n e;
--- b
CREATE TYPE c AS (x int, y int); CREATE DOMAIN d AS c; CREATE TYPE e AS (d d); CREATE TABLE t (id int PRIMARY KEY, v varchar(20));
--- case a column returns whose check reads its table
--- both
CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 2), (2, 3);
CREATE FUNCTION g(i int) RETURNS boolean LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT i > 4; END;
--- a
CREATE FUNCTION f(i int) RETURNS boolean LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT g(i) OR EXISTS (SELECT FROM t WHERE id = i); END;
CREATE FUNCTION h(i int) RETURNS boolean LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT g(i) OR true; END;
ALTER TABLE t ADD CHECK (f(id) OR true), ADD CHECK (h(id));
--- b
ALTER TABLE t DROP COLUMN id;

--- case a domain inside of rows that are held gets a check
--- a
CREATE DOMAIN few AS integer;
CREATE DOMAIN later AS integer; ALTER DOMAIN later ADD CONSTRAINT c CHECK (VALUE < 9) NOT VALID;
--- b
CREATE DOMAIN few AS integer CHECK (VALUE < 9);
CREATE DOMAIN later AS integer CONSTRAINT c CHECK (VALUE < 9);
--- both
CREATE TABLE t (id integer, f few, l later);
CREATE TABLE u (r t, n integer);
INSERT INTO t VALUES (1, 2, 3);
INSERT INTO u SELECT t, 5 FROM t;
CREATE MATERIALIZED VIEW m AS SELECT t FROM t;

--- case values are the same in a domain of another scale
--- both
CREATE DOMAIN cents AS numeric(6,2);
CREATE DOMAIN fine AS numeric(8,4) CHECK (VALUE >= 0);
--- a
CREATE TABLE t (id int PRIMARY KEY, x cents, y cents[]);
--- b
CREATE TABLE t (id int PRIMARY KEY, x fine, y fine[]);
--- both
INSERT INTO t VALUES (1, 1.5, '{1.25}');

--- case a column that numbers rows gets another type than its sequence
--- a
CREATE TABLE t (id bigint GENERATED BY DEFAULT AS IDENTITY, v text);
CREATE TABLE u (id integer GENERATED BY DEFAULT AS IDENTITY);
--- b
CREATE TABLE t (id integer GENERATED BY DEFAULT AS IDENTITY, v text); ALTER SEQUENCE t_id_seq AS bigint;
CREATE TABLE u (id bigint GENERATED BY DEFAULT AS IDENTITY); ALTER SEQUENCE u_id_seq AS integer;
--- both
INSERT INTO t (v) VALUES ('x'), ('y');
INSERT INTO u DEFAULT VALUES;
--- case a key that includes a column of a type that changes, and a foreign key to it
--- both
CREATE TYPE e AS ENUM ('a', 'b');
--- a
CREATE TABLE t (id int, c e, n int, PRIMARY KEY (id) INCLUDE (c, n)); CREATE UNIQUE INDEX u ON t (n) INCLUDE (c); CREATE TABLE r (id int REFERENCES t, n int REFERENCES t (n)); INSERT INTO t VALUES (1, 'a', 4); INSERT INTO r VALUES (1, 4);
CREATE TABLE w (id int, v varchar(9), PRIMARY KEY (id) INCLUDE (v)); CREATE TABLE s (id int REFERENCES w);
--- b
ALTER TYPE e ADD VALUE 'c' BEFORE 'b'; CREATE TABLE t (id int, c e, n bigint, PRIMARY KEY (id) INCLUDE (c, n)); CREATE UNIQUE INDEX u ON t (n) INCLUDE (c); CREATE TABLE r (id int REFERENCES t, n int REFERENCES t (n));
CREATE TABLE w (id int, v varchar(20), PRIMARY KEY (id) INCLUDE (v)); CREATE TABLE s (id int REFERENCES w);
--- case a range type is called otherwise than the functions that make it
--- both
CREATE SCHEMA o;
CREATE TYPE r AS RANGE (SUBTYPE = int);
CREATE TYPE q AS RANGE (SUBTYPE = date, MULTIRANGE_TYPE_NAME = qs);
CREATE TYPE k AS RANGE (SUBTYPE = int); CREATE TABLE kept (v k); INSERT INTO kept VALUES (k(1, 2));
--- a
ALTER FUNCTION k(int, int) SET SCHEMA o; ALTER FUNCTION k(int, int, text) RENAME TO l;
ALTER TYPE r RENAME TO r2; ALTER TYPE r_multirange SET SCHEMA o; ALTER TYPE q SET SCHEMA o;
CREATE TABLE t (a r2 DEFAULT r(1, 2), b o.q CHECK (b <> q('2000-01-01', '2000-01-02', '()'))); INSERT INTO t VALUES (r(2, 3), NULL);
CREATE VIEW v AS SELECT r_multirange(r(1, 4)) AS m, r_multirange(r(1, 2), r(4, 5)) AS n, r_multirange() AS e;
--- b
CREATE TABLE t (a r, b q); INSERT INTO t VALUES (r(2, 3), NULL);
--- case a base type is stored otherwise below domains of it
--- both
CREATE TYPE gold; CREATE FUNCTION gold_in(cstring) RETURNS gold LANGUAGE internal IMMUTABLE STRICT AS 'textin'; CREATE FUNCTION gold_out(gold) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE gold (INPUT = gold_in, OUTPUT = gold_out, STORAGE = main); CREATE DOMAIN amount AS gold; CREATE DOMAIN sum AS amount; CREATE TABLE a (v amount, w sum, x gold); INSERT INTO a VALUES ('1', '2', '3');
--- a
ALTER TYPE gold SET (STORAGE = extended);

--- case row constructors in all kinds of expressions are older than an attribute of their type
--- both
CREATE TYPE addr AS (street text, zip text);
CREATE FUNCTION street(addr) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1.street';
CREATE FUNCTION parsed(addr DEFAULT ROW('p', 'q')::addr) RETURNS text LANGUAGE sql IMMUTABLE RETURN street(ROW('s', 'z')::addr);
CREATE TABLE t (id int PRIMARY KEY, c text CHECK (c <> street(ROW('s', 'z')::addr)), g text GENERATED ALWAYS AS (street(ROW('s', 'z')::addr) || c) STORED, d addr DEFAULT ROW('s', 'z'));
CREATE INDEX i ON t (id) WHERE street(ROW('s', 'z')::addr) IS NOT NULL;
CREATE VIEW v AS SELECT ROW('s', 'z')::addr AS a FROM t;
CREATE POLICY pol ON t USING (c = street(ROW('s', 'z')::addr));
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr AFTER UPDATE ON t FOR EACH ROW WHEN (new.c = street(ROW('s', 'z')::addr)) EXECUTE FUNCTION f();
CREATE RULE r AS ON DELETE TO v DO INSTEAD DELETE FROM t WHERE c = street(ROW('s', 'z')::addr);
CREATE DOMAIN dom AS text CHECK (VALUE <> street(ROW('s', 'z')::addr));
CREATE STATISTICS st ON (c = street(ROW('s', 'z')::addr)), id FROM t;
--- a
ALTER TYPE addr ADD ATTRIBUTE n int CASCADE;

--- case row constructors of several ages
--- a
CREATE TYPE addr AS (street text, zip text);
CREATE FUNCTION street(addr) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1.street';
CREATE TABLE t (id int PRIMARY KEY, d addr DEFAULT ROW('s', 'z'), CHECK (street(ROW('c', NULL)::addr) <> ''));
ALTER TYPE addr ADD ATTRIBUTE n int CASCADE;
CREATE INDEX i ON t (id) WHERE street(ROW('i', NULL, 4)::addr) IS NOT NULL;
ALTER TYPE addr ADD ATTRIBUTE m int CASCADE, ADD ATTRIBUTE o int CASCADE;
CREATE VIEW v AS SELECT (d).o, ROW('v', NULL, NULL, 4, NULL)::addr AS r FROM t; CREATE TABLE typed OF addr;
--- b
CREATE TABLE other (id int);

--- case a row constructor in a default is older than an attribute of its type
--- both
CREATE TYPE mood AS ENUM ('x'); CREATE TYPE addr AS (street text, zip mood);
CREATE TABLE t (id int PRIMARY KEY, k mood, a addr NOT NULL DEFAULT ROW('s', NULL), d addr DEFAULT ROW('s', NULL));
INSERT INTO t VALUES (1, 'x'); CREATE INDEX i ON t (a);
--- a
ALTER TYPE addr ADD ATTRIBUTE n int CASCADE, ADD ATTRIBUTE m int CASCADE; ALTER TABLE t ALTER d SET DEFAULT ROW('s', NULL, 4, NULL);
INSERT INTO t VALUES (2, 'x', ROW('b', 'x', 3, 4)); ALTER TYPE mood ADD VALUE 'y';

--- case arrays of a domain of arrays become those of another one
--- both
CREATE DOMAIN x AS int[];
CREATE DOMAIN y AS int[] NOT NULL;
CREATE DOMAIN z AS x;
CREATE TABLE t (id int PRIMARY KEY);
INSERT INTO t VALUES (1);
--- a
ALTER TABLE t ADD c x[] DEFAULT ARRAY['{1,2}'::x], ADD d y[] DEFAULT ARRAY['{1,2}'::y];
--- b
ALTER TABLE t ADD c y[] DEFAULT ARRAY['{1,2}'::y], ADD d z[] DEFAULT ARRAY['{1,2}'::x::z];

--- case a domain that is in rows gets another type below, and values have to stand in until they are back
--- a
CREATE DOMAIN d AS text NOT NULL;
CREATE DOMAIN e AS text NOT NULL DEFAULT 'y';
--- b
CREATE DOMAIN d AS int NOT NULL;
CREATE DOMAIN e AS int NOT NULL DEFAULT 6;
--- both
CREATE TYPE c AS (x d, y e);
CREATE TABLE t (id int PRIMARY KEY, a d, b e, c c);
CREATE TABLE u (id int, a d, b e, c c);
--- a
INSERT INTO t VALUES (1, 'x', 'z'), (2, '3', '4');
INSERT INTO u VALUES (1, 'x', 'z'), (2, 'q', '4');
--- b
INSERT INTO t VALUES (1, 2, 3);

--- case a domain over one that got its default later
--- both
CREATE DOMAIN d AS int;
--- a
CREATE DOMAIN e AS d NOT NULL;
ALTER DOMAIN d SET DEFAULT 7;
--- b
CREATE DOMAIN e AS bigint;
--- both
CREATE TABLE t (a e);
INSERT INTO t VALUES (1);

--- case a domain that is in rows and whose check wants a value gets another type below
--- a
CREATE DOMAIN d AS text CHECK (VALUE IS NOT NULL);
CREATE DOMAIN e AS d;
--- b
CREATE DOMAIN d AS int CHECK (VALUE IS NOT NULL);
CREATE DOMAIN e AS d CHECK (VALUE > 0);
--- both
CREATE TYPE c AS (x d, y e);
CREATE TABLE t (id int PRIMARY KEY, a d, b e);
CREATE TABLE u (c c);
INSERT INTO t VALUES (1, '2', '3');

--- case a check of a domain that a column of a table gets, rows of which others hold
--- a
CREATE DOMAIN d AS text CONSTRAINT short CHECK (length(VALUE) < 3); CREATE FUNCTION ok(text) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT $1 <> ''x''';
ALTER DOMAIN d ADD CONSTRAINT fine CHECK (ok(VALUE)); CREATE TABLE t (v d); CREATE TABLE h (t t); INSERT INTO t VALUES ('a');
--- b
CREATE TABLE t (v text); CREATE TABLE h (t t); CREATE DOMAIN d AS text; INSERT INTO t VALUES ('a');

--- case a domain of a table gets a check before a column gets rows of that table
--- both
CREATE TABLE o (id int, r text);
--- a
CREATE DOMAIN m AS int[] CONSTRAINT mc CHECK (cardinality(VALUE) < 9); CREATE TABLE t (a int, m m); ALTER TABLE o ALTER r TYPE t USING NULL;
--- b
CREATE DOMAIN m AS int[]; CREATE TABLE t (a int, m m);

--- case a label with a quote that a default of a type with one has, too
--- a
CREATE TYPE "E e" AS ENUM ('a', 'b''c', 'd'); CREATE TABLE t (id int, e "E e" DEFAULT 'b''c'); INSERT INTO t VALUES (1, 'a');
--- b
CREATE TYPE "E e" AS ENUM ('a', 'd'); CREATE TABLE t (id int, e "E e"); INSERT INTO t VALUES (1, 'a');

--- case another operator class is the default one of a type that ranges are over
--- both
CREATE TYPE pair AS (a int, b int);
CREATE FUNCTION lt(pair, pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.a < $2.a'; CREATE FUNCTION eq(pair, pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.a = $2.a'; CREATE FUNCTION gt(pair, pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.a > $2.a';
CREATE FUNCTION cmp(pair, pair) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1.a - $2.a';
CREATE OPERATOR <! (LEFTARG = pair, RIGHTARG = pair, FUNCTION = lt); CREATE OPERATOR =! (LEFTARG = pair, RIGHTARG = pair, FUNCTION = eq); CREATE OPERATOR >! (LEFTARG = pair, RIGHTARG = pair, FUNCTION = gt);
--- a
CREATE OPERATOR CLASS my_ops DEFAULT FOR TYPE pair USING btree AS OPERATOR 1 <!, OPERATOR 3 =!, OPERATOR 5 >!, FUNCTION 1 cmp(pair, pair); CREATE TYPE r AS RANGE (subtype = pair); CREATE TABLE t (x r); ALTER TYPE r OWNER TO snap_owner;
--- b
CREATE OPERATOR CLASS x44 DEFAULT FOR TYPE pair USING btree AS OPERATOR 1 <!, OPERATOR 3 =!, OPERATOR 5 >!, FUNCTION 1 cmp(pair, pair); CREATE TYPE r AS RANGE (subtype = pair); CREATE TABLE t (x r);

--- case composite types with the names that sequences, indexes and keys had
--- a
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME ids), a int CONSTRAINT one UNIQUE, s serial); CREATE INDEX i ON t (a); CREATE SEQUENCE q; CREATE TYPE d AS (x int);
--- b
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME d), a int CONSTRAINT uno UNIQUE, s serial); ALTER SEQUENCE t_s_seq RENAME TO other; CREATE INDEX j ON t (a);
CREATE TYPE ids AS (x int); CREATE TYPE i AS (x int); CREATE TYPE one AS (x int); CREATE TYPE q AS (x int); CREATE TYPE t_s_seq AS (x int);

--- case range types, casts and transforms of functions that are not IMMUTABLE any more
--- a
CREATE FUNCTION diff(float8, float8) RETURNS float8 LANGUAGE sql IMMUTABLE RETURN $1 - $2; CREATE FUNCTION less(time, time) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 1; END';
CREATE TYPE r AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = diff); CREATE TYPE q AS RANGE (SUBTYPE = time, SUBTYPE_DIFF = less); ALTER FUNCTION diff(float8, float8) VOLATILE; ALTER FUNCTION less(time, time) STABLE;
CREATE TYPE p AS (a int); CREATE FUNCTION f(p) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 1; END'; CREATE CAST (p AS int) WITH FUNCTION f(p); ALTER FUNCTION f(p) VOLATILE;
CREATE FUNCTION t(internal) RETURNS internal LANGUAGE internal IMMUTABLE AS 'prsd_end'; CREATE TRANSFORM FOR p LANGUAGE plpgsql (FROM SQL WITH FUNCTION t(internal)); ALTER FUNCTION t(internal) VOLATILE;
--- b
