-- One of everything, and what a deploy may rename of it.
--- office
CREATE SCHEMA app; CREATE SCHEMA other;
CREATE TYPE app.mood AS ENUM ('sad', 'well', 'Very well');
CREATE TYPE app.pair AS (a int, b text);
CREATE DOMAIN app.code AS text NOT NULL CONSTRAINT short CHECK (length(VALUE) < 9);
CREATE TYPE app.span AS RANGE (subtype = float8);
CREATE TYPE app.days_off AS RANGE (subtype = date); ALTER FUNCTION app.days_off(date, date) SET SCHEMA other;
CREATE TYPE app.cash; CREATE FUNCTION app.cash_in(cstring, oid, int) RETURNS app.cash LANGUAGE internal IMMUTABLE STRICT AS 'numeric_in';
CREATE FUNCTION app.cash_out(app.cash) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'numeric_out';
CREATE TYPE app.cash (INPUT = app.cash_in, OUTPUT = app.cash_out, TYPMOD_IN = numerictypmodin, TYPMOD_OUT = numerictypmodout, STORAGE = main);
CREATE DOMAIN app.price AS app.cash(8,2) DEFAULT '1'; CREATE TABLE app.prices (id int PRIMARY KEY, price app.price, cash app.cash(4,1));
INSERT INTO app.prices VALUES (1, '2.50', '3.0');
CREATE COLLATION app.plain FROM "C";
CREATE FUNCTION app.twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2 * n';
CREATE FUNCTION app.twice(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT t || t';
CREATE FUNCTION app.is_well(m app.mood, c app.code DEFAULT 'x'::app.code) RETURNS boolean LANGUAGE sql IMMUTABLE
  AS $$ SELECT $1 = 'well' /* app.mood */ $$;
CREATE FUNCTION app.pairs() RETURNS SETOF app.pair BEGIN ATOMIC SELECT 1, 'x'::text; END;
CREATE PROCEDURE app.sweep(INOUT n int) LANGUAGE plpgsql AS 'BEGIN n := 0; END';
CREATE CAST (app.code AS app.mood) WITH INOUT; CREATE CAST (app.pair AS app.code) WITH INOUT;
CREATE TRANSFORM FOR app.pair LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal));
CREATE AGGREGATE app.total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
CREATE CAST (app.mood AS app.code) WITH INOUT; CREATE CAST (app.pair AS app.mood) WITH INOUT;
CREATE TRANSFORM FOR app.pair LANGUAGE plpgsql (FROM SQL WITH FUNCTION prsd_lextype(internal));
COMMENT ON CAST (app.pair AS app.mood) IS 'pm'; COMMENT ON TRANSFORM FOR app.pair LANGUAGE plpgsql IS 'tp';
CREATE TABLE app.pairs_apart OF app.pair PARTITION BY LIST (b); CREATE TABLE app.some_pairs PARTITION OF app.pairs_apart DEFAULT;
INSERT INTO app.pairs_apart VALUES (1, 'x');
CREATE SEQUENCE app.numbers; CREATE SEQUENCE app.others;
CREATE TABLE app.people (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, no int DEFAULT nextval('app.numbers'),
  mood app.mood DEFAULT 'sad', moods app.mood[] DEFAULT '{sad}', code app.code, pair app.pair, span app.span,
  name text COLLATE app.plain CHECK (app.twice(length(name)) < 100), kind text);
CREATE INDEX ON app.people (app.twice(no)) WHERE mood <> 'well'::app.mood;
INSERT INTO app.people (mood, code, pair, span, name, moods)
  VALUES ('well', 'a', '(1,x)', '[1,2)', 'Ada', '{sad,well}'), ('sad', 'b', NULL, NULL, 'Ben', NULL);
CREATE VIEW app.well AS SELECT id, mood, (pair).a AS a, app.twice(no) AS no FROM app.people WHERE mood = 'well';
CREATE MATERIALIZED VIEW app.sums AS SELECT mood, app.total(no) AS n FROM app.people GROUP BY mood;
CREATE STATISTICS app.spread ON mood, code FROM app.people;
CREATE FUNCTION app.note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER noted BEFORE UPDATE ON app.people FOR EACH ROW WHEN (OLD.mood = 'sad'::app.mood) EXECUTE FUNCTION app.note();
CREATE RULE kept AS ON DELETE TO app.people WHERE old.mood = 'sad' DO INSTEAD NOTHING;
ALTER TABLE app.people ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON app.people USING (app.is_well(mood));
CREATE OPERATOR app.=== (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int);
CREATE OPERATOR FAMILY app.fam USING btree;
CREATE OPERATOR CLASS app.ops FOR TYPE int USING btree FAMILY app.fam AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =,
  OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int);
