--- case constraints of every kind
--- both
CREATE TABLE target (id int PRIMARY KEY, code text UNIQUE);
--- a
CREATE TABLE t (id int PRIMARY KEY, a int UNIQUE, b text CHECK (b <> ''), c int REFERENCES target,
  d text REFERENCES target (code) ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED,
  r int4range, EXCLUDE USING gist (r WITH &&), CONSTRAINT many CHECK (a > 0 AND id < 100));
INSERT INTO target VALUES (1, 'x'); INSERT INTO t VALUES (1, 2, 'b', 1, 'x', '[1,2)');
--- b
CREATE TABLE t (id int, a int, b text, c int, d text, r int4range,
  CONSTRAINT named PRIMARY KEY (id, a), UNIQUE (a, b) INCLUDE (c),
  UNIQUE NULLS NOT DISTINCT (b), -- since 15
  CONSTRAINT many CHECK (a > 1) NO INHERIT, CONSTRAINT fk FOREIGN KEY (c) REFERENCES target MATCH FULL ON DELETE RESTRICT,
  EXCLUDE USING btree (c WITH =) WHERE (c > 5) DEFERRABLE);
--- case deferrable, not valid and not enforced change in place
--- both
CREATE TABLE target (id int PRIMARY KEY);
--- a
CREATE TABLE t (a int REFERENCES target DEFERRABLE, b int, c int, d int UNIQUE DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE t ADD CONSTRAINT cb CHECK (b > 0) NOT VALID;
ALTER TABLE t ADD CONSTRAINT fc FOREIGN KEY (c) REFERENCES target NOT VALID;
ALTER TABLE t ADD CONSTRAINT ne CHECK (b < 100) NOT ENFORCED; -- since 18
ALTER TABLE t ADD CONSTRAINT nf FOREIGN KEY (b) REFERENCES target NOT ENFORCED; -- since 18
INSERT INTO target VALUES (1);
INSERT INTO t VALUES (1, 1, 1, 1);
--- b
CREATE TABLE t (a int REFERENCES target DEFERRABLE INITIALLY DEFERRED, b int, c int, d int UNIQUE);
ALTER TABLE t ADD CONSTRAINT cb CHECK (b > 0);
ALTER TABLE t ADD CONSTRAINT fc FOREIGN KEY (c) REFERENCES target;
ALTER TABLE t ADD CONSTRAINT ne CHECK (b < 100);
ALTER TABLE t ADD CONSTRAINT nf FOREIGN KEY (b) REFERENCES target;
--- case mutual foreign keys come and go
--- a
CREATE TABLE one (id int PRIMARY KEY, other int); CREATE TABLE two (id int PRIMARY KEY, other int REFERENCES one);
ALTER TABLE one ADD FOREIGN KEY (other) REFERENCES two;
INSERT INTO one VALUES (1, NULL); INSERT INTO two VALUES (1, 1); UPDATE one SET other = 1;
--- b
CREATE TABLE three (id int PRIMARY KEY, self int REFERENCES three);
--- case mutual foreign keys get another type
--- a
CREATE TABLE one (id int PRIMARY KEY, other int); CREATE TABLE two (id int PRIMARY KEY, other int REFERENCES one);
ALTER TABLE one ADD FOREIGN KEY (other) REFERENCES two;
INSERT INTO one VALUES (1, NULL); INSERT INTO two VALUES (1, 1); UPDATE one SET other = 1;
--- b
CREATE TABLE one (id bigint PRIMARY KEY, other bigint); CREATE TABLE two (id bigint PRIMARY KEY, other bigint REFERENCES one);
ALTER TABLE one ADD FOREIGN KEY (other) REFERENCES two;
--- case a primary key changes under foreign keys
--- both
CREATE TABLE t (id int NOT NULL, code text NOT NULL, region int NOT NULL);
INSERT INTO t VALUES (1, 'x', 2);
--- a
ALTER TABLE t ADD PRIMARY KEY (id); CREATE TABLE u (t_id int REFERENCES t, t_region int); INSERT INTO u VALUES (1, 2);
CREATE VIEW v AS SELECT id, code, count(*) FROM t GROUP BY id;
--- b
ALTER TABLE t ADD PRIMARY KEY (id, region); CREATE TABLE u (t_id int, t_region int, FOREIGN KEY (t_id, t_region) REFERENCES t);
INSERT INTO u VALUES (1, 2);
CREATE VIEW v AS SELECT id, region, code, count(*) FROM t GROUP BY id, region;
--- case a foreign key stands on an index that is no constraint
--- both
CREATE TABLE t (id int, code int);
--- a
CREATE UNIQUE INDEX t_id ON t (id); CREATE TABLE u (t_id int REFERENCES t (id));
--- b
ALTER TABLE t ADD CONSTRAINT t_id UNIQUE (id); CREATE TABLE u (t_id int REFERENCES t (id));
--- case a unique index becomes a constraint of the same name
--- a
CREATE TABLE t (a int); CREATE UNIQUE INDEX t_a_key ON t (a); COMMENT ON INDEX t_a_key IS 'an index';
--- b
CREATE TABLE t (a int UNIQUE); COMMENT ON CONSTRAINT t_a_key ON t IS 'a constraint'; COMMENT ON INDEX t_a_key IS 'its index';
--- case constraints swap names
--- a
CREATE TABLE t (a int, b int, CONSTRAINT x UNIQUE (a), CONSTRAINT y UNIQUE (b), CONSTRAINT c CHECK (a > 0), CONSTRAINT d CHECK (b > 0));
--- b
CREATE TABLE t (a int, b int, CONSTRAINT x UNIQUE (b), CONSTRAINT y UNIQUE (a), CONSTRAINT c CHECK (b > 0), CONSTRAINT d CHECK (a > 0));
--- case a constraint name moves to another table
--- a
CREATE TABLE t (a int CONSTRAINT k UNIQUE); CREATE TABLE u (a int);
--- b
CREATE TABLE t (a int); CREATE TABLE u (a int CONSTRAINT k UNIQUE);
--- case temporal keys -- since 18
--- both
CREATE EXTENSION btree_gist;
--- a
CREATE TABLE t (id int, during daterange, PRIMARY KEY (id, during WITHOUT OVERLAPS));
CREATE TABLE u (t_id int, during daterange, FOREIGN KEY (t_id, PERIOD during) REFERENCES t (id, PERIOD during));
--- b
CREATE TABLE t (id int, during daterange, UNIQUE (id, during WITHOUT OVERLAPS));
CREATE TABLE u (t_id int, during daterange);
--- case a check that is no fixed point of printing
--- a
CREATE TABLE t (s varchar(10) CHECK (s IN ('a', 'b')), u varchar(5) DEFAULT 'x' CHECK (u NOT IN ('p', 'q') AND u = ANY ('{x,y}')),
  CONSTRAINT between_them CHECK (s BETWEEN 'a' AND 'z'), n numeric(5, 2) CHECK (n IN (1, 2.5)));
CREATE INDEX i ON t (u) WHERE s IN ('a', 'b'); CREATE VIEW v AS SELECT * FROM t WHERE u IN ('x', 'y');
ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (s IN ('a', 'it''s'));
--- b
CREATE TABLE t (s varchar(10) CHECK (s IN ('a', 'b', 'c')), u varchar(5) CHECK (u IN ('only'::varchar)),
  c char(3) CHECK (c IN ('a', 'b')));
CREATE INDEX i ON t (u) WHERE s IN ('a', 'c'); CREATE VIEW v AS SELECT * FROM t WHERE u IN ('x', 'z');
CREATE POLICY p ON t USING (s IN ('a', '\b'));
--- case BETWEEN before AND, and what else is printed as a condition within one of its kind
--- both
CREATE TABLE t (a int, b text, c text);
INSERT INTO t VALUES (1, 'x', '((');
--- a
ALTER TABLE t ADD CHECK (a BETWEEN 1 AND 9 AND b > 'a'), ADD CHECK (a BETWEEN SYMMETRIC 9 AND 1 OR b = '(a AND b) AND '),
  ADD CHECK ((a, b) = (1, 'x') AND c <> E'\'(('), ADD CHECK (a IN (1, a + 1, 3) OR b > 'a'), ADD "((" boolean,
  ADD g boolean GENERATED ALWAYS AS (a BETWEEN 1 AND 9 AND b > 'a') STORED, ALTER "((" SET DEFAULT 1 BETWEEN 1 AND 2 AND now() > '2020-01-01';
CREATE VIEW v AS SELECT count(*) OVER (ORDER BY a ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t WHERE a BETWEEN 1 AND 9 AND a > 0 AND "((";
CREATE INDEX i ON t ((a BETWEEN 1 AND 9 AND a > 0)) WHERE a NOT BETWEEN 1 AND 9 OR b > 'a';
CREATE POLICY p ON t USING (a BETWEEN 1 AND 9 AND a > 0) WITH CHECK ((a BETWEEN 1 AND 9 AND a > 0) IN (true, false));
CREATE RULE r AS ON DELETE TO t WHERE OLD.a BETWEEN 1 AND 9 AND OLD.a > 0 DO INSTEAD NOTHING;
CREATE TRIGGER r BEFORE UPDATE ON t FOR EACH ROW WHEN (OLD.a BETWEEN 1 AND 9 AND NEW.a > 0) EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE FUNCTION f(t) RETURNS boolean LANGUAGE sql RETURN ($1).a BETWEEN 1 AND 9 AND ($1).b > 'a';
CREATE DOMAIN d AS int CHECK (VALUE BETWEEN 1 AND 9 AND VALUE > 0);
CREATE PUBLICATION p FOR TABLE t WHERE (a BETWEEN 1 AND 9 AND a > 0); -- since 15

--- case a check calls a function that calls nothing yet
--- a
CREATE FUNCTION fine(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 > 0';
CREATE TABLE t (a int CHECK (fine(a))); INSERT INTO t VALUES (1);
--- b
CREATE FUNCTION fine(int, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 > $2';
CREATE TABLE t (a int CHECK (fine(a, 0))); INSERT INTO t VALUES (1);

--- case arrays that are cast as a whole
--- both
CREATE FUNCTION first(bigint[]) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT $1[1]';
CREATE FUNCTION first(varchar[]) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1[1]';
--- a
CREATE TABLE t (a int, b varchar(9), g bigint GENERATED ALWAYS AS (first(ARRAY[a])) STORED, d bigint DEFAULT first(ARRAY[1]),
  CHECK (first(ARRAY[a, 2]) > 0), CHECK (first(ARRAY[b, 'x']) <> '(ARRAY[1])::int[]'));
CREATE INDEX i ON t (first(ARRAY[ARRAY[a, 1], ARRAY[a, 2]])) WHERE a = ANY (ARRAY[1.5, 2]);
CREATE VIEW v AS SELECT first(ARRAY[a, (SELECT first(ARRAY[b::text])::int)]) FROM t;
CREATE STATISTICS s ON (first(ARRAY[a])), a FROM t;
CREATE TABLE p (a int) PARTITION BY RANGE (first(ARRAY[a]));
CREATE FUNCTION sums(x bigint[] DEFAULT ARRAY[1]) RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT first(ARRAY[a]) + first(x) FROM t; END;
CREATE FUNCTION said() RETURNS bigint LANGUAGE sql AS 'SELECT public.first((ARRAY[1])::bigint[])';

--- case names of NOT NULL go round, and from one kind of constraint to another -- since 18
--- a
CREATE TABLE t (a int CONSTRAINT x NOT NULL, b int CONSTRAINT y NOT NULL, c int CONSTRAINT z NOT NULL, d int,
  e int CONSTRAINT t_f_not_null NOT NULL, f int NOT NULL, g int CONSTRAINT w CHECK (g > 0));
COMMENT ON CONSTRAINT x ON t IS 'a';
--- b
CREATE TABLE t (a int CONSTRAINT y NOT NULL, b int CONSTRAINT x NOT NULL, c int, d int CONSTRAINT z NOT NULL,
  e int CONSTRAINT w NOT NULL, f int CONSTRAINT t_g_not_null NOT NULL, g int CONSTRAINT v CHECK (g > 0));
COMMENT ON CONSTRAINT x ON t IS 'b';

--- case a NOT NULL is to be inherited, or no more -- since 18
--- a
CREATE TABLE one (a int CONSTRAINT named NOT NULL NO INHERIT);
--- b
CREATE TABLE one (a int NOT NULL);
--- both
CREATE TABLE t (b int) INHERITS (one); INSERT INTO t VALUES (1, 2);
--- case a comment on a NOT NULL that is only inherited -- since 18
--- both
CREATE TABLE t (id int NOT NULL); CREATE TABLE c () INHERITS (t);
--- a
COMMENT ON CONSTRAINT t_id_not_null ON c IS 'it''s ours';

--- case values come back to rows that a NOT NULL was never held against -- since 18
--- a
CREATE TYPE addr AS (street text, zip text);
--- b
CREATE TYPE addr AS (street text);
--- both
CREATE TABLE t (id int PRIMARY KEY, n int, a addr); INSERT INTO t VALUES (1, NULL, jsonb_populate_record(NULL::addr, '{"street": "s"}'));
ALTER TABLE t ADD CONSTRAINT never NOT NULL n NOT VALID; COMMENT ON CONSTRAINT never ON t IS 'some day';

--- case columns for which something stands in, and those that are checked with them
--- a
CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2);
--- b
CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL, z int, b text NOT NULL, CHECK (z <> 2 OR a = 'x'), CHECK (a <> b), g int GENERATED ALWAYS AS (length(a)) STORED, CHECK (g < 9 OR b = a));

--- case partitions have the names of each others exclusion constraints -- since 17
--- both
CREATE EXTENSION btree_gist;
--- a
CREATE TABLE p (a int, r daterange, EXCLUDE USING gist (a WITH =, r WITH &&)) PARTITION BY RANGE (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);
ALTER TABLE p1 RENAME CONSTRAINT p1_a_r_excl TO aside; ALTER TABLE p2 RENAME CONSTRAINT p2_a_r_excl TO p1_a_r_excl;
ALTER TABLE p1 RENAME CONSTRAINT aside TO p2_a_r_excl;
--- b
CREATE TABLE p1 (a int);

--- case another primary key, where a function groups by the one that goes and a foreign key refers to it
--- both
--- a
CREATE TABLE t (id int CONSTRAINT one PRIMARY KEY, x int NOT NULL);
CREATE TABLE r (id int); ALTER TABLE r ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES t NOT VALID;
CREATE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT x FROM t GROUP BY id; END;
--- b
CREATE TABLE t (id int, x int CONSTRAINT two PRIMARY KEY);
ALTER TABLE t ADD UNIQUE (id);
CREATE TABLE r (id int); ALTER TABLE r ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES t (id);
CREATE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT id + 1 FROM t GROUP BY x; END;

--- case a foreign key that refers by another key is checked at another moment
--- both
--- a
CREATE TABLE t (id int CONSTRAINT one PRIMARY KEY, x int NOT NULL);
CREATE TABLE r (id int); ALTER TABLE r ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES t DEFERRABLE;
--- b
CREATE TABLE t (id int, x int CONSTRAINT two PRIMARY KEY);
ALTER TABLE t ADD UNIQUE (id);
CREATE TABLE r (id int); ALTER TABLE r ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES t (id);

--- case an index comes to tell the rows of a published table before a type of its columns gets other labels
--- a
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE TABLE t (id int PRIMARY KEY, x text, m mood); INSERT INTO t VALUES (1, 'x', 'a'); CREATE PUBLICATION p FOR TABLE t; ALTER TABLE t REPLICA IDENTITY USING INDEX t_pkey;
--- b
CREATE TYPE mood AS ENUM ('b', 'a', 'c'); CREATE CAST (mood AS int) WITH INOUT;
CREATE TABLE t (id int NOT NULL, x text, m mood); INSERT INTO t VALUES (1, 'x', 'a'); CREATE PUBLICATION p FOR TABLE t;

--- case keys that are called as the parts of one that stays, which refers to partitions
--- both
CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); CREATE TABLE o (id int PRIMARY KEY);
CREATE TABLE t (a int); INSERT INTO p VALUES (1), (2); INSERT INTO o VALUES (1); INSERT INTO t VALUES (1);
--- a
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES p;
--- b
ALTER TABLE t ADD CONSTRAINT t_a_fkey FOREIGN KEY (a) REFERENCES o; ALTER TABLE t ADD CONSTRAINT k_1 FOREIGN KEY (a) REFERENCES o; ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES p;
--- case a key that gets the name that a part of another one has
--- both
CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); CREATE TABLE o (id int PRIMARY KEY);
CREATE TABLE t (a int); INSERT INTO p VALUES (1), (2); INSERT INTO o VALUES (1); INSERT INTO t VALUES (1);
--- a
ALTER TABLE t ADD CONSTRAINT z FOREIGN KEY (a) REFERENCES o; ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES p;
--- b
ALTER TABLE t ADD CONSTRAINT t_a_fkey FOREIGN KEY (a) REFERENCES o; ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES p;
--- case constraints that take the names of constraint triggers, and the other way round
--- both
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TABLE t (a int NOT NULL); INSERT INTO t VALUES (1);
--- a
CREATE CONSTRAINT TRIGGER x AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); CREATE CONSTRAINT TRIGGER z AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
CREATE CONSTRAINT TRIGGER old AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TRIGGER old ON t RENAME TO w; ALTER TABLE t ADD CONSTRAINT y CHECK (a > 0);
--- b
ALTER TABLE t ADD CONSTRAINT x CHECK (a > 0); CREATE CONSTRAINT TRIGGER y AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE t ADD CONSTRAINT z PRIMARY KEY (a);
ALTER TABLE t ADD CONSTRAINT old UNIQUE (a); CREATE CONSTRAINT TRIGGER w AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();

--- case an exclusion has the usual name that a NOT NULL gets back -- since 18
--- a
CREATE TABLE t (id int, b int NOT NULL); INSERT INTO t VALUES (1, 2);
--- b
CREATE TABLE t (id int, b int, CONSTRAINT t_b_not_null EXCLUDE USING btree (id WITH =)); INSERT INTO t VALUES (1, 2);
