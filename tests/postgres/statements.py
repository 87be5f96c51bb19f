"""Random schemas and random changes of them: statements made up from a grammar and tried on a real database.

What a statement is about is picked from the database as it is; the server is the judge of whether it is
one, so that whatever PostgreSQL lets people build can come out. What it refuses is left out. A script is the
list of the statements that it took: run again from the start it gives the same database, and any part of it
still gives one, which is what makes a failure easy to make smaller.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

ROWS = 3
Connection = psycopg.Connection[Any]
Script = list[str]

FIXED = {
    "name": ('"T 3"', '"select"', '"a.b"', '"q""x"', "w", "x9", "t", "u", "grown", '"é"', '"it\'s"'),
    "column_name": ("a", "b", '"C c"', '"order"', "d", '"é"', "f", '"x.y"'),
    "operator_name": ('"Odd.Schema".<<<', "public.@@!", "public.<", '"Odd.Schema".='),
}
SETUP = (
    'CREATE SCHEMA "Odd.Schema"',
    "CREATE SCHEMA s",
    "CREATE FUNCTION public.trg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE FUNCTION public.f(x text) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 1::bigint'",
    'CREATE FUNCTION "Odd.Schema"."G"(x text) RETURNS bigint LANGUAGE sql IMMUTABLE AS \'SELECT 1::bigint\'',
    "CREATE TYPE public.mood AS ENUM ('1', '2', '3', 'sad')",
)


class Column(NamedTuple):
    name: str
    literal: str | None
    """A value of its type where ``%s`` is 1, 2 or 3; None for one that is generated."""
    labels: list[str] | None


@dataclass(frozen=True)
class Seen:
    """What there is to make statements about: names by kind, with what a thing is a part of."""

    names: Mapping[str, list[tuple[str | None, str]]]
    columns: Mapping[str, list[Column]]


# -- the grammar -------------------------------------------------------------------------------------------


def _grammar(text: str) -> dict[str, list[str]]:
    rules: dict[str, list[str]] = defaultdict(list)
    rule = ""
    for line in text.splitlines():
        if line.startswith("= "):
            rule = line[2:]
        elif line and not line.startswith("#"):
            often = re.match(r"(\d+) ", line)
            rules[rule] += [line[often.end() :]] * int(often[1]) if often else [line]
    return rules


RULES = _grammar((Path(__file__).parent / "statements.txt").read_text())
_CHOICE = re.compile(r"\[\[((?:(?!\[\[|\]\]).)*)\]\]")
_SLOT = re.compile(r"\{(\w+?)(\d?)\}")
_PARTS = {"column", "columns"}


def statement(rng: random.Random, seen: Seen, rule: str = "statement") -> str:
    """A statement at random; IndexError when it would be about something that the database has not."""
    text = f"{{{rule}}}"
    while True:
        wider = _SLOT.sub(lambda slot: rng.choice(RULES[slot[1]]) if slot[1] in RULES else slot[0], text)
        wider = _CHOICE.sub(lambda found: rng.choice(found[1].split("|")), wider)
        if wider == text:
            return _about(rng, seen, text)
        text = wider


def _about(rng: random.Random, seen: Seen, text: str) -> str:
    """The statement with the names of things in their places; columns are those of the first relation."""
    bound: dict[str, str] = {}
    slots = list(_SLOT.finditer(text))
    for slot in slots:
        if slot[1] not in _PARTS and slot[1] + slot[2] not in bound:
            _bind(rng, seen, slot[1], slot[2], bound)
    relations = [bound[s[1] + s[2]] for s in slots if bound.get(s[1] + s[2]) in seen.columns]
    names = [column.name for column in seen.columns[relations[0]]] if relations else []
    for slot in slots:
        if slot[1] in _PARTS and slot[1] + slot[2] not in bound:
            bound[slot[1] + slot[2]] = rng.choice(names) if slot[1] == "column" else _some(rng, names)
    return _SLOT.sub(lambda slot: bound[slot[1] + slot[2]], text)


def _some(rng: random.Random, names: list[str]) -> str:
    return ", ".join(rng.sample(names, min(len(names), rng.randint(1, 2))))


def _bind(rng: random.Random, seen: Seen, kind: str, number: str, bound: dict[str, str]) -> None:
    """Pick a thing of a kind. ``kind_on`` is what a thing that is part of another one is on."""
    if kind == "new":
        schema = rng.choice(seen.names["schema"])[1]
        bound[kind + number] = f"{schema}.{rng.choice(FIXED['name'])}"
    elif kind in FIXED:
        bound[kind + number] = rng.choice(FIXED[kind])
    else:
        kind = kind.removesuffix("_on")
        on, name = rng.choice(seen.names.get(kind, []))
        bound[kind + number] = name
        bound[f"{kind}_on{number}"] = on or ""


# -- what is there -----------------------------------------------------------------------------------------

_OURS = "NOT LIKE ALL ('{pg\\_%,information\\_schema,snapstore\\_%}')"
_ROUTINE = (
    "SELECT DISTINCT '{}', NULL::text, {} FROM pg_proc p JOIN spaces s ON s.oid = pronamespace WHERE {}"
)
_NAMED = "SELECT '{}', NULL, format('%I.%I', nspname, {}name) FROM pg_{} JOIN spaces s ON s.oid = {}namespace"
_QUALIFIED = "format('%I.%I', nspname, proname)"
_TEXT = "'text'::regtype"
_TWO_TEXTS = f"pronargs = 2 AND proargtypes[1] = {_TEXT}"

NAMES = f"""
WITH spaces AS (SELECT oid, nspname FROM pg_namespace WHERE nspname {_OURS}),
relations AS (SELECT c.*, format('%I.%I', nspname, relname) AS name FROM pg_class c JOIN spaces s
                ON s.oid = relnamespace)
