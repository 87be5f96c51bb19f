-- An application whose migrations a tool writes from a schema with names in capitals.
--- 20240101_init
CREATE TYPE "Role" AS ENUM ('USER', 'ADMIN');
CREATE TABLE "User" ("id" TEXT NOT NULL, "email" TEXT NOT NULL, "role" "Role" NOT NULL DEFAULT 'USER', "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
CREATE TABLE "Post" ("id" SERIAL NOT NULL, "title" TEXT NOT NULL, "authorId" TEXT NOT NULL, CONSTRAINT "Post_pkey" PRIMARY KEY ("id"));
CREATE UNIQUE INDEX "User_email_key" ON "User"("email");
ALTER TABLE "Post" ADD CONSTRAINT "Post_authorId_fkey" FOREIGN KEY ("authorId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
INSERT INTO "User" (id, email, role) VALUES ('c1', 'ada@x.test', 'ADMIN'), ('c2', 'ben@x.test', 'USER');
INSERT INTO "Post" (title, "authorId") VALUES ('Hello', 'c1'), ('World', 'c2');
--- 20240102_role_owner
BEGIN;
CREATE TYPE "Role_new" AS ENUM ('USER', 'OWNER', 'ADMIN');
ALTER TABLE "User" ALTER COLUMN "role" DROP DEFAULT;
ALTER TABLE "User" ALTER COLUMN "role" TYPE "Role_new" USING ("role"::text::"Role_new");
ALTER TYPE "Role" RENAME TO "Role_old";
ALTER TYPE "Role_new" RENAME TO "Role";
DROP TYPE "Role_old";
ALTER TABLE "User" ALTER COLUMN "role" SET DEFAULT 'USER';
COMMIT;
--- 20240103_role_without_admin
UPDATE "User" SET role = 'USER' WHERE role = 'ADMIN';
BEGIN;
CREATE TYPE "Role_new" AS ENUM ('USER', 'OWNER');
ALTER TABLE "User" ALTER COLUMN "role" DROP DEFAULT;
ALTER TABLE "User" ALTER COLUMN "role" TYPE "Role_new" USING ("role"::text::"Role_new");
ALTER TYPE "Role" RENAME TO "Role_old";
ALTER TYPE "Role_new" RENAME TO "Role";
DROP TYPE "Role_old";
ALTER TABLE "User" ALTER COLUMN "role" SET DEFAULT 'USER';
COMMIT;
--- 20240104_categories
CREATE TABLE "Category" ("id" SERIAL NOT NULL, "name" VARCHAR(50) NOT NULL, CONSTRAINT "Category_pkey" PRIMARY KEY ("id"));
CREATE TABLE "_CategoryToPost" ("A" INTEGER NOT NULL, "B" INTEGER NOT NULL);
CREATE UNIQUE INDEX "_CategoryToPost_AB_unique" ON "_CategoryToPost"("A", "B");
CREATE INDEX "_CategoryToPost_B_index" ON "_CategoryToPost"("B");
ALTER TABLE "_CategoryToPost" ADD CONSTRAINT "_CategoryToPost_A_fkey" FOREIGN KEY ("A") REFERENCES "Category"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "_CategoryToPost" ADD CONSTRAINT "_CategoryToPost_B_fkey" FOREIGN KEY ("B") REFERENCES "Post"("id") ON DELETE CASCADE ON UPDATE CASCADE;
INSERT INTO "Category" (name) VALUES ('news'), ('misc');
INSERT INTO "_CategoryToPost" VALUES (1, 1), (2, 1), (2, 2);
--- 20240105_updated_at
ALTER TABLE "Post" ADD COLUMN "updatedAt" TIMESTAMP(3) NOT NULL DEFAULT '2024-01-05';
ALTER TABLE "Post" ALTER COLUMN "updatedAt" DROP DEFAULT;
--- 20240106_join_keys
ALTER TABLE "_CategoryToPost" ADD CONSTRAINT "_CategoryToPost_AB_pkey" PRIMARY KEY ("A", "B");
DROP INDEX "_CategoryToPost_AB_unique";
--- 20240107_invoices
CREATE TYPE "InvoiceState" AS ENUM ('DRAFT', 'OPEN', 'PAID');
CREATE TABLE "Invoice" ("id" TEXT NOT NULL, "number" INTEGER NOT NULL, "state" "InvoiceState" NOT NULL DEFAULT 'DRAFT', "states" "InvoiceState"[] DEFAULT ARRAY['DRAFT']::"InvoiceState"[], "total" DECIMAL(65,30) NOT NULL, "userId" TEXT, CONSTRAINT "Invoice_pkey" PRIMARY KEY ("id"));
CREATE SEQUENCE "Invoice_number_seq" START 1000 OWNED BY "Invoice"."number";
ALTER TABLE "Invoice" ALTER "number" SET DEFAULT nextval('"Invoice_number_seq"');
INSERT INTO "Invoice" (id, total, "userId", state) VALUES ('i1', 12.5, 'c1', 'OPEN'), ('i2', 99, 'c2', 'PAID'), ('i3', 0, NULL, 'DRAFT');
ALTER TABLE "Invoice" ADD CONSTRAINT "Invoice_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;
--- 20240108_money
ALTER TABLE "Invoice" ALTER COLUMN "total" SET DATA TYPE DECIMAL(12,2);
--- 20240109_void
ALTER TYPE "InvoiceState" ADD VALUE 'VOID';
--- 20240110_mapped_names
ALTER TABLE "Invoice" RENAME TO "invoices";
ALTER TABLE "invoices" RENAME COLUMN "userId" TO "user_id";
ALTER TABLE "invoices" RENAME CONSTRAINT "Invoice_pkey" TO "invoices_pkey";
ALTER TABLE "invoices" RENAME CONSTRAINT "Invoice_userId_fkey" TO "invoices_user_id_fkey";
ALTER SEQUENCE "Invoice_number_seq" RENAME TO "invoices_number_seq";
ALTER TYPE "InvoiceState" RENAME TO "invoice_state";
ALTER TYPE "invoice_state" RENAME VALUE 'DRAFT' TO 'draft';
ALTER TYPE "invoice_state" RENAME VALUE 'OPEN' TO 'open';
--- 20240111_users
ALTER TABLE "User" RENAME TO "users";
ALTER TABLE "users" RENAME COLUMN "createdAt" TO "created_at";
ALTER TABLE "users" RENAME CONSTRAINT "User_pkey" TO "users_pkey";
ALTER INDEX "User_email_key" RENAME TO "users_email_key";
ALTER TYPE "Role" RENAME TO "user_role";
--- 20240112_two_schemas
CREATE SCHEMA IF NOT EXISTS "billing";
ALTER TABLE "invoices" SET SCHEMA "billing";
ALTER TYPE "invoice_state" SET SCHEMA "billing";
--- 20240113_lines
CREATE TABLE "billing"."lines" ("invoice_id" TEXT NOT NULL, "pos" SMALLINT NOT NULL, "text" TEXT, "cents" BIGINT NOT NULL DEFAULT 0, CONSTRAINT "lines_pkey" PRIMARY KEY ("invoice_id", "pos"));
ALTER TABLE "billing"."lines" ADD CONSTRAINT "lines_invoice_id_fkey" FOREIGN KEY ("invoice_id") REFERENCES "billing"."invoices"("id");
INSERT INTO billing.lines SELECT id, 1, 'all', total * 100 FROM billing.invoices;
--- 20240114_ids_become_uuid
ALTER TABLE "Post" DROP CONSTRAINT "Post_authorId_fkey";
ALTER TABLE billing.invoices DROP CONSTRAINT "invoices_user_id_fkey";
ALTER TABLE users ADD COLUMN "uuid" UUID NOT NULL DEFAULT gen_random_uuid();
ALTER TABLE "Post" ADD COLUMN "author_uuid" UUID;
UPDATE "Post" p SET author_uuid = u.uuid FROM users u WHERE u.id = p."authorId";
ALTER TABLE "Post" DROP COLUMN "authorId", ALTER author_uuid SET NOT NULL;
ALTER TABLE billing.invoices ADD COLUMN "user_uuid" UUID;
UPDATE billing.invoices i SET user_uuid = u.uuid FROM users u WHERE u.id = i.user_id;
ALTER TABLE billing.invoices DROP COLUMN user_id;
ALTER TABLE users DROP CONSTRAINT users_pkey, DROP COLUMN id;
ALTER TABLE users RENAME uuid TO id;
ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY (id);
ALTER TABLE "Post" ADD CONSTRAINT "Post_author_fkey" FOREIGN KEY (author_uuid) REFERENCES users (id);
--- 20240115_posts
ALTER TABLE "Post" RENAME TO "posts";
ALTER TABLE "posts" RENAME COLUMN "author_uuid" TO "author_id";
ALTER TABLE "_CategoryToPost" RENAME TO "post_categories";
ALTER TABLE "post_categories" RENAME COLUMN "A" TO "category_id";
ALTER TABLE "post_categories" RENAME COLUMN "B" TO "post_id";
ALTER INDEX "_CategoryToPost_B_index" RENAME TO "post_categories_post_id_idx";
ALTER TABLE "Category" RENAME TO "categories";
--- 20240116_states_swapped
ALTER TABLE posts ADD COLUMN title_de TEXT, ADD COLUMN lang TEXT NOT NULL DEFAULT 'en';
UPDATE posts SET title_de = title || ' (de)';
ALTER TABLE posts RENAME title TO title_en;
ALTER TABLE posts RENAME title_de TO title;
--- 20240117_native_check
ALTER TABLE categories ADD CONSTRAINT categories_name_check CHECK (name <> ''), ALTER name TYPE TEXT;
CREATE UNIQUE INDEX categories_name_key ON categories (name) NULLS NOT DISTINCT;
--- 20240118_sequence_of_its_own
ALTER SEQUENCE billing.invoices_number_seq OWNED BY NONE;
ALTER SEQUENCE billing.invoices_number_seq RENAME TO document_numbers;
ALTER SEQUENCE billing.document_numbers INCREMENT 10 CACHE 5;
--- 20240119_credit_notes
CREATE TYPE billing.document_kind AS ENUM ('invoice', 'credit');
ALTER TABLE billing.invoices ADD kind billing.document_kind NOT NULL DEFAULT 'invoice';
CREATE VIEW billing.open_documents AS SELECT id, number, kind, state, total FROM billing.invoices WHERE state = 'open' OR kind = 'credit';
INSERT INTO billing.invoices (id, total, kind, state) VALUES ('k1', -5, 'credit', 'open');
--- 20240120_invoices_are_documents
ALTER TABLE billing.invoices RENAME TO documents;
ALTER TABLE billing.lines RENAME invoice_id TO document_id;
ALTER TABLE billing.lines RENAME CONSTRAINT lines_invoice_id_fkey TO lines_document_fkey;
ALTER VIEW billing.open_documents RENAME TO unpaid;
--- 20240121_enum_to_lookup
CREATE TABLE billing.states (code text PRIMARY KEY, label text NOT NULL);
INSERT INTO billing.states SELECT s::text, initcap(s::text) FROM unnest(enum_range(NULL::billing.invoice_state)) s;
DROP VIEW billing.unpaid;
ALTER TABLE billing.documents ALTER state DROP DEFAULT, ALTER state TYPE text USING state::text, ALTER state SET DEFAULT 'draft';
ALTER TABLE billing.documents ADD CONSTRAINT documents_state_fkey FOREIGN KEY (state) REFERENCES billing.states;
ALTER TABLE billing.documents DROP COLUMN states;
DROP TYPE billing.invoice_state;
--- 20240122_text_to_domain
CREATE DOMAIN billing.state_code AS text CHECK (VALUE = lower(VALUE) OR VALUE IN ('PAID', 'VOID'));
ALTER TABLE billing.documents DROP CONSTRAINT documents_state_fkey;
ALTER TABLE billing.documents ALTER state TYPE billing.state_code;
--- 20240123_lookup_gone
DROP TABLE billing.states;
ALTER TABLE users DROP COLUMN role;
DROP TYPE user_role;
--- 20240124_finance
ALTER SCHEMA billing RENAME TO finance;
ALTER DOMAIN finance.state_code RENAME TO document_state;
ALTER DOMAIN finance.document_state RENAME CONSTRAINT state_code_check TO lower_case;
