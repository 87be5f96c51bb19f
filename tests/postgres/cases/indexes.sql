--- case indexes of every method
--- both
CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gin; CREATE EXTENSION btree_gist; CREATE EXTENSION bloom;
CREATE TABLE t (a int, b text, c jsonb, d point, e int4range, f int[], g tsvector, h timestamptz);
--- a
CREATE INDEX i1 ON t (a DESC NULLS LAST, b COLLATE "C" text_pattern_ops); CREATE INDEX i2 ON t USING hash (a);
CREATE INDEX i3 ON t USING gin (c jsonb_path_ops) WITH (fastupdate = off); CREATE INDEX i4 ON t USING gist (d, e);
CREATE INDEX i5 ON t USING spgist (d); CREATE INDEX i6 ON t USING brin (h) WITH (pages_per_range = 16, autosummarize = on);
CREATE INDEX i7 ON t USING gin (b gin_trgm_ops); CREATE INDEX i8 ON t USING bloom (a) WITH (length = 80, col1 = 2);
CREATE INDEX i9 ON t USING gist (b gist_trgm_ops (siglen = 32));
CREATE UNIQUE INDEX i10 ON t (a) INCLUDE (b, h) NULLS NOT DISTINCT; -- since 15
CREATE INDEX i11 ON t (lower(b), (a + 1), (c ->> 'x')) WHERE a > 3 AND b IS NOT NULL;
ALTER INDEX i11 ALTER COLUMN 2 SET STATISTICS 300;
--- b
CREATE INDEX i1 ON t (a, b); CREATE INDEX i2 ON t USING btree (a) WITH (fillfactor = 50, deduplicate_items = off);
CREATE INDEX i3 ON t USING gin (c); CREATE INDEX i4 ON t USING gist (e); CREATE INDEX i5 ON t USING spgist (d kd_point_ops);
CREATE INDEX i6 ON t USING brin (h timestamptz_minmax_multi_ops (values_per_range = 16)); CREATE INDEX i7 ON t USING gin (f, g);
CREATE INDEX i9 ON t USING gist (b gist_trgm_ops (siglen = 64)); CREATE UNIQUE INDEX i10 ON t (a) INCLUDE (h);
CREATE INDEX i11 ON t (lower(b), (a + 1), (c ->> 'x')) WHERE a > 4;
--- case indexes swap names and tables
--- both
CREATE TABLE t (a int, b int); CREATE TABLE u (a int, b int);
--- a
CREATE INDEX x ON t (a); CREATE INDEX y ON t (b); CREATE INDEX z ON u (a);
--- b
CREATE INDEX y ON t (a); CREATE INDEX x ON u (b); CREATE INDEX z ON t (b);
--- case an index on a function that is replaced
--- both
CREATE TABLE t (a int, b text);
INSERT INTO t VALUES (1, 'x');
--- a
CREATE FUNCTION norm(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)'; CREATE INDEX i ON t (norm(b));
COMMENT ON INDEX i IS 'normal';
--- b
CREATE FUNCTION norm(text) RETURNS varchar LANGUAGE sql IMMUTABLE AS 'SELECT upper($1)'; CREATE INDEX i ON t (norm(b));
COMMENT ON INDEX i IS 'normal';
--- case a column type under a unique index with a special class
--- a
CREATE TABLE t (a text, b varchar(9)); CREATE UNIQUE INDEX i ON t (a text_pattern_ops); CREATE INDEX j ON t (b varchar_pattern_ops);
--- b
CREATE TABLE t (a int, b text); CREATE UNIQUE INDEX i ON t (a); CREATE INDEX j ON t (b text_pattern_ops);

--- case storage parameters of indexes are altered in place
--- both
CREATE TABLE public.t (id int, a text, during daterange);
CREATE TABLE public.p (id int) PARTITION BY LIST (id);
CREATE TABLE public.p1 PARTITION OF public.p FOR VALUES IN (1);
INSERT INTO public.t VALUES (1, 'a');
--- a
ALTER TABLE public.t ADD CONSTRAINT t_key PRIMARY KEY (id) WITH (fillfactor = 60);
CREATE INDEX t_a ON public.t (a) WITH (fillfactor = 70, deduplicate_items = off) WHERE a <> ' WITH (x=''1'')';
CREATE INDEX t_during ON public.t USING gist (during);
ALTER TABLE public.p ADD PRIMARY KEY (id);
--- b
ALTER TABLE public.t ADD CONSTRAINT t_key PRIMARY KEY (id);
CREATE INDEX t_a ON public.t (a) WITH (fillfactor = 80) WHERE a <> ' WITH (x=''1'')';
CREATE INDEX t_during ON public.t USING gist (during) WITH (buffering = on);
ALTER TABLE public.p ADD PRIMARY KEY (id);
ALTER INDEX public.p1_pkey SET (deduplicate_items = off);
--- case the statistics targets of an index outlive a new type of its columns, and the archive
--- both
CREATE TYPE mood AS ENUM ('sad', 'happy');
--- a
CREATE TABLE t (a int, b text); CREATE INDEX i ON t ((a + 1), b); ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 99;
INSERT INTO t VALUES (1, 'x');
CREATE TABLE gone (a int, m mood); CREATE INDEX g ON gone ((a + 1)) INCLUDE (m);
ALTER INDEX g ALTER COLUMN 1 SET STATISTICS 77; INSERT INTO gone VALUES (1, 'sad');
--- b
CREATE TABLE t (a int, b varchar(9)); CREATE INDEX i ON t ((a + 1), b);
ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 99; INSERT INTO t VALUES (2, 'y');