SELECT 'schema', NULL, quote_ident(nspname) FROM spaces UNION ALL
SELECT k.kind, NULL, name FROM relations JOIN (VALUES ('table', 'r'), ('table', 'p'), ('relation', 'r'),
  ('relation', 'p'), ('relation', 'v'), ('relation', 'v'), ('relation', 'm'), ('relation', 'm'),
  ('view', 'v'), ('matview', 'm'), ('partitioned', 'p'), ('sequence', 'S'), ('index', 'i'), ('index', 'I'),
  ('foreign', 'f'), ('composite', 'c'), ('anytype', 'c')) k (kind, letter) ON relkind::text = letter UNION ALL
SELECT 'index_name', t.name, quote_ident(i.relname) FROM pg_index x JOIN relations i ON i.oid = indexrelid
  JOIN relations t ON t.oid = indrelid UNION ALL
SELECT 'child', t.name, i.name FROM pg_inherits x JOIN relations i ON i.oid = inhrelid
  JOIN relations t ON t.oid = inhparent WHERE i.relkind IN ('r', 'p') UNION ALL
SELECT 'constraint', name, quote_ident(conname) FROM pg_constraint JOIN relations r ON r.oid = conrelid
 UNION ALL
SELECT 'trigger', name, quote_ident(tgname) FROM pg_trigger JOIN relations r ON r.oid = tgrelid
 WHERE NOT tgisinternal UNION ALL
SELECT 'policy', name, quote_ident(polname) FROM pg_policy JOIN relations r ON r.oid = polrelid UNION ALL
SELECT 'rule', name, quote_ident(rulename) FROM pg_rewrite JOIN relations r ON r.oid = ev_class
 WHERE rulename <> '_RETURN' UNION ALL
SELECT k.kind, NULL, format('%I.%I', nspname, typname) FROM pg_type JOIN spaces s ON s.oid = typnamespace
  JOIN (VALUES ('enum', 'e'), ('anytype', 'e'), ('anytype', 'e'), ('domain', 'd'), ('anytype', 'd'),
    ('anytype', 'r')) k (kind, letter) ON typtype::text = letter UNION ALL
{_ROUTINE.format("function", "p.oid::regprocedure::text", "true")} UNION ALL
{_ROUTINE.format("trigger_function", _QUALIFIED, "prorettype = 'trigger'::regtype")} UNION ALL
{_ROUTINE.format("event_function", _QUALIFIED, "prorettype = 'event_trigger'::regtype")} UNION ALL
{_ROUTINE.format("aggregate", _QUALIFIED, "prokind = 'a'")} UNION ALL
{_ROUTINE.format("call", _QUALIFIED, f"proargtypes[0] = {_TEXT} AND prorettype = 'bigint'::regtype")}
  UNION ALL
{_ROUTINE.format("predicate", _QUALIFIED, f"{_TWO_TEXTS} AND prorettype = 'bool'::regtype")}
  UNION ALL
{_ROUTINE.format("joining", _QUALIFIED, f"{_TWO_TEXTS} AND prorettype = {_TEXT}")}
  UNION ALL
SELECT 'operator', NULL, format('OPERATOR(%I.%s)', nspname, oprname) FROM pg_operator
  JOIN spaces s ON s.oid = oprnamespace UNION ALL
SELECT 'operator_signature', NULL, format('%I.%s(%s, %s)', nspname, oprname,
       oprleft::regtype, oprright::regtype)
  FROM pg_operator JOIN spaces s ON s.oid = oprnamespace UNION ALL
