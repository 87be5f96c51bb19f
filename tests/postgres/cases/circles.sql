--- case a view and a function that reads it
--- a
CREATE VIEW v AS SELECT 1::bigint AS n;
CREATE FUNCTION f() RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT sum(n) FROM v; END;
CREATE OR REPLACE VIEW v AS SELECT f() AS n, 'x'::text COLLATE "C" AS t;
CREATE VIEW above AS SELECT n + f() AS n FROM v; COMMENT ON VIEW v IS 'both'; GRANT SELECT ON v TO snap_app; ALTER FUNCTION f() OWNER TO snap_owner;
--- case a view and a function: one stays in both
--- both
CREATE VIEW v AS SELECT 1::bigint AS n;
CREATE FUNCTION f() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT 2::bigint';
CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1); CREATE VIEW uses AS SELECT id, f() AS f FROM t;
--- a
CREATE OR REPLACE FUNCTION f() RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT sum(n) FROM v; END;
CREATE OR REPLACE VIEW v AS SELECT f() AS n;
--- b
CREATE OR REPLACE VIEW v AS SELECT f() AS n;
--- case functions that call each other and themselves
--- a
CREATE FUNCTION even(n int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE FUNCTION odd(n int) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN CASE n WHEN 0 THEN false ELSE even(n - 1) END;
CREATE OR REPLACE FUNCTION even(n int) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN CASE n WHEN 0 THEN true ELSE odd(n - 1) END;
CREATE FUNCTION down(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE OR REPLACE FUNCTION down(n int) RETURNS int LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT CASE WHEN n > 0 THEN down(n - 1) ELSE 0 END; END;
CREATE TABLE t (id int CHECK (even(id)), n int GENERATED ALWAYS AS (down(id)) STORED); INSERT INTO t VALUES (2), (4);
--- b
CREATE TABLE t (id int CHECK (id > 0), n int); INSERT INTO t VALUES (2, 0);
--- case a computed column whose function reads the table
--- a
CREATE TABLE t (id int, a text DEFAULT 'x'); INSERT INTO t VALUES (1, 'one'), (2, 'two');
CREATE FUNCTION f(i int) RETURNS bigint LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT count(*) FROM t WHERE id < i; END;
ALTER TABLE t ADD g bigint GENERATED ALWAYS AS (f(id)) STORED; ALTER TABLE t ADD z int NOT NULL DEFAULT 7; CREATE INDEX ON t (g); COMMENT ON COLUMN t.g IS 'computed';
--- b
CREATE TABLE other (id int);
--- case a table with all that calls a function which reads it
--- a
CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);
CREATE FUNCTION f(i int) RETURNS boolean LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT EXISTS (SELECT FROM t WHERE id = i); END;
CREATE DOMAIN d AS int CHECK (f(VALUE) OR true); ALTER TABLE t ADD of d; ALTER TABLE t ADD CHECK (f(id) OR true); CREATE POLICY p ON t USING (f(id));
CREATE VIEW v AS SELECT id, f(id) FROM t; CREATE RULE r AS ON INSERT TO v DO INSTEAD INSERT INTO t VALUES (new.id); ALTER TABLE t ALTER of SET DEFAULT 3; CREATE MATERIALIZED VIEW m AS SELECT * FROM v;
--- b
CREATE TABLE t (id bigint PRIMARY KEY); INSERT INTO t VALUES (1);
--- case two circles of different kinds go at once
--- a
CREATE TABLE one (id int PRIMARY KEY, o int); CREATE TABLE two (id int PRIMARY KEY REFERENCES one); ALTER TABLE one ADD FOREIGN KEY (o) REFERENCES two; INSERT INTO one VALUES (1, NULL); INSERT INTO two VALUES (1); UPDATE one SET o = 1;
CREATE TABLE p (id int NOT NULL, b int) PARTITION BY LIST (id); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE p2 PARTITION OF p DEFAULT; INSERT INTO p VALUES (1, 1);
ALTER TABLE p ADD CONSTRAINT k UNIQUE (id, b); CREATE INDEX ON p (b);
CREATE TABLE l (k text, n int) PARTITION BY LIST (k); CREATE TABLE l2 PARTITION OF l FOR VALUES IN ('b') PARTITION BY HASH (n); CREATE TABLE l20 PARTITION OF l2 FOR VALUES WITH (MODULUS 1, REMAINDER 0); CREATE INDEX li ON l (n) WHERE k <> 'z'; INSERT INTO l VALUES ('b', 2);
CREATE VIEW v AS SELECT 1::bigint AS n; CREATE FUNCTION f() RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT sum(n) FROM v; END; CREATE OR REPLACE VIEW v AS SELECT f() AS n;
--- b
CREATE TABLE p (id int NOT NULL, b int) PARTITION BY LIST (id); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); INSERT INTO p VALUES (1, 1);
CREATE TABLE l (k text, n bigint) PARTITION BY LIST (k); CREATE TABLE l2 PARTITION OF l FOR VALUES IN ('b', 'c') PARTITION BY HASH (n); CREATE TABLE l20 PARTITION OF l2 FOR VALUES WITH (MODULUS 1, REMAINDER 0); CREATE INDEX li ON l (n); INSERT INTO l VALUES ('b', 2);
--- case inherited checks of a circle go with that of the parent
--- a
CREATE FUNCTION g(x text) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 1::bigint'; CREATE TABLE t (id int4range, at int4range, UNIQUE (id, at WITHOUT OVERLAPS)); -- since 18
CREATE VIEW v AS SELECT id, g(at::text) AS called FROM t; CREATE MATERIALIZED VIEW m AS SELECT id FROM v; ALTER TABLE t ADD CONSTRAINT k CHECK (g(id::text) > -9); -- since 18
CREATE RULE r AS ON DELETE TO v WHERE old.id IS NULL DO INSTEAD SELECT * FROM m; CREATE TABLE n (LIKE t INCLUDING ALL); CREATE TABLE o (x int) INHERITS (n); CREATE TABLE q (y int) INHERITS (o); -- since 18
--- case a view and a function that reads it, both made anew
--- both
CREATE VIEW v AS SELECT 1::bigint AS n;
CREATE FUNCTION f() RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT sum(n) FROM v; END;
--- a
CREATE TYPE mood AS ENUM ('a'); CREATE OR REPLACE VIEW v AS SELECT f() AS n, 'a'::mood AS m;
--- b
CREATE TYPE mood AS (a int); CREATE OR REPLACE VIEW v AS SELECT f() AS n, NULL::mood AS m;
--- case what an indexed column is computed by reads its table, and is another
--- both
CREATE TABLE t (id int, a text); INSERT INTO t VALUES (1, 'one'), (2, 'two');
CREATE FUNCTION f(i int) RETURNS bigint LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT count(*) FROM t WHERE id < i; END;
--- a
ALTER TABLE t ADD g bigint GENERATED ALWAYS AS (f(id)) STORED; ALTER TABLE t ADD UNIQUE (g); CREATE INDEX i ON t (g); COMMENT ON INDEX i IS 'i';
--- b
ALTER TABLE t ADD g bigint GENERATED ALWAYS AS (f(id) + 1) STORED; ALTER TABLE t ADD UNIQUE (g); CREATE INDEX i ON t (g); COMMENT ON INDEX i IS 'i';

