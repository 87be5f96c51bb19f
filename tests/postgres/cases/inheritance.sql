--- case parents and children change
--- a
CREATE TABLE base (a int NOT NULL DEFAULT 1, b text CHECK (b <> '')); CREATE TABLE more (x int); CREATE TABLE kid (c int) INHERITS (base); CREATE TABLE both_of (d int) INHERITS (base, more); CREATE TABLE grandkid () INHERITS (kid);
INSERT INTO kid VALUES (1, 'k', 2); INSERT INTO grandkid VALUES (2, 'g', 3);
--- b
CREATE TABLE base (a bigint NOT NULL, b text, n int DEFAULT 5); CREATE TABLE more (x int); CREATE TABLE kid (c int, a bigint DEFAULT 9) INHERITS (base); CREATE TABLE both_of (d int, x int, a bigint); CREATE TABLE grandkid () INHERITS (kid);
--- case a child leaves its parent and keeps its columns
--- both
CREATE TABLE base (a int, b text CONSTRAINT k CHECK (b <> ''));
--- a
CREATE TABLE kid (c int) INHERITS (base); INSERT INTO kid VALUES (1, 'x', 2);
--- b
CREATE TABLE kid (a int, b text CONSTRAINT k CHECK (b <> ''), c int); INSERT INTO kid VALUES (1, 'x', 2);
--- case a parent loses a column that a child defines too
--- a
CREATE TABLE base (a int, b int); CREATE TABLE kid (a int, c int) INHERITS (base); INSERT INTO kid VALUES (1, 2, 3);
--- b
CREATE TABLE base (b int); CREATE TABLE kid (a int, c int) INHERITS (base);
--- case a parent has lost a column, and left its children what was said of it there
--- a
CREATE TABLE base (a int NOT NULL CONSTRAINT k CHECK (a > 0), b int, e int NOT NULL); CREATE TABLE kid (a int, c int, e int) INHERITS (base); CREATE TABLE grandkid () INHERITS (kid); INSERT INTO kid VALUES (1, 2, 3, 4); INSERT INTO grandkid VALUES (1, 2, 3, 4); ALTER TABLE base DROP COLUMN a, DROP COLUMN e;
--- b
CREATE TABLE base (b int); CREATE TABLE kid (a bigint, c int, e int) INHERITS (base); CREATE TABLE grandkid (d int DEFAULT 5) INHERITS (kid); INSERT INTO kid VALUES (1, 2, 3, 4);
--- case a column is inherited, or its own
--- a
create table timestamp_base (created_at timestamp default now(), e integer); create table a (a1 integer, a2 integer) inherits (timestamp_base); insert into a values (now(), 1, 2, 3);
--- b
create table timestamp_base (created_at timestamp default now()); create table a (a1 integer, a2 integer) inherits (timestamp_base); alter table a drop column a2; alter table a add column e integer;
--- case two parents change a column of both
--- a
CREATE TABLE p1 (a int, x int DEFAULT 1); CREATE TABLE p2 (a int, y int CHECK (y > 0)); CREATE TABLE k (own int) INHERITS (p1, p2); INSERT INTO k VALUES (1, 2, 3, 4); CREATE INDEX i ON k (a);
--- b
CREATE TABLE p1 (a bigint, x int DEFAULT 2); CREATE TABLE p2 (a bigint, y int); CREATE TABLE k (own int) INHERITS (p1, p2); INSERT INTO k VALUES (1, 2, 3, 4); CREATE INDEX i ON k (a);
--- case parents come, go and change places
--- a
CREATE TABLE p1 (a int); CREATE TABLE p2 (b int); CREATE TABLE p3 (c int); CREATE TABLE k () INHERITS (p1, p2); INSERT INTO k VALUES (1, 2); CREATE TABLE k2 (c int) INHERITS (p1); INSERT INTO k2 VALUES (1, 2);  CREATE TABLE k3 () INHERITS (p1, p2, p3); INSERT INTO k3 VALUES (1, 2, 3);
--- b
CREATE TABLE p1 (a int); CREATE TABLE p2 (b int); CREATE TABLE p3 (c int);  CREATE TABLE k () INHERITS (p2, p1); INSERT INTO k VALUES (1, 2); CREATE TABLE k2 () INHERITS (p1, p3); INSERT INTO k2 VALUES (1, 2); CREATE TABLE k3 () INHERITS (p1); INSERT INTO k3 VALUES (1);
--- case a child of two children, which override
--- a
CREATE TABLE b (a int, t text DEFAULT 'x', CONSTRAINT ck CHECK (a > 0)); CREATE TABLE k1 () INHERITS (b); CREATE TABLE k2 (t text DEFAULT 'own') INHERITS (b); CREATE TABLE d (a int NOT NULL, t text DEFAULT 'd') INHERITS (k1, k2); INSERT INTO d VALUES (5, 'y'); INSERT INTO b VALUES (3, 'b'); CREATE VIEW v AS SELECT a FROM d;
--- b
CREATE TABLE b (a bigint NOT NULL, t text, n int DEFAULT 7, CONSTRAINT ck CHECK (a > 0) NO INHERIT); CREATE TABLE k1 (n int DEFAULT 8, CONSTRAINT ck CHECK (a > 1)) INHERITS (b); CREATE TABLE k2 (t text DEFAULT 'own') INHERITS (b); CREATE TABLE d (a bigint, t text, n int DEFAULT 3) INHERITS (k1, k2); ALTER TABLE ONLY d ALTER n DROP DEFAULT; CREATE VIEW v AS SELECT a FROM d;
--- case generated columns in chains of partitions and children
--- a
CREATE FUNCTION f(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 + 1'; CREATE TABLE b (x int, g int GENERATED ALWAYS AS (f(x)) STORED); CREATE TABLE k (y int) INHERITS (b); INSERT INTO k (x, y) VALUES (1, 2); CREATE INDEX ki ON k (g); CREATE TABLE p (x int, g int GENERATED ALWAYS AS (f(x)) STORED) PARTITION BY LIST (x); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); INSERT INTO p VALUES (1); CREATE INDEX pi ON p (g);
--- b
CREATE FUNCTION f(int) RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT $1::bigint + 1'; CREATE TABLE b (x int, g bigint GENERATED ALWAYS AS (f(x)) STORED, h int DEFAULT 1); CREATE TABLE k (y int) INHERITS (b); INSERT INTO k (x, y) VALUES (1, 2); CREATE INDEX ki ON k (g); CREATE TABLE p (x int, g bigint GENERATED ALWAYS AS (f(x) * 2) STORED) PARTITION BY LIST (x); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); INSERT INTO p VALUES (1); CREATE INDEX pi ON p (g);

--- case a default of the parent that its child has not
--- a
CREATE TABLE public.p (id int, n text);
CREATE TABLE public.c (id int, n text);
ALTER TABLE public.c INHERIT public.p;
ALTER TABLE ONLY public.p ALTER n SET DEFAULT 'p';
ALTER TABLE public.p ADD CONSTRAINT positive CHECK (id > 0);
--- b
CREATE TABLE public.other (id int);

--- case a parent gets another name, which its children have to follow
--- both
CREATE TABLE public.a (id int NOT NULL, CONSTRAINT positive CHECK (id > 0));
--- a
CREATE TABLE public.b (id int NOT NULL, extra numeric DEFAULT 1.5, CHECK (extra > 0));
CREATE TABLE public.ab (own text) INHERITS (public.a, public.b);
CREATE TABLE public.abc (CHECK (own <> '')) INHERITS (public.ab);
INSERT INTO public.abc VALUES (1, 2, 'x');
--- b
CREATE TABLE public.b2 (id int NOT NULL, extra numeric DEFAULT 1.5, CONSTRAINT b_extra_check CHECK (extra > 0));
CREATE TABLE public.ab (own text) INHERITS (public.a, public.b2);
CREATE TABLE public.abc (CHECK (own <> '')) INHERITS (public.ab);
INSERT INTO public.abc VALUES (1, 2, 'x');

--- case a check of a child's own that its parent gives too
--- a
CREATE TABLE one (a int, CONSTRAINT c CHECK (a > 0));
CREATE TABLE t (b int, CONSTRAINT c CHECK (a > 0)) INHERITS (one);
--- b
CREATE TABLE one (a int, CONSTRAINT c CHECK (a > 1) NO INHERIT);
CREATE TABLE t (b int) INHERITS (one);
--- both
INSERT INTO one VALUES (5); INSERT INTO t VALUES (5, 6);

--- case a partition computes a column in its own way -- since 17
--- a
CREATE TABLE p (a int, g int GENERATED ALWAYS AS (a + 1) STORED) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF p (g GENERATED ALWAYS AS (a * 10) STORED) FOR VALUES IN (1);
CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
--- b
CREATE TABLE p (a int, g int GENERATED ALWAYS AS (a + 2) STORED) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE TABLE p2 PARTITION OF p (g GENERATED ALWAYS AS (a * 20) STORED) FOR VALUES IN (2);
--- both
INSERT INTO p (a) VALUES (1), (2);

--- case flags of NOT NULL before 18: each table has its own, whatever its parent has -- before 18
--- both
CREATE TABLE one (id int, a int); CREATE TABLE two (id int);
CREATE TABLE child () INHERITS (one, two); CREATE TABLE below () INHERITS (child);
CREATE TABLE p (id int, a int) PARTITION BY LIST (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1) PARTITION BY LIST (a);
CREATE TABLE p2 PARTITION OF p1 FOR VALUES IN (1);
INSERT INTO one VALUES (1, 1); INSERT INTO child VALUES (2, 2); INSERT INTO below VALUES (3, 3);
INSERT INTO p VALUES (1, 1);
--- a
ALTER TABLE two ALTER id SET NOT NULL; ALTER TABLE ONLY child ALTER a SET NOT NULL;
ALTER TABLE p ALTER id SET NOT NULL; ALTER TABLE p1 ALTER a SET NOT NULL;
ALTER TABLE one ADD x int NOT NULL DEFAULT 1; ALTER TABLE ONLY below ALTER x DROP NOT NULL;
--- b
ALTER TABLE ONLY one ALTER id SET NOT NULL; ALTER TABLE ONLY child ALTER id SET NOT NULL;
ALTER TABLE ONLY one ALTER a SET NOT NULL;
ALTER TABLE p1 ALTER id SET NOT NULL; ALTER TABLE p2 ALTER a SET NOT NULL;
--- case children with other flags of NOT NULL than their parents come and go -- before 18
--- a
CREATE TABLE t (id int NOT NULL, a int, b int NOT NULL); CREATE TABLE c (b int) INHERITS (t);
ALTER TABLE ONLY c ALTER id DROP NOT NULL; ALTER TABLE ONLY c ALTER a SET NOT NULL;
ALTER TABLE ONLY c ALTER b DROP NOT NULL; INSERT INTO c VALUES (NULL, 1, NULL);
--- case an inherited column is made anew
--- both
CREATE TYPE c AS (x int4range, y int); CREATE DOMAIN d AS c CHECK (VALUE::text <> 'x'); CREATE TABLE t (id int PRIMARY KEY, v d[]); CREATE TABLE u () INHERITS (t); INSERT INTO u VALUES (1, '{}'), (2, '{}'); INSERT INTO t VALUES (1,'{}');
--- a
ALTER DOMAIN d ADD CHECK (VALUE::text <> 'y') NOT VALID;
--- case an inherited column is of another type that is not cast
--- a
CREATE TABLE t (id int PRIMARY KEY, v int); CREATE TABLE u () INHERITS (t); INSERT INTO u VALUES (1, 1), (2, 2);
--- b
CREATE TABLE t (id int PRIMARY KEY, v int[]); CREATE TABLE u () INHERITS (t); INSERT INTO u VALUES (1, '{1}'), (2, '{2}');
--- case two parents with other defaults
--- a
CREATE TABLE p (id int DEFAULT 1, v text); CREATE TABLE q (v text, id int); CREATE TABLE c () INHERITS (p, q); ALTER TABLE q ALTER id SET DEFAULT 2; ALTER TABLE c ALTER v SET DEFAULT 'c'; INSERT INTO c VALUES (4);
--- b
CREATE TABLE p (id int DEFAULT 1, v text); CREATE TABLE q (v text DEFAULT 'q', id int DEFAULT 2);

--- case a NOT NULL is not valid in a parent and valid in the table that came later -- since 18
--- both
CREATE TABLE p (id int);
--- a
ALTER TABLE p ADD a text, ADD CONSTRAINT given NOT NULL a NOT VALID, ADD b text, ADD CONSTRAINT also NOT NULL b NOT VALID;
CREATE TABLE t () INHERITS (p);
CREATE TABLE below () INHERITS (t);
--- b
ALTER TABLE p ADD b text;
CREATE TABLE t () INHERITS (p);
CREATE TABLE below () INHERITS (t);

--- case a table gets a parent that gives the NOT NULL that was its own, and leaves it
--- a
CREATE TABLE p (id int NOT NULL); CREATE TABLE c (x int, id int NOT NULL); INSERT INTO c VALUES (1, 2);
--- b
CREATE TABLE p (id int NOT NULL); CREATE TABLE c (x int) INHERITS (p);
--- case a column gets another type above a NOT NULL of another name
--- a
CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int NOT NULL) INHERITS (p); CREATE TABLE d () INHERITS (p); CREATE TABLE e () INHERITS (c);
INSERT INTO p VALUES (1); INSERT INTO c VALUES (2); INSERT INTO d VALUES (3); INSERT INTO e VALUES (4);
--- b
CREATE TABLE p (id bigint PRIMARY KEY); CREATE TABLE c (id bigint NOT NULL) INHERITS (p); CREATE TABLE d () INHERITS (p); CREATE TABLE e () INHERITS (c);
--- case a table leaves one above a table elsewhere, and a column goes from both
--- both
CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;
--- a
CREATE TABLE top (id int PRIMARY KEY, m int); CREATE TABLE kid () INHERITS (top); CREATE FOREIGN TABLE far () INHERITS (top) SERVER s;
INSERT INTO top VALUES (1, 1); INSERT INTO kid VALUES (2, 2);
--- b
CREATE TABLE top (id int PRIMARY KEY); CREATE TABLE kid (id int NOT NULL); CREATE FOREIGN TABLE far () INHERITS (top) SERVER s;
INSERT INTO top VALUES (1); INSERT INTO kid VALUES (2);
--- case a NOT NULL of one's own on a column that comes by the table above -- since 18
--- both
CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c () INHERITS (p); CREATE TABLE d () INHERITS (c); INSERT INTO c VALUES (1); INSERT INTO d VALUES (2);
--- a
ALTER TABLE p ADD v int DEFAULT 1 NOT NULL; ALTER TABLE c ALTER v SET NOT NULL;
ALTER TABLE p ADD w int DEFAULT 1; ALTER TABLE c ALTER w SET NOT NULL;
ALTER TABLE p ADD x int; UPDATE p SET x = id; ALTER TABLE p ALTER x SET NOT NULL; ALTER TABLE d ALTER x SET NOT NULL;

