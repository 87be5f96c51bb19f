"""Where a sequence goes on: noted in the archive when it is dropped, or told by the values in use."""

from __future__ import annotations

from dataclasses import replace

from snapstore.model import Fact
from snapstore.rules import Draft, View
from snapstore_postgres import archive
from snapstore_postgres.names import last, literal, qualifier
from snapstore_postgres.wording import former


def sequence_draft(fact: Fact, view: View, draft: Draft) -> Draft:
    """Before the sequence is dropped: note its position, so that no number is given out twice."""
    place = archive.place_of(view.request, fact.id)
    identity = former(fact.id, view.request)
    note = (
        f"INSERT INTO {archive.REGISTRY}.entries (place, identity, kind, facts) SELECT {literal(place)},"
        f" {literal(identity)}, 'sequence', jsonb_build_object('last', last_value, 'called', is_called)"
        f" FROM {fact.name}"
    )
    return replace(
        draft,
        statements=[note, *draft.statements],
        needs=[*draft.needs, archive.REGISTERED],
        payload={"archive": place},
    )


def position_statements(fact: Fact, view: View) -> list[str]:
    """Statements that bring a sequence that was just created to where it was, or behind the values in use."""
    entry = archive.kept(view.request, fact.id, "sequence")
    if entry is not None:
        called = "true" if entry.facts["called"] else "false"
        return [
            f"SELECT pg_catalog.setval({literal(fact.name)}, {entry.facts['last']}, {called})",
            archive.returned(entry),
        ]
    owner = view.target.get(fact.parent or "")
    table_stays = owner is not None and view.stays(owner.parent or "")
    return behind_values(fact.name, owner) if owner and table_stays else []


_NUMBERS = ("smallint", "integer", "bigint", "numeric")


def behind_values(sequence: str, column: Fact) -> list[str]:
    """For a sequence that is new behind a column that has values already; not all of them need be numbers."""
    name, where = last(column.name), ""
    if column.attrs["type"] not in _NUMBERS:
        where = f" WHERE {name}::text ~ '^[0-9]{{1,18}}$'"
        name = f"{name}::text::bigint"
    read = f"FROM {qualifier(column.name)}{where} HAVING max({name}) > 0"
    return [f"SELECT pg_catalog.setval({literal(sequence)}, max({name})) {read}"]
