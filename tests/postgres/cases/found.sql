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

--- case an exclusion constraint whose index has options
--- both
CREATE TABLE t (id integer, a integer);
--- a
ALTER TABLE t ADD CONSTRAINT x EXCLUDE USING btree (a WITH =) WITH (fillfactor = 60) WHERE (a > 0) DEFERRABLE;
--- b
ALTER TABLE t ADD CONSTRAINT x EXCLUDE USING btree (a WITH =) WITH (fillfactor = 70);

--- case what is granted on the sequence of an identity column that stays
--- both
CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY, "I d" integer GENERATED ALWAYS AS IDENTITY);
--- a
GRANT USAGE, SELECT ON SEQUENCE t_id_seq TO snap_app;
COMMENT ON SEQUENCE "t_I d_seq" IS 'counts';

--- case a partition with a trigger of its own state is attached elsewhere
--- both
CREATE FUNCTION trg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE t (id integer) PARTITION BY LIST (id);
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION trg();
--- a
CREATE TABLE p PARTITION OF t FOR VALUES IN (1);
--- b
CREATE TABLE p PARTITION OF t FOR VALUES IN (1, 2);
--- both
ALTER TABLE p ENABLE REPLICA TRIGGER g;

--- case a column comes back to a table whose rules rewrite updates
--- both
CREATE TABLE t (id integer PRIMARY KEY, a text);
--- b
ALTER TABLE t ADD b text, ADD c integer NOT NULL DEFAULT 7;
INSERT INTO t VALUES (1, 'x', 'y', 5), (2, 'x', 'z', 6);
--- both
CREATE RULE r AS ON UPDATE TO t DO INSTEAD NOTHING;

--- case a NOT NULL that is inherited from one parent or from the other
--- both
CREATE TABLE one (id integer, a text);
CREATE TABLE two (id integer, b text);
CREATE TABLE t () INHERITS (one, two);
INSERT INTO t VALUES (1, 'x', 'y');
--- a
ALTER TABLE two ALTER id SET NOT NULL;
ALTER TABLE one ALTER id SET NOT NULL;
--- b
ALTER TABLE one ALTER id SET NOT NULL;

--- case a NOT NULL of its own on a column that a table inherits
--- both
CREATE TABLE one (id integer, a text);
--- b
CREATE TABLE t (b text) INHERITS (one);
ALTER TABLE t ALTER id SET NOT NULL;
ALTER TABLE t ADD CONSTRAINT named NOT NULL a; -- since 18

--- case storage of columns that get another type
--- a
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TYPE pair AS (x text, y text);
CREATE TABLE t (id integer PRIMARY KEY, a text, b mood[], c pair);
ALTER TABLE t ALTER a SET STORAGE MAIN, ALTER b SET STORAGE EXTERNAL, ALTER c SET STORAGE PLAIN;
CREATE TABLE gone (id integer PRIMARY KEY, c pair);
ALTER TABLE gone ALTER c SET STORAGE PLAIN;
INSERT INTO gone VALUES (1, '(a,b)');
INSERT INTO t VALUES (1, 'x', '{sad}', '(a,b)');
--- b
CREATE TYPE mood AS ENUM ('happy', 'sad');
CREATE TYPE pair AS (x text, y text);
CREATE TABLE t (id integer PRIMARY KEY, a varchar(20), b mood[], c pair);
ALTER TABLE t ALTER a SET STORAGE MAIN, ALTER b SET STORAGE EXTERNAL, ALTER c SET STORAGE PLAIN;

--- case an identity column of a table from which others inherit
--- both
CREATE TABLE one (a integer);
INSERT INTO one VALUES (1), (2);
CREATE TABLE t (b text) INHERITS (one);
INSERT INTO t VALUES (3, 'x'), (4, 'y');
--- b
ALTER TABLE one ADD id integer;
UPDATE one SET id = 10 + a;
ALTER TABLE one ALTER id SET NOT NULL;
ALTER TABLE one ALTER id ADD GENERATED ALWAYS AS IDENTITY (START 100 INCREMENT 10);