--- case tables in which a check is valid, being as old as they are, beside others in which it never was
--- a
CREATE TABLE p (a int); INSERT INTO p VALUES (1); CREATE TABLE q (n int); INSERT INTO q VALUES (1);
CREATE TABLE b () INHERITS (p); CREATE TABLE c () INHERITS (p); CREATE TABLE qb () INHERITS (q);
ALTER TABLE p ADD CONSTRAINT k CHECK (a < 1000) NOT VALID;
ALTER TABLE q ADD CONSTRAINT k NOT NULL n NOT VALID; -- since 18
CREATE TABLE a () INHERITS (p); CREATE TABLE own (CONSTRAINT k CHECK (a < 1000)) INHERITS (p);
CREATE TABLE d () INHERITS (a); CREATE TABLE qa () INHERITS (q);

--- case a check of a parent was validated, and those of its children are valid either way
--- both
CREATE TABLE p (a int, n int); INSERT INTO p VALUES (1, 1); CREATE TABLE b () INHERITS (p);
--- a
ALTER TABLE p ADD CONSTRAINT k CHECK (a < 1000) NOT VALID;
ALTER TABLE p ADD CONSTRAINT nn NOT NULL n NOT VALID; -- since 18
--- b
ALTER TABLE p ADD CONSTRAINT k CHECK (a < 1000);
ALTER TABLE p ADD CONSTRAINT nn NOT NULL n; -- since 18
--- both
CREATE TABLE c () INHERITS (p); CREATE TABLE d () INHERITS (c);