SELECT 'publication', NULL, quote_ident(pubname) FROM pg_publication UNION ALL
SELECT 'method', NULL, quote_ident(amname) FROM pg_am WHERE amtype = 't' AND oid >= 16384 UNION ALL
SELECT 'wrapper', NULL, quote_ident(fdwname) FROM pg_foreign_data_wrapper UNION ALL
SELECT 'server', NULL, quote_ident(srvname) FROM pg_foreign_server UNION ALL
{_NAMED.format("collation", "coll", "collation", "coll")} UNION ALL
{_NAMED.format("statistics", "stx", "statistic_ext", "stx")} UNION ALL
{_NAMED.format("configuration", "cfg", "ts_config", "cfg")} UNION ALL
{_NAMED.format("dictionary", "dict", "ts_dict", "dict")} UNION ALL
{_NAMED.format("opclass", "opc", "opclass", "opc")}
ORDER BY 1, 2 NULLS FIRST, 3"""

COLUMNS = f"""
SELECT format('%I.%I', nspname, relname), quote_ident(attname),
       CASE WHEN attgenerated <> '' THEN NULL
            WHEN b.typtype = 'm' THEN '{{}}'
            WHEN b.typcategory = 'A' THEN '{{}}'
            WHEN b.typcategory = 'B' THEN 'true'
            WHEN b.typcategory = 'D' THEN '2024-01-0%s'
            WHEN b.typcategory = 'C' THEN '(' || repeat(',', (SELECT relnatts FROM pg_class
                                                               WHERE oid = b.typrelid) - 1) || ')'
            WHEN b.typtype = 'r' THEN CASE WHEN rngsubtype IN (23, 1700, 25) THEN '[%s,%s]' ELSE 'empty' END
            ELSE '%s' END,
       (SELECT array_agg(enumlabel::text ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = b.oid)
  FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
  JOIN pg_type t ON t.oid = atttypid JOIN pg_type b ON b.oid = coalesce(nullif(t.typbasetype, 0), t.oid)
  LEFT JOIN pg_range r ON rngtypid = b.oid
 WHERE nspname {_OURS} AND relkind IN ('r', 'p', 'v', 'm', 'f') AND attnum > 0 AND NOT attisdropped
 ORDER BY 1, attnum"""


def look(connection: Connection) -> Seen:
    names: dict[str, list[tuple[str | None, str]]] = defaultdict(list)
    columns: dict[str, list[Column]] = defaultdict(list)
    for kind, on, name in connection.execute(NAMES.encode(), prepare=True):
        names[kind].append((on, name))
    for relation, *column in connection.execute(COLUMNS.encode(), prepare=True):
        columns[relation].append(Column(*column))
    return Seen(names, columns)


# -- scripts -----------------------------------------------------------------------------------------------


def run(connection: Connection, script: Sequence[str]) -> Script:
    """Run statements one by one, in autocommit. Those that the server took."""
    return [text for text in script if _taken(connection, text)]


def _taken(connection: Connection, text: str) -> bool:
    try:
        connection.execute(text.encode())
    except psycopg.Error:
        if connection.broken:
            raise
        return False
    return True


def ready(connection: Connection) -> None:
    """The settings in which scripts are run."""
    settings = {"search_path": "''", "statement_timeout": "'10s'", "client_min_messages": "error"}
    settings["plan_cache_mode"] = "force_generic_plan"  # for what `look` asks again and again
    connection.execute("; ".join(f"SET {name} = {value}" for name, value in settings.items()))


def grow(connection: Connection, rng: random.Random, count: int, rule: str = "statement") -> Script:
    """Change the database by that many random statements, and fill tables that are empty then."""
    done: Script = []
    seen = look(connection)
    for _ in range(6 * count):
        try:
            text = statement(rng, seen, rule)
        except IndexError:
            continue
        if _taken(connection, text):
            done.append(text)
            seen = look(connection)
        if len(done) == count:
            break
    done += run(connection, list(_filling(connection, seen)))
    return done + run(connection, list(_stale(connection)))


_POPULATED = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'm' AND relispopulated ORDER BY oid"


_LEFT_OVER = r"""
SELECT adrelid::regclass::text, quote_ident(attname)
  FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
 WHERE attgenerated = '' AND adbin::text ~ '^\{CONST .*:constisnull true' ORDER BY 1, 2"""


def _stale(connection: Connection) -> Iterator[str]:
    """Drops materialized views that can no longer be filled: nothing could make them anew. And what only a
    former type left of a default, which ``pg_dump`` could not bring back."""
    for table, column in connection.execute(_LEFT_OVER).fetchall():
        yield f"ALTER TABLE ONLY {table} ALTER {column} DROP DEFAULT"
    for (name,) in connection.execute(_POPULATED).fetchall():
        if not _taken(connection, f"REFRESH MATERIALIZED VIEW {name}"):
            yield f"DROP MATERIALIZED VIEW {name} CASCADE"


def _filling(connection: Connection, seen: Seen) -> Iterator[str]:
    for _, table in seen.names.get("table", []):
        columns = [column for column in seen.columns.get(table, []) if column.literal is not None]
        empty = connection.execute(f"SELECT NOT EXISTS (SELECT FROM {table})".encode()).fetchone()
        if columns and empty == (True,):
            rows = ", ".join(f"({_row(columns, number)})" for number in range(1, ROWS + 1))
            names = ", ".join(column.name for column in columns)
            yield f"INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE VALUES {rows}"


def _row(columns: list[Column], number: int) -> str:
    values = (
        c.labels[number % len(c.labels)] if c.labels else str(c.literal).replace("%s", str(number))
        for c in columns
    )
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)


# -- another script ----------------------------------------------------------------------------------------

_SWAPS = [
    ("integer", "bigint"), ("bigint", "integer"), ("integer", "text"), ("text", "character varying(20)"),
    ("text", "integer"), ("numeric", "bigint"), ("jsonb", "text"), ("public.", '"Odd.Schema".'),
    ("CREATE VIEW", "CREATE MATERIALIZED VIEW"), ("CREATE MATERIALIZED VIEW", "CREATE VIEW"),
    ("STORED", "VIRTUAL"), ("IMMUTABLE", "STABLE"), ("STABLE", "IMMUTABLE"), ("LIST", "RANGE"),
    ("RETURNS bigint", "RETURNS numeric"), ("(x text", "(y text"), ("SELECT 1::bigint", "SELECT 2::bigint"),
    ("'3'", "'n3'"), ("'2', '3'", "'3', '2'"), ("a ", "b "), ("PRIMARY KEY", "UNIQUE"),
    ("WHERE", "ORDER BY 1 --"),
    ("AS (id", 'AS ("I d"'), ("ALWAYS AS IDENTITY", "BY DEFAULT AS IDENTITY"), ("BEFORE", "AFTER"),
    ("(id)", "(a)"), ("snap_app", "snap_reader"), ("NOT NULL", ""), (" NOT VALID", ""),
    ("CREATE UNLOGGED", "CREATE"),
]  # fmt: skip
_VIEW = re.compile(r"(CREATE (?:MATERIALIZED )?VIEW .*? AS )(SELECT .*)")


def edited(rng: random.Random, script: Sequence[str], count: int) -> Script:
    """Another script: as if history had been a little different below what stands on it."""
    lines = list(script)
    for _ in range(count):
        rng.choice(_EDITS)(rng, lines)
    return lines


def _swap_word(rng: random.Random, lines: Script) -> None:
    old, new = rng.choice(_SWAPS)
    places = [number for number, line in enumerate(lines) if old in line]
    if places:
        number = rng.choice(places)
        lines[number] = lines[number].replace(old, new, 1)


def _leave_out(rng: random.Random, lines: Script) -> None:
    del lines[rng.randrange(len(lines))]


def _move(rng: random.Random, lines: Script) -> None:
    lines.insert(rng.randrange(len(lines)), lines.pop(rng.randrange(len(lines))))


def _exchange_views(rng: random.Random, lines: Script) -> None:
    places = [number for number, line in enumerate(lines) if _VIEW.fullmatch(line)]
    one, two = rng.sample(places, 2) if len(places) > 1 else (0, 0)
    first, second = _VIEW.fullmatch(lines[one]), _VIEW.fullmatch(lines[two])
    if first and second:
        lines[one], lines[two] = first[1] + second[2], second[1] + first[2]


_EDITS: list[Callable[[random.Random, Script], None]] = [
    _swap_word, _swap_word, _swap_word, _swap_word, _leave_out, _move, _exchange_views,
]  # fmt: skip


# -- a smaller one -----------------------------------------------------------------------------------------


def smaller(before: Script, after: Script, fails: Callable[[Script, Script], bool]) -> tuple[Script, Script]:
    """Two scripts of which each statement is needed for the failure; what is in both goes from both."""
    lines = [*dict.fromkeys([*before, *after])]
    size = max(1, len(lines) // 2)
    while lines:
        at = 0
        while at < len(lines):
            gone = set(lines[at : at + size])
            fewer = (
                [line for line in before if line not in gone],
                [line for line in after if line not in gone],
            )
            if fails(*fewer):
                before, after = fewer
                lines = [line for line in lines if line not in gone]
            else:
                at += size
        if size == 1:
            break
        size = max(1, size // 2)
    return before, after
