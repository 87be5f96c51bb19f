--- case a default partition instead of others
--- both
CREATE TABLE p (a int, b text) PARTITION BY LIST (a);
--- a
CREATE TABLE p1 PARTITION OF p DEFAULT;
--- b
CREATE TABLE p2 PARTITION OF p FOR VALUES IN (1);
--- both
INSERT INTO p VALUES (1, 'x');
--- case values come back to rows that violate a check which was never validated
--- both
CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 1), (2, 2);
CREATE TABLE p (id int PRIMARY KEY, n int) PARTITION BY LIST (id); CREATE TABLE p1 PARTITION OF p DEFAULT; INSERT INTO p VALUES (1, 1), (2, 2);
--- a
ALTER TABLE t ADD a text; UPDATE t SET a = 'a' || id; ALTER TABLE t ADD b int NOT NULL DEFAULT 1; ALTER TABLE t ALTER b DROP DEFAULT;
ALTER TABLE p ADD a text; UPDATE p SET a = 'a' || id;
--- both
ALTER TABLE t ADD CONSTRAINT k CHECK (n > 1) NOT VALID; COMMENT ON CONSTRAINT k ON t IS 'k';
ALTER TABLE p ADD CONSTRAINT k CHECK (n > 1) NOT VALID; ALTER TABLE p1 ADD CONSTRAINT j CHECK (n > 1) NOT VALID;

--- case a default partition attached instead of others
--- both
CREATE TABLE p (a int, b text) PARTITION BY LIST (a);
--- a
CREATE TABLE p1 PARTITION OF p DEFAULT;
--- b
CREATE TABLE p1 (a int, b text); INSERT INTO p1 VALUES (2, 'z');
CREATE TABLE p2 PARTITION OF p FOR VALUES IN (1);
--- both
INSERT INTO p VALUES (1, 'x');
--- case a partition that another one had replaced takes its place again
--- both
CREATE TABLE p (a int, b text) PARTITION BY LIST (a);
--- a
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
INSERT INTO p VALUES (1, 'x'), (1, NULL);
--- b
CREATE TABLE p1 (a int, b text);
INSERT INTO p1 VALUES (1, 'x'), (1, NULL);
CREATE UNIQUE INDEX own ON p1 (b);
CREATE TABLE p2 PARTITION OF p DEFAULT PARTITION BY LIST (b);
CREATE TABLE p3 PARTITION OF p2 DEFAULT;
INSERT INTO p VALUES (1, 'x'), (1, 'y'), (1, NULL), (1, NULL);

--- case what a table could not keep, and what it was given, as a partition is where it was once it is none
--- both
CREATE TABLE p (a int, b text) PARTITION BY LIST (a);
CREATE TABLE p2 PARTITION OF p DEFAULT;
--- a
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
--- b
CREATE TABLE p1 (a int, b text); INSERT INTO p1 VALUES (1, 'x'), (2, 'y'), (2, NULL), (2, NULL);
--- both
INSERT INTO p VALUES (1, 'x'), (2, 'y'), (3, 'z');

--- case what a partition that gets other bounds had is where it was once it has these again
--- a
CREATE TABLE p (a int, b text) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
--- b
CREATE TABLE p (a int, b text) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1, 2);
CREATE TABLE p2 (a int, b text); INSERT INTO p2 VALUES (2, 'x');
INSERT INTO p VALUES (1, 'y'), (2, 'z'), (2, NULL), (2, NULL);

--- case what a table had before it was partitioned beside one with rows is where it was once it is plain
--- a
CREATE TABLE p (a int, b text) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE TABLE p2 PARTITION OF p DEFAULT;
--- b
CREATE TABLE p (a int, b text); INSERT INTO p VALUES (1, 'x'), (1, NULL), (2, 'y');
CREATE TABLE p1 (a int, b text); INSERT INTO p1 VALUES (1, 'z');

