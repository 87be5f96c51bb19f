"""Rows that users have in tables of an extension: in the archive while the extension is away.

An extension says which of its tables those are, and by a condition which of their rows it brought along;
``pg_dump`` keeps what is left. The tables go with the extension, so the rows are copied, as texts, since its
types go too. Sequences that it names likewise keep their positions.

Source: https://www.postgresql.org/docs/current/extend-extensions.html, "Extension Configuration Tables"
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.model import Fact, Hazard, HazardName, Json
from snapstore.rules import Draft, View
from snapstore_postgres.blocks import DOES_NOT_FIT
from snapstore_postgres.names import block, literal, parts, quote, unquote
from snapstore_postgres.relations.locks import held_still, held_unlisted
from snapstore_postgres.relations.sizes import data_loss
from snapstore_postgres.rows.archived import archive
from snapstore_postgres.rows.types.casts import read, written

KIND = "extension"
CONFIGURED = "configured"
"""The hint with what :data:`QUERY` was answered, and the numbers of rows: by the extension's identity."""

QUERY = """
SELECT pg_catalog.format('extension:%I', e.extname), pg_catalog.format('%I.%I', n.nspname, c.relname),
       c.relkind = 'S', coalesce(x.condition, ''),
       (SELECT pg_catalog.json_object_agg(pg_catalog.quote_ident(a.attname),
                                          pg_catalog.format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum)
          FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '')
  FROM pg_catalog.pg_extension e,
       LATERAL unnest(e.extconfig, e.extcondition) WITH ORDINALITY x (oid, condition, n)
  JOIN pg_catalog.pg_class c ON c.oid = x.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE pg_catalog.format('extension:%I', e.extname) = ANY ($1) AND c.relkind IN ('r', 'p', 'S')
 ORDER BY e.extname, x.n"""
"""What of the extensions is to be kept; their identities are the parameter."""


class Configured(msgspec.Struct, frozen=True):
    """A relation of an extension whose contents are the user's: a sequence, or those rows of a table that the
    condition (``WHERE ...``, or nothing) tells, and their number. ``columns``: the types by the names."""

    name: str
    is_sequence: bool
    condition: str
    columns: dict[str, str]
    rows: int = 0

    @property
    def source(self) -> str:
        return f"{self.name} {self.condition}".rstrip()


def going(request: PlanRequest) -> list[str]:
    """The identities of extensions with such tables that go, or may be made anew."""
    changes = (change for change in request.changes.facts if change.id.startswith("extension:"))
    return [c.id for c in changes if c.before is not None and c.before.attrs.get("configuration")]


def kept_apart(draft: Draft, fact: Fact, view: View) -> Draft:
    """The draft of what drops the extension, with the user's rows copied to the archive before."""
    found = _configured(fact, view)
    if found is None:
        return replace(draft, hazards=[*draft.hazards, *_unknown(fact, view)])
    if not any(one.rows for one in found):
        return replace(draft, statements=[*_still_without(fact, found), *draft.statements])
    entry = _leaving(fact, view)
    if entry is None:
        return replace(draft, hazards=[*draft.hazards, *(_loss(one, fact) for one in found if one.rows)])
    noted = archive.register(entry.place, entry.identity, entry.kind, entry.facts)
    return replace(
        draft,
        summary=f"drop extension {fact.name}, your rows in its tables copied to the archive",
        statements=[*_copied(found, entry.place), noted, *draft.statements],
        needs=[*draft.needs, archive.REGISTERED],
        payload={"archive": entry.place},
    )


def put_back(draft: Draft, fact: Fact, view: View) -> Draft:
    """The draft of what creates the extension, with what lies in the archive of its rows put in after, be it
    there by this plan, which makes it anew."""
    before = view.live.get(fact.id)
    leaving = _leaving(before, view) if before else None
    entry = leaving or archive.kept(view.request, fact.id, KIND)
    if entry is None:
        return draft
    found = msgspec.convert(entry.facts["relations"], list[Configured])
    moved = {entry.facts["schema"]: str(fact.attrs["schema"])}
    statements = [_returned(one, entry.place, moved) for one in found]
    gone = [f"DROP TABLE {_place(one, entry.place)}" for one in found]
    closed = [*gone, f"DROP SCHEMA {quote(entry.place)}", archive.returned(entry)]
    return replace(draft, statements=[*draft.statements, *statements, *closed])