--- case a column of two parents goes from one of them
--- both
CREATE TABLE two (id integer, b text);
--- a
CREATE TABLE one (a text, id integer);
CREATE TABLE t () INHERITS (one, two);
--- b
CREATE TABLE one (a text);
CREATE TABLE t () INHERITS (one, two);
--- both
INSERT INTO t (id, a, b) VALUES (1, 'x', 'y');
--- case a composite type of typed tables changes
--- a
CREATE TYPE c AS (id integer, a text);
CREATE TABLE t OF c (PRIMARY KEY (id));
CREATE TABLE u OF c;
INSERT INTO t VALUES (1, 'x'), (2, 'y');
INSERT INTO u VALUES (1, 'x'), (1, 'x');
CREATE VIEW v AS SELECT id FROM t;
--- b
CREATE TYPE c AS (id bigint, b text);
CREATE TABLE t OF c (PRIMARY KEY (id));
CREATE TABLE u OF c;
CREATE VIEW v AS SELECT id FROM t;

--- case a composite type of typed tables gets an attribute
--- a
CREATE TYPE c AS (id integer);
--- b
CREATE TYPE c AS (id integer, a text);
--- both
CREATE TABLE t OF c (PRIMARY KEY (id));
INSERT INTO t VALUES (1), (2);

--- case a column changes while another one holds rows of its table
--- a
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE t (id integer, a text, m mood);
--- b
CREATE TYPE mood AS ENUM ('happy', 'sad');
CREATE TABLE t (id bigint, b text, m mood);
--- both
CREATE TABLE u (id integer PRIMARY KEY, r t, many t[]);
INSERT INTO u VALUES (1, '(1,x,sad)', '{"(1,x,sad)"}'), (2, NULL, NULL);
CREATE VIEW v AS SELECT (r).id FROM u;

--- case comments on NOT NULL constraints -- since 18
--- both
CREATE TABLE t (id integer NOT NULL, a text CONSTRAINT named NOT NULL, b text NOT NULL);
CREATE TABLE u (id integer NOT NULL);
--- a
COMMENT ON CONSTRAINT t_id_not_null ON t IS 'never';
COMMENT ON CONSTRAINT named ON t IS 'always';
COMMENT ON CONSTRAINT u_id_not_null ON u IS 'x';
COMMENT ON CONSTRAINT t_b_not_null ON t IS 'x';
--- b
COMMENT ON CONSTRAINT t_id_not_null ON t IS 'ever';
ALTER TABLE t ALTER a DROP NOT NULL, ALTER b DROP NOT NULL, ADD CONSTRAINT other NOT NULL b NO INHERIT;
COMMENT ON CONSTRAINT other ON t IS 'x';
DROP TABLE u;

--- case an identity's sequence of another type
--- both
CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY, a integer);
--- a
ALTER SEQUENCE t_id_seq AS smallint;
ALTER TABLE t ADD n integer GENERATED ALWAYS AS IDENTITY;
ALTER SEQUENCE t_n_seq AS bigint;
--- b
ALTER SEQUENCE t_id_seq AS integer MAXVALUE 1000;

--- case the schema public goes
--- a
DROP SCHEMA public;
--- b
COMMENT ON SCHEMA public IS 'mine';
GRANT CREATE ON SCHEMA public TO snap_app;

--- case the name of a NOT NULL goes from one column to another
--- a
CREATE TABLE t (id serial PRIMARY KEY, a text);
--- b
CREATE TABLE t ("x.y" serial PRIMARY KEY, a text);
ALTER SEQUENCE "t_x.y_seq" RENAME TO t_id_seq;
ALTER TABLE t RENAME CONSTRAINT "t_x.y_not_null" TO t_id_not_null; -- since 18
--- both
INSERT INTO t (a) VALUES ('x'), ('y');

--- case a column with a collation and a type of its own goes and both with it
--- both
CREATE TABLE t (id integer PRIMARY KEY);
INSERT INTO t VALUES (1);
--- a
CREATE COLLATION plain FROM "C";
CREATE TYPE mood AS ENUM ('x');
ALTER TABLE t ADD a text COLLATE plain DEFAULT 'x', ADD b mood DEFAULT 'x';

--- case a NOT NULL is for the tables that inherit or not -- since 18
--- both
CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text CONSTRAINT named NOT NULL);
CREATE TABLE u (a text CONSTRAINT own NOT NULL NO INHERIT);
--- b
ALTER TABLE t ALTER CONSTRAINT t_id_not_null NO INHERIT;
ALTER TABLE t ALTER CONSTRAINT named NO INHERIT;
ALTER TABLE t RENAME CONSTRAINT named TO other;
ALTER TABLE u ALTER CONSTRAINT own INHERIT;

