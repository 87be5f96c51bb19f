--- case a column returns to published tables whose rows cannot be told by all columns
--- both
CREATE TABLE t (id int NOT NULL, a int, g int GENERATED ALWAYS AS (id + 1) STORED);
CREATE TABLE p (id int NOT NULL, a int) PARTITION BY LIST (id);
CREATE TABLE p1 PARTITION OF p DEFAULT;
INSERT INTO t VALUES (1, 2), (2, 3);
INSERT INTO p VALUES (1, 2), (2, 3);
CREATE PUBLICATION chosen FOR TABLE t WHERE (id > 1) WITH (publish = 'update'); -- since 15
CREATE PUBLICATION every FOR ALL TABLES;
--- a
ALTER TABLE t ADD c int NOT NULL DEFAULT 5;
ALTER TABLE p ADD c int NOT NULL DEFAULT 5;

--- case columns that merge and are compressed and stored differently
--- a
CREATE TABLE one (id int, x text, y text);
CREATE TABLE two (x text, y text);
CREATE TABLE t () INHERITS (one, two);
CREATE TABLE u (x text) INHERITS (two);
ALTER TABLE one ALTER x SET STORAGE EXTERNAL;
ALTER TABLE two ALTER x SET COMPRESSION pglz;
ALTER TABLE two ALTER y SET STORAGE MAIN;
ALTER TABLE u ALTER x SET STORAGE PLAIN;

--- case a column of a table below which a foreign one lies that nobody can read
--- both
CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER s FOREIGN DATA WRAPPER w;
CREATE TABLE p (id int, a int);
CREATE TABLE c () INHERITS (p);
CREATE FOREIGN TABLE f () INHERITS (p) SERVER s;
INSERT INTO p VALUES (1, 2), (300, 4);
INSERT INTO c VALUES (5, 6);
--- a
ALTER TABLE p ADD b int;
ALTER TABLE p ADD c int NOT NULL DEFAULT 7;
UPDATE ONLY p SET b = a;
UPDATE c SET b = 8;
--- b
ALTER TABLE p ALTER id TYPE bigint;

--- case an identity column that is inherited, in a table that is made anew
--- both
CREATE TABLE p (id int, a int);
CREATE TABLE c () INHERITS (p);
INSERT INTO c VALUES (5, 6);
--- a
ALTER TABLE c ALTER id SET NOT NULL, ALTER id ADD GENERATED ALWAYS AS IDENTITY;
--- b
ALTER TABLE c ADD CONSTRAINT nn NOT NULL id NOT VALID; -- since 18

--- case a type that values have to be told how to get, above a foreign table
--- both
CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER s FOREIGN DATA WRAPPER w;
--- a
CREATE TABLE p (id int, a text);
--- b
CREATE TABLE p (id int, a int);
--- both
CREATE FOREIGN TABLE f () INHERITS (p) SERVER s;
INSERT INTO p VALUES (1, '2');

--- case a NOT NULL that is not valid, and inherited, in a table that is made anew -- since 18
--- both
CREATE TABLE p (id int, a int);
CREATE TABLE c () INHERITS (p);
INSERT INTO c VALUES (5, 6);
--- a
ALTER TABLE p ADD CONSTRAINT nn NOT NULL id NOT VALID;
--- b
ALTER TABLE c ALTER id SET NOT NULL, ALTER id ADD GENERATED ALWAYS AS IDENTITY;

--- case a unique key of a partition below a primary key, and a primary key of its own
--- both
CREATE TABLE p (id int NOT NULL, a int) PARTITION BY LIST (id);
--- a
CREATE TABLE p1 PARTITION OF p DEFAULT;
ALTER TABLE p1 ADD CONSTRAINT k UNIQUE (id), ADD PRIMARY KEY (a);
ALTER TABLE p ADD PRIMARY KEY (id);
CREATE TABLE r (id int REFERENCES p);
INSERT INTO p VALUES (1, 1);
INSERT INTO r VALUES (1);
--- b
CREATE TABLE p1 (id int NOT NULL, a int NOT NULL);
INSERT INTO p1 VALUES (1, 1);

