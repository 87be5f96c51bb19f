"""Labels of enums in what lies in the archive as text: one that is renamed later has its earlier name there.

So an entry notes by which ids the labels in its columns are told, and a plan begins with having these values
follow: only then does a column get back its own, and is a row found by its key. So do values that lie there
as JSON, with attributes in them too: see ``earlier_attributes.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from snapstore.adapter import PlanRequest
from snapstore.model import Action, DataMode, Fact, Json, Verb
from snapstore_postgres.names import block, last, literal, quote, unquote
from snapstore_postgres.renaming import belonging
from snapstore_postgres.rows.archived import archive
from snapstore_postgres.rows.archived.earlier_attributes import (
    ATTRIBUTES,
    case_of,
    followed,
    ids_in,
    renamed,
    with_names_of_now,
)
from snapstore_postgres.rows.types.casts import below_domains
from snapstore_postgres.rows.undisturbed import unpublished

LABELS = "labels"
"""In the facts of an entry: the ids of each label, for what of it is of an enum: the ``value`` of a column, a
column of its key, by its place there, or a column of a table, by its name."""
_INSTEAD = "instead"


def told(columns: Mapping[str, Fact], request: PlanRequest) -> dict[str, Json]:
    """What the entry of live columns says of the labels in them."""
    found = {place: known for place, column in columns.items() if (known := _told(column, request))}
    return {LABELS: found} if found else {}


def _told(column: Fact, request: PlanRequest) -> dict[str, Json]:
    kind = below_domains(column.attrs["type"], request.live)
    ids = ids_in(f"enum:{kind.removesuffix('[]')}", request)
    return {"ids": ids, **({"many": True} if kind.endswith("[]") else {})} if ids else {}


def following(request: PlanRequest, after: str, done: str) -> list[Action]:
    """The action by which values in the archive get the names that labels and attributes have on the live
    side of the request, or will have when they come, where some have others: ``after`` that token, and
    producing another one."""
    entries = (e for e in archive.entries(request.live_hints) if isinstance(e.facts, dict))
    noted = [e for e in entries if {LABELS, ATTRIBUTES} & e.facts.keys()]
    if not noted or request.options.data is DataMode.DISCARD:
        return []
    called = _called(request)
    statements = [text for entry in noted for text in _followed(entry, called)]
    if not statements:
        return []
    return [
        Action(
            resource=request.resource,
            verb=Verb.ALTER,
            subject=f"{LABELS}:",
            summary="give labels and attributes in the archive the names that they have by now",
            statements=tuple(statements),
            payload={"names": []},
            produces=(done,),
            needs=(after,) if after else (),
            transactional=True,
            rank=-1_500,
        )
    ]


def names_there(entry: archive.Entry, place: str, labels: Iterable[str], request: PlanRequest) -> list[str]:
    """What these labels are called in an entry as long as it has not followed."""
    noted = entry.facts.get(LABELS, {}) if isinstance(entry.facts, dict) else {}
    if place not in noted:
        return list(labels)
    there = {now: old for old, now in _renamed(noted[place], _called(request)).items()}
    return [there.get(label, label) for label in labels]


def _called(request: PlanRequest) -> dict[str, str]:
    """The labels and attributes by all that tells them: those of the live side, and those that come."""
    return _known(request.target_hints) | _known(request.live_hints)


def _known(hints: Mapping[str, Json]) -> dict[str, str]:
    types = (i for i in hints.get("relations", {}) if i.startswith(("enum:", "composite:")))
    known = (belonging.known_inside(hints, kind).items() for kind in types)
    return {number: unquote(name) for names in known for number, name in names}


def _followed(entry: archive.Entry, called: Mapping[str, str]) -> Iterator[str]:
    now = {**entry.facts, **_labels_of_now(entry, called), **_attributes_of_now(entry, called)}
    if now == entry.facts:
        return
    for place, known in entry.facts.get(LABELS, {}).items():
        if names := _renamed(known, called):
            yield from _updates(entry, place, names, many="many" in known)
    if now.get(ATTRIBUTES) != entry.facts.get(ATTRIBUTES):
        value = with_names_of_now("value", entry.facts[ATTRIBUTES], called)
        yield _where_there(entry, [f"UPDATE {entry.rows} SET value = {value}"])
    yield archive.noted_as(entry, now)


def _labels_of_now(entry: archive.Entry, called: Mapping[str, str]) -> dict[str, Json]:
    noted = {}
    for place, known in entry.facts.get(LABELS, {}).items():
        names = _renamed(known, called)
        noted[place] = {**known, "ids": {names.get(label, label): ids for label, ids in known["ids"].items()}}
    return {LABELS: noted} if noted else {}


def _attributes_of_now(entry: archive.Entry, called: Mapping[str, str]) -> dict[str, Json]:
    shape = entry.facts.get(ATTRIBUTES)
    return {ATTRIBUTES: followed(shape, called)} if shape else {}


def _renamed(known: Mapping[str, Json], called: Mapping[str, str]) -> dict[str, str]:
    """The labels that have another name by now, and that."""
    return renamed(known["ids"], called)


def _updates(entry: archive.Entry, place: str, names: Mapping[str, str], *, many: bool) -> Iterator[str]:
    change = _change_of_list if many else _change
    if entry.kind == "table":
        value, which = change(place, names)
        table = f"{quote(entry.place)}.{last(entry.identity.partition(':')[2])}"
        yield unpublished([f"UPDATE {table} SET {place} = {value} WHERE {which}"])
        return
    rows = entry.rows
    if place == "value":
        columns = ["value", *([_INSTEAD] if _INSTEAD in entry.facts else [])]
        changes = [(column, *change(column, names)) for column in columns]
    else:
        value, which = change(f"(row_key ->> {place})", names)
        key = f"pg_catalog.jsonb_set(row_key, '{{{place}}}', pg_catalog.to_jsonb({value}))"
        changes = [("row_key", key, which)]
    yield _where_there(
        entry, [f"UPDATE {rows} SET {c} = {value} WHERE {which}" for c, value, which in changes]
    )


def _where_there(entry: archive.Entry, updates: Iterable[str]) -> str:
    """A statement with these updates of the rows of an entry, which may be gone."""
    there = f"pg_catalog.to_regclass({literal(f'{entry.rows}')}) IS NOT NULL"
    return block(f"BEGIN IF {there} THEN {' '.join(f'{text};' for text in updates)} END IF; END")


def _change(value: str, names: Mapping[str, str]) -> tuple[str, str]:
    """What a label becomes, and where it becomes another one."""
    return case_of(value, names, value), f"{value} IN ({', '.join(map(literal, names))})"


def _change_of_list(value: str, names: Mapping[str, str]) -> tuple[str, str]:
    """The same for a list of labels, as text."""
    of = f"pg_catalog.unnest({value}::text[]) WITH ORDINALITY u (label, place)"
    one, which = _change("label", names)
    changed = f"(SELECT pg_catalog.array_agg({one} ORDER BY place)::text FROM {of})"
    flat = f"pg_catalog.array_ndims({value}::text[]) = 1"
    return changed, f"{flat} AND EXISTS (SELECT FROM {of} WHERE {which})"