--- case children that compute a column of their own otherwise, or all in one way -- since 16
--- a
CREATE TABLE p (x int, y int GENERATED ALWAYS AS (x + 1) STORED);
CREATE TABLE c (y int GENERATED ALWAYS AS (x + 2) STORED) INHERITS (p);
CREATE TABLE d (y int GENERATED ALWAYS AS (x + 1) STORED) INHERITS (c);
--- b
CREATE TABLE p (x int, y int GENERATED ALWAYS AS (x + 3) STORED);
CREATE TABLE c (y int GENERATED ALWAYS AS (x + 3) STORED) INHERITS (p);
CREATE TABLE d (y int GENERATED ALWAYS AS (x + 3) STORED) INHERITS (c);
--- both
CREATE TABLE e () INHERITS (c);
INSERT INTO p VALUES (1); INSERT INTO d VALUES (2); INSERT INTO e VALUES (3);
--- case a column comes by two tables to one below both that was made anew without it -- since 18
--- both
CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b () INHERITS (a); CREATE TABLE c () INHERITS (a); CREATE TABLE d (y int) INHERITS (b, c); INSERT INTO d VALUES (1); INSERT INTO b VALUES (2);
--- a
ALTER TABLE b ALTER id SET NOT NULL; ALTER TABLE a ADD v int; UPDATE a SET v = id;
--- case a column comes by each of two tables to one below both that was made anew without it -- since 18
--- both
CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b () INHERITS (a); CREATE TABLE c (x int, id int NOT NULL); ALTER TABLE c INHERIT a; CREATE TABLE d (y int) INHERITS (b, c); INSERT INTO d (id) VALUES (1); INSERT INTO b VALUES (2);
--- a
ALTER TABLE b ALTER id SET NOT NULL; ALTER TABLE a ADD v int; UPDATE a SET v = id; ALTER TABLE c NO INHERIT a;