--- case rows leave a partition that is published, and of which not all columns can tell
--- both
CREATE PUBLICATION everything FOR ALL TABLES;
CREATE TABLE p (a int, v text, g text GENERATED ALWAYS AS (v || '!') STORED) PARTITION BY RANGE (a);
--- a
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
--- b
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (5);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (5) TO (10);
--- both
INSERT INTO p VALUES (1, 'one'), (7, 'seven');

--- case the values of a column come back where all tables are published
--- both
CREATE PUBLICATION everything FOR ALL TABLES;
CREATE TYPE c AS (a int, b text);
--- a
ALTER TYPE c ADD ATTRIBUTE x int;
--- both
CREATE TABLE t OF c;
INSERT INTO t (a, b) VALUES (1, 'one'), (1, 'two');

--- case a column of a type of their own comes back into rows that have to have something in it
--- both
CREATE TABLE t (id int PRIMARY KEY);
INSERT INTO t VALUES (1), (2);
--- a
CREATE TYPE num;
CREATE FUNCTION num_in(cstring) RETURNS num LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
CREATE FUNCTION num_out(num) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
CREATE TYPE num (INPUT = num_in, OUTPUT = num_out, LIKE = int4);
CREATE CAST (num AS int) WITHOUT FUNCTION AS IMPLICIT;
CREATE TYPE str;
CREATE FUNCTION str_in(cstring) RETURNS str LANGUAGE internal IMMUTABLE STRICT AS 'boolin';
CREATE FUNCTION str_out(str) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'boolout';
CREATE TYPE str (INPUT = str_in, OUTPUT = str_out, LIKE = bool);
ALTER TABLE t ADD n num UNIQUE, ADD m num NOT NULL DEFAULT '3', ADD s str NOT NULL DEFAULT 'yes', ADD CHECK (n > 0);
UPDATE t SET n = id::text::num;
ALTER TABLE t ALTER n SET NOT NULL, ALTER m DROP DEFAULT, ALTER s DROP DEFAULT;
--- case a column gets its values back while the triggers and rules of its table change
--- both
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''%'', TG_NAME; END';
--- a
CREATE TABLE t (id int PRIMARY KEY, c int); INSERT INTO t VALUES (1, 4), (2, 5); CREATE RULE r AS ON UPDATE TO t DO ALSO NOTIFY x;
CREATE TRIGGER zz BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION note(); CREATE TRIGGER yy BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION note(); ALTER TABLE t ENABLE REPLICA TRIGGER yy;
--- b
CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2);
CREATE TRIGGER zz BEFORE UPDATE ON t FOR EACH ROW WHEN (NEW.id > 5) EXECUTE FUNCTION note(); CREATE TRIGGER yy BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION note(); ALTER TABLE t DISABLE TRIGGER yy;


--- case values go where people have casts between their type and text that tell something else
--- a
CREATE TYPE full_name AS (first text, last text); CREATE TYPE colour AS ENUM ('red', 'green');
--- b
CREATE TYPE colour AS ENUM ('green', 'red');
--- both
CREATE FUNCTION said(colour) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT 'all the same'$$;
CREATE CAST (colour AS text) WITH FUNCTION said(colour) AS ASSIGNMENT;
CREATE FUNCTION heard(text) RETURNS colour LANGUAGE sql IMMUTABLE AS $$SELECT 'green'::colour$$;
CREATE CAST (text AS colour) WITH FUNCTION heard(text) AS ASSIGNMENT;
CREATE TABLE t (id int PRIMARY KEY, c colour, cs colour[]); INSERT INTO t VALUES (1, 'red', '{red,green}');
CREATE TABLE k (id int PRIMARY KEY); INSERT INTO k VALUES (1);
--- a
CREATE FUNCTION said(full_name) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1.first';
CREATE CAST (full_name AS text) WITH FUNCTION said(full_name) AS ASSIGNMENT;
CREATE DOMAIN named AS full_name CHECK ((VALUE).last <> '');
CREATE TABLE only_here (f full_name, fs full_name[], n named, c colour);
INSERT INTO only_here VALUES (('x', 'y'), ARRAY[('x', 'y')::full_name], ('x', 'y'), 'red');
ALTER TABLE k ADD c colour, ADD f full_name; UPDATE k SET c = 'red', f = ('x', 'y');

