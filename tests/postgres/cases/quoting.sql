--- case names of every spelling
--- a
CREATE SCHEMA "Sch.ema ""x"""; CREATE TABLE "Sch.ema ""x"""."select" ("order" serial PRIMARY KEY, "a.b" text DEFAULT 'x', "Ünï çode" int CHECK ("Ünï çode" > 0), "with space" int UNIQUE, "it's" int, "(paren)" int, "semi;--" int);
CREATE INDEX "idx.""q""; DROP TABLE y" ON "Sch.ema ""x"""."select" ("a.b", lower("a.b")); CREATE VIEW "Sch.ema ""x"""."table" AS SELECT "order", "a.b", "semi;--" FROM "Sch.ema ""x"""."select";
CREATE FUNCTION "Sch.ema ""x"""."fun(c,tion)"("in" "Sch.ema ""x"""."select", "x y" int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TYPE "Sch.ema ""x"""."Enum.x" AS ENUM ('a"b', 'c''d', 'e\f', ' ');
ALTER TABLE "Sch.ema ""x"""."select" ADD "e" "Sch.ema ""x"""."Enum.x" DEFAULT 'e\f', ENABLE ROW LEVEL SECURITY; CREATE POLICY "pol; DROP ROLE x" ON "Sch.ema ""x"""."select" TO "Odd ""role""; DROP TABLE x--" USING ("a.b" <> '); DROP TABLE z; --');
CREATE FUNCTION trg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER "tr.""ig" BEFORE INSERT ON "Sch.ema ""x"""."select" FOR EACH ROW EXECUTE FUNCTION trg();
COMMENT ON COLUMN "Sch.ema ""x"""."select"."a.b" IS '''; DROP TABLE q; --'; COMMENT ON COLUMN "Sch.ema ""x"""."table"."semi;--" IS 'x'; GRANT SELECT ("it's"), UPDATE ("a.b") ON "Sch.ema ""x"""."select" TO "Odd ""role""; DROP TABLE x--";
GRANT USAGE ON SCHEMA "Sch.ema ""x""" TO "Odd ""role""; DROP TABLE x--"; COMMENT ON TRIGGER "tr.""ig" ON "Sch.ema ""x"""."select" IS 't'; COMMENT ON INDEX "Sch.ema ""x"""."idx.""q""; DROP TABLE y" IS 'i'; COMMENT ON POLICY "pol; DROP ROLE x" ON "Sch.ema ""x"""."select" IS 'p';
CREATE MATERIALIZED VIEW "Sch.ema ""x"""."M.v" AS SELECT 1 AS "x.y"; CREATE UNIQUE INDEX ON "Sch.ema ""x"""."M.v" ("x.y"); CREATE DOMAIN "Sch.ema ""x"""."Dom ain" AS int CONSTRAINT "c.c" CHECK (VALUE > 0);
ALTER TABLE "Sch.ema ""x"""."select" OWNER TO "Odd ""role""; DROP TABLE x--";
--- b
CREATE SCHEMA "Sch.ema ""x"""; CREATE TABLE "Sch.ema ""x"""."select" ("order" bigint, "a.b" text NOT NULL, "Ünï çode" bigint, "(paren)" text DEFAULT '%s $1 {x}');
--- case names that differ only in case
--- a
CREATE TABLE "T" (a int); CREATE TABLE t ("A" int, a int); CREATE TABLE "select" (a int); CREATE VIEW "V" AS SELECT a FROM "T";
--- b
CREATE TABLE t (a int, "A" text); CREATE TABLE "SELECT" (a int); CREATE VIEW v AS SELECT a FROM t;
--- case percent signs, dollars and backslashes in bodies
--- a
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $x$BEGIN RETURN format('%s %I $1 $$', 'a\b', 'c'); END$x$; CREATE TABLE t (a text DEFAULT '100%' CHECK (a LIKE '%\%%'));
--- b
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $x$BEGIN RETURN '$function$ %(x)s {0}'; END$x$; CREATE TABLE t (a text DEFAULT E'tab\tnew\nline' CHECK (a ~ '^\d+$'));
--- case names of the greatest length
--- a
CREATE TABLE "a23456789012345678901234567890123456789012345678901234567890123" (id serial PRIMARY KEY, "b23456789012345678901234567890123456789012345678901234567890123" int NOT NULL UNIQUE);
CREATE TYPE "e23456789012345678901234567890123456789012345678901234567890123" AS ENUM ('x', 'y'); CREATE TABLE t (a "e23456789012345678901234567890123456789012345678901234567890123"); INSERT INTO t VALUES ('x');
--- b
CREATE TABLE "a23456789012345678901234567890123456789012345678901234567890123" (id bigserial PRIMARY KEY, "b23456789012345678901234567890123456789012345678901234567890123" bigint);
CREATE TYPE "e23456789012345678901234567890123456789012345678901234567890123" AS ENUM ('x'); CREATE TABLE t (a "e23456789012345678901234567890123456789012345678901234567890123"); INSERT INTO t VALUES ('x');
