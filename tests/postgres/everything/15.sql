-- What came with 15.
CREATE TABLE s.n15k (a int, b int, PRIMARY KEY (a, b)); CREATE TABLE s.n15 (a int, b int, c numeric(3,5), d numeric(3,-2), UNIQUE NULLS NOT DISTINCT (a), FOREIGN KEY (a, b) REFERENCES s.n15k ON DELETE SET NULL (b));

CREATE UNIQUE INDEX n15u ON s.n15 (b) NULLS NOT DISTINCT; CREATE VIEW s.si WITH (security_invoker) AS SELECT a FROM s.n15; CREATE VIEW s.si2 AS SELECT a FROM s.si;
CREATE PUBLICATION p15 FOR TABLE s.n15 (a, b) WHERE (a > 1); CREATE PUBLICATION p15b FOR TABLES IN SCHEMA s;

CREATE UNLOGGED SEQUENCE s.us; CREATE VIEW s.rx AS SELECT regexp_count(tx, 'a') r FROM s.t; 
CREATE TABLE s.n15m (t int, b int, id int); CREATE FUNCTION s.merges() RETURNS void LANGUAGE sql BEGIN ATOMIC; MERGE INTO s.n15m USING s.t ON n15m.t = t.id WHEN MATCHED THEN UPDATE SET b = 1 WHEN NOT MATCHED THEN DO NOTHING; END;
CREATE FUNCTION s.set15() RETURNS int LANGUAGE sql SET recursive_worktable_factor = 5 SET work_mem = '2MB' AS 'SELECT 1';
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET stats_fetch_consistency = snapshot', current_database()); END $$;
CREATE DOMAIN s.neg AS numeric(3,-2); CREATE FUNCTION s.at15() RETURNS int LANGUAGE sql RETURN regexp_count('aa', 'a');

CREATE TABLE s.pu (a int, b int, UNIQUE NULLS NOT DISTINCT (a)) PARTITION BY LIST (a); CREATE TABLE s.pu1 PARTITION OF s.pu FOR VALUES IN (1);
