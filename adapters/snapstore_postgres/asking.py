"""What the live server has of what a plan wants of it, asked before anything is planned.

Parameters are tried and taken back, since only that tells what a role may set, and to which values;
everything else is looked up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec
import psycopg
from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.model import Json
from snapstore_postgres import renames
from snapstore_postgres.kinds.extensions import WAYS, version_changes
from snapstore_postgres.names import quote
from snapstore_postgres.rows.archived import configuration
from snapstore_postgres.rows.disallowed import lost_label_rows
from snapstore_postgres.rows.positions.noted_positions import USED, of_empty_tables
from snapstore_postgres.server.connection import Connection, connect, set_for_transaction
from snapstore_postgres.supply import needed, parameters, wanted


class Answer(NamedTuple):
    """What the server lacks, by key, and what this role may not use of what it has."""

    lacks: dict[str, str]
    denied: dict[str, str]


_LOOKED_UP = """
SELECT sort || ':' || name FROM unnest($1::text[], $2::text[]) AS x (sort, name)
 WHERE CASE sort
  WHEN 'tablespace' THEN NOT EXISTS (SELECT FROM pg_catalog.pg_tablespace WHERE spcname = name)
  WHEN 'provider' THEN NOT EXISTS (  -- the one named so is there whatever the server was built with
    SELECT FROM pg_catalog.pg_collation WHERE collprovider = 'i' AND collname <> 'unicode')
  WHEN 'configuration' THEN NOT EXISTS (SELECT FROM pg_catalog.pg_ts_config WHERE cfgname = name)
  WHEN 'collation' THEN NOT EXISTS (
    SELECT FROM pg_catalog.pg_collation
     WHERE collname = name AND collnamespace = 'pg_catalog'::pg_catalog.regnamespace
       AND collencoding IN (-1, pg_catalog.pg_char_to_encoding(pg_catalog.getdatabaseencoding())))
  WHEN 'extension' THEN NOT EXISTS (
    SELECT FROM pg_catalog.pg_available_extension_versions e
     WHERE e.name = pg_catalog.split_part(x.name, ' ', 1)
       AND (x.name = e.name OR x.name = e.name || ' ' || e.version))
  WHEN 'name' THEN NOT EXISTS (SELECT FROM pg_catalog.pg_proc WHERE proname = name)
                   AND NOT EXISTS (SELECT FROM pg_catalog.pg_class WHERE relname = name)
  END"""
_FORBIDDEN = """
WITH x AS (SELECT key, split_part(key, ':', 1) AS sort, substring(key, strpos(key, ':') + 1) AS name
             FROM unnest($1::text[]) AS key)
SELECT key FROM x
 WHERE sort = 'extension' AND NOT EXISTS (
   SELECT FROM pg_available_extension_versions e WHERE e.name = x.name AND (e.trusted OR NOT e.superuser))
UNION ALL
SELECT key
  FROM x, pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid
 WHERE sort = 'references' AND name = quote_ident(n.nspname) || '.' || quote_ident(c.relname)
   AND NOT (has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'REFERENCES'))
UNION ALL
SELECT key
  FROM x, pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid
 WHERE sort = 'writes' AND name = quote_ident(n.nspname) || '.' || quote_ident(c.relname)
   AND NOT (has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')
            AND has_table_privilege(c.oid, 'DELETE'))
