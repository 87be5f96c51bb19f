--- case a view under three views and a materialized view with an index
--- both
CREATE TABLE t (id int PRIMARY KEY, name text, n int); INSERT INTO t VALUES (1, 'a', 5), (2, 'b', 6);
--- a
CREATE VIEW v1 AS SELECT id, name, n FROM t;
CREATE VIEW v2 AS SELECT id, upper(name) AS name FROM v1; CREATE VIEW v3 WITH (security_barrier) AS SELECT v2.*, v1.n FROM v2 JOIN v1 USING (id);
CREATE VIEW v4 AS SELECT count(*) AS c FROM v3;
CREATE MATERIALIZED VIEW m AS SELECT id, n FROM v3; CREATE UNIQUE INDEX m_id ON m (id); CREATE INDEX m_n ON m (n DESC);
CREATE VIEW on_m AS SELECT max(n) FROM m;
COMMENT ON VIEW v3 IS 'three'; COMMENT ON COLUMN v3.n IS 'n of three'; COMMENT ON MATERIALIZED VIEW m IS 'em'; COMMENT ON INDEX m_n IS 'by n';
GRANT SELECT ON v1, v2 TO snap_owner; GRANT SELECT ON v3, m TO snap_reader; GRANT SELECT (id) ON v2 TO snap_app;
ALTER VIEW v3 OWNER TO snap_owner; ALTER VIEW v1 ALTER COLUMN n SET DEFAULT 3;
--- b
CREATE VIEW v1 AS SELECT id, name::varchar(50), n::bigint FROM t;
CREATE VIEW v2 AS SELECT id, upper(name) AS name FROM v1; CREATE VIEW v3 WITH (security_barrier) AS SELECT v2.*, v1.n FROM v2 JOIN v1 USING (id);
CREATE VIEW v4 AS SELECT count(*) AS c FROM v3;
CREATE MATERIALIZED VIEW m AS SELECT id, n FROM v3; CREATE UNIQUE INDEX m_id ON m (id); CREATE INDEX m_n ON m (n DESC);
CREATE VIEW on_m AS SELECT max(n) FROM m;
COMMENT ON VIEW v3 IS 'three'; COMMENT ON COLUMN v3.n IS 'n of three'; COMMENT ON MATERIALIZED VIEW m IS 'em'; COMMENT ON INDEX m_n IS 'by n';
GRANT SELECT ON v1, v2 TO snap_owner; GRANT SELECT ON v3, m TO snap_reader; GRANT SELECT (id) ON v2 TO snap_app;
ALTER VIEW v3 OWNER TO snap_owner; ALTER VIEW v1 ALTER COLUMN n SET DEFAULT 3;
--- case options of views
--- both
CREATE TABLE t (a int, b text);
--- a
CREATE VIEW v1 AS SELECT a, b FROM t WHERE a > 0 WITH LOCAL CHECK OPTION;
CREATE VIEW v2 WITH (security_invoker = true) AS SELECT a FROM t; -- since 15
CREATE VIEW v2 WITH (security_barrier) AS SELECT a FROM t; -- before 15
CREATE VIEW v3 WITH (security_barrier, security_invoker) AS SELECT a FROM v1 WITH CASCADED CHECK OPTION; -- since 15
CREATE VIEW v3 WITH (security_barrier) AS SELECT a FROM v1 WITH CASCADED CHECK OPTION; -- before 15
--- b
CREATE VIEW v1 AS SELECT a, b FROM t WHERE a > 0 WITH CASCADED CHECK OPTION; CREATE VIEW v2 AS SELECT a FROM t;
CREATE VIEW v3 WITH (security_invoker = false) AS SELECT a FROM v1; -- since 15
CREATE VIEW v3 AS SELECT a FROM v1; -- before 15
--- case columns of a view grow, shrink, rename and move
--- both
CREATE TABLE t (a int, b text, c date);
--- a
CREATE VIEW grows AS SELECT a FROM t; CREATE VIEW renames AS SELECT a AS x, b FROM t; CREATE VIEW moves AS SELECT a, b FROM t;
CREATE VIEW depends AS SELECT x FROM renames;
--- b
CREATE VIEW grows AS SELECT a, b, c FROM t; CREATE VIEW renames AS SELECT a AS y, b FROM t; CREATE VIEW moves AS SELECT b, a FROM t;
CREATE VIEW depends AS SELECT y FROM renames;
--- case a view reads a column that goes
--- a
CREATE TABLE t (a int, b text, c int); INSERT INTO t VALUES (1, 'x', 2); CREATE VIEW v AS SELECT a, b FROM t;
CREATE VIEW w AS SELECT * FROM v;
--- b
CREATE TABLE t (a int, c int); INSERT INTO t VALUES (1, 2); CREATE VIEW v AS SELECT a, 'none'::text AS b FROM t;
CREATE VIEW w AS SELECT * FROM v;
--- case materialized views populated or not, with options
--- both
CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x');
--- a
CREATE MATERIALIZED VIEW m WITH (fillfactor = 70) AS SELECT a, b FROM t WITH NO DATA; CREATE MATERIALIZED VIEW n AS SELECT a FROM t;
CREATE UNIQUE INDEX n_a ON n (a); ALTER MATERIALIZED VIEW n CLUSTER ON n_a; ALTER MATERIALIZED VIEW m ALTER COLUMN b SET STATISTICS 77;
CREATE MATERIALIZED VIEW o AS SELECT * FROM n WITH NO DATA;
--- b
CREATE MATERIALIZED VIEW m AS SELECT a, b FROM t; CREATE MATERIALIZED VIEW n AS SELECT a, b FROM t WITH NO DATA;
CREATE INDEX n_a ON n (a); CREATE MATERIALIZED VIEW o AS SELECT * FROM n WITH NO DATA; ALTER MATERIALIZED VIEW m ALTER COLUMN b SET STORAGE EXTERNAL;
--- case views swap names
--- both
CREATE TABLE t (a int, b text);
--- a
CREATE VIEW x AS SELECT a FROM t; CREATE VIEW y AS SELECT a FROM x;
--- b
CREATE VIEW y AS SELECT a FROM t; CREATE VIEW x AS SELECT a FROM y;
--- case a recursive view, windows, lateral joins and grouping sets
--- a
CREATE TABLE t (id int, up int, n numeric, at timestamptz);
CREATE RECURSIVE VIEW r (id, depth) AS SELECT id, 0 FROM t WHERE up IS NULL UNION ALL SELECT t.id, r.depth + 1 FROM t JOIN r ON t.up = r.id;
CREATE VIEW w AS SELECT id, sum(n) OVER w1 AS s, row_number() OVER (PARTITION BY up ORDER BY at DESC) AS r FROM t WINDOW w1 AS (ORDER BY at ROWS BETWEEN 3 PRECEDING AND CURRENT ROW);
CREATE VIEW l AS SELECT t.id, x.v FROM t CROSS JOIN LATERAL (SELECT max(n) AS v FROM t u WHERE u.up = t.id) x WHERE at > now() - interval '1 day';
CREATE VIEW g AS SELECT up, id, sum(n) FROM t GROUP BY GROUPING SETS ((up, id), (up), ()) HAVING count(*) > 1;
--- b
CREATE TABLE t (id bigint, up bigint, n numeric(10, 2), at timestamp);
CREATE RECURSIVE VIEW r (id, depth) AS SELECT id, 1 FROM t WHERE up IS NULL UNION SELECT t.id, r.depth + 1 FROM t JOIN r ON t.up = r.id;
CREATE VIEW w AS SELECT id, sum(n) OVER (ORDER BY at) AS s, row_number() OVER () AS r FROM t;
CREATE VIEW l AS SELECT t.id, x.v FROM t LEFT JOIN LATERAL (SELECT max(n) AS v FROM t u WHERE u.up = t.id) x ON true;
CREATE VIEW g AS SELECT up, id, sum(n) FROM t GROUP BY ROLLUP (up, id);
--- case rules and instead-of triggers on a view
--- both
CREATE TABLE t (a int, b text); CREATE FUNCTION put() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO t VALUES (NEW.a, NEW.b); RETURN NEW; END';
--- a
CREATE VIEW v AS SELECT a, b FROM t; CREATE TRIGGER tr INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION put();
CREATE RULE del AS ON DELETE TO v DO INSTEAD DELETE FROM t WHERE t.a = OLD.a; COMMENT ON RULE del ON v IS 'deletes'; COMMENT ON TRIGGER tr ON v IS 'puts';
--- b
CREATE VIEW v AS SELECT b, a FROM t; CREATE TRIGGER tr INSTEAD OF INSERT OR UPDATE ON v FOR EACH ROW EXECUTE FUNCTION put();
CREATE RULE del AS ON DELETE TO v DO INSTEAD NOTHING; COMMENT ON TRIGGER tr ON v IS 'puts';
--- case a view on a function on a view
--- both
CREATE TABLE t (a int, b text);
--- a
CREATE VIEW v AS SELECT a FROM t; CREATE FUNCTION f() RETURNS SETOF v LANGUAGE sql AS 'SELECT * FROM v'; CREATE VIEW w AS SELECT * FROM f();
--- b
CREATE VIEW v AS SELECT b, a FROM t; CREATE FUNCTION f() RETURNS SETOF v LANGUAGE sql AS 'SELECT * FROM v'; CREATE VIEW w AS SELECT * FROM f();
--- case atomic bodies over views over matviews
--- a
CREATE TABLE t (id int, a varchar(10)); INSERT INTO t VALUES (1, 'x'); CREATE MATERIALIZED VIEW m1 AS SELECT id, a FROM t; CREATE UNIQUE INDEX m1i ON m1 (id); CREATE VIEW v1 AS SELECT * FROM m1; CREATE MATERIALIZED VIEW m2 AS SELECT a, count(*) AS n FROM v1 GROUP BY a WITH NO DATA; CREATE INDEX m2i ON m2 (a); COMMENT ON COLUMN m2.n IS 'n'; COMMENT ON INDEX m1i IS 'i'; GRANT SELECT ON m2 TO snap_reader WITH GRANT OPTION; GRANT SELECT (a) ON m1 TO PUBLIC; ALTER MATERIALIZED VIEW m1 CLUSTER ON m1i; ALTER MATERIALIZED VIEW m1 ALTER a SET STATISTICS 50; CREATE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT sum(n)::bigint FROM m2; END; CREATE VIEW v3 AS SELECT f() AS f; ALTER VIEW v3 OWNER TO snap_owner; CREATE STATISTICS st ON id, a FROM t; CREATE RULE r AS ON INSERT TO v1 DO INSTEAD NOTHING; CREATE MATERIALIZED VIEW m4 AS SELECT * FROM m1; ALTER MATERIALIZED VIEW m4 OWNER TO snap_owner;
--- b
CREATE TABLE t (id bigint, a text); INSERT INTO t VALUES (1, 'x'); CREATE MATERIALIZED VIEW m1 AS SELECT id, a FROM t WITH NO DATA; CREATE UNIQUE INDEX m1i ON m1 (id); CREATE VIEW v1 AS SELECT * FROM m1; CREATE MATERIALIZED VIEW m2 AS SELECT a, count(*) AS n FROM v1 GROUP BY a WITH NO DATA; CREATE INDEX m2i ON m2 (a); COMMENT ON COLUMN m2.n IS 'n'; COMMENT ON INDEX m1i IS 'i'; GRANT SELECT ON m2 TO snap_reader WITH GRANT OPTION; GRANT SELECT (a) ON m1 TO PUBLIC; ALTER MATERIALIZED VIEW m1 CLUSTER ON m1i; ALTER MATERIALIZED VIEW m1 ALTER a SET STATISTICS 50; CREATE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT sum(n)::bigint FROM m2; END; CREATE VIEW v3 AS SELECT f() AS f; ALTER VIEW v3 OWNER TO snap_owner; CREATE STATISTICS st ON id, a FROM t; CREATE RULE r AS ON INSERT TO v1 DO INSTEAD NOTHING; CREATE MATERIALIZED VIEW m4 AS SELECT * FROM m1 WITH NO DATA; ALTER MATERIALIZED VIEW m4 OWNER TO snap_owner;