--- case a check reads a column whose type goes, in a table that goes to the archive and returns
--- a
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE t (id int, d mood);
ALTER TABLE t ADD CHECK (d::text IN ('sad', 'happy'));
INSERT INTO t VALUES (1, 'sad');

--- case a check is another one because its column has another type
--- both
CREATE TYPE mood AS ENUM ('sad', 'happy');
--- a
CREATE TABLE t (id int, d text);
--- b
CREATE TABLE t (id int, d mood);
--- both
ALTER TABLE t ADD CHECK (d::text IN ('sad', 'happy'));
INSERT INTO t VALUES (1, 'sad');

--- case labels of an enum in another order, and its only column gets another type
--- both
CREATE TABLE t (id int, d text);
INSERT INTO t VALUES (1, '1');
--- a
CREATE TYPE mood AS ENUM ('1', '2');
ALTER TABLE t ALTER d TYPE mood USING d::mood;
--- b
CREATE TYPE mood AS ENUM ('2', '1');

--- case what a child inherits of NOT NULL becomes its own
--- both
CREATE TABLE p (id int, a int);
CREATE TABLE c () INHERITS (p);
ALTER TABLE p ALTER a SET NOT NULL;
INSERT INTO c VALUES (1, 2);
--- a
ALTER TABLE c ALTER a SET NOT NULL;

--- case a NOT NULL of a child that has another name than that of its parent -- since 18
--- both
CREATE TABLE p (id int, a int);
--- a
CREATE TABLE c (CONSTRAINT mine NOT NULL a) INHERITS (p);
--- b
CREATE TABLE c () INHERITS (p);
--- both
ALTER TABLE p ALTER a SET NOT NULL;
INSERT INTO c VALUES (1, 2);

--- case such a child is there or is not -- since 18
--- both
CREATE TABLE p (id int, a int);
--- a
CREATE TABLE c (CONSTRAINT mine NOT NULL a) INHERITS (p);
ALTER TABLE p ALTER a SET NOT NULL;
INSERT INTO c VALUES (1, 2);

--- case a NOT NULL goes that children need for a key or to number their rows
--- both
CREATE TABLE p (id int, a int);
CREATE TABLE c () INHERITS (p);
CREATE TABLE d () INHERITS (c);
--- a
ALTER TABLE p ADD PRIMARY KEY (id);
ALTER TABLE c ADD PRIMARY KEY (id);
ALTER TABLE d ALTER id SET NOT NULL, ALTER id ADD GENERATED ALWAYS AS IDENTITY;
--- b
ALTER TABLE c ADD PRIMARY KEY (id);
ALTER TABLE d ALTER id SET NOT NULL;
--- both
INSERT INTO d OVERRIDING SYSTEM VALUE VALUES (1, 2);

--- case a column that numbers rows becomes a text
--- a
CREATE TABLE t (id int GENERATED BY DEFAULT AS IDENTITY, a int);
--- b
CREATE TABLE t (id text NOT NULL, a int);
--- both
INSERT INTO t VALUES ('1', 2);

--- case checks that are not valid, and inherited, come with tables
--- a
CREATE TABLE p (id int, a int);
CREATE TABLE c () INHERITS (p);
ALTER TABLE p ADD CONSTRAINT late CHECK (a > 0) NOT VALID;
CREATE TABLE d () INHERITS (p);

--- case a check that is not valid, and inherited, in a table that is made anew
--- both
CREATE TABLE p (id int, a int);
CREATE TABLE c () INHERITS (p);
ALTER TABLE p ADD CONSTRAINT late CHECK (a > 0) NOT VALID;
INSERT INTO c VALUES (1, 2);
--- a
ALTER TABLE c NO INHERIT p, INHERIT p;

--- case a partitioned table that hands on an access method -- since 17
--- both
CREATE ACCESS METHOD other TYPE TABLE HANDLER heap_tableam_handler;
--- a
CREATE TABLE p (id int) PARTITION BY LIST (id) USING other;
--- b
CREATE TABLE p (id int) PARTITION BY LIST (id);
--- both
CREATE TABLE p1 PARTITION OF p DEFAULT;
INSERT INTO p VALUES (1);