--- case a column of a domain that is never NULL comes back, over a type with a default and a length
--- both
CREATE TYPE num;
CREATE FUNCTION num_in(cstring, oid, int4) RETURNS num LANGUAGE internal IMMUTABLE STRICT AS 'numeric_in';
CREATE FUNCTION num_out(num) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'numeric_out';
CREATE FUNCTION num_mi(cstring[]) RETURNS int4 LANGUAGE internal IMMUTABLE STRICT AS 'numerictypmodin';
CREATE FUNCTION num_mo(int4) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'numerictypmodout';
CREATE TYPE num (INPUT = num_in, OUTPUT = num_out, TYPMOD_IN = num_mi, TYPMOD_OUT = num_mo, DEFAULT = '0');
CREATE DOMAIN amount AS num(8,2) DEFAULT '1' NOT NULL;
CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2);
--- a
ALTER TABLE t ADD n amount, ADD plain num(6,1); UPDATE t SET n = (id + 2)::text::num, plain = (id + 4)::text::num;

--- case values of a domain over rows with a base type, some attributes of which go
--- both
CREATE TYPE my; CREATE FUNCTION my_in(cstring) RETURNS my LANGUAGE internal IMMUTABLE STRICT AS 'int4in'; CREATE FUNCTION my_out(my) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
CREATE TYPE my (INPUT = my_in, OUTPUT = my_out, LIKE = int4); CREATE DOMAIN strict AS int NOT NULL DEFAULT 3;
--- a
CREATE TYPE c AS (n int, f my); CREATE DOMAIN d AS c CHECK ((VALUE).n > 0) DEFAULT ROW(1, '2'); CREATE TABLE t (id int PRIMARY KEY, x d); INSERT INTO t VALUES (1, ROW(5, '6')), (2, DEFAULT), (3, NULL);
--- b
CREATE TYPE c AS (f my, z text); CREATE DOMAIN d AS c DEFAULT ROW('2', 'z'); CREATE TABLE t (id int PRIMARY KEY, x d); INSERT INTO t VALUES (1, ROW('6', 'y')), (2, DEFAULT);

--- case values with an attribute that is NULL in spite of its domain
--- both
CREATE DOMAIN sum AS numeric NOT NULL;
--- a
CREATE TYPE addr AS (street text);
--- b
CREATE TYPE addr AS (street text, zip text);
--- both
CREATE DOMAIN home AS addr CHECK ((VALUE).street <> '');
CREATE TYPE deep AS (one addr, many addr[], at home, "n'o" int);
CREATE TABLE t (id int PRIMARY KEY, a addr, d deep, h home, hs home[]);
INSERT INTO t (id, a, h) VALUES (1, jsonb_populate_record(NULL::addr, '{"street": "a"}'), jsonb_populate_record(NULL::addr, '{"street": "h"}'));
INSERT INTO t SELECT 2, NULL, ROW(a, ARRAY[a, NULL], h, 5)::deep, NULL, ARRAY[h] FROM t;
--- a
ALTER TYPE addr ADD ATTRIBUTE due sum;

--- case values name what is made anew, in a table that a publication which comes filters by no key -- since 15
--- a
CREATE TABLE u (a int); INSERT INTO u VALUES (1); CREATE TABLE t (id int, c regclass); INSERT INTO t VALUES (1, 'u'), (2, 't'); CREATE PUBLICATION p FOR TABLE t WHERE (id < 9);
--- b

