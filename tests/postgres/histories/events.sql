-- An event store that grew: one table first, partitions later, projections beside it.
--- 01 events
CREATE TABLE events (id bigserial PRIMARY KEY, stream text NOT NULL, kind text NOT NULL, data jsonb NOT NULL, at timestamptz NOT NULL);
INSERT INTO events (stream, kind, data, at) SELECT 's' || n % 3, CASE n % 2 WHEN 0 THEN 'opened' ELSE 'paid' END, jsonb_build_object('n', n), '2024-01-15'::timestamptz + n * interval '10 days' FROM generate_series(1, 20) n;
--- 02 a number in its stream
ALTER TABLE events ADD version int;
UPDATE events e SET version = x.v FROM (SELECT id, row_number() OVER (PARTITION BY stream ORDER BY id) AS v FROM events) x WHERE x.id = e.id;
ALTER TABLE events ALTER version SET NOT NULL, ADD CONSTRAINT events_stream_version UNIQUE (stream, version);
--- 03 appending through a function
CREATE FUNCTION append(stream text, kind text, data jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE made bigint;
BEGIN
  INSERT INTO events (stream, kind, data, at, version) SELECT $1, $2, $3, now(), coalesce(max(e.version), 0) + 1 FROM events e WHERE e.stream = $1 RETURNING id INTO made;
  RETURN made;
END $$;
--- 04 a schema of its own
CREATE SCHEMA es;
ALTER TABLE events SET SCHEMA es;
ALTER FUNCTION append(text, text, jsonb) SET SCHEMA es;
--- 05 balances
CREATE VIEW es.paid AS SELECT stream, count(*) AS n FROM es.events WHERE kind = 'paid' GROUP BY stream;
CREATE MATERIALIZED VIEW es.streams AS SELECT stream, max(version) AS version, max(at) AS last FROM es.events GROUP BY stream;
CREATE UNIQUE INDEX streams_stream ON es.streams (stream);
--- 06 kinds as a type
DROP VIEW es.paid;
CREATE TYPE es.kind AS ENUM ('opened', 'paid', 'closed');
ALTER TABLE es.events ALTER kind TYPE es.kind USING kind::es.kind;
CREATE VIEW es.paid AS SELECT stream, count(*) AS n FROM es.events WHERE kind = 'paid' GROUP BY stream;
--- 07 partitions by month
DROP VIEW es.paid;
DROP MATERIALIZED VIEW es.streams;
ALTER TABLE es.events RENAME TO events_unpartitioned;
ALTER TABLE es.events_unpartitioned RENAME CONSTRAINT events_pkey TO events_unpartitioned_pkey;
ALTER TABLE es.events_unpartitioned RENAME CONSTRAINT events_stream_version TO events_unpartitioned_stream_version;
CREATE TABLE es.events (id bigint NOT NULL DEFAULT nextval('es.events_id_seq'), stream text NOT NULL, kind es.kind NOT NULL, data jsonb NOT NULL,
                        at timestamptz NOT NULL, version int NOT NULL, PRIMARY KEY (id, at), UNIQUE (stream, version, at)) PARTITION BY RANGE (at);
CREATE TABLE es.events_2024h1 PARTITION OF es.events FOR VALUES FROM ('2024-01-01') TO ('2024-07-01');
CREATE TABLE es.events_2024h2 PARTITION OF es.events FOR VALUES FROM ('2024-07-01') TO ('2025-01-01');
CREATE TABLE es.events_default PARTITION OF es.events DEFAULT;
INSERT INTO es.events (id, stream, kind, data, at, version) SELECT id, stream, kind, data, at, version FROM es.events_unpartitioned;
ALTER SEQUENCE es.events_id_seq OWNED BY es.events.id;
DROP TABLE es.events_unpartitioned;
CREATE VIEW es.paid AS SELECT stream, count(*) AS n FROM es.events WHERE kind = 'paid' GROUP BY stream;
--- 08 an index on all of them
CREATE INDEX events_at ON es.events (at);
CREATE INDEX events_data ON es.events USING gin (data);
--- 09 the first half is detached
ALTER TABLE es.events DETACH PARTITION es.events_2024h1;
--- 10 and comes back by quarter
CREATE TABLE es.events_2024q1 PARTITION OF es.events FOR VALUES FROM ('2024-01-01') TO ('2024-04-01');
CREATE TABLE es.events_2024q2 PARTITION OF es.events FOR VALUES FROM ('2024-04-01') TO ('2024-07-01');
INSERT INTO es.events SELECT * FROM es.events_2024h1;
DROP TABLE es.events_2024h1;
--- 11 a trigger on each
CREATE FUNCTION es.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'events do not change'; END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON es.events FOR EACH ROW EXECUTE FUNCTION es.refuse();
--- 12 under other names
ALTER TRIGGER append_only ON es.events RENAME TO events_append_only;
ALTER TABLE es.events_default RENAME TO events_rest;
ALTER INDEX es.events_at RENAME TO events_at_idx;
--- 13 the schema too
ALTER SCHEMA es RENAME TO eventstore;
--- 14 projections
CREATE SCHEMA projections;
CREATE TABLE projections.balance (stream text PRIMARY KEY, paid int NOT NULL DEFAULT 0, seen bigint NOT NULL);
INSERT INTO projections.balance SELECT stream, count(*) FILTER (WHERE kind = 'paid'), max(id) FROM eventstore.events GROUP BY stream;
CREATE VIEW projections.summary AS SELECT b.stream, b.paid, p.n FROM projections.balance b JOIN eventstore.paid p USING (stream);
--- 15 a projection kept by the store
CREATE FUNCTION projections.apply() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO projections.balance VALUES (NEW.stream, (NEW.kind = 'paid')::int, NEW.id)
  ON CONFLICT (stream) DO UPDATE SET paid = balance.paid + excluded.paid, seen = excluded.seen;
  RETURN NULL;
END $$;
CREATE TRIGGER projected AFTER INSERT ON eventstore.events FOR EACH ROW EXECUTE FUNCTION projections.apply();
INSERT INTO eventstore.events (stream, kind, data, at, version) VALUES ('s9', 'paid', '{}', '2024-02-02', 1);
--- 16 wider numbers
DROP VIEW projections.summary;
ALTER TABLE projections.balance ALTER paid TYPE bigint;
CREATE VIEW projections.summary AS SELECT b.stream, b.paid, p.n FROM projections.balance b JOIN eventstore.paid p USING (stream);
--- 17 closed streams are archived
ALTER TYPE eventstore.kind ADD VALUE 'archived';
--- 18 snapshots of streams
CREATE TABLE eventstore.snapshots (stream text, version int, state jsonb, PRIMARY KEY (stream, version)) PARTITION BY HASH (stream);
CREATE TABLE eventstore.snapshots_0 PARTITION OF eventstore.snapshots FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE eventstore.snapshots_1 PARTITION OF eventstore.snapshots FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO eventstore.snapshots SELECT stream, max(version), '{}' FROM eventstore.events GROUP BY stream;
--- 19 by region
CREATE TABLE eventstore.inbox (id uuid DEFAULT gen_random_uuid(), region text NOT NULL, body text) PARTITION BY LIST (region);
CREATE TABLE eventstore.inbox_eu PARTITION OF eventstore.inbox FOR VALUES IN ('de', 'fr');
CREATE TABLE eventstore.inbox_us PARTITION OF eventstore.inbox FOR VALUES IN ('us');
INSERT INTO eventstore.inbox (region, body) VALUES ('de', 'a'), ('fr', 'b'), ('us', 'c');
--- 20 a region more
ALTER TABLE eventstore.inbox DETACH PARTITION eventstore.inbox_us;
ALTER TABLE eventstore.inbox ATTACH PARTITION eventstore.inbox_us FOR VALUES IN ('us', 'ca');
--- 21 below a partition, partitions
CREATE TABLE eventstore.inbox_asia PARTITION OF eventstore.inbox FOR VALUES IN ('jp', 'in') PARTITION BY LIST (region);
CREATE TABLE eventstore.inbox_jp PARTITION OF eventstore.inbox_asia FOR VALUES IN ('jp');
CREATE TABLE eventstore.inbox_in PARTITION OF eventstore.inbox_asia FOR VALUES IN ('in');
INSERT INTO eventstore.inbox (region, body) VALUES ('jp', 'e'), ('in', 'f');
--- 22 a column for all of them
ALTER TABLE eventstore.inbox ADD received timestamptz NOT NULL DEFAULT '2024-08-01';
ALTER TABLE eventstore.inbox RENAME body TO message;
--- 23 the store's own name for streams
ALTER TABLE eventstore.events RENAME stream TO stream_id;
--- 24 the append function with a version
DROP FUNCTION eventstore.append(text, text, jsonb);
CREATE FUNCTION eventstore.append(stream text, kind eventstore.kind, data jsonb, expected int DEFAULT NULL) RETURNS bigint LANGUAGE sql AS $$
  INSERT INTO eventstore.events (stream_id, kind, data, at, version) VALUES ($1, $2, $3, now(), $4 + 1) RETURNING id $$;
--- 25 the kind is called event_kind
ALTER TYPE eventstore.kind RENAME TO event_kind;
--- 26 a procedure that moves old ones
CREATE PROCEDURE eventstore.sweep(before timestamptz) LANGUAGE plpgsql AS $$ BEGIN PERFORM count(*) FROM eventstore.events WHERE at < before; END $$;
--- 27 with another name and place
ALTER PROCEDURE eventstore.sweep(timestamptz) RENAME TO clean_up;
ALTER PROCEDURE eventstore.clean_up(timestamptz) SET SCHEMA projections;
--- 28 an aggregate
CREATE AGGREGATE eventstore.merged(jsonb) (SFUNC = jsonb_concat, STYPE = jsonb, INITCOND = '{}');
CREATE VIEW eventstore.states AS SELECT stream_id, eventstore.merged(data ORDER BY version) AS state FROM eventstore.events GROUP BY stream_id;
--- 29 renamed
ALTER AGGREGATE eventstore.merged(jsonb) RENAME TO folded;
--- 30 without the rest
DELETE FROM eventstore.inbox WHERE region = 'in';
ALTER TABLE eventstore.events DISABLE TRIGGER events_append_only;
DROP TABLE eventstore.inbox_in;
--- 31 a plain table again
DROP VIEW eventstore.states;
CREATE TABLE eventstore.messages (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), region text NOT NULL, message text, received timestamptz NOT NULL);
INSERT INTO eventstore.messages SELECT * FROM eventstore.inbox;
DROP TABLE eventstore.inbox;
ALTER TABLE eventstore.messages RENAME TO inbox;
ALTER TABLE eventstore.inbox RENAME CONSTRAINT messages_pkey TO inbox_pkey;