--- case another table has the name of a serial one, and the names of its sequences
--- a
CREATE TABLE q (id serial PRIMARY KEY, no int GENERATED BY DEFAULT AS IDENTITY, v text);
INSERT INTO q (v) VALUES ('x'), ('y'), ('z');
ALTER TABLE q RENAME TO m;
--- b
CREATE TABLE q (id serial PRIMARY KEY, no int GENERATED BY DEFAULT AS IDENTITY, v text);
INSERT INTO q (v) VALUES ('one');
--- case a table whose rule fills one that inherits from it
--- a
CREATE TABLE k (id int PRIMARY KEY); INSERT INTO k VALUES (1), (2); CREATE TABLE p (id int PRIMARY KEY, x int);
CREATE TABLE c (k int REFERENCES k, PRIMARY KEY (id), CHECK (x > 0)) INHERITS (p); INSERT INTO c VALUES (1, 2, 1);
CREATE RULE r AS ON INSERT TO p WHERE new.x = 1 DO INSTEAD INSERT INTO c VALUES (new.id, new.x, 1);
--- b
--- case a table that refers to one that inherits from it
--- a
CREATE TABLE p (id int PRIMARY KEY, x int); CREATE TABLE c (PRIMARY KEY (id)) INHERITS (p);
INSERT INTO c VALUES (1, 2), (2, 1); INSERT INTO p VALUES (3, 1); ALTER TABLE p ADD FOREIGN KEY (x) REFERENCES c;
--- b

--- case a check that is in a circle goes before a child of its table
--- both
CREATE TABLE r (b int);
--- a
CREATE TABLE t (a int); CREATE FUNCTION f(x int) RETURNS bool LANGUAGE sql BEGIN ATOMIC; SELECT x >= 0 OR count(*) > 100 FROM t; END;
ALTER TABLE t ADD CONSTRAINT c CHECK (f(a)); CREATE TABLE x () INHERITS (t, r); INSERT INTO x VALUES (1, 2);

--- case a view with a check option calls what reads it
--- a
CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t;
CREATE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM v; END;
CREATE OR REPLACE VIEW v AS SELECT a FROM t WHERE a > f() WITH CHECK OPTION;
--- b
CREATE TABLE o (x int);
--- case a partition whose index calls a function of its own rows, with a part of an index above
--- a
CREATE TABLE p (id int, k int, v text) PARTITION BY LIST (k); CREATE TABLE c PARTITION OF p FOR VALUES IN (1); CREATE TABLE d PARTITION OF p FOR VALUES IN (2);
CREATE INDEX i ON p (v); CREATE FUNCTION f(x c) RETURNS int LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT (x).id; END; CREATE INDEX x ON c (f(c));
INSERT INTO p VALUES (1, 1, 'x'), (2, 2, 'y');
--- b
CREATE TABLE other (id int);

--- case a check over a function of a partitioned table whose partition goes with a function that reads it
--- a
CREATE FUNCTION twice(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT i * 2';
CREATE TABLE lk (id int, k text) PARTITION BY LIST (k); CREATE TABLE lk1 PARTITION OF lk FOR VALUES IN ('a'); CREATE TABLE lkd PARTITION OF lk DEFAULT;
CREATE FUNCTION f(lk1) RETURNS int LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT count(*)::int FROM lk1; END;
ALTER TABLE lk ADD CONSTRAINT x CHECK (twice(id) <> 13), ADD UNIQUE (id, k); ALTER TABLE lk1 ADD CHECK (f(NULL) > 0);
--- b
CREATE TABLE other (x int);