--- case operators that a query does not name
--- both
CREATE EXTENSION citext;
CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE t (id int, e citext); INSERT INTO t VALUES (1, 'A');
CREATE TABLE u (e citext);
--- a
CREATE VIEW v AS SELECT count(*) FROM t JOIN u USING (e);
CREATE MATERIALIZED VIEW m AS SELECT CASE e WHEN 'a' THEN 1 ELSE 2 END AS c, NULLIF(e, 'a') AS n FROM t;
CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW WHEN (OLD.e IS DISTINCT FROM NEW.e) EXECUTE FUNCTION touched();
ALTER TABLE t ADD CHECK (e IS DISTINCT FROM 'z');
CREATE INDEX i ON t (id) WHERE NULLIF(e, 'a') IS NOT NULL;

--- case a view names the columns of a table in their order
--- a
CREATE TABLE t (id int PRIMARY KEY, name text, k int); INSERT INTO t VALUES (1, 'a', 2);
CREATE TABLE u (id int, k int, v text); INSERT INTO u VALUES (1, 2, 'x');
CREATE VIEW f AS SELECT * FROM t FULL JOIN u USING (id, k);
ALTER TABLE u RENAME k TO kk;
ALTER TABLE t ADD extra int;
--- b
CREATE TABLE t (id int PRIMARY KEY, name text, k int);
CREATE TABLE u (id int, k int, v text); INSERT INTO u VALUES (1, 2, 'x');
CREATE VIEW f AS SELECT * FROM t FULL JOIN u USING (id, k);