def _leaving(fact: Fact, view: View) -> archive.Entry | None:
    """What goes to the archive when the extension does; None where that is nothing, or not wanted."""
    found = _configured(fact, view)
    if not found or not any(one.rows for one in found) or not archive.wanted(view):
        return None
    relations = [msgspec.structs.replace(one, condition="") for one in found]
    noted = {"schema": fact.attrs["schema"], "relations": msgspec.to_builtins(relations)}
    return archive.Entry(archive.place_of(view.request, fact.id), fact.id, KIND, noted)


def _configured(fact: Fact, view: View) -> list[Configured] | None:
    """None where nothing is known of it: nobody was asked, or this role may not read it."""
    if not fact.attrs.get("configuration"):
        return []
    found: list[Json] | None = view.request.live_hints.get(CONFIGURED, {}).get(fact.id)
    return None if found is None else msgspec.convert(found, list[Configured])


def _unknown(fact: Fact, view: View) -> Iterator[Hazard]:
    for table in fact.attrs["configuration"]:
        yield from data_loss(view, f"table:{table}", f"table {table} of extension {fact.name}")


def _loss(one: Configured, fact: Fact) -> Hazard:
    return Hazard(
        HazardName.DATA_LOSS, f"rows of yours in {one.name} of extension {fact.name}", rows=one.rows
    )


def _still_without(fact: Fact, found: Sequence[Configured]) -> Iterator[str]:
    """Nobody's rows may come after they were counted. The conditions, which may be long, are read there."""
    if not all(one.is_sequence for one in found):
        yield block(
            f"""DECLARE one record; has_some bool;
BEGIN
  FOR one IN SELECT x.oid::pg_catalog.regclass AS name, coalesce(x.condition, '') AS condition
      FROM pg_catalog.pg_extension e, LATERAL unnest(e.extconfig, e.extcondition) x (oid, condition)
      JOIN pg_catalog.pg_class c ON c.oid = x.oid
     WHERE e.extname = {literal(unquote(fact.name))} AND c.relkind IN ('r', 'p') LOOP
    EXECUTE pg_catalog.format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', one.name);
    EXECUTE pg_catalog.format('SELECT EXISTS (SELECT FROM %s %s)', one.name, one.condition) INTO has_some;
    IF has_some THEN
      RAISE EXCEPTION '%: without rows of yours when the plan was made, and has some by now', one.name
        USING ERRCODE = '{DOES_NOT_FIT}', HINT = 'run the restore again';
    END IF;
  END LOOP;
END"""
        )


def _place(one: Configured, place: str) -> str:
    """Relations of two schemas may have one name."""
    return f"{quote(place)}.{quote('.'.join(map(unquote, parts(one.name))))}"


def _copied(found: Sequence[Configured], place: str) -> Iterator[str]:
    yield f"CREATE SCHEMA {quote(place)}"
    for one in found:
        yield held_unlisted(one.name) if one.is_sequence else held_still(one.name)
        values = [f"{written(name, kind)} AS {name}" for name, kind in one.columns.items()]
        what = "last_value, is_called" if one.is_sequence else ", ".join(values)
        yield f"CREATE TABLE {_place(one, place)} AS SELECT {what} FROM {one.source}"


def _returned(one: Configured, place: str, moved: dict[str, str]) -> str:
    """What the extension brings along by itself has not to be put in."""
    schema, name = parts(one.name)
    there = f"{moved.get(schema, schema)}.{name}"
    if one.is_sequence:
        return f"SELECT pg_catalog.setval({literal(there)}, last_value, is_called) FROM {_place(one, place)}"
    values = ", ".join(read(column, kind) for column, kind in one.columns.items())
    return (
        f"INSERT INTO {there} ({', '.join(one.columns)}) OVERRIDING SYSTEM VALUE SELECT {values}"
        f" FROM {_place(one, place)} ON CONFLICT DO NOTHING"
    )