--- case computed columns of children that are otherwise computed and not NULL -- since 16
--- both
CREATE TABLE public.p (x int NOT NULL, y int GENERATED ALWAYS AS (x + 1) STORED, z int NOT NULL GENERATED ALWAYS AS (x + 1) STORED, w int NOT NULL GENERATED ALWAYS AS (x + 1) STORED);
CREATE TABLE public.k (own int, y int GENERATED ALWAYS AS (x + 2) STORED, z int GENERATED ALWAYS AS (x + 8) STORED) INHERITS (public.p);
CREATE TABLE public.g (z int GENERATED ALWAYS AS (x + 9) STORED) INHERITS (public.k);
INSERT INTO public.k (x) VALUES (4);
--- a
ALTER TABLE public.p ALTER y SET EXPRESSION AS (x + 9);  -- since 17
ALTER TABLE public.p ADD PRIMARY KEY (y);
ALTER TABLE public.p ALTER z SET EXPRESSION AS (x + 9);  -- since 17
--- b
CREATE TABLE public.h (w int GENERATED ALWAYS AS (x + 5) STORED) INHERITS (public.k);

--- case a NOT NULL that is not valid was validated in tables below -- since 18
--- both
CREATE TABLE s (j int, k int); CREATE TABLE t () INHERITS (s); CREATE TABLE u () INHERITS (t); CREATE TABLE v () INHERITS (u); CREATE TABLE w () INHERITS (s); CREATE TABLE x () INHERITS (s);
INSERT INTO s VALUES (NULL, 1); INSERT INTO v VALUES (2, 2); INSERT INTO w VALUES (3, 3);
ALTER TABLE s ADD CONSTRAINT jn NOT NULL j NOT VALID; ALTER TABLE w VALIDATE CONSTRAINT jn;
--- a
--- b
ALTER TABLE u VALIDATE CONSTRAINT jn; ALTER TABLE x VALIDATE CONSTRAINT jn;