--- case a view names the columns of what a function gives, rows of a table, in their order
--- a
CREATE TABLE t (a int, b text, c int);
--- b
CREATE TABLE t (a int, other text, c int);
--- both
INSERT INTO t VALUES (1, 'x', 2);
CREATE FUNCTION f() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM public.t';
CREATE VIEW v AS SELECT c FROM f();

--- case what stands on columns that every table has
--- both
CREATE TABLE t (id int, note text); INSERT INTO t VALUES (1, 'one'); CREATE TABLE another (id int); INSERT INTO another VALUES (2);
--- a
CREATE VIEW places AS SELECT tableoid::regclass AS place, ctid, id FROM t;
CREATE VIEW ages AS SELECT age(xmin) FROM another; COMMENT ON VIEW ages IS 'how old';
--- b
ALTER TABLE t ALTER id TYPE bigint; CREATE VIEW places AS SELECT tableoid::regclass AS place, xmin, id::text FROM t;
DROP TABLE another;

--- case a table and a view of its name
--- a
CREATE TABLE base (id int PRIMARY KEY); INSERT INTO base VALUES (1); CREATE VIEW t AS SELECT id FROM base;
--- b
CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'x'), (2, 'y');

--- case a table and a materialized view of its name
--- a
CREATE TABLE base (id int PRIMARY KEY); INSERT INTO base VALUES (1); CREATE MATERIALIZED VIEW t AS SELECT id FROM base;
--- b
CREATE TABLE t (id serial PRIMARY KEY, v text); INSERT INTO t (v) VALUES ('x'), ('y');