--- case an access method goes, and a table that had it goes to the archive -- since 15
--- a
CREATE ACCESS METHOD other TYPE TABLE HANDLER heap_tableam_handler;
CREATE TABLE t (id int) USING other;
INSERT INTO t VALUES (1);

--- case partitions and children that compute a column in another way than their parents -- since 17
--- both
CREATE TABLE p (id int, a int) PARTITION BY LIST (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1) PARTITION BY LIST (a);
CREATE TABLE p11 PARTITION OF p1 DEFAULT;
CREATE TABLE q (id int);
CREATE TABLE c () INHERITS (q);
INSERT INTO p VALUES (1, 2);
INSERT INTO c VALUES (3);
--- a
ALTER TABLE p ADD g int GENERATED ALWAYS AS (id + 1) STORED;
ALTER TABLE p1 ALTER g SET EXPRESSION AS (id + 2);
ALTER TABLE q ADD g int GENERATED ALWAYS AS (id + 1) STORED;
ALTER TABLE c ALTER g SET EXPRESSION AS (id + 2);

--- case such an expression changes above them, below them, or both -- since 17
--- both
CREATE TABLE q (id int, g int GENERATED ALWAYS AS (id + 1) STORED);
CREATE TABLE c () INHERITS (q);
CREATE TABLE d () INHERITS (c);
INSERT INTO d VALUES (3);
--- a
ALTER TABLE d ALTER g SET EXPRESSION AS (id + 2);
--- b
ALTER TABLE q ALTER g SET EXPRESSION AS (id + 3);
ALTER TABLE c ALTER g SET EXPRESSION AS (id + 1);
ALTER TABLE d ALTER g SET EXPRESSION AS (id + 2);