--- case another type under a check that was validated only below
--- both
CREATE TABLE public.p (a int, b text); INSERT INTO public.p VALUES (1, 'p');
CREATE TABLE public.k (a int, b text, CONSTRAINT few CHECK (a < 1000)); INSERT INTO public.k VALUES (2, 'k');
--- a
ALTER TABLE public.p ADD CONSTRAINT few CHECK (a < 1000) NOT VALID; ALTER TABLE public.k INHERIT public.p; CREATE TABLE public.g () INHERITS (public.k);
--- b
ALTER TABLE public.p ALTER a TYPE bigint, ADD CONSTRAINT few CHECK (a < 1000) NOT VALID; ALTER TABLE public.k ALTER a TYPE bigint; ALTER TABLE public.k INHERIT public.p; CREATE TABLE public.g () INHERITS (public.k); ALTER TABLE public.p VALIDATE CONSTRAINT few;

--- case a child leaves a parent whose NOT NULL was never validated -- since 18
--- both
CREATE TABLE public.p (a int); CREATE TABLE public.k (x int) INHERITS (public.p); INSERT INTO public.k VALUES (1, 2);
ALTER TABLE public.p ADD CONSTRAINT a_nn NOT NULL a NOT VALID;
--- b
ALTER TABLE public.k NO INHERIT public.p;

--- case children keep as their own what a parent checks no more
--- both
CREATE TABLE p (a int, s varchar); CREATE TABLE b () INHERITS (p); CREATE TABLE c (CONSTRAINT k CHECK (a > 0)) INHERITS (p);
CREATE TABLE d () INHERITS (b, c); CREATE TABLE e () INHERITS (d); INSERT INTO d VALUES (1, 'x');
ALTER TABLE p ADD CONSTRAINT k CHECK (a > 0), ADD CONSTRAINT l CHECK (s IN ('x', 'y')), ADD CONSTRAINT n CHECK (a < 5) NOT VALID;
CREATE TABLE f () INHERITS (b);
--- b
ALTER TABLE p DROP CONSTRAINT k; ALTER TABLE ONLY p DROP CONSTRAINT l, DROP CONSTRAINT n; ALTER TABLE d NO INHERIT c;

--- case checks that a column of a parent has left below, which no statement drops
--- both
CREATE TABLE p (a int, b int); INSERT INTO p VALUES (1, 1);
CREATE TABLE k (a int DEFAULT 5, CONSTRAINT own CHECK (a > 0), CONSTRAINT kept CHECK (a > -1), CONSTRAINT named CHECK (a > -2)) INHERITS (p);
CREATE TABLE g (x int) INHERITS (k); INSERT INTO g VALUES (1, 2, 3); CREATE VIEW v AS SELECT a FROM k; CREATE INDEX i ON k (a);
ALTER TABLE p ADD CONSTRAINT own CHECK (a > 0), ADD CONSTRAINT kept CHECK (a > -1), ADD CONSTRAINT named CHECK (a > -2), ADD CONSTRAINT other CHECK (a <> 7);
--- a
ALTER TABLE p DROP COLUMN a;
--- b
ALTER TABLE p DROP CONSTRAINT other, ADD CONSTRAINT other CHECK (b <> 7);
ALTER TABLE p RENAME CONSTRAINT named TO called; ALTER TABLE p DROP CONSTRAINT own; ALTER TABLE k DROP CONSTRAINT own;
--- case a check that was left below, being valid, beside one of the name that is not
--- both
CREATE TABLE p (a int); INSERT INTO p VALUES (1); CREATE TABLE k (a int DEFAULT 5) INHERITS (p);
--- a
ALTER TABLE p ADD CONSTRAINT c CHECK (a < 9); ALTER TABLE p DROP COLUMN a;
--- b
ALTER TABLE p ADD CONSTRAINT c CHECK (a < 9) NOT VALID;
--- case a child lost the NOT NULL that it inherits when it got an expression of its own
--- both
CREATE TABLE p (a int, g int GENERATED ALWAYS AS (a + 1) STORED CONSTRAINT nn NOT NULL); CREATE TABLE b (x int) INHERITS (p); CREATE TABLE c (x int) INHERITS (p);
INSERT INTO b VALUES (1); INSERT INTO c VALUES (1); CREATE VIEW v AS SELECT * FROM p;
--- a
ALTER TABLE b ALTER g SET EXPRESSION AS (a + 2); ALTER TABLE c ALTER g SET EXPRESSION AS (a + 2); -- since 17
--- b
ALTER TABLE b NO INHERIT p; ALTER TABLE p ALTER g DROP NOT NULL;
--- case a NOT NULL that one parent takes back while its child leaves the other -- since 18
--- both
CREATE TABLE p (c text); CREATE TABLE b (x int) INHERITS (p); CREATE TABLE f (c text NOT NULL) INHERITS (p);
CREATE TABLE g (y int) INHERITS (b, f); INSERT INTO g (c) VALUES ('x'); ALTER TABLE p ADD CONSTRAINT nn NOT NULL c;
--- b
ALTER TABLE p ALTER c DROP NOT NULL; ALTER TABLE g NO INHERIT f; ALTER TABLE b NO INHERIT p;