--- case columns that nobody named, in branches, within queries and in bodies
--- both
CREATE TABLE t (a text, b int);
INSERT INTO t VALUES ('x', 1);
--- a
CREATE VIEW v AS WITH w AS (SELECT 'a' AS k, -1 AS n UNION ALL SELECT 'b, FROM', 2 UNION SELECT DISTINCT ON (a, (b)) NULL, 1.5 FROM t)
  SELECT w.*, t.*, (SELECT 'x') AS y, ARRAY(SELECT -1) AS z, q."?column?" FROM w, t, (SELECT b + 1 FROM t) q
   WHERE EXISTS (SELECT 'q') AND a IN (SELECT 'x' UNION SELECT DISTINCT a FROM t);
CREATE MATERIALIZED VIEW m AS SELECT k FROM (SELECT 1 AS k, 'x' AS l UNION SELECT 2, 'y') q;
CREATE POLICY p ON t USING (a IN (SELECT 'x' UNION SELECT 'y'));
CREATE FUNCTION f() RETURNS SETOF record LANGUAGE sql BEGIN ATOMIC
  INSERT INTO t SELECT 'x', -1 ON CONFLICT DO NOTHING RETURNING 'y', -1, b;
  SELECT 'z', percentile_cont(0.5) WITHIN GROUP (ORDER BY b), -1 FROM t LIMIT 1;
