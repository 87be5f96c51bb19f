-- A CRM in the way of a framework that keeps its version in a table and names everything itself.
--- 01 the framework's own tables
CREATE TABLE schema_migrations (version varchar NOT NULL PRIMARY KEY);
CREATE TABLE internal_metadata (key varchar NOT NULL PRIMARY KEY, value varchar, created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);
INSERT INTO schema_migrations VALUES ('20240101000001');
INSERT INTO internal_metadata VALUES ('environment', 'production', '2024-01-01', '2024-01-01');
--- 02 companies
CREATE TABLE companies (id bigserial PRIMARY KEY, name varchar NOT NULL, website varchar, created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);
INSERT INTO companies (name, website, created_at, updated_at) VALUES ('Acme', 'acme.test', '2024-01-02', '2024-01-02'), ('Globex', NULL, '2024-01-02', '2024-01-03');
INSERT INTO schema_migrations VALUES ('20240102000001');
--- 03 contacts
CREATE TABLE contacts (id bigserial PRIMARY KEY, company_id bigint NOT NULL, name varchar, email varchar, created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);
CREATE INDEX index_contacts_on_company_id ON contacts (company_id);
ALTER TABLE contacts ADD CONSTRAINT fk_rails_9a3b21 FOREIGN KEY (company_id) REFERENCES companies (id);
INSERT INTO contacts (company_id, name, email, created_at, updated_at) VALUES (1, 'Ann', 'ann@acme.test', '2024-01-04', '2024-01-04'), (2, 'Bo', 'bo@globex.test', '2024-01-04', '2024-01-05');
INSERT INTO schema_migrations VALUES ('20240104000001');
--- 04 unique mails, case does not matter
CREATE UNIQUE INDEX index_contacts_on_lower_email ON contacts (lower(email::text));
--- 05 deals, with a number for their stage
CREATE TABLE deals (id bigserial PRIMARY KEY, company_id bigint, title varchar NOT NULL, stage integer NOT NULL DEFAULT 0, amount numeric(15,2), created_at timestamp(6) NOT NULL DEFAULT '2024-01-01');
CREATE INDEX index_deals_on_company_id_and_stage ON deals (company_id, stage);
ALTER TABLE ONLY deals ADD CONSTRAINT fk_rails_77ab12 FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE SET NULL;
INSERT INTO deals (company_id, title, stage, amount) VALUES (1, 'Pumps', 0, 1000), (1, 'Pipes', 2, 25000.5), (NULL, 'Lost', 3, NULL);
--- 06 soft deletes
ALTER TABLE contacts ADD COLUMN deleted_at timestamp;
CREATE INDEX index_contacts_on_deleted_at ON contacts (deleted_at) WHERE deleted_at IS NOT NULL;
UPDATE contacts SET deleted_at = '2024-02-01' WHERE id = 2;
--- 07 discarded, in the words of the new library
ALTER TABLE contacts RENAME COLUMN deleted_at TO discarded_at;
ALTER INDEX index_contacts_on_deleted_at RENAME TO index_contacts_on_discarded_at;
--- 08 companies are accounts
ALTER TABLE companies RENAME TO accounts;
ALTER TABLE companies_id_seq RENAME TO accounts_id_seq;
ALTER INDEX companies_pkey RENAME TO accounts_pkey;
ALTER TABLE contacts RENAME COLUMN company_id TO account_id;
ALTER INDEX index_contacts_on_company_id RENAME TO index_contacts_on_account_id;
ALTER TABLE deals RENAME COLUMN company_id TO account_id;
ALTER INDEX index_deals_on_company_id_and_stage RENAME TO index_deals_on_account_id_and_stage;
--- 09 stages as a type
CREATE TYPE deal_stage AS ENUM ('lead', 'qualified', 'won', 'lost');
ALTER TABLE deals ADD COLUMN stage_name deal_stage NOT NULL DEFAULT 'lead';
UPDATE deals SET stage_name = (ARRAY['lead', 'qualified', 'won', 'lost'])[stage + 1]::deal_stage;
--- 10 the number goes
DROP INDEX index_deals_on_account_id_and_stage;
ALTER TABLE deals DROP COLUMN stage;
ALTER TABLE deals RENAME COLUMN stage_name TO stage;
CREATE INDEX index_deals_on_account_id_and_stage ON deals (account_id, stage);
--- 11 a polymorphic table of notes
CREATE TABLE notes (id bigserial PRIMARY KEY, notable_type varchar NOT NULL, notable_id bigint NOT NULL, body text, created_at timestamp(6) NOT NULL DEFAULT '2024-03-01');
CREATE INDEX index_notes_on_notable ON notes (notable_type, notable_id);
INSERT INTO notes (notable_type, notable_id, body) VALUES ('Account', 1, 'big'), ('Contact', 2, NULL);
--- 12 notes of accounts by a key of their own
ALTER TABLE notes ADD COLUMN account_id bigint REFERENCES accounts;
UPDATE notes SET account_id = notable_id WHERE notable_type = 'Account';
--- 13 users
CREATE TABLE users (id bigserial PRIMARY KEY, email varchar NOT NULL DEFAULT '', encrypted_password varchar NOT NULL DEFAULT '', sign_in_count integer NOT NULL DEFAULT 0);
CREATE UNIQUE INDEX index_users_on_email ON users (email);
INSERT INTO users (email) VALUES ('root@crm.test'), ('sales@crm.test');
ALTER TABLE accounts ADD COLUMN owner_id bigint;
UPDATE accounts SET owner_id = 2;
ALTER TABLE accounts ADD CONSTRAINT fk_rails_owner FOREIGN KEY (owner_id) REFERENCES users (id) NOT VALID;
--- 14 validated
ALTER TABLE accounts VALIDATE CONSTRAINT fk_rails_owner;
CREATE INDEX index_accounts_on_owner_id ON accounts (owner_id);
--- 15 profiles split from users
CREATE TABLE profiles (id bigserial PRIMARY KEY, user_id bigint NOT NULL UNIQUE REFERENCES users ON DELETE CASCADE, locale varchar NOT NULL DEFAULT 'en');
INSERT INTO profiles (user_id, locale) SELECT id, 'de' FROM users;
--- 16 sign-ins move to profiles
ALTER TABLE profiles ADD COLUMN sign_in_count integer NOT NULL DEFAULT 0;
UPDATE profiles p SET sign_in_count = u.sign_in_count FROM users u WHERE u.id = p.user_id;
ALTER TABLE users DROP COLUMN sign_in_count;
--- 17 labels, joined without an id
CREATE TABLE labels (id bigserial PRIMARY KEY, name varchar NOT NULL);
CREATE TABLE contacts_labels (contact_id bigint NOT NULL, label_id bigint NOT NULL);
CREATE UNIQUE INDEX index_contacts_labels ON contacts_labels (contact_id, label_id);
INSERT INTO labels (name) VALUES ('hot'), ('cold');
INSERT INTO contacts_labels VALUES (1, 1), (1, 2), (2, 2);
--- 18 labelings, with one
ALTER TABLE contacts_labels RENAME TO labelings;
ALTER TABLE labelings ADD COLUMN id bigserial PRIMARY KEY;
ALTER TABLE labelings ADD CONSTRAINT fk_rails_l1 FOREIGN KEY (label_id) REFERENCES labels (id);
--- 19 search
CREATE EXTENSION pg_trgm;
CREATE INDEX index_contacts_on_name_trgm ON contacts USING gin (name gin_trgm_ops);
--- 20 a search column
ALTER TABLE contacts ADD COLUMN search tsvector GENERATED ALWAYS AS (to_tsvector('simple', coalesce(name, '') || ' ' || coalesce(email, ''))) STORED;
CREATE INDEX index_contacts_on_search ON contacts USING gin (search);
--- 21 settings in json
ALTER TABLE accounts ADD COLUMN settings json;
UPDATE accounts SET settings = '{"plan": "free"}';
--- 22 jsonb
ALTER TABLE accounts ALTER COLUMN settings TYPE jsonb USING settings::jsonb;
ALTER TABLE accounts ALTER COLUMN settings SET DEFAULT '{}', ALTER COLUMN settings SET NOT NULL;
CREATE INDEX index_accounts_on_settings ON accounts USING gin (settings);
--- 23 stages get longer
ALTER TYPE deal_stage ADD VALUE 'negotiating' AFTER 'qualified';
--- 24 one is used
ALTER TABLE deals ADD CONSTRAINT chk_rails_amount CHECK (amount IS NULL OR amount >= 0);
--- 25 a view for reports
CREATE VIEW pipeline AS SELECT a.name, d.stage, count(*) AS deals, sum(d.amount) AS amount FROM deals d LEFT JOIN accounts a ON a.id = d.account_id GROUP BY 1, 2;
--- 26 replaced by a second version
CREATE OR REPLACE VIEW pipeline AS SELECT a.name, d.stage, count(*) AS deals, sum(d.amount) AS amount, max(d.amount) AS largest FROM deals d LEFT JOIN accounts a ON a.id = d.account_id GROUP BY 1, 2;
--- 27 and a third, with other columns
DROP VIEW pipeline;
CREATE VIEW pipelines AS SELECT a.id AS account_id, d.stage, count(*) AS deals FROM deals d LEFT JOIN accounts a ON a.id = d.account_id GROUP BY 1, 2;
--- 28 uuids beside the ids
ALTER TABLE deals ADD COLUMN uuid uuid DEFAULT gen_random_uuid() NOT NULL;
CREATE UNIQUE INDEX index_deals_on_uuid ON deals (uuid);
--- 29 uuids as the key
ALTER TABLE deals DROP CONSTRAINT deals_pkey;
ALTER TABLE deals RENAME COLUMN id TO legacy_id;
ALTER TABLE deals RENAME COLUMN uuid TO id;
ALTER TABLE deals ADD PRIMARY KEY (id);
DROP INDEX index_deals_on_uuid;
--- 30 the old one is empty sometimes
ALTER TABLE deals ALTER COLUMN legacy_id DROP NOT NULL, ALTER COLUMN legacy_id DROP DEFAULT;
DROP SEQUENCE deals_id_seq;
--- 31 counters kept by triggers
ALTER TABLE accounts ADD COLUMN contacts_count integer NOT NULL DEFAULT 0;
CREATE FUNCTION count_contacts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE accounts SET contacts_count = (SELECT count(*) FROM contacts c WHERE c.account_id = accounts.id) WHERE id IN (NEW.account_id, OLD.account_id);
  RETURN NULL;