--- case a child has a column of its own that is never null, or lost it
--- a
CREATE TABLE p (id int); CREATE TABLE c () INHERITS (p); INSERT INTO c VALUES (1), (2);
--- b
CREATE TABLE p (id int); CREATE TABLE c (x int NOT NULL) INHERITS (p); INSERT INTO c VALUES (1, 5);
--- case a child and its parent get a column of one name, which is never null in either
--- a
CREATE TABLE p (id int); CREATE TABLE q (n int); CREATE TABLE c () INHERITS (p, q); CREATE TABLE d () INHERITS (c);
INSERT INTO p VALUES (0); INSERT INTO c VALUES (1, 1), (2, 2); INSERT INTO d VALUES (3, 3);
--- b
CREATE TABLE p (id int, x int NOT NULL); CREATE TABLE q (n int, x int NOT NULL);
CREATE TABLE c (x int NOT NULL) INHERITS (p, q); CREATE TABLE d (x int NOT NULL, z date NOT NULL) INHERITS (c);
--- case a column that is never null moves from a parent to one of its children
--- a
CREATE TABLE p (id int, x text NOT NULL CHECK (x <> 'q'), PRIMARY KEY (x)); CREATE TABLE c (n int) INHERITS (p); CREATE TABLE d (x text CONSTRAINT own NOT NULL) INHERITS (c);
CREATE TABLE e () INHERITS (p); INSERT INTO p VALUES (1, 'a'); INSERT INTO c VALUES (1, 'a', 2); INSERT INTO d VALUES (1, 'b', 2); INSERT INTO e VALUES (3, 'e');
--- b
CREATE TABLE p (id int); CREATE TABLE c (n int, x text NOT NULL) INHERITS (p); CREATE TABLE d (x text CONSTRAINT own NOT NULL) INHERITS (c); CREATE TABLE e () INHERITS (p);
--- case a check that is valid in a child, and not in its parent, comes to both
--- both
CREATE TABLE p (a int); INSERT INTO p VALUES (1); CREATE TABLE z (a int); ALTER TABLE z INHERIT p;
--- a
ALTER TABLE z ADD CONSTRAINT c CHECK (a < 9); ALTER TABLE p ADD CONSTRAINT c CHECK (a < 9) NOT VALID;

--- case a check that a parent has left to a grandchild, where the column between goes and comes again
--- both
CREATE TABLE a (x int, y int, CONSTRAINT positive CHECK (x > 0)); CREATE TABLE b () INHERITS (a); CREATE TABLE c (x int) INHERITS (b);
INSERT INTO a VALUES (1, 2); INSERT INTO b VALUES (3, 4); INSERT INTO c VALUES (5, 6);
--- a
ALTER TABLE ONLY a DROP x;

--- case an enum is made anew while a table leaves the one that it has its column from
--- a
CREATE TYPE e AS ENUM ('x', 'y', 'z'); CREATE TABLE a (c e, d int); CREATE TABLE b () INHERITS (a);
INSERT INTO a VALUES ('x', 1); INSERT INTO b VALUES ('y', 2);
--- b
CREATE TYPE e AS ENUM ('z', 'y', 'x'); CREATE TABLE a (c e, d int); CREATE TABLE b () INHERITS (a); ALTER TABLE b NO INHERIT a;
INSERT INTO a VALUES ('x', 1); INSERT INTO b VALUES ('y', 2);

--- case a column may be null again, and has another type, where a child that has it in its key is gone
--- a
CREATE TYPE pair AS (a int, b int); CREATE TABLE a (x int NOT NULL, y int); INSERT INTO a VALUES (1, 2);
CREATE TABLE b (y int) INHERITS (a); ALTER TABLE b ADD PRIMARY KEY (x);
--- b
CREATE TYPE pair AS (a int, b int); CREATE TABLE a (x bigint, y int);

--- case a column comes with the name of the NOT NULL that one which goes has inherited -- since 18
--- both
--- a
CREATE TABLE pa (x int, y int);
CREATE TABLE pb (y int CONSTRAINT pb_nn NOT NULL);
CREATE TABLE ca (w int) INHERITS (pa, pb);
CREATE VIEW v AS SELECT y FROM ca;
--- b
CREATE TABLE pa (x int, z int);
CREATE TABLE pb (y int CONSTRAINT pb_nn NOT NULL);
CREATE TABLE ca (w int, z int CONSTRAINT pb_nn NOT NULL) INHERITS (pa);
CREATE VIEW v AS SELECT z AS y FROM ca;

--- case a NOT NULL that a parent has left, in the archive, of a column with a check that it has left, too
--- a
CREATE TABLE pa (x int NOT NULL, CONSTRAINT c CHECK (x > -5)); CREATE TABLE gb (x int) INHERITS (pa);
INSERT INTO gb VALUES (7);
ALTER TABLE ONLY pa DROP x;
--- b
CREATE TABLE o (x int);

--- case a NOT NULL that a parent has left in a table two below
--- a
CREATE TABLE pa (x int NOT NULL, CONSTRAINT c CHECK (x > -5)); CREATE TABLE cb () INHERITS (pa); CREATE TABLE gb (x int) INHERITS (cb);
INSERT INTO gb VALUES (7);
ALTER TABLE cb NO INHERIT pa; ALTER TABLE ONLY cb DROP x;
--- b
CREATE TABLE o (x int);

