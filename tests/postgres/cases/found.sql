--- case a computed column that the archive made plain is computed again when its table returns
--- both
CREATE FUNCTION f(x text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1';
--- a
CREATE TABLE t (id int PRIMARY KEY, x text, g text GENERATED ALWAYS AS (f(x)) STORED);
INSERT INTO t VALUES (1, 'a'), (2, 'b');
CREATE VIEW v AS SELECT g FROM t;

--- case extended statistics in another schema than their table, which goes to the archive
--- both
CREATE SCHEMA s;
--- a
CREATE TABLE t (id int PRIMARY KEY, x text);
INSERT INTO t VALUES (1, 'a');
CREATE STATISTICS s.pair ON id, x FROM t;
CREATE STATISTICS same ON x, id FROM t;

--- case a sequence of an identity column has the name of one that another table had
--- a
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
INSERT INTO t VALUES (DEFAULT);
--- b
CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME public.t_id_seq) PRIMARY KEY);
INSERT INTO a VALUES (DEFAULT);

--- case a table that returns with an index whose name another one has got
--- a
CREATE TABLE a (id int CONSTRAINT one PRIMARY KEY, x int);
CREATE INDEX i ON a (x);
INSERT INTO a VALUES (1, 2);
--- b
CREATE TABLE z (id int CONSTRAINT one PRIMARY KEY, x int);
CREATE INDEX i ON z (x);
INSERT INTO z VALUES (1, 2);

--- case a foreign key to columns of which there are two keys
--- both
CREATE TABLE t (id int NOT NULL, n int);
INSERT INTO t VALUES (1, 1), (2, NULL);
--- a
ALTER TABLE t ADD CONSTRAINT p PRIMARY KEY (id);
ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (n) REFERENCES t (id);
ALTER TABLE t ADD CONSTRAINT u UNIQUE (id);
--- b
ALTER TABLE t ADD CONSTRAINT u UNIQUE (id);
ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (n) REFERENCES t (id);
ALTER TABLE t ADD CONSTRAINT p PRIMARY KEY (id);

--- case a partition with a key of its parent goes alone
--- both
CREATE TABLE p (id int NOT NULL, b int) PARTITION BY LIST (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
INSERT INTO p VALUES (1, 1);
--- a
CREATE TABLE p2 PARTITION OF p DEFAULT;
INSERT INTO p VALUES (2, 2);
DELETE FROM p WHERE id = 2;
ALTER TABLE p ADD CONSTRAINT k UNIQUE (id, b);
CREATE INDEX ON p (b);

--- case values return to a published table that has no replica identity
--- both
CREATE TABLE t (id int, x text);
CREATE TABLE full_ (id int, x text);
ALTER TABLE full_ REPLICA IDENTITY FULL;
CREATE PUBLICATION everything FOR ALL TABLES;
--- a
ALTER TABLE t ADD f int;
ALTER TABLE full_ ADD f int;
ALTER PUBLICATION everything SET (publish = 'insert');
INSERT INTO t VALUES (1, 'a', 2);
INSERT INTO full_ VALUES (1, 'a', 2);
ALTER PUBLICATION everything SET (publish = 'insert, update');

--- case extended statistics on columns that have changed places
--- a
CREATE TABLE t (id int, x text);
CREATE STATISTICS pair ON id, x FROM t;
--- b
CREATE TABLE t (x text, id int);
CREATE STATISTICS pair (mcv) ON id, x, (id + 1) FROM t;

--- case a table was renamed where a domain has a constraint
--- both
CREATE DOMAIN d AS text CONSTRAINT c CHECK (VALUE <> 'x');
CREATE TABLE t (id int PRIMARY KEY, x d);
--- a
ALTER TABLE t RENAME CONSTRAINT t_pkey TO k;

--- case a right on a view goes, that on a column of it stays
--- both
CREATE VIEW v AS SELECT 1 AS a, 2 AS b;
CREATE MATERIALIZED VIEW m AS SELECT 1 AS a, 2 AS b;
GRANT SELECT (a) ON v, m TO snap_app;
--- a
GRANT SELECT ON v, m TO snap_app;
--- case a computed column becomes a plain one and its function goes
--- a
CREATE FUNCTION f(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper($1)'; CREATE TABLE t (id int PRIMARY KEY, a text, g text GENERATED ALWAYS AS (f(a)) STORED); INSERT INTO t VALUES (1, 'x'); CREATE VIEW v AS SELECT g FROM t; CREATE INDEX ON t (g);
--- b
CREATE TABLE t (id int PRIMARY KEY, a text, g text); INSERT INTO t VALUES (1, 'x', 'own'); CREATE VIEW v AS SELECT g FROM t; CREATE INDEX ON t (g);
