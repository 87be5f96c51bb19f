"""A large PostgreSQL schema, the same for the same size, and a change of one object in a hundred."""

from __future__ import annotations

from collections.abc import Iterator

SCHEMAS = 10
COLUMNS = [
    "email text NOT NULL",
    "amount numeric(12, 2) NOT NULL DEFAULT 0.00",
    "active boolean NOT NULL DEFAULT true",
    "created timestamptz NOT NULL DEFAULT now()",
    "settings jsonb DEFAULT '{}'",
    "tags text[]",
    "note varchar(120)",
    "position integer",
    "token uuid DEFAULT gen_random_uuid()",
    "ratio double precision",
]


def create(tables: int) -> str:
    """The statements that make a schema with that many tables, and what usually stands around them."""
    return ";\n".join(_statements(tables)) + ";\n"


def drift(tables: int) -> str:
    """Statements that change one table, index, view or function in a hundred."""
    return ";\n".join(_drift(tables)) + ";\n"


def _statements(tables: int) -> Iterator[str]:
    yield "SET check_function_bodies = off"
    yield (
        "DO $$ BEGIN CREATE ROLE bench_reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
        "DO $$ BEGIN CREATE ROLE bench_writer; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
    )
    for number in range(SCHEMAS):
        yield f"CREATE SCHEMA s{number}"
        yield f"GRANT USAGE ON SCHEMA s{number} TO bench_reader"
        yield f"CREATE TYPE s{number}.state AS ENUM ('new', 'paid', 'sent', 'done')"
        yield f"CREATE FUNCTION s{number}.touch() RETURNS trigger LANGUAGE plpgsql AS {_BODY}"
    for number in range(tables):
        yield from _table(number)
        if number % 5 == 0:
            yield from _view(number)
        if number % 10 == 0:
            yield from _extras(number)
        if number % 50 == 0:
            yield from _partitioned(number)


_BODY = "$$BEGIN\n  NEW.created := now();\n  RETURN NEW;\nEND$$"


def name(number: int) -> str:
    return f"s{number % SCHEMAS}.t{number:05}"


def _table(number: int) -> Iterator[str]:
    table = name(number)
    columns = ["id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", *COLUMNS[: 6 + number % 5]]
    columns.append(f"state s{number % SCHEMAS}.state NOT NULL DEFAULT 'new'")
    columns.append(f"CONSTRAINT t{number:05}_amount CHECK (amount >= 0)")
    if number:
        columns.append(f"parent bigint REFERENCES {name(number // 2)} ON DELETE CASCADE")
    yield f"CREATE TABLE {table} ({', '.join(columns)})"
    yield f"CREATE INDEX ON {table} (email, created DESC)"
    yield f"CREATE INDEX ON {table} (lower(email)) WHERE active"
    yield f"COMMENT ON TABLE {table} IS 'Table {number}'"
    yield f"COMMENT ON COLUMN {table}.amount IS 'In the currency of the account'"
    yield f"GRANT SELECT ON {table} TO bench_reader"
    yield f"GRANT SELECT, INSERT, UPDATE ON {table} TO bench_writer"


def _view(number: int) -> Iterator[str]:
    table = name(number)
    query = f"SELECT state, count(*) AS n, sum(amount) AS total FROM {table} WHERE active GROUP BY state"
    yield f"CREATE VIEW {table}_totals AS {query}"
    yield f"CREATE VIEW {table}_large AS SELECT state, total FROM {table}_totals WHERE n > 10"
    other = name(max(number - 1, 0))
    query = f"SELECT a.id, a.email, b.amount FROM {table} a LEFT JOIN {other} b ON b.id = a.id"
    yield f"CREATE VIEW {table}_pairs AS {query}"


def _extras(number: int) -> Iterator[str]:
    table, schema = name(number), f"s{number % SCHEMAS}"
    yield f"CREATE MATERIALIZED VIEW {table}_mails AS SELECT DISTINCT email FROM {table} WITH NO DATA"
    yield f"CREATE UNIQUE INDEX ON {table}_mails (email)"
    yield f"CREATE TRIGGER touch BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {schema}.touch()"
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    yield f"CREATE POLICY readers ON {table} FOR SELECT TO bench_reader USING (active)"
    body = f"$$\n  SELECT count(*)\n    FROM {table}\n   WHERE active\n$$"
    yield f"CREATE FUNCTION {table}_count() RETURNS bigint LANGUAGE sql STABLE AS {body}"


def _partitioned(number: int) -> Iterator[str]:
    events = f"{name(number)}_events"
    columns = "id bigint, at timestamptz, kind text, PRIMARY KEY (id, at)"
    yield f"CREATE TABLE {events} ({columns}) PARTITION BY RANGE (at)"
    for year in (2025, 2026):
        bounds = f"FROM ('{year}-01-01') TO ('{year + 1}-01-01')"
        yield f"CREATE TABLE {events}_{year} PARTITION OF {events} FOR VALUES {bounds}"
    yield f"CREATE INDEX ON {events} (kind)"


def _drift(tables: int) -> Iterator[str]:
    for number in range(0, tables, 100):
        yield f"ALTER TABLE {name(number)} ADD COLUMN extra text DEFAULT 'x'"
        yield f"CREATE INDEX ON {name(number + 1)} (created)"
        query = f"SELECT state, total FROM {name(number)}_totals WHERE n > 20"
        yield f"CREATE OR REPLACE VIEW {name(number)}_large AS {query}"
        yield f"ALTER TABLE {name(number + 2)} DROP COLUMN tags"
        yield f"COMMENT ON TABLE {name(number + 3)} IS 'Changed'"