--- case values that name objects which are made anew
--- a
CREATE TYPE e AS ENUM ('x', 'y', 'z'); CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE o (id int, v e); CREATE VIEW ov AS SELECT id FROM o;
--- b
CREATE TYPE e AS ENUM ('x', 'y'); CREATE FUNCTION f(int) RETURNS text LANGUAGE sql AS 'SELECT $$a$$'; CREATE TABLE o (id int, v text) PARTITION BY LIST (id); CREATE VIEW ov AS SELECT 1 AS a, 2 AS b;
--- both
CREATE PUBLICATION pub FOR ALL TABLES; CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'seen'; END$$;
CREATE TABLE t (id int PRIMARY KEY, c regclass DEFAULT 'o'::regclass, p regprocedure DEFAULT 'f(int)'::regprocedure, f regproc, y regtype, CHECK (c <> 'ov'::regclass));
CREATE TRIGGER seen BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION seen();
CREATE TABLE u (c regclass, id int) PARTITION BY LIST (id); CREATE TABLE u1 PARTITION OF u FOR VALUES IN (1);
INSERT INTO t (id, f, y) VALUES (1, 'f', 'e'), (2, 'lower(text)'::regprocedure, 'int'); INSERT INTO u VALUES ('ov', 1), ('t', 1);
--- case rows with values inside of which a cast makes JSON of its own
--- both
CREATE EXTENSION hstore; CREATE TYPE mood AS ENUM ('sad', 'well'); CREATE FUNCTION told(mood) RETURNS json LANGUAGE sql IMMUTABLE AS $$SELECT '{"is": 1}'::json$$; CREATE CAST (mood AS json) WITH FUNCTION told(mood); CREATE TABLE t (id int PRIMARY KEY);
CREATE TYPE inner_pair AS (h hstore, n int); CREATE DOMAIN own AS inner_pair; CREATE TYPE pair AS ("A b" hstore, m mood, i inner_pair, l inner_pair[], o own, hs hstore[], t text);
--- a
ALTER TABLE t ADD p pair, ADD o own; INSERT INTO t VALUES (1, ROW('a=>1', 'sad', ROW('b=>NULL', 1), ARRAY[ROW('c=>"x, y"', 2), NULL]::inner_pair[], ROW('', 3), ARRAY['d=>4', NULL]::hstore[], 'x'), ROW('e=>5', 6)), (2, NULL, NULL), (3, ROW(NULL, NULL, NULL, '{}', NULL, NULL, NULL), ROW(NULL, NULL)), (4, ROW('', 'well', ROW(NULL, 1), NULL, NULL, '{}', ''), NULL);
--- b
INSERT INTO t VALUES (1), (2), (3), (4);
--- case a table of rows with such values is partitioned
--- both
CREATE EXTENSION hstore; CREATE TYPE pair AS (h hstore, n int);
--- a
CREATE TABLE t (id int, p pair, l pair[]); INSERT INTO t VALUES (1, ROW('a=>1', 1), ARRAY[ROW('b=>2', 2)]::pair[]), (2, NULL, NULL);
--- b
CREATE TABLE t (id int, p pair, l pair[]) PARTITION BY LIST (id); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1, 2); INSERT INTO t VALUES (1, ROW('a=>1', 1), ARRAY[ROW('b=>2', 2)]::pair[]);
--- case what stands in is compared with what else is in the row
--- a
CREATE TABLE t (id int PRIMARY KEY, d date, e date NOT NULL, n int, m int NOT NULL, f numeric(5, 2), g numeric(5, 2) NOT NULL, p timestamptz, q timestamptz NOT NULL, w varchar(9), x text NOT NULL, y bigint NOT NULL, CHECK (d <= e), CHECK (m > n), CHECK (g = f), CHECK (q < p), CHECK (x = w), CHECK (y > n));
--- b
CREATE TABLE t (id int PRIMARY KEY, d date, n int, f numeric(5, 2), p timestamptz, w varchar(9));
INSERT INTO t VALUES (1, '2024-05-05', 5, 999.99, '1960-01-01', 'nine chrs'), (2, 'infinity', 2147483646, -1, '1965-07-01', '%'), (3, NULL, NULL, NULL, NULL, NULL);
--- case what stands in is compared with what else is in the row, and tells rows apart
--- a
CREATE TABLE t (id int PRIMARY KEY, d date, e date NOT NULL UNIQUE, n int, m int NOT NULL UNIQUE, l bigint NOT NULL UNIQUE, p timestamptz, q timestamptz NOT NULL, CHECK (d < e), CHECK (m > n), CHECK (l < n), CHECK (q > p), UNIQUE (p, q));
--- b
CREATE TABLE t (id int PRIMARY KEY, d date, n int, p timestamptz);
INSERT INTO t VALUES (1, '2024-05-05', 5, '2020-01-01'), (2, '2024-05-05', 700, '2020-01-01'), (3, NULL, NULL, NULL), (4, NULL, -9, '2020-01-01');
--- case what stands in tells rows apart, and nothing that it is compared with is known
--- a
CREATE TABLE t (id int PRIMARY KEY, d date, e date NOT NULL UNIQUE, n int, m int NOT NULL UNIQUE, CHECK (d < e), CHECK (m > n));
--- b
CREATE TABLE t (id int PRIMARY KEY, d date, n int);
INSERT INTO t VALUES (1), (2);
--- case what stands in is compared with what stands in too, from what is known on
--- a
CREATE TABLE t (id int PRIMARY KEY, d date NOT NULL, f date NOT NULL, e date NOT NULL, c date NOT NULL, m int NOT NULL, n int NOT NULL, CHECK (e > f), CHECK (f > d), CHECK (c > e), CHECK (m > n), CHECK (n > 10));
--- b
CREATE TABLE t (id int PRIMARY KEY, d date NOT NULL);
INSERT INTO t VALUES (1, '2024-05-05'), (2, '-infinity');
--- case what stands in fits the checks that a table below has alone
--- both
CREATE TABLE t (id int) PARTITION BY LIST (id); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
CREATE TABLE t2 PARTITION OF t FOR VALUES IN (2, 3) PARTITION BY LIST (id);
CREATE TABLE t3 PARTITION OF t2 FOR VALUES IN (2); CREATE TABLE t4 PARTITION OF t2 FOR VALUES IN (3);
INSERT INTO t VALUES (1), (2), (2), (3);
CREATE TABLE h (id int); CREATE TABLE h1 () INHERITS (h); INSERT INTO h VALUES (1); INSERT INTO h1 VALUES (2), (2);
--- a
ALTER TABLE t ADD c text; UPDATE t SET c = 'x-'; ALTER TABLE t ALTER c SET NOT NULL, ADD CHECK (c <> '-');
ALTER TABLE t2 ADD CHECK (c <> ''); ALTER TABLE t3 ADD CHECK (c ~ '^x');
ALTER TABLE h ADD n int; UPDATE h SET n = 7; ALTER TABLE h ALTER n SET NOT NULL; ALTER TABLE h1 ADD CHECK (n > 5);
--- case what stands in is as long as its check wants it
--- a
CREATE TABLE t (id int PRIMARY KEY, a char(3) NOT NULL CHECK (a ~ '^[A-Z]{3}$'), b varchar(7) NOT NULL CHECK (b ~ '^#[0-9a-f]{6}$'), c text NOT NULL CHECK (length(c) > 4), d text NOT NULL CHECK (d ~ '^[a-z_]+$'), e bytea NOT NULL CHECK (octet_length(e) = 16), f int[] NOT NULL CHECK (cardinality(f) = 3), g jsonb NOT NULL CHECK (g ? 'a' AND g ? 'b'), h text NOT NULL UNIQUE CHECK (h ~ '^[A-Z]{4}$'), i text NOT NULL UNIQUE CHECK (length(i) = 5));
--- b
CREATE TABLE t (id int PRIMARY KEY);
INSERT INTO t SELECT generate_series(1, 20);