END $$;
CREATE TRIGGER contacts_counted AFTER INSERT OR UPDATE OR DELETE ON contacts FOR EACH ROW EXECUTE FUNCTION count_contacts();
INSERT INTO contacts (account_id, name, email, created_at, updated_at) VALUES (1, 'Di', 'di@acme.test', '2024-05-05', '2024-05-05');
--- 32 without triggers again
DROP TRIGGER contacts_counted ON contacts;
DROP FUNCTION count_contacts();
--- 33 longer and shorter texts
ALTER TABLE accounts ALTER COLUMN website TYPE varchar(40);
ALTER TABLE labels ALTER COLUMN name TYPE text;
--- 34 notes are activities
ALTER TABLE notes RENAME TO activities;
ALTER TABLE activities RENAME COLUMN notable_id TO subject_id;
ALTER TABLE activities RENAME COLUMN notable_type TO subject_type;
ALTER INDEX index_notes_on_notable RENAME TO index_activities_on_subject;
ALTER SEQUENCE notes_id_seq RENAME TO activities_id_seq;
ALTER TABLE activities ADD COLUMN kind integer DEFAULT 0 NOT NULL;
--- 35 mails may be long, and are citext
CREATE EXTENSION citext;
DROP INDEX index_contacts_on_lower_email;
ALTER TABLE contacts DROP COLUMN search;
ALTER TABLE contacts ALTER COLUMN email TYPE citext;
CREATE UNIQUE INDEX index_contacts_on_email ON contacts (email);
--- 36 labels are gone
DROP TABLE labelings;
DROP TABLE labels;
--- 37 nobody is without an account
DELETE FROM activities WHERE account_id IS NULL;
ALTER TABLE activities ALTER COLUMN account_id SET NOT NULL;
--- 38 created_at with a default, everywhere
ALTER TABLE contacts ALTER COLUMN created_at SET DEFAULT CURRENT_TIMESTAMP, ALTER COLUMN updated_at SET DEFAULT CURRENT_TIMESTAMP;
ALTER TABLE accounts ALTER COLUMN created_at TYPE timestamptz USING created_at AT TIME ZONE 'UTC';
