-- An issue tracker: keys become bigint and tables partitioned (by range, list and hash) by copies that are swapped in.
--- 01 the base
CREATE TABLE projects (id integer NOT NULL, name character varying NOT NULL, path text, created_at timestamp with time zone DEFAULT '2023-01-01 00:00Z');
CREATE SEQUENCE projects_id_seq AS integer START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
ALTER SEQUENCE projects_id_seq OWNED BY projects.id;
ALTER TABLE ONLY projects ALTER COLUMN id SET DEFAULT nextval('projects_id_seq'::regclass);
ALTER TABLE ONLY projects ADD CONSTRAINT projects_pkey PRIMARY KEY (id);
CREATE TABLE issues (id serial PRIMARY KEY, project_id integer NOT NULL, title text, state_id smallint DEFAULT 1 NOT NULL, author_id integer, description text, created_at timestamptz NOT NULL);
ALTER TABLE ONLY issues ADD CONSTRAINT fk_issues_project FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE;
CREATE TABLE events (id serial PRIMARY KEY, project_id integer REFERENCES projects ON DELETE CASCADE, issue_id integer, action smallint NOT NULL, data json, created_at timestamptz NOT NULL);
INSERT INTO projects (name, path) SELECT 'P' || g, 'group/p' || g FROM generate_series(1, 4) g;
INSERT INTO issues (project_id, title, state_id, author_id, created_at) SELECT 1 + g % 4, 'Issue ' || g, 1 + g % 2, g % 3, timestamptz '2023-01-15 00:00Z' + g * interval '9 days' FROM generate_series(1, 20) g;
INSERT INTO events (project_id, issue_id, action, data, created_at) SELECT 1 + g % 4, 1 + g % 20, g % 5, '{"n":1}', timestamptz '2023-01-10 00:00Z' + g * interval '4 days' FROM generate_series(1, 60) g;
--- 02 indexes
CREATE INDEX events_by_project ON events USING btree (project_id, created_at);
CREATE INDEX index_events_on_issue ON events (issue_id) WHERE issue_id IS NOT NULL;
CREATE INDEX index_issues_on_title_trigram ON issues USING gin (to_tsvector('simple', title));
--- 03 the key of events is to be a bigint: a column beside it
ALTER TABLE events ADD COLUMN id_big bigint DEFAULT 0 NOT NULL;
CREATE FUNCTION trigger_a1b2c3() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW."id_big" := NEW."id";
  RETURN NEW;
END;
$$;
CREATE TRIGGER trigger_a1b2c3 BEFORE INSERT OR UPDATE ON events FOR EACH ROW EXECUTE FUNCTION trigger_a1b2c3();
INSERT INTO events (project_id, action, created_at) VALUES (1, 1, '2023-09-20 00:00Z');
--- 04 backfilled in batches
CREATE TABLE batches (id bigserial PRIMARY KEY, job text NOT NULL, table_name text NOT NULL, job_arguments jsonb DEFAULT '"[]"'::jsonb NOT NULL, status smallint DEFAULT 0 NOT NULL, min_value bigint DEFAULT 1 NOT NULL, CONSTRAINT short_name CHECK ((char_length(table_name) <= 63)));
UPDATE events SET id_big = id WHERE id_big = 0;
INSERT INTO batches (job, table_name, status) VALUES ('Copy', 'events', 3);
--- 05 a unique index on it, then the swap of names, key and sequence
CREATE UNIQUE INDEX index_events_on_id_big ON events (id_big);
ALTER TABLE events RENAME COLUMN id TO id_tmp;
ALTER TABLE events RENAME COLUMN id_big TO id;
ALTER TABLE events RENAME COLUMN id_tmp TO id_big;
CREATE OR REPLACE FUNCTION trigger_a1b2c3() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW."id_big" := NEW."id";
  RETURN NEW;