--- case ranges, and values of a domain, mean nothing in what they become
--- both
CREATE TABLE t (id int PRIMARY KEY);
INSERT INTO t VALUES (1), (2);
--- a
CREATE DOMAIN d AS date;
ALTER TABLE t ADD a int4range, ADD b int8multirange, ADD c d, ADD d date, ADD e d;
UPDATE t SET a = '[1,3)', b = '{[1,3)}', c = '2020-01-01', d = '2020-01-01';
CREATE INDEX i ON t (c);
--- b
CREATE DOMAIN d AS int CHECK (VALUE > 0);
ALTER TABLE t ADD a tstzrange, ADD b datemultirange NOT NULL DEFAULT '{[2020-01-01,2020-03-01)}', ADD c d, ADD d d, ADD e d;
UPDATE t SET a = '[2020-01-01,2020-01-02)', c = 1, d = 2;
ALTER TABLE t ALTER b DROP DEFAULT;
CREATE VIEW v AS SELECT c FROM t;

--- case an index that would go with an extension lies in the archive while that goes
--- a
CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE TABLE t (a int, b text UNIQUE); INSERT INTO t VALUES (1, 'x');
CREATE INDEX t_a ON t (a); ALTER INDEX t_a DEPENDS ON EXTENSION citext; ALTER INDEX t_b_key DEPENDS ON EXTENSION hstore; CREATE INDEX t_h ON t ((b::citext)); ALTER INDEX t_h DEPENDS ON EXTENSION hstore;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER touch BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TRIGGER touch ON t DEPENDS ON EXTENSION citext;
--- b