--- case a column changes that a publication filters by -- since 15
--- a
CREATE TABLE t (id integer PRIMARY KEY, a integer);
--- b
CREATE TABLE t (id bigint PRIMARY KEY, a text);
--- both
CREATE PUBLICATION p FOR TABLE t (id, a) WHERE (a IS NOT NULL AND id > 1) WITH (publish = 'insert');

--- case a table that inherits has columns of its own, with a length
--- b
CREATE TABLE one (a varchar(20) DEFAULT 'x', b text);
CREATE TABLE t (a varchar(20), d varchar(20), n numeric(5, 2)) INHERITS (one);
ALTER TABLE t ALTER a DROP DEFAULT;
--- case a partition goes with its rows while a column of its parent goes
--- both
CREATE TABLE p (id int NOT NULL, a text, g text GENERATED ALWAYS AS (a || 'x') STORED) PARTITION BY LIST (id);
CREATE TABLE parent (id int, c text, k int);
--- a
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); INSERT INTO p VALUES (1, 'one'); DELETE FROM p; CREATE DOMAIN d AS text; ALTER TABLE p ADD e d DEFAULT 'e', ADD x int DEFAULT 3;
CREATE TABLE child (own d) INHERITS (parent); INSERT INTO child VALUES (1, 'c', 2, 'o');
--- b
ALTER TABLE p DROP g; ALTER TABLE parent DROP c, DROP k;
--- case a sequence behind a column that gets another type
--- both
CREATE TABLE t (id int, b int); INSERT INTO t VALUES (7, 8); CREATE TYPE pair AS (x int, y int); CREATE DOMAIN n AS bigint;
--- a
CREATE SEQUENCE s OWNED BY t.id; ALTER TABLE t ALTER id SET DEFAULT nextval('s'); CREATE SEQUENCE r OWNED BY t.b;
--- b
ALTER TABLE t ALTER id TYPE text USING id::text; CREATE SEQUENCE s OWNED BY t.id; ALTER TABLE t ALTER b TYPE n; CREATE SEQUENCE r OWNED BY t.b;
ALTER TABLE t ADD p pair; CREATE SEQUENCE q OWNED BY t.p;
--- case function under a partition's index
--- both
CREATE TABLE p (x int);
--- a
CREATE FUNCTION f(int) RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT $1::bigint + 1';
CREATE TABLE q (x int, g bigint GENERATED ALWAYS AS (f(x) * 2) STORED) PARTITION BY LIST (x); CREATE TABLE q1 PARTITION OF q FOR VALUES IN (1);
CREATE INDEX pi ON q (g);
--- b
CREATE FUNCTION m(int) RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT $1::bigint + 1';
CREATE TABLE q (x int, g bigint GENERATED ALWAYS AS (m(x) * 2) STORED) PARTITION BY LIST (x); CREATE TABLE q1 PARTITION OF q FOR VALUES IN (1);
CREATE INDEX pi ON q (g);
--- case computed by what is left of functions once they are worked out
--- a
CREATE FUNCTION one(t text) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE FUNCTION two(t text) RETURNS int LANGUAGE sql STABLE BEGIN ATOMIC SELECT one(t) + 1; END;
CREATE FUNCTION later(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION clock(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN i; END';
CREATE TABLE t (id int, a text[], n int GENERATED ALWAYS AS (two(a::text)) STORED, m int GENERATED ALWAYS AS (later(id)) STORED); INSERT INTO t VALUES (1, '{a}');
CREATE INDEX i ON t ((clock(two(a::text))));
CREATE OR REPLACE FUNCTION later(i int) RETURNS int LANGUAGE sql STABLE AS 'SELECT $1 + length(now()::text)'; ALTER FUNCTION clock(int) STABLE;
--- b
CREATE TABLE t (id int, a text[]); INSERT INTO t VALUES (1, '{a}');
--- case triggers of one name, of which one is renamed, and its partition's state stays
--- both
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE p (id int) PARTITION BY LIST (id); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE t (id int);
CREATE TRIGGER touch BEFORE INSERT ON p FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE p1 DISABLE TRIGGER touch; CREATE TRIGGER touch BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
--- a
ALTER TRIGGER touch ON t RENAME TO touched;
--- b
DROP TRIGGER touch ON p;
--- case a check that is not inherited is renamed, and children have one of its name
--- both
CREATE TABLE t (a int); CREATE TABLE below (CONSTRAINT c CHECK (a > 1)) INHERITS (t); INSERT INTO below VALUES (2);
--- a
ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NO INHERIT;
--- b
ALTER TABLE t ADD CONSTRAINT d CHECK (a > 0) NO INHERIT;
--- case the key of a partitioned table is another column
--- a
CREATE TABLE t (k text DEFAULT 'b', n int) PARTITION BY LIST (k); CREATE TABLE t_a PARTITION OF t FOR VALUES IN ('a'); CREATE TABLE t_b PARTITION OF t FOR VALUES IN ('b'); INSERT INTO t VALUES ('a', 1), ('b', 2);
CREATE TABLE u (k text, n int) PARTITION BY LIST (k); CREATE TABLE u_a PARTITION OF u FOR VALUES IN ('a'); INSERT INTO u VALUES ('a', 1);
--- b
CREATE TABLE t (m text DEFAULT 'x', n int) PARTITION BY LIST (m); CREATE TABLE t_a PARTITION OF t FOR VALUES IN ('a'); CREATE TABLE t_b PARTITION OF t FOR VALUES IN ('x'); INSERT INTO t VALUES ('a', 1), ('x', 2);
CREATE TABLE u (m text, n int) PARTITION BY LIST (m); CREATE TABLE u_a PARTITION OF u FOR VALUES IN ('a'); INSERT INTO u VALUES ('a', 1);
--- case indexes of partitions that are like each other, and which of them is attached
--- both
CREATE TABLE p (a int, b int) PARTITION BY LIST (a);
--- a
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1) PARTITION BY LIST (b); CREATE TABLE p11 PARTITION OF p1 FOR VALUES IN (1); INSERT INTO p VALUES (1, 1);
CREATE INDEX i ON p (b); CREATE INDEX alone ON p11 (b); ALTER INDEX p11_b_idx RENAME TO other;
--- b
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1, 2) PARTITION BY LIST (b); CREATE TABLE p11 (a int, b int); CREATE INDEX alone ON p11 (b); CREATE INDEX other ON p11 (b); CREATE INDEX zero ON p11 (b);
ALTER TABLE p1 ATTACH PARTITION p11 FOR VALUES IN (1, 2); INSERT INTO p VALUES (1, 1); CREATE INDEX zero_p ON p (b); CREATE INDEX k ON p (b);
--- case a NOT NULL is renamed that a child has under another name -- since 18
--- both
CREATE TABLE two (a int CONSTRAINT of_two NOT NULL);
--- a
CREATE TABLE one (a int CONSTRAINT first NOT NULL); CREATE TABLE t () INHERITS (two, one); CREATE TABLE below () INHERITS (t); INSERT INTO below VALUES (1);
--- b
CREATE TABLE one (a int CONSTRAINT second NOT NULL); CREATE TABLE t () INHERITS (two, one); CREATE TABLE below () INHERITS (t); INSERT INTO below VALUES (1);
--- case a NOT NULL of partitions is renamed and its column gets another type -- since 18
--- a
CREATE TABLE p (id int CONSTRAINT first NOT NULL) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (5) PARTITION BY LIST (id); CREATE TABLE p11 PARTITION OF p1 DEFAULT; INSERT INTO p VALUES (1);
--- b
CREATE TABLE p (id bigint CONSTRAINT second NOT NULL) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (5) PARTITION BY LIST (id); CREATE TABLE p11 PARTITION OF p1 DEFAULT; INSERT INTO p VALUES (1);
--- case a computed column of partitions calls another function
--- a
CREATE FUNCTION f(int) RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT $1::bigint + 1';
CREATE TABLE p (x int, g bigint GENERATED ALWAYS AS (f(x) * 2) STORED) PARTITION BY LIST (x); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); INSERT INTO p VALUES (1); CREATE INDEX i ON p (g);
--- b
CREATE FUNCTION h(int) RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT $1::bigint + 2';
CREATE TABLE p (x int, g bigint GENERATED ALWAYS AS (h(x) * 2) STORED) PARTITION BY LIST (x); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); INSERT INTO p VALUES (1); CREATE INDEX i ON p (g);
--- case a grant goes beside one on a column, which its grantee passed on
--- both
CREATE TABLE t (a int, b int); ALTER TABLE t OWNER TO snap_owner;
--- a
SET ROLE snap_owner; GRANT SELECT ON t TO snap_app WITH GRANT OPTION; GRANT UPDATE (a) ON t TO snap_app WITH GRANT OPTION; SET ROLE snap_app; GRANT UPDATE (a) ON t TO snap_reader; RESET ROLE;
--- b
ALTER TABLE t DROP a;
--- case a type changes under indexes of partitions that have names of their own
--- a
CREATE TABLE p (a int, b int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); INSERT INTO p VALUES (1, 1);
CREATE INDEX own ON p1 (b); CREATE INDEX i ON p (b); ALTER TABLE p1 ADD CONSTRAINT mine UNIQUE (a, b); ALTER TABLE p ADD UNIQUE (a, b); COMMENT ON INDEX own IS 'own';
--- b
CREATE TABLE p (a int, b bigint) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); INSERT INTO p VALUES (1, 1);
CREATE INDEX own ON p1 (b); CREATE INDEX i ON p (b); ALTER TABLE p1 ADD CONSTRAINT mine UNIQUE (a, b); ALTER TABLE p ADD UNIQUE (a, b); COMMENT ON INDEX own IS 'own';
--- case an index of a middle partition has a twin that goes through all
--- both
CREATE TABLE p (a int, b int, c text) PARTITION BY LIST (a);
--- a
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1) PARTITION BY LIST (b); CREATE TABLE p11 PARTITION OF p1 FOR VALUES IN (1); CREATE TABLE p1d PARTITION OF p1 DEFAULT; INSERT INTO p VALUES (1, 1, '5'), (1, 2, '6');
CREATE INDEX i ON p (c);
--- b
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1) PARTITION BY LIST (c); CREATE TABLE p11 PARTITION OF p1 FOR VALUES IN ('5'); CREATE TABLE p1d PARTITION OF p1 DEFAULT; INSERT INTO p VALUES (1, 1, '5'), (1, 2, '6');
CREATE INDEX i ON p (c); CREATE INDEX ON p1 (c);
--- case a child leaves the parent that gave it its NOT NULL for one that gives it too -- since 18
--- both
CREATE TABLE two (a int); CREATE TABLE three (a int NOT NULL);
--- a
CREATE TABLE one (a int NOT NULL); CREATE TABLE t () INHERITS (two, one); INSERT INTO t VALUES (1);
--- b
CREATE TABLE t () INHERITS (two, three); INSERT INTO t VALUES (1); ALTER TABLE two ALTER a SET NOT NULL;
--- case a child makes one of two NOT NULL its own -- since 18
--- both
CREATE TABLE one (a int); CREATE TABLE two (a int); CREATE TABLE t () INHERITS (one, two); INSERT INTO t VALUES (1); ALTER TABLE two ALTER a SET NOT NULL; ALTER TABLE one ALTER a SET NOT NULL;
--- a
ALTER TABLE t ALTER a SET NOT NULL;
--- case a NOT NULL of a key of partitions is renamed, and states of triggers stay -- since 18
--- both
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE p (k text, n int, PRIMARY KEY (k, n)) PARTITION BY LIST (k); CREATE TABLE pd PARTITION OF p DEFAULT PARTITION BY RANGE (n); CREATE TABLE pd1 PARTITION OF pd FOR VALUES FROM (0) TO (100);
CREATE TRIGGER t AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE pd1 ENABLE ALWAYS TRIGGER t; INSERT INTO p VALUES ('a', 1);
--- a
ALTER TABLE p RENAME CONSTRAINT p_n_not_null TO other;
--- case statistics of a column that gets another type, with a target
--- a
CREATE TABLE t (id int, a text);
CREATE STATISTICS st ON id, (lower(a)) FROM t;
ALTER STATISTICS st SET STATISTICS 50;
COMMENT ON STATISTICS st IS 'these';
--- b
CREATE TABLE t (id bigint, a text);
CREATE STATISTICS st ON id, (lower(a)) FROM t;
ALTER STATISTICS st SET STATISTICS 50;
COMMENT ON STATISTICS st IS 'these';
--- case a domain that may not be null gets another type and keeps the names of its constraints
--- a
CREATE TYPE m AS ENUM ('1', '2');
CREATE DOMAIN d AS m DEFAULT '1' NOT NULL;
CREATE TABLE t (d d);
--- b
CREATE TYPE m AS ENUM ('1', '2');
CREATE DOMAIN d AS text DEFAULT '1' NOT NULL;
CREATE TABLE t (d d);