END;
$$;
ALTER SEQUENCE events_id_seq OWNED BY events.id;
ALTER TABLE events ALTER COLUMN id SET DEFAULT nextval('events_id_seq'::regclass), ALTER COLUMN id_big SET DEFAULT 0;
ALTER TABLE events DROP CONSTRAINT events_pkey, ADD CONSTRAINT events_pkey PRIMARY KEY USING INDEX index_events_on_id_big;
INSERT INTO events (project_id, action, created_at) VALUES (2, 2, '2023-09-21 00:00Z');
--- 06 the old one is gone
DROP TRIGGER trigger_a1b2c3 ON events;
DROP FUNCTION trigger_a1b2c3();
ALTER TABLE events DROP COLUMN id_big;
ALTER SEQUENCE events_id_seq AS bigint;
--- 07 events are to be partitioned: a copy in another schema, kept by a trigger
CREATE SCHEMA parts;
COMMENT ON SCHEMA parts IS 'made by the application';
CREATE TABLE events_part (id bigint NOT NULL, project_id integer, issue_id integer, action smallint NOT NULL, data json, created_at timestamptz NOT NULL, PRIMARY KEY (id, created_at)) PARTITION BY RANGE (created_at);
CREATE TABLE parts.events_part_000000 PARTITION OF events_part FOR VALUES FROM (MINVALUE) TO ('2023-03-01 00:00Z');
CREATE TABLE parts.events_part_202303 PARTITION OF events_part FOR VALUES FROM ('2023-03-01 00:00Z') TO ('2023-06-01 00:00Z');
CREATE TABLE parts.events_part_202306 PARTITION OF events_part FOR VALUES FROM ('2023-06-01 00:00Z') TO ('2023-12-01 00:00Z');
CREATE FUNCTION events_copied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
IF (TG_OP = 'DELETE') THEN
  DELETE FROM events_part where id = OLD.id AND created_at = OLD.created_at;
ELSIF (TG_OP = 'UPDATE') THEN
  UPDATE events_part SET project_id = NEW.project_id, issue_id = NEW.issue_id, action = NEW.action, data = NEW.data WHERE events_part.id = NEW.id;
ELSIF (TG_OP = 'INSERT') THEN
  INSERT INTO events_part (id, project_id, issue_id, action, data, created_at) VALUES (NEW.id, NEW.project_id, NEW.issue_id, NEW.action, NEW.data, NEW.created_at);