UNION ALL
SELECT key
  FROM x, pg_namespace n, pg_roles r
 WHERE sort = 'create' AND name = quote_ident(n.nspname) || ':' || r.rolname
   AND NOT has_schema_privilege(r.oid, n.oid, 'CREATE')"""
_REASONS = {
    "extension": "may not create the extension {}: only a superuser may",
    "references": "has not the privilege REFERENCES on {}",
    "writes": "may not insert, update and delete rows of {}",
    "create": "cannot give something in the schema {0} to {1}, who may not CREATE there",
}
_CONVERTED = "SELECT pg_catalog.convert($1::bytea, 'UTF8', pg_catalog.getdatabaseencoding())"
_LETTER, _EVERYTHING = "character:", ("UTF8", "SQL_ASCII")
"""How keys of single characters begin, and encodings that have all of them."""
_TEXTS = {
    "tablespace": "tablespace {}",
    "provider": "{}",
    "configuration": "text search configuration {}",
    "collation": "collation {}",
    "extension": "extension {}",
    "name": "{}",
}
_UNKNOWN, _DENIED, _INVALID = ("42704", "42602"), ("42501",), ("22023",)
_CHECKED = ("bool", "enum", "integer", "real")
"""Types of parameters whose values the server judges without looking at anything else."""


_USED = """
SELECT name FROM unnest($1::text[]) name CROSS JOIN LATERAL pg_catalog.to_regclass(name) sequence
 WHERE pg_catalog.has_sequence_privilege(sequence, 'SELECT')
   AND pg_catalog.pg_sequence_last_value(sequence) IS NOT NULL"""


_WAYS = """
SELECT name FROM unnest($1::text[], $2::text[], $3::text[]) AS x (name, old, new)
 WHERE EXISTS (SELECT FROM pg_catalog.pg_extension_update_paths(name)
                WHERE source = old AND target = new AND path IS NOT NULL)"""


def ask(request: PlanRequest) -> Mapping[str, Json]:
    """Hints on what the server lacks of what the changes want, which sequences that go with empty tables have
    given out numbers, which rows have labels that go, which extensions have a way to their new versions, and
    what users have in tables of those that go; none where they want nothing of the kind."""
    changed = [change.after for change in request.changes.facts if change.after is not None]
    keys = sorted({key for fact in changed for key in wanted(fact)})
    encoding = request.live_hints.get("encoding", _EVERYTHING[0])
    letters = [key[len(_LETTER) :] for key in keys if key.startswith(_LETTER)]
    keys = [key for key in keys if not key.startswith(_LETTER)]
    rights = _rights(request) if request.live_hints.get("powers") else set()
    sequences = sorted(of_empty_tables(request))
    lost, going = _lost_labels(request), configuration.going(request)
    if not any((keys, rights, sequences, lost, going)) and (encoding in _EVERYTHING or not letters):
        return {}
    values = {(name, value) for fact in changed for name, value in parameters(fact)}
    with connect(request.settings, request.resource, bare=True) as connection, connection.transaction():
        set_for_transaction(connection)
        answer = _parameters(connection, sorted(values, key=str))
        answer.lacks.update(_looked_up(connection, keys))
        answer.denied.update(_forbidden(connection, sorted(rights), request))
        for letter in _unknown(connection, letters) if encoding not in _EVERYTHING else ():
            said = f"the encoding {encoding} of this database has no {letter} (U+{ord(letter):04X})"
            answer.lacks[f"{_LETTER}{letter}"] = said
        used = [name for (name,) in connection.execute(_USED.encode(), [sequences])] if sequences else []
        found = _rows_with_labels(connection, lost, request)
        ways = _ways(connection, [*version_changes(request)])
        configured = _configured(connection, going, request) if going else {}
    asked = {USED: used, lost_label_rows.LOST: found, WAYS: ways, configuration.CONFIGURED: configured}
    return {"lacks": answer.lacks, "denied": answer.denied, **asked}


def _ways(connection: Connection, versions: Sequence[tuple[str, str, str]]) -> list[str]:
    """The extensions of which the server can make one version from the other."""
    columns = [[*column] for column in zip(*versions, strict=True)]
    return [name for (name,) in connection.execute(_WAYS.encode(), columns)] if versions else []


def _configured(connection: Connection, extensions: list[str], request: PlanRequest) -> dict[str, Json]:
    """What users have in relations of extensions; nothing of one where that is not for this role to see."""
    found: dict[str, list[Json]] = {}
    for extension, *told in connection.execute(configuration.QUERY.encode(), [extensions]).fetchall():
        found.setdefault(extension, []).append(
            _with_rows(connection, configuration.Configured(*told), request)
        )
    return {extension: told for extension, told in found.items() if None not in told}


def _with_rows(connection: Connection, one: configuration.Configured, request: PlanRequest) -> Json:
    if one.is_sequence:
        return msgspec.to_builtins(one)
    row = _answer(connection, f"SELECT count(*) FROM {one.source}", request)
    return msgspec.to_builtins(structs.replace(one, rows=row[0])) if row else None


def _lost_labels(request: PlanRequest) -> list[lost_label_rows.Question]:
    """What is to be asked of rows that have labels which go."""
    if not any(change.id.startswith("enum:") for change in request.changes.facts):
        return []
    return [*lost_label_rows.questions(renames.rename_back(request)[0])]


def _rows_with_labels(
    connection: Connection, questions: Sequence[lost_label_rows.Question], request: PlanRequest
) -> dict[str, Json]:
    rows = {one: _answer(connection, one.query, request) for one in questions}
    return {one.column: lost_label_rows.answer(one.places, row) for one, row in rows.items() if row}


def _answer(connection: Connection, query: str, request: PlanRequest) -> Any:
    """The only row; None where that takes too long, or is not for this role to see."""
    limit = round(request.settings.check_timeout * 1000)
    unanswered = suppress(psycopg.errors.QueryCanceled, psycopg.errors.InsufficientPrivilege)
    with unanswered, connection.transaction():
        connection.execute(f"SET LOCAL statement_timeout = {limit}".encode())
        return connection.execute(query.encode()).fetchone()
    return None


def _rights(request: PlanRequest) -> set[str]:
    sides = (change.after or change.before for change in request.changes.facts)
    return {key for fact in sides if fact is not None for key in needed(fact)}


def _forbidden(
    connection: Connection, keys: Sequence[str], request: PlanRequest
) -> Iterator[tuple[str, str]]:
    """What this role, or who shall own something, may not."""
    if "extension" in request.live_hints.get("may", ()):
        keys = [key for key in keys if not key.startswith("extension:")]
    if keys:
        for (key,) in connection.execute(_FORBIDDEN.encode(), [keys]):
            sort, _, name = key.partition(":")
            yield key, _REASONS[sort].format(*name.split(":", 1))


def _unknown(connection: Connection, letters: Sequence[str]) -> list[str]:
    """Those of the letters that the database has no bytes for."""
    try:
        with connection.transaction():
            connection.execute(_CONVERTED.encode(), ["".join(letters).encode()])
    except psycopg.errors.UntranslatableCharacter:
        half = len(letters) // 2
        if not half:
            return list(letters)
        return _unknown(connection, letters[:half]) + _unknown(connection, letters[half:])
    return []


def _looked_up(connection: Connection, keys: list[str]) -> Iterator[tuple[str, str]]:
    pairs = [key.partition(":")[::2] for key in keys if not key.startswith("parameter:")]
    if pairs:
        columns = [list(column) for column in zip(*pairs, strict=True)]
        for (key,) in connection.execute(_LOOKED_UP.encode(), columns):
            sort, _, name = key.partition(":")
            yield key, f"this server has no {_TEXTS[sort].format(name)}"


def _parameters(connection: Connection, values: list[tuple[str, str | None]]) -> Answer:
    found = Answer({}, {})
    query = b"SELECT name FROM pg_catalog.pg_settings WHERE name = ANY ($1) AND vartype = ANY ($2)"
    names = [[name for name, _ in values], list(_CHECKED)]
    checked = {name for (name,) in connection.execute(query, names)} if values else set()
    for name, value in values:
        said = _tried(connection, name, value if name in checked and value else "DEFAULT")
        if said in _UNKNOWN:
            found.lacks[f"parameter:{name}"] = f"this server has no parameter {name}"
        elif said in _INVALID:
            found.lacks[f"parameter:{name}"] = f"{name} cannot be {value} on this server"
        elif said in _DENIED:
            found.denied[f"parameter:{name}"] = f"may not set {name}"
    return found


def _tried(connection: Connection, name: str, value: str) -> str | None:
    """What the server says to a value, as SQLSTATE; nothing of it lasts."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(f"SET LOCAL {'.'.join(map(quote, name.split('.')))} TO {value}".encode())
    except psycopg.Error as error:
        if connection.broken:
            raise
        return error.sqlstate
    return None