--- case another type where a NOT NULL is valid in a table that inherits it never validated -- since 18
--- a
CREATE TABLE nn0 (a int, b int); ALTER TABLE nn0 ADD CONSTRAINT nn0_b NOT NULL b NOT VALID; CREATE TABLE nn1 () INHERITS (nn0);
--- b
CREATE TABLE nn0 (a int, b bigint); ALTER TABLE nn0 ADD CONSTRAINT nn0_b NOT NULL b NOT VALID; CREATE TABLE nn1 () INHERITS (nn0);

--- case a table inherits a computed column from two that compute it otherwise -- since 16
--- a
CREATE TABLE g0 (a int, b int GENERATED ALWAYS AS (a * 2) STORED); CREATE TABLE g1 (b int GENERATED ALWAYS AS (a * 3) STORED, z int) INHERITS (g0);
CREATE TABLE g2 () INHERITS (g1); ALTER TABLE g2 INHERIT g0; INSERT INTO g2 (a) VALUES (1);
--- b
CREATE TABLE o (x int);

--- case a parent gets a column that its child has, and has it NOT NULL
--- a
CREATE TABLE pb (y int); CREATE TABLE ca (w int) INHERITS (pb);
ALTER TABLE pb ADD w int NOT NULL;
--- b
CREATE TABLE pb (y int); CREATE TABLE ca (w int) INHERITS (pb);

--- case a view reads a column of a parent that its child had before, and has it NOT NULL
--- a
CREATE TABLE pb (y int); CREATE TABLE ca (w int) INHERITS (pb);
ALTER TABLE pb ADD w int NOT NULL; CREATE VIEW v AS SELECT w FROM pb;
--- b
CREATE TABLE pb (y int); CREATE TABLE ca (w int) INHERITS (pb); CREATE VIEW v AS SELECT y AS w FROM pb;

--- case a NOT NULL that nobody tells of, left by a parent that is left -- since 18
--- a
CREATE TABLE p (x int NOT NULL); CREATE TABLE c (x int) INHERITS (p); INSERT INTO c VALUES (7);
ALTER TABLE ONLY p DROP x; ALTER TABLE c NO INHERIT p;
--- b
CREATE TABLE c (x bigint CONSTRAINT p_x_not_null NOT NULL);

--- case a NOT NULL that nobody tells of, beside none -- since 18
--- a
CREATE TABLE p (x int NOT NULL); CREATE TABLE c (x int) INHERITS (p); INSERT INTO c VALUES (7);
ALTER TABLE ONLY p DROP x; ALTER TABLE c NO INHERIT p;
--- b
CREATE TABLE p (x int NOT NULL); CREATE TABLE c () INHERITS (p);

--- case NOT NULLs that become their own, with each other's names -- since 18
--- both
CREATE TABLE p (a int CONSTRAINT na NOT NULL, b int); ALTER TABLE p ADD CONSTRAINT nb NOT NULL b NOT VALID;
--- a
CREATE TABLE c () INHERITS (p);
--- b
CREATE TABLE c (a int CONSTRAINT nb NOT NULL, b int CONSTRAINT na NOT NULL);
--- case a computed column of a parent that the child has of its own, with a check that it has not -- before 16
--- a
CREATE TABLE p (x int, g int GENERATED ALWAYS AS (x + 1) STORED); CREATE TABLE c (x int, g int GENERATED ALWAYS AS (x + 1) STORED, y int DEFAULT 3, CHECK (y > 0));
ALTER TABLE p ADD CONSTRAINT l CHECK (g > 0); ALTER TABLE c ADD CONSTRAINT l CHECK (g > 0); ALTER TABLE c INHERIT p; ALTER TABLE p ADD CONSTRAINT k CHECK (x > 0); INSERT INTO c VALUES (1); INSERT INTO p VALUES (2);
--- b
CREATE TABLE other (id int);

--- case a column that two parents give leaves a check below one of them
--- both
CREATE TABLE pa (x int NOT NULL, y int DEFAULT 1, CONSTRAINT pa_y CHECK (y > 0)); CREATE TABLE pb (y int DEFAULT 1, z text);
CREATE TABLE ca (w int, y int DEFAULT 2) INHERITS (pa, pb); CREATE TABLE cb (y int DEFAULT 5) INHERITS (pa); CREATE TABLE ga (q text, y int DEFAULT 6) INHERITS (ca, cb);
INSERT INTO ga (x, y) VALUES (1, 2); INSERT INTO cb (x, y) VALUES (3, 4);
--- a
--- b
ALTER TABLE cb NO INHERIT pa; ALTER TABLE cb DROP y;

--- case a NOT NULL of its own name, before that of a parent which is not valid -- since 18
--- a
CREATE TABLE pa (x int NOT NULL, y int DEFAULT 1); CREATE TABLE pb (y int DEFAULT 1, z text, CONSTRAINT pb_nn NOT NULL y);
CREATE TABLE ca (w int, y int DEFAULT 2) INHERITS (pa, pb); INSERT INTO ca VALUES (1);
ALTER TABLE pa ADD CONSTRAINT x41 NOT NULL y NOT VALID; ALTER TABLE ca NO INHERIT pb;
--- b
CREATE TABLE o (x int);