END;
CREATE RULE r AS ON DELETE TO t DO ALSO (SELECT 'x', OLD.a; INSERT INTO t SELECT 'q', -1 WHERE OLD.b BETWEEN 1 AND 2 AND OLD.a > '');
CREATE VIEW c AS WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n % 3 + 1 FROM r)
  SEARCH DEPTH FIRST BY n SET o CYCLE n SET c TO 'Y' DEFAULT 'it''s' USING p SELECT n, c FROM r;
--- case views of bare values whose columns have names
--- a
CREATE VIEW named (a, "b (c") AS VALUES (1, 'x) "*VALUES*"'), (2, 'y') ORDER BY 2 DESC LIMIT 1;
CREATE VIEW renamed AS VALUES (1, 2); ALTER VIEW renamed RENAME column2 TO b;
CREATE VIEW joined (a) AS VALUES (1) UNION ALL (VALUES (2), (3) ORDER BY 1 LIMIT 1) UNION SELECT a FROM (VALUES (4)) v (a);
CREATE MATERIALIZED VIEW kept (a, b) AS VALUES (1, 'x'), (2, 'y');
CREATE VIEW over_it AS SELECT a FROM named;
--- b

--- case a materialized view of what its owner may see of rows
--- both
CREATE TABLE t (id int, mine bool); INSERT INTO t VALUES (1, true), (2, false); ALTER TABLE t ENABLE ROW LEVEL SECURITY; GRANT SELECT ON t TO snap_app; GRANT USAGE ON SCHEMA public TO snap_app;
CREATE POLICY p ON t USING (mine); CREATE VIEW v AS SELECT id FROM t; ALTER VIEW v OWNER TO snap_app;
--- a
CREATE MATERIALIZED VIEW m AS SELECT id FROM v;
--- b
CREATE MATERIALIZED VIEW m AS SELECT id, 1 AS one FROM v;