CREATE INDEX by_ops ON app.people (no app.ops);
CREATE TEXT SEARCH DICTIONARY app.words (TEMPLATE = simple);
CREATE TEXT SEARCH CONFIGURATION app.search (PARSER = default);
ALTER TEXT SEARCH CONFIGURATION app.search ADD MAPPING FOR asciiword WITH app.words;
CREATE INDEX by_words ON app.people USING gin (to_tsvector('app.search', name));
CREATE CONVERSION app.conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE PUBLICATION pub FOR TABLE app.people (id, no) WHERE (no > 3);
CREATE FOREIGN DATA WRAPPER wrap; CREATE SERVER srv FOREIGN DATA WRAPPER wrap;
CREATE USER MAPPING FOR snap_app SERVER srv;
CREATE FOREIGN TABLE app.far (id int) SERVER srv;
CREATE FUNCTION app.watched() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION app.watched();
ALTER EVENT TRIGGER watch DISABLE;
CREATE TABLE app.days (id int, day date NOT NULL CHECK (day > '2000-01-01'), n int) PARTITION BY RANGE (day);
CREATE TABLE app.days_1 PARTITION OF app.days FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE app.days_2 PARTITION OF app.days DEFAULT;
CREATE INDEX by_day ON app.days (day); ALTER TABLE app.days ADD UNIQUE (day, id);
CREATE TRIGGER noted BEFORE INSERT ON app.days FOR EACH ROW EXECUTE FUNCTION app.note(); ALTER TABLE app.days_1 DISABLE TRIGGER noted;
CREATE TRIGGER day_noted AFTER INSERT ON app.days FOR EACH ROW EXECUTE FUNCTION app.note();
INSERT INTO app.days VALUES (1, '2024-02-02', 3), (2, '2020-01-01', 4);
CREATE TABLE app.base (a int, CONSTRAINT positive CHECK (a > 0), CONSTRAINT alone CHECK (a > 1) NO INHERIT);
CREATE TABLE app.heir (b int, CONSTRAINT alone CHECK (b > 1)) INHERITS (app.base);
INSERT INTO app.heir VALUES (1, 2);
GRANT USAGE ON SCHEMA app TO snap_reader; GRANT USAGE ON TYPE app.mood TO snap_reader;
GRANT EXECUTE ON FUNCTION app.twice(int) TO snap_reader; GRANT USAGE ON FOREIGN SERVER srv TO snap_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO snap_reader;
COMMENT ON TYPE app.mood IS 'app.mood'; COMMENT ON DOMAIN app.code IS 'c'; COMMENT ON COLLATION app.plain IS 'd';
COMMENT ON FUNCTION app.is_well(app.mood, app.code) IS 'f'; COMMENT ON SEQUENCE app.numbers IS 's';
COMMENT ON COLUMN app.pair.a IS 'a'; COMMENT ON POLICY seen ON app.people IS 'p'; COMMENT ON TRIGGER noted ON app.people IS 't';
COMMENT ON CONSTRAINT short ON DOMAIN app.code IS 'k'; COMMENT ON OPERATOR CLASS app.ops USING btree IS 'o';
REFRESH MATERIALIZED VIEW app.sums;
CREATE SCHEMA snap_reader; GRANT USAGE ON SCHEMA snap_reader TO snap_reader; CREATE SERVER snap_reader FOREIGN DATA WRAPPER wrap;
GRANT USAGE ON FOREIGN SERVER snap_reader TO snap_reader;
CREATE SCHEMA tools; CREATE EXTENSION citext SCHEMA tools; CREATE EXTENSION pg_trgm SCHEMA tools;
CREATE DOMAIN app.nick AS tools.citext CHECK (VALUE OPERATOR(tools.<>) ''); CREATE TYPE app.nicks AS (one tools.citext, more app.nick[]);
CREATE TABLE app.nicknames (nick app.nick PRIMARY KEY, plain tools.citext DEFAULT 'x'::tools.citext, other app.nicks);
INSERT INTO app.nicknames VALUES ('Ann', 'ann', '(A,{B})'); CREATE INDEX ON app.nicknames USING gin ((nick::text) tools.gin_trgm_ops);
ALTER FUNCTION tools.show_limit() SET SCHEMA other; CREATE VIEW app.nicked AS SELECT tools.similarity(nick::text, 'An') AS near FROM app.nicknames WHERE plain OPERATOR(tools.=) nick;
--- schema
ALTER SCHEMA app RENAME TO main;
--- schema of extensions
ALTER SCHEMA tools RENAME TO extensions;
--- enum
ALTER TYPE app.mood RENAME TO feeling;
--- enum to another schema
ALTER TYPE app.mood SET SCHEMA other;
ALTER TYPE other.mood RENAME TO feeling;
--- label
ALTER TYPE app.mood RENAME VALUE 'well' TO 'fine';
--- labels that swap
ALTER TYPE app.mood RENAME VALUE 'well' TO 'x';
ALTER TYPE app.mood RENAME VALUE 'sad' TO 'well';
ALTER TYPE app.mood RENAME VALUE 'x' TO 'sad';
--- label that has to be quoted
ALTER TYPE app.mood RENAME VALUE 'Very well' TO 'it''s fine';
--- composite
ALTER TYPE app.pair RENAME TO couple;
--- attribute
ALTER TYPE app.pair RENAME ATTRIBUTE a TO first CASCADE;
--- domain
ALTER DOMAIN app.code RENAME TO token;
--- domain to another schema
ALTER DOMAIN app.code SET SCHEMA other;
--- constraint of a domain
ALTER DOMAIN app.code RENAME CONSTRAINT short TO not_long;
--- base type
ALTER TYPE app.cash RENAME TO dollars;
--- range
ALTER TYPE app.span RENAME TO reach;
--- range to another schema, without its functions
ALTER TYPE app.span SET SCHEMA other;
--- schema of a function of a range
ALTER SCHEMA other RENAME TO another;
--- function
ALTER FUNCTION app.twice(int) RENAME TO doubled;
--- function to another schema
ALTER FUNCTION app.is_well(app.mood, app.code) SET SCHEMA other;
--- function of a trigger
ALTER FUNCTION app.note() RENAME TO noting;
--- procedure
ALTER PROCEDURE app.sweep(int) RENAME TO clean;
--- aggregate
ALTER AGGREGATE app.total(int) SET SCHEMA other;
ALTER AGGREGATE other.total(int) RENAME TO whole;
--- sequence
ALTER SEQUENCE app.numbers RENAME TO counted;
--- sequence to another schema
ALTER SEQUENCE app.numbers SET SCHEMA other;
--- sequences that swap
ALTER SEQUENCE app.numbers RENAME TO x;
ALTER SEQUENCE app.others RENAME TO numbers;
ALTER SEQUENCE app.x RENAME TO others;
--- view
ALTER VIEW app.well RENAME TO fine;
ALTER VIEW app.fine SET SCHEMA other;
--- trigger
ALTER TRIGGER noted ON app.people RENAME TO people_noted;
--- policy
ALTER POLICY seen ON app.people RENAME TO "who is well";
--- rule
ALTER RULE kept ON app.people RENAME TO people_kept;
--- statistics
ALTER STATISTICS app.spread RENAME TO spread_2;
ALTER STATISTICS app.spread_2 SET SCHEMA other;
--- operator
ALTER OPERATOR app.=== (int, int) SET SCHEMA other;
--- operator class
ALTER OPERATOR CLASS app.ops USING btree RENAME TO int_ops2;
--- operator family
ALTER OPERATOR FAMILY app.fam USING btree SET SCHEMA other;
--- collation
ALTER COLLATION app.plain RENAME TO bytes;
ALTER COLLATION app.bytes SET SCHEMA other;
--- text search
ALTER TEXT SEARCH DICTIONARY app.words RENAME TO terms;
ALTER TEXT SEARCH CONFIGURATION app.search RENAME TO finding;
--- conversion
ALTER CONVERSION app.conv RENAME TO latin;
--- publication
ALTER PUBLICATION pub RENAME TO changes;
--- server
ALTER SERVER srv RENAME TO remote;
--- foreign data wrapper
ALTER FOREIGN DATA WRAPPER wrap RENAME TO wrapped;
--- event trigger
ALTER EVENT TRIGGER watch RENAME TO watching;
--- partition
ALTER TABLE app.days_1 RENAME TO days_2024;
ALTER TABLE app.days_2024 SET SCHEMA other;
--- partition to another schema
ALTER TABLE app.days_1 SET SCHEMA other;
--- partitioned table
ALTER TABLE app.days RENAME TO dates;
--- column of a partitioned table
ALTER TABLE app.days RENAME n TO amount;
--- key of a partitioned table
ALTER TABLE app.days RENAME day TO date;
--- trigger of a partitioned table
ALTER TRIGGER day_noted ON app.days RENAME TO days_noted;
--- column that is inherited
ALTER TABLE app.base RENAME a TO aa;
--- constraint that is inherited
ALTER TABLE app.base RENAME CONSTRAINT positive TO above_zero;
--- constraint that is not inherited
ALTER TABLE app.base RENAME CONSTRAINT alone TO lonely;
--- columns that swap
ALTER TABLE app.people RENAME name TO x;
ALTER TABLE app.people RENAME kind TO name;
ALTER TABLE app.people RENAME x TO kind;
--- schema with all in it
ALTER TYPE app.mood RENAME TO feeling;
ALTER TABLE app.people RENAME mood TO feeling;
ALTER SCHEMA app RENAME TO main;
ALTER FUNCTION main.twice(int) RENAME TO doubled;
ALTER TABLE main.people RENAME TO folk;
--- schema and server that have the name of a role
ALTER SCHEMA snap_reader RENAME TO readers;
ALTER SERVER snap_reader RENAME TO far;