END IF;
RETURN NULL;
END
$$;
COMMENT ON FUNCTION events_copied() IS 'keeps the copy';
CREATE TRIGGER events_copied AFTER INSERT OR DELETE OR UPDATE ON events FOR EACH ROW EXECUTE FUNCTION events_copied();
--- 08 backfilled
INSERT INTO events_part (id, project_id, issue_id, action, data, created_at) SELECT id, project_id, issue_id, action, data, created_at FROM events ON CONFLICT DO NOTHING;
CREATE INDEX index_events_part_on_project ON events_part (project_id, created_at);
ALTER TABLE events_part ADD CONSTRAINT fk_part FOREIGN KEY (project_id) REFERENCES projects (id) ON DELETE CASCADE;
--- 09 swapped, in the way of replace_table
DROP TRIGGER events_copied ON events;
ALTER TABLE events_part ALTER id SET DEFAULT nextval('events_id_seq'::regclass);
ALTER SEQUENCE events_id_seq OWNED BY events_part.id;
ALTER TABLE events ALTER id DROP DEFAULT;
ALTER TABLE events RENAME TO events_archived;
ALTER TABLE events_part RENAME TO events;
ALTER TABLE events_archived RENAME CONSTRAINT events_pkey TO events_archived_pkey;
ALTER TABLE events RENAME CONSTRAINT events_part_pkey TO events_pkey;
ALTER TABLE parts.events_part_000000 RENAME TO events_000000;
ALTER TABLE parts.events_part_202303 RENAME TO events_202303;
ALTER TABLE parts.events_part_202306 RENAME TO events_202306;
CREATE FUNCTION events_mirrored() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TG_OP = 'INSERT' THEN INSERT INTO events_archived (id, project_id, issue_id, action, data, created_at) VALUES (NEW.id, NEW.project_id, NEW.issue_id, NEW.action, NEW.data, NEW.created_at); END IF; RETURN NULL; END $$;
CREATE TRIGGER events_copied AFTER INSERT OR DELETE OR UPDATE ON events FOR EACH ROW EXECUTE FUNCTION events_mirrored();
INSERT INTO events (project_id, action, created_at) VALUES (3, 3, '2023-10-01 00:00Z');
--- 10 nobody wants the archived one
DROP TRIGGER events_copied ON events;
DROP FUNCTION events_mirrored(), events_copied();
DROP TABLE events_archived;
--- 11 a default partition and a partition for the new year
CREATE TABLE parts.events_202312 PARTITION OF events FOR VALUES FROM ('2023-12-01 00:00Z') TO ('2024-03-01 00:00Z') WITH (fillfactor = 90);
CREATE TABLE parts.events_default PARTITION OF events DEFAULT;
INSERT INTO events (project_id, action, created_at) VALUES (1, 9, '2023-12-24 00:00Z'), (1, 9, '2026-01-01 00:00Z');
--- 12 the first one is detached, to be dropped later
ALTER TABLE events DETACH PARTITION parts.events_000000;
CREATE TABLE detached (id bigserial PRIMARY KEY, drop_after timestamptz NOT NULL, table_name text NOT NULL, CONSTRAINT short_name CHECK ((char_length(table_name) <= 63)));
INSERT INTO detached (drop_after, table_name) VALUES ('2024-01-01', 'events_000000');
--- 13 dropped
DROP TABLE parts.events_000000;
DELETE FROM detached;
--- 14 builds by list, with a partition for all that is there
CREATE TABLE builds (id bigserial PRIMARY KEY, status text, project_id integer NOT NULL, trace bytea, partition_id bigint DEFAULT 100 NOT NULL, finished_at timestamptz);
CREATE TABLE artifacts (id bigserial PRIMARY KEY, job_id bigint NOT NULL CONSTRAINT fk_artifacts_build REFERENCES builds ON DELETE CASCADE, file text, size numeric(20));
INSERT INTO builds (status, project_id, trace) SELECT (ARRAY['success', 'failed', 'skipped'])[1 + g % 3], 1 + g % 4, decode(md5(g::text), 'hex') FROM generate_series(1, 12) g;
INSERT INTO artifacts (job_id, file, size) SELECT g, 'a' || g, g * 1e6 FROM generate_series(1, 12, 2) g;
--- 15 the key has the partition in it, foreign keys too
CREATE UNIQUE INDEX index_builds_on_id_partition_id_unique ON builds (id, partition_id);
ALTER TABLE artifacts ADD COLUMN partition_id bigint DEFAULT 100 NOT NULL;
ALTER TABLE artifacts DROP CONSTRAINT fk_artifacts_build;
ALTER TABLE builds DROP CONSTRAINT builds_pkey CASCADE;
ALTER TABLE builds ADD CONSTRAINT builds_pkey PRIMARY KEY USING INDEX index_builds_on_id_partition_id_unique;
ALTER TABLE artifacts ADD CONSTRAINT fk_artifacts_build_p FOREIGN KEY (partition_id, job_id) REFERENCES builds (partition_id, id) ON UPDATE CASCADE ON DELETE CASCADE NOT VALID;
ALTER TABLE artifacts VALIDATE CONSTRAINT fk_artifacts_build_p;
--- 16 the table becomes a partition of a new one
ALTER TABLE builds ADD CONSTRAINT one_partition CHECK (partition_id = 100) NOT VALID;
ALTER TABLE builds VALIDATE CONSTRAINT one_partition;
CREATE TABLE p_builds (LIKE builds INCLUDING ALL EXCLUDING INDEXES EXCLUDING CONSTRAINTS, PRIMARY KEY (id, partition_id)) PARTITION BY LIST (partition_id);
ALTER TABLE p_builds ATTACH PARTITION builds FOR VALUES IN (100);
ALTER SEQUENCE builds_id_seq OWNED BY p_builds.id;
ALTER TABLE builds DROP CONSTRAINT one_partition;
--- 17 references lead to the parent
ALTER TABLE artifacts ADD CONSTRAINT fk_artifacts_p_builds FOREIGN KEY (partition_id, job_id) REFERENCES p_builds (partition_id, id) ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE artifacts DROP CONSTRAINT fk_artifacts_build_p;
CREATE TABLE parts.builds_101 PARTITION OF p_builds FOR VALUES IN (101, 102);
INSERT INTO p_builds (status, project_id, partition_id) VALUES ('running', 1, 101), ('running', 2, 102);
--- 18 split by hash below
ALTER TABLE artifacts DROP CONSTRAINT fk_artifacts_p_builds;
ALTER TABLE p_builds DETACH PARTITION parts.builds_101;
CREATE TABLE parts.builds_new (LIKE p_builds INCLUDING DEFAULTS) PARTITION BY HASH (id);
CREATE TABLE parts.builds_new_0 PARTITION OF parts.builds_new FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts.builds_new_1 PARTITION OF parts.builds_new FOR VALUES WITH (MODULUS 2, REMAINDER 1);
ALTER TABLE p_builds ATTACH PARTITION parts.builds_new FOR VALUES IN (101, 102, NULL);
INSERT INTO p_builds SELECT * FROM parts.builds_101;
DROP TABLE parts.builds_101;
INSERT INTO artifacts (job_id, file, partition_id) SELECT id, 'new', partition_id FROM p_builds WHERE partition_id > 100;
--- 19 with the name of the one that went
ALTER TABLE parts.builds_new RENAME TO builds_101;
ALTER TABLE parts.builds_new_0 RENAME TO builds_101_0;
ALTER TABLE parts.builds_new_1 RENAME TO builds_101_1;
ALTER TABLE artifacts ADD CONSTRAINT fk_artifacts_p_builds FOREIGN KEY (partition_id, job_id) REFERENCES p_builds (partition_id, id) ON UPDATE CASCADE ON DELETE CASCADE;
CREATE INDEX index_p_builds_on_project ON p_builds (project_id, status);
--- 20 namespaces take the place of projects, loose foreign keys
CREATE TABLE namespaces (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, name text NOT NULL, parent_id bigint REFERENCES namespaces, path bigint[] DEFAULT '{}' NOT NULL, type text DEFAULT 'Group' NOT NULL);
INSERT INTO namespaces (name, path) VALUES ('root', '{1}');
INSERT INTO namespaces (name, parent_id, path) SELECT 'ns ' || g, 1, ARRAY[1, 1 + g] FROM generate_series(1, 3) g;
ALTER TABLE projects ADD COLUMN namespace_id bigint;
UPDATE projects SET namespace_id = 1 + id % 3;
ALTER TABLE projects ADD CONSTRAINT fk_namespace FOREIGN KEY (namespace_id) REFERENCES namespaces NOT VALID;
CREATE TABLE deleted_keys (id bigserial NOT NULL, partition bigint DEFAULT 1 NOT NULL, key bigint NOT NULL, status smallint DEFAULT 1 NOT NULL, of text NOT NULL, CONSTRAINT short_name CHECK ((char_length(of) <= 150)), PRIMARY KEY (partition, id)) PARTITION BY LIST (partition);
CREATE TABLE parts.deleted_keys_1 PARTITION OF deleted_keys FOR VALUES IN ('1');
CREATE FUNCTION note_deleted_keys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO deleted_keys (of, key) SELECT TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, gone.id FROM gone;
  RETURN NULL;