--- case a view sorts by an operator that no family has any more
--- both
CREATE TYPE pair AS (a int, b int);
CREATE FUNCTION lt(pair, pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.a < $2.a';
CREATE FUNCTION eq(pair, pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.a = $2.a';
CREATE FUNCTION cmp(pair, pair) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1.a - $2.a';
CREATE OPERATOR << (LEFTARG = pair, RIGHTARG = pair, FUNCTION = lt);
CREATE OPERATOR === (LEFTARG = pair, RIGHTARG = pair, FUNCTION = eq);
CREATE OPERATOR CLASS pairs FOR TYPE pair USING btree AS OPERATOR 1 <<, OPERATOR 3 ===, FUNCTION 1 cmp(pair, pair);
CREATE TABLE t (p pair); CREATE VIEW v AS SELECT p FROM t ORDER BY p USING <<;
--- a
DROP OPERATOR FAMILY pairs USING btree;
--- b
CREATE OR REPLACE VIEW v AS SELECT p, 1 AS one FROM t;

--- case options of columns of materialized views
--- a
CREATE MATERIALIZED VIEW m AS SELECT 1 AS a, 'x'::text AS b;
ALTER MATERIALIZED VIEW m ALTER a SET (n_distinct = 5), ALTER b SET STATISTICS 4;
CREATE MATERIALIZED VIEW n AS SELECT 1 AS "A a" WITH NO DATA;
ALTER MATERIALIZED VIEW n ALTER "A a" SET (n_distinct = -0.5);
--- b
CREATE MATERIALIZED VIEW m AS SELECT 1 AS a, 'x'::text AS b;
ALTER MATERIALIZED VIEW m ALTER a SET (n_distinct = 6, n_distinct_inherited = 3), ALTER b SET STORAGE MAIN;

--- case a materialized view that is filled reads one that is empty
--- a
CREATE TABLE t (v int); INSERT INTO t VALUES (1), (2); CREATE MATERIALIZED VIEW m AS SELECT v FROM t; CREATE VIEW w AS SELECT v FROM m;
CREATE MATERIALIZED VIEW n AS SELECT sum(v) AS s FROM w; CREATE MATERIALIZED VIEW o AS SELECT s FROM n; REFRESH MATERIALIZED VIEW n WITH NO DATA; REFRESH MATERIALIZED VIEW m WITH NO DATA;
--- b
CREATE TABLE t (v int); INSERT INTO t VALUES (1), (2); CREATE MATERIALIZED VIEW m AS SELECT v + 1 AS v FROM t; CREATE VIEW w AS SELECT v FROM m;
CREATE MATERIALIZED VIEW n AS SELECT sum(v) AS s FROM w; CREATE MATERIALIZED VIEW o AS SELECT s, 1 AS one FROM n;

--- case materialized views whose owner, or the owner of a view below, may not read any more
--- a
CREATE TABLE t (a int); INSERT INTO t VALUES (1); CREATE VIEW v AS SELECT a FROM t; CREATE MATERIALIZED VIEW m AS SELECT a FROM v;
CREATE MATERIALIZED VIEW n AS SELECT a FROM t WITH NO DATA; ALTER VIEW v OWNER TO snap_owner; ALTER MATERIALIZED VIEW n OWNER TO snap_reader;
--- b
CREATE TABLE t (a int); INSERT INTO t VALUES (1); CREATE VIEW v AS SELECT a FROM t; CREATE MATERIALIZED VIEW m AS SELECT a + 1 AS a FROM v;
CREATE MATERIALIZED VIEW n AS SELECT a FROM t; ALTER VIEW v OWNER TO snap_owner; ALTER MATERIALIZED VIEW n OWNER TO snap_reader;

--- case a view names the columns of a table in their order, of which some go and come
--- a
CREATE TABLE t (a int, b text); CREATE TABLE u (k int, w text, x int, p int);
CREATE VIEW v AS SELECT a, x, j.a AS ja FROM t JOIN u AS u(a, w, x, p) USING (a) AS j; CREATE RULE r AS ON DELETE TO t DO ALSO DELETE FROM u USING (SELECT x FROM t JOIN u AS u(a, w, x, p) USING (a)) s WHERE s.x = u.p;
--- b
CREATE TABLE t (a int, b text); CREATE TABLE u (w int, x int, p int, n int);
CREATE VIEW v AS SELECT a, x, j.a AS ja FROM t JOIN u AS u(a, x, p, n) USING (a) AS j; CREATE RULE r AS ON DELETE TO t DO ALSO DELETE FROM u USING (SELECT x FROM t JOIN u AS u(a, x, p, n) USING (a)) s WHERE s.x = u.p;
--- case views over functions are older than columns and attributes of what these give
--- a
CREATE TABLE t (id int, c text) PARTITION BY RANGE (id); CREATE TABLE t1 PARTITION OF t DEFAULT; CREATE TYPE p AS (a int);
CREATE FUNCTION f(t) RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM public.t'; CREATE FUNCTION g(int) RETURNS p LANGUAGE sql AS 'SELECT NULL::public.p';
CREATE VIEW v AS SELECT x.m FROM t, f(t) x(m, "n,"); CREATE RULE r AS ON INSERT TO v DO INSTEAD SELECT x.m FROM t, f(t) x(m, n);
CREATE VIEW w AS SELECT x.* FROM g((1 + 2) * 3) x;
ALTER TABLE t ADD b int NOT NULL DEFAULT 3, ADD CHECK (b > 1); ALTER TYPE p ADD ATTRIBUTE b text;
CREATE VIEW x AS SELECT t.b AS y, f.*, r.a AS ra, r.b AS rb FROM t, f(t), g(1) AS r; CREATE FUNCTION h() RETURNS SETOF int BEGIN ATOMIC SELECT x.s FROM f(NULL) x(q, r, s), g(1) y(z); END;
ALTER TABLE t ADD d text, ADD e int GENERATED ALWAYS AS (length(c)) STORED; ALTER TYPE p ADD ATTRIBUTE c text; INSERT INTO t VALUES (1, 'a');
--- b
CREATE TABLE t (id int PRIMARY KEY, c text); INSERT INTO t VALUES (1, 'a'), (2, 'b'); CREATE TYPE p AS (a int); CREATE TABLE u (p p);

--- case rules return what their view had before it got more columns
--- both
CREATE TABLE t (a int, b int);
--- a
CREATE VIEW v AS SELECT a FROM t; CREATE RULE r AS ON INSERT TO v DO INSTEAD INSERT INTO t VALUES (NEW.a) RETURNING a;
CREATE OR REPLACE VIEW v WITH (security_barrier) AS SELECT a, b FROM t;
CREATE RULE q AS ON UPDATE TO v DO INSTEAD (INSERT INTO t VALUES (1); UPDATE t SET a = 1, b = 2 RETURNING a, greatest(b, 2)); COMMENT ON RULE q ON v IS 'q';
CREATE OR REPLACE VIEW v WITH (security_barrier) AS SELECT a, b, 3 AS c FROM t;
CREATE RULE p AS ON DELETE TO v DO INSTEAD WITH x AS (INSERT INTO t VALUES (1) RETURNING a) DELETE FROM t WHERE OLD.c = 3 RETURNING a, b, 3;
--- b
CREATE VIEW v WITH (security_barrier) AS SELECT a, b, 3 AS c FROM t;

--- case views call columns by other names in their order, and several of them come
--- a
CREATE TABLE t (a int); INSERT INTO t VALUES (1); CREATE TABLE p (a int) PARTITION BY RANGE (a); CREATE TABLE p1 PARTITION OF p DEFAULT;
--- b
CREATE TABLE t (a int, z int, b int); INSERT INTO t VALUES (1, 2, 3);
CREATE VIEW v AS SELECT k.q FROM t k(p, q, r); CREATE FUNCTION f() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM public.t'; CREATE VIEW w AS SELECT k.q FROM f() k(p, q, r);
CREATE TABLE p (a int, z text, "B" int, "A" int) PARTITION BY RANGE (a); CREATE TABLE p1 PARTITION OF p DEFAULT; INSERT INTO p VALUES (1, 'z', 2, 3);
CREATE VIEW x AS SELECT k.q FROM p k(p, q, r);

--- case views read rows of a function by their order, and a column before these goes
--- a
CREATE TABLE u (k int, w text); INSERT INTO u VALUES (1, '5');
CREATE FUNCTION f() RETURNS SETOF u LANGUAGE sql AS 'SELECT * FROM public.u'; CREATE VIEW w AS SELECT x.a, 2 AS b FROM f() x(a, b);
--- b
CREATE TABLE u (k text, w int); ALTER TABLE u DROP k, ADD z int;
CREATE FUNCTION f() RETURNS SETOF u LANGUAGE sql AS 'SELECT * FROM public.u'; CREATE VIEW w AS SELECT x.a FROM f() x(a, b);

--- case views are older than columns of tables that go to the archive with their rows, and of those below
--- a
CREATE TABLE t (a int); CREATE TABLE c (d int) INHERITS (t); CREATE FUNCTION f() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM public.t';
CREATE VIEW v AS SELECT x.a FROM f() x; CREATE MATERIALIZED VIEW m AS SELECT a FROM v;
ALTER TABLE t ADD z serial CHECK (z > 0), ADD b int, ADD y text NOT NULL DEFAULT 'q', ADD x int GENERATED ALWAYS AS (a * 2) STORED, ADD w text UNIQUE;
ALTER TABLE c ALTER b SET DEFAULT 5; ALTER TABLE c ADD e int; INSERT INTO t VALUES (1); INSERT INTO c VALUES (2);
--- b
CREATE TABLE q (a int);

--- case extended statistics of a materialized view, and of a table of its name
--- both
CREATE TABLE base (id int, k int);
INSERT INTO base VALUES (1, 1), (2, 1);
--- a
CREATE MATERIALIZED VIEW m AS SELECT id, k FROM base;
CREATE STATISTICS ms (ndistinct) ON id, k FROM m;
--- b
CREATE TABLE m (id int, k int);
INSERT INTO m VALUES (1, 1);
CREATE STATISTICS ms (ndistinct) ON id, k FROM m;