--- case a table is written anew while others hold its rows
--- both
CREATE DOMAIN few AS integer CHECK (VALUE < 9);
CREATE TABLE t (id integer PRIMARY KEY, a text);
CREATE TABLE below () INHERITS (t);
INSERT INTO t VALUES (1, 'x'), (2, NULL);
INSERT INTO below VALUES (3, 'y');
CREATE TABLE p (id integer) PARTITION BY LIST (id);
CREATE TABLE p1 PARTITION OF p DEFAULT;
INSERT INTO p VALUES (1);
CREATE TABLE w (id integer);
CREATE TABLE x (id integer PRIMARY KEY);
INSERT INTO w VALUES (1);
INSERT INTO x VALUES (1);
--- b
ALTER TABLE t ADD d integer DEFAULT 3 NOT NULL, ADD e text DEFAULT 'e';
ALTER TABLE t ADD g integer GENERATED ALWAYS AS (id + 1) STORED, ADD f few DEFAULT 3;
ALTER TABLE p ADD d integer DEFAULT 3, ADD g integer GENERATED ALWAYS AS (id + 1) STORED;
ALTER TABLE w SET UNLOGGED;
ALTER TABLE x ADD n integer GENERATED ALWAYS AS IDENTITY;
--- both
CREATE TYPE inside AS (r t);
CREATE DOMAIN around AS below[];
CREATE TABLE u (id integer PRIMARY KEY, r t, many p[], i inside, d around, q p1, w w, x x);
INSERT INTO u SELECT t.id, t, ARRAY[p], ROW(t)::inside, ARRAY[below], p1, w, x FROM ONLY t, p, below, p1, w, x;
CREATE MATERIALIZED VIEW m AS SELECT w, t FROM t, w;
CREATE MATERIALIZED VIEW other AS SELECT count(*) FROM w;