--- case a partition and a child go, and columns of their parents on which they stand
--- a
CREATE TABLE u (id int NOT NULL, x int) PARTITION BY RANGE (id);
CREATE TABLE c PARTITION OF u FOR VALUES FROM (MINVALUE) TO (2);
CREATE POLICY t ON c USING (x IS NOT NULL);
CREATE TABLE p (id int, x int);
CREATE TABLE k () INHERITS (p);
CREATE VIEW v AS SELECT x FROM k;
INSERT INTO k VALUES (1, 2);
--- b
CREATE TABLE u (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE p (id int, y int);

--- case a domain of rows that is never NULL, whose type below gets other attributes
--- a
CREATE TYPE c AS (x int, y text);
CREATE DOMAIN d AS c;
--- b
CREATE TYPE c AS (y text, x bigint, z int);
CREATE DOMAIN d AS c NOT NULL;
--- both
CREATE TABLE t (id int PRIMARY KEY, d d, a d[]);
--- a
INSERT INTO t VALUES (1, '(1,q)', '{"(2,r)"}');
--- b
INSERT INTO t VALUES (1, '(q,1,)', '{"(r,2,)"}');

--- case options of a TOAST table that comes with the type of a column
--- a
CREATE TABLE t (id int);
--- b
CREATE TABLE t (id text);
ALTER TABLE t SET (toast.autovacuum_enabled = false, fillfactor = 70);

--- case the default of a partition whose column gets the type that its parent's does
--- both
CREATE TYPE m AS ENUM ('1', '2');
CREATE SCHEMA s;
CREATE TABLE t (id integer, k m DEFAULT '1') PARTITION BY LIST (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
CREATE VIEW v AS SELECT k FROM t1;
--- b
ALTER TYPE m SET SCHEMA s;

--- case a table returns while one that was renamed has its index and its key
--- both
CREATE TABLE t (id integer, a text, CONSTRAINT k UNIQUE (a));
CREATE INDEX i ON t (id);
INSERT INTO t VALUES (1, 'x');
--- b
ALTER TABLE t RENAME TO u;

--- case a default counts with a sequence of another table's identity, of which something is said
--- b
CREATE TABLE a (id integer GENERATED ALWAYS AS IDENTITY);
COMMENT ON SEQUENCE a_id_seq IS 'x';
CREATE TABLE p (id integer) PARTITION BY LIST (id);
CREATE TABLE p1 PARTITION OF p DEFAULT;
ALTER TABLE p1 ALTER id SET DEFAULT nextval('a_id_seq');

--- case a sequence has the name of a type
--- b
CREATE SEQUENCE n;
CREATE TYPE n AS ENUM ('1');

--- case an operator has no commutator that names it as its own
--- both
CREATE OPERATOR <<< (FUNCTION = int4lt, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = >>>);
DROP OPERATOR IF EXISTS >>> (integer, integer);
CREATE OPERATOR >>> (FUNCTION = int4gt, LEFTARG = integer, RIGHTARG = integer);
--- b
DROP OPERATOR <<< (integer, integer);

--- case a table whose columns all go
--- both
CREATE TABLE q (x integer, y integer);
--- a
CREATE TABLE p (a integer) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF p DEFAULT;
--- b
CREATE TABLE p (b integer) PARTITION BY LIST (b);
CREATE TABLE p1 PARTITION OF p DEFAULT;
INSERT INTO p VALUES (1);

--- case the columns of a publication are listed in the order in which they came -- since 15
--- a
CREATE TABLE t (id integer PRIMARY KEY, a integer);
--- b
CREATE TABLE t (a integer, id integer PRIMARY KEY);
--- both
CREATE PUBLICATION p FOR TABLE t (id, a);

--- case a trigger is off in a partition, and its function goes and comes
--- both
CREATE TABLE p (id integer) PARTITION BY LIST (id);
CREATE TABLE p1 PARTITION OF p DEFAULT;
--- a
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER t BEFORE INSERT ON p FOR EACH ROW EXECUTE FUNCTION f();
--- b
CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER t BEFORE INSERT ON p FOR EACH ROW EXECUTE FUNCTION g();
--- both
ALTER TABLE p1 DISABLE TRIGGER t;

--- case a column comes from above, and is NOT NULL by a constraint of the table's own
--- both
CREATE TABLE one (id integer);
CREATE TABLE t () INHERITS (one);
--- b
ALTER TABLE one ADD a text;
ALTER TABLE t ADD CONSTRAINT named NOT NULL a; -- since 18

--- case a new column is NOT NULL in one partition
--- both
CREATE TABLE p (id integer) PARTITION BY LIST (id);
CREATE TABLE p1 PARTITION OF p DEFAULT PARTITION BY LIST (id);
CREATE TABLE p11 PARTITION OF p1 DEFAULT;
--- b
ALTER TABLE p ADD a text;
ALTER TABLE p1 ALTER a SET NOT NULL;

--- case a child that computes a column in its own way comes -- since 17
--- b
CREATE TABLE q (id int, g int GENERATED ALWAYS AS (id + 1) STORED);
CREATE TABLE c () INHERITS (q);
ALTER TABLE c ALTER g SET EXPRESSION AS (id + 2);

--- case a sequence comes to a table that gets another owner
--- both
CREATE TABLE t (id integer);
--- b
CREATE SEQUENCE s OWNED BY t.id;
ALTER TABLE t OWNER TO snap_app;

--- case a table that comes back has a sequence of the name that another has by now
--- a
CREATE TYPE r AS RANGE (subtype = integer, multirange_type_name = m);
CREATE TABLE t (id serial PRIMARY KEY, d r); INSERT INTO t VALUES (DEFAULT), (DEFAULT); COMMENT ON SEQUENCE t_id_seq IS 'of t';
--- b
CREATE TYPE s AS RANGE (subtype = integer, multirange_type_name = m);
CREATE TABLE u (id integer PRIMARY KEY, d s); CREATE SEQUENCE t_id_seq AS integer OWNED BY u.id; ALTER TABLE u ALTER id SET DEFAULT nextval('t_id_seq');
INSERT INTO u VALUES (DEFAULT); COMMENT ON SEQUENCE t_id_seq IS 'of u';

--- case a NOT NULL that was never validated comes to a column that is the child's own too -- since 18
--- both
CREATE TABLE p (a int);
--- b
CREATE TABLE c (a int) INHERITS (p);
INSERT INTO c VALUES (1);
ALTER TABLE p ADD CONSTRAINT later NOT NULL a NOT VALID;