--- case a table between two others leaves its parents, a table below inheriting from one of them otherwise too -- since 18
--- both
CREATE TABLE pa (x int NOT NULL, y int DEFAULT 1); CREATE TABLE pb (y int DEFAULT 1, z text, CONSTRAINT pb_nn NOT NULL y);
CREATE TABLE ca (w int, y int DEFAULT 2) INHERITS (pa, pb); CREATE TABLE cb (y int DEFAULT 5) INHERITS (pa); CREATE TABLE ga (q text, y int DEFAULT 6) INHERITS (ca, cb);
--- a
--- b
ALTER TABLE ca NO INHERIT pa; ALTER TABLE ca NO INHERIT pb;

--- case a NOT NULL that is not valid, in a table below too since its column has another type -- since 18
--- both
CREATE TABLE p (a int CONSTRAINT p_a NOT NULL, b int); ALTER TABLE p ADD CONSTRAINT p_b NOT NULL b NOT VALID; CREATE TABLE c () INHERITS (p);
--- a
--- b
ALTER TABLE p ALTER b TYPE text;

--- case a column that numbers rows is NOT NULL by a parent
--- a
CREATE TABLE p (a int, c int NOT NULL); CREATE TABLE d (c int, e int) INHERITS (p); ALTER TABLE d ALTER c ADD GENERATED ALWAYS AS IDENTITY; INSERT INTO d (a) VALUES (1);
--- b
CREATE TABLE o (a int);
--- case a column of two parents, of which one has lost it and leaves a check of it
--- both
CREATE TABLE b (y int);
--- a
CREATE TABLE a (y int, CONSTRAINT k CHECK (y > 0)); CREATE TABLE c () INHERITS (a, b); INSERT INTO c VALUES (1);
--- b
CREATE TABLE a (y int, CONSTRAINT k CHECK (y > 0)); CREATE TABLE c () INHERITS (a, b); INSERT INTO c VALUES (1); ALTER TABLE ONLY a DROP y;
--- case a check of a column that a child computes otherwise -- since 17
--- a
CREATE TABLE p (y int, g int GENERATED ALWAYS AS (y + 1) STORED); CREATE TABLE c () INHERITS (p); ALTER TABLE c ALTER g SET EXPRESSION AS (y + 2);
ALTER TABLE p ADD CONSTRAINT k CHECK (g > 0); INSERT INTO c VALUES (1); CREATE TABLE d () INHERITS (c);
--- b
CREATE TABLE other (id int);
--- case a column with a check that a child computes otherwise or does not -- since 17
--- both
CREATE TABLE p (y int, g int GENERATED ALWAYS AS (y + 1) STORED); CREATE TABLE c () INHERITS (p); CREATE TABLE d () INHERITS (c);
--- a
ALTER TABLE c ALTER g SET EXPRESSION AS (y + 2); ALTER TABLE p ADD CONSTRAINT k CHECK (g > 0); INSERT INTO c VALUES (1);
--- b
ALTER TABLE p ADD CONSTRAINT k CHECK (g > 0); INSERT INTO c VALUES (1);

--- case a table comes below a NOT NULL that is not valid, beside one that has it by another name -- since 18
--- a
CREATE TABLE pa (x int, y int); CREATE TABLE pb (y int CONSTRAINT pb_nn NOT NULL); CREATE TABLE ca (w int) INHERITS (pa, pb); CREATE TABLE cb () INHERITS (pa); CREATE TABLE ga () INHERITS (ca);
CREATE TABLE late () INHERITS (cb); ALTER TABLE pa ADD CONSTRAINT x41 NOT NULL y NOT VALID; ALTER TABLE ca NO INHERIT pb;
--- b
CREATE TABLE o (a int);

--- case columns count by themselves that are NOT NULL by a column of their parent which comes
--- both
CREATE TABLE p (b int); CREATE TABLE c (x int) INHERITS (p); CREATE TABLE d (x int) INHERITS (p); INSERT INTO c VALUES (1, 2); INSERT INTO d VALUES (1, 2), (2, 3);
--- a
ALTER TABLE d ADD a int DEFAULT 1; -- since 18
ALTER TABLE p ADD a int NOT NULL DEFAULT 1; ALTER TABLE p ALTER a DROP DEFAULT;
ALTER TABLE c ALTER a DROP DEFAULT, ALTER a ADD GENERATED ALWAYS AS IDENTITY;
ALTER TABLE d ALTER a DROP DEFAULT, ALTER a ADD GENERATED BY DEFAULT AS IDENTITY (START 7); -- since 18

--- case rows of several tables of a tree that have the same key, where some come anew -- since 18
--- both
CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b () INHERITS (a); CREATE TABLE c () INHERITS (a); CREATE TABLE d (y int) INHERITS (b, c);
INSERT INTO a SELECT i FROM generate_series(0, 3) i; INSERT INTO b SELECT i % 4 FROM generate_series(0, 9) i; INSERT INTO c SELECT i % 4 FROM generate_series(0, 9) i; INSERT INTO d SELECT i % 4 FROM generate_series(0, 9) i;
--- a
ALTER TABLE b ALTER id SET NOT NULL; ALTER TABLE a ADD v text; UPDATE a SET v = tableoid::regclass || ' ' || ctid WHERE id > 0;