--- case rows that nothing tells apart get back what they had in an enum
--- a
CREATE TYPE e AS ENUM ('a', 'gone', 'b');
CREATE TABLE t (m e);
INSERT INTO t VALUES ('gone'), ('a'), ('gone'), ('b'), (NULL);
--- b
CREATE TYPE e AS ENUM ('a', 'b');
CREATE TABLE t (m e);
INSERT INTO t VALUES ('a'), ('b');

--- case rows that nothing tells apart get back together what they had in two columns
--- both
CREATE TABLE u (c int);
INSERT INTO u VALUES (1), (2);
--- a
CREATE TABLE t (m text, n int);
INSERT INTO t VALUES ('gone', 1), (NULL, 2), ('gone', NULL), ('b', 4), (NULL, NULL), ('x', 6);
--- b
CREATE TABLE t ();
INSERT INTO t DEFAULT VALUES;

--- case rows that nothing tells apart keep together what they have in columns of a type made anew
--- a
CREATE TYPE r AS RANGE (subtype = int);
CREATE TABLE t (m r, n r, o int);
INSERT INTO t VALUES ('[1,2)', NULL, 1), (NULL, '[2,3)', 1), ('[3,4)', '[4,5)', 1), (NULL, NULL, 1);
--- b
CREATE TYPE r AS RANGE (subtype = bigint);
CREATE TABLE t (m r, n r, o int);
INSERT INTO t VALUES ('[1,2)', '[2,3)', 1), (NULL, '[5,6)', 1), ('[7,8)', NULL, 1), ('[8,9)', '[1,9)', 1);

--- case rows of nothing but NULL are values, which may be in a column that is NOT NULL
--- a
CREATE TYPE c AS (x int, y text);
CREATE TYPE s AS (x int);
CREATE DOMAIN d AS s NOT NULL;
CREATE TABLE t (id int PRIMARY KEY, v c DEFAULT ROW(7, 'q')::c, w s NOT NULL, x d);
INSERT INTO t VALUES (1, ROW(1, 'a'), ROW(2), ROW(3)), (2, ROW(NULL, NULL), '()', '()');
--- b
CREATE TYPE c AS (x bigint, z int);
CREATE TYPE s AS (x int);
CREATE DOMAIN d AS s;
CREATE TABLE t (id int PRIMARY KEY, v c DEFAULT ROW(7, 8)::c NOT NULL, w s, x d);
INSERT INTO t VALUES (1, ROW(1, 2), ROW(1), ROW(2)), (2, ROW(NULL, NULL), '()', '()');

--- case what a partition could not keep is its own again once it and its table are plain
--- a
CREATE TABLE p (a int, b text) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE TABLE p2 PARTITION OF p DEFAULT;
--- b
CREATE TABLE p (a int, b text); INSERT INTO p VALUES (1, 'x'), (1, NULL), (2, 'y');
CREATE TABLE p1 (a int, b text); INSERT INTO p1 VALUES (1, 'z'), (NULL, NULL), (2, '');