END
$$;
CREATE TRIGGER namespaces_deleted AFTER DELETE ON namespaces REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION note_deleted_keys();
INSERT INTO namespaces (name) VALUES ('gone');
DELETE FROM namespaces WHERE name = 'gone';
--- 21 the partition in use slides
CREATE TABLE parts.deleted_keys_2 PARTITION OF deleted_keys FOR VALUES IN ('2');
ALTER TABLE deleted_keys ALTER COLUMN partition SET DEFAULT 2;
ALTER TABLE projects VALIDATE CONSTRAINT fk_namespace;
ALTER TABLE projects ADD CONSTRAINT check_ns CHECK (namespace_id IS NOT NULL) NOT VALID;
--- 22 issues become work items, every name with them
ALTER TABLE issues RENAME TO work_items;
ALTER SEQUENCE issues_id_seq RENAME TO work_items_id_seq;
ALTER TABLE work_items RENAME CONSTRAINT issues_pkey TO work_items_pkey;
ALTER INDEX index_issues_on_title_trigram RENAME TO index_work_items_on_title;
CREATE VIEW issues AS SELECT *, xmin::text::bigint > 0 AS lock FROM work_items;
COMMENT ON VIEW issues IS 'for the version before';
--- 23 all references are bigint, without a rewrite of the name
DROP VIEW issues;
ALTER TABLE work_items ALTER id TYPE bigint, ALTER project_id TYPE bigint;
ALTER TABLE projects ALTER id TYPE bigint;
ALTER SEQUENCE projects_id_seq AS bigint;
ALTER SEQUENCE work_items_id_seq AS bigint CACHE 20;
ALTER TABLE events ALTER project_id TYPE bigint, ALTER issue_id TYPE bigint;
--- 24 labels with a unique key whose nulls are not distinct
CREATE TABLE labels (id bigserial PRIMARY KEY, project_id bigint REFERENCES projects ON DELETE CASCADE, namespace_id bigint REFERENCES namespaces, title text NOT NULL, color text DEFAULT '#fff');
CREATE UNIQUE INDEX index_labels_uniq ON labels (project_id, namespace_id, title) NULLS NOT DISTINCT;
CREATE TABLE label_links (label_id bigint REFERENCES labels, work_item_id bigint REFERENCES work_items ON DELETE CASCADE);
INSERT INTO labels (project_id, title) SELECT 1 + g % 4, 'l' || g FROM generate_series(1, 6) g;
INSERT INTO labels (namespace_id, title) VALUES (2, 'l1'), (NULL, 'bug');
INSERT INTO label_links SELECT 1 + g % 8, 1 + g FROM generate_series(0, 15) g;
--- 25 links without a key are deduplicated and get one
INSERT INTO label_links SELECT * FROM label_links WHERE label_id = 2;
--- 26 by ctid
DELETE FROM label_links a USING label_links b WHERE a.ctid > b.ctid AND a = b;
ALTER TABLE label_links ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY;
ALTER TABLE label_links ADD PRIMARY KEY (id), ADD CONSTRAINT uniq UNIQUE (label_id, work_item_id), ALTER label_id SET NOT NULL;
--- 27 colors are validated by a function, an index by an expression of it
CREATE FUNCTION color_value(text) RETURNS integer LANGUAGE plpgsql IMMUTABLE STRICT AS $$ BEGIN RETURN ('x' || lpad(ltrim($1, '#'), 8, '0'))::bit(32)::integer; END $$;
ALTER TABLE labels ADD CONSTRAINT color_ok CHECK (color_value(color) >= 0);
CREATE INDEX labels_by_color ON labels (color_value(color) DESC, title text_pattern_ops);
--- 28 another function, the same name, more parameters
ALTER TABLE labels DROP CONSTRAINT color_ok;
DROP INDEX labels_by_color;
DROP FUNCTION color_value(text);
CREATE FUNCTION color_value(hex text, fallback integer DEFAULT 0) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce(('x' || lpad(ltrim($1, '#'), 8, '0'))::bit(32)::bigint, fallback) $$;
ALTER TABLE labels ADD COLUMN color_number bigint GENERATED ALWAYS AS (color_value(color)) STORED;
ALTER TABLE labels RENAME COLUMN color TO colour;
ALTER TABLE labels ADD COLUMN color text NOT NULL DEFAULT '#000000';
--- 29 search data in 3 partitions by hash
CREATE TABLE search_data (project_id bigint NOT NULL, work_item_id bigint NOT NULL REFERENCES work_items ON DELETE CASCADE, search_vector tsvector, PRIMARY KEY (project_id, work_item_id)) PARTITION BY HASH (project_id);
CREATE TABLE parts.search_00 PARTITION OF search_data FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE parts.search_01 PARTITION OF search_data FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE parts.search_02 PARTITION OF search_data FOR VALUES WITH (MODULUS 3, REMAINDER 2);
INSERT INTO search_data SELECT project_id, id, to_tsvector('english', title) FROM work_items;
CREATE INDEX ON search_data USING gin (search_vector);
DROP INDEX index_work_items_on_title;
--- 30 namespaces: the column type of the search moves, the key changes sides
ALTER TABLE search_data ADD COLUMN namespace_id bigint;
UPDATE search_data s SET namespace_id = p.namespace_id FROM projects p WHERE p.id = s.project_id;
ALTER TABLE search_data ALTER COLUMN namespace_id SET NOT NULL;
ALTER TABLE search_data ADD CONSTRAINT fk_ns FOREIGN KEY (namespace_id) REFERENCES namespaces ON DELETE CASCADE;
ALTER TABLE parts.search_01 ALTER COLUMN search_vector SET STATISTICS 50;
ALTER TABLE parts.search_01 ADD CONSTRAINT only_here CHECK (work_item_id > 0);
--- 31 descriptions go to their own table
CREATE TABLE descriptions (work_item_id bigint PRIMARY KEY REFERENCES work_items ON DELETE CASCADE, namespace_id bigint NOT NULL, description text, description_html text, CONSTRAINT len CHECK (char_length(description) <= 1048576));
UPDATE work_items SET description = 'about ' || id WHERE id % 2 = 0;
INSERT INTO descriptions SELECT w.id, p.namespace_id, w.description, '<p>' || w.description || '</p>' FROM work_items w JOIN projects p ON p.id = w.project_id;
ALTER TABLE work_items DROP COLUMN description;
--- 32 states as an enum by way of a new column
CREATE TYPE item_state AS ENUM ('opened', 'closed', 'merged', 'locked');
ALTER TABLE work_items ADD COLUMN state item_state;
UPDATE work_items SET state = (enum_range(NULL::item_state))[state_id];
ALTER TABLE work_items ALTER state SET NOT NULL, ALTER state SET DEFAULT 'opened', DROP COLUMN state_id;
CREATE INDEX work_items_open ON work_items (project_id) WHERE state = 'opened';
--- 33 recreated without a label, as ORMs do
DROP INDEX work_items_open;
ALTER TABLE work_items ALTER COLUMN state DROP DEFAULT;
ALTER TYPE item_state RENAME TO item_state_old;
CREATE TYPE item_state AS ENUM ('opened', 'closed', 'locked');
ALTER TABLE work_items ALTER COLUMN state TYPE item_state USING state::text::item_state;
DROP TYPE item_state_old;
ALTER TABLE work_items ALTER COLUMN state SET DEFAULT 'opened';
CREATE INDEX work_items_open ON work_items (project_id) WHERE state = 'opened';
--- 34 the events lose their default partition, rows of it move
CREATE TABLE parts.events_2026 (LIKE events INCLUDING ALL);
WITH moved AS (DELETE FROM parts.events_default RETURNING *) INSERT INTO parts.events_2026 SELECT * FROM moved;
ALTER TABLE events DETACH PARTITION parts.events_default;
ALTER TABLE events ATTACH PARTITION parts.events_2026 FOR VALUES FROM ('2026-01-01 00:00Z') TO (MAXVALUE);
DROP TABLE parts.events_default;
--- 35 builds get an exact time, in all partitions
ALTER TABLE p_builds ADD COLUMN started_at timestamptz, ADD COLUMN took interval GENERATED ALWAYS AS (finished_at - started_at) STORED;
UPDATE p_builds SET started_at = '2024-01-01 00:00Z', finished_at = '2024-01-01 00:01Z' WHERE id % 2 = 0;
CREATE INDEX ON p_builds (took) WHERE took > '1 min';
--- 36 traces in a table of their own, artifacts in partitions
CREATE TABLE p_artifacts (LIKE artifacts INCLUDING DEFAULTS, PRIMARY KEY (id, partition_id)) PARTITION BY LIST (partition_id);
ALTER TABLE artifacts DROP CONSTRAINT artifacts_pkey, ADD PRIMARY KEY (id, partition_id);
ALTER TABLE p_artifacts ATTACH PARTITION artifacts DEFAULT;
ALTER SEQUENCE artifacts_id_seq OWNED BY p_artifacts.id;
ALTER TABLE artifacts DROP CONSTRAINT fk_artifacts_p_builds;
ALTER TABLE p_artifacts ADD CONSTRAINT fk_artifacts_p_builds FOREIGN KEY (partition_id, job_id) REFERENCES p_builds (partition_id, id) ON UPDATE CASCADE ON DELETE CASCADE;
--- 37 the enum of another owner, grants
ALTER TYPE item_state OWNER TO snap_owner;
ALTER TABLE work_items OWNER TO snap_owner;
GRANT SELECT ON ALL TABLES IN SCHEMA parts TO snap_reader;
GRANT SELECT (id, name) ON projects TO snap_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA parts GRANT SELECT ON TABLES TO snap_reader;
--- 38 the old dynamic schema is gone but for events
DROP TABLE p_artifacts;
DROP TABLE p_builds;
DROP TABLE search_data;