--- case a column that numbers rows or is a key has a NOT NULL for its table only -- since 18
--- a
CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY CONSTRAINT own NOT NULL, a integer PRIMARY KEY);
ALTER TABLE t ALTER CONSTRAINT own NO INHERIT, ALTER CONSTRAINT t_a_not_null NO INHERIT;
CREATE TABLE below (x integer) INHERITS (t);
--- b
CREATE TABLE t (id integer CONSTRAINT own NOT NULL NO INHERIT, a integer CONSTRAINT t_a_not_null NOT NULL NO INHERIT, k integer GENERATED ALWAYS AS IDENTITY);
CREATE TABLE below (x integer) INHERITS (t);
ALTER TABLE t ALTER CONSTRAINT t_k_not_null NO INHERIT;
--- case default privileges, beside a materialized view that waits for another one to be filled
--- both
CREATE TABLE t (id int); INSERT INTO t VALUES (1); CREATE MATERIALIZED VIEW m AS SELECT id FROM t;
--- a
CREATE MATERIALIZED VIEW n AS SELECT id FROM m; REFRESH MATERIALIZED VIEW m WITH NO DATA; ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO snap_reader;
--- b
REFRESH MATERIALIZED VIEW m WITH NO DATA;
--- case an event trigger that stops what comes after it, beside a materialized view that waits for another one to be filled -- before 17
--- both
CREATE TABLE t (id int); INSERT INTO t VALUES (1); CREATE MATERIALIZED VIEW m AS SELECT id FROM t;
--- a
CREATE MATERIALIZED VIEW n AS SELECT id FROM m; REFRESH MATERIALIZED VIEW m WITH NO DATA;
CREATE FUNCTION stop() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION $$stopped$$; END'; CREATE EVENT TRIGGER stop ON ddl_command_start EXECUTE FUNCTION stop();
--- b
REFRESH MATERIALIZED VIEW m WITH NO DATA;
